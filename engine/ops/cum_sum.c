/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/loop.h"
#include "ops/params.h"

/* A running sum along one axis. */
typedef struct {
  const AeTensor *from;
  AeTensor *to;
  size_t along, inner;
  bool reverse, exclusive, add;
} Sum;

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeTensor *x = call->in[0], *axis = call->in[1];
  int found;
  if (ae_shape_count (&axis->shape) != 1
      || (axis->type != AE_I64 && axis->type != AE_I32))
    return ae_fail (err, AE_ERROR_SHAPE,
        "axis has %zu values of %s, wanted one of i32 or i64",
        ae_shape_count (&axis->shape), ae_type_name (axis->type));
  if (x->shape.rank == 0)
    return ae_fail (err, AE_ERROR_SHAPE, "input is a scalar");
  AeStatus status = axis->data ? ae_axis (ae_tensor_get_int (axis, 0),
                                     x->shape.rank, &found, err)
                               : AE_OK;
  if (status != AE_OK)
    return status;
  return ae_out_set (call, 0, x->type, &x->shape, err);
}

static void
sum_line (const Sum *s, size_t first)
{
  double sum = 0;
  int64_t whole = 0;
  for (size_t k = 0; k < s->along; k++) {
    size_t i = first + (s->reverse ? s->along - 1 - k : k) * s->inner;
    if (s->to->type == AE_I64) {
      int64_t v = ((const int64_t *) s->from->data)[i], before = whole;
      whole = (int64_t) ((uint64_t) whole + (uint64_t) v);
      ((int64_t *) s->to->data)[i] = s->exclusive ? before : whole;
      continue;
    }
    double before = sum;
    sum += ae_tensor_get (s->from, i);
    double value = s->exclusive ? before : sum;
    ae_tensor_set (
        s->to, i, s->add ? value + ae_tensor_get (s->to, i) : value);
  }
}

static void
sum_range (void *arg, size_t begin, size_t end, int thread)
{
  const Sum *s = arg;
  for (size_t i = begin; i < end; i++)
    sum_line (s, i / s->inner * s->along * s->inner + i % s->inner);
}

/* An axis outside its range, unknown until now, is brought inside. */
static void
run (const AeOpCall *call, const AeTensor *from, AeTensor *to, bool back,
    bool add)
{
  const AeShape *shape = &call->in[0]->shape;
  int64_t axis = ae_tensor_get_int (call->in[1], 0);
  axis += axis < 0 ? shape->rank : 0;
  axis = axis < 0 ? 0 : axis >= shape->rank ? shape->rank - 1 : axis;
  bool reverse = ae_attrs_int (call->attrs, "reverse", 0) != 0;
  Sum s = { from, to, (size_t) shape->dim[axis],
    ae_shape_span (shape, (int) axis + 1, shape->rank), reverse != back,
    ae_attrs_int (call->attrs, "exclusive", 0) != 0, add };
  ae_for_range (call, ae_shape_span (shape, 0, (int) axis) * s.inner,
      8192 / (s.along + 1) + 1, sum_range, &s);
}

static void
forward (const AeOpCall *call)
{
  run (call, call->in[0], call->out[0], false, false);
}

/* Every input reaches the outputs behind it: a sum from the other end. */
static void
backward (const AeOpCall *call)
{
  if (call->din[0])
    run (call, call->dout[0], call->din[0], true, !call->overwrite[0]);
}

const AeOp ae_op_cum_sum = {
  .name = "CumSum",
  .domain = "",
  .since = 11,
  .min_in = 2,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
