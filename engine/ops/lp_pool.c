/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LpPool and GlobalLpPool: (sum |x|^p)^(1/p) of a window or a plane. */
#include "ops/loop.h"
#include "ops/params.h"
#include "ops/window.h"

#include <math.h>

static AeStatus
check_power (const AeOpCall *call, AeError *err)
{
  int64_t p = ae_attrs_int (call->attrs, "p", 2);
  if (p < 1)
    return ae_fail (err, AE_ERROR_ARGUMENT, "p is %lld, wanted 1 or more",
        (long long) p);
  return AE_OK;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeStatus status = check_power (call, err);
  return status == AE_OK ? ae_window_infer (call, AE_TYPES_FLOAT, err)
                         : status;
}

static AeStatus
infer_global (const AeOpCall *call, AeError *err)
{
  AeShape shape = call->in[0]->shape;
  AeStatus status = check_power (call, err);
  if (status == AE_OK)
    status = ae_check_type (call, 0, AE_TYPES_FLOAT, err);
  if (status != AE_OK)
    return status;
  if (shape.rank < 2)
    return ae_fail (
        err, AE_ERROR_SHAPE, "input has rank %d, wanted 2 or more", shape.rank);
  for (int i = 2; i < shape.rank; i++)
    shape.dim[i] = 1;
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static double
power (double value, int64_t p)
{
  value = fabs (value);
  return p == 1 ? value : p == 2 ? value * value : pow (value, (double) p);
}

static double
root (double sum, int64_t p)
{
  return p == 1 ? sum : p == 2 ? sqrt (sum) : pow (sum, 1.0 / (double) p);
}

static void
lp_row (const AeWindowRun *run, size_t xi, size_t yi, const int64_t at[2])
{
  const AeWindow *w = &run->w;
  const int64_t *step = run->xs.step;
  int64_t p = ae_attrs_int (run->call->attrs, "p", 2), k0, k1;
  AeWindowOuter r = ae_window_outer (w, at);
  for (int64_t o = 0; o < w->out[2]; o++) {
    int64_t left = o * w->stride[2] - w->begin[2];
    ae_window_taps (left, w->dilation[2], w->kernel[2], w->in[2], &k0, &k1);
    double sum = 0;
    for (int64_t d = r.d0; d < r.d1; d++)
      for (int64_t h = r.h0; h < r.h1; h++)
        for (int64_t k = k0; k < k1; k++)
          sum += power (
              ae_tensor_get (run->x,
                  xi
                      + (size_t) ((at[0] + d * w->dilation[0]) * step[0]
                          + (at[1] + h * w->dilation[1]) * step[1] + left
                          + k * w->dilation[2])),
              p);
    ae_tensor_set ((AeTensor *) run->y, yi + (size_t) o, root (sum, p));
  }
}

/* d y / d x = sign (x) (|x| / y)^(p - 1); 0 where y is 0. */
static float
slope (float x, float y, int64_t p)
{
  double part = y > 0 ? fabs ((double) x) / (double) y : 0;
  double size = p == 1 ? part > 0 : p == 2 ? part : pow (part, (double) p - 1);
  return (float) (x < 0 ? -size : size);
}

static void
grad_row (const AeWindowRun *run, size_t xi, size_t yi, const int64_t at[2])
{
  const AeWindow *w = &run->w;
  const int64_t *step = run->xs.step;
  const float *x = (const float *) run->call->in[0]->data + xi;
  const float *y = (const float *) run->call->out[0]->data + yi;
  const float *dy = (const float *) run->y->data + yi;
  float *dx = (float *) run->x->data + xi;
  int64_t p = ae_attrs_int (run->call->attrs, "p", 2), k0, k1;
  AeWindowOuter r = ae_window_outer (w, at);
  for (int64_t o = 0; o < w->out[2]; o++) {
    int64_t left = o * w->stride[2] - w->begin[2];
    ae_window_taps (left, w->dilation[2], w->kernel[2], w->in[2], &k0, &k1);
    for (int64_t d = r.d0; d < r.d1; d++)
      for (int64_t h = r.h0; h < r.h1; h++)
        for (int64_t k = k0; k < k1; k++) {
          int64_t i = (at[0] + d * w->dilation[0]) * step[0]
              + (at[1] + h * w->dilation[1]) * step[1] + left
              + k * w->dilation[2];
          dx[i] += dy[o] * slope (x[i], y[o], p);
        }
  }
}

static void
forward (const AeOpCall *call)
{
  AeWindowRun run = ae_window_run (call, call->in[0], call->out[0]);
  run.row = lp_row;
  ae_window_rows (&run);
}

static void
backward (const AeOpCall *call)
{
  if (!call->din[0])
    return;
  AeWindowRun run = ae_window_run (call, call->din[0], call->dout[0]);
  run.row = grad_row;
  ae_window_planes (&run, call->overwrite[0]);
}

static void
global_range (void *arg, size_t begin, size_t end, int thread)
{
  const AeOpCall *call = arg;
  const AeTensor *x = call->in[0];
  int64_t p = ae_attrs_int (call->attrs, "p", 2);
  size_t n = ae_shape_span (&x->shape, 2, x->shape.rank);
  for (size_t i = begin; i < end; i++) {
    double sum = 0;
    for (size_t k = 0; k < n; k++)
      sum += power (ae_tensor_get (x, i * n + k), p);
    ae_tensor_set (call->out[0], i, root (sum, p));
  }
}

static void
forward_global (const AeOpCall *call)
{
  ae_for_range (call, ae_shape_count (&call->out[0]->shape), 1, global_range,
      (void *) call);
}

static void
global_grad_range (void *arg, size_t begin, size_t end, int thread)
{
  const AeOpCall *call = arg;
  const float *x = call->in[0]->data, *y = call->out[0]->data;
  const float *dy = call->dout[0]->data;
  float *dx = call->din[0]->data;
  int64_t p = ae_attrs_int (call->attrs, "p", 2);
  size_t n = ae_shape_span (&call->in[0]->shape, 2, call->in[0]->shape.rank);
  for (size_t i = begin; i < end; i++)
    for (size_t k = i * n; k < (i + 1) * n; k++)
      dx[k] = (call->overwrite[0] ? 0 : dx[k])
          + dy[i] * slope (x[k], y[i], p);
}

static void
backward_global (const AeOpCall *call)
{
  if (call->din[0])
    ae_for_range (call, ae_shape_count (&call->out[0]->shape), 1,
        global_grad_range, (void *) call);
}

const AeOp ae_op_lp_pool = {
  .name = "LpPool",
  .domain = "",
  .since = 2,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN | AE_GRAD_READS_OUT,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};

const AeOp ae_op_global_lp_pool = {
  .name = "GlobalLpPool",
  .domain = "",
  .since = 2,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN | AE_GRAD_READS_OUT,
  .infer = infer_global,
  .forward = forward_global,
  .backward = backward_global,
};
