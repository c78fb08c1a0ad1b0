/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_CHECK_H
#define AE_OPS_CHECK_H

/* What many `infer` functions check. Error texts name the value found and the
 * one wanted. Thread-safe: no state. */

#include "ops/op.h"

/* Sets of element types. */
#define AE_TYPE_BIT(type) (1u << (type))
#define AE_TYPES_FLOAT \
  (AE_TYPE_BIT (AE_F32) | AE_TYPE_BIT (AE_F64) | AE_TYPE_BIT (AE_F16) \
      | AE_TYPE_BIT (AE_BF16))
#define AE_TYPES_SIGNED \
  (AE_TYPE_BIT (AE_I8) | AE_TYPE_BIT (AE_I16) | AE_TYPE_BIT (AE_I32) \
      | AE_TYPE_BIT (AE_I64))
#define AE_TYPES_UNSIGNED \
  (AE_TYPE_BIT (AE_U8) | AE_TYPE_BIT (AE_U16) | AE_TYPE_BIT (AE_U32) \
      | AE_TYPE_BIT (AE_U64))
#define AE_TYPES_NUMBER (AE_TYPES_FLOAT | AE_TYPES_SIGNED | AE_TYPES_UNSIGNED)
#define AE_TYPES_BOOL AE_TYPE_BIT (AE_BOOL)

static inline bool
ae_type_in (AeType type, unsigned types)
{
  return types >> type & 1;
}

/* Input `i` exists and its type is one of `types`: AE_ERROR_UNSUPPORTED. */
AeStatus ae_check_type (
    const AeOpCall *call, int i, unsigned types, AeError *err);

/* Input `i` has the type of input 0: AE_ERROR_SHAPE. */
AeStatus ae_check_same_type (const AeOpCall *call, int i, AeError *err);

/* `axis` in -rank .. rank-1, negative from the end: *out in 0 .. rank-1. */
AeStatus ae_check_axis (int64_t axis, int rank, int *out, AeError *err);

/* in[i] when there is such an input and it is not absent, else NULL. */
static inline const AeTensor *
ae_input (const AeOpCall *call, int i)
{
  return i < call->n_in ? call->in[i] : NULL;
}

static inline AeTensor *
ae_output (const AeOpCall *call, int i)
{
  return i < call->n_out ? call->out[i] : NULL;
}

/* The gradient wanted for input i, or NULL. */
static inline AeTensor *
ae_din (const AeOpCall *call, int i)
{
  return i < call->n_in && call->in[i] ? call->din[i] : NULL;
}

/* Sets type and shape when `out` is wanted. */
void ae_set_output (AeTensor *out, AeType type, const AeShape *shape);

#endif
