/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Winograd's F(4x4,3x3) and F(6x6,3x3) (Lavin and Gray, 2016): 36 or 64 small
 * matrix products instead of 9 large ones with 4 or 5 times the
 * multiplications. A job is a strip of `strip` tiles, consecutive over images,
 * tile rows and tile columns, whose transformed values stay in the core's own
 * cache.
 *
 * Stride 2 with kernels of 4 to 6 is the same thing on images whose channels
 * are the 2x2 phases of the real ones; the phases are read and written in
 * place. */
#include "kernels/winograd.h"

#include <string.h>

AeWinogradJob
ae_winograd_job (
    const AeConvPlan *plan, const AeConvRun *run, const AeConvEnds *ends)
{
  return (AeWinogradJob){ .plan = plan,
    .run = run,
    .src = ends->src,
    .dst = ends->dst,
    .residual = ends->residual,
    .packed = ends->packed,
    .clamp = ends->clamp,
    .end = ae_winograd_tiles (plan),
    .per_job = plan->strip };
}

/* Where the source phases with weights at a frequency start, `stride` floats
 * apart, and their number. */
static int
active_phases (
    const AeConvPlan *p, int f, size_t stride, ptrdiff_t offset[4])
{
  int n = 0;
  for (int in = 0; in < ae_phases_in (p); in++)
    if (!ae_winograd_is_idle_in (p, in, f))
      offset[n++] = (ptrdiff_t) (in * stride);
  return n;
}

/* The weights of one virtual input to one block; those of a frequency follow
 * each other without the phases that have none there. */
static void
pack_job (void *arg, size_t index, int thread)
{
  const AeWinogradJob *job = arg;
  const AeConvPlan *p = job->plan;
  (void) thread;
  int n_k = ae_phases_in (p) * p->src_c;
  int block = index / n_k, k = index % n_k, in = k / p->src_c;
  AeRealWeights real = ae_real_weights (p, k, block);
  float w[9 * 16] = { 0 }, u[AE_MAX_FREQS * 16];
  for (int t = 0; t < 9; t++) {
    int tap = ae_real_tap (p, &real, t / 3, t % 3);
    const float *from = job->from + real.first + tap;
    for (int lane = 0; lane < real.lanes && tap >= 0; lane++)
      w[t * 16 + lane] = from[lane * real.lane];
  }
  ae_winograd_kernels (job)->weights (w, u, 16);
  float *to = job->to + block * ae_winograd_weight_block (p);
  for (int f = 0; f < ae_winograd_freqs (p); f++) {
    int at = k;
    for (int i = 0; i < in; i++)
      at -= ae_winograd_is_idle_in (p, i, f) ? p->src_c : 0;
    if (!ae_winograd_is_idle_in (p, in, f))
      memcpy (to + f * ae_winograd_weight_freq (p) + (size_t) at * 16,
          u + f * 16, 16 * sizeof (float));
  }
}

void
ae_winograd_pack (const AeConvPlan *plan, const AeConvRun *run,
    const float *weights, float *u)
{
  AeWinogradJob job = { .plan = plan, .run = run, .from = weights, .to = u };
  size_t n = (size_t) ae_virtual_out_blocks (plan) * ae_phases_in (plan);
  ae_pool_run (
      run->pool, run->n_threads, n * plan->src_c, pack_job, &job);
}

/* One frequency: the source phases whose weights are not zero there, to each
 * run of destination phases that has any. */
static void
multiply_freq (const AeWinogradJob *job, int f, int n,
    const AeWinogradScratch *scratch)
{
  const AeConvPlan *p = job->plan;
  static const ptrdiff_t none[1];
  size_t block = (size_t) p->strip * 16;
  ptrdiff_t phase[4];
  size_t stride = p->plain_src ? p->src_c : block * p->src_blocks;
  int n_in = active_phases (p, f, stride, phase);
  AeTapGemm g = { .a = scratch->source + f * ae_winograd_in_freq (p),
    .a_px = 16,
    .a_block = block,
    .n_y = n_in,
    .n_x = 1,
    .n_k = p->src_blocks,
    .k_last = ae_last_block (p->src_c),
    .tap_y = phase,
    .tap_x = none,
    .b_block = ae_winograd_weight_block (p),
    .c_block = block,
    .c_px = 16,
    .n_px = n };
  const float *weights
      = job->packed + p->dst_blocks * 16 + f * ae_winograd_weight_freq (p);
  float *products = scratch->products + f * ae_winograd_out_freq (p);
  for (int out = 0, end; out < ae_phases_out (p); out = end) {
    bool idle = ae_winograd_is_idle_out (p, out, f);
    for (end = out + 1; end < ae_phases_out (p); end++)
      if (ae_winograd_is_idle_out (p, end, f) != idle)
        break;
    int first = out * p->dst_blocks;
    g.n_blocks = (end - out) * p->dst_blocks;
    g.b = weights + first * g.b_block;
    g.c = products + first * block;
    if (idle)
      for (int i = 0; i < g.n_blocks; i++)
        memset (g.c + i * block, 0, (size_t) n * 16 * sizeof (float));
    else
      job->run->kernels->gemm (&g);
  }
}

