/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_WINDOW_H
#define AE_OPS_WINDOW_H

/* The sliding window of the pooling operators: attributes, output sizes, and
 * the walk over output rows. Always three spatial axes here; missing outer
 * ones have size 1. */

#include "ops/check.h"

#define AE_WINDOW_AXES 3

typedef struct {
  int64_t kernel[AE_WINDOW_AXES], stride[AE_WINDOW_AXES];
  int64_t dilation[AE_WINDOW_AXES];
  int64_t begin[AE_WINDOW_AXES], end[AE_WINDOW_AXES]; /* padding */
  int64_t in[AE_WINDOW_AXES], out[AE_WINDOW_AXES];
} AeWindow;

/* Reads kernel_shape, strides, dilations, pads, auto_pad and ceil_mode for
 * input 0 of shape (N,C,[[D,]H,]W), and works out the output's shape. */
AeStatus ae_window_read (
    const AeOpCall *call, AeWindow *window, AeShape *out, AeError *err);

/* The `infer` of a pooling operator whose input has one of `types`: output 0,
 * and output 1 (i64) if there is one, get the pooled shape. */
AeStatus ae_window_infer (
    const AeOpCall *call, unsigned types, AeError *err);

/* Its `layout`: all blocked, in f32 of rank 4. */
bool ae_window_layout (const AeOpCall *call, AeOpLayout *want);

/* The taps k of one axis for which begin <= `position` + k * dilation < end:
 * [*first, *last). */
static inline void
ae_window_taps (int64_t position, int64_t dilation, int64_t kernel,
    int64_t size, int64_t *first, int64_t *last)
{
  int64_t below = position < 0 ? -position : 0, room = size - position;
  if (dilation != 1) {
    below = (below + dilation - 1) / dilation;
    room = room > 0 ? (room - 1) / dilation + 1 : 0;
  }
  room = room < kernel ? room : kernel;
  *first = below;
  *last = room > below ? room : below;
}

/* The outputs o of one axis whose tap k is inside the input: [*first, *last).
 * Their input is at o * stride + *offset. */
static inline void
ae_window_outputs (const AeWindow *w, int axis, int64_t k, int64_t *first,
    int64_t *last, int64_t *offset)
{
  int64_t stride = w->stride[axis];
  *offset = k * w->dilation[axis] - w->begin[axis];
  int64_t room = w->in[axis] - *offset;
  *first = *offset < 0 ? (-*offset + stride - 1) / stride : 0;
  *last = room > 0 ? (room - 1) / stride + 1 : 0;
  *last = *last < w->out[axis] ? *last : w->out[axis];
}

/* A plane: one channel of a plain tensor or 16 channels of a blocked one.
 * Element (d, h, w) of lane l is at data[d * step[0] + h * step[1]
 * + w * step[2] + l]. */
typedef struct {
  size_t count; /* of planes in the tensor */
  int lanes;    /* 1 or AE_BLOCK */
  int64_t step[AE_WINDOW_AXES];
} AePlanes;

AePlanes ae_planes (const AeTensor *tensor);

/* Index of the first element of plane p. */
size_t ae_plane_at (const AeTensor *tensor, const AePlanes *planes, size_t p);

/* One use of a window on a call: x is the larger tensor, y the pooled one. */
typedef struct AeWindowRun AeWindowRun;
struct AeWindowRun {
  const AeOpCall *call;
  AeWindow w;
  const AeTensor *x, *y;
  AePlanes xs, ys;
  /* One row of outputs: x and y are indices of the plane's first element and
   * of the row's. at: the window's first depth and row, padding included. */
  void (*row) (const AeWindowRun *run, size_t x, size_t y,
      const int64_t at[2]);
  const void *arg;
};

/* Prepares a run for an accepted call. */
AeWindowRun ae_window_run (
    const AeOpCall *call, const AeTensor *x, const AeTensor *y);

/* The taps of the outer axes that are inside the input: [d0, d1), [h0, h1). */
typedef struct {
  int64_t d0, d1, h0, h1;
} AeWindowOuter;

static inline AeWindowOuter
ae_window_outer (const AeWindow *w, const int64_t at[2])
{
  AeWindowOuter r;
  ae_window_taps (
      at[0], w->dilation[0], w->kernel[0], w->in[0], &r.d0, &r.d1);
  ae_window_taps (
      at[1], w->dilation[1], w->kernel[1], w->in[1], &r.h0, &r.h1);
  return r;
}

/* Joins a row of plain f32 outputs y with the inputs of one tap after the
 * other: join (to, from, n, stride) joins to[o] with from[o * stride]. */
void ae_window_lines (const AeWindowRun *run, size_t x, float *y,
    const int64_t at[2],
    void (*join) (float *to, const float *from, int64_t n, int64_t stride));

/* Calls run->row for every output row, spread over the threads by rows; or by
 * planes, after zeroing the plane of x (f32) when `clear`: for gradients,
 * whose windows overlap. */
void ae_window_rows (const AeWindowRun *run);
void ae_window_planes (const AeWindowRun *run, bool clear);

#endif
