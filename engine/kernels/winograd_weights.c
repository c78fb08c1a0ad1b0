/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gradient of weights in the domain of frequencies, of F(4x4,3x3): each
 * share of the strips has its own sums. */
#include "kernels/winograd.h"

#include <string.h>

#define MAX_PARTIAL 8
#define PARTIAL_TILES 96
#define MAX_PARTIAL_BYTES ((size_t) 64 << 20)

void
ae_winograd_plan_weights (AeConvPlan *p)
{
  p->partial = ae_winograd_freqs (p) * ae_winograd_weight_freq (p);
  /* Each is cleared and summed at the end: that must stay a small part. */
  size_t worth = ae_winograd_tiles (p) / PARTIAL_TILES;
  p->n_partial = worth < 2 ? 2 : worth < MAX_PARTIAL ? worth : MAX_PARTIAL;
  if (p->n_jobs < (size_t) p->n_partial)
    p->n_partial = p->n_jobs;
  while (p->n_partial > 1
         && p->partial * p->n_partial * sizeof (float) > MAX_PARTIAL_BYTES)
    p->n_partial--;
}

static float *
partial_of (const AeWinogradJob *job, int index)
{
  const AeConvPlan *p = job->plan;
  return job->run->work + p->work * job->run->n_threads + index * p->partial;
}

/* du += V' Z for every frequency. */
static void
multiply_grad (
    const AeWinogradJob *job, int n, const float *v, const float *z, float *du)
{
  const AeConvPlan *p = job->plan;
  AePixelGemm g = { .a_k = 16,
    .b_block = (size_t) p->strip * 16,
    .c_block = ae_winograd_weight_block (p),
    .n_rows = 1,
    .n_k = n,
    .n_blocks = ae_virtual_out_blocks (p) };
  for (int f = 0; f < ae_winograd_freqs (p); f++)
    for (int block = 0; block < ae_winograd_in_blocks (p); block++) {
      AePhase in = ae_phase_at (block, p->src_blocks, 1);
      int k = in.phase_y * p->src_c + in.channel * 16;
      g.n_i = in.channel + 1 < p->src_blocks ? 16 : ae_last_block (p->src_c);
      if (p->plain_src)
        g.n_i *= ae_phases_in (p);
      g.a = v + f * ae_winograd_in_freq (p) + (size_t) block * p->strip * 16;
      g.b = z + f * ae_winograd_out_freq (p);
      g.c = du + f * ae_winograd_weight_freq (p) + k * 16;
      job->run->kernels->grad_gemm (&g);
    }
}

/* A fixed share of the strips, so that sums are made in the same order for
 * every number of threads. */
static void
grad_job (void *arg, size_t index, int thread)
{
  const AeWinogradJob *job = arg;
  const AeConvPlan *p = job->plan;
  AeWinogradScratch scratch = ae_winograd_scratch (job, thread);
  float *du = partial_of (job, index);
  memset (du, 0, p->partial * sizeof (float));
  size_t end = p->n_jobs * (index + 1) / p->n_partial;
  for (size_t s = p->n_jobs * index / p->n_partial; s < end; s++) {
    AeWinogradStrip strip = ae_winograd_strip (job, s);
    ae_winograd_transform_in (
        job, &strip, &scratch, ae_winograd_all_in (p));
    ae_winograd_transform_out (job, &strip, &scratch, ae_winograd_all_out (p),
        job->run->kernels->tiles_out_grad, NULL, NULL);
    multiply_grad (job, strip.n, scratch.source, scratch.products, du);
  }
}

static void
reduce (const AeWinogradJob *job, int k, int block)
{
  const AeConvPlan *p = job->plan;
  float u[AE_MAX_FREQS * 16] = { 0 }, w[9 * 16];
  for (int i = 0; i < p->n_partial; i++) {
    const float *du =
        partial_of (job, i) + block * ae_winograd_weight_block (p) + k * 16;
    for (int f = 0; f < ae_winograd_freqs (p); f++)
      for (int lane = 0; lane < 16; lane++)
        u[f * 16 + lane] += du[f * ae_winograd_weight_freq (p) + lane];
  }
  job->run->kernels->tile_weights_grad (u, 16, w);
  AeRealWeights real = ae_real_weights (p, k, block);
  for (int t = 0; t < 9; t++) {
    int tap = ae_real_tap (p, &real, t / 3, t % 3);
    float *to = job->to + real.first + tap;
    for (int lane = 0; lane < real.lanes && tap >= 0; lane++)
      to[lane * real.lane]
          = w[t * 16 + lane] + (job->add ? to[lane * real.lane] : 0);
  }
}

/* Input channels are reduced by blocks: two threads that wrote neighbouring
 * ones would fight for cache lines. */
static int
reduce_groups (const AeConvPlan *p)
{
  return (ae_phases_in (p) * p->src_c + AE_BLOCK - 1) / AE_BLOCK;
}

static void
reduce_job (void *arg, size_t index, int thread)
{
  const AeWinogradJob *job = arg;
  const AeConvPlan *p = job->plan;
  (void) thread;
  int n_k = ae_phases_in (p) * p->src_c, groups = reduce_groups (p);
  int block = index / groups, k = index % groups * AE_BLOCK;
  for (int end = k + AE_BLOCK; k < end && k < n_k; k++)
    reduce (job, k, block);
}

void
ae_winograd_weights (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, bool add, float *dw)
{
  AeWinogradJob job = ae_winograd_job (plan, run, ends);
  job.to = dw;
  job.add = add;
  ae_pool_run (run->pool, run->n_threads, plan->n_partial, grad_job, &job);
  ae_pool_run (run->pool, run->n_threads,
      (size_t) ae_virtual_out_blocks (plan) * reduce_groups (plan), reduce_job,
      &job);
}
