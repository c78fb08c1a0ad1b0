/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GatherND and ScatterND: the last axis of the index tensor holds the leading
 * coordinates of a slice of the data. Indices are data of the run: a
 * coordinate outside its range is brought to the nearest end. */
#include "ops/params.h"
#include "ops/places.h"

typedef struct {
  const AeShape *data;
  const AeTensor *index;
  int batch, k;     /* leading axes in common; coordinates per tuple */
  size_t n, slice;  /* tuples; elements of a slice */
  size_t per_batch; /* tuples of one batch */
} Walk;

/* ScatterND, which has updates, knows no batches. */
static int64_t
batch_axes (const AeOpCall *call)
{
  return call->n_in > 2 ? 0 : ae_attrs_int (call->attrs, "batch_dims", 0);
}

static Walk
make_walk (const AeOpCall *call)
{
  const AeShape *index = &call->in[1]->shape;
  int batch = (int) batch_axes (call);
  Walk w = { .data = &call->in[0]->shape, .index = call->in[1],
    .batch = batch };
  w.k = (int) index->dim[index->rank - 1];
  w.n = ae_shape_span (index, 0, index->rank - 1);
  w.slice = ae_shape_span (w.data, batch + w.k, w.data->rank);
  w.per_batch = ae_shape_span (index, batch, index->rank - 1);
  return w;
}

static AeStatus
check (const AeOpCall *call, AeError *err)
{
  int64_t batch = batch_axes (call);
  const AeShape *data = &call->in[0]->shape, *index = &call->in[1]->shape;
  if (call->in[1]->type != AE_I64 || index->rank < 1 || data->rank < 1)
    return ae_fail (err, AE_ERROR_SHAPE,
        "indices are %s of rank %d, wanted i64 of rank 1 or more",
        ae_type_name (call->in[1]->type), index->rank);
  int64_t k = index->dim[index->rank - 1];
  if (batch < 0 || batch >= index->rank || batch + k > data->rank)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%lld batch axes and %lld coordinates for data of rank %d",
        (long long) batch, (long long) k, data->rank);
  for (int i = 0; i < batch; i++)
    if (data->dim[i] != index->dim[i])
      return ae_fail (err, AE_ERROR_SHAPE,
          "batch axis %d has dimension %lld in the data and %lld in the "
          "indices", i, (long long) data->dim[i], (long long) index->dim[i]);
  for (int64_t i = batch; i < batch + k; i++)
    if (data->dim[i] == 0 && ae_shape_count (index) > 0)
      return ae_fail (err, AE_ERROR_SHAPE,
          "axis %lld of the data has dimension 0", (long long) i);
  return AE_OK;
}

/* First element of the slice that tuple i names. */
static size_t
place_of (const void *arg, size_t i)
{
  const Walk *w = arg;
  size_t place = w->per_batch ? i / w->per_batch : 0;
  for (int a = 0; a < w->k; a++) {
    int64_t dim = w->data->dim[w->batch + a];
    int64_t at = ((const int64_t *) w->index->data)[i * (size_t) w->k
        + (size_t) a];
    at += at < 0 ? dim : 0;
    at = at < 0 ? 0 : at >= dim ? dim - 1 : at;
    place = place * (size_t) dim + (size_t) at;
  }
  return place * w->slice;
}

static AeStatus
infer_gather (const AeOpCall *call, AeError *err)
{
  AeStatus status = check (call, err);
  if (status != AE_OK)
    return status;
  const AeShape *data = &call->in[0]->shape, *index = &call->in[1]->shape;
  int rest = (int) (batch_axes (call) + index->dim[index->rank - 1]);
  AeShape shape = *index;
  shape.rank = index->rank - 1 + data->rank - rest;
  if (shape.rank > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT, "the result has rank %d, wanted %d",
        shape.rank, AE_MAX_RANK);
  for (int i = 0; i < data->rank - rest; i++)
    shape.dim[index->rank - 1 + i] = data->dim[rest + i];
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static AeStatus
infer_scatter (const AeOpCall *call, AeError *err)
{
  AeReduction reduction;
  AeStatus status = check (call, err);
  if (status != AE_OK
      || (status = ae_reduction_read (call, &reduction, err)) != AE_OK)
    return status;
  Walk w = make_walk (call);
  if (call->in[2]->type != call->in[0]->type
      || ae_shape_count (&call->in[2]->shape) != w.n * w.slice)
    return ae_fail (err, AE_ERROR_SHAPE,
        "updates have %zu elements of %s, wanted %zu of %s",
        ae_shape_count (&call->in[2]->shape),
        ae_type_name (call->in[2]->type), w.n * w.slice,
        ae_type_name (call->in[0]->type));
  return ae_out_set (
      call, 0, call->in[0]->type, &call->in[0]->shape, err);
}

static void
run (const AeOpCall *call, void (*fn) (const AeOpCall *, const AePlaces *))
{
  Walk w = make_walk (call);
  AePlaces p = { w.n, w.slice, place_of, &w };
  fn (call, &p);
}

static void
forward_gather (const AeOpCall *call)
{
  run (call, ae_gather);
}

static void
backward_gather (const AeOpCall *call)
{
  run (call, ae_gather_grad);
}

static void
forward_scatter (const AeOpCall *call)
{
  run (call, ae_scatter);
}

static void
backward_scatter (const AeOpCall *call)
{
  run (call, ae_scatter_grad);
}

const AeOp ae_op_gather_nd = {
  .name = "GatherND",
  .domain = "",
  .since = 11,
  .min_in = 2,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN,
  .infer = infer_gather,
  .forward = forward_gather,
  .backward = backward_gather,
};

const AeOp ae_op_scatter_nd = {
  .name = "ScatterND",
  .domain = "",
  .since = 11,
  .min_in = 3,
  .max_in = 3,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_OP_IN_PLACE | AE_GRAD_READS_IN | AE_GRAD_READS_OUT,
  .infer = infer_scatter,
  .forward = forward_scatter,
  .backward = backward_scatter,
  .work_size = ae_scatter_work,
};
