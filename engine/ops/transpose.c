/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/params.h"
#include "ops/strided.h"

/* Without `perm` the axes are reversed. */
static AeStatus
read_perm (const AeOpCall *call, AeInts *perm, AeError *err)
{
  int rank = call->in[0]->shape.rank;
  if (!ae_ints_attr (call, "perm", perm))
    for (perm->n = 0; perm->n < rank; perm->n++)
      perm->v[perm->n] = rank - 1 - perm->n;
  if (perm->n != rank)
    return ae_fail (err, AE_ERROR_SHAPE,
        "perm has %d axes, wanted %d, the rank of the input", perm->n, rank);
  return ae_axes (perm, rank, err);
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeInts perm;
  AeStatus status = read_perm (call, &perm, err);
  if (status != AE_OK)
    return status;
  AeShape shape = { .rank = perm.n };
  for (int i = 0; i < perm.n; i++)
    shape.dim[i] = call->in[0]->shape.dim[perm.v[i]];
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

/* In the order of the output, so that it is written front to back. */
static AeStrided
view (const AeOpCall *call)
{
  AeInts perm;
  read_perm (call, &perm, NULL);
  int64_t from[AE_MAX_RANK], to[AE_MAX_RANK];
  ae_shape_strides (&call->in[0]->shape, false, from);
  ae_shape_strides (&call->out[0]->shape, false, to);
  AeStrided s = { 0 };
  for (int i = 0; i < perm.n; i++)
    ae_strided_push (
        &s, call->out[0]->shape.dim[i], to[i], from[perm.v[i]]);
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

const AeOp ae_op_transpose = {
  .name = "Transpose",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
