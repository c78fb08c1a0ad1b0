/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strips of tiles between images and frequencies. */
#include "kernels/winograd.h"

/* Columns of a strip in one tile row. */
static size_t
strip_columns (const AeConvPlan *p)
{
  return (size_t) p->tile * p->strip + 2;
}

/* The rows of a strip, blocked, where the source is plain, and the phases of
 * one of them. */
static size_t
plain_floats (const AeConvPlan *p)
{
  size_t phases = p->in_step > 1 ? 16 : 0;
  return p->plain_src
             ? strip_columns (p) * ((p->tile + 2) * 16 + phases)
             : 0;
}

static size_t
source_floats (const AeConvPlan *p)
{
  return ae_winograd_freqs (p) * ae_winograd_in_freq (p);
}

static size_t
product_floats (const AeConvPlan *p)
{
  return ae_winograd_freqs (p) * ae_winograd_out_freq (p);
}

size_t
ae_winograd_work (const AeConvPlan *p)
{
  return source_floats (p) + product_floats (p) + plain_floats (p);
}

AeWinogradScratch
ae_winograd_scratch (const AeWinogradJob *job, int thread)
{
  const AeConvPlan *p = job->plan;
  float *source = job->run->work + thread * p->work;
  float *products = source + source_floats (p);
  return (AeWinogradScratch){ source, products,
    products + product_floats (p) };
}

/* Tiles `first` .. of a strip that lie in one tile row. */
typedef struct {
  int image, tile_y, tile_x, n;
  int at; /* place in the strip */
} Segment;

static Segment
segment_at (const AeConvPlan *p, size_t tile, int at, int left)
{
  Segment s = { .at = at };
  s.tile_x = tile % p->tiles_x;
  size_t row = tile / p->tiles_x;
  s.tile_y = row % p->tiles_y;
  s.image = row / p->tiles_y;
  s.n = p->tiles_x - s.tile_x < left ? p->tiles_x - s.tile_x : left;
  return s;
}

/* One side of the convolution: an image seen as `step` x `step` phases. */
typedef struct {
  const AeRowBuffer *rows, *residual;
  int h, w, blocks, step, pad_y, pad_x, tile, n_rows;
} Side;

static float *
row_of (const Side *s, const AeRowBuffer *b, int image, int y, int block,
    int x)
{
  size_t row = ((size_t) image * s->h + y % b->ring) * s->blocks + block;
  return b->data + (row * s->w + x) * 16;
}

/* Everything but freq, for virtual block `block` of the side. */
static AeTiles
tiles_of (const Side *s, const Segment *seg, int block)
{
  AePhase v = ae_phase_at (block, s->blocks, s->step);
  AeTiles t = { .px = 16 * s->step,
    .x = seg->tile_x * s->tile - s->pad_x,
    .width = (s->w - v.phase_x + s->step - 1) / s->step,
    .n = seg->n };
  for (int r = 0; r < s->n_rows; r++) {
    int y = (seg->tile_y * s->tile - s->pad_y + r) * s->step + v.phase_y;
    if (y < 0 || y >= s->h || v.phase_x >= s->w)
      continue;
    t.row[r] = row_of (s, s->rows, seg->image, y, v.channel, v.phase_x);
    if (s->residual && s->residual->data)
      t.residual[r]
          = row_of (s, s->residual, seg->image, y, v.channel, v.phase_x);
  }
  return t;
}

/* Runs fn on the virtual blocks of every segment of the strip. */
static void
transform (const AeConvPlan *p, const AeWinogradStrip *strip, const Side *side,
    AeWinogradBlocks blocks, void (*fn) (const AeTiles *t), float *freq,
    size_t stride, const float *bias, const AeClamp *clamp)
{
  int n = strip->n;
  for (int at = 0; at < n;) {
    Segment seg = segment_at (p, strip->first + at, at, n - at);
    for (int i = 0; i < blocks.n; i++) {
      int block = blocks.first + i;
      AeTiles t = tiles_of (side, &seg, block);
      t.freq = freq + ((size_t) block * p->strip + at) * 16;
      t.freq_stride = stride;
      t.bias = bias ? bias + block % side->blocks * 16 : NULL;
      t.clamp = clamp;
      fn (&t);
    }
    at += seg.n;
  }
}

static Side
source_side (const AeWinogradJob *job)
{
  const AeConvPlan *p = job->plan;
  return (Side){ &job->src, NULL, p->src_h, p->src_w, p->src_blocks,
    p->in_step, p->pad_y, p->pad_x, p->tile, p->tile + 2 };
}

