/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/attr.h"

#include "onnx/tensor.h"

#include "util/mem.h"

#include <string.h>

/* AttributeProto.AttributeType, in order. */
static const char *const kind_names[] = { "no", "a float", "an int",
  "a string", "a tensor", "a graph", "floats", "ints", "strings", "tensors",
  "graphs", "a sparse tensor", "sparse tensors", "a type", "types" };

/* Files of the first format versions leave the kind out. */
static int
kind_of (const OnnxAttribute *proto)
{
  if (proto->has_type && proto->type != 0)
    return proto->type;
  return proto->has_f ? AE_ATTR_FLOAT
      : proto->has_i  ? AE_ATTR_INT
      : proto->has_s  ? AE_ATTR_STRING
      : proto->has_t  ? AE_ATTR_TENSOR
      : proto->has_g  ? 5
      : proto->n_floats  ? AE_ATTR_FLOATS
      : proto->n_strings ? AE_ATTR_STRINGS
                         : AE_ATTR_INTS;
}

/* A terminated copy (ae_free); NULL with *err filled on failure. */
static char *
copy_text (const ProtobufCBinaryData *text, AeError *err)
{
  if (text->len > 0 && memchr (text->data, 0, text->len)) {
    ae_fail (err, AE_ERROR_FORMAT, "its text holds a zero byte");
    return NULL;
  }
  char *copy = ae_strndup (text->len ? (char *) text->data : "", text->len);
  if (!copy)
    ae_fail (err, AE_ERROR_MEMORY, "out of memory for a text");
  return copy;
}

static AeStatus
memory (bool ok, AeError *err)
{
  return ok ? AE_OK
            : ae_fail (err, AE_ERROR_MEMORY, "out of memory for a node");
}

static AeStatus
read_string (AeAttrs *attrs, const OnnxAttribute *proto, AeError *err)
{
  char *text = copy_text (&proto->s, err);
  if (!text)
    return err->status;
  bool ok = ae_attrs_set_string (attrs, proto->name, text);
  ae_free (text);
  return memory (ok, err);
}

static AeStatus
read_strings (AeAttrs *attrs, const OnnxAttribute *proto, AeError *err)
{
  size_t n = proto->n_strings;
  AeStatus status = AE_OK;
  char **texts = ae_calloc (n, sizeof *texts);
  if (!texts)
    return memory (false, err);
  for (size_t i = 0; status == AE_OK && i < n; i++)
    if (!(texts[i] = copy_text (&proto->strings[i], err)))
      status = err->status;
  if (status == AE_OK)
    status = memory (ae_attrs_set_strings (
        attrs, proto->name, (const char *const *) texts, n), err);
  for (size_t i = 0; i < n; i++)
    ae_free (texts[i]);
  ae_free (texts);
  return status;
}

static AeStatus
read_tensor (AeAttrs *attrs, const OnnxAttribute *proto, AeArena *arena,
    AeExternal *external, AeError *err)
{
  OnnxTensor *tensor;
  AeTensor *value;
  AeStatus status = ae_arena_unpack (arena, &tensor, &onnx_tensor__descriptor,
      proto->t.data, proto->t.len, "a tensor", err);
  if (status == AE_OK)
    status = ae_onnx_tensor_read (&value, tensor, external, err);
  if (status == AE_OK)
    status = memory (ae_attrs_set_tensor (attrs, proto->name, value), err);
  return status;
}

