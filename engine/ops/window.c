/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/window.h"

#include "ops/loop.h"
#include "ops/params.h"

#include <string.h>

/* Largest kernel, stride, dilation and padding: products stay far below the
 * range of int64_t. */
#define LIMIT ((int64_t) 1 << 24)

/* A list attribute with one value per spatial axis (two for pads), brought to
 * three axes; `fallback` where absent. */
static AeStatus
read_list (const AeOpCall *call, const char *name, int n, int64_t least,
    int64_t fallback, int64_t *a, int64_t *b, AeError *err)
{
  AeInts list;
  int want = b ? 2 * n : n;
  for (int i = 0; i < AE_WINDOW_AXES; i++) {
    a[i] = fallback;
    if (b)
      b[i] = fallback;
  }
  if (!ae_ints_attr (call, name, &list))
    return AE_OK;
  if (list.n != want)
    return ae_fail (err, AE_ERROR_SHAPE, "%s has %d values, wanted %d", name,
        list.n, want);
  for (int i = 0; i < want; i++) {
    if (list.v[i] < least || list.v[i] > LIMIT)
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "%s has the value %lld, wanted %lld to %lld", name,
          (long long) list.v[i], (long long) least, (long long) LIMIT);
    int axis = AE_WINDOW_AXES - n + i % n;
    if (i < n)
      a[axis] = list.v[i];
    else
      b[axis] = list.v[i];
  }
  return AE_OK;
}

/* Output size for explicit padding. A last window that would begin in the
 * padding at the end is left out. */
static int64_t
explicit_size (const AeWindow *w, int i, int64_t span, bool ceil_mode)
{
  int64_t room = w->in[i] + w->begin[i] + w->end[i] - span;
  if (room < 0)
    return 0;
  int64_t up = ceil_mode ? w->stride[i] - 1 : 0;
  int64_t out = (room + up) / w->stride[i] + 1;
  if (ceil_mode && (out - 1) * w->stride[i] >= w->in[i] + w->begin[i])
    out--;
  return out;
}

static AeStatus
size_axis (AeWindow *w, int i, const char *pad, bool ceil_mode, AeError *err)
{
  int64_t span = (w->kernel[i] - 1) * w->dilation[i] + 1;
  if (strncmp (pad, "SAME", 4) == 0) {
    w->out[i] = (w->in[i] + w->stride[i] - 1) / w->stride[i];
    int64_t need = (w->out[i] - 1) * w->stride[i] + span - w->in[i];
    need = need > 0 ? need : 0;
    int64_t more = need - need / 2;
    bool lower = strcmp (pad, "SAME_LOWER") == 0;
    w->begin[i] = lower ? more : need - more;
    w->end[i] = need - w->begin[i];
  } else {
    if (strcmp (pad, "VALID") == 0)
      w->begin[i] = w->end[i] = 0;
    w->out[i] = explicit_size (w, i, span, ceil_mode);
  }
  if (w->out[i] < 1)
    return ae_fail (err, AE_ERROR_SHAPE,
        "a window of %lld on a padded size of %lld, wanted one that fits",
        (long long) span, (long long) (w->in[i] + w->begin[i] + w->end[i]));
  return AE_OK;
}

static AeStatus
read_attrs (const AeOpCall *call, AeWindow *w, int n, AeError *err)
{
  AeStatus status;
  if (!ae_attrs_find (call->attrs, "kernel_shape"))
    return ae_fail (
        err, AE_ERROR_ARGUMENT, "attribute kernel_shape is missing");
  if ((status = read_list (
           call, "kernel_shape", n, 1, 1, w->kernel, NULL, err)) != AE_OK
      || (status = read_list (
              call, "strides", n, 1, 1, w->stride, NULL, err)) != AE_OK
      || (status = read_list (
              call, "dilations", n, 1, 1, w->dilation, NULL, err)) != AE_OK)
    return status;
  return read_list (call, "pads", n, 0, 0, w->begin, w->end, err);
}

AeStatus
ae_window_read (
    const AeOpCall *call, AeWindow *w, AeShape *out, AeError *err)
{
  const AeShape *in = &call->in[0]->shape;
  const char *pad = ae_attrs_string (call->attrs, "auto_pad", "NOTSET");
  bool ceil_mode = ae_attrs_int (call->attrs, "ceil_mode", 0) != 0;
  int n = in->rank - 2;
  if (n < 1 || n > AE_WINDOW_AXES)
    return ae_fail (
        err, AE_ERROR_SHAPE, "input has rank %d, wanted 3 to 5", in->rank);
  if (strcmp (pad, "NOTSET") != 0 && strcmp (pad, "VALID") != 0
      && strcmp (pad, "SAME_UPPER") != 0 && strcmp (pad, "SAME_LOWER") != 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "auto_pad is \"%s\", wanted NOTSET, VALID, SAME_UPPER or SAME_LOWER",
        pad);
  AeStatus status = read_attrs (call, w, n, err);
  *out = *in;
  for (int i = 0; i < AE_WINDOW_AXES && status == AE_OK; i++) {
    int axis = i - (AE_WINDOW_AXES - n) + 2;
    w->in[i] = axis < 2 ? 1 : in->dim[axis];
    w->out[i] = 1;
    if (axis < 2)
      continue;
    status = size_axis (w, i, pad, ceil_mode, err);
    out->dim[axis] = w->out[i];
  }
  return status;
}

AeStatus
ae_window_infer (const AeOpCall *call, unsigned types, AeError *err)
{
  AeWindow w;
  AeShape shape;
  AeStatus status = ae_check_type (call, 0, types, err);
  if (status == AE_OK)
    status = ae_window_read (call, &w, &shape, err);
  if (status == AE_OK)
    status = ae_out_set (call, 0, call->in[0]->type, &shape, err);
  return status == AE_OK ? ae_out_set (call, 1, AE_I64, &shape, err) : status;
}

