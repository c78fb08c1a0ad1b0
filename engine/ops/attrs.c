/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/attrs.h"

#include "util/mem.h"

#include <string.h>

static void
clear_attr (AeAttr *attr)
{
  ae_free (attr->name);
  ae_free (attr->s);
  ae_tensor_free (&attr->t);
  ae_free (attr->floats);
  ae_free (attr->ints);
  for (size_t i = 0; attr->strings && i < attr->n; i++)
    ae_free (attr->strings[i]);
  ae_free (attr->strings);
}

void
ae_attrs_clear (AeAttrs *attrs)
{
  for (size_t i = 0; i < attrs->n; i++)
    clear_attr (&attrs->list[i]);
  ae_free (attrs->list);
  *attrs = (AeAttrs){ 0 };
}

const AeAttr *
ae_attrs_find (const AeAttrs *attrs, const char *name)
{
  for (size_t i = 0; i < attrs->n; i++)
    if (strcmp (attrs->list[i].name, name) == 0)
      return &attrs->list[i];
  return NULL;
}

static const AeAttr *
find_kind (const AeAttrs *attrs, const char *name, AeAttrKind kind)
{
  const AeAttr *attr = ae_attrs_find (attrs, name);
  return attr && attr->kind == kind ? attr : NULL;
}

int64_t
ae_attrs_int (const AeAttrs *attrs, const char *name, int64_t fallback)
{
  const AeAttr *attr = find_kind (attrs, name, AE_ATTR_INT);
  return attr ? attr->i : fallback;
}

float
ae_attrs_float (const AeAttrs *attrs, const char *name, float fallback)
{
  const AeAttr *attr = find_kind (attrs, name, AE_ATTR_FLOAT);
  return attr ? attr->f : fallback;
}

const char *
ae_attrs_string (const AeAttrs *attrs, const char *name, const char *fallback)
{
  const AeAttr *attr = find_kind (attrs, name, AE_ATTR_STRING);
  return attr ? attr->s : fallback;
}

const int64_t *
ae_attrs_ints (const AeAttrs *attrs, const char *name, size_t *n)
{
  const AeAttr *attr = find_kind (attrs, name, AE_ATTR_INTS);
  *n = attr ? attr->n : 0;
  return attr ? attr->ints : NULL;
}

const float *
ae_attrs_floats (const AeAttrs *attrs, const char *name, size_t *n)
{
  const AeAttr *attr = find_kind (attrs, name, AE_ATTR_FLOATS);
  *n = attr ? attr->n : 0;
  return attr ? attr->floats : NULL;
}

/* An emptied slot of this name and kind, or NULL when memory runs out. */
static AeAttr *
claim (AeAttrs *attrs, const char *name, AeAttrKind kind)
{
  char *copy = ae_strdup (name);
  if (!copy)
    return NULL;
  AeAttr *attr = (AeAttr *) ae_attrs_find (attrs, name);
  if (attr) {
    clear_attr (attr);
  } else {
    AeAttr *grown
        = ae_realloc (attrs->list, attrs->n, attrs->n + 1, sizeof *grown);
    if (!grown) {
      ae_free (copy);
      return NULL;
    }
    attrs->list = grown;
    attr = &grown[attrs->n++];
  }
  *attr = (AeAttr){ .name = copy, .kind = kind };
  return attr;
}

bool
ae_attrs_set_int (AeAttrs *attrs, const char *name, int64_t value)
{
  AeAttr *attr = claim (attrs, name, AE_ATTR_INT);
  if (attr)
    attr->i = value;
  return attr != NULL;
}

bool
ae_attrs_set_float (AeAttrs *attrs, const char *name, float value)
{
  AeAttr *attr = claim (attrs, name, AE_ATTR_FLOAT);
  if (attr)
    attr->f = value;
  return attr != NULL;
}

bool
ae_attrs_set_string (AeAttrs *attrs, const char *name, const char *value)
{
  AeAttr *attr = claim (attrs, name, AE_ATTR_STRING);
  return attr && (attr->s = ae_strdup (value)) != NULL;
}

bool
ae_attrs_set_ints (
    AeAttrs *attrs, const char *name, const int64_t *values, size_t n)
{
  AeAttr *attr = claim (attrs, name, AE_ATTR_INTS);
  if (!attr || !(attr->ints = ae_calloc (n, sizeof *values)))
    return false;
  attr->n = n;
  if (n > 0)
    memcpy (attr->ints, values, n * sizeof *values);
  return true;
}

bool
ae_attrs_set_floats (
    AeAttrs *attrs, const char *name, const float *values, size_t n)
{
  AeAttr *attr = claim (attrs, name, AE_ATTR_FLOATS);
  if (!attr || !(attr->floats = ae_calloc (n, sizeof *values)))
    return false;
  attr->n = n;
  if (n > 0)
    memcpy (attr->floats, values, n * sizeof *values);
  return true;
}

bool
ae_attrs_set_strings (
    AeAttrs *attrs, const char *name, const char *const *values, size_t n)
{
  AeAttr *attr = claim (attrs, name, AE_ATTR_STRINGS);
  if (!attr || !(attr->strings = ae_calloc (n, sizeof *attr->strings)))
    return false;
  attr->n = n;
  for (size_t i = 0; i < n; i++)
    if (!(attr->strings[i] = ae_strdup (values[i])))
      return false;
  return true;
}

bool
ae_attrs_set_tensor (AeAttrs *attrs, const char *name, AeTensor *value)
{
  AeAttr *attr = value ? claim (attrs, name, AE_ATTR_TENSOR) : NULL;
  if (!attr) {
    ae_tensor_free (&value);
    return false;
  }
  attr->t = value;
  return true;
}

static bool
copy_attr (AeAttrs *to, const AeAttr *a)
{
  switch (a->kind) {
    case AE_ATTR_FLOAT:
      return ae_attrs_set_float (to, a->name, a->f);
    case AE_ATTR_INT:
      return ae_attrs_set_int (to, a->name, a->i);
    case AE_ATTR_STRING:
      return ae_attrs_set_string (to, a->name, a->s);
    case AE_ATTR_TENSOR:
      return ae_attrs_set_tensor (to, a->name, ae_tensor_copy (a->t));
    case AE_ATTR_FLOATS:
      return ae_attrs_set_floats (to, a->name, a->floats, a->n);
    case AE_ATTR_INTS:
      return ae_attrs_set_ints (to, a->name, a->ints, a->n);
    case AE_ATTR_STRINGS:
      return ae_attrs_set_strings (
          to, a->name, (const char *const *) a->strings, a->n);
  }
  return false;
}

bool
ae_attrs_copy (AeAttrs *to, const AeAttrs *from)
{
  for (size_t i = 0; i < from->n; i++)
    if (!copy_attr (to, &from->list[i])) {
      ae_attrs_clear (to);
      return false;
    }
  return true;
}
