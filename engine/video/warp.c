/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/pool.h"
#include "video/interpolate.h"
#include "video/motion.h"

#include <stdbool.h>
#include <string.h>

#define BLOCK 8 /* positions of the half-size planes */

typedef struct {
  const AeVector *vectors;
  const float *state6, *count;
  float *warped6, *warped_count;
  int h, w;
  bool whole; /* nothing is interpolated */
} Warp;

static inline int
clamp_int (int v, int low, int high)
{
  return v < low ? low : v > high ? high : v;
}

/* out[x] = row[x + shift] for x0 <= x < x1, edges of 0..w-1 replicated. */
static void
copy_shifted (const float *row, int w, int shift, int x0, int x1, float *out)
{
  if (x0 + shift >= 0 && x1 + shift <= w) {
    memcpy (out + x0, row + x0 + shift, (size_t) (x1 - x0) * sizeof *out);
    return;
  }
  for (int x = x0; x < x1; x++)
    out[x] = row[clamp_int (x + shift, 0, w - 1)];
}

/* One row of one luma phase (py, px): luma pixel 2x + px + v.x is phase
 * (px + v.x) & 1 at x + ((px + v.x) >> 1). */
static void
warp_luma (const Warp *a, int phase, int y, int x0, int x1, AeVector v)
{
  size_t plane = (size_t) a->h * a->w;
  int px = (phase & 1) + v.x;
  int sy = clamp_int (2 * y + (phase >> 1) + v.y, 0, 2 * a->h - 1);
  const float *row = a->state6 + (size_t) ((sy & 1) * 2 + (px & 1)) * plane
                     + (size_t) (sy >> 1) * a->w;
  /* Past the left edge the replicated pixel is luma column 0 whatever the
   * phase; taking the phase's own first column differs by one pixel there,
   * where the count is 0 anyway. */
  copy_shifted (row, a->w, px >> 1, x0, x1,
      a->warped6 + (size_t) phase * plane + (size_t) y * a->w);
}

/* Chroma under a vector of whole luma pixels that are even, or, for noise
 * measurements, the nearest position. */
static void
copy_chroma (const Warp *a, int channel, int y, int x0, int x1, AeVector v)
{
  const float *plane = a->state6 + (size_t) channel * a->h * a->w;
  float *out = a->warped6 + (size_t) channel * a->h * a->w + (size_t) y * a->w;
  int sy = clamp_int (y + (v.y >> 1), 0, a->h - 1);
  copy_shifted (plane + (size_t) sy * a->w, a->w, v.x >> 1, x0, x1, out);
}

/* A position counts only when all its luma pixels come from inside. `v` in
 * quarters of luma pixels. */
static void
warp_count (const Warp *a, int y, int x0, int x1, AeVector v)
{
  float *out = a->warped_count + (size_t) y * a->w;
  bool row_inside = 8 * y + v.y >= 0 && 8 * y + 4 + v.y <= 8 * a->h - 4;
  int dx = (v.x + 2) >> 3;
  int sy = clamp_int (y + ((v.y + 2) >> 3), 0, a->h - 1);
  const float *row = a->count + (size_t) sy * a->w;
  for (int x = x0; x < x1; x++) {
    bool inside
        = row_inside && 8 * x + v.x >= 0 && 8 * x + 4 + v.x <= 8 * a->w - 4;
    out[x] = inside ? row[clamp_int (x + dx, 0, a->w - 1)] : 0.0f;
  }
}

static void
interpolate_luma_block (const Warp *a, int y0, int y1, int x0, int x1,
    AeVector v)
{
  float block[AE_LUMA_SIDE][AE_LUMA_SIDE];
  ae_interpolate_luma (
      a->state6, a->h, a->w, 8 * x0 + v.x, 8 * y0 + v.y, block);
  for (int phase = 0; phase < 4; phase++)
    for (int y = y0; y < y1; y++) {
      const float *from = &block[2 * (y - y0) + (phase >> 1)][phase & 1];
      float *to = a->warped6 + ((size_t) phase * a->h + y) * a->w;
      for (int x = x0; x < x1; x++)
        to[x] = from[2 * (x - x0)];
    }
}