static Side
destination_side (const AeWinogradJob *job)
{
  const AeConvPlan *p = job->plan;
  return (Side){ &job->dst, &job->residual, p->dst_h, p->dst_w,
    p->dst_blocks, p->out_step, 0, 0, p->tile, p->tile };
}

/* n columns of a row that is `step` wide for each, from phase `x` on: 0 where
 * the row of `width` has ended. */
static void
take_phase (
    const float *restrict row, int width, int x, int n, float *restrict to)
{
  int inside = (width - x + 1) / 2;
  inside = inside < n ? inside : n;
  for (int i = 0; i < inside; i++)
    to[i] = row[x + 2 * i];
  for (int i = inside; i < n; i++)
    to[i] = 0;
}

/* Row y, columns first .. first + n - 1 of the phases of a plain source, as
 * planes of n floats in `planes`. False where no phase has that row. */
static bool
take_phases (const AeWinogradJob *job, int image, int y, int first, int n,
    float *planes)
{
  const AeConvPlan *p = job->plan;
  size_t plane = job->src.plane;
  const float *from = job->src.data + image * p->src_c * plane;
  bool any = false;
  for (int phase = 0; phase < 4; phase++) {
    int row = 2 * y + phase / 2;
    bool inside = row >= 0 && row < p->src_h;
    any |= inside;
    for (int c = 0; c < p->src_c; c++, planes += n)
      take_phase (from + c * plane
              + (inside ? (size_t) (row % job->src.ring) * p->src_w : 0)
              + 2 * first,
          inside ? p->src_w - 2 * first : 0, phase % 2, n, planes);
  }
  return any;
}

/* The tiles of a plain source: their rows are brought into the blocked layout
 * in `rows`, where column 0 is the first one needed. */
static AeTiles
plain_tiles (const AeWinogradJob *job, const Segment *seg, float *rows)
{
  const AeConvPlan *p = job->plan;
  const AeKernels *kernels = job->run->kernels;
  int m = p->tile, step = p->in_step, width = (p->src_w + step - 1) / step;
  int x = seg->tile_x * m - p->pad_x, first = x < 0 ? 0 : x;
  int end = x + m * seg->n + 2 < width ? x + m * seg->n + 2 : width;
  AeTiles t = { .px = 16, .x = x - first, .width = width - first,
    .n = seg->n };
  size_t plane = job->src.plane, row = strip_columns (p) * 16;
  const float *image = job->src.data + seg->image * p->src_c * plane;
  float *planes = rows + (m + 2) * row;
  for (int r = 0; r < m + 2 && first < end; r++, rows += row) {
    int y = seg->tile_y * m - p->pad_y + r, n = end - first;
    if (step > 1) {
      if (!take_phases (job, seg->image, y, first, n, planes))
        continue;
      kernels->row_to_blocked (planes, n, 4 * p->src_c, n, rows, false);
    } else {
      if (y < 0 || y >= p->src_h)
        continue;
      size_t at = (size_t) (y % job->src.ring) * p->src_w + first;
      kernels->row_to_blocked (image + at, plane, p->src_c, n, rows, false);
    }
    t.row[r] = rows;
  }
  return t;
}

void
ae_winograd_transform_in (const AeWinogradJob *job,
    const AeWinogradStrip *strip, const AeWinogradScratch *scratch,
    AeWinogradBlocks blocks)
{
  const AeConvPlan *p = job->plan;
  const AeTileKernels *kernels = ae_winograd_kernels (job);
  size_t stride = ae_winograd_in_freq (p);
  Side in = source_side (job);
  if (!p->plain_src) {
    transform (p, strip, &in, blocks, kernels->in, scratch->source, stride,
        NULL, NULL);
    return;
  }
  for (int at = 0; at < strip->n;) {
    Segment seg = segment_at (p, strip->first + at, at, strip->n - at);
    AeTiles t = plain_tiles (job, &seg, scratch->rows);
    t.freq = scratch->source + (size_t) at * 16;
    t.freq_stride = stride;
    kernels->in (&t);
    at += seg.n;
  }
}

void
ae_winograd_transform_out (const AeWinogradJob *job,
    const AeWinogradStrip *strip, const AeWinogradScratch *scratch,
    AeWinogradBlocks blocks, void (*fn) (const AeTiles *t), const float *bias,
    const AeClamp *clamp)
{
  Side out = destination_side (job);
  transform (job->plan, strip, &out, blocks, fn, scratch->products,
      ae_winograd_out_freq (job->plan), bias, clamp);
}
