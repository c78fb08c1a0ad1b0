/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GatherElements and ScatterElements (Scatter before opset 11): the index
 * tensor replaces one coordinate of each of its own positions. Indices are
 * data of the run: one outside its range is brought to the nearest end. */
#include "ops/params.h"
#include "ops/places.h"

/* Input 0, the data, seen from the positions of the index tensor. */
typedef struct {
  const AeTensor *index;
  int axis;
  int64_t dim; /* of the data's axis */
  int64_t stride[AE_MAX_RANK];
} Walk;

static AeStatus
check (const AeOpCall *call, AeError *err)
{
  const AeShape *data = &call->in[0]->shape, *index = &call->in[1]->shape;
  AeType type = call->in[1]->type;
  int axis;
  AeStatus status = ae_axis (
      ae_attrs_int (call->attrs, "axis", 0), data->rank, &axis, err);
  if (status != AE_OK)
    return status;
  if ((type != AE_I64 && type != AE_I32) || index->rank != data->rank)
    return ae_fail (err, AE_ERROR_SHAPE,
        "indices are %s of rank %d, wanted i32 or i64 of rank %d",
        ae_type_name (type), index->rank, data->rank);
  for (int i = 0; i < data->rank && ae_shape_count (index) > 0; i++)
    if (i == axis ? data->dim[i] == 0 : index->dim[i] > data->dim[i])
      return ae_fail (err, AE_ERROR_SHAPE,
          "indices have dimension %lld on axis %d, the data %lld",
          (long long) index->dim[i], i, (long long) data->dim[i]);
  return AE_OK;
}

static Walk
make_walk (const AeOpCall *call)
{
  const AeShape *index = &call->in[1]->shape;
  Walk w = { .index = call->in[1],
    .axis = ae_axis_attr (call, 0, index->rank) };
  w.dim = call->in[0]->shape.dim[w.axis];
  ae_shape_strides (&call->in[0]->shape, false, w.stride);
  return w;
}

/* Where in the data position i of the index tensor points. */
static size_t
place_of (const void *arg, size_t i)
{
  const Walk *w = arg;
  const AeShape *shape = &w->index->shape;
  int64_t at = ae_tensor_get_int (w->index, i), place = 0;
  at += at < 0 ? w->dim : 0;
  at = at < 0 ? 0 : at >= w->dim ? w->dim - 1 : at;
  for (int a = shape->rank - 1; a >= 0; a--) {
    size_t k = i % (size_t) shape->dim[a];
    i /= (size_t) shape->dim[a];
    place += (a == w->axis ? at : (int64_t) k) * w->stride[a];
  }
  return (size_t) place;
}

static AeStatus
infer_gather (const AeOpCall *call, AeError *err)
{
  AeStatus status = check (call, err);
  if (status != AE_OK)
    return status;
  return ae_out_set (
      call, 0, call->in[0]->type, &call->in[1]->shape, err);
}

static AeStatus
infer_scatter (const AeOpCall *call, AeError *err)
{
  AeReduction reduction;
  AeStatus status = check (call, err);
  if (status != AE_OK
      || (status = ae_reduction_read (call, &reduction, err)) != AE_OK)
    return status;
  if (call->in[2]->type != call->in[0]->type
      || !ae_shape_equal (&call->in[2]->shape, &call->in[1]->shape))
    return ae_fail (err, AE_ERROR_SHAPE,
        "updates have not the type of the data and the shape of the indices");
  return ae_out_set (
      call, 0, call->in[0]->type, &call->in[0]->shape, err);
}

static void
run (const AeOpCall *call, void (*fn) (const AeOpCall *, const AePlaces *))
{
  Walk w = make_walk (call);
  AePlaces p = { ae_shape_count (&w.index->shape), 1, place_of, &w };
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

const AeOp ae_op_gather_elements = {
  .name = "GatherElements",
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

const AeOp ae_op_scatter = {
  .name = "Scatter",
  .domain = "",
  .since = 9,
  .until = 10,
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

const AeOp ae_op_scatter_elements = {
  .name = "ScatterElements",
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
