/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/params.h"

#include <string.h>

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeTensor *x = call->in[0], *k = ae_in (call, 1);
  if (x->shape.rank < 2)
    return ae_fail (err, AE_ERROR_SHAPE, "input has rank %d, wanted 2 or more",
        x->shape.rank);
  if (k && (k->type != AE_I64 || ae_shape_count (&k->shape) != 1))
    return ae_fail (err, AE_ERROR_SHAPE, "k is not one i64");
  return ae_out_set (call, 0, x->type, &x->shape, err);
}

/* Columns [*begin, *end) that stay in `row`. */
static void
kept (const AeOpCall *call, int64_t row, int64_t *begin, int64_t *end)
{
  const AeShape *shape = &call->in[0]->shape;
  const AeTensor *given = ae_in (call, 1);
  int64_t columns = shape->dim[shape->rank - 1];
  int64_t k = given ? ae_tensor_get_int (given, 0) : 0;
  k = k > AE_MAX_ELEMENTS ? AE_MAX_ELEMENTS : k;
  k = k < -AE_MAX_ELEMENTS ? -AE_MAX_ELEMENTS : k;
  bool upper = ae_attrs_int (call->attrs, "upper", 1) != 0;
  int64_t edge = upper ? row + k : row + k + 1;
  edge = edge < 0 ? 0 : edge > columns ? columns : edge;
  *begin = upper ? edge : 0;
  *end = upper ? columns : edge;
}

static void
forward (const AeOpCall *call)
{
  const AeShape *shape = &call->in[0]->shape;
  size_t size = ae_type_size (call->in[0]->type);
  size_t columns = (size_t) shape->dim[shape->rank - 1];
  size_t rows = (size_t) shape->dim[shape->rank - 2];
  for (size_t i = 0; i < ae_shape_span (shape, 0, shape->rank - 1); i++) {
    int64_t begin, end;
    kept (call, (int64_t) (i % rows), &begin, &end);
    char *to = (char *) call->out[0]->data + i * columns * size;
    const char *from
        = (const char *) call->in[0]->data + i * columns * size;
    size_t first = (size_t) begin * size, last = (size_t) end * size;
    memset (to, 0, first);
    memmove (to + first, from + first, last - first);
    memset (to + last, 0, columns * size - last);
  }
}

static void
backward (const AeOpCall *call)
{
  const AeShape *shape = &call->in[0]->shape;
  if (!call->din[0])
    return;
  int64_t columns = shape->dim[shape->rank - 1];
  size_t rows = (size_t) shape->dim[shape->rank - 2];
  float *dx = call->din[0]->data;
  const float *dy = call->dout[0]->data;
  for (size_t i = 0; i < ae_shape_span (shape, 0, shape->rank - 1); i++) {
    int64_t begin, end;
    kept (call, (int64_t) (i % rows), &begin, &end);
    for (int64_t c = 0; c < columns; c++, dx++, dy++) {
      float g = c >= begin && c < end ? *dy : 0;
      *dx = call->overwrite[0] ? g : *dx + g;
    }
  }
}

const AeOp ae_op_trilu = {
  .name = "Trilu",
  .domain = "",
  .since = 14,
  .min_in = 1,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_OP_IN_PLACE | AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
