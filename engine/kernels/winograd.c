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

#define STRIP_BYTES (448 << 10) /* of transformed values per job */
#define LEAST_STRIP 24
#define WIDE_TILES 128 /* up to which all may be one strip */
#define WIDE_WEIGHTS (256 << 10) /* bytes from which that pays */
#define TAP_PIXELS 256 /* of a job of sums over taps, roughly */
#define OWN_CACHE 1e6  /* bytes of it that weights may take */
#define SHARED_CACHE 2e7

/* Forms that stride-1 convolutions of 3x3 taps can stand for. */
static bool
has_form (const AeConvGeo *g)
{
  if (g->dh != 1 || g->dw != 1 || g->sh != g->sw || g->sh > 2)
    return false;
  return g->sh == 2 || (g->kh == 3 && g->kw == 3);
}

static int
tiles_along (int size, int tile)
{
  return (size + tile - 1) / tile;
}

/* Vector operations that take as long as reading so many bytes of weights
 * again and again: from the core's own cache they come in time. */
static double
cost_of_weights (double bytes, double times)
{
  double per_vector = bytes < OWN_CACHE ? 0.5 : bytes < SHARED_CACHE ? 6 : 14;
  return bytes / 64 * per_vector * (times > 1 ? times : 1);
}

/* Vector operations per block of 16 lanes: the products of all frequencies,
 * and the measured cost of the transforms per pixel. */
static double
cost_of (const AeConvPlan *p, int tile)
{
  double in = 20, out = 16;
  double pixels = (double) tile * tile, freqs = (tile + 2.0) * (tile + 2.0);
  double transforms = in * ae_winograd_in_blocks (p)
      + out * ae_virtual_out_blocks (p);
  double products = (double) ae_phases_in (p) * p->src_c
      * ae_virtual_out_blocks (p);
  double tiles = (double) tiles_along (ae_virtual_size (p, p->dst_h), tile)
      * tiles_along (ae_virtual_size (p, p->dst_w), tile) * p->geo.n;
  double strips = tiles > WIDE_TILES ? tiles / LEAST_STRIP : 1;
  return tiles * (products * freqs + transforms * pixels)
         + cost_of_weights (products * freqs * 64, strips);
}

/* The same of one product per tap. */
static double
cost_of_taps (const AeConvPlan *p)
{
  const AeConvGeo *g = &p->geo;
  double products = (double) p->src_c * p->dst_blocks * g->kh * g->kw;
  double pixels = (double) g->n
      * (p->kind == AE_CONV_TRANSPOSED ? (double) p->src_h * p->src_w
                                       : (double) p->dst_h * p->dst_w);
  return products * pixels
         + cost_of_weights (products * 64, pixels / TAP_PIXELS);
}

/* 0 when sums over taps are cheaper. */
static int
choose_tile (const AeConvPlan *p)
{
  double small = cost_of (p, 4), large = cost_of (p, 6);
  /* Gradients of weights are small sums of large numbers. */
  int tile = large < small && p->kind != AE_CONV_WEIGHTS ? 6 : 4;
  return cost_of (p, tile) < cost_of_taps (p) ? tile : 0;
}

static bool
is_wide (const AeConvPlan *p)
{
  double weights = 4.0 * ae_winograd_freqs (p) * ae_winograd_weight_freq (p);
  return p->kind != AE_CONV_WEIGHTS && ae_winograd_tiles (p) <= WIDE_TILES
         && weights >= WIDE_WEIGHTS;
}

static void
choose_strip (AeConvPlan *p, const AeKernels *kernels)
{
  int unit = kernels->gemm_px (ae_virtual_out_blocks (p));
  int bytes = ae_winograd_freqs (p) * 64 * (ae_winograd_in_blocks (p) + ae_virtual_out_blocks (p));
  int strip = STRIP_BYTES / bytes / unit * unit;
  int least = (LEAST_STRIP + unit - 1) / unit * unit;
  int most = 64 / unit * unit;
  strip = strip < least ? least : strip > most ? most : strip;
  /* Small images: leave some jobs for every core. */
  while (strip > unit && ae_winograd_tiles (p) < (size_t) strip * 8)
    strip -= unit;
  p->strip = strip;
  p->n_jobs = (ae_winograd_tiles (p) + strip - 1) / strip;
}

