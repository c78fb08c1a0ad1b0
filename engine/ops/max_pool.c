/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MaxPool. Of equal values the first of the window counts. Output 1, when
 * asked for, has the place of each maximum in the whole input, counted in row
 * order or (storage_order 1) with each plane in column order. */
#include "ops/loop.h"
#include "ops/params.h"
#include "ops/window.h"

#include <math.h>
#include <string.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  unsigned bytes = AE_TYPE_BIT (AE_I8) | AE_TYPE_BIT (AE_U8);
  return ae_window_infer (call, AE_TYPES_FLOAT | bytes, err);
}

/* to = the larger of to and from, 16 lanes. Compilers make a comparison and a
 * blend of it, where one instruction does. */
static inline void
max_lanes (float *to, const float *from)
{
#ifdef __SSE__
  for (int l = 0; l < AE_BLOCK; l += 4)
    _mm_storeu_ps (
        to + l, _mm_max_ps (_mm_loadu_ps (from + l), _mm_loadu_ps (to + l)));
#else
  for (int l = 0; l < AE_BLOCK; l++)
    to[l] = from[l] > to[l] ? from[l] : to[l];
#endif
}

static void
max_row_blocked (
    const AeWindowRun *run, size_t xi, size_t yi, const int64_t at[2])
{
  const AeWindow *w = &run->w;
  const float *x = (const float *) run->x->data + xi;
  float *y = (float *) run->y->data + yi;
  AeWindowOuter r = ae_window_outer (w, at);
  for (int64_t o = 0; o < w->out[2]; o++, y += AE_BLOCK) {
    int64_t left = o * w->stride[2] - w->begin[2], k0, k1;
    ae_window_taps (left, w->dilation[2], w->kernel[2], w->in[2], &k0, &k1);
    float best[AE_BLOCK];
    for (int l = 0; l < AE_BLOCK; l++)
      best[l] = -INFINITY;
    for (int64_t h = r.h0; h < r.h1; h++) {
      const float *line = x
          + (at[1] + h * w->dilation[1]) * run->xs.step[1] + left * AE_BLOCK;
      for (int64_t k = k0; k < k1; k++)
        max_lanes (best, line + k * w->dilation[2] * AE_BLOCK);
    }
    memcpy (y, best, sizeof best);
  }
}

/* Bits of a bf16 number as an integer of the same order, and back. */
static inline int16_t
order_of (uint16_t bits)
{
  int16_t x = (int16_t) bits;
  return (int16_t) (x ^ (x >> 15 & 0x7fff));
}

static void
max_pixel (const AeWindowRun *run, const uint16_t *x, const AeWindowOuter *r,
    int64_t top, int64_t left, uint16_t *y)
{
  const AeWindow *w = &run->w;
  int64_t c = run->x->shape.dim[1], k0, k1;
  size_t row = 2 * ae_tensor_row (run->x);
  ae_window_taps (left, w->dilation[2], w->kernel[2], w->in[2], &k0, &k1);
  for (int64_t l = 0; l < c; l++)
    y[l] = (uint16_t) INT16_MIN;
  for (int64_t h = r->h0; h < r->h1; h++)
    for (int64_t k = k0; k < k1; k++) {
      const uint16_t *from = x + (size_t) (top + h * w->dilation[1]) * row
          + (left + k * w->dilation[2]) * c;
      for (int64_t l = 0; l < c; l++) {
        int16_t one = order_of (from[l]), best = (int16_t) y[l];
        y[l] = (uint16_t) (one > best ? one : best);
      }
    }
  for (int64_t l = 0; l < c; l++)
    y[l] = (uint16_t) order_of (y[l]);
}

/* Rows of bf16 pixels, those of all images one after the other. */
static void
max_pixel_rows (void *arg, size_t begin, size_t end, int thread)
{
  const AeWindowRun *run = arg;
  (void) thread;
  const AeWindow *w = &run->w;
  const AeShape *xs = &run->x->shape, *ys = &run->y->shape;
  size_t image = (size_t) xs->dim[2] * ae_tensor_row (run->x);
  for (size_t i = begin; i < end; i++) {
    size_t n = i / (size_t) ys->dim[2], oy = i % (size_t) ys->dim[2];
    int64_t at[2] = { -w->begin[0],
      (int64_t) oy * w->stride[1] - w->begin[1] };
    AeWindowOuter r = ae_window_outer (w, at);
    const float *x = (const float *) run->x->data + n * image;
    float *y = (float *) run->y->data + i * ae_tensor_row (run->y);
    for (int64_t o = 0; o < w->out[2]; o++)
      max_pixel (run, (const uint16_t *) x, &r, at[1],
          o * w->stride[2] - w->begin[2],
          (uint16_t *) y + o * ys->dim[1]);
  }
}

/* to[o] = the larger of to[o] and from[o * stride]. */
static void
max_line (float *to, const float *from, int64_t n, int64_t stride)
{
  if (stride == 1)
    for (int64_t o = 0; o < n; o++)
      to[o] = from[o] > to[o] ? from[o] : to[o];
  else if (stride == 2)
    for (int64_t o = 0; o < n; o++)
      to[o] = from[2 * o] > to[o] ? from[2 * o] : to[o];
  else
    for (int64_t o = 0; o < n; o++)
      to[o] = from[o * stride] > to[o] ? from[o * stride] : to[o];
}

