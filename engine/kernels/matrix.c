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
#define PIECE 64 /* pixels of which products are made at a time */
#define FEW_PIXELS 48 /* for which so many weights are better read once */
#define MANY_PRODUCTS (1 << 20)
#define MIN_PRODUCTS 512 /* multiply-adds per pixel; below it does not pay */

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

/* Source columns for so many of the destination. */
static int
strip_cols (const AeConvPlan *p, int cols)
{
  return cols + p->taps_x - 1;
}

/* Values of a strip; the last products read behind its pixels. */
static size_t
strip_values (const AeConvPlan *p)
{
  size_t rows = p->job_rows + p->taps_y - 1;
  return (rows * strip_cols (p, p->job_cols) + PIECE) * ae_matrix_depth (p)
      + AE_TILE_VALUES;
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
  return (size_t) ae_virtual_out_blocks (p) * PIECE * AE_BLOCK;
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
      || (p->plain_src && (p->in_step > 1 || p->src_c > AE_BLOCK))
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
  p->work = strip_floats (p) + piece_floats (p)
      + (size_t) strip_cols (p, p->job_cols) * AE_BLOCK;
  return true;
}

typedef struct {
  const AeConvPlan *plan;
  const AeConvRun *run;
  const AeConvEnds *ends;
  const float *from; /* weights, to be packed */
  AeBf16 *to;
} Job;

static const AeBf16 *
packed_weights (const AeConvPlan *p, const float *packed)
{
  return (const AeBf16 *) (packed + p->dst_blocks * AE_BLOCK);
}

/* The weights of one value of a run of taps to a block of outputs. */
static void
gather_weights (const Job *job, int block, int i, int value, float to[AE_TILE])
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
  const Job *job = arg;
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
  Job job = { .plan = plan, .run = run, .from = weights,
    .to = (AeBf16 *) packed };
  ae_pool_run (run->pool, run->n_threads,
      (size_t) ae_virtual_out_blocks (plan) * plan->taps_y, pack_job, &job);
}

/* Columns of a phase that exist. */
static int
phase_columns (int w, int step, int phase)
{
  return w > phase ? (w - phase + step - 1) / step : 0;
}

AeSourceRow
ae_matrix_source (const AeConvPlan *p, const AeConvRun *run,
    const AeRowBuffer *src, int image, int y, int x, int cols, AePhase block,
    float *plain)
{
  AeSourceRow row = { .px = (size_t) AE_BLOCK * p->in_step };
  int real_y = y * p->in_step + block.phase_y;
  int width = phase_columns (p->src_w, p->in_step, block.phase_x);
  int begin = x < 0 ? 0 : x, end = x + cols < width ? x + cols : width;
  if (y < 0 || real_y >= p->src_h || begin >= end)
    return row;
  row.first = begin - x;
  row.n = end - begin;
  int last = block.channel + 1 == p->src_blocks;
  row.lanes = last ? ae_last_block (p->src_c) : AE_BLOCK;
  size_t at = (size_t) (real_y % src->ring) * p->src_w;
  if (p->plain_src) {
    const float *from
        = src->data + (size_t) image * p->src_c * src->plane + at + begin;
    run->kernels->row_to_blocked (
        from, src->plane, p->src_c, row.n, plain, false);
    row.data = plain;
    return row;
  }
  size_t line = ((size_t) image * p->src_h + real_y % src->ring)
      * p->src_blocks + block.channel;
  row.data = src->data
      + (line * p->src_w + (size_t) begin * p->in_step + block.phase_x)
      * AE_BLOCK;
  return row;
}

static void
fill_row (const Job *job, const AeConvArea *a, int y, float *plain, AeBf16 *to)
{
  const AeConvPlan *p = job->plan;
  int depth = ae_matrix_depth (p), cols = strip_cols (p, a->cols);
  int n_blocks = ae_phases_in (p) * p->src_blocks;
  for (int b = 0; b < n_blocks; b++) {
    AePhase block = ae_phase_at (b, p->src_blocks, p->in_step);
    AeSourceRow row = ae_matrix_source (p, job->run, &job->ends->src,
        a->image, y, a->x - p->pad_x, cols, block, plain);
    AeBf16 *at = to + ae_virtual_channel (p, block);
    if (b == 0 && (p->in_step > 1 || !row.data)) {
      memset (to, 0, (size_t) cols * depth * sizeof *to);
    } else if (b == 0) {
      int end = row.first + row.n;
      memset (to, 0, (size_t) row.first * depth * sizeof *to);
      memset (to + (size_t) end * depth, 0,
          (size_t) (cols - end) * depth * sizeof *to);
    }
    if (row.data)
      job->run->kernels->matrix->to_pixels (row.data, row.px, row.n,
          row.lanes, at + (size_t) row.first * depth, depth);
  }
}

/* The strip of an area; zeros behind it, for the last run of taps. */
static void
fill_strip (const Job *job, const AeConvArea *a, float *plain, AeBf16 *strip)
{
  const AeConvPlan *p = job->plan;
  size_t row = (size_t) strip_cols (p, a->cols) * ae_matrix_depth (p);
  int rows = a->rows + p->taps_y - 1;
  for (int r = 0; r < rows; r++)
    fill_row (job, a, a->y - p->pad_y + r, plain, strip + r * row);
  memset (strip + rows * row, 0, AE_TILE_VALUES * sizeof *strip);
}

