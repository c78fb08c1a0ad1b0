/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/tensor.h"

#include "util/file.h"
#include "util/mem.h"

#include <string.h>

_Static_assert (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "raw_data is little-endian and copied as it is");

enum { DATA_LOCATION_EXTERNAL = 1 };

/* TensorProto.DataType, in order. */
static const char *const type_names[] = { "undefined", "float", "uint8",
  "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
  "double", "uint32", "uint64", "complex64", "complex128", "bfloat16",
  "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",
  "int4", "float4e2m1", "float8e8m0", "uint2", "int2" };

const char *
ae_onnx_type_name (int32_t type)
{
  return type >= 0 && (size_t) type < sizeof type_names / sizeof *type_names
      ? type_names[type]
      : "unknown";
}

static AeStatus
read_header (const OnnxTensor *proto, AeType *type, AeShape *shape,
    size_t *bytes, AeError *err)
{
  *type = (AeType) proto->data_type;
  size_t size = ae_type_size (*type);
  if (size == 0)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "element type %d (%s) is not supported", proto->data_type,
        ae_onnx_type_name (proto->data_type));
  if (proto->n_dims > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT, "rank is %zu, wanted at most %d",
        proto->n_dims, AE_MAX_RANK);
  *shape = (AeShape){ .rank = (int) proto->n_dims };
  for (int i = 0; i < shape->rank; i++)
    shape->dim[i] = proto->dims[i];
  AeStatus status = ae_shape_check (shape, "it", err);
  if (status == AE_OK && !ae_mul_size (ae_shape_count (shape), size, bytes))
    status = ae_fail (err, AE_ERROR_LIMIT, "its size overflows");
  return status;
}

/* The typed field that holds elements of `type`, and its element count. */
static const void *
typed_field (const OnnxTensor *proto, AeType type, size_t *n)
{
  switch (type) {
    case AE_F32:
      *n = proto->n_float_data;
      return proto->float_data;
    case AE_F64:
      *n = proto->n_double_data;
      return proto->double_data;
    case AE_I64:
      *n = proto->n_int64_data;
      return proto->int64_data;
    case AE_U32:
    case AE_U64:
      *n = proto->n_uint64_data;
      return proto->uint64_data;
    default:
      *n = proto->n_int32_data;
      return proto->int32_data;
  }
}

/* Types narrower than the field that holds them keep its low bits, which is
 * how halves are stored and exact for every value in range. */
static void
narrow (AeTensor *to, const void *field, size_t n)
{
  const int32_t *ints = field;
  const uint64_t *longs = field;
  size_t size = ae_type_size (to->type);
  for (size_t i = 0; i < n; i++) {
    if (to->type == AE_U32)
      ((uint32_t *) to->data)[i] = (uint32_t) longs[i];
    else if (size == 1)
      ((uint8_t *) to->data)[i] = (uint8_t) ints[i];
    else
      ((uint16_t *) to->data)[i] = (uint16_t) ints[i];
  }
}

static void
fill_typed (AeTensor *to, const void *field, size_t n)
{
  bool same = to->type == AE_F32 || to->type == AE_F64 || to->type == AE_I32
      || to->type == AE_I64 || to->type == AE_U64;
  if (same && n > 0)
    memcpy (to->data, field, n * ae_type_size (to->type));
  else if (n > 0)
    narrow (to, field, n);
}

/* Any byte but 0 means true; the engine computes with 0 and 1 only. */
static void
normalise_bools (AeTensor *tensor)
{
  uint8_t *bytes = tensor->data;
  size_t n = tensor->type == AE_BOOL ? ae_shape_count (&tensor->shape) : 0;
  for (size_t i = 0; i < n; i++)
    bytes[i] = bytes[i] != 0;
}