static void
interpolate_chroma_block (const Warp *a, int channel, int y0, int y1, int x0,
    int x1, AeVector v)
{
  float block[AE_CHROMA_SIDE][AE_CHROMA_SIDE];
  ae_interpolate_chroma (a->state6 + (size_t) channel * a->h * a->w, a->h,
      a->w, 8 * x0 + v.x, 8 * y0 + v.y, block);
  for (int y = y0; y < y1; y++)
    memcpy (a->warped6 + ((size_t) channel * a->h + y) * a->w + x0,
        block[y - y0], (size_t) (x1 - x0) * sizeof (float));
}

/* Blocks x0 .. x1-1 of rows y0 .. y1-1 that share a vector. */
static void
warp_run (const Warp *a, int y0, int y1, int x0, int x1, AeVector v)
{
  bool whole_luma = ((v.x | v.y) & 3) == 0;
  bool whole_chroma = ((v.x | v.y) & 7) == 0 || a->whole;
  AeVector pixels = { (int16_t) (v.x >> 2), (int16_t) (v.y >> 2) };
  for (int y = y0; y < y1; y++) {
    for (int phase = 0; phase < 4 && whole_luma; phase++)
      warp_luma (a, phase, y, x0, x1, pixels);
    for (int channel = 4; channel < 6 && whole_chroma; channel++)
      copy_chroma (a, channel, y, x0, x1, pixels);
    warp_count (a, y, x0, x1, v);
  }
  for (int x = x0; x < x1; x += BLOCK) {
    int end = x + BLOCK < x1 ? x + BLOCK : x1;
    if (!whole_luma)
      interpolate_luma_block (a, y0, y1, x, end, v);
    for (int channel = 4; channel < 6 && !whole_chroma; channel++)
      interpolate_chroma_block (a, channel, y0, y1, x, end, v);
  }
}

static AeVector
vector_of (const Warp *a, const AeVector *vector)
{
  AeVector v = *vector;
  if (a->whole) {
    v.x = (int16_t) ((v.x + 2) & ~3);
    v.y = (int16_t) ((v.y + 2) & ~3);
  }
  return v;
}

/* A row of blocks; neighbours with equal vectors go in one run. */
static void
warp_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Warp *a = arg;
  int columns = (a->w + BLOCK - 1) / BLOCK;
  const AeVector *vectors = a->vectors + index * columns;
  int y0 = (int) index * BLOCK;
  int y1 = y0 + BLOCK < a->h ? y0 + BLOCK : a->h;
  for (int first = 0, next; first < columns; first = next) {
    AeVector v = vector_of (a, &vectors[first]);
    for (next = first + 1; next < columns; next++) {
      AeVector other = vector_of (a, &vectors[next]);
      if (other.x != v.x || other.y != v.y)
        break;
    }
    int x1 = next * BLOCK < a->w ? next * BLOCK : a->w;
    warp_run (a, y0, y1, first * BLOCK, x1, v);
  }
}

void
ae_motion_warp (const AeVector *vectors, const float *state6,
    const float *count, int h, int w, int n_threads, float *warped6,
    float *warped_count)
{
  Warp a = { vectors, state6, count, warped6, warped_count, h, w, false };
  ae_pool_run (ae_pool_shared (), n_threads,
      (size_t) (h + BLOCK - 1) / BLOCK, warp_job, &a);
}

void
ae_motion_warp_whole (const AeVector *vectors, const float *state6,
    const float *count, int h, int w, int n_threads, float *warped6,
    float *warped_count)
{
  Warp a = { vectors, state6, count, warped6, warped_count, h, w, true };
  ae_pool_run (ae_pool_shared (), n_threads,
      (size_t) (h + BLOCK - 1) / BLOCK, warp_job, &a);
}
