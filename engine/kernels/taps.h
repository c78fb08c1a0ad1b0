/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_TAPS_H
#define AE_KERNELS_TAPS_H

/* What the files taps*.c share: which taps a phase has, how packed weights
 * lie, and the source pixels of a job. */

#include "kernels/conv.h"

#define AE_TAP_MAX_STRIDE 4 /* of transposed ones: the phases' root */

/* The taps of one phase of one axis: index into the kernel and offset of the
 * source pixel, offsets ascending. */
typedef struct {
  int n, k[AE_MAX_TAPS], at[AE_MAX_TAPS];
} AeTapAxis;

AeTapAxis ae_tap_axis_y (const AeConvPlan *p, int phase);
AeTapAxis ae_tap_axis_x (const AeConvPlan *p, int phase);

/* Phases of the destination along an axis of this stride. */
static inline int
ae_tap_phases (const AeConvPlan *p, int stride)
{
  return p->kind == AE_CONV_TRANSPOSED ? stride : 1;
}

/* Source pixels from one destination pixel of a phase to the next. */
static inline int
ae_tap_source_step (const AeConvPlan *p, int stride)
{
  return p->kind == AE_CONV_TRANSPOSED ? 1 : stride;
}

/* First and last source offset over all phases; without taps (a stride larger
 * than the kernel) phases contribute nothing. */
typedef struct {
  int first, last;
} AeTapReach;

AeTapReach ae_tap_reach (const AeConvPlan *p, int n_phases,
    AeTapAxis (*axis) (const AeConvPlan *p, int phase));

typedef struct {
  const AeConvPlan *plan;
  const AeConvRun *run;
  const float *from; /* weights */
  float *to;         /* packed weights, or their gradient */
  bool add;
  AeConvEnds ends; /* for the gradient of weights: in and dout */
  AeTapReach reach_y, reach_x;
} AeTapJob;

AeTapJob ae_tap_job (
    const AeConvPlan *p, const AeConvRun *run, const AeConvEnds *ends);

/* Packed weights lie as [phase y][phase x][output block][tap y][tap x]
 * [source channel][16], with groups [band's channel][16]. Visits the 16 weights
 * of every place of a block. */
typedef void (*AeTapVisit) (const AeTapJob *job, size_t packed, int block,
    int k_y, int k_x, int channel);
void ae_tap_visit (void *job, size_t block, AeTapVisit visit);

/* First of up to 16 weights, and the distance to the next output's. */
size_t ae_tap_real_weight (const AeConvPlan *p, int block, int k_y, int k_x,
    int channel, size_t *stride);

/* Outputs of a block that are there. */
int ae_tap_lanes (const AeConvPlan *p, int block);

/* Source values per tap that a block of outputs has weights for. */
static inline int
ae_tap_depth (const AeConvPlan *p)
{
  if (p->depthwise)
    return 1;
  return p->band > 0 ? p->band * AE_BLOCK : p->src_c;
}

/* How many jobs share the blocks of outputs of an area. */
static inline int
ae_tap_parts (const AeConvPlan *p)
{
  return (p->dst_blocks + p->job_blocks - 1) / p->job_blocks;
}

/* With groups: the first block of the source that a block of outputs depends
 * on, of `band`; else 0. */
int ae_tap_band_first (const AeConvPlan *p, int block);

AeConvArea ae_tap_area (const AeConvPlan *p, size_t index);

/* The source pixels of one job as they lie in memory. */
typedef struct {
  const float *data;
  size_t row, block, px; /* strides */
  int step, group;       /* columns are split into `step` groups */
  int first_y, first_x;  /* source offset of element (0, 0) */
  bool flat;             /* [column][channel] */
} AeTapStrip;

/* Source rows of so many destination rows, and columns in one of the groups. */
static inline int
ae_tap_strip_rows (int rows, int step, AeTapReach r)
{
  return (rows - 1) * step + r.last - r.first + 1;
}

static inline int
ae_tap_strip_group (int cols, int step, AeTapReach r)
{
  return (ae_tap_strip_rows (cols, step, r) + step - 1) / step;
}

/* The strip of an area, in scratch or in place. */
AeTapStrip ae_tap_strip (
    const AeTapJob *job, const AeConvArea *a, float *scratch);

/* The source itself, when the job needs nothing outside it. */
bool ae_tap_strip_in_place (
    const AeTapJob *job, const AeConvArea *a, AeTapStrip *s);

/* Offsets of an axis' taps in the strip; joins the taps of a flat strip to
 * one where they are neighbours. Returns how many are left. */
int ae_tap_columns (const AeConvPlan *p, const AeTapStrip *s,
    const AeTapAxis *x, int *k_last, ptrdiff_t *tap);

#endif
