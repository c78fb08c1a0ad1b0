/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* taps.c at work: whole images, and rows of one. */
#include "kernels/taps.h"

#define PIECE 48 /* pixels of a phase at a time, where there are several */

/* One phase of the destination: the matrix product of a whole row. */
typedef struct {
  AeTapGemm gemm;
  ptrdiff_t tap_y[AE_MAX_TAPS], tap_x[AE_MAX_TAPS];
  int y, x;
} Phase;

/* Returns the floats of the phase's weights, which start at `weights`. */
static size_t
open_phase (const AeTapJob *job, const AeConvArea *a, const AeTapStrip *s,
    int phase_y, int phase_x, const float *weights, Phase *phase)
{
  const AeConvPlan *p = job->plan;
  int ph_x = ae_tap_phases (p, p->geo.sw);
  AeTapAxis y = ae_tap_axis_y (p, phase_y), x = ae_tap_axis_x (p, phase_x);
  phase->y = phase_y;
  phase->x = phase_x;
  for (int i = 0; i < y.n; i++)
    phase->tap_y[i] = (ptrdiff_t) (y.at[i] - s->first_y) * (ptrdiff_t) s->row;
  AeTapGemm *g = &phase->gemm;
  size_t floats
      = (size_t) y.n * x.n * ae_tap_depth (p) * (p->plain_dst ? 1 : 16);
  *g = (AeTapGemm){ .a_px = s->px,
    .a_block = s->block,
    .n_y = y.n,
    .n_k = s->flat ? 1 : p->band > 0 ? p->band : p->src_blocks,
    .tap_y = phase->tap_y,
    .tap_x = phase->tap_x,
    .b = weights,
    .b_block = floats,
    .c_block = p->plain_dst ? job->ends.dst.plane : (size_t) p->dst_w * 16,
    .residual_block =
        p->plain_dst ? job->ends.residual.plane : (size_t) p->dst_w * 16,
    .c_px = (size_t) ph_x * (p->plain_dst ? 1 : 16),
    .n_blocks = p->plain_dst ? p->dst_c : p->dst_blocks,
    .bias = job->ends.packed,
    .clamp = job->ends.clamp };
  g->n_x = ae_tap_columns (p, s, &x, &g->k_last, phase->tap_x);
  int width = (p->dst_w - phase_x + ph_x - 1) / ph_x - a->x;
  g->n_px = width < a->cols ? width : a->cols;
  return floats * g->n_blocks;
}

/* Floats from the start of a buffer to its row y of an image. */
static size_t
destination_row (const AeConvPlan *p, const AeRowBuffer *to, int image, int y)
{
  size_t place = y % to->ring;
  if (p->plain_dst)
    return image * p->dst_c * to->plane + place * p->dst_w;
  return ((size_t) image * p->dst_h + place) * p->dst_blocks * 16 * p->dst_w;
}

/* Blocks of outputs; of a plain destination outputs. */
typedef struct {
  int first, n;
} Blocks;

static void
take_blocks (AeTapGemm *g, Blocks blocks)
{
  g->n_blocks = blocks.n;
  g->b += blocks.first * g->b_block;
  g->c += blocks.first * g->c_block;
  g->bias += blocks.first * 16;
  if (g->residual)
    g->residual += blocks.first * g->residual_block;
}

/* Blocks of outputs from their own blocks of the source. */
static void
run_groups (const AeTapJob *job, const AeTapGemm *all, Blocks blocks)
{
  const AeConvPlan *p = job->plan;
  AeTapGemm g = *all;
  if (p->depthwise) {
    g.n_k = 1;
    g.a += blocks.first * g.a_block;
    job->run->kernels->lanes (&g);
    return;
  }
  for (int i = 0, end; i < blocks.n; i = end) {
    int first = ae_tap_band_first (p, blocks.first + i);
    for (end = i + 1; end < blocks.n; end++)
      if (ae_tap_band_first (p, blocks.first + end) != first)
        break;
    g = *all;
    take_blocks (&g, (Blocks){ i, end - i });
    g.a += first * g.a_block;
    job->run->kernels->gemm (&g);
  }
}

