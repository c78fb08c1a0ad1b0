/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Expand (broadcast to a shape) and Tile (repeat along each axis). */
#include "ops/params.h"
#include "ops/strided.h"

static AeStatus
infer_expand (const AeOpCall *call, AeError *err)
{
  const AeShape *in = &call->in[0]->shape;
  AeInts want;
  AeStatus status = ae_ints_read (call->in[1], "shape", &want, err);
  if (status != AE_OK)
    return status;
  if (want.n > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT,
        "shape has %d values, wanted at most %d", want.n, AE_MAX_RANK);
  AeShape shape = { .rank = want.n > in->rank ? want.n : in->rank };
  for (int i = 0; i < shape.rank; i++) {
    int a = i - (shape.rank - in->rank), b = i - (shape.rank - want.n);
    int64_t have = a < 0 ? 1 : in->dim[a], ask = b < 0 ? 1 : want.v[b];
    if (have != ask && have != 1 && ask != 1)
      return ae_fail (err, AE_ERROR_SHAPE,
          "axis %d has dimension %lld and is to become %lld, wanted equal "
          "ones or 1", i, (long long) have, (long long) ask);
    shape.dim[i] = have == 1 ? ask : have;
  }
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static AeStatus
infer_tile (const AeOpCall *call, AeError *err)
{
  AeShape shape = call->in[0]->shape;
  AeInts repeats;
  AeStatus status = ae_ints_read (call->in[1], "repeats", &repeats, err);
  if (status != AE_OK)
    return status;
  if (repeats.n != shape.rank)
    return ae_fail (err, AE_ERROR_SHAPE,
        "repeats has %d values, wanted %d, the rank of the input", repeats.n,
        shape.rank);
  for (int i = 0; i < shape.rank; i++)
    if (repeats.v[i] < 0
        || __builtin_mul_overflow (
            shape.dim[i], repeats.v[i], &shape.dim[i]))
      return ae_fail (err, AE_ERROR_SHAPE,
          "axis %d is repeated %lld times, wanted a small number", i,
          (long long) repeats.v[i]);
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

/* Every output axis as (repetition, index in the input); an expanded axis is
 * repetitions of 1. */
static AeStrided
view (const AeOpCall *call)
{
  const AeShape *in = &call->in[0]->shape, *out = &call->out[0]->shape;
  int64_t from[AE_MAX_RANK], to[AE_MAX_RANK];
  ae_shape_strides (in, false, from);
  ae_shape_strides (out, false, to);
  AeStrided s = { 0 };
  for (int i = 0; i < out->rank; i++) {
    int a = i - (out->rank - in->rank);
    int64_t dim = a < 0 ? 1 : in->dim[a];
    ae_strided_push (
        &s, dim ? out->dim[i] / dim : 0, to[i] * dim, 0);
    ae_strided_push (&s, dim, to[i], a < 0 ? 0 : from[a]);
  }
  return s;
}

static void
forward (const AeOpCall *call)
{
  AeStrided s = view (call);
  ae_strided_forward (call, &s);
}

static void
backward (const AeOpCall *call)
{
  AeStrided s = view (call);
  ae_strided_backward (call, &s);
}

#define REPEAT_OP(id, op_name, first) \
  const AeOp ae_op_##id = { \
    .name = op_name, \
    .domain = "", \
    .since = first, \
    .min_in = 2, \
    .max_in = 2, \
    .min_out = 1, \
    .max_out = 1, \
    .infer = infer_##id, \
    .forward = forward, \
    .backward = backward, \
  }

REPEAT_OP (expand, "Expand", 8);
REPEAT_OP (tile, "Tile", 6);
