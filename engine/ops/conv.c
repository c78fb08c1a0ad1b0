/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conv, and the internal operator of the same name in the domain "ae": with a
 * fourth input, a residual of the output's shape that is added, and an
 * activation after that (attributes `activation`, `alpha`, `beta`). */
#include "ops/check.h"
#include "ops/conv_form.h"
#include "ops/loop.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

typedef enum {
  ACT_NONE,
  ACT_RELU,
  ACT_LEAKY_RELU, /* alpha: slope below 0 */
  ACT_CLIP,       /* to alpha .. beta */
  ACT_SIGMOID,
  ACT_TANH,
  ACT_UNKNOWN
} Act;

typedef struct {
  Act act;
  float alpha, beta;
} Activation;

static const char *const act_names[]
    = { "none", "relu", "leaky_relu", "clip", "sigmoid", "tanh" };

static Activation
activation_of (const AeOpCall *call)
{
  Activation a = { ACT_NONE, 0, 0 };
  if (call->op->domain[0] == '\0')
    return a;
  const char *name = ae_attrs_string (call->attrs, "activation", "none");
  while (a.act < ACT_UNKNOWN && strcmp (name, act_names[a.act]) != 0)
    a.act++;
  a.alpha = ae_attrs_float (
      call->attrs, "alpha", a.act == ACT_LEAKY_RELU ? 0.01f : 0);
  a.beta = ae_attrs_float (call->attrs, "beta", 0);
  return a;
}

/* The activation as a clamp; false for those that are none. */
static bool
clamp_of (const Activation *a, AeClamp *clamp)
{
  *clamp = (AeClamp){ 1, -INFINITY, INFINITY };
  if (a->act == ACT_RELU)
    clamp->lo = 0;
  if (a->act == ACT_LEAKY_RELU)
    clamp->slope = a->alpha;
  if (a->act == ACT_CLIP) {
    clamp->lo = a->alpha;
    clamp->hi = a->beta;
  }
  return a->act >= ACT_RELU && a->act <= ACT_CLIP;
}

static AeStatus
check_extras (const AeOpCall *call, const AeShape *out, AeError *err)
{
  Activation a = activation_of (call);
  const AeTensor *residual = ae_input (call, 3);
  if (a.act == ACT_UNKNOWN)
    return ae_fail (err, AE_ERROR_UNSUPPORTED, "activation is \"%s\"",
        ae_attrs_string (call->attrs, "activation", "none"));
  if (a.act == ACT_LEAKY_RELU && !(a.alpha >= 0))
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "the slope of leaky_relu is %g instead of at least 0", a.alpha);
  if (residual && !ae_shape_equal (&residual->shape, out)) {
    char found[100], wanted[100];
    return ae_fail (err, AE_ERROR_SHAPE, "the residual is %s instead of %s",
        ae_shape_text (&residual->shape, found, sizeof found),
        ae_shape_text (out, wanted, sizeof wanted));
  }
  return AE_OK;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeConvForm form;
  AeShape out;
  AeStatus status = ae_conv_form (call, false, &form, &out, err);
  if (status == AE_OK)
    status = check_extras (call, &out, err);
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
  ae_conv_form (call, false, &form, &out, NULL);
  return form;
}

static AeConvApply
forward_apply (const AeOpCall *call, const Activation *a, AeClamp *clamp)
{
  return (AeConvApply){ .kind = AE_CONV_FORWARD,
    .src = call->in[0],
    .weights = call->in[1],
    .bias = ae_input (call, 2),
    .residual = ae_input (call, 3),
    .clamp = clamp_of (a, clamp) ? clamp : NULL,
    .dst = call->out[0],
    .packed = call->state };
}

/* The activations with exponentials, on the output's storage. */
static void
curve_range (void *arg, size_t begin, size_t end, int thread)
{
  const AeOpCall *call = arg;
  (void) thread;
  float *y = call->out[0]->data;
  if (activation_of (call).act == ACT_TANH)
    for (size_t i = begin; i < end; i++)
      y[i] = tanhf (y[i]);
  else
    for (size_t i = begin; i < end; i++)
      y[i] = 1 / (1 + expf (-y[i]));
}

static void
forward (const AeOpCall *call)
{
  AeConvForm form = form_of (call);
  Activation a = activation_of (call);
  AeClamp clamp;
  AeConvApply apply = forward_apply (call, &a, &clamp);
  ae_conv_apply (call, &form, &apply, call->work);
  if (a.act == ACT_SIGMOID || a.act == ACT_TANH)
    ae_for_range (call, ae_tensor_storage (call->out[0]), 1 << 14, curve_range,
        (void *) call);
}

