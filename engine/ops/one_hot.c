/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/params.h"

#include <string.h>

/* Axis of the new dimension; the output has one axis more than the indices. */
static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeTensor *index = call->in[0], *depth = call->in[1];
  AeShape shape = { .rank = index->shape.rank + 1 };
  int axis;
  if (shape.rank > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT, "the result has rank %d, wanted %d",
        shape.rank, AE_MAX_RANK);
  AeStatus status = ae_axis (
      ae_attrs_int (call->attrs, "axis", -1), shape.rank, &axis, err);
  if (status != AE_OK)
    return status;
  if (ae_shape_count (&depth->shape) != 1
      || ae_shape_count (&call->in[2]->shape) != 2)
    return ae_fail (err, AE_ERROR_SHAPE,
        "depth has %zu values and values %zu, wanted 1 and 2",
        ae_shape_count (&depth->shape),
        ae_shape_count (&call->in[2]->shape));
  if (!depth->data)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "depth decides a shape, but its value is not known before the run");
  for (int i = 0; i < shape.rank; i++)
    shape.dim[i] = i == axis ? ae_tensor_get_int (depth, 0)
                             : index->shape.dim[i - (i > axis)];
  return ae_out_set (call, 0, call->in[2]->type, &shape, err);
}

static void
forward (const AeOpCall *call)
{
  const AeTensor *index = call->in[0];
  AeTensor *y = call->out[0];
  int axis = ae_axis_attr (call, -1, y->shape.rank);
  size_t size = ae_type_size (y->type), n = ae_shape_count (&y->shape);
  size_t inner = ae_shape_span (&y->shape, axis + 1, y->shape.rank);
  int64_t depth = y->shape.dim[axis];
  const char *off = call->in[2]->data, *on = off + size;
  for (size_t i = 0; i < n; i++)
    memcpy ((char *) y->data + i * size, off, size);
  for (size_t i = 0; i < ae_shape_count (&index->shape); i++) {
    int64_t hot = ae_tensor_get_int (index, i);
    hot += hot < 0 ? depth : 0;
    if (hot < 0 || hot >= depth)
      continue;
    size_t at = (i / inner * (size_t) depth + (size_t) hot) * inner
        + i % inner;
    memcpy ((char *) y->data + at * size, on, size);
  }
}

const AeOp ae_op_one_hot = {
  .name = "OneHot",
  .domain = "",
  .since = 9,
  .min_in = 3,
  .max_in = 3,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
};
