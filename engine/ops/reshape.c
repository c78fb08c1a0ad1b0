/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operators that keep the elements in their order and name another shape:
 * Reshape, Flatten, Squeeze, Unsqueeze. */
#include "ops/params.h"
#include "ops/strided.h"

static AeStrided
view (const AeOpCall *call)
{
  AeStrided s = { 0 };
  ae_strided_push (&s, (int64_t) ae_shape_count (&call->in[0]->shape), 1, 1);
  return s;
}

static void
forward (const AeOpCall *call)
{
  AeStrided s = view (call);
  if (call->out[0]->data != call->in[0]->data)
    ae_strided_forward (call, &s);
}

static void
backward (const AeOpCall *call)
{
  AeStrided s = view (call);
  ae_strided_backward (call, &s);
}

/* Puts the dimension that makes the counts equal in place of the -1 on axis
 * `open`. */
static AeStatus
solve_open (const AeShape *in, AeShape *shape, int open, AeError *err)
{
  shape->dim[open] = 1;
  AeStatus status = ae_shape_check (shape, "the shape asked for", err);
  if (status != AE_OK)
    return status;
  size_t rest = ae_shape_count (shape), count = ae_shape_count (in);
  if (rest == 0 || count % rest != 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%zu elements do not divide by the %zu that the known dimensions "
        "make, wanted a multiple", count, rest);
  shape->dim[open] = (int64_t) (count / rest);
  return AE_OK;
}

static AeStatus
infer_reshape (const AeOpCall *call, AeError *err)
{
  const AeShape *in = &call->in[0]->shape;
  AeInts want;
  bool found;
  AeStatus status = ae_ints_find (call, "shape", 1, &want, &found, err);
  if (status != AE_OK)
    return status;
  if (!found || want.n > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT,
        "shape has %d values, wanted at most %d", want.n, AE_MAX_RANK);
  bool allow_zero = ae_attrs_int (call->attrs, "allowzero", 0) != 0;
  AeShape shape = { .rank = want.n };
  int open = -1;
  for (int i = 0; i < want.n; i++) {
    shape.dim[i] = want.v[i];
    if (want.v[i] == 0 && !allow_zero) {
      if (i >= in->rank)
        return ae_fail (err, AE_ERROR_SHAPE,
            "shape copies axis %d of an input of rank %d", i, in->rank);
      shape.dim[i] = in->dim[i];
    } else if (want.v[i] == -1) {
      if (open >= 0)
        return ae_fail (err, AE_ERROR_SHAPE,
            "shape has -1 on axes %d and %d, wanted at most one", open, i);
      open = i;
    }
  }
  if (open >= 0 && (status = solve_open (in, &shape, open, err)) != AE_OK)
    return status;
  status = ae_shape_check (&shape, "the shape asked for", err);
  if (status != AE_OK)
    return status;
  if (ae_shape_count (&shape) != ae_shape_count (in))
    return ae_fail (err, AE_ERROR_SHAPE,
        "the shape asked for has %zu elements, the input has %zu",
        ae_shape_count (&shape), ae_shape_count (in));
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static AeStatus
infer_flatten (const AeOpCall *call, AeError *err)
{
  const AeShape *in = &call->in[0]->shape;
  int64_t axis = ae_attrs_int (call->attrs, "axis", 1);
  if (axis < -in->rank || axis > in->rank)
    return ae_fail (err, AE_ERROR_SHAPE, "axis is %lld, wanted %d to %d",
        (long long) axis, -in->rank, in->rank);
  int split = (int) (axis < 0 ? axis + in->rank : axis);
  AeShape shape = { .rank = 2 };
  shape.dim[0] = (int64_t) ae_shape_span (in, 0, split);
  shape.dim[1] = (int64_t) ae_shape_span (in, split, in->rank);
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static AeStatus
infer_squeeze (const AeOpCall *call, AeError *err)
{
  const AeShape *in = &call->in[0]->shape;
  AeInts axes;
  bool found;
  AeStatus status = ae_ints_find (call, "axes", 1, &axes, &found, err);
  if (status != AE_OK || (status = ae_axes (&axes, in->rank, err)) != AE_OK)
    return status;
  unsigned drop = 0;
  for (int i = 0; i < axes.n; i++) {
    if (in->dim[axes.v[i]] != 1)
      return ae_fail (err, AE_ERROR_SHAPE,
          "axis %d has dimension %lld, wanted 1", (int) axes.v[i],
          (long long) in->dim[axes.v[i]]);
    drop |= 1u << axes.v[i];
  }
  AeShape shape = { 0 };
  for (int i = 0; i < in->rank; i++)
    if (!(found ? drop & 1u << i : in->dim[i] == 1))
      shape.dim[shape.rank++] = in->dim[i];
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static AeStatus
infer_unsqueeze (const AeOpCall *call, AeError *err)
{
  const AeShape *in = &call->in[0]->shape;
  AeInts axes;
  bool found;
  AeStatus status = ae_ints_find (call, "axes", 1, &axes, &found, err);
  if (status != AE_OK)
    return status;
  if (!found)
    return ae_fail (err, AE_ERROR_ARGUMENT, "axes are missing");
  AeShape shape = { .rank = in->rank + axes.n };
  if (shape.rank > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT,
        "%d axes make rank %d, wanted at most %d", axes.n, shape.rank,
        AE_MAX_RANK);
  if ((status = ae_axes (&axes, shape.rank, err)) != AE_OK)
    return status;
  unsigned added = 0;
  for (int i = 0; i < axes.n; i++)
    added |= 1u << axes.v[i];
  for (int i = 0, from = 0; i < shape.rank; i++)
    shape.dim[i] = added & 1u << i ? 1 : in->dim[from++];
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

#define RESHAPE_OP(id, op_name, inputs) \
  const AeOp ae_op_##id = { \
    .name = op_name, \
    .domain = "", \
    .since = 1, \
    .min_in = 1, \
    .max_in = inputs, \
    .min_out = 1, \
    .max_out = 1, \
    .flags = AE_OP_IN_PLACE, \
    .infer = infer_##id, \
    .forward = forward, \
    .backward = backward, \
  }

RESHAPE_OP (reshape, "Reshape", 2);
RESHAPE_OP (flatten, "Flatten", 1);
RESHAPE_OP (squeeze, "Squeeze", 2);
RESHAPE_OP (unsqueeze, "Unsqueeze", 2);
