/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/check.h"

#include <stdio.h>

static void
list_types (unsigned types, char *text, size_t size)
{
  size_t used = 0;
  text[0] = '\0';
  for (int t = 0; t < 32 && used < size; t++)
    if (types >> t & 1)
      used += (size_t) snprintf (text + used, size - used, "%s%s",
          used ? ", " : "", ae_type_name ((AeType) t));
}

AeStatus
ae_check_type (const AeOpCall *call, int i, unsigned types, AeError *err)
{
  const AeTensor *t = ae_input (call, i);
  if (!t)
    return ae_fail (
        err, AE_ERROR_SHAPE, "input %d is absent, wanted a tensor", i);
  if (ae_type_in (t->type, types))
    return AE_OK;
  char wanted[200];
  list_types (types, wanted, sizeof wanted);
  return ae_fail (err, AE_ERROR_UNSUPPORTED,
      "input %d has type %s, wanted one of %s", i, ae_type_name (t->type),
      wanted);
}

AeStatus
ae_check_same_type (const AeOpCall *call, int i, AeError *err)
{
  AeType first = call->in[0]->type;
  const AeTensor *t = ae_input (call, i);
  if (!t || t->type == first)
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE,
      "input %d has type %s, wanted %s like input 0", i,
      ae_type_name (t->type), ae_type_name (first));
}

AeStatus
ae_check_axis (int64_t axis, int rank, int *out, AeError *err)
{
  if (axis < -rank || axis >= rank)
    return ae_fail (err, AE_ERROR_SHAPE, "axis is %lld, wanted %d to %d",
        (long long) axis, -rank, rank - 1);
  *out = (int) (axis < 0 ? axis + rank : axis);
  return AE_OK;
}

void
ae_set_output (AeTensor *out, AeType type, const AeShape *shape)
{
  if (!out)
    return;
  out->type = type;
  out->shape = *shape;
}