/* n pixels of a row to the planes of a plain destination. */
static void
finish_plain (const Job *job, int image, int y, int x, int n, const float *c)
{
  const AeConvPlan *p = job->plan;
  const AeRowBuffer *dst = &job->ends->dst, *res = &job->ends->residual;
  size_t planes = (size_t) image * p->dst_c, w = p->dst_w;
  const float *residual = NULL;
  if (res->data)
    residual = res->data + planes * res->plane + y % res->ring * w + x;
  job->run->kernels->matrix->finish_planes (c, n, p->dst_c,
      job->ends->packed, residual, job->ends->clamp, dst->plane,
      dst->data + planes * dst->plane + y % dst->ring * w + x);
}

/* Pixels x .. of row r of the area from the products of one virtual block. */
static void
finish_pixels (const Job *job, const AeConvArea *a, int b, int r, int x, int n,
    const float *c)
{
  const AeConvPlan *p = job->plan;
  AePhase block = ae_phase_at (b, p->dst_blocks, p->out_step);
  int y = (a->y + r) * p->out_step + block.phase_y;
  int width = phase_columns (p->dst_w, p->out_step, block.phase_x);
  x += a->x;
  n = x + n < width ? n : width - x;
  if (y >= p->dst_h || n <= 0)
    return;
  if (p->plain_dst) {
    finish_plain (job, a->image, y, x, n, c);
    return;
  }
  const AeRowBuffer *dst = &job->ends->dst, *res = &job->ends->residual;
  size_t column = (size_t) x * p->out_step + block.phase_x;
  size_t image = (size_t) a->image * p->dst_h, blocks = p->dst_blocks;
  size_t line = (image + y % dst->ring) * blocks + block.channel;
  const float *residual = NULL;
  if (res->data) {
    size_t other = (image + y % res->ring) * blocks + block.channel;
    residual = res->data + (other * p->dst_w + column) * AE_BLOCK;
  }
  job->run->kernels->matrix->finish (c, n,
      job->ends->packed + block.channel * AE_BLOCK, residual,
      job->ends->clamp, (size_t) AE_BLOCK * p->out_step,
      dst->data + (line * p->dst_w + column) * AE_BLOCK);
}

/* The rows' parts of n products from position `at` of the strip. */
static void
finish_piece (
    const Job *job, const AeConvArea *a, size_t at, int n, const float *c)
{
  const AeConvPlan *p = job->plan;
  int cols = strip_cols (p, a->cols), n_blocks = ae_virtual_out_blocks (p);
  for (int done = 0; done < n;) {
    int r = (at + done) / cols, x = (at + done) % cols;
    int left = cols - x < n - done ? cols - x : n - done;
    int inside = a->cols - x < left ? a->cols - x : left;
    for (int b = 0; b < n_blocks && inside > 0; b++)
      finish_pixels (job, a, b, r, x, inside,
          c + ((size_t) b * PIECE + done) * AE_BLOCK);
    done += left;
  }
}

static void
run_area (const Job *job, const AeConvArea *a, int thread)
{
  const AeConvPlan *p = job->plan;
  const AeMatrixKernels *kernels = job->run->kernels->matrix;
  float *work = job->run->work + thread * p->work;
  AeBf16 *strip = (AeBf16 *) work;
  float *c = work + strip_floats (p);
  size_t depth = ae_matrix_depth (p), cols = strip_cols (p, a->cols);
  AeTileGemm g = { .a_px = depth,
    .a_row = cols * depth,
    .n_rows = p->taps_y,
    .n_k = run_tiles (p),
    .b = packed_weights (p, job->ends->packed),
    .b_block = weight_block (p),
    .c = c,
    .c_block = PIECE * AE_BLOCK,
    .n_blocks = ae_virtual_out_blocks (p) };
  fill_strip (job, a, c + piece_floats (p), strip);
  size_t end = cols * (a->rows - 1) + a->cols;
  kernels->begin ();
  for (size_t at = 0; at < end; at += PIECE) {
    int n = end - at < PIECE ? (int) (end - at) : PIECE;
    g.a = strip + at * depth;
    g.n_px = (n + AE_TILE - 1) / AE_TILE * AE_TILE;
    kernels->gemm (&g);
    finish_piece (job, a, at, n, c);
  }
  kernels->end ();
}

static void
run_job (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlan *p = job->plan;
  int h = ae_virtual_size (p, p->dst_h), w = ae_virtual_size (p, p->dst_w);
  AeConvArea a = ae_conv_area (p, h, w, index);
  run_area (job, &a, thread);
}

void
ae_matrix_run (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends)
{
  Job job = { .plan = plan, .run = run, .ends = ends };
  ae_pool_run (run->pool, run->n_threads, plan->n_jobs, run_job, &job);
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
  Job job = { .plan = plan, .run = run, .ends = ends };
  AeRows v = virtual_rows (plan, &rows);
  int w = ae_virtual_size (plan, plan->dst_w);
  for (int y = v.begin; y < v.end; y += plan->job_rows)
    for (int x = 0; x < w; x += plan->job_cols) {
      AeConvArea a = { .y = y, .x = x };
      a.rows = v.end - y < plan->job_rows ? v.end - y : plan->job_rows;
      a.cols = w - x < plan->job_cols ? w - x : plan->job_cols;
      run_area (&job, &a, 0);
    }
}
