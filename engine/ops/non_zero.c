/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NonZero: its output's shape depends on data, so only constants can have
 * it. */
#include "ops/params.h"

static size_t
count (const AeTensor *x)
{
  size_t found = 0;
  for (size_t i = 0; i < ae_shape_count (&x->shape); i++)
    found += ae_tensor_get (x, i) != 0;
  return found;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeTensor *x = call->in[0];
  if (!x->data)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "the number of elements that are not zero decides a shape, but the "
        "input is not a constant");
  AeShape shape
      = { 2, { x->shape.rank ? x->shape.rank : 1, (int64_t) count (x) } };
  return ae_out_set (call, 0, AE_I64, &shape, err);
}

static void
forward (const AeOpCall *call)
{
  const AeTensor *x = call->in[0];
  const AeShape *shape = &x->shape;
  int64_t n = call->out[0]->shape.dim[1], at = 0;
  int64_t *y = call->out[0]->data;
  for (size_t i = 0; i < ae_shape_count (shape) && at < n; i++) {
    if (ae_tensor_get (x, i) == 0)
      continue;
    size_t left = i;
    for (int a = shape->rank - 1; a >= 0; a--) {
      y[a * n + at] = (int64_t) (left % (size_t) shape->dim[a]);
      left /= (size_t) shape->dim[a];
    }
    if (shape->rank == 0)
      y[at] = 0;
    at++;
  }
}

const AeOp ae_op_non_zero = {
  .name = "NonZero",
  .domain = "",
  .since = 9,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
};