static AeStatus
read_kind (AeAttrs *attrs, const OnnxAttribute *proto, AeArena *arena,
    AeExternal *external, AeError *err)
{
  int kind = kind_of (proto);
  switch (kind) {
    case AE_ATTR_FLOAT:
      return memory (ae_attrs_set_float (attrs, proto->name, proto->f), err);
    case AE_ATTR_INT:
      return memory (ae_attrs_set_int (attrs, proto->name, proto->i), err);
    case AE_ATTR_STRING:
      return read_string (attrs, proto, err);
    case AE_ATTR_TENSOR:
      return read_tensor (attrs, proto, arena, external, err);
    case AE_ATTR_FLOATS:
      return memory (ae_attrs_set_floats (
          attrs, proto->name, proto->floats, proto->n_floats), err);
    case AE_ATTR_INTS:
      return memory (ae_attrs_set_ints (
          attrs, proto->name, proto->ints, proto->n_ints), err);
    case AE_ATTR_STRINGS:
      return read_strings (attrs, proto, err);
    default:
      return ae_fail (err, AE_ERROR_UNSUPPORTED,
          "it holds %s (kind %d), which is not supported",
          kind > 0 && (size_t) kind < sizeof kind_names / sizeof *kind_names
              ? kind_names[kind]
              : "something unknown",
          kind);
  }
}

AeStatus
ae_onnx_attr_read (AeAttrs *attrs, const OnnxAttribute *proto, AeArena *arena,
    AeExternal *external, AeError *err)
{
  AeError local = { 0 };
  AeStatus status;
  if (!proto->name || !proto->name[0])
    return ae_fail (err, AE_ERROR_FORMAT, "an attribute has no name");
  if (ae_attrs_find (attrs, proto->name))
    status = ae_fail (&local, AE_ERROR_FORMAT, "it is there twice");
  else if (proto->ref_attr_name && proto->ref_attr_name[0])
    status = ae_fail (&local, AE_ERROR_FORMAT,
        "it refers to '%.100s' of a function, outside of any function",
        proto->ref_attr_name);
  else
    status = read_kind (attrs, proto, arena, external, &local);
  if (status != AE_OK)
    ae_fail (err, status, "attribute '%.100s': %s", proto->name, local.text);
  return status;
}

bool
ae_onnx_pack (ProtobufCBinaryData *out, const ProtobufCMessage *message,
    AeArena *arena)
{
  out->len = protobuf_c_message_get_packed_size (message);
  out->data = ae_arena_alloc (arena, out->len);
  if (out->data)
    protobuf_c_message_pack (message, out->data);
  return out->data != NULL;
}

static bool
view_strings (OnnxAttribute *proto, const AeAttr *attr, AeArena *arena)
{
  proto->strings = ae_arena_alloc (arena, attr->n * sizeof *proto->strings);
  for (size_t i = 0; proto->strings && i < attr->n; i++) {
    proto->strings[i].data = (uint8_t *) attr->strings[i];
    proto->strings[i].len = strlen (attr->strings[i]);
  }
  proto->n_strings = attr->n;
  return proto->strings != NULL;
}

static bool
view_tensor (OnnxAttribute *proto, const AeAttr *attr, AeArena *arena)
{
  OnnxTensor tensor;
  ae_onnx_tensor_view (&tensor, attr->t, NULL);
  proto->has_t = true;
  return ae_onnx_pack (&proto->t, &tensor.base, arena);
}

AeStatus
ae_onnx_attr_view (OnnxAttribute *proto, const AeAttr *attr, AeArena *arena,
    AeError *err)
{
  bool ok = true;
  onnx_attribute__init (proto);
  proto->name = attr->name;
  proto->has_type = true;
  proto->type = attr->kind;
  proto->has_f = attr->kind == AE_ATTR_FLOAT;
  proto->f = attr->f;
  proto->has_i = attr->kind == AE_ATTR_INT;
  proto->i = attr->i;
  if (attr->kind == AE_ATTR_FLOATS) {
    proto->n_floats = attr->n;
    proto->floats = attr->floats;
  } else if (attr->kind == AE_ATTR_INTS) {
    proto->n_ints = attr->n;
    proto->ints = attr->ints;
  } else if (attr->kind == AE_ATTR_STRING) {
    proto->has_s = true;
    proto->s.data = (uint8_t *) attr->s;
    proto->s.len = strlen (attr->s);
  } else if (attr->kind == AE_ATTR_TENSOR) {
    ok = view_tensor (proto, attr, arena);
  } else if (attr->kind == AE_ATTR_STRINGS) {
    ok = view_strings (proto, attr, arena);
  }
  return memory (ok, err);
}
