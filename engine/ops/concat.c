/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/parts.h"
#include "ops/loop.h"
#include "ops/params.h"
#include "ops/rows.h"

#include <string.h>

/* Up to opset 3 the axis may be left out and is 1. */
static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeTensor *first = call->in[0];
  if (call->opset >= 4 && !ae_attrs_find (call->attrs, "axis"))
    return ae_fail (err, AE_ERROR_ARGUMENT, "attribute axis is missing");
  int axis;
  AeStatus status = ae_axis (ae_attrs_int (call->attrs, "axis", 1),
      first->shape.rank, &axis, err);
  if (status != AE_OK)
    return status;
  AeShape shape = first->shape;
  shape.dim[axis] = 0;
  for (int i = 0; i < call->n_in; i++) {
    const AeTensor *part = call->in[i];
    if (!part)
      return ae_fail (err, AE_ERROR_ARGUMENT, "input %d is missing", i);
    AeShape same = part->shape;
    same.dim[axis] = first->shape.dim[axis];
    if (part->type != first->type || !ae_shape_equal (&same, &first->shape)) {
      char found[200], wanted[200];
      return ae_fail (err, AE_ERROR_SHAPE,
          "input %d is %s %s, wanted %s %s but for axis %d", i,
          ae_type_name (part->type),
          ae_shape_text (&part->shape, found, sizeof found),
          ae_type_name (first->type),
          ae_shape_text (&first->shape, wanted, sizeof wanted), axis);
    }
    shape.dim[axis] += part->shape.dim[axis];
  }
  return ae_out_set (call, 0, first->type, &shape, err);
}

/* n pixels of `size` bytes, which are parts of pixels of `step` bytes. */
static void
copy_pixels (const char *from, size_t n, size_t size, char *to, size_t step)
{
  if (size % 32 != 0) {
    for (; n > 0; n--, from += size, to += step)
      memcpy (to, from, size);
    return;
  }
  for (; n > 0; n--, from += size, to += step)
    for (size_t i = 0; i < size; i += 32)
      memcpy (to + i, from + i, 32);
}

/* Row `y` of one image, or of all images one after the other. */
static void
join_pixels (const AeOpCall *call, size_t y, const AeRowBuffer *in,
    const AeRowBuffer *out)
{
  const AeTensor *whole = call->out[0];
  size_t step = (size_t) whole->shape.dim[1] * sizeof (uint16_t);
  char *to = (char *) (out->data + y % out->ring * ae_tensor_row (whole));
  for (int i = 0; i < call->n_in; i++) {
    const AeTensor *part = call->in[i];
    size_t size = (size_t) part->shape.dim[1] * sizeof (uint16_t);
    const float *from
        = in[i].data + y % in[i].ring * ae_tensor_row (part);
    copy_pixels ((const char *) from, (size_t) part->shape.dim[3], size, to,
        step);
    to += size;
  }
}

static void
pixel_rows (void *arg, size_t begin, size_t end, int thread)
{
  const AeOpCall *call = arg;
  (void) thread;
  const AeTensor *whole = call->out[0];
  int rows = (int) (whole->shape.dim[0] * whole->shape.dim[2]);
  AeRowBuffer out = { whole->data, rows, 0 }, in[AE_MAX_ROW_IO];
  for (int i = 0; i < call->n_in; i++)
    in[i] = (AeRowBuffer){ call->in[i]->data, rows, 0 };
  for (size_t y = begin; y < end; y++)
    join_pixels (call, y, in, &out);
}

static void
forward_pixels (const AeOpCall *call)
{
  const AeShape *s = &call->out[0]->shape;
  ae_for_range (call, (size_t) (s->dim[0] * s->dim[2]), 8, pixel_rows,
      (void *) call);
}

