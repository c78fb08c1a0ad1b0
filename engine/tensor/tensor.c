/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tensor/tensor.h"

#include "kernels/rows.h"

#include "util/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
  AeType type;
  const char *name;
  size_t size;
} types[] = {
  { AE_F32, "f32", 4 },
  { AE_U8, "u8", 1 },
  { AE_I8, "i8", 1 },
  { AE_U16, "u16", 2 },
  { AE_I16, "i16", 2 },
  { AE_I32, "i32", 4 },
  { AE_I64, "i64", 8 },
  { AE_BOOL, "bool", 1 },
  { AE_F16, "f16", 2 },
  { AE_F64, "f64", 8 },
  { AE_U32, "u32", 4 },
  { AE_U64, "u64", 8 },
  { AE_BF16, "bf16", 2 },
};

const char *
ae_type_name (AeType type)
{
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (types[i].type == type)
      return types[i].name;
  return "none";
}

size_t
ae_type_size (AeType type)
{
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (types[i].type == type)
      return types[i].size;
  return 0;
}

const char *
ae_version (void)
{
  return AE_VERSION;
}

AeShape
ae_shape (int rank, ...)
{
  AeShape shape = { .rank = rank };
  va_list args;
  va_start (args, rank);
  for (int i = 0; i < rank && i < AE_MAX_RANK; i++)
    shape.dim[i] = va_arg (args, int);
  va_end (args);
  return shape;
}

bool
ae_shape_equal (const AeShape *a, const AeShape *b)
{
  if (a->rank != b->rank)
    return false;
  for (int i = 0; i < a->rank; i++)
    if (a->dim[i] != b->dim[i])
      return false;
  return true;
}

size_t
ae_shape_count (const AeShape *shape)
{
  size_t count = 1;
  for (int i = 0; i < shape->rank; i++)
    count *= (size_t) shape->dim[i];
  return count;
}

const char *
ae_shape_text (const AeShape *shape, char *text, size_t size)
{
  if (shape->rank <= 0) {
    snprintf (text, size, shape->rank == 0 ? "scalar" : "unknown");
    return text;
  }
  size_t used = 0;
  text[0] = '\0';
  for (int i = 0; i < shape->rank && used + 1 < size; i++) {
    const char *cross = i ? "x" : "";
    int n = shape->dim[i] < 0
        ? snprintf (text + used, size - used, "%s?", cross)
        : snprintf (text + used, size - used, "%s%lld", cross,
            (long long) shape->dim[i]);
    used += n > 0 ? (size_t) n : 0;
  }
  return text;
}

AeStatus
ae_shape_check (const AeShape *shape, const char *what, AeError *err)
{
  if (shape->rank < 0 || shape->rank > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT, "%s has rank %d, wanted 0 to %d",
        what, shape->rank, AE_MAX_RANK);
  int64_t count = 1;
  for (int i = 0; i < shape->rank; i++) {
    if (shape->dim[i] < 0)
      return ae_fail (err, AE_ERROR_SHAPE,
          "%s has dimension %lld on axis %d, wanted 0 or more", what,
          (long long) shape->dim[i], i);
    /* A zero elsewhere must not hide an absurd dimension. */
    int64_t dim = shape->dim[i] ? shape->dim[i] : 1;
    if (__builtin_mul_overflow (count, dim, &count)
        || count > AE_MAX_ELEMENTS) {
      char text[200];
      return ae_fail (err, AE_ERROR_LIMIT,
          "%s has shape %s, wanted at most %lld elements", what,
          ae_shape_text (shape, text, sizeof text),
          (long long) AE_MAX_ELEMENTS);
    }
  }
  return AE_OK;
}

size_t
ae_tensor_storage (const AeTensor *tensor)
{
  if (tensor->layout == AE_LAYOUT_PLAIN)
    return ae_shape_count (&tensor->shape);
  const int64_t *d = tensor->shape.dim;
  return (size_t) d[0] * (size_t) d[2] * ae_tensor_row (tensor);
}

size_t
ae_tensor_row (const AeTensor *tensor)
{
  const int64_t *d = tensor->shape.dim;
  if (tensor->layout == AE_LAYOUT_PLAIN)
    return (size_t) d[3];
  return tensor->layout == AE_LAYOUT_BLOCKED ? ae_blocked_row (d[1], d[3])
                                             : ae_pixels_row (d[1], d[3]);
}

size_t
ae_tensor_bytes (const AeTensor *tensor)
{
  return ae_tensor_storage (tensor) * ae_type_size (tensor->type);
}

AeTensor *
ae_tensor_new (AeType type, const AeShape *shape)
{
  AeTensor *tensor = ae_calloc (1, sizeof *tensor);
  if (!tensor)
    return NULL;
  tensor->type = type;
  tensor->shape = *shape;
  tensor->data = ae_calloc (ae_shape_count (shape), ae_type_size (type));
  if (!tensor->data)
    ae_tensor_free (&tensor);
  return tensor;
}