static void
multiply (
    const AeWinogradJob *job, int n, const AeWinogradScratch *scratch)
{
  for (int f = 0; f < ae_winograd_freqs (job->plan); f++)
    multiply_freq (job, f, n, scratch);
}

static void
run_job (void *arg, size_t index, int thread)
{
  const AeWinogradJob *job = arg;
  AeWinogradScratch scratch = ae_winograd_scratch (job, thread);
  AeWinogradStrip strip = ae_winograd_strip (job, index);
  ae_winograd_transform_in (
      job, &strip, &scratch, ae_winograd_all_in (job->plan));
  multiply (job, strip.n, &scratch);
  ae_winograd_transform_out (job, &strip, &scratch,
      ae_winograd_all_out (job->plan), ae_winograd_kernels (job)->out,
      job->packed, job->clamp);
}

/* Few tiles of many channels: one strip, and the threads share its blocks and
 * frequencies, so that each of the many weights is read once. */
static void
wide_in_job (void *arg, size_t index, int thread)
{
  const AeWinogradJob *job = arg;
  AeWinogradScratch scratch = ae_winograd_scratch (job, 0);
  AeWinogradStrip all = ae_winograd_strip (job, 0);
  (void) thread;
  ae_winograd_transform_in (
      job, &all, &scratch, (AeWinogradBlocks){ (int) index, 1 });
}

static void
wide_multiply_job (void *arg, size_t index, int thread)
{
  const AeWinogradJob *job = arg;
  AeWinogradScratch scratch = ae_winograd_scratch (job, 0);
  (void) thread;
  multiply_freq (job, (int) index, ae_winograd_strip (job, 0).n, &scratch);
}

static void
wide_out_job (void *arg, size_t index, int thread)
{
  const AeWinogradJob *job = arg;
  AeWinogradScratch scratch = ae_winograd_scratch (job, 0);
  AeWinogradStrip all = ae_winograd_strip (job, 0);
  (void) thread;
  ae_winograd_transform_out (job, &all, &scratch,
      (AeWinogradBlocks){ (int) index, 1 }, ae_winograd_kernels (job)->out,
      job->packed, job->clamp);
}

static void
run_wide (AeWinogradJob *job)
{
  const AeConvPlan *p = job->plan;
  const AeConvRun *run = job->run;
  ae_pool_run (run->pool, run->n_threads, ae_winograd_in_blocks (p),
      wide_in_job, job);
  ae_pool_run (run->pool, run->n_threads, ae_winograd_freqs (p),
      wide_multiply_job, job);
  ae_pool_run (run->pool, run->n_threads, ae_virtual_out_blocks (p),
      wide_out_job, job);
}

void
ae_winograd_run (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends)
{
  AeWinogradJob job = ae_winograd_job (plan, run, ends);
  if (plan->wide) {
    run_wide (&job);
    return;
  }
  ae_pool_run (run->pool, run->n_threads, plan->n_jobs, run_job, &job);
}

/* Tile rows that make the destination rows. */
static AeRows
tile_rows (const AeConvPlan *p, const AeRows *dst)
{
  int rows = p->tile * p->out_step;
  return (AeRows){ dst->begin / rows, (dst->end + rows - 1) / rows };
}

void
ae_winograd_reach (const AeConvPlan *p, AeRows *dst, AeRows *src)
{
  AeRows tiles = tile_rows (p, dst);
  int m = p->tile;
  *dst = (AeRows){ tiles.begin * m * p->out_step,
    tiles.end * m * p->out_step };
  *src = (AeRows){ (tiles.begin * m - p->pad_y) * p->in_step,
    (tiles.end * m + 2 - p->pad_y) * p->in_step };
}

/* The tiles in equal jobs, none left with a few. */
void
ae_winograd_run_rows (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, AeRows rows)
{
  AeWinogradJob job = ae_winograd_job (plan, run, ends);
  AeRows tiles = tile_rows (plan, &rows);
  job.first = (size_t) tiles.begin * plan->tiles_x;
  job.end = (size_t) tiles.end * plan->tiles_x;
  size_t n = job.end - job.first;
  size_t n_jobs = (n + plan->strip - 1) / plan->strip;
  size_t unit = run->kernels->gemm_px (ae_virtual_out_blocks (plan));
  job.per_job = ((n + n_jobs - 1) / n_jobs + unit - 1) / unit * unit;
  for (size_t i = 0; i * job.per_job < n; i++)
    run_job (&job, i, 0);
}

