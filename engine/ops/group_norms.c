/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LayerNormalization (Ba et al., 2016), InstanceNormalization (Ulyanov et
 * al., 2016) and GroupNormalization (Wu and He, 2018): the same arithmetic on
 * groups that are chosen differently. */
#include "ops/axes.h"
#include "ops/check.h"
#include "ops/group_stats.h"

#define EPSILON 1e-5f

static float
epsilon_of (const AeOpCall *call)
{
  return ae_attrs_float (call->attrs, "epsilon", EPSILON);
}

/* Scale and bias exist as asked, with x's type and `count` elements. */
static AeStatus
check_parameters (
    const AeOpCall *call, bool optional_bias, size_t count, AeError *err)
{
  AeStatus status = ae_check_type (call, 0, AE_TYPES_FLOAT, err);
  for (int i = 1; i < 3 && status == AE_OK; i++) {
    const AeTensor *t = ae_input (call, i);
    if (i == 2 && !t && optional_bias)
      break;
    status = ae_check_type (call, i, AE_TYPES_FLOAT, err);
    if (status == AE_OK)
      status = ae_check_same_type (call, i, err);
    if (status == AE_OK && ae_shape_count (&t->shape) != count)
      return ae_fail (err, AE_ERROR_SHAPE,
          "input %d has %zu elements, wanted %zu", i,
          ae_shape_count (&t->shape), count);
  }
  return status;
}

static AeStatus
check_rank (const AeOpCall *call, int least, AeError *err)
{
  int rank = call->in[0]->shape.rank;
  if (rank >= least)
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE, "input 0 has rank %d, wanted %d or more",
      rank, least);
}

/* Layer: everything from `axis` on. */
static AeGroupNorm
layer_form (const AeOpCall *call)
{
  const AeShape *shape = &call->in[0]->shape;
  int axis = 0;
  ae_check_axis (
      ae_attrs_int (call->attrs, "axis", -1), shape->rank, &axis, NULL);
  AeAxisView v = ae_axis_view (shape, axis, shape->rank);
  /* One scale for all elements is a parameter that spans the group. */
  bool one = ae_shape_count (&call->in[1]->shape) == 1;
  return (AeGroupNorm){ .groups = v.outer, .length = v.axis, .period = 1,
    .span = one ? v.axis : 1, .epsilon = epsilon_of (call) };
}

static AeStatus
layer_infer (const AeOpCall *call, AeError *err)
{
  const AeTensor *x = call->in[0];
  int axis = 0;
  AeStatus status = ae_check_axis (
      ae_attrs_int (call->attrs, "axis", -1), x->shape.rank, &axis, err);
  if (status != AE_OK)
    return status;
  size_t length = ae_axis_view (&x->shape, axis, x->shape.rank).axis;
  bool one = ae_input (call, 1) && ae_shape_count (&call->in[1]->shape) == 1;
  status = check_parameters (call, true, one ? 1 : length, err);
  if (status != AE_OK)
    return status;
  AeShape reduced = x->shape;
  for (int i = axis; i < reduced.rank; i++)
    reduced.dim[i] = 1;
  AeType stash = (AeType) ae_attrs_int (call->attrs, "stash_type", AE_F32);
  if (!ae_type_in (stash, AE_TYPES_FLOAT))
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "stash_type is %d, wanted a floating-point type", (int) stash);
  ae_set_output (call->out[0], x->type, &x->shape);
  ae_set_output (ae_output (call, 1), stash, &reduced);
  ae_set_output (ae_output (call, 2), stash, &reduced);
  return AE_OK;
}

/* Instance: the pixels of one channel of one image. */
static AeGroupNorm
instance_form (const AeOpCall *call)
{
  AeAxisView v = ae_axis_view (&call->in[0]->shape, 1, 2);
  return (AeGroupNorm){ .groups = v.outer * v.axis, .length = v.inner,
    .period = v.axis ? v.axis : 1, .span = v.inner,
    .epsilon = epsilon_of (call) };
}

static AeStatus
instance_infer (const AeOpCall *call, AeError *err)
{
  AeStatus status = check_rank (call, 3, err);
  if (status == AE_OK)
    status = check_parameters (
        call, false, (size_t) call->in[0]->shape.dim[1], err);
  if (status == AE_OK)
    ae_set_output (call->out[0], call->in[0]->type, &call->in[0]->shape);
  return status;
}

/* Group: num_groups sets of channels of one image. Scale and bias are per
 * group before opset 21, per channel from then on. */
static AeGroupNorm
group_form (const AeOpCall *call)
{
  AeAxisView v = ae_axis_view (&call->in[0]->shape, 1, 2);
  size_t n = (size_t) ae_attrs_int (call->attrs, "num_groups", 1);
  size_t length = v.axis / n * v.inner;
  return (AeGroupNorm){ .groups = v.outer * n, .length = length, .period = n,
    .span = call->opset < 21 ? length : v.inner,
    .epsilon = epsilon_of (call) };
}

static AeStatus
group_infer (const AeOpCall *call, AeError *err)
{
  AeStatus status = check_rank (call, 2, err);
  if (status != AE_OK)
    return status;
  int64_t channels = call->in[0]->shape.dim[1];
  int64_t n = ae_attrs_int (call->attrs, "num_groups", 0);
  if (n < 1 || channels % n != 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "num_groups is %lld, wanted a divisor of %lld channels",
        (long long) n, (long long) channels);
  status = check_parameters (
      call, false, (size_t) (call->opset < 21 ? n : channels), err);
  if (status == AE_OK)
    ae_set_output (call->out[0], call->in[0]->type, &call->in[0]->shape);
  return status;
}

typedef AeGroupNorm (*FormOf) (const AeOpCall *call);

static AeGroupNorm
form_of (const AeOpCall *call)
{
  return (*(const FormOf *) call->op->family) (call);
}

static void
forward (const AeOpCall *call)
{
  AeGroupNorm g = form_of (call);
  ae_group_norm_forward (call, &g);
}

static void
backward (const AeOpCall *call)
{
  AeGroupNorm g = form_of (call);
  ae_group_norm_backward (call, &g);
}

static size_t
work_size (const AeOpCall *call, bool grad)
{
  AeGroupNorm g = form_of (call);
  return grad ? ae_group_norm_work (&g) : 0;
}

static const FormOf layer = layer_form, instance = instance_form,
                    group = group_form;

#define NORM_OP(op_name, first, least, outputs, id) \
  { \
    .name = op_name, .domain = "", .since = first, .min_in = least, \
    .max_in = 3, .min_out = 1, .max_out = outputs, \
    .flags = AE_GRAD_READS_IN, .infer = id##_infer, .forward = forward, \
    .backward = backward, .work_size = work_size, .family = &id, \
  }

const AeOp ae_op_layer_norm
    = NORM_OP ("LayerNormalization", 17, 2, 3, layer);
const AeOp ae_op_instance_norm
    = NORM_OP ("InstanceNormalization", 6, 3, 1, instance);
const AeOp ae_op_group_norm
    = NORM_OP ("GroupNormalization", 18, 3, 1, group);
