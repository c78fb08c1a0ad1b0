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

/* Which slices of data (input 0) updates (input 2) go to. */
typedef struct {
  size_t n, slice; /* slices; elements of one */
  size_t (*place) (const void *walk, size_t i); /* where slice i begins */
  const void *walk;
} AeScatter;

/* out[0] = in[0], into which slices of in[2] are joined, the first first. */
void ae_scatter (const AeOpCall *call, const AeScatter *scatter);

/* The gradients of both, in f32. Of several updates of an element the last
 * has the gradient when they replace; of several extreme values one has it.
 * With scratch of ae_scatter_work bytes. */
void ae_scatter_grad (const AeOpCall *call, const AeScatter *scatter);
size_t ae_scatter_work (const AeOpCall *call, bool grad);

#endif
