/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/frozen.h"

#include "onnx/names.h"

#include "util/mem.h"

#include <string.h>

static bool
is_frozen (const AeValue *value)
{
  return value->constant && value->type == AE_F32 && !value->trainable;
}

/* Names of all f32 constants, to be looked up. */
static AeStatus
index_constants (AeNames *names, const AeGraph *graph, AeError *err)
{
  AeStatus status = ae_names_reserve (names, (size_t) graph->n_values, err);
  if (status != AE_OK)
    return status;
  for (int v = 0; v < graph->n_values; v++)
    if (graph->values[v].constant)
      ae_names_add (names, graph->values[v].name, AE_NAME_INITIALIZER);
  status = ae_names_seal (names, err);
  for (int v = 0; status == AE_OK && v < graph->n_values; v++)
    if (graph->values[v].constant)
      ae_names_find (names, graph->values[v].name)->value = v;
  return status;
}

AeStatus
ae_frozen_apply (AeGraph *graph, const char *list, AeError *err)
{
  AeNames names = { 0 };
  char *name = ae_strdup (list);
  AeStatus status = name
      ? index_constants (&names, graph, err)
      : ae_fail (err, AE_ERROR_MEMORY, "out of memory for a list of names");
  for (size_t n = 0; status == AE_OK; list++) {
    if (*list == '\\' && list[1]) {
      name[n++] = *++list;
      continue;
    }
    if (*list && *list != ',') {
      name[n++] = *list;
      continue;
    }
    name[n] = '\0';
    const AeName *found = ae_names_find (&names, name);
    if (found)
      graph->values[found->value].trainable = false;
    n = 0;
    if (!*list)
      break;
  }
  ae_names_clear (&names);
  ae_free (name);
  return status;
}

AeStatus
ae_frozen_list (char **list, const AeGraph *graph, AeError *err)
{
  size_t size = 0;
  *list = NULL;
  for (int v = 0; v < graph->n_values; v++)
    if (is_frozen (&graph->values[v]))
      size += 2 * strlen (graph->values[v].name) + 1;
  if (size == 0)
    return AE_OK;
  char *at = *list = ae_alloc (size);
  if (!at)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a list of names");
  for (int v = 0; v < graph->n_values; v++) {
    if (!is_frozen (&graph->values[v]))
      continue;
    if (at > *list)
      *at++ = ',';
    for (const char *c = graph->values[v].name; *c; c++) {
      if (*c == ',' || *c == '\\')
        *at++ = '\\';
      *at++ = *c;
    }
  }
  *at = '\0';
  return AE_OK;
}
