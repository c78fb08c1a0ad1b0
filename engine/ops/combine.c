/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/combine.h"

#include <string.h>

AeStatus
ae_reduction_read (
    const AeOpCall *call, AeReduction *reduction, AeError *err)
{
  static const char *const names[] = { "none", "add", "mul", "max", "min" };
  const char *name = ae_attrs_string (call->attrs, "reduction", "none");
  for (int i = 0; i < 5; i++)
    if (strcmp (name, names[i]) == 0) {
      *reduction = (AeReduction) i;
      return AE_OK;
    }
  return ae_fail (err, AE_ERROR_ARGUMENT,
      "reduction is \"%s\", wanted none, add, mul, max or min", name);
}

static double
join (AeReduction reduction, double a, double b)
{
  switch (reduction) {
    case AE_REDUCE_ADD:
      return a + b;
    case AE_REDUCE_MUL:
      return a * b;
    case AE_REDUCE_MAX:
      return a > b ? a : b;
    case AE_REDUCE_MIN:
      return a < b ? a : b;
    case AE_REDUCE_NONE:
      break;
  }
  return b;
}

/* 64-bit integers do not fit a double; sums and products wrap around. */
static int64_t
join_integers (AeReduction reduction, int64_t a, int64_t b)
{
  switch (reduction) {
    case AE_REDUCE_ADD:
      return (int64_t) ((uint64_t) a + (uint64_t) b);
    case AE_REDUCE_MUL:
      return (int64_t) ((uint64_t) a * (uint64_t) b);
    case AE_REDUCE_MAX:
      return a > b ? a : b;
    case AE_REDUCE_MIN:
      return a < b ? a : b;
    case AE_REDUCE_NONE:
      break;
  }
  return b;
}

void
ae_combine (AeReduction reduction, AeTensor *to, size_t t,
    const AeTensor *from, size_t f, size_t n)
{
  size_t size = ae_type_size (to->type);
  if (reduction == AE_REDUCE_NONE) {
    memcpy ((char *) to->data + t * size,
        (const char *) from->data + f * size, n * size);
    return;
  }
  for (size_t i = 0; i < n; i++)
    if (to->type == AE_I64)
      ae_tensor_set_int (to, t + i,
          join_integers (reduction, ae_tensor_get_int (to, t + i),
              ae_tensor_get_int (from, f + i)));
    else
      ae_tensor_set (to, t + i,
          join (reduction, ae_tensor_get (to, t + i),
              ae_tensor_get (from, f + i)));
}
