/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/names.h"

#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

AeStatus
ae_names_reserve (AeNames *names, size_t capacity, AeError *err)
{
  names->list = ae_calloc (capacity, sizeof *names->list);
  if (!names->list)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for %zu names",
        capacity);
  names->capacity = capacity;
  return AE_OK;
}

void
ae_names_add (AeNames *names, const char *name, AeNameKind kind)
{
  names->list[names->n++] = (AeName){ name, kind, -1 };
}

static int
compare (const void *a, const void *b)
{
  const AeName *x = a, *y = b;
  int order = strcmp (x->name, y->name);
  return order ? order : (int) x->kind - (int) y->kind;
}

AeStatus
ae_names_seal (AeNames *names, AeError *err)
{
  AeName *list = names->list;
  qsort (list, names->n, sizeof *list, compare);
  size_t kept = 0;
  for (size_t i = 0; i < names->n; i++) {
    if (kept == 0 || strcmp (list[kept - 1].name, list[i].name) != 0) {
      list[kept++] = list[i];
      continue;
    }
    if (list[kept - 1].kind != AE_NAME_INITIALIZER
        || list[i].kind != AE_NAME_INPUT)
      return ae_fail (err, AE_ERROR_FORMAT,
          "value '%.200s' is made twice, wanted one initializer, input or "
          "node output of that name",
          list[i].name);
  }
  names->n = kept;
  return AE_OK;
}

AeName *
ae_names_find (const AeNames *names, const char *name)
{
  size_t low = 0, high = names->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp (name, names->list[middle].name);
    if (order == 0)
      return &names->list[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

void
ae_names_clear (AeNames *names)
{
  ae_free (names->list);
  *names = (AeNames){ 0 };
}
