/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_ATTRS_H
#define AE_OPS_ATTRS_H

/* A node's attributes: a small list of named, typed values. */

#include "tensor/tensor.h"

/* Numbered as in ONNX's AttributeProto.AttributeType. */
typedef enum {
  AE_ATTR_FLOAT = 1,
  AE_ATTR_INT = 2,
  AE_ATTR_STRING = 3,
  AE_ATTR_TENSOR = 4,
  AE_ATTR_FLOATS = 6,
  AE_ATTR_INTS = 7,
  AE_ATTR_STRINGS = 8
} AeAttrKind;

typedef struct {
  char *name;
  AeAttrKind kind;
  float f;
  int64_t i;
  char *s;
  AeTensor *t;
  size_t n; /* elements of the lists below */
  float *floats;
  int64_t *ints;
  char **strings;
} AeAttr;

typedef struct {
  AeAttr *list;
  size_t n;
} AeAttrs;

void ae_attrs_clear (AeAttrs *attrs);

/* Deep copy into an empty *to; false when memory runs out. */
bool ae_attrs_copy (AeAttrs *to, const AeAttrs *from);

const AeAttr *ae_attrs_find (const AeAttrs *attrs, const char *name);

/* The value, or `fallback` when the attribute is absent or of another kind. */
int64_t ae_attrs_int (const AeAttrs *attrs, const char *name, int64_t fallback);
float ae_attrs_float (const AeAttrs *attrs, const char *name, float fallback);
const char *ae_attrs_string (
    const AeAttrs *attrs, const char *name, const char *fallback);

/* The list and its length; NULL and 0 when absent or of another kind. */
const int64_t *ae_attrs_ints (
    const AeAttrs *attrs, const char *name, size_t *n);
const float *ae_attrs_floats (
    const AeAttrs *attrs, const char *name, size_t *n);

/* Add or replace, values copied; false when memory runs out. */
bool ae_attrs_set_int (AeAttrs *attrs, const char *name, int64_t value);
bool ae_attrs_set_float (AeAttrs *attrs, const char *name, float value);
bool ae_attrs_set_string (AeAttrs *attrs, const char *name, const char *value);
bool ae_attrs_set_ints (
    AeAttrs *attrs, const char *name, const int64_t *values, size_t n);
bool ae_attrs_set_floats (
    AeAttrs *attrs, const char *name, const float *values, size_t n);
bool ae_attrs_set_strings (
    AeAttrs *attrs, const char *name, const char *const *values, size_t n);
/* Takes ownership of `value`, also on failure. */
bool ae_attrs_set_tensor (AeAttrs *attrs, const char *name, AeTensor *value);

#endif
