/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gather: slices along one axis, chosen by an index tensor. Indices are data
 * of the run: one outside its range is brought to the nearest end. */
#include "ops/loop.h"
#include "ops/params.h"

#include <string.h>

typedef struct {
  const AeOpCall *call;
  const AeTensor *index;
  size_t n_index, inner; /* indices; elements of one slice */
  int64_t dim;           /* of the axis */
  size_t size;           /* bytes of an element */
} Pick;

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeShape *in = &call->in[0]->shape, *index = &call->in[1]->shape;
  AeType type = call->in[1]->type;
  int axis;
  AeStatus status = ae_axis (
      ae_attrs_int (call->attrs, "axis", 0), in->rank, &axis, err);
  if (status != AE_OK)
    return status;
  if (type != AE_I64 && type != AE_I32)
    return ae_fail (err, AE_ERROR_SHAPE, "indices are %s, wanted i32 or i64",
        ae_type_name (type));
  if (in->dim[axis] == 0 && ae_shape_count (index) > 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "axis %d has dimension 0, wanted at least 1", axis);
  AeShape shape = { .rank = in->rank - 1 + index->rank };
  if (shape.rank > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT, "the result has rank %d, wanted %d",
        shape.rank, AE_MAX_RANK);
  for (int i = 0; i < shape.rank; i++)
    shape.dim[i] = i < axis ? in->dim[i]
        : i < axis + index->rank ? index->dim[i - axis]
                                 : in->dim[i - index->rank + 1];
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static Pick
make_pick (const AeOpCall *call)
{
  const AeShape *in = &call->in[0]->shape;
  int axis = ae_axis_attr (call, 0, in->rank);
  return (Pick) { call, call->in[1], ae_shape_count (&call->in[1]->shape),
    ae_shape_span (in, axis + 1, in->rank), in->dim[axis],
    ae_type_size (call->in[0]->type) };
}

static size_t
index_at (const Pick *p, size_t i)
{
  int64_t at = ae_tensor_get_int (p->index, i);
  at += at < 0 ? p->dim : 0;
  return (size_t) (at < 0 ? 0 : at >= p->dim ? p->dim - 1 : at);
}

static void
gather_range (void *arg, size_t begin, size_t end, int thread)
{
  const Pick *p = arg;
  const char *from = p->call->in[0]->data;
  char *to = p->call->out[0]->data;
  size_t bytes = p->inner * p->size;
  size_t outer = begin / p->n_index, k = begin % p->n_index;
  for (size_t i = begin; i < end; i++) {
    memcpy (to + i * bytes,
        from + (outer * (size_t) p->dim + index_at (p, k)) * bytes, bytes);
    if (++k == p->n_index) {
      k = 0;
      outer++;
    }
  }
}

static size_t
outer_count (const AeOpCall *call)
{
  const AeShape *in = &call->in[0]->shape;
  return ae_shape_span (in, 0, ae_axis_attr (call, 0, in->rank));
}

static void
forward (const AeOpCall *call)
{
  Pick p = make_pick (call);
  if (p.inner > 0)
    ae_for_range (call, outer_count (call) * p.n_index,
        16384 / p.inner + 1, gather_range, &p);
}

static void
scatter_range (void *arg, size_t begin, size_t end, int thread)
{
  const Pick *p = arg;
  const float *dy = p->call->dout[0]->data;
  float *dx = p->call->din[0]->data;
  size_t block = (size_t) p->dim * p->inner;
  for (size_t outer = begin; outer < end; outer++) {
    float *to = dx + outer * block;
    if (p->call->overwrite[0])
      memset (to, 0, block * sizeof *to);
    for (size_t k = 0; k < p->n_index; k++) {
      const float *from = dy + (outer * p->n_index + k) * p->inner;
      float *slice = to + index_at (p, k) * p->inner;
      for (size_t i = 0; i < p->inner; i++)
        slice[i] += from[i];
    }
  }
}

static void
backward (const AeOpCall *call)
{
  if (!call->din[0])
    return;
  Pick p = make_pick (call);
  ae_for_range (call, outer_count (call), 1, scatter_range, &p);
}

const AeOp ae_op_gather = {
  .name = "Gather",
  .domain = "",
  .since = 1,
  .min_in = 2,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