AeTensor *
ae_tensor_copy (const AeTensor *plain)
{
  AeTensor *copy = ae_tensor_new (plain->type, &plain->shape);
  if (copy)
    memcpy (copy->data, plain->data, ae_tensor_bytes (plain));
  return copy;
}

void
ae_tensor_free (AeTensor **tensor)
{
  if (!*tensor)
    return;
  ae_free ((*tensor)->data);
  ae_free (*tensor);
  *tensor = NULL;
}

/* Towards zero; NaN becomes 0 and what is out of range the nearest limit: in C
 * such a conversion is undefined. Narrower types keep the low bits of this. */
static int64_t
to_int (double value)
{
  if (value != value)
    return 0;
  if (value >= 0x1p63)
    return INT64_MAX;
  return value < -0x1p63 ? INT64_MIN : (int64_t) value;
}

static uint64_t
to_unsigned (double value)
{
  if (value >= 0x1p64)
    return UINT64_MAX;
  return value >= 0x1p63 ? (uint64_t) value : (uint64_t) to_int (value);
}

double
ae_tensor_get (const AeTensor *t, size_t i)
{
  switch (t->type) {
    case AE_F32:
      return ((const float *) t->data)[i];
    case AE_F64:
      return ((const double *) t->data)[i];
    case AE_F16:
      return ae_f16_to_f32 (((const uint16_t *) t->data)[i]);
    case AE_BF16:
      return ae_bf16_to_f32 (((const uint16_t *) t->data)[i]);
    case AE_U64:
      return (double) ((const uint64_t *) t->data)[i];
    default:
      return (double) ae_tensor_get_int (t, i);
  }
}

int64_t
ae_tensor_get_int (const AeTensor *t, size_t i)
{
  switch (t->type) {
    case AE_I8:
      return ((const int8_t *) t->data)[i];
    case AE_U8:
    case AE_BOOL:
      return ((const uint8_t *) t->data)[i];
    case AE_I16:
      return ((const int16_t *) t->data)[i];
    case AE_U16:
      return ((const uint16_t *) t->data)[i];
    case AE_I32:
      return ((const int32_t *) t->data)[i];
    case AE_U32:
      return ((const uint32_t *) t->data)[i];
    case AE_I64:
      return ((const int64_t *) t->data)[i];
    case AE_U64:
      return (int64_t) ((const uint64_t *) t->data)[i];
    default:
      return to_int (ae_tensor_get (t, i));
  }
}

void
ae_tensor_set (AeTensor *t, size_t i, double value)
{
  switch (t->type) {
    case AE_F32:
      ((float *) t->data)[i] = (float) value;
      break;
    case AE_F64:
      ((double *) t->data)[i] = value;
      break;
    case AE_F16:
      ((uint16_t *) t->data)[i] = ae_f32_to_f16 ((float) value);
      break;
    case AE_BF16:
      ((uint16_t *) t->data)[i] = ae_f32_to_bf16 ((float) value);
      break;
    case AE_BOOL:
      ((uint8_t *) t->data)[i] = value != 0;
      break;
    case AE_U8:
      ((uint8_t *) t->data)[i] = (uint8_t) to_int (value);
      break;
    case AE_I8:
      ((int8_t *) t->data)[i] = (int8_t) to_int (value);
      break;
    case AE_U16:
      ((uint16_t *) t->data)[i] = (uint16_t) to_int (value);
      break;
    case AE_I16:
      ((int16_t *) t->data)[i] = (int16_t) to_int (value);
      break;
    case AE_I32:
      ((int32_t *) t->data)[i] = (int32_t) to_int (value);
      break;
    case AE_U32:
      ((uint32_t *) t->data)[i] = (uint32_t) to_int (value);
      break;
    case AE_I64:
      ((int64_t *) t->data)[i] = to_int (value);
      break;
    case AE_U64:
      ((uint64_t *) t->data)[i] = to_unsigned (value);
      break;
    case AE_TYPE_NONE:
      break;
  }
}

void
ae_tensor_set_int (AeTensor *t, size_t i, int64_t value)
{
  switch (t->type) {
    case AE_U8:
    case AE_I8:
      ((uint8_t *) t->data)[i] = (uint8_t) value;
      break;
    case AE_U16:
    case AE_I16:
      ((uint16_t *) t->data)[i] = (uint16_t) value;
      break;
    case AE_U32:
    case AE_I32:
      ((uint32_t *) t->data)[i] = (uint32_t) value;
      break;
    case AE_U64:
    case AE_I64:
      ((uint64_t *) t->data)[i] = (uint64_t) value;
      break;
    default:
      ae_tensor_set (t, i, (double) value);
  }
}

void
ae_shape_strides (
    const AeShape *shape, bool broadcast, int64_t stride[AE_MAX_RANK])
{
  int64_t step = 1;
  for (int i = shape->rank - 1; i >= 0; i--) {
    stride[i] = broadcast && shape->dim[i] == 1 ? 0 : step;
    step *= shape->dim[i];
  }
}
