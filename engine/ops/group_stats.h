/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_GROUP_STATS_H
#define AE_OPS_GROUP_STATS_H

/* Normalisation of groups of adjacent elements to mean 0 and variance 1, then
 * y = x^ * scale + bias: what layer, instance and group normalisation share.
 * Element i of group g uses parameter (g % period) * (length / span)
 * + i / span. */

#include "ops/op.h"

typedef struct {
  size_t groups, length, period, span;
  float epsilon;
} AeGroupNorm;

/* in[0] = x, in[1] = scale, in[2] = bias (may be absent); out[0] = y, and
 * where wanted out[1] = means, out[2] = 1 / standard deviations. */
void ae_group_norm_forward (const AeOpCall *call, const AeGroupNorm *g);

/* Gradients of in[0 .. 2]; none flows through out[1] and out[2]. */
void ae_group_norm_backward (const AeOpCall *call, const AeGroupNorm *g);

/* Scratch that backward needs: statistics of every group. */
size_t ae_group_norm_work (const AeGroupNorm *g);

#endif