static AeStatus
check_present (const OnnxTensor *proto, const AeShape *shape, AeType type,
    size_t bytes, AeError *err)
{
  char text[200];
  ae_shape_text (shape, text, sizeof text);
  if (proto->has_raw_data) {
    if (proto->raw_data.len != bytes)
      return ae_fail (err, AE_ERROR_FORMAT,
          "it has %zu bytes of data, wanted %zu for %s of shape %s",
          proto->raw_data.len, bytes, ae_type_name (type), text);
    return AE_OK;
  }
  size_t n;
  typed_field (proto, type, &n);
  if (n != ae_shape_count (shape))
    return ae_fail (err, AE_ERROR_FORMAT,
        "it has %zu elements of data, wanted %zu for %s of shape %s", n,
        ae_shape_count (shape), ae_type_name (type), text);
  return AE_OK;
}

static AeStatus
fill (AeTensor *tensor, const OnnxTensor *proto, AeExternal *external,
    size_t offset, AeError *err)
{
  size_t bytes = ae_tensor_bytes (tensor), n;
  if (proto->data_location == DATA_LOCATION_EXTERNAL)
    return ae_file_read_at (
        external->fd, external->name, offset, tensor->data, bytes, err);
  if (!proto->has_raw_data) {
    const void *field = typed_field (proto, tensor->type, &n);
    fill_typed (tensor, field, n);
  } else if (bytes > 0) {
    memcpy (tensor->data, proto->raw_data.data, bytes);
  }
  return AE_OK;
}

AeStatus
ae_onnx_tensor_read (AeTensor **out, const OnnxTensor *proto,
    AeExternal *external, AeError *err)
{
  AeType type;
  AeShape shape;
  size_t bytes, offset = 0;
  AeExternal none;
  ae_external_init (&none, -1);
  external = external ? external : &none;
  *out = NULL;
  AeStatus status = read_header (proto, &type, &shape, &bytes, err);
  if (status == AE_OK)
    status = proto->data_location == DATA_LOCATION_EXTERNAL
        ? ae_external_find (external, proto->external_data,
            proto->n_external_data, bytes, &offset, err)
        : check_present (proto, &shape, type, bytes, err);
  if (status != AE_OK)
    return status;
  if (!(*out = ae_tensor_new (type, &shape)))
    return ae_fail (
        err, AE_ERROR_MEMORY, "out of memory for its %zu bytes", bytes);
  status = fill (*out, proto, external, offset, err);
  if (status == AE_OK)
    normalise_bools (*out);
  else
    ae_tensor_free (out);
  return status;
}

void
ae_onnx_tensor_view (
    OnnxTensor *proto, const AeTensor *tensor, const char *name)
{
  onnx_tensor__init (proto);
  proto->n_dims = (size_t) tensor->shape.rank;
  proto->dims = (int64_t *) tensor->shape.dim;
  proto->has_data_type = true;
  proto->data_type = (int32_t) tensor->type;
  proto->name = (char *) name;
  proto->has_raw_data = true;
  proto->raw_data.data = tensor->data;
  proto->raw_data.len = ae_tensor_bytes (tensor);
}

AeStatus
ae_onnx_tensor_load (
    AeTensor **out, char **name, const char *path, AeError *err)
{
  void *bytes;
  size_t size;
  *out = NULL;
  *name = NULL;
  AeStatus status
      = ae_file_read (path, (size_t) 1 << 30, &bytes, &size, err);
  if (status != AE_OK)
    return status;
  AeArena arena;
  ae_arena_init (&arena, 2 * size + ((size_t) 16 << 20));
  OnnxTensor *proto;
  status = ae_arena_unpack (&arena, &proto, &onnx_tensor__descriptor, bytes,
      size, "a TensorProto", err);
  if (status == AE_OK)
    status = ae_onnx_tensor_read (out, proto, NULL, err);
  if (status == AE_OK
      && !(*name = ae_strdup (proto->name ? proto->name : ""))) {
    ae_tensor_free (out);
    status = ae_fail (err, AE_ERROR_MEMORY, "out of memory for a name");
  }
  ae_arena_clear (&arena);
  ae_free (bytes);
  return status == AE_OK ? status
                         : ae_fail_prefix (err, status, "'%s'", path);
}
