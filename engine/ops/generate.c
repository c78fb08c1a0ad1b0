/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tensors made from few numbers: ConstantOfShape, Range, EyeLike. */
#include "ops/params.h"

#include <math.h>
#include <string.h>

static AeStatus
infer_constant_of_shape (const AeOpCall *call, AeError *err)
{
  AeInts dims;
  AeStatus status = ae_ints_read (call->in[0], "input", &dims, err);
  if (status != AE_OK)
    return status;
  if (dims.n > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT, "input has %d values, wanted %d",
        dims.n, AE_MAX_RANK);
  AeShape shape = { .rank = dims.n };
  for (int i = 0; i < dims.n; i++)
    shape.dim[i] = dims.v[i];
  const AeAttr *value = ae_attrs_find (call->attrs, "value");
  if (value
      && (value->kind != AE_ATTR_TENSOR
          || ae_shape_count (&value->t->shape) != 1))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "attribute value is not a tensor of one element");
  return ae_out_set (call, 0, value ? value->t->type : AE_F32, &shape, err);
}

static void
forward_constant_of_shape (const AeOpCall *call)
{
  AeTensor *y = call->out[0];
  const AeAttr *value = ae_attrs_find (call->attrs, "value");
  size_t size = ae_type_size (y->type), n = ae_shape_count (&y->shape);
  static const float zero = 0;
  const void *from = value ? value->t->data : &zero;
  for (size_t i = 0; i < n; i++)
    memcpy ((char *) y->data + i * size, from, size);
}

static AeStatus
infer_range (const AeOpCall *call, AeError *err)
{
  static const char *const names[] = { "start", "limit", "delta" };
  const AeTensor *const *in = call->in;
  bool known = true;
  for (int i = 0; i < 3; i++) {
    if (ae_shape_count (&in[i]->shape) != 1 || in[i]->type != in[0]->type)
      return ae_fail (err, AE_ERROR_SHAPE,
          "%s has %zu elements of %s, wanted one of %s", names[i],
          ae_shape_count (&in[i]->shape), ae_type_name (in[i]->type),
          ae_type_name (in[0]->type));
    known = known && in[i]->data;
  }
  if (!known)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "start, limit and delta decide a shape, but their values are not "
        "known before the run");
  double start = ae_tensor_get (in[0], 0), limit = ae_tensor_get (in[1], 0);
  double delta = ae_tensor_get (in[2], 0);
  if (delta == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT, "delta is 0, wanted another");
  double n = ceil ((limit - start) / delta);
  if (!(n <= (double) AE_MAX_ELEMENTS))
    return ae_fail (err, AE_ERROR_LIMIT, "%g elements, wanted at most %g", n,
        (double) AE_MAX_ELEMENTS);
  AeShape shape = { 1, { n > 0 ? (int64_t) n : 0 } };
  return ae_out_set (call, 0, in[0]->type, &shape, err);
}

static void
forward_range (const AeOpCall *call)
{
  AeTensor *y = call->out[0];
  int64_t n = y->shape.dim[0];
  if (y->type == AE_I64) {
    int64_t start = *(const int64_t *) call->in[0]->data;
    int64_t delta = *(const int64_t *) call->in[2]->data;
    for (int64_t i = 0; i < n; i++)
      ((int64_t *) y->data)[i] = start + i * delta;
    return;
  }
  double start = ae_tensor_get (call->in[0], 0);
  double delta = ae_tensor_get (call->in[2], 0);
  for (int64_t i = 0; i < n; i++)
    ae_tensor_set (y, (size_t) i, start + (double) i * delta);
}

static AeStatus
infer_eye_like (const AeOpCall *call, AeError *err)
{
  const AeTensor *x = call->in[0];
  AeType type = (AeType) ae_attrs_int (call->attrs, "dtype", x->type);
  if (x->shape.rank != 2 || ae_type_size (type) == 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "rank %d and type number %d, wanted rank 2 and a known type",
        x->shape.rank, (int) type);
  return ae_out_set (call, 0, type, &x->shape, err);
}

static void
forward_eye_like (const AeOpCall *call)
{
  AeTensor *y = call->out[0];
  int64_t rows = y->shape.dim[0], columns = y->shape.dim[1];
  int64_t k = ae_attrs_int (call->attrs, "k", 0);
  memset (y->data, 0, ae_tensor_bytes (y));
  if (k <= -rows || k >= columns)
    return;
  for (int64_t r = 0; r < rows; r++)
    if (r + k >= 0 && r + k < columns)
      ae_tensor_set (y, (size_t) (r * columns + r + k), 1);
}

const AeOp ae_op_constant_of_shape = {
  .name = "ConstantOfShape",
  .domain = "",
  .since = 9,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .infer = infer_constant_of_shape,
  .forward = forward_constant_of_shape,
};

const AeOp ae_op_range = {
  .name = "Range",
  .domain = "",
  .since = 11,
  .min_in = 3,
  .max_in = 3,
  .min_out = 1,
  .max_out = 1,
  .infer = infer_range,
  .forward = forward_range,
};

const AeOp ae_op_eye_like = {
  .name = "EyeLike",
  .domain = "",
  .since = 9,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_OP_SHAPE_ONLY,
  .infer = infer_eye_like,
  .forward = forward_eye_like,
};
