/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clip: bounds are attributes before opset 11, optional scalar inputs from
 * then on. The bounds have no gradient. */
#include "ops/check.h"
#include "ops/loop.h"
#include "ops/rows.h"

#include <float.h>

#define GRAIN 16384

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  unsigned types = call->opset < 12 ? AE_TYPES_FLOAT : AE_TYPES_NUMBER;
  AeStatus status = ae_check_type (call, 0, types, err);
  for (int i = 1; i < 3 && status == AE_OK; i++) {
    const AeTensor *bound = ae_input (call, i);
    status = ae_check_same_type (call, i, err);
    if (status == AE_OK && bound && ae_shape_count (&bound->shape) != 1) {
      char text[200];
      return ae_fail (err, AE_ERROR_SHAPE,
          "input %d has shape %s, wanted a scalar", i,
          ae_shape_text (&bound->shape, text, sizeof text));
    }
  }
  if (status == AE_OK)
    ae_set_output (call->out[0], call->in[0]->type, &call->in[0]->shape);
  return status;
}

typedef struct {
  const AeOpCall *call;
  bool has[2];
  float bound[2];
} Run;

static Run
start (const AeOpCall *call)
{
  Run run = { .call = call };
  const char *const names[] = { "min", "max" };
  for (int i = 0; i < 2; i++) {
    const AeTensor *t = ae_input (call, i + 1);
    run.bound[i] = i ? FLT_MAX : -FLT_MAX;
    if (call->opset < 11) {
      run.has[i] = ae_attrs_find (call->attrs, names[i]) != NULL;
      run.bound[i] = ae_attrs_float (call->attrs, names[i], run.bound[i]);
    } else if (t) {
      run.has[i] = true;
      run.bound[i] = (float) ae_tensor_get (t, 0);
    }
  }
  /* Infinities pass when there is no bound. */
  if (!run.has[0])
    run.bound[0] = -__builtin_inff ();
  if (!run.has[1])
    run.bound[1] = __builtin_inff ();
  return run;
}

static void
clip_f32 (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const float *x = run->call->in[0]->data;
  float *y = run->call->out[0]->data, lo = run->bound[0], hi = run->bound[1];
#pragma GCC ivdep
  for (size_t i = begin; i < end; i++) {
    float v = x[i] < lo ? lo : x[i];
    y[i] = v > hi ? hi : v;
  }
}

/* max is applied last: where min > max, all is max. */
static void
clip_any (const Run *run)
{
  const AeTensor *x = run->call->in[0];
  AeTensor *y = run->call->out[0];
  bool real = ae_type_in (x->type, AE_TYPES_FLOAT);
  bool wide = x->type == AE_U64;
  size_t size = ae_type_size (x->type), n = ae_shape_count (&x->shape);
  for (size_t i = 0; i < n; i++) {
    const AeTensor *from = x;
    size_t at = i;
    for (int b = 0; b < 2; b++) {
      const AeTensor *bound = ae_input (run->call, b + 1);
      if (!bound)
        continue;
      int64_t v = ae_tensor_get_int (from, at);
      int64_t w = ae_tensor_get_int (bound, 0);
      bool below = real
          ? ae_tensor_get (from, at) < ae_tensor_get (bound, 0)
          : wide ? (uint64_t) v < (uint64_t) w
                 : v < w;
      bool above = real
          ? ae_tensor_get (from, at) > ae_tensor_get (bound, 0)
          : wide ? (uint64_t) v > (uint64_t) w
                 : v > w;
      if (b == 0 ? below : above) {
        from = bound;
        at = 0;
      }
    }
    __builtin_memmove ((char *) y->data + i * size,
        (const char *) from->data + at * size, size);
  }
}

/* Before opset 11 the bounds are not tensors. */
static void
clip_old (const Run *run)
{
  size_t n = ae_shape_count (&run->call->in[0]->shape);
  for (size_t i = 0; i < n; i++) {
    double v = ae_tensor_get (run->call->in[0], i);
    v = v < run->bound[0] ? run->bound[0] : v;
    v = v > run->bound[1] ? run->bound[1] : v;
    ae_tensor_set (run->call->out[0], i, v);
  }
}

static void
forward (const AeOpCall *call)
{
  Run run = start (call);
  if (call->in[0]->type == AE_F32)
    ae_for_range (
        call, ae_tensor_storage (call->in[0]), GRAIN, clip_f32, &run);
  else if (call->opset < 11)
    clip_old (&run);
  else
    clip_any (&run);
}

static void
grad_f32 (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const float *x = run->call->in[0]->data, *dy = run->call->dout[0]->data;
  float *dx = run->call->din[0]->data;
  float lo = run->bound[0], hi = run->bound[1];
  bool overwrite = run->call->overwrite[0];
#pragma GCC ivdep
  for (size_t i = begin; i < end; i++) {
    float g = (x[i] < lo) | (x[i] > hi) ? 0 : dy[i];
    dx[i] = overwrite ? g : dx[i] + g;
  }
}

static void
backward (const AeOpCall *call)
{
  Run run = start (call);
  for (int i = 1; i < 3; i++)
    if (ae_din (call, i) && call->overwrite[i])
      ae_tensor_set (call->din[i], 0, 0);
  if (call->din[0])
    ae_for_range (
        call, ae_tensor_storage (call->din[0]), GRAIN, grad_f32, &run);
}

const AeOp ae_op_clip = {
  .name = "Clip",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 3,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_OP_IN_PLACE | AE_OP_UNARY | AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .rows = ae_elementwise_rows,
  .forward_rows = ae_elementwise_forward_rows,
};
