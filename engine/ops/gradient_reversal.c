/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GradientReversal (domain "ae"): y = x; the gradient that comes back is turned
 * round, times `strength` (a scalar, not below 0). What comes before it learns
 * to make worse what comes after it learns to make better (Ganin and Lempitsky,
 * "Unsupervised domain adaptation by backpropagation", ICML 2015,
 * arXiv:1409.7495). It is no gradient of any function: `strength` has none. */
#include "ops/check.h"

#include <string.h>

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeTensor *x = call->in[0], *strength = call->in[1];
  if (x->type != AE_F32 || strength->type != AE_F32)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "%s with a strength of %s, wanted f32", ae_type_name (x->type),
        ae_type_name (strength->type));
  if (ae_shape_count (&strength->shape) != 1)
    return ae_fail (err, AE_ERROR_SHAPE,
        "strength has %zu elements, wanted 1",
        ae_shape_count (&strength->shape));
  ae_set_output (call->out[0], AE_F32, &x->shape);
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
  if (call->din[1] && call->overwrite[1])
    memset (call->din[1]->data, 0, ae_tensor_bytes (call->din[1]));
  if (!call->din[0])
    return;
  float strength = *(const float *) call->in[1]->data;
  const float *dy = call->dout[0]->data;
  float *dx = call->din[0]->data;
  size_t n = ae_tensor_storage (call->din[0]);
  for (size_t i = 0; i < n; i++) {
    float turned = -strength * dy[i];
    dx[i] = call->overwrite[0] ? turned : dx[i] + turned;
  }
}

const AeOp ae_op_gradient_reversal = {
  .name = "GradientReversal",
  .domain = "ae",
  .since = 1,
  .min_in = 2,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_OP_IN_PLACE | AE_OP_UNARY | AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