/* Pixels first .. first + n - 1 of row r of the area. */
static void
run_phase (const AeTapJob *job, const AeConvArea *a, const AeTapStrip *s,
    const Phase *phase, Blocks blocks, int r, int first, int n)
{
  const AeConvPlan *p = job->plan;
  const AeRowBuffer *dst = &job->ends.dst, *residual = &job->ends.residual;
  AeTapGemm g = phase->gemm;
  int y = (a->y + r) * ae_tap_phases (p, p->geo.sh) + phase->y;
  if (y >= p->dst_h || first >= g.n_px)
    return;
  size_t at =
      (size_t) (a->x + first) * g.c_px + phase->x * (p->plain_dst ? 1 : 16);
  g.n_px = g.n_px - first < n ? g.n_px - first : n;
  g.a =
      s->data + r * ae_tap_source_step (p, p->geo.sh) * s->row + first * g.a_px;
  g.c = dst->data + destination_row (p, dst, a->image, y) + at;
  if (residual->data)
    g.residual =
        residual->data + destination_row (p, residual, a->image, y) + at;
  take_blocks (&g, blocks);
  if (p->plain_dst)
    job->run->kernels->dots (&g);
  else if (p->geo.groups > 1)
    run_groups (job, &g, blocks);
  else
    job->run->kernels->gemm (&g);
}

/* Phases are interleaved in the destination: all of them go over a piece of a
 * row while it lies in the first-level cache. */
static void
run_part (
    const AeTapJob *job, AeConvArea a, Blocks blocks, float *scratch)
{
  const AeConvPlan *p = job->plan;
  if (a.cols <= 0)
    return;
  AeTapStrip s = ae_tap_strip (job, &a, scratch);
  const float *weights = job->ends.packed + p->dst_blocks * 16;
  Phase phase[AE_TAP_MAX_STRIDE * AE_TAP_MAX_STRIDE];
  int n = 0;
  for (int y = 0; y < ae_tap_phases (p, p->geo.sh); y++)
    for (int x = 0; x < ae_tap_phases (p, p->geo.sw); x++)
      weights += open_phase (job, &a, &s, y, x, weights, &phase[n++]);
  int piece = n > 1 ? PIECE : a.cols;
  for (int r = 0; r < a.rows; r++)
    for (int x = 0; x < a.cols; x += piece)
      for (int i = 0; i < n; i++)
        run_phase (job, &a, &s, &phase[i], blocks, r, x, piece);
}

/* Columns whose taps stay inside the source, as far as the area has them. */
static void
inner_columns (const AeTapJob *job, const AeConvArea *a, int *begin, int *end)
{
  const AeConvPlan *p = job->plan;
  int step = ae_tap_source_step (p, p->geo.sw), stop = a->x + a->cols;
  int left = job->reach_x.first < 0 ? -job->reach_x.first : 0;
  int last = p->src_w - 1 - job->reach_x.last;
  *begin = (left + step - 1) / step;
  *begin = *begin < a->x ? a->x : *begin;
  *end = last < 0 ? *begin : last / step + 1;
  *end = *end < stop ? *end : stop;
}

/* Where only the first and last columns need a border, the others take the
 * source as it is. */
static void
run_area (const AeTapJob *job, const AeConvArea *area, Blocks blocks,
    float *scratch)
{
  AeConvArea inner = *area, right = *area, left = *area;
  int begin, end;
  AeTapStrip s;
  inner_columns (job, area, &begin, &end);
  inner.x = begin;
  inner.cols = end - begin;
  if (job->plan->plain_src || inner.cols < area->cols / 2
      || !ae_tap_strip_in_place (job, &inner, &s)) {
    run_part (job, *area, blocks, scratch);
    return;
  }
  left.cols = begin - area->x;
  right.x = end;
  right.cols = area->x + area->cols - end;
  run_part (job, left, blocks, scratch);
  run_part (job, inner, blocks, scratch);
  run_part (job, right, blocks, scratch);
}

