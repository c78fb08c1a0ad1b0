/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MaxUnpool: puts values back to the places that MaxPool's second output
 * names; zero elsewhere. Places outside the output are left out. */
#include "ops/params.h"

#include <string.h>

static AeStatus
natural_shape (const AeOpCall *call, AeShape *shape, AeError *err)
{
  AeInts kernel, strides, pads;
  int n = shape->rank - 2;
  bool has_kernel = ae_ints_attr (call, "kernel_shape", &kernel);
  bool has_strides = ae_ints_attr (call, "strides", &strides);
  bool has_pads = ae_ints_attr (call, "pads", &pads);
  if (n < 1 || !has_kernel || kernel.n != n || (has_strides && strides.n != n)
      || (has_pads && pads.n != 2 * n))
    return ae_fail (err, AE_ERROR_SHAPE,
        "kernel_shape, strides and pads do not fit rank %d", shape->rank);
  for (int i = 0; i < n; i++) {
    int64_t k = kernel.v[i], s = has_strides ? strides.v[i] : 1;
    int64_t pad = has_pads ? pads.v[i] + pads.v[i + n] : 0;
    if (k < 1 || k > AE_MAX_ELEMENTS || s < 1 || s > AE_MAX_ELEMENTS
        || pad < 0 || pad > AE_MAX_ELEMENTS)
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "kernel %lld, stride %lld, padding %lld on axis %d", (long long) k,
          (long long) s, (long long) pad, i + 2);
    shape->dim[i + 2] = (shape->dim[i + 2] - 1) * s + k - pad;
  }
  return AE_OK;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeShape shape = call->in[0]->shape;
  const AeTensor *index = call->in[1], *given = ae_in (call, 2);
  if (index->type != AE_I64 || !ae_shape_equal (&index->shape, &shape))
    return ae_fail (err, AE_ERROR_SHAPE,
        "indices are not i64 of the input's shape");
  AeStatus status = natural_shape (call, &shape, err);
  if (status != AE_OK)
    return status;
  if (given) {
    AeInts dims;
    if ((status = ae_ints_read (given, "output_shape", &dims, err)) != AE_OK)
      return status;
    if (dims.n != shape.rank)
      return ae_fail (err, AE_ERROR_SHAPE,
          "output_shape has %d values, wanted %d", dims.n, shape.rank);
    for (int i = 0; i < dims.n; i++)
      shape.dim[i] = dims.v[i];
  }
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static void
forward (const AeOpCall *call)
{
  AeTensor *y = call->out[0];
  const int64_t *index = call->in[1]->data;
  size_t size = ae_type_size (y->type);
  size_t n = ae_shape_count (&call->in[0]->shape);
  int64_t room = (int64_t) ae_shape_count (&y->shape);
  memset (y->data, 0, ae_tensor_bytes (y));
  for (size_t i = 0; i < n; i++)
    if (index[i] >= 0 && index[i] < room)
      memcpy ((char *) y->data + (size_t) index[i] * size,
          (const char *) call->in[0]->data + i * size, size);
}

const AeOp ae_op_max_unpool = {
  .name = "MaxUnpool",
  .domain = "",
  .since = 9,
  .min_in = 2,
  .max_in = 3,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
};
