/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/parts.h"
#include "ops/params.h"

#include <string.h>

/* Sizes along the axis: given by attribute (to opset 12) or input 1 (from 13),
 * else equal; from opset 18 the last may be smaller. */
typedef struct {
  const AeTensor *input;
  const int64_t *list;
  int n;
  int64_t dim, each; /* of the axis; of equal parts */
} Sizes;

static Sizes
part_sizes (const AeOpCall *call, int64_t dim)
{
  int64_t n = call->n_out;
  size_t listed;
  Sizes s = { .input = ae_in (call, 1), .n = call->n_out, .dim = dim,
    .each = call->opset >= 18 ? (dim + n - 1) / n : dim / n };
  s.list = ae_attrs_ints (call->attrs, "split", &listed);
  if (s.input)
    s.n = (int) ae_shape_count (&s.input->shape);
  else if (s.list)
    s.n = (int) listed;
  return s;
}

static int64_t
size_of (const Sizes *s, int i)
{
  if (s->input)
    return ae_tensor_get_int (s->input, (size_t) i);
  if (s->list)
    return s->list[i];
  int64_t left = s->dim - i * s->each;
  return left < 0 ? 0 : left < s->each ? left : s->each;
}

static AeStatus
check_sizes (const Sizes *s, int n_out, AeError *err)
{
  int64_t sum = 0;
  for (int i = 0; i < s->n; i++) {
    int64_t size = size_of (s, i);
    if (size < 0 || size > s->dim - sum)
      return ae_fail (err, AE_ERROR_SHAPE,
          "part %d has size %lld, wanted 0 to %lld", i, (long long) size,
          (long long) (s->dim - sum));
    sum += size;
  }
  if (s->n != n_out || sum != s->dim)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%d parts of %lld in all for %d outputs, wanted %lld in all", s->n,
        (long long) sum, n_out, (long long) s->dim);
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
  if (ae_in (call, 1)
      && (status = ae_ints_check (call->in[1], "split", err)) != AE_OK)
    return status;
  Sizes sizes = part_sizes (call, x->shape.dim[axis]);
  status = check_sizes (&sizes, call->n_out, err);
  AeShape shape = x->shape;
  for (int i = 0; i < call->n_out && status == AE_OK; i++) {
    shape.dim[axis] = size_of (&sizes, i);
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
  Sizes sizes = part_sizes (call, x->shape.dim[axis]);
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
    at += size_of (&sizes, i);
  }
}

static void
backward (const AeOpCall *call)
{
  AeTensor *dx = call->din[0];
  if (!dx)
    return;
  int axis = ae_axis_attr (call, 0, dx->shape.rank);
  Sizes sizes = part_sizes (call, dx->shape.dim[axis]);
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
    at += size_of (&sizes, i);
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
  .max_out = AE_ANY_NUMBER,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .layout = layout,
};
