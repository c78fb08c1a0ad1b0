/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ArgMax and ArgMin: where along one axis the extreme value is. */
#include "ops/axes.h"
#include "ops/check.h"

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  int axis = 0;
  AeStatus status = ae_check_type (call, 0, AE_TYPES_NUMBER, err);
  if (status == AE_OK)
    status = ae_check_axis (ae_attrs_int (call->attrs, "axis", 0),
        call->in[0]->shape.rank, &axis, err);
  if (status != AE_OK)
    return status;
  AeShape shape = call->in[0]->shape;
  if (shape.dim[axis] == 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "axis %d has dimension 0, wanted 1 or more", axis);
  shape.dim[axis] = 1;
  if (!ae_attrs_int (call->attrs, "keepdims", 1)) {
    for (int i = axis; i + 1 < shape.rank; i++)
      shape.dim[i] = shape.dim[i + 1];
    shape.rank--;
  }
  ae_set_output (call->out[0], AE_I64, &shape);
  return AE_OK;
}

static void
forward (const AeOpCall *call)
{
  const AeTensor *x = call->in[0];
  int64_t *y = call->out[0]->data;
  bool last = ae_attrs_int (call->attrs, "select_last_index", 0) != 0;
  double sign = *(const double *) call->op->family;
  int axis = 0;
  ae_check_axis (ae_attrs_int (call->attrs, "axis", 0), x->shape.rank, &axis,
      NULL);
  AeAxisView v = ae_axis_view (&x->shape, axis, axis + 1);
  for (size_t o = 0; o < v.outer; o++)
    for (size_t i = 0; i < v.inner; i++) {
      size_t at = o * v.axis * v.inner + i, best = 0;
      double top = sign * ae_tensor_get (x, at);
      for (size_t a = 1; a < v.axis; a++) {
        double value = sign * ae_tensor_get (x, at + a * v.inner);
        if (value > top || (last && value == top)) {
          top = value;
          best = a;
        }
      }
      y[o * v.inner + i] = (int64_t) best;
    }
}

static const double plus = 1, minus = -1;

#define ARG_OP(op_name, sign) \
  { \
    .name = op_name, .domain = "", .since = 1, .min_in = 1, .max_in = 1, \
    .min_out = 1, .max_out = 1, .infer = infer, .forward = forward, \
    .family = &sign, \
  }

const AeOp ae_op_arg_max = ARG_OP ("ArgMax", plus);
const AeOp ae_op_arg_min = ARG_OP ("ArgMin", minus);
