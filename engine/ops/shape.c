/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shape and Size: facts about the input's shape, known at bind time. */
#include "ops/params.h"

/* Attributes start and end (from opset 15) clamped to 0 .. rank. */
static void
bounds (const AeOpCall *call, int *begin, int *end)
{
  int64_t rank = call->in[0]->shape.rank;
  int64_t at[2] = { ae_attrs_int (call->attrs, "start", 0),
    ae_attrs_int (call->attrs, "end", rank) };
  for (int i = 0; i < 2; i++) {
    at[i] += at[i] < 0 ? rank : 0;
    at[i] = at[i] < 0 ? 0 : at[i] > rank ? rank : at[i];
  }
  *begin = (int) at[0];
  *end = (int) (at[1] < at[0] ? at[0] : at[1]);
}

static AeStatus
infer_shape (const AeOpCall *call, AeError *err)
{
  int begin, end;
  bounds (call, &begin, &end);
  AeShape shape = { .rank = 1, .dim = { end - begin } };
  return ae_out_set (call, 0, AE_I64, &shape, err);
}

static void
forward_shape (const AeOpCall *call)
{
  int begin, end;
  bounds (call, &begin, &end);
  for (int i = begin; i < end; i++)
    ((int64_t *) call->out[0]->data)[i - begin] = call->in[0]->shape.dim[i];
}

static AeStatus
infer_size (const AeOpCall *call, AeError *err)
{
  AeShape scalar = { 0 };
  return ae_out_set (call, 0, AE_I64, &scalar, err);
}

static void
forward_size (const AeOpCall *call)
{
  *(int64_t *) call->out[0]->data
      = (int64_t) ae_shape_count (&call->in[0]->shape);
}

const AeOp ae_op_shape = {
  .name = "Shape",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_OP_SHAPE_ONLY,
  .infer = infer_shape,
  .forward = forward_shape,
};

const AeOp ae_op_size = {
  .name = "Size",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_OP_SHAPE_ONLY,
  .infer = infer_size,
  .forward = forward_size,
};
