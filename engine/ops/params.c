/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/params.h"

#include <stdio.h>

static bool
is_integer (AeType type)
{
  return type == AE_I64 || type == AE_I32 || type == AE_U8 || type == AE_I8
      || type == AE_I16 || type == AE_U16 || type == AE_U32 || type == AE_U64;
}

AeStatus
ae_ints_check (const AeTensor *t, const char *what, AeError *err)
{
  if (!is_integer (t->type) || t->shape.rank > 1)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%s has type %s and rank %d, wanted integers of rank 0 or 1", what,
        ae_type_name (t->type), t->shape.rank);
  if (!t->data && ae_shape_count (&t->shape) > 0)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "%s decides a shape, but its values are not known before the run",
        what);
  return AE_OK;
}

AeStatus
ae_ints_read (const AeTensor *t, const char *what, AeInts *ints, AeError *err)
{
  AeStatus status = ae_ints_check (t, what, err);
  if (status != AE_OK)
    return status;
  size_t n = ae_shape_count (&t->shape);
  if (n > AE_MAX_INTS)
    return ae_fail (err, AE_ERROR_LIMIT, "%s has %zu values, wanted at most %d",
        what, n, AE_MAX_INTS);
  ints->n = (int) n;
  for (size_t i = 0; i < n; i++)
    ints->v[i] = ae_tensor_get_int (t, i);
  return AE_OK;
}

bool
ae_ints_attr (const AeOpCall *call, const char *name, AeInts *ints)
{
  const AeAttr *attr = ae_attrs_find (call->attrs, name);
  if (!attr || attr->kind != AE_ATTR_INTS)
    return false;
  ints->n = attr->n > AE_MAX_INTS ? AE_MAX_INTS + 1 : (int) attr->n;
  for (int i = 0; i < ints->n && ints->n <= AE_MAX_INTS; i++)
    ints->v[i] = attr->ints[i];
  return true;
}

AeStatus
ae_ints_find (const AeOpCall *call, const char *name, int index, AeInts *ints,
    bool *found, AeError *err)
{
  const AeTensor *input = ae_in (call, index);
  ints->n = 0;
  *found = true;
  if (input)
    return ae_ints_read (input, name, ints, err);
  *found = ae_ints_attr (call, name, ints);
  if (ints->n > AE_MAX_INTS)
    return ae_fail (err, AE_ERROR_LIMIT,
        "attribute %s has more than %d values", name, AE_MAX_INTS);
  return AE_OK;
}

AeStatus
ae_axis (int64_t axis, int rank, int *out, AeError *err)
{
  if (axis < -rank || axis >= rank)
    return ae_fail (err, AE_ERROR_SHAPE,
        "axis is %lld, wanted %d to %d for rank %d", (long long) axis, -rank,
        rank - 1, rank);
  *out = (int) (axis < 0 ? axis + rank : axis);
  return AE_OK;
}

AeStatus
ae_axes (AeInts *axes, int rank, AeError *err)
{
  unsigned seen = 0;
  for (int i = 0; i < axes->n; i++) {
    int axis = 0;
    AeStatus status = ae_axis (axes->v[i], rank, &axis, err);
    if (status != AE_OK)
      return status;
    if (seen & 1u << axis)
      return ae_fail (err, AE_ERROR_SHAPE,
          "axis %d is given twice, wanted each axis once", axis);
    seen |= 1u << axis;
    axes->v[i] = axis;
  }
  return AE_OK;
}

int
ae_axis_attr (const AeOpCall *call, int64_t fallback, int rank)
{
  int64_t axis = ae_attrs_int (call->attrs, "axis", fallback);
  return (int) (axis < 0 ? axis + rank : axis);
}

size_t
ae_shape_span (const AeShape *shape, int begin, int end)
{
  size_t count = 1;
  for (int i = begin; i < end; i++)
    count *= (size_t) shape->dim[i];
  return count;
}

AeStatus
ae_out_set (const AeOpCall *call, int i, AeType type, const AeShape *shape,
    AeError *err)
{
  char what[32];
  snprintf (what, sizeof what, "output %d", i);
  AeStatus status = ae_shape_check (shape, what, err);
  if (status != AE_OK || !ae_out (call, i))
    return status;
  call->out[i]->type = type;
  call->out[i]->shape = *shape;
  return AE_OK;
}
