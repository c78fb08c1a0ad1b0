/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gradient of weights as products of bf16 matrices, summed over pixels.
 * Some rows of an image, or several small images, are one run of pixels: the
 * source as planes with the zero border in place, so that a tap is an offset,
 * and the gradient of the destination as pairs of pixels, with zeros where
 * the source has its border. */
#include "kernels/matrix.h"

#include <string.h>

#define RUN_PIXELS 1024
#define MAX_VALUES ((size_t) 16 << 20) /* of scratch: leave more to others */
#define MAX_PARTIAL 4
#define MAX_PARTIAL_BYTES ((size_t) 64 << 20)

/* Even, so that rows begin with a pair. */
static size_t
padded_cols (const AeConvPlan *p)
{
  return ((size_t) p->job_cols + p->taps_x) / 2 * 2;
}

static size_t
padded_rows (const AeConvPlan *p)
{
  return (size_t) p->job_rows + p->taps_y - 1;
}

/* Pixels of a run, whole tiles of them. */
static size_t
run_pixels (const AeConvPlan *p)
{
  size_t rows = padded_rows (p) * (p->job_images - 1) + p->job_rows;
  return (rows * padded_cols (p) + AE_TILE_VALUES - 1) / AE_TILE_VALUES
      * AE_TILE_VALUES;
}

/* An odd number of cache lines. */
static size_t
plane_values (const AeConvPlan *p)
{
  size_t values = run_pixels (p) + (p->taps_y - 1) * padded_cols (p)
      + p->taps_x;
  return ((values + 31) / 32 | 1) * 32;
}

static int
in_blocks (const AeConvPlan *p)
{
  return (ae_matrix_depth (p) + AE_TILE - 1) / AE_TILE;
}

/* Values of the source's planes and of the gradient's pairs. */
static size_t
planes_values (const AeConvPlan *p)
{
  return (size_t) in_blocks (p) * AE_TILE * plane_values (p);
}

static size_t
pairs_values (const AeConvPlan *p)
{
  return (size_t) ae_virtual_out_blocks (p) * run_pixels (p) * AE_TILE;
}

static size_t
partial_tap (const AeConvPlan *p)
{
  return (size_t) in_blocks (p) * ae_virtual_out_blocks (p) * AE_TILE
      * AE_TILE;
}

bool
ae_matrix_plan_weights (AeConvPlan *p)
{
  int h = p->dst_h, w = p->dst_w;
  p->job_cols = w < RUN_PIXELS ? w : RUN_PIXELS;
  p->n_job_cols = (w + p->job_cols - 1) / p->job_cols;
  p->job_rows = RUN_PIXELS / p->job_cols < h ? RUN_PIXELS / p->job_cols : h;
  p->n_job_rows = (h + p->job_rows - 1) / p->job_rows;
  p->job_images = 1;
  if (p->n_job_cols == 1 && p->n_job_rows == 1) {
    int fit = RUN_PIXELS / (int) (padded_rows (p) * padded_cols (p));
    int share = (p->geo.n + MAX_PARTIAL - 1) / MAX_PARTIAL;
    p->job_images = fit < 1 ? 1 : fit < share ? fit : share;
  }
  size_t images = (p->geo.n + p->job_images - 1) / p->job_images;
  p->n_jobs = images * p->n_job_rows * p->n_job_cols;
  p->partial = partial_tap (p) * p->taps_y * p->taps_x;
  p->n_partial = p->n_jobs < MAX_PARTIAL ? (int) p->n_jobs : MAX_PARTIAL;
  while (p->n_partial > 1
         && p->partial * p->n_partial * sizeof (float) > MAX_PARTIAL_BYTES)
    p->n_partial--;
  size_t values = planes_values (p) + pairs_values (p);
  p->work = values / 2 + padded_cols (p) * p->in_step * AE_BLOCK;
  p->packed = 0;
  return values <= MAX_VALUES;
}

typedef struct {
  const AeConvPlan *plan;
  const AeConvRun *run;
  const AeConvEnds *ends; /* in and dout */
  float *dw;
  bool add;
} Job;

/* Scratch of a thread. */
typedef struct {
  AeBf16 *planes, *pairs;
  float *plain;
} Scratch;

static Scratch
scratch_of (const Job *job, int thread)
{
  const AeConvPlan *p = job->plan;
  Scratch s;
  s.planes = (AeBf16 *) (job->run->work + thread * p->work);
  s.pairs = s.planes + planes_values (p);
  s.plain = (float *) (s.pairs + pairs_values (p));
  return s;
}

/* One row of the source; `at`: its first pixel in the planes. */
static void
fill_source_row (
    const Job *job, const AeConvArea *a, int y, size_t at, const Scratch *s)
{
  const AeConvPlan *p = job->plan;
  int n_blocks = ae_phases_in (p) * p->src_blocks;
  for (int b = 0; b < n_blocks; b++) {
    AePhase block = ae_phase_at (b, p->src_blocks, p->in_step);
    AeSourceRow row = ae_matrix_source (p, job->run, &job->ends->src,
        a->image, y, a->x - p->pad_x, a->cols + p->taps_x - 1, block,
        s->plain);
    size_t channel = ae_virtual_channel (p, block);
    if (row.data)
      job->run->kernels->matrix->to_planes (row.data, row.px, row.n,
          row.lanes, s->planes + channel * plane_values (p) + at + row.first,
          plane_values (p));
  }
}