/* The part of the blocks that begins at `first`. */
static Blocks
blocks_at (const AeConvPlan *p, int first)
{
  if (p->plain_dst)
    return (Blocks){ 0, p->dst_c };
  int left = p->dst_blocks - first;
  return (Blocks){ first, left < p->job_blocks ? left : p->job_blocks };
}

static void
run_job (void *arg, size_t index, int thread)
{
  const AeTapJob *job = arg;
  const AeConvPlan *p = job->plan;
  /* The areas of some blocks, then those of the next. */
  AeConvArea a = ae_tap_area (p, index % p->n_jobs);
  Blocks blocks = blocks_at (p, (int) (index / p->n_jobs) * p->job_blocks);
  run_area (job, &a, blocks, job->run->work + thread * p->work);
}

void
ae_taps_run (
    const AeConvPlan *plan, const AeConvRun *run, const AeConvEnds *ends)
{
  AeTapJob job = ae_tap_job (plan, run, ends);
  ae_pool_run (run->pool, run->n_threads,
      plan->n_jobs * ae_tap_parts (plan), run_job, &job);
}

/* Rows of a phase that make the destination rows. */
static AeRows
phase_rows (const AeConvPlan *p, const AeRows *dst)
{
  int n = ae_tap_phases (p, p->geo.sh);
  return (AeRows){ dst->begin / n, (dst->end + n - 1) / n };
}

void
ae_taps_reach (const AeConvPlan *p, AeRows *dst, AeRows *src)
{
  int n = ae_tap_phases (p, p->geo.sh),
      step = ae_tap_source_step (p, p->geo.sh);
  AeTapReach reach = ae_tap_reach (p, n, ae_tap_axis_y);
  AeRows rows = phase_rows (p, dst);
  *dst = (AeRows){ rows.begin * n, rows.end * n };
  *src = (AeRows){ rows.begin * step + reach.first,
    (rows.end - 1) * step + reach.last + 1 };
}

/* How many of the n rows from y on to make together: those whose source rows
 * lie behind each other in the ring and inside the image, or those whose do
 * not. */
static int
rows_together (const AeTapJob *job, int y, int n)
{
  const AeConvPlan *p = job->plan;
  int step = ae_tap_source_step (p, p->geo.sh), ring = job->ends.src.ring;
  int extent = job->reach_y.last - job->reach_y.first + 1;
  int first = y * step + job->reach_y.first, rows = n;
  if (first < 0) {
    rows = (-first + step - 1) / step;
  } else if (!p->plain_src && first + extent <= p->src_h) {
    int place = first % ring, room = ring - place;
    int inside = (p->src_h - first - extent) / step + 1;
    rows =
        room >= extent ? (room - extent) / step + 1 : (room + step - 1) / step;
    rows = rows < inside ? rows : inside;
  }
  rows = rows < p->job_rows ? rows : p->job_rows;
  return rows < n ? rows : n;
}

void
ae_taps_run_rows (const AeConvPlan *p, const AeConvRun *run,
    const AeConvEnds *ends, AeRows rows)
{
  AeTapJob job = ae_tap_job (p, run, ends);
  AeRows all = phase_rows (p, &rows);
  int n = ae_tap_phases (p, p->geo.sw), w = (p->dst_w + n - 1) / n;
  for (int y = all.begin, together; y < all.end; y += together) {
    together = rows_together (&job, y, all.end - y);
    for (int x = 0; x < w; x += p->job_cols) {
      AeConvArea a = { .y = y,
        .x = x,
        .rows = together,
        .cols = w - x < p->job_cols ? w - x : p->job_cols };
      for (int block = 0; block < p->dst_blocks; block += p->job_blocks)
        run_area (&job, &a, blocks_at (p, block), run->work);
    }
  }
}
