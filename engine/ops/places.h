/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_PLACES_H
#define AE_OPS_PLACES_H

/* Slices of the data (input 0) that an index tensor (input 1) names: the gather
 * operators read them, the scatter operators join updates (input 2) with
 * them. */

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

typedef struct {
  size_t n, slice; /* slices; elements of one */
  size_t (*place) (const void *walk, size_t i); /* where slice i begins */
  const void *walk;
} AePlaces;

/* out[0] = the slices, one behind the other; and the gradient. */
void ae_gather (const AeOpCall *call, const AePlaces *places);
void ae_gather_grad (const AeOpCall *call, const AePlaces *places);

/* out[0] = in[0], into which slices of in[2] are joined, the first first. */
void ae_scatter (const AeOpCall *call, const AePlaces *places);

/* The gradients of both, in f32. Of several updates of an element the last
 * has the gradient when they replace; of several extreme values one has it.
 * With scratch of ae_scatter_work bytes. */
void ae_scatter_grad (const AeOpCall *call, const AePlaces *places);
size_t ae_scatter_work (const AeOpCall *call, bool grad);

#endif
