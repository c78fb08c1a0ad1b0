/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cast and CastLike. Floats become integers by cutting off the fraction,
 * integers wrap around, anything but 0 is true. */
#include "ops/loop.h"
#include "ops/params.h"

#include <string.h>

/* Elements converted at once, on the stack. */
#define CHUNK 256

static bool
is_float (AeType type)
{
  return type == AE_F32 || type == AE_F64 || type == AE_F16
      || type == AE_BF16;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeAttr *to = ae_attrs_find (call->attrs, "to");
  if (!to || to->kind != AE_ATTR_INT)
    return ae_fail (err, AE_ERROR_ARGUMENT, "attribute to is missing");
  if (ae_type_size ((AeType) to->i) == 0)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "to is type number %lld, wanted a float of 16 to 64 bits, an integer "
        "or bool", (long long) to->i);
  return ae_out_set (
      call, 0, (AeType) to->i, &call->in[0]->shape, err);
}

static AeStatus
infer_like (const AeOpCall *call, AeError *err)
{
  return ae_out_set (call, 0, call->in[1]->type, &call->in[0]->shape, err);
}

static void
load_floats (const AeTensor *t, size_t begin, size_t n, double *to)
{
  const char *data = t->data;
  switch (t->type) {
    case AE_F32:
      for (size_t i = 0; i < n; i++)
        to[i] = ((const float *) data)[begin + i];
      break;
    case AE_F64:
      memcpy (to, data + begin * sizeof (double), n * sizeof (double));
      break;
    default:
      for (size_t i = 0; i < n; i++)
        to[i] = ae_tensor_get (t, begin + i);
  }
}

/* Saturates where a 64-bit integer cannot hold the value; NaN gives 0. */
static int64_t
to_integer (double value)
{
  if (value >= 9223372036854775808.0)
    return INT64_MAX;
  if (value <= -9223372036854775808.0)
    return INT64_MIN;
  return value == value ? (int64_t) value : 0;
}

static void
load_integers (const AeTensor *t, size_t begin, size_t n, int64_t *to)
{
  switch (t->type) {
    case AE_U8:
    case AE_BOOL:
      for (size_t i = 0; i < n; i++)
        to[i] = ((const uint8_t *) t->data)[begin + i];
      break;
    case AE_I32:
      for (size_t i = 0; i < n; i++)
        to[i] = ((const int32_t *) t->data)[begin + i];
      break;
    default:
      for (size_t i = 0; i < n; i++)
        to[i] = ae_tensor_get_int (t, begin + i);
  }
}

static void
store_integers (AeTensor *t, size_t begin, size_t n, const int64_t *from)
{
  switch (t->type) {
    case AE_U8:
    case AE_I8:
      for (size_t i = 0; i < n; i++)
        ((uint8_t *) t->data)[begin + i] = (uint8_t) from[i];
      break;
    case AE_U16:
    case AE_I16:
      for (size_t i = 0; i < n; i++)
        ((uint16_t *) t->data)[begin + i] = (uint16_t) from[i];
      break;
    case AE_U32:
    case AE_I32:
      for (size_t i = 0; i < n; i++)
        ((uint32_t *) t->data)[begin + i] = (uint32_t) from[i];
      break;
    case AE_U64:
    case AE_I64:
      memcpy ((int64_t *) t->data + begin, from, n * sizeof *from);
      break;
    case AE_BOOL:
      for (size_t i = 0; i < n; i++)
        ((uint8_t *) t->data)[begin + i] = from[i] != 0;
      break;
    case AE_F32:
      for (size_t i = 0; i < n; i++)
        ((float *) t->data)[begin + i] = (float) from[i];
      break;
    default:
      for (size_t i = 0; i < n; i++)
        ae_tensor_set (t, begin + i, (double) from[i]);
  }
}

static void
store_floats (AeTensor *t, size_t begin, size_t n, const double *from)
{
  int64_t integer[CHUNK];
  switch (t->type) {
    case AE_F32:
      for (size_t i = 0; i < n; i++)
        ((float *) t->data)[begin + i] = (float) from[i];
      break;
    case AE_F64:
    case AE_F16:
    case AE_BF16:
    case AE_BOOL:
      for (size_t i = 0; i < n; i++)
        ae_tensor_set (t, begin + i, from[i]);
      break;
    case AE_U64:
      for (size_t i = 0; i < n; i++)
        ((uint64_t *) t->data)[begin + i] = from[i] >= 9223372036854775808.0
                && from[i] < 18446744073709551616.0
            ? (uint64_t) from[i]
            : (uint64_t) to_integer (from[i]);
      break;
    default:
      for (size_t i = 0; i < n; i++)
        integer[i] = to_integer (from[i]);
      store_integers (t, begin, n, integer);
  }
}

static void
cast_range (void *arg, size_t begin, size_t end, int thread)
{
  const AeOpCall *call = arg;
  const AeTensor *x = call->in[0];
  bool floats = is_float (x->type)
      || (x->type == AE_U64 && is_float (call->out[0]->type));
  double value[CHUNK];
  int64_t integer[CHUNK];
  for (size_t i = begin; i < end; i += CHUNK) {
    size_t n = end - i < CHUNK ? end - i : CHUNK;
    if (floats) {
      load_floats (x, i, n, value);
      store_floats (call->out[0], i, n, value);
    } else {
      load_integers (x, i, n, integer);
      store_integers (call->out[0], i, n, integer);
    }
  }
}

static void
copy_range (void *arg, size_t begin, size_t end, int thread)
{
  const AeOpCall *call = arg;
  memcpy ((char *) call->out[0]->data + begin,
      (const char *) call->in[0]->data + begin, end - begin);
}

static void
forward (const AeOpCall *call)
{
  size_t n = ae_shape_count (&call->in[0]->shape);
  if (call->in[0]->type == call->out[0]->type)
    ae_for_range (call, ae_tensor_bytes (call->in[0]), 1 << 18, copy_range,
        (void *) call);
  else
    ae_for_range (call, n, 16384, cast_range, (void *) call);
}

/* Through casts between floats the gradient passes as it is. */
static void
backward (const AeOpCall *call)
{
  AeTensor *dx = call->din[0];
  if (!dx)
    return;
  const AeTensor *dy = call->dout[0];
  float *to = dx->data;
  size_t n = ae_shape_count (&dx->shape);
  bool through = is_float (call->out[0]->type);
  for (size_t i = 0; i < n; i++) {
    float g = through ? (float) ae_tensor_get (dy, i) : 0;
    to[i] = call->overwrite[0] ? g : to[i] + g;
  }
}

const AeOp ae_op_cast = {
  .name = "Cast",
  .domain = "",
  .since = 6,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};

const AeOp ae_op_cast_like = {
  .name = "CastLike",
  .domain = "",
  .since = 15,
  .min_in = 2,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .infer = infer_like,
  .forward = forward,
  .backward = backward,
};
