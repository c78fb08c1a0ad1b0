/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TopK: the k largest (smallest) of each line along an axis, best first; of
 * equal values the first counts as better. A heap of k places, the worst on
 * top, takes one element after the other. */
#include "ops/params.h"

#include <string.h>

typedef struct {
  const AeTensor *x;
  size_t first, step; /* element i of the line: first + i * step */
  bool largest;
} Line;

/* k is an attribute up to opset 9, then input 1. */
static AeStatus
read_k (const AeOpCall *call, int64_t *k, AeError *err)
{
  const AeTensor *given = ae_in (call, 1);
  *k = ae_attrs_int (call->attrs, "k", -1);
  if (given) {
    AeInts value;
    AeStatus status = ae_ints_read (given, "k", &value, err);
    if (status != AE_OK)
      return status;
    *k = value.n == 1 ? value.v[0] : -1;
  }
  return AE_OK;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeShape shape = call->in[0]->shape;
  int64_t k;
  int axis;
  AeStatus status = ae_axis (
      ae_attrs_int (call->attrs, "axis", -1), shape.rank, &axis, err);
  if (status != AE_OK || (status = read_k (call, &k, err)) != AE_OK)
    return status;
  if (k < 0 || k > shape.dim[axis])
    return ae_fail (err, AE_ERROR_SHAPE, "k is %lld, wanted 0 to %lld",
        (long long) k, (long long) shape.dim[axis]);
  shape.dim[axis] = k;
  status = ae_out_set (call, 0, call->in[0]->type, &shape, err);
  if (status != AE_OK)
    return status;
  return ae_out_set (call, 1, AE_I64, &shape, err);
}

static bool
better (const Line *l, int64_t a, int64_t b)
{
  size_t i = l->first + (size_t) a * l->step;
  size_t j = l->first + (size_t) b * l->step;
  if (l->x->type == AE_I64) {
    int64_t u = ((const int64_t *) l->x->data)[i];
    int64_t v = ((const int64_t *) l->x->data)[j];
    return u == v ? a < b : l->largest ? u > v : u < v;
  }
  double u = ae_tensor_get (l->x, i), v = ae_tensor_get (l->x, j);
  return u == v ? a < b : l->largest ? u > v : u < v;
}

/* Moves the element on top down until nothing below it is worse. */
static void
sink (const Line *l, int64_t *heap, int64_t n)
{
  int64_t at = 0, moved = heap[0];
  for (;;) {
    int64_t child = 2 * at + 1;
    if (child >= n)
      break;
    if (child + 1 < n && better (l, heap[child], heap[child + 1]))
      child++;
    if (!better (l, moved, heap[child]))
      break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = moved;
}

static void
rise (const Line *l, int64_t *heap, int64_t at)
{
  int64_t moved = heap[at];
  for (; at > 0 && better (l, heap[(at - 1) / 2], moved); at = (at - 1) / 2)
    heap[at] = heap[(at - 1) / 2];
  heap[at] = moved;
}

/* heap[0 .. k-1] = the k best, best first. */
static void
select_best (const Line *l, int64_t *heap, int64_t k, int64_t n)
{
  for (int64_t i = 0; i < n && k > 0; i++) {
    if (i < k) {
      heap[i] = i;
      rise (l, heap, i);
    } else if (better (l, i, heap[0])) {
      heap[0] = i;
      sink (l, heap, k);
    }
  }
  for (int64_t left = k - 1; left > 0; left--) {
    int64_t worst = heap[0];
    heap[0] = heap[left];
    heap[left] = worst;
    sink (l, heap, left);
  }
}

/* One of the best of a line: element `from` of x, `place` in its line, becomes
 * element `to` of the outputs. */
typedef void (*Take) (
    const AeOpCall *call, size_t from, size_t to, int64_t place);

static void
take_each (const AeOpCall *call, const AeShape *best, Take take)
{
  const AeTensor *x = call->in[0];
  int axis = ae_axis_attr (call, -1, x->shape.rank);
  size_t inner = ae_shape_span (&x->shape, axis + 1, x->shape.rank);
  size_t lines = ae_shape_span (&x->shape, 0, axis) * inner;
  int64_t n = x->shape.dim[axis], k = best->dim[axis];
  int64_t *heap = call->work;
  Line l = { x, 0, inner,
    ae_attrs_int (call->attrs, "largest", 1) != 0 };
  for (size_t i = 0; i < lines; i++) {
    l.first = i / inner * (size_t) n * inner + i % inner;
    size_t to = i / inner * (size_t) k * inner + i % inner;
    select_best (&l, heap, k, n);
    for (int64_t j = 0; j < k; j++, to += inner)
      take (call, l.first + (size_t) heap[j] * inner, to, heap[j]);
  }
}

static void
take_value (const AeOpCall *call, size_t from, size_t to, int64_t place)
{
  const AeTensor *x = call->in[0];
  AeTensor *values = call->out[0], *places = ae_out (call, 1);
  if (places)
    ((int64_t *) places->data)[to] = place;
  if (!values)
    return;
  if (x->type == AE_I64)
    ((int64_t *) values->data)[to] = ((const int64_t *) x->data)[from];
  else
    ae_tensor_set (values, to, ae_tensor_get (x, from));
}

static void
forward (const AeOpCall *call)
{
  const AeTensor *shaped = call->out[0] ? call->out[0] : ae_out (call, 1);
  take_each (call, &shaped->shape, take_value);
}

static void
add_gradient (const AeOpCall *call, size_t from, size_t to, int64_t place)
{
  ((float *) call->din[0]->data)[from]
      += ((const float *) call->dout[0]->data)[to];
}

static void
backward (const AeOpCall *call)
{
  AeTensor *dx = call->din[0];
  if (!dx)
    return;
  if (call->overwrite[0])
    memset (dx->data, 0, ae_tensor_bytes (dx));
  if (call->dout[0])
    take_each (call, &call->dout[0]->shape, add_gradient);
}

static size_t
work_size (const AeOpCall *call, bool grad)
{
  const AeShape *shape = &call->in[0]->shape;
  int axis = ae_axis_attr (call, -1, shape->rank);
  return (size_t) shape->dim[axis] * sizeof (int64_t);
}

const AeOp ae_op_top_k = {
  .name = "TopK",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 2,
  .min_out = 1,
  .max_out = 2,
  .flags = AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .work_size = work_size,
};
