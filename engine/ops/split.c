/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/parts.h"
#include "ops/params.h"

#include <string.h>

/* Sizes along `axis`: given by attribute (to opset 12) or input 1 (from 13),
 * else equal; from opset 18 the last may be smaller. */
static AeStatus
part_sizes (const AeOpCall *call, int64_t dim, AeInts *sizes, AeError *err)
{
  bool found;
  AeStatus status = ae_ints_find (call, "split", 1, sizes, &found, err);
  if (status != AE_OK)
    return status;
  if (!found) {
    int64_t n = call->n_out;
    int64_t size = call->opset >= 18 ? (dim + n - 1) / n : dim / n;
    int64_t left = dim;
    for (sizes->n = 0; sizes->n < call->n_out; left -= sizes->v[sizes->n++])
      sizes->v[sizes->n] = left < size ? left : size;
  }
  int64_t sum = 0;
  for (int i = 0; i < sizes->n; i++) {
    if (sizes->v[i] < 0 || sizes->v[i] > dim)
      return ae_fail (err, AE_ERROR_SHAPE,
          "part %d has size %lld, wanted 0 to %lld", i,
          (long long) sizes->v[i], (long long) dim);
    sum += sizes->v[i];
  }
  if (sizes->n != call->n_out || sum != dim)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%d parts of %lld in all for %d outputs, wanted %lld in all",
        sizes->n, (long long) sum, call->n_out, (long long) dim);
  return AE_OK;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeTensor *x = call->in[0];
  int axis;
  AeStatus status = ae_axis (
      ae_attrs_int (call->attrs, "axis", 0), x->shape.rank, &axis, err);
  if (status != AE_OK)
    return status;
  int64_t named = ae_attrs_int (call->attrs, "num_outputs", call->n_out);
  if (named != call->n_out)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "num_outputs is %lld, the node has %d outputs", (long long) named,
        call->n_out);
  AeInts sizes;
  status = part_sizes (call, x->shape.dim[axis], &sizes, err);
  AeShape shape = x->shape;
  for (int i = 0; i < call->n_out && status == AE_OK; i++) {
    shape.dim[axis] = sizes.v[i];
    status = ae_out_set (call, i, x->type, &shape, err);
  }
  return status;
}

static void
forward (const AeOpCall *call)
{
  const AeTensor *x = call->in[0];
  size_t size = ae_type_size (x->type);
  int axis = ae_axis_attr (call, 0, x->shape.rank);
  AeInts sizes;
  part_sizes (call, x->shape.dim[axis], &sizes, NULL);
  int64_t at = 0;
  for (int i = 0; i < call->n_out; i++) {
    AeTensor *y = call->out[i];
    if (y) {
      int64_t offset;
      AeStrided s = ae_part_view (x, y, axis, at, &offset);
      s = ae_strided_swap (&s);
      ae_strided_copy (call, &s, size, y->data,
          (const char *) x->data + offset * (int64_t) size);
    }
    at += sizes.v[i];
  }
}

static void
backward (const AeOpCall *call)
{
  AeTensor *dx = call->din[0];
  if (!dx)
    return;
  int axis = ae_axis_attr (call, 0, dx->shape.rank);
  AeInts sizes;
  part_sizes (call, dx->shape.dim[axis], &sizes, NULL);
  if (call->overwrite[0])
    memset (dx->data, 0, ae_tensor_bytes (dx));
  int64_t at = 0;
  for (int i = 0; i < call->n_out; i++) {
    const AeTensor *dy = call->dout[i];
    if (call->out[i] && dy) {
      int64_t offset;
      AeStrided s = ae_part_view (dx, dy, axis, at, &offset);
      ae_strided_add (call, &s, (float *) dx->data + offset, dy->data);
    }
    at += sizes.v[i];
  }
}

static bool
layout (const AeOpCall *call, AeOpLayout *want)
{
  const AeTensor *x = call->in[0];
  int axis = ae_axis_attr (call, 0, x->shape.rank);
  if (x->shape.rank != 4
      || !ae_parts_blocked (
          (const AeTensor *const *) call->out, call->n_out, axis))
    return false;
  want->in_blocked = 1;
  want->out_blocked = true;
  return true;
}

const AeOp ae_op_split = {
  .name = "Split",
  .domain = "",
  .since = 2,
  .min_in = 1,
  .max_in = 2,
  .min_out = 1,
  .max_out = AE_MAX_IO,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .layout = layout,
};