static void
fill_gradient_row (
    const Job *job, const AeConvArea *a, int y, size_t at, const Scratch *s)
{
  const AeConvPlan *p = job->plan;
  size_t block = run_pixels (p) * AE_TILE;
  for (int b = 0; b < p->dst_blocks; b++) {
    size_t line
        = ((size_t) a->image * p->dst_h + y) * p->dst_blocks + b;
    job->run->kernels->matrix->to_pairs (
        job->ends->dst.data + (line * p->dst_w + a->x) * AE_BLOCK, AE_BLOCK,
        a->cols, s->pairs + b * block + at * AE_TILE);
  }
}

/* One image, or part of one, `at` the first pixel of its run. */
static void
fill_area (const Job *job, const AeConvArea *a, size_t at, const Scratch *s)
{
  const AeConvPlan *p = job->plan;
  for (int r = 0; r < a->rows + p->taps_y - 1; r++)
    fill_source_row (
        job, a, a->y - p->pad_y + r, at + r * padded_cols (p), s);
  for (int r = 0; r < a->rows; r++)
    fill_gradient_row (job, a, a->y + r, at + r * padded_cols (p), s);
}

static void
fill_run (const Job *job, size_t index, const Scratch *s)
{
  const AeConvPlan *p = job->plan;
  AeConvArea a = ae_conv_area (p, p->dst_h, p->dst_w, index);
  a.image *= p->job_images;
  memset (s->planes, 0, planes_values (p) * sizeof *s->planes);
  memset (s->pairs, 0, pairs_values (p) * sizeof *s->pairs);
  size_t image = padded_rows (p) * padded_cols (p);
  for (int i = 0; i < p->job_images && a.image < p->geo.n; i++, a.image++)
    fill_area (job, &a, i * image, s);
}

static void
multiply_run (
    const Job *job, const Scratch *s, bool first, float *partial)
{
  const AeConvPlan *p = job->plan;
  AeTileGrad g = { .a_plane = plane_values (p),
    .b = s->pairs,
    .b_block = run_pixels (p) * AE_TILE,
    .c_tap = partial_tap (p),
    .c_in = (size_t) ae_virtual_out_blocks (p) * AE_TILE * AE_TILE,
    .n_k = (int) (run_pixels (p) / AE_TILE_VALUES),
    .n_taps = p->taps_x,
    .n_in = in_blocks (p),
    .n_blocks = ae_virtual_out_blocks (p),
    .first = first };
  for (int i = 0; i < p->taps_y; i++) {
    g.a = s->planes + i * padded_cols (p);
    g.c = partial + i * p->taps_x * partial_tap (p);
    job->run->kernels->matrix->grad (&g);
  }
}

static float *
partial_of (const Job *job, size_t index)
{
  const AeConvPlan *p = job->plan;
  return job->run->work + p->work * job->run->n_threads + index * p->partial;
}

/* A fixed share of the runs, so that sums are made in the same order for every
 * number of threads. */
static void
share_job (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlan *p = job->plan;
  Scratch s = scratch_of (job, thread);
  float *partial = partial_of (job, index);
  job->run->kernels->matrix->begin ();
  size_t begin = p->n_jobs * index / p->n_partial;
  size_t end = p->n_jobs * (index + 1) / p->n_partial;
  for (size_t i = begin; i < end; i++) {
    fill_run (job, i, &s);
    multiply_run (job, &s, i == begin, partial);
  }
  job->run->kernels->matrix->end ();
}

/* The partial sums of one virtual input channel and block of outputs to the
 * real weights. */
static void
reduce (const Job *job, int k, int block)
{
  const AeConvPlan *p = job->plan;
  AeRealWeights real = ae_real_weights (p, k, block);
  size_t in = (size_t) (k / AE_TILE) * ae_virtual_out_blocks (p) + block;
  size_t at = (in * AE_TILE + k % AE_TILE) * AE_TILE;
  for (int t = 0; t < p->taps_y * p->taps_x; t++, at += partial_tap (p)) {
    int tap = ae_real_tap (p, &real, t / p->taps_x, t % p->taps_x);
    float sum[AE_TILE] = { 0 };
    for (int i = 0; i < p->n_partial && tap >= 0; i++)
      for (int lane = 0; lane < AE_TILE; lane++)
        sum[lane] += partial_of (job, i)[at + lane];
    float *to = job->dw + real.first + tap;
    for (int lane = 0; lane < real.lanes && tap >= 0; lane++)
      to[lane * real.lane]
          = sum[lane] + (job->add ? to[lane * real.lane] : 0);
  }
}

/* A block of inputs and one of outputs: two threads that wrote neighbouring
 * channels would fight for cache lines. */
static void
reduce_job (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  (void) thread;
  int n_in = in_blocks (job->plan), depth = ae_matrix_depth (job->plan);
  int block = index / n_in, k = index % n_in * AE_TILE;
  for (int end = k + AE_TILE; k < end && k < depth; k++)
    reduce (job, k, block);
}

void
ae_matrix_weights (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, bool add, float *dw)
{
  Job job = { plan, run, ends, dw, add };
  ae_pool_run (
      run->pool, run->n_threads, plan->n_partial, share_job, &job);
  size_t n = (size_t) in_blocks (plan) * plan->dst_blocks;
  ae_pool_run (run->pool, run->n_threads, n, reduce_job, &job);
}
