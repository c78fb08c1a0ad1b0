/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_COMBINE_H
#define AE_OPS_COMBINE_H

/* How the scatter operators join an update with what is there. */

#include "ops/op.h"

typedef enum {
  AE_REDUCE_NONE,
  AE_REDUCE_ADD,
  AE_REDUCE_MUL,
  AE_REDUCE_MAX,
  AE_REDUCE_MIN
} AeReduction;

/* The attribute `reduction`. */
AeStatus ae_reduction_read (
    const AeOpCall *call, AeReduction *reduction, AeError *err);

/* Joins `n` elements of `from` beginning at `f` into `to` at `t`; both plain
 * and of one type. */
void ae_combine (AeReduction reduction, AeTensor *to, size_t t,
    const AeTensor *from, size_t f, size_t n);

#endif
