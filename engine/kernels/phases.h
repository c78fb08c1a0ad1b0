/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_PHASES_H
#define AE_KERNELS_PHASES_H

/* A convolution of stride s seen as one of stride 1 between "virtual" images
 * whose channels are the s x s phases of the real ones: in_step, out_step of
 * the plan (one of them is 1). Virtual channels lie as [phase][channel],
 * virtual blocks as [phase][block]. */

#include "kernels/conv.h"

/* A channel, or block of channels, of a virtual image. */
typedef struct {
  int phase_y, phase_x, channel;
} AePhase;

static inline AePhase
ae_phase_at (int index, int per_phase, int step)
{
  if (index < per_phase)
    return (AePhase){ 0, 0, index };
  int phase = index / per_phase;
  return (AePhase){ phase / step, phase % step, index % per_phase };
}

/* First channel of a block of the virtual source. */
static inline int
ae_virtual_channel (const AeConvPlan *p, AePhase block)
{
  int phase = block.phase_y * p->in_step + block.phase_x;
  return phase * p->src_c + block.channel * AE_BLOCK;
}

/* Rows or columns of the virtual destination. */
static inline int
ae_virtual_size (const AeConvPlan *p, int dst_size)
{
  return (dst_size + p->out_step - 1) / p->out_step;
}

/* Sets the steps, the virtual pads and the number of virtual taps of a plan
 * with equal strides and no dilation. */
void ae_phases_plan (AeConvPlan *p);

static inline int
ae_phases_in (const AeConvPlan *p)
{
  return p->in_step * p->in_step;
}

static inline int
ae_phases_out (const AeConvPlan *p)
{
  return p->out_step * p->out_step;
}

/* Blocks of the virtual destination. */
static inline int
ae_virtual_out_blocks (const AeConvPlan *p)
{
  return ae_phases_out (p) * p->dst_blocks;
}

/* The real weights between virtual input channel k and a block of virtual
 * outputs: the weight of lane l at a tap is
 * weights[first + l * lane + ae_real_tap ()]. */
typedef struct {
  AePhase in, out;
  size_t first, lane;
  int lanes; /* of 16 that are there */
} AeRealWeights;

AeRealWeights ae_real_weights (const AeConvPlan *p, int k, int block);

/* Index into the real kernel of the virtual tap (i, j); -1 where the kernel
 * has none: the weight is zero. */
int ae_real_tap (
    const AeConvPlan *p, const AeRealWeights *w, int i, int j);

#endif
