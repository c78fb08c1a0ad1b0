/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gradient of weights of taps.c. */
#include "kernels/taps.h"

#include <string.h>

static float *
partial_of (const AeTapJob *job, int index)
{
  const AeConvPlan *p = job->plan;
  return job->run->work + p->work * job->run->n_threads + index * p->partial;
}

static void
grad_area (
    const AeTapJob *job, const AeConvArea *a, const AeTapStrip *s, float *dw)
{
  const AeConvPlan *p = job->plan;
  AeTapAxis y = ae_tap_axis_y (p, 0), x = ae_tap_axis_x (p, 0);
  ptrdiff_t tap_x[AE_MAX_TAPS];
  int k_last, n_x = ae_tap_columns (p, s, &x, &k_last, tap_x);
  int n_k = s->flat ? 1 : p->src_blocks;
  size_t row = (size_t) p->dst_blocks * p->dst_w * 16;
  AePixelGemm g = { .a_row = ae_tap_source_step (p, p->geo.sh) * s->row,
    .a_k = s->px,
    .b = job->ends.dst.data + ((size_t) a->image * p->dst_h + a->y) * row
         + (size_t) a->x * 16,
    .b_row = row,
    .b_block = (size_t) p->dst_w * 16,
    .c_block = (size_t) y.n * x.n * p->src_c * 16,
    .n_rows = a->rows,
    .n_k = a->cols,
    .n_blocks = p->dst_blocks };
  for (int i = 0; i < y.n; i++)
    for (int j = 0; j < n_x; j++)
      for (int block = 0; block < n_k; block++) {
        size_t k = ((size_t) i * x.n + j) * p->src_c + block * 16;
        g.a = s->data + (y.at[i] - s->first_y) * s->row + tap_x[j]
              + block * s->block;
        g.c = dw + k * 16;
        g.n_i = block + 1 < n_k ? 16 : k_last;
        job->run->kernels->grad_gemm (&g);
      }
}

/* A fixed share of the areas, so that sums are made in the same order for
 * every number of threads. */
static void
grad_job (void *arg, size_t index, int thread)
{
  const AeTapJob *job = arg;
  const AeConvPlan *p = job->plan;
  float *scratch = job->run->work + thread * p->work;
  float *dw = partial_of (job, index);
  memset (dw, 0, p->partial * sizeof (float));
  size_t end = p->n_jobs * (index + 1) / p->n_partial;
  for (size_t i = p->n_jobs * index / p->n_partial; i < end; i++) {
    AeConvArea a = ae_tap_area (p, i);
    AeTapStrip s = ae_tap_strip (job, &a, scratch);
    grad_area (job, &a, &s, dw);
  }
}

static void
unpack_one (const AeTapJob *job, size_t packed, int block, int k_y, int k_x,
    int channel)
{
  const AeConvPlan *p = job->plan;
  size_t stride;
  size_t at = ae_tap_real_weight (p, block, k_y, k_x, channel, &stride);
  int n = ae_tap_lanes (p, block);
  float sum[16] = { 0 };
  for (int i = 0; i < p->n_partial; i++)
    for (int lane = 0; lane < 16; lane++)
      sum[lane] += partial_of (job, i)[packed + lane];
  for (int lane = 0; lane < n; lane++) {
    float *dw = job->to + at + lane * stride;
    *dw = sum[lane] + (job->add ? *dw : 0);
  }
}

static void
unpack_job (void *arg, size_t index, int thread)
{
  (void)thread;
  ae_tap_visit (arg, index, unpack_one);
}

void
ae_taps_weights (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, bool add, float *dw)
{
  AeTapJob job = ae_tap_job (plan, run, ends);
  job.to = dw;
  job.add = add;
  ae_pool_run (run->pool, run->n_threads, plan->n_partial, grad_job, &job);
  ae_pool_run (run->pool, run->n_threads, plan->dst_blocks, unpack_job, &job);
}
