/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ConvTranspose: the data gradient of a convolution whose output is our
 * input; its own data gradient is that convolution. The internal operator of
 * the same name in the domain "ae" adds the epilogue of conv_epilogue.h. */
#include "ops/check.h"
#include "ops/conv_epilogue.h"
#include "ops/conv_form.h"
#include "util/mem.h"

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeConvForm form;
  AeShape out;
  AeStatus status = ae_conv_form (call, true, &form, &out, err);
  if (status == AE_OK)
    status = ae_epilogue_check (call, &out, err);
  if (status == AE_OK && ae_activation_of (call).act > AE_ACT_CLIP)
    status = ae_fail (err, AE_ERROR_UNSUPPORTED,
        "an activation other than none, relu, leaky_relu and clip");
  if (status != AE_OK)
    return status;
  call->out[0]->type = call->in[0]->type;
  call->out[0]->shape = out;
  return AE_OK;
}

/* Of a call that infer accepted. */
static AeConvForm
form_of (const AeOpCall *call)
{
  AeConvForm form;
  AeShape out;
  ae_conv_form (call, true, &form, &out, NULL);
  return form;
}

static AeConvApply
forward_apply (const AeOpCall *call, AeClamp *clamp)
{
  AeActivation a = ae_activation_of (call);
  return (AeConvApply){ .kind = AE_CONV_TRANSPOSED,
    .src = call->in[0],
    .weights = call->in[1],
    .bias = ae_input (call, 2),
    .residual = ae_input (call, 3),
    .clamp = ae_activation_clamp (&a, clamp) ? clamp : NULL,
    .dst = call->out[0],
    .packed = call->state };
}

static void
forward (const AeOpCall *call)
{
  AeConvForm form = form_of (call);
  AeClamp clamp;
  AeConvApply apply = forward_apply (call, &clamp);
  ae_conv_apply (call, &form, &apply, call->work);
}

static void
backward (const AeOpCall *call)
{
  AeConvForm form = form_of (call);
  ae_conv_backward (call, &form, AE_CONV_TRANSPOSED);
}

static size_t
work_size (const AeOpCall *call, bool grad)
{
  AeConvForm form = form_of (call);
  AeClamp clamp;
  AeConvApply apply = forward_apply (call, &clamp);
  apply.packed = NULL;
  return grad ? ae_conv_backward_work (call, &form, AE_CONV_TRANSPOSED)
              : ae_conv_apply (call, &form, &apply, NULL);
}

static AeStatus
prepare (const AeOpCall *call, void **state, AeError *err)
{
  AeConvForm form = form_of (call);
  return ae_conv_prepare (call, &form, AE_CONV_TRANSPOSED, state, err);
}

static bool
layout (const AeOpCall *call, AeOpLayout *want)
{
  AeConvForm form = form_of (call);
  bool x, either, y;
  if (!ae_conv_layout (call, &form, AE_CONV_TRANSPOSED, &x, &either, &y))
    return false;
  want->in_blocked = (x ? 1 : 0) | (y && ae_input (call, 3) ? 1 << 3 : 0);
  want->in_either = either;
  want->out_blocked = y;
  return true;
}

static void
pixels (const AeOpCall *call, AeOpPixels *can)
{
  AeConvForm form = form_of (call);
  ae_conv_pixels (call, &form, AE_CONV_TRANSPOSED, can);
}

static double
mac (const AeOpCall *call)
{
  AeConvForm form = form_of (call);
  return ae_conv_mac (&form);
}

const AeOp ae_op_conv_transpose = {
  .name = "ConvTranspose",
  .domain = "",
  .since = 1,
  .min_in = 2,
  .max_in = 3,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .work_size = work_size,
  .prepare = prepare,
  .release = ae_free,
  .layout = layout,
  .pixels = pixels,
  .rows = ae_conv_rows,
  .forward_rows = ae_conv_forward_rows,
  .rows_work = ae_conv_rows_work,
  .mac = mac,
};

const AeOp ae_op_conv_transpose_fused = {
  .name = "ConvTranspose",
  .domain = "ae",
  .since = 1,
  .min_in = 2,
  .max_in = 4,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN | AE_GRAD_READS_OUT,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .work_size = work_size,
  .prepare = prepare,
  .release = ae_free,
  .layout = layout,
  .pixels = pixels,
  .rows = ae_conv_rows,
  .forward_rows = ae_conv_forward_rows,
  .rows_work = ae_conv_rows_work,
  .mac = mac,
};
