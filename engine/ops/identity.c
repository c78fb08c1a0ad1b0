/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/op.h"

#include <string.h>

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  (void) err;
  call->out[0]->type = call->in[0]->type;
  call->out[0]->shape = call->in[0]->shape;
  return AE_OK;
}

static void
forward (const AeOpCall *call)
{
  if (call->out[0]->data != call->in[0]->data)
    memcpy (call->out[0]->data, call->in[0]->data,
        ae_tensor_bytes (call->in[0]));
}

static void
backward (const AeOpCall *call)
{
  if (!call->din[0])
    return;
  const float *dy = call->dout[0]->data;
  float *dx = call->din[0]->data;
  size_t n = ae_tensor_storage (call->din[0]);
  for (size_t i = 0; i < n; i++)
    dx[i] = call->overwrite[0] ? dy[i] : dx[i] + dy[i];
}

const AeOp ae_op_identity = {
  .name = "Identity",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_OP_IN_PLACE | AE_OP_UNARY,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