/* Derivative of the activation, from its result y. */
static float
slope_at (const Activation *a, float y)
{
  switch (a->act) {
    case ACT_RELU:
      return y > 0;
    case ACT_LEAKY_RELU:
      return y > 0 ? 1 : a->alpha;
    case ACT_CLIP:
      return y > a->alpha && y < a->beta;
    case ACT_SIGMOID:
      return y * (1 - y);
    case ACT_TANH:
      return 1 - y * y;
    default:
      return 1;
  }
}

typedef struct {
  const AeOpCall *call;
  Activation a;
  float *d; /* gradient before the activation */
} SlopeRun;

static void
slope_range (void *arg, size_t begin, size_t end, int thread)
{
  const SlopeRun *run = arg;
  (void) thread;
  const float *dy = run->call->dout[0]->data, *y = run->call->out[0]->data;
  for (size_t i = begin; i < end; i++)
    run->d[i] = dy[i] * slope_at (&run->a, y[i]);
}

static void
residual_range (void *arg, size_t begin, size_t end, int thread)
{
  const SlopeRun *run = arg;
  (void) thread;
  float *dr = run->call->din[3]->data;
  for (size_t i = begin; i < end; i++)
    dr[i] = run->d[i] + (run->call->overwrite[3] ? 0 : dr[i]);
}

static AeConvApply
data_grad_apply (const AeOpCall *call, const AeTensor *d)
{
  return (AeConvApply){ .kind = AE_CONV_TRANSPOSED,
    .src = d,
    .weights = call->in[1],
    .add = !call->overwrite[0],
    .dst = call->din[0] };
}

/* The gradients of x, w and bias from that before the activation. */
static void
conv_grads (const AeOpCall *call, const AeTensor *d, void *work)
{
  AeConvForm form = form_of (call);
  if (ae_din (call, 0)) {
    AeConvApply apply = data_grad_apply (call, d);
    ae_conv_apply (call, &form, &apply, work);
  }
  if (ae_din (call, 1))
    ae_conv_apply_weights (call, &form, call->in[0], d, !call->overwrite[1],
        call->din[1], work);
  if (ae_din (call, 2))
    ae_conv_apply_bias (
        call, &form, d, !call->overwrite[2], call->din[2], work);
}

static void
backward (const AeOpCall *call)
{
  AeTensor d = *call->dout[0];
  SlopeRun run = { .call = call, .a = activation_of (call), .d = d.data };
  char *work = call->work;
  size_t count = ae_tensor_storage (&d);
  if (run.a.act != ACT_NONE) {
    run.d = d.data = call->work;
    work += ae_align_size (ae_tensor_bytes (&d));
    ae_for_range (call, count, 1 << 14, slope_range, &run);
  }
  if (ae_din (call, 3))
    ae_for_range (call, count, 1 << 14, residual_range, &run);
  conv_grads (call, &d, work);
}

static size_t
larger (size_t a, size_t b)
{
  return a > b ? a : b;
}

static size_t
work_size (const AeOpCall *call, bool grad)
{
  AeConvForm form = form_of (call);
  Activation a = activation_of (call);
  AeClamp clamp;
  AeConvApply apply = forward_apply (call, &a, &clamp);
  apply.packed = NULL;
  if (!grad)
    return ae_conv_apply (call, &form, &apply, NULL);
  AeTensor dx = *call->in[0];
  AeConvApply back = { .kind = AE_CONV_TRANSPOSED, .src = call->out[0],
    .weights = call->in[1], .dst = &dx };
  size_t size = ae_conv_apply (call, &form, &back, NULL);
  size = larger (size,
      ae_conv_apply_weights (
          call, &form, call->in[0], call->out[0], false, NULL, NULL));
  size = larger (size,
      ae_conv_apply_bias (call, &form, call->out[0], false, NULL, NULL));
  if (a.act != ACT_NONE)
    size += ae_align_size (ae_tensor_bytes (call->out[0]));
  return size;
}

static AeStatus
prepare (const AeOpCall *call, void **state, AeError *err)
{
  AeConvForm form = form_of (call);
  return ae_conv_prepare (call, &form, AE_CONV_FORWARD, state, err);
}

static bool
layout (const AeOpCall *call, AeOpLayout *want)
{
  AeConvForm form = form_of (call);
  bool x, y;
  if (!ae_conv_layout (&form, AE_CONV_FORWARD, &x, &y))
    return false;
  want->in_blocked = (x ? 1 : 0) | (y && ae_input (call, 3) ? 1 << 3 : 0);
  want->out_blocked = y;
  return true;
}

static double
mac (const AeOpCall *call)
{
  AeConvForm form = form_of (call);
  return ae_conv_mac (&form);
}

const AeOp ae_op_conv = {
  .name = "Conv",
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
  .mac = mac,
};

const AeOp ae_op_conv_fused = {
  .name = "Conv",
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
  .mac = mac,
};