/* Which of the phases' taps are not there, by bits. */
enum { NO_FIRST_ROW = 1, NO_LAST_ROW = 2, NO_FIRST_COLUMN = 4,
  NO_LAST_COLUMN = 8 };

static bool
any_tap (const AeConvPlan *p, const AeRealWeights *w, bool row, int place)
{
  for (int other = 0; other < 3; other++)
    if (ae_real_tap (p, w, row ? place : other, row ? other : place) >= 0)
      return true;
  return false;
}

static uint8_t
missing_taps (const AeConvPlan *p, int in, int out)
{
  AeRealWeights w
      = ae_real_weights (p, in * p->src_c, out * p->dst_blocks);
  return (any_tap (p, &w, true, 0) ? 0 : NO_FIRST_ROW)
         | (any_tap (p, &w, true, 2) ? 0 : NO_LAST_ROW)
         | (any_tap (p, &w, false, 0) ? 0 : NO_FIRST_COLUMN)
         | (any_tap (p, &w, false, 2) ? 0 : NO_LAST_COLUMN);
}

/* The first frequency is that of the first tap alone, the last that of the
 * last: a phase with two taps in a row of three has nothing to multiply at one
 * of them. */
static bool
is_idle (const AeConvPlan *p, int phase, int f)
{
  int n = p->tile + 2, row = f / n, column = f % n;
  int edges = (row == 0 ? NO_FIRST_ROW : 0)
              | (row == n - 1 ? NO_LAST_ROW : 0)
              | (column == 0 ? NO_FIRST_COLUMN : 0)
              | (column == n - 1 ? NO_LAST_COLUMN : 0);
  return p->missing[phase] & edges;
}

/* Only one side has phases. */
static bool
is_idle_in (const AeConvPlan *p, int in, int f)
{
  return p->in_step > 1 && is_idle (p, in, f);
}

static bool
is_idle_out (const AeConvPlan *p, int out, int f)
{
  return p->out_step > 1 && is_idle (p, out, f);
}

bool
ae_winograd_plan (AeConvPlan *p, const AeKernels *kernels)
{
  if (!has_form (&p->geo))
    return false;
  ae_phases_plan (p);
  if (p->taps_y > 3 || p->taps_x > 3
      || (p->plain_src && ae_phases_in (p) * p->src_c > AE_BLOCK))
    return false;
  p->tile = choose_tile (p);
  if (p->tile == 0)
    return false;
  p->tiles_y = tiles_along (ae_virtual_size (p, p->dst_h), p->tile);
  p->tiles_x = tiles_along (ae_virtual_size (p, p->dst_w), p->tile);
  p->wide = is_wide (p);
  if (p->wide) {
    p->strip = (int) ae_winograd_tiles (p);
    p->n_jobs = 1;
  } else {
    choose_strip (p, kernels);
  }
  p->packed = p->dst_blocks * 16 + ae_winograd_freqs (p) * ae_winograd_weight_freq (p);
  p->work = p->wide ? 0 : ae_winograd_work (p);
  p->partial = p->wide ? ae_winograd_work (p) : 0;
  p->n_partial = p->wide;
  for (int i = 0; i < ae_phases_in (p) * ae_phases_out (p); i++)
    p->missing[i] = p->in_step > 1 ? missing_taps (p, i, 0)
                                   : missing_taps (p, 0, i);
  if (p->kind == AE_CONV_WEIGHTS)
    ae_winograd_plan_weights (p);
  return true;
}

AeWinogradJob
ae_winograd_job (const AeConvPlan *plan, const AeConvRun *run, const AeConvEnds *ends)
{
  return (AeWinogradJob){ .plan = plan, .run = run, .src = ends->src,
    .dst = ends->dst, .residual = ends->residual, .packed = ends->packed,
    .clamp = ends->clamp, .end = ae_winograd_tiles (plan), .per_job = plan->strip };
}

/* Where the source phases with weights at a frequency start, `stride` floats
 * apart, and their number. */
static int
active_phases (
    const AeConvPlan *p, int f, size_t stride, ptrdiff_t offset[4])
{
  int n = 0;
  for (int in = 0; in < ae_phases_in (p); in++)
    if (!is_idle_in (p, in, f))
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
      at -= is_idle_in (p, i, f) ? p->src_c : 0;
    if (!is_idle_in (p, in, f))
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
    bool idle = is_idle_out (p, out, f);
    for (end = out + 1; end < ae_phases_out (p); end++)
      if (is_idle_out (p, end, f) != idle)
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

