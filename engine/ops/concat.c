/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/parts.h"
#include "ops/params.h"

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

static void
forward (const AeOpCall *call)
{
  AeTensor *y = call->out[0];
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
  .layout = layout,
};
