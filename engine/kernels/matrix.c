/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions as products of bf16 matrices. A job makes some rows of one
 * image: it writes the source pixels they need, with the zero border in
 * place, as [row][column][value] in bf16, so that the taps of a kernel row are
 * one run of values for every pixel, and pixels follow each other at equal
 * distance over the ends of rows. Products are made for all of them, those of
 * the border are dropped. */
#include "kernels/matrix.h"

#include <string.h>

#define SCRATCH_VALUES (160 << 10) /* half of the second-level cache */
#define MAX_VALUES ((size_t) 4 << 20) /* of a strip: leave more to others */
#define MAX_CHANNELS (1 << 16)
#define MAX_STEP 4
#define FEW_PIXELS 48 /* for which so many weights are better read once */
#define MANY_PRODUCTS (1 << 20)
#define MIN_PRODUCTS 200 /* multiply-adds per pixel; below it does not pay */

/* Tiles along a run of taps. */
static int
run_tiles (const AeConvPlan *p)
{
  return (p->taps_x * ae_matrix_depth (p) + AE_TILE_VALUES - 1)
      / AE_TILE_VALUES;
}

static size_t
weight_block (const AeConvPlan *p)
{
  return (size_t) p->taps_y * run_tiles (p) * AE_TILE * AE_TILE_VALUES;
}

/* Values of a strip; the last products read behind its pixels. */
static size_t
strip_values (const AeConvPlan *p)
{
  size_t rows = p->job_rows + p->taps_y - 1;
  size_t pixels = rows * ae_strip_cols (p, p->job_cols) + AE_PIECE;
  return pixels * ae_matrix_depth (p) + AE_TILE_VALUES;
}

static size_t
align_floats (size_t floats)
{
  return (floats + 15) & ~(size_t) 15;
}

static size_t
strip_floats (const AeConvPlan *p)
{
  return align_floats ((strip_values (p) + 1) / 2);
}

static size_t
piece_floats (const AeConvPlan *p)
{
  return (size_t) ae_virtual_out_blocks (p) * AE_PIECE * AE_BLOCK;
}

static void
choose_jobs (AeConvPlan *p)
{
  int h = ae_virtual_size (p, p->dst_h), w = ae_virtual_size (p, p->dst_w);
  p->job_rows = 1;
  p->job_cols = w;
  while (p->job_cols > AE_TILE && strip_values (p) > SCRATCH_VALUES)
    p->job_cols = (p->job_cols + 1) / 2;
  while (p->job_rows < h && strip_values (p) < SCRATCH_VALUES
         && (size_t) p->geo.n * h >= (size_t) (p->job_rows + 1) * 8
         && p->job_rows * p->job_cols < 2048)
    p->job_rows++;
  p->n_job_rows = (h + p->job_rows - 1) / p->job_rows;
  p->n_job_cols = (w + p->job_cols - 1) / p->job_cols;
  p->n_jobs = (size_t) p->geo.n * p->n_job_rows * p->n_job_cols;
}

/* Tiles would be mostly empty, or each row would read many weights again. */
static bool
too_few_pixels (const AeConvPlan *p, double products)
{
  size_t pixels = (size_t) p->geo.n * ae_virtual_size (p, p->dst_h)
      * ae_virtual_size (p, p->dst_w);
  return pixels < AE_TILE / 2
         || (pixels < FEW_PIXELS && products > MANY_PRODUCTS);
}

bool
ae_matrix_plan (AeConvPlan *p, const AeKernels *kernels)
{
  const AeConvGeo *g = &p->geo;
  double products = (double) p->src_c * p->dst_c * g->kh * g->kw;
  if (!kernels->matrix || g->dh != 1 || g->dw != 1 || g->sh != g->sw
      || g->sh > MAX_STEP || products < MIN_PRODUCTS
      || p->src_c > MAX_CHANNELS || p->dst_c > MAX_CHANNELS)
    return false;
  ae_phases_plan (p);
  if (p->taps_y > AE_MAX_TAPS || p->taps_x > AE_MAX_TAPS
      || (p->plain_src && p->src_c > AE_BLOCK)
      || (p->plain_dst && p->out_step > 1))
    return false;
  if (p->kind == AE_CONV_WEIGHTS)
    return ae_matrix_plan_weights (p);
  if (too_few_pixels (p, products))
    return false;
  choose_jobs (p);
  if (strip_values (p) > MAX_VALUES)
    return false;
  p->packed = p->dst_blocks * AE_BLOCK
      + (ae_virtual_out_blocks (p) * weight_block (p) + 1) / 2;
  p->work = strip_floats (p) + piece_floats (p);
  return true;
}

typedef struct {
  const AeConvPlan *plan;
  const AeConvRun *run;
  const float *from; /* weights */
  AeBf16 *to;
} PackJob;

static const AeBf16 *
packed_weights (const AeConvPlan *p, const float *packed)
{
  return (const AeBf16 *) (packed + p->dst_blocks * AE_BLOCK);
}

