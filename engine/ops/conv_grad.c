/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gradients of Conv and ConvTranspose, with the epilogue of the fused ones. */
#include "ops/check.h"
#include "ops/conv_epilogue.h"
#include "ops/conv_form.h"
#include "ops/loop.h"
#include "util/mem.h"

#include <string.h>

#define GRAIN (1 << 14)

typedef struct {
  const AeOpCall *call;
  AeActivation a;
  float *d; /* gradient before the activation */
} SlopeRun;

/* The derivative of the activation is told from its result y. */
static void
slope_range (void *arg, size_t begin, size_t end, int thread)
{
  const SlopeRun *run = arg;
  const float *dy = run->call->dout[0]->data, *y = run->call->out[0]->data;
  AeClamp clamp;
  (void) thread;
  if (ae_activation_clamp (&run->a, &clamp))
    ae_kernels ()->clamp_grad (
        dy + begin, y + begin, end - begin, &clamp, run->d + begin);
  else if (run->a.act == AE_ACT_SIGMOID)
    for (size_t i = begin; i < end; i++)
      run->d[i] = dy[i] * y[i] * (1 - y[i]);
  else /* tanh */
    for (size_t i = begin; i < end; i++)
      run->d[i] = dy[i] * (1 - y[i] * y[i]);
}

static void
residual_range (void *arg, size_t begin, size_t end, int thread)
{
  const SlopeRun *run = arg;
  float *dr = run->call->din[3]->data;
  (void) thread;
  if (run->call->overwrite[3])
    memcpy (dr + begin, run->d + begin, (end - begin) * sizeof *dr);
  else
    ae_kernels ()->add (run->d + begin, end - begin, dr + begin);
}

/* The gradients of x, w and bias from that before the activation. Where the
 * operator is the transposed convolution, x stands on its `out` side. */
static void
conv_grads (const AeOpCall *call, const AeConvForm *form, AeConvKind kind,
    const AeTensor *d, void *work)
{
  bool forward = kind == AE_CONV_FORWARD;
  if (ae_din (call, 0)) {
    AeConvApply apply = {
      .kind = forward ? AE_CONV_TRANSPOSED : AE_CONV_FORWARD,
      .src = d,
      .weights = call->in[1],
      .add = !call->overwrite[0],
      .dst = call->din[0] };
    ae_conv_apply (call, form, &apply, work);
  }
  const AeTensor *x = call->in[0];
  if (ae_din (call, 1))
    ae_conv_apply_weights (call, form, forward ? x : d, forward ? d : x,
        !call->overwrite[1], call->din[1], work);
  if (ae_din (call, 2))
    ae_conv_apply_bias (
        call, form, d, !call->overwrite[2], call->din[2], work);
}

void
ae_conv_backward (
    const AeOpCall *call, const AeConvForm *form, AeConvKind kind)
{
  AeTensor d = *call->dout[0];
  SlopeRun run = { .call = call, .a = ae_activation_of (call), .d = d.data };
  char *work = call->work;
  size_t count = ae_tensor_storage (&d);
  if (run.a.act != AE_ACT_NONE) {
    run.d = d.data = call->work;
    work += ae_align_size (ae_tensor_bytes (&d));
    ae_for_range (call, count, GRAIN, slope_range, &run);
  }
  /* x may be the residual too: then its gradient is overwritten first, as
   * inputs are in order, and added to here */
  conv_grads (call, form, kind, &d, work);
  if (ae_din (call, 3))
    ae_for_range (call, count, GRAIN, residual_range, &run);
}

static size_t
larger (size_t a, size_t b)
{
  return a > b ? a : b;
}

size_t
ae_conv_backward_work (
    const AeOpCall *call, const AeConvForm *form, AeConvKind kind)
{
  bool forward = kind == AE_CONV_FORWARD;
  AeTensor dx = *call->in[0];
  AeTensor *y = call->out[0];
  AeConvApply back = {
    .kind = forward ? AE_CONV_TRANSPOSED : AE_CONV_FORWARD,
    .src = y,
    .weights = call->in[1],
    .dst = &dx };
  size_t size = ae_conv_apply (call, form, &back, NULL);
  size = larger (size,
      ae_conv_apply_weights (call, form, forward ? &dx : y, forward ? y : &dx,
          false, NULL, NULL));
  size = larger (
      size, ae_conv_apply_bias (call, form, y, false, NULL, NULL));
  if (ae_activation_of (call).act != AE_ACT_NONE)
    size += ae_align_size (ae_tensor_bytes (y));
  return size;
}
