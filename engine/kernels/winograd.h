/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_WINOGRAD_H
#define AE_KERNELS_WINOGRAD_H

/* What the files winograd*.c share. */

#include "kernels/phases.h"

#define AE_MAX_FREQS ((AE_MAX_TILE + 2) * (AE_MAX_TILE + 2))

static inline int
ae_winograd_freqs (const AeConvPlan *p)
{
  return (p->tile + 2) * (p->tile + 2);
}

/* A plain source has all its phases in one block, [phase][channel]. */
static inline int
ae_winograd_in_blocks (const AeConvPlan *p)
{
  return p->plain_src ? 1 : ae_phases_in (p) * p->src_blocks;
}

/* Strides in floats between frequencies; the odd 16 keeps them out of one
 * cache set. */
static inline size_t
ae_winograd_in_freq (const AeConvPlan *p)
{
  return (size_t) ae_winograd_in_blocks (p) * p->strip * 16 + 16;
}

static inline size_t
ae_winograd_out_freq (const AeConvPlan *p)
{
  return (size_t) ae_virtual_out_blocks (p) * p->strip * 16 + 16;
}

/* Of the weights: floats of an output block, and between frequencies. */
static inline size_t
ae_winograd_weight_block (const AeConvPlan *p)
{
  return (size_t) ae_phases_in (p) * p->src_c * 16;
}

static inline size_t
ae_winograd_weight_freq (const AeConvPlan *p)
{
  return ae_virtual_out_blocks (p) * ae_winograd_weight_block (p) + 16;
}

/* Which of a phase's taps are not there, by bits of plan->missing. */
enum {
  AE_NO_FIRST_ROW = 1,
  AE_NO_LAST_ROW = 2,
  AE_NO_FIRST_COLUMN = 4,
  AE_NO_LAST_COLUMN = 8
};

/* The first frequency is that of the first tap alone, the last that of the
 * last: a phase with two taps in a row of three has nothing to multiply at one
 * of them. */
static inline bool
ae_winograd_is_idle (const AeConvPlan *p, int phase, int f)
{
  int n = p->tile + 2, row = f / n, column = f % n;
  int edges = (row == 0 ? AE_NO_FIRST_ROW : 0)
              | (row == n - 1 ? AE_NO_LAST_ROW : 0)
              | (column == 0 ? AE_NO_FIRST_COLUMN : 0)
              | (column == n - 1 ? AE_NO_LAST_COLUMN : 0);
  return p->missing[phase] & edges;
}

/* Only one side has phases. */
static inline bool
ae_winograd_is_idle_in (const AeConvPlan *p, int in, int f)
{
  return p->in_step > 1 && ae_winograd_is_idle (p, in, f);
}

static inline bool
ae_winograd_is_idle_out (const AeConvPlan *p, int out, int f)
{
  return p->out_step > 1 && ae_winograd_is_idle (p, out, f);
}

typedef struct {
  const AeConvPlan *plan;
  const AeConvRun *run;
  const float *from; /* weights */
  float *to;         /* packed weights, or their gradient */
  bool add;
  AeRowBuffer src, dst; /* for the gradient of weights: in and dout */
  AeRowBuffer residual; /* data NULL: none */
  const float *packed;
  const AeClamp *clamp;
  size_t first, end, per_job; /* tiles */
} AeWinogradJob;

/* All tiles. */
AeWinogradJob ae_winograd_job (
    const AeConvPlan *plan, const AeConvRun *run, const AeConvEnds *ends);

static inline const AeTileKernels *
ae_winograd_kernels (const AeWinogradJob *job)
{
  const AeTileKernels *tiles = job->run->kernels->tiles;
  bool large = job->plan->tile == tiles[AE_TILES_6].size;
  return &tiles[large ? AE_TILES_6 : AE_TILES_4];
}

/* Some consecutive tiles: what is worked on at a time. */
typedef struct {
  size_t first;
  int n;
} AeWinogradStrip;

static inline AeWinogradStrip
ae_winograd_strip (const AeWinogradJob *job, size_t index)
{
  size_t first = job->first + index * job->per_job, left = job->end - first;
  return (AeWinogradStrip){ first, left < job->per_job ? left : job->per_job };
}

/* A thread's scratch: a strip's transformed source, its products, and the rows
 * of a plain source. */
typedef struct {
  float *source, *products, *rows;
} AeWinogradScratch;

size_t ae_winograd_work (const AeConvPlan *p);
AeWinogradScratch ae_winograd_scratch (const AeWinogradJob *job, int thread);

/* Virtual blocks of one side. */
typedef struct {
  int first, n;
} AeWinogradBlocks;

static inline AeWinogradBlocks
ae_winograd_all_in (const AeConvPlan *p)
{
  return (AeWinogradBlocks){ 0, ae_winograd_in_blocks (p) };
}

static inline AeWinogradBlocks
ae_winograd_all_out (const AeConvPlan *p)
{
  return (AeWinogradBlocks){ 0, ae_virtual_out_blocks (p) };
}

/* The transformed source of a strip, to its place in the scratch. */
void ae_winograd_transform_in (const AeWinogradJob *job,
    const AeWinogradStrip *strip, const AeWinogradScratch *scratch,
    AeWinogradBlocks blocks);

/* The products to the destination, or, with another `fn`, the other way. bias
 * and clamp may be NULL. */
void ae_winograd_transform_out (const AeWinogradJob *job,
    const AeWinogradStrip *strip, const AeWinogradScratch *scratch,
    AeWinogradBlocks blocks, void (*fn) (const AeTiles *t), const float *bias,
    const AeClamp *clamp);

/* The share of the plan that AE_CONV_WEIGHTS has for itself. */
void ae_winograd_plan_weights (AeConvPlan *p);

static inline size_t
ae_winograd_tiles (const AeConvPlan *p)
{
  return (size_t) p->geo.n * p->tiles_y * p->tiles_x;
}

#endif