bool
ae_window_layout (const AeOpCall *call, AeOpLayout *want)
{
  if (call->in[0]->type != AE_F32 || call->in[0]->shape.rank != 4
      || ae_out (call, 1))
    return false;
  want->in_blocked = 1;
  want->out_blocked = true;
  return true;
}

static size_t
blocks (const AeTensor *t)
{
  return ((size_t) t->shape.dim[1] + AE_BLOCK - 1) / AE_BLOCK;
}

AePlanes
ae_planes (const AeTensor *t)
{
  const AeShape *s = &t->shape;
  int64_t width = s->dim[s->rank - 1];
  int64_t height = s->rank > 3 ? s->dim[s->rank - 2] : 1;
  if (t->layout == AE_LAYOUT_PLAIN)
    return (AePlanes) { ae_shape_span (s, 0, 2), 1,
      { height * width, width, 1 } };
  return (AePlanes) { (size_t) s->dim[0] * blocks (t), AE_BLOCK,
    { 0, (int64_t) blocks (t) * width * AE_BLOCK, AE_BLOCK } };
}

size_t
ae_plane_at (const AeTensor *t, const AePlanes *planes, size_t p)
{
  if (t->layout == AE_LAYOUT_PLAIN)
    return p * ae_shape_span (&t->shape, 2, t->shape.rank);
  size_t n = p / blocks (t), block = p % blocks (t);
  return n * (size_t) (t->shape.dim[2] * planes->step[1])
      + block * (size_t) t->shape.dim[3] * AE_BLOCK;
}

AeWindowRun
ae_window_run (const AeOpCall *call, const AeTensor *x, const AeTensor *y)
{
  AeWindowRun run = { .call = call, .x = x, .y = y };
  AeShape out;
  ae_window_read (call, &run.w, &out, NULL);
  run.xs = ae_planes (x);
  run.ys = ae_planes (y);
  return run;
}

void
ae_window_lines (const AeWindowRun *run, size_t x, float *y,
    const int64_t at[2],
    void (*join) (float *to, const float *from, int64_t n, int64_t stride))
{
  const AeWindow *w = &run->w;
  const int64_t *step = run->xs.step;
  AeWindowOuter r = ae_window_outer (w, at);
  for (int64_t d = r.d0; d < r.d1; d++)
    for (int64_t h = r.h0; h < r.h1; h++) {
      const float *line = (const float *) run->x->data + x
          + (at[0] + d * w->dilation[0]) * step[0]
          + (at[1] + h * w->dilation[1]) * step[1];
      for (int64_t k = 0; k < w->kernel[2]; k++) {
        int64_t first, last, offset;
        ae_window_outputs (w, 2, k, &first, &last, &offset);
        if (first < last)
          join (y + first, line + first * w->stride[2] + offset, last - first,
              w->stride[2]);
      }
    }
}

static void
one_row (const AeWindowRun *run, size_t p, int64_t d, int64_t h)
{
  const AeWindow *w = &run->w;
  int64_t at[2] = { d * w->stride[0] - w->begin[0],
    h * w->stride[1] - w->begin[1] };
  size_t y = ae_plane_at (run->y, &run->ys, p)
      + (size_t) (d * run->ys.step[0] + h * run->ys.step[1]);
  run->row (run, ae_plane_at (run->x, &run->xs, p), y, at);
}

static void
row_range (void *arg, size_t begin, size_t end, int thread)
{
  const AeWindowRun *run = arg;
  size_t height = (size_t) run->w.out[1];
  size_t rows = (size_t) run->w.out[0] * height;
  for (size_t i = begin; i < end; i++)
    one_row (run, i / rows, (int64_t) (i % rows / height),
        (int64_t) (i % height));
}

void
ae_window_rows (const AeWindowRun *run)
{
  const AeWindow *w = &run->w;
  size_t taps = (size_t) (w->kernel[0] * w->kernel[1] * w->kernel[2]);
  size_t work = (size_t) w->out[2] * taps * (size_t) run->ys.lanes;
  ae_for_range (run->call,
      run->ys.count * (size_t) (w->out[0] * w->out[1]), 32768 / work + 1,
      row_range, (void *) run);
}

typedef struct {
  const AeWindowRun *run;
  bool clear;
} PlaneRun;

static void
clear_plane (const AeWindowRun *run, size_t p)
{
  float *x = (float *) run->x->data + ae_plane_at (run->x, &run->xs, p);
  const AeWindow *w = &run->w;
  size_t line = (size_t) w->in[2] * (size_t) run->xs.lanes;
  for (int64_t d = 0; d < w->in[0]; d++)
    for (int64_t h = 0; h < w->in[1]; h++)
      memset (x + d * run->xs.step[0] + h * run->xs.step[1], 0,
          line * sizeof *x);
}

static void
plane_range (void *arg, size_t begin, size_t end, int thread)
{
  const PlaneRun *p = arg;
  const AeWindow *w = &p->run->w;
  for (size_t i = begin; i < end; i++) {
    if (p->clear)
      clear_plane (p->run, i);
    for (int64_t d = 0; d < w->out[0]; d++)
      for (int64_t h = 0; h < w->out[1]; h++)
        one_row (p->run, i, d, h);
  }
}

void
ae_window_planes (const AeWindowRun *run, bool clear)
{
  PlaneRun p = { run, clear };
  ae_for_range (run->call, run->xs.count, 1, plane_range, &p);
}