static void
max_row_plain (
    const AeWindowRun *run, size_t xi, size_t yi, const int64_t at[2])
{
  float *y = (float *) run->y->data + yi;
  for (int64_t o = 0; o < run->w.out[2]; o++)
    y[o] = -INFINITY;
  ae_window_lines (run, xi, y, at, max_line);
}

/* Where the maximum of lane l of the window is: its index in the tensor x;
 * with `place`, also its depth, row and column. */
static size_t
find_max (const AeWindowRun *run, const AeTensor *x, size_t xi,
    const int64_t at[3], int64_t place[3])
{
  const AeWindow *w = &run->w;
  const int64_t *step = run->xs.step;
  AeWindowOuter r = ae_window_outer (w, at);
  int64_t k0, k1;
  ae_window_taps (at[2], w->dilation[2], w->kernel[2], w->in[2], &k0, &k1);
  double best = -INFINITY;
  size_t found = SIZE_MAX;
  for (int64_t d = r.d0; d < r.d1; d++)
    for (int64_t h = r.h0; h < r.h1; h++)
      for (int64_t k = k0; k < k1; k++) {
        int64_t here[3] = { at[0] + d * w->dilation[0],
          at[1] + h * w->dilation[1], at[2] + k * w->dilation[2] };
        size_t i = xi
            + (size_t) (here[0] * step[0] + here[1] * step[1]
                + here[2] * step[2]);
        double v = x->type == AE_F32 ? (double) ((const float *) x->data)[i]
                                     : ae_tensor_get (x, i);
        if (found != SIZE_MAX && !(v > best))
          continue;
        best = v;
        found = i;
        for (int a = 0; a < 3; a++)
          place[a] = here[a];
      }
  return found;
}

/* Any type, with indices. */
static void
max_row_any (const AeWindowRun *run, size_t xi, size_t yi, const int64_t at[2])
{
  const AeWindow *w = &run->w;
  bool column = ae_attrs_int (run->call->attrs, "storage_order", 0) == 1;
  AeTensor *y = run->call->out[0], *index = ae_out (run->call, 1);
  for (int64_t o = 0; o < w->out[2]; o++, yi++) {
    int64_t from[3] = { at[0], at[1], o * w->stride[2] - w->begin[2] };
    int64_t place[3] = { 0 };
    size_t i = find_max (run, run->x, xi, from, place);
    bool none = i == SIZE_MAX;
    if (y)
      ae_tensor_set (y, yi, none ? 0 : ae_tensor_get (run->x, i));
    if (index && column)
      i = xi
          + (size_t) (place[1]
              + (place[2] + place[0] * w->in[2]) * w->in[1]);
    if (index)
      ((int64_t *) index->data)[yi] = none ? 0 : (int64_t) i;
  }
}

static void
forward (const AeOpCall *call)
{
  const AeTensor *y = call->out[0] ? call->out[0] : ae_out (call, 1);
  AeWindowRun run = ae_window_run (call, call->in[0], y);
  if (y->layout == AE_LAYOUT_PIXELS) {
    ae_for_range (call, (size_t) (y->shape.dim[0] * y->shape.dim[2]), 8,
        max_pixel_rows, &run);
    return;
  }
  if (ae_out (call, 1) || call->in[0]->type != AE_F32)
    run.row = max_row_any;
  else
    run.row = run.ys.lanes == 1 ? max_row_plain : max_row_blocked;
  ae_window_rows (&run);
}

static void
grad_row (const AeWindowRun *run, size_t xi, size_t yi, const int64_t at[2])
{
  const AeWindow *w = &run->w;
  const AeTensor *x = run->arg;
  const float *dy = run->y->data;
  float *dx = run->x->data;
  int lanes = run->ys.lanes;
  for (int64_t o = 0; o < w->out[2]; o++)
    for (int l = 0; l < lanes; l++) {
      int64_t from[3] = { at[0], at[1], o * w->stride[2] - w->begin[2] };
      int64_t place[3];
      size_t i = find_max (run, x, xi + (size_t) l, from, place);
      if (i != SIZE_MAX)
        dx[i] += dy[yi + (size_t) (o * lanes + l)];
    }
}

static void
backward (const AeOpCall *call)
{
  if (!call->din[0])
    return;
  AeWindowRun run = ae_window_run (call, call->din[0], call->dout[0]);
  run.row = grad_row;
  run.arg = call->in[0];
  ae_window_planes (&run, call->overwrite[0]);
}

static void
pixels (const AeOpCall *call, AeOpPixels *can)
{
  if (!ae_out (call, 1))
    *can = (AeOpPixels){ 1, 1, true };
}

const AeOp ae_op_max_pool = {
  .name = "MaxPool",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 2,
  .flags = AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .layout = ae_window_layout,
  .pixels = pixels,
};
