/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LpPool and GlobalLpPool: (sum |x|^p)^(1/p) of a window or a plane. */
#include "ops/loop.h"
#include "ops/params.h"
#include "ops/window.h"

#include <math.h>

static AeStatus
check_type (const AeOpCall *call, AeError *err)
{
  AeType type = call->in[0]->type;
  int64_t p = ae_attrs_int (call->attrs, "p", 2);
  if (type != AE_F32 && type != AE_F64 && type != AE_F16 && type != AE_BF16)
    return ae_fail (err, AE_ERROR_SHAPE, "input is %s, wanted floats",
        ae_type_name (type));
  if (p < 1)
    return ae_fail (err, AE_ERROR_ARGUMENT, "p is %lld, wanted 1 or more",
        (long long) p);
  return AE_OK;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeWindow w;
  AeShape shape;
  AeStatus status = check_type (call, err);
  if (status != AE_OK
      || (status = ae_window_read (call, &w, &shape, err)) != AE_OK)
    return status;
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static AeStatus
infer_global (const AeOpCall *call, AeError *err)
{
  AeShape shape = call->in[0]->shape;
  AeStatus status = check_type (call, err);
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
  int64_t p = ae_attrs_int (run->call->attrs, "p", 2), k0, k1, d0, d1, h0, h1;
  ae_window_taps (at[0], w->dilation[0], w->kernel[0], w->in[0], &d0, &d1);
  ae_window_taps (at[1], w->dilation[1], w->kernel[1], w->in[1], &h0, &h1);
  for (int64_t o = 0; o < w->out[2]; o++) {
    int64_t left = o * w->stride[2] - w->begin[2];
    ae_window_taps (left, w->dilation[2], w->kernel[2], w->in[2], &k0, &k1);
    double sum = 0;
    for (int64_t d = d0; d < d1; d++)
      for (int64_t h = h0; h < h1; h++)
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

static void
forward (const AeOpCall *call)
{
  AeWindowRun run = ae_window_run (call, call->in[0], call->out[0]);
  run.row = lp_row;
  ae_window_rows (&run);
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

const AeOp ae_op_lp_pool = {
  .name = "LpPool",
  .domain = "",
  .since = 2,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
};

const AeOp ae_op_global_lp_pool = {
  .name = "GlobalLpPool",
  .domain = "",
  .since = 2,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .infer = infer_global,
  .forward = forward_global,
};
