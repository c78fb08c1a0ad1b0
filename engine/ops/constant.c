/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/params.h"

#include <string.h>

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  static const char *const names[]
      = { "value", "value_float", "value_int", "value_floats", "value_ints" };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const AeAttr *attr = ae_attrs_find (call->attrs, names[i]);
    if (!attr)
      continue;
    AeShape shape = { 0 };
    switch (attr->kind) {
      case AE_ATTR_TENSOR:
        return ae_out_set (call, 0, attr->t->type, &attr->t->shape, err);
      case AE_ATTR_FLOAT:
        return ae_out_set (call, 0, AE_F32, &shape, err);
      case AE_ATTR_INT:
        return ae_out_set (call, 0, AE_I64, &shape, err);
      case AE_ATTR_FLOATS:
      case AE_ATTR_INTS:
        shape = (AeShape) { 1, { (int64_t) attr->n } };
        return ae_out_set (call, 0,
            attr->kind == AE_ATTR_INTS ? AE_I64 : AE_F32, &shape, err);
      default:
        return ae_fail (err, AE_ERROR_ARGUMENT,
            "attribute %s is not a number, a list or a tensor", names[i]);
    }
  }
  return ae_fail (err, AE_ERROR_UNSUPPORTED,
      "the constant is %s, wanted value, value_float, value_floats, "
      "value_int or value_ints",
      call->attrs->n ? call->attrs->list[0].name : "empty or sparse");
}

static void
forward (const AeOpCall *call)
{
  size_t bytes = ae_tensor_bytes (call->out[0]);
  const AeAttrs *attrs = call->attrs;
  for (size_t i = 0; i < attrs->n; i++) {
    const AeAttr *attr = &attrs->list[i];
    const void *from = NULL;
    if (strncmp (attr->name, "value", 5) != 0)
      continue;
    if (attr->kind == AE_ATTR_TENSOR)
      from = attr->t->data;
    else if (attr->kind == AE_ATTR_FLOAT)
      from = &attr->f;
    else if (attr->kind == AE_ATTR_INT)
      from = &attr->i;
    else if (attr->kind == AE_ATTR_FLOATS)
      from = attr->floats;
    else if (attr->kind == AE_ATTR_INTS)
      from = attr->ints;
    if (from && bytes)
      memcpy (call->out[0]->data, from, bytes);
  }
}

const AeOp ae_op_constant = {
  .name = "Constant",
  .domain = "",
  .since = 1,
  .min_in = 0,
  .max_in = 0,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
};
