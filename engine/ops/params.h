/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_PARAMS_H
#define AE_OPS_PARAMS_H

/* Parameters of an operator that are lists of integers: attributes in early
 * opsets, constant inputs in later ones. */

#include "ops/op.h"

/* Longest list of integers an operator takes as a parameter. */
#define AE_MAX_INTS 64

typedef struct {
  int n;
  int64_t v[AE_MAX_INTS];
} AeInts;

/* Input i, or NULL where the node has fewer or left it out. */
static inline const AeTensor *
ae_in (const AeOpCall *call, int i)
{
  return i < call->n_in ? call->in[i] : NULL;
}

/* Output i, or NULL where nothing reads it. */
static inline AeTensor *
ae_out (const AeOpCall *call, int i)
{
  return i < call->n_out ? call->out[i] : NULL;
}

/* That a tensor whose values decide a shape is a scalar or 1-D, of integers,
 * and known: AE_ERROR_SHAPE, AE_ERROR_NEEDS_DATA. `what` names the input. */
AeStatus ae_ints_check (
    const AeTensor *tensor, const char *what, AeError *err);

/* The same, and reads it: AE_ERROR_LIMIT for more than AE_MAX_INTS values. */
AeStatus ae_ints_read (
    const AeTensor *tensor, const char *what, AeInts *ints, AeError *err);

/* The attribute `name`; false when the node has none. AE_MAX_INTS + 1 values
 * or more leave ints->n at that count and the values unset. */
bool ae_ints_attr (const AeOpCall *call, const char *name, AeInts *ints);

/* Fills `ints` from attribute `name` or else from input `index`. *found tells
 * whether either was given. */
AeStatus ae_ints_find (const AeOpCall *call, const char *name, int index,
    AeInts *ints, bool *found, AeError *err);

/* -rank .. rank-1 to 0 .. rank-1. */
AeStatus ae_axis (int64_t axis, int rank, int *out, AeError *err);

/* The same for a list, each axis at most once. */
AeStatus ae_axes (AeInts *axes, int rank, AeError *err);

/* Attribute `axis` (or `fallback`) brought into 0 .. rank-1; for calls whose
 * infer has accepted it. */
int ae_axis_attr (const AeOpCall *call, int64_t fallback, int rank);

/* Product of dimensions [begin, end). */
size_t ae_shape_span (const AeShape *shape, int begin, int end);

/* Sets type and shape of output i, if it is wanted, after checking the
 * shape. */
AeStatus ae_out_set (const AeOpCall *call, int i, AeType type,
    const AeShape *shape, AeError *err);

#endif
