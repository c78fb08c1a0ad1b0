/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AveragePool. The divisor is the number of taps inside the input, or with
 * count_include_pad inside the input and its padding (what ceil_mode adds
 * beyond that never counts). */
#include "ops/window.h"

#include <string.h>

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  return ae_window_infer (call, AE_TYPES_FLOAT, err);
}

/* The taps inside along one axis, and how many the divisor counts. */
typedef struct {
  int64_t first, last, counted;
} Taps;

static Taps
taps_at (const AeWindowRun *run, int axis, int64_t position)
{
  const AeWindow *w = &run->w;
  Taps t;
  ae_window_taps (position, w->dilation[axis], w->kernel[axis], w->in[axis],
      &t.first, &t.last);
  t.counted = t.last - t.first;
  if (run->arg) { /* count_include_pad */
    int64_t none;
    ae_window_taps (position + w->begin[axis], w->dilation[axis],
        w->kernel[axis], w->in[axis] + w->begin[axis] + w->end[axis], &none,
        &t.counted);
  }
  return t;
}

/* One over the divisor; a window without any tap averages to 0. */
static float
weight (const Taps *d, const Taps *h, const Taps *k)
{
  int64_t n = d->counted * h->counted * k->counted;
  return n > 0 ? 1.0f / (float) n : 0;
}

/* Forward: y = mean of x. Backward: x += y / divisor. `lanes` and `back` are
 * constants wherever this is called. */
static inline __attribute__ ((always_inline)) void
mean_row (const AeWindowRun *run, size_t xi, size_t yi, const int64_t at[2],
    int lanes, bool back)
{
  const AeWindow *w = &run->w;
  const int64_t *step = run->xs.step;
  float *x = (float *) run->x->data + xi;
  float *y = (float *) run->y->data + yi;
  Taps td = taps_at (run, 0, at[0]), th = taps_at (run, 1, at[1]);
  for (int64_t o = 0; o < w->out[2]; o++, y += lanes) {
    int64_t left = o * w->stride[2] - w->begin[2];
    Taps tk = taps_at (run, 2, left);
    float scale = weight (&td, &th, &tk), sum[AE_BLOCK];
    for (int l = 0; l < lanes; l++)
      sum[l] = back ? y[l] * scale : 0;
    for (int64_t d = td.first; d < td.last; d++)
      for (int64_t h = th.first; h < th.last; h++) {
        float *line = x + (at[0] + d * w->dilation[0]) * step[0]
            + (at[1] + h * w->dilation[1]) * step[1] + left * lanes;
        for (int64_t k = tk.first; k < tk.last; k++) {
          float *p = line + k * w->dilation[2] * lanes;
          for (int l = 0; l < lanes; l++)
            if (back)
              p[l] += sum[l];
            else
              sum[l] += p[l];
        }
      }
    for (int l = 0; l < lanes && !back; l++)
      y[l] = sum[l] * scale;
  }
}

static void
add_line (float *to, const float *from, int64_t n, int64_t stride)
{
  if (stride == 1)
    for (int64_t o = 0; o < n; o++)
      to[o] += from[o];
  else if (stride == 2)
    for (int64_t o = 0; o < n; o++)
      to[o] += from[2 * o];
  else
    for (int64_t o = 0; o < n; o++)
      to[o] += from[o * stride];
}

static void
mean_row_plain (
    const AeWindowRun *run, size_t xi, size_t yi, const int64_t at[2])
{
  const AeWindow *w = &run->w;
  float *y = (float *) run->y->data + yi;
  Taps td = taps_at (run, 0, at[0]), th = taps_at (run, 1, at[1]);
  memset (y, 0, (size_t) w->out[2] * sizeof *y);
  ae_window_lines (run, xi, y, at, add_line);
  for (int64_t o = 0; o < w->out[2]; o++) {
    Taps tk = taps_at (run, 2, o * w->stride[2] - w->begin[2]);
    y[o] *= weight (&td, &th, &tk);
  }
}

static void
mean_row_blocked (
    const AeWindowRun *run, size_t x, size_t y, const int64_t at[2])
{
  mean_row (run, x, y, at, AE_BLOCK, false);
}

static void
grad_row_plain (
    const AeWindowRun *run, size_t x, size_t y, const int64_t at[2])
{
  mean_row (run, x, y, at, 1, true);
}

static void
grad_row_blocked (
    const AeWindowRun *run, size_t x, size_t y, const int64_t at[2])
{
  mean_row (run, x, y, at, AE_BLOCK, true);
}

/* Other float types. */
static void
mean_row_any (
    const AeWindowRun *run, size_t xi, size_t yi, const int64_t at[2])
{
  const AeWindow *w = &run->w;
  const int64_t *step = run->xs.step;
  Taps td = taps_at (run, 0, at[0]), th = taps_at (run, 1, at[1]);
  for (int64_t o = 0; o < w->out[2]; o++) {
    int64_t left = o * w->stride[2] - w->begin[2];
    Taps tk = taps_at (run, 2, left);
    double sum = 0;
    for (int64_t d = td.first; d < td.last; d++)
      for (int64_t h = th.first; h < th.last; h++)
        for (int64_t k = tk.first; k < tk.last; k++)
          sum += ae_tensor_get (run->x,
              xi
                  + (size_t) ((at[0] + d * w->dilation[0]) * step[0]
                      + (at[1] + h * w->dilation[1]) * step[1] + left
                      + k * w->dilation[2]));
    int64_t n = td.counted * th.counted * tk.counted;
    ae_tensor_set ((AeTensor *) run->y, yi + (size_t) o,
        n > 0 ? sum / (double) n : 0);
  }
}

/* Not NULL when padding counts. */
static const void *
include_pad (const AeOpCall *call)
{
  static const char yes;
  return ae_attrs_int (call->attrs, "count_include_pad", 0) ? &yes : NULL;
}

static void
forward (const AeOpCall *call)
{
  AeWindowRun run = ae_window_run (call, call->in[0], call->out[0]);
  run.arg = include_pad (call);
  if (call->in[0]->type != AE_F32)
    run.row = mean_row_any;
  else
    run.row = run.ys.lanes == 1 ? mean_row_plain : mean_row_blocked;
  ae_window_rows (&run);
}

static void
backward (const AeOpCall *call)
{
  if (!call->din[0])
    return;
  AeWindowRun run = ae_window_run (call, call->din[0], call->dout[0]);
  run.arg = include_pad (call);
  run.row = run.ys.lanes == 1 ? grad_row_plain : grad_row_blocked;
  ae_window_planes (&run, call->overwrite[0]);
}

const AeOp ae_op_average_pool = {
  .name = "AveragePool",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .layout = ae_window_layout,
};
