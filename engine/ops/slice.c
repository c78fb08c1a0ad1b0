/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/params.h"
#include "ops/strided.h"

#include <string.h>

/* Per axis of the input: first index, step, number of elements taken. */
typedef struct {
  int64_t start[AE_MAX_RANK], step[AE_MAX_RANK], count[AE_MAX_RANK];
} Cut;

static int64_t
clamp (int64_t value, int64_t low, int64_t high)
{
  return value < low ? low : value > high ? high : value;
}

static void
cut_axis (Cut *cut, int axis, int64_t dim, int64_t start, int64_t end,
    int64_t step)
{
  start += start < 0 ? dim : 0;
  end += end < 0 ? dim : 0;
  int64_t span;
  if (step > 0) {
    start = clamp (start, 0, dim);
    span = clamp (end, 0, dim) - start;
  } else {
    start = clamp (start, 0, dim - 1);
    span = start - clamp (end, -1, dim - 1);
  }
  /* A step below -INT64_MAX has no opposite; it takes one element too. */
  int64_t size = step > 0 ? step : step == INT64_MIN ? INT64_MAX : -step;
  cut->start[axis] = start;
  cut->step[axis] = step;
  cut->count[axis] = span > 0 && dim > 0 ? (span - 1) / size + 1 : 0;
  if (cut->count[axis] <= 1)
    cut->step[axis] = 1;
}

static AeStatus
read_cut (const AeOpCall *call, Cut *cut, AeError *err)
{
  const AeShape *in = &call->in[0]->shape;
  AeInts starts, ends, axes, steps;
  bool has_starts, has_ends, has_axes, has_steps;
  AeStatus status;
  if ((status = ae_ints_find (
           call, "starts", 1, &starts, &has_starts, err)) != AE_OK
      || (status = ae_ints_find (call, "ends", 2, &ends, &has_ends, err))
          != AE_OK
      || (status = ae_ints_find (call, "axes", 3, &axes, &has_axes, err))
          != AE_OK
      || (status = ae_ints_find (call, "steps", 4, &steps, &has_steps, err))
          != AE_OK)
    return status;
  if (!has_axes)
    for (axes.n = 0; axes.n < starts.n; axes.n++)
      axes.v[axes.n] = axes.n;
  if (!has_starts || !has_ends || ends.n != starts.n || axes.n != starts.n
      || (has_steps && steps.n != starts.n))
    return ae_fail (err, AE_ERROR_SHAPE,
        "%d starts, %d ends, %d axes, %d steps, wanted as many of each",
        starts.n, ends.n, axes.n, has_steps ? steps.n : starts.n);
  if ((status = ae_axes (&axes, in->rank, err)) != AE_OK)
    return status;
  for (int i = 0; i < in->rank; i++)
    cut_axis (cut, i, in->dim[i], 0, in->dim[i], 1);
  for (int i = 0; i < axes.n; i++) {
    int64_t step = has_steps ? steps.v[i] : 1;
    if (step == 0)
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "the step of axis %d is 0, wanted another", (int) axes.v[i]);
    cut_axis (cut, (int) axes.v[i], in->dim[axes.v[i]], starts.v[i],
        ends.v[i], step);
  }
  return AE_OK;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  Cut cut;
  AeStatus status = read_cut (call, &cut, err);
  if (status != AE_OK)
    return status;
  AeShape shape = call->in[0]->shape;
  for (int i = 0; i < shape.rank; i++)
    shape.dim[i] = cut.count[i];
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

/* The view of the cut; `to` is the small tensor. *offset: its first element
 * in the large one. */
static AeStrided
cut_view (const AeOpCall *call, const Cut *cut, int64_t *offset)
{
  const AeShape *in = &call->in[0]->shape, *out = &call->out[0]->shape;
  int64_t big[AE_MAX_RANK], small[AE_MAX_RANK];
  ae_shape_strides (in, false, big);
  ae_shape_strides (out, false, small);
  AeStrided s = { 0 };
  *offset = 0;
  for (int i = 0; i < in->rank; i++) {
    ae_strided_push (&s, out->dim[i], small[i], big[i] * cut->step[i]);
    *offset += cut->start[i] * big[i];
  }
  return s;
}

/* The same for blocked tensors, stored as (N,H,C/16,W,16). */
static AeStrided
cut_view_blocked (const AeOpCall *call, const Cut *cut, int64_t *offset)
{
  const int64_t *in = call->in[0]->shape.dim, *out = call->out[0]->shape.dim;
  int64_t in_blocks = (in[1] + AE_BLOCK - 1) / AE_BLOCK;
  int64_t out_blocks = (out[1] + AE_BLOCK - 1) / AE_BLOCK;
  int64_t in_line = in[3] * AE_BLOCK, out_line = out[3] * AE_BLOCK;
  int64_t in_row = in_line * in_blocks, out_row = out_line * out_blocks;
  AeStrided s = { 0 };
  ae_strided_push (
      &s, out[0], out[2] * out_row, in[2] * in_row * cut->step[0]);
  ae_strided_push (&s, out[2], out_row, in_row * cut->step[2]);
  ae_strided_push (&s, out_blocks, out_line, in_line);
  ae_strided_push (&s, out[3], AE_BLOCK, AE_BLOCK * cut->step[3]);
  ae_strided_push (&s, AE_BLOCK, 1, 1);
  *offset = cut->start[0] * in[2] * in_row + cut->start[2] * in_row
      + cut->start[1] / AE_BLOCK * in_line + cut->start[3] * AE_BLOCK;
  return s;
}

static AeStrided
view (const AeOpCall *call, AeLayout layout, int64_t *offset)
{
  Cut cut;
  read_cut (call, &cut, NULL);
  return layout == AE_LAYOUT_BLOCKED ? cut_view_blocked (call, &cut, offset)
                                     : cut_view (call, &cut, offset);
}

static void
forward (const AeOpCall *call)
{
  const AeTensor *x = call->in[0];
  size_t size = ae_type_size (x->type);
  int64_t offset;
  AeStrided s = view (call, x->layout, &offset);
  ae_strided_copy (call, &s, size, call->out[0]->data,
      (const char *) x->data + offset * (int64_t) size);
}

static void
backward (const AeOpCall *call)
{
  AeTensor *dx = call->din[0];
  if (!dx)
    return;
  int64_t offset;
  AeStrided s = view (call, dx->layout, &offset);
  s = ae_strided_swap (&s);
  if (call->overwrite[0])
    memset (dx->data, 0, ae_tensor_bytes (dx));
  ae_strided_add (
      call, &s, (float *) dx->data + offset, call->dout[0]->data);
}

/* A last block that is cut through would mix lanes of no meaning with real
 * channels in the gradient. */
static bool
whole_blocks (const Cut *cut, int64_t channels)
{
  int64_t end = cut->start[1] + cut->count[1];
  return cut->step[1] == 1 && cut->start[1] % AE_BLOCK == 0
      && (end % AE_BLOCK == 0 || end == channels);
}

static bool
layout (const AeOpCall *call, AeOpLayout *want)
{
  const AeTensor *x = call->in[0];
  Cut cut;
  if (x->type != AE_F32 || x->shape.rank != 4
      || read_cut (call, &cut, NULL) != AE_OK
      || !whole_blocks (&cut, x->shape.dim[1]))
    return false;
  want->in_blocked = 1;
  want->out_blocked = true;
  return true;
}

const AeOp ae_op_slice = {
  .name = "Slice",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 5,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .layout = layout,
};