/* The weights of one value of a run of taps to a block of outputs. */
static void
gather_weights (
    const PackJob *job, int block, int i, int value, float to[AE_TILE])
{
  const AeConvPlan *p = job->plan;
  int j = value / ae_matrix_depth (p), k = value % ae_matrix_depth (p);
  AeRealWeights real = ae_real_weights (p, k, block);
  int tap = ae_real_tap (p, &real, i, j);
  const float *from = job->from + real.first + tap;
  for (int lane = 0; lane < AE_TILE; lane++)
    to[lane]
        = lane < real.lanes && tap >= 0 ? from[lane * real.lane] : 0;
}

/* One row of taps to one block of outputs. */
static void
pack_job (void *arg, size_t index, int thread)
{
  const PackJob *job = arg;
  const AeConvPlan *p = job->plan;
  (void) thread;
  int block = index / p->taps_y, i = index % p->taps_y;
  int n = p->taps_x * ae_matrix_depth (p);
  AeBf16 *to = job->to + index * (weight_block (p) / p->taps_y);
  float tile[AE_TILE_VALUES][AE_TILE];
  for (int first = 0; first < n; first += AE_TILE_VALUES) {
    for (int v = 0; v < AE_TILE_VALUES; v++)
      if (first + v < n)
        gather_weights (job, block, i, first + v, tile[v]);
      else
        memset (tile[v], 0, sizeof tile[v]);
    job->run->kernels->matrix->to_pairs (
        tile[0], AE_TILE, AE_TILE_VALUES, to + first * AE_TILE);
  }
}

void
ae_matrix_pack (const AeConvPlan *plan, const AeConvRun *run,
    const float *weights, float *packed)
{
  PackJob job = { .plan = plan, .run = run, .from = weights,
    .to = (AeBf16 *) packed };
  ae_pool_run (run->pool, run->n_threads,
      (size_t) ae_virtual_out_blocks (plan) * plan->taps_y, pack_job, &job);
}

static void
run_area (const AeMatrixRun *m, const AeConvArea *a, int thread)
{
  const AeConvPlan *p = m->plan;
  const AeMatrixKernels *kernels = m->run->kernels->matrix;
  float *work = m->run->work + thread * p->work;
  AeBf16 *strip = (AeBf16 *) work;
  float *c = work + strip_floats (p);
  size_t depth = ae_matrix_depth (p), cols = ae_strip_cols (p, a->cols);
  AeTileGemm g = { .a_px = depth,
    .a_row = cols * depth,
    .n_rows = p->taps_y,
    .n_k = run_tiles (p),
    .b = packed_weights (p, m->ends->packed),
    .b_block = weight_block (p),
    .c = c,
    .c_block = AE_PIECE * AE_BLOCK,
    .n_blocks = ae_virtual_out_blocks (p) };
  ae_matrix_fill (m, a, strip);
  size_t end = cols * (a->rows - 1) + a->cols;
  kernels->begin ();
  for (size_t at = 0; at < end; at += AE_PIECE) {
    int n = end - at < AE_PIECE ? (int) (end - at) : AE_PIECE;
    g.a = strip + at * depth;
    g.n_px = (n + AE_TILE - 1) / AE_TILE * AE_TILE;
    kernels->gemm (&g);
    ae_matrix_finish (m, a, at, n, c);
  }
  kernels->end ();
}

static void
run_job (void *arg, size_t index, int thread)
{
  const AeMatrixRun *m = arg;
  const AeConvPlan *p = m->plan;
  int h = ae_virtual_size (p, p->dst_h), w = ae_virtual_size (p, p->dst_w);
  AeConvArea a = ae_conv_area (p, h, w, index);
  run_area (m, &a, thread);
}

void
ae_matrix_run (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends)
{
  AeMatrixRun m = { plan, run, ends };
  ae_pool_run (run->pool, run->n_threads, plan->n_jobs, run_job, &m);
}

/* Virtual rows that make the destination rows. */
static AeRows
virtual_rows (const AeConvPlan *p, const AeRows *dst)
{
  return (AeRows){ dst->begin / p->out_step,
    ae_virtual_size (p, dst->end) };
}

void
ae_matrix_reach (const AeConvPlan *p, AeRows *dst, AeRows *src)
{
  AeRows v = virtual_rows (p, dst);
  *dst = (AeRows){ v.begin * p->out_step, v.end * p->out_step };
  *src = (AeRows){ (v.begin - p->pad_y) * p->in_step,
    (v.end - 1 - p->pad_y + p->taps_y) * p->in_step };
}

void
ae_matrix_run_rows (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, AeRows rows)
{
  AeMatrixRun m = { plan, run, ends };
  AeRows v = virtual_rows (plan, &rows);
  int w = ae_virtual_size (plan, plan->dst_w);
  for (int y = v.begin; y < v.end; y += plan->job_rows)
    for (int x = 0; x < w; x += plan->job_cols) {
      AeConvArea a = { .y = y, .x = x };
      a.rows = v.end - y < plan->job_rows ? v.end - y : plan->job_rows;
      a.cols = w - x < plan->job_cols ? w - x : plan->job_cols;
      run_area (&m, &a, 0);
    }
}