static void
forward (const AeOpCall *call)
{
  AeTensor *y = call->out[0];
  if (y->layout == AE_LAYOUT_PIXELS) {
    forward_pixels (call);
    return;
  }
  size_t size = ae_type_size (y->type);
  int axis = ae_axis_attr (call, 1, y->shape.rank);
  int64_t at = 0;
  for (int i = 0; i < call->n_in; i++) {
    int64_t offset;
    AeStrided s = ae_part_view (y, call->in[i], axis, at, &offset);
    ae_strided_copy (call, &s, size,
        (char *) y->data + offset * (int64_t) size, call->in[i]->data);
    at += call->in[i]->shape.dim[axis];
  }
}

static void
backward (const AeOpCall *call)
{
  const AeTensor *dy = call->dout[0];
  int axis = ae_axis_attr (call, 1, dy->shape.rank);
  int64_t at = 0;
  for (int i = 0; i < call->n_in; i++) {
    AeTensor *dx = call->din[i];
    if (dx) {
      int64_t offset;
      AeStrided s = ae_part_view (dy, dx, axis, at, &offset);
      s = ae_strided_swap (&s);
      ae_strided_grad (call, &s, dx->data, ae_tensor_storage (dx),
          call->overwrite[i], (const float *) dy->data + offset);
    }
    at += call->in[i]->shape.dim[axis];
  }
}

static bool
rows (const AeOpCall *call, AeRows *out, AeRows *in)
{
  const AeTensor *y = call->out[0];
  if (y->type != AE_F32 || y->shape.rank != 4
      || ae_axis_attr (call, 1, 4) != 1)
    return false;
  for (int i = 0; i < call->n_in; i++) {
    in[i] = *out;
    if (call->in[i]->layout != y->layout)
      return false;
  }
  return true;
}

/* Copies `width` floats, which are a row or a part of it, for every row. */
static void
copy_rows (const AeRows *rows, size_t width, const AeRowBuffer *from,
    size_t from_row, float *to, int ring, size_t to_row)
{
  for (int y = rows->begin; y < rows->end; y++)
    memcpy (to + (size_t) (y % ring) * to_row,
        from->data + (size_t) (y % from->ring) * from_row,
        width * sizeof *to);
}

static void
forward_rows (const AeOpCall *call, const AeRowCall *r)
{
  const AeTensor *y = call->out[0];
  const AeRowBuffer *out = &r->out[0];
  size_t at = 0, width = (size_t) y->shape.dim[3];
  for (int row = r->rows.begin;
       y->layout == AE_LAYOUT_PIXELS && row < r->rows.end; row++)
    join_pixels (call, (size_t) row, r->in, out);
  if (y->layout == AE_LAYOUT_PIXELS)
    return;
  for (int i = 0; i < call->n_in; i++) {
    const AeTensor *part = call->in[i];
    AeRowBuffer in = r->in[i];
    if (y->layout == AE_LAYOUT_BLOCKED) {
      size_t row = ae_tensor_row (part);
      copy_rows (&r->rows, row, &in, row, out->data + at, out->ring,
          ae_tensor_row (y));
      at += row;
      continue;
    }
    for (int c = 0; c < part->shape.dim[1]; c++) {
      copy_rows (&r->rows, width, &in, width, out->data + at, out->ring,
          width);
      in.data += in.plane;
      at += out->plane;
    }
  }
}

static bool
layout (const AeOpCall *call, AeOpLayout *want)
{
  int axis = ae_axis_attr (call, 1, call->in[0]->shape.rank);
  if (!ae_parts_blocked (call->in, call->n_in, axis))
    return false;
  want->in_blocked = call->n_in >= 64 ? ~(uint64_t) 0
                                      : ((uint64_t) 1 << call->n_in) - 1;
  want->out_blocked = true;
  return true;
}

static void
pixels (const AeOpCall *call, AeOpPixels *can)
{
  if (ae_axis_attr (call, 1, 4) == 1 && call->n_in <= AE_MAX_ROW_IO)
    *can = (AeOpPixels){ ~(uint64_t) 0, ~(uint64_t) 0, true };
}

const AeOp ae_op_concat = {
  .name = "Concat",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = AE_ANY_NUMBER,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .rows = rows,
  .forward_rows = forward_rows,
  .layout = layout,
  .pixels = pixels,
};
