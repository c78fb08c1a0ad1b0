/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/pool.h"
#include "video/motion.h"

#include <stdbool.h>
#include <string.h>

#define BLOCK 8 /* positions of the half-size planes */

typedef struct {
  const AeVector *vectors;
  const float *state6, *count;
  float *warped6, *warped_count;
  int h, w;
  bool whole; /* chroma at the nearest position */
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

/* Half a position to the right of `row`, 4 taps. */
static inline float
half_way (const float *p, ptrdiff_t step)
{
  return (9.0f * (p[0] + p[step]) - (p[-step] + p[2 * step])) * 0.0625f;
}

/* Chroma sample at (x, y) in half-size positions + (fx, fy) / 2, with edges
 * replicated: the slow way, for blocks at the border. */
static float
chroma_at (const Warp *a, const float *plane, int x, int y, int fx, int fy)
{
  float column[4];
  for (int i = 0; i < 4; i++) {
    float p[4];
    for (int k = 0; k < 4; k++)
      p[k] = plane[(size_t) clamp_int (y + i - 1, 0, a->h - 1) * a->w
                   + clamp_int (x + k - 1, 0, a->w - 1)];
    column[i] = fx ? half_way (p + 1, 1) : p[1];
  }
  return fy ? half_way (column + 1, 1) : column[1];
}

static void
warp_chroma (const Warp *a, int channel, int y, int x0, int x1, AeVector v)
{
  const float *plane = a->state6 + (size_t) channel * a->h * a->w;
  float *out = a->warped6 + (size_t) channel * a->h * a->w + (size_t) y * a->w;
  int fx = a->whole ? 0 : v.x & 1, fy = a->whole ? 0 : v.y & 1;
  int dx = v.x >> 1, dy = v.y >> 1;
  int sy = y + dy;
  bool inside = x0 + dx >= 1 && x1 + dx + 2 <= a->w && sy >= 1
                && sy + 2 < a->h;
  if (!fx && !fy) {
    sy = clamp_int (sy, 0, a->h - 1);
    copy_shifted (plane + (size_t) sy * a->w, a->w, dx, x0, x1, out);
  } else if (!inside || (fx && fy)) {
    for (int x = x0; x < x1; x++)
      out[x] = chroma_at (a, plane, x + dx, sy, fx, fy);
  } else {
    const float *p = plane + (size_t) sy * a->w + dx;
    ptrdiff_t step = fx ? 1 : a->w;
    for (int x = x0; x < x1; x++)
      out[x] = half_way (p + x, step);
  }
}

/* A position counts only when all its luma pixels come from inside. */
static void
warp_count (const Warp *a, int y, int x0, int x1, AeVector v)
{
  float *out = a->warped_count + (size_t) y * a->w;
  bool row_inside = 2 * y + v.y >= 0 && 2 * y + 1 + v.y < 2 * a->h;
  int dx = v.x >> 1;
  int sy = clamp_int (y + (v.y >> 1), 0, a->h - 1);
  const float *row = a->count + (size_t) sy * a->w;
  for (int x = x0; x < x1; x++) {
    bool inside
        = row_inside && 2 * x + v.x >= 0 && 2 * x + 1 + v.x < 2 * a->w;
    out[x] = inside ? row[clamp_int (x + dx, 0, a->w - 1)] : 0.0f;
  }
}

static void
warp_run (const Warp *a, int y0, int y1, int x0, int x1, AeVector v)
{
  for (int y = y0; y < y1; y++) {
    for (int phase = 0; phase < 4; phase++)
      warp_luma (a, phase, y, x0, x1, v);
    warp_chroma (a, 4, y, x0, x1, v);
    warp_chroma (a, 5, y, x0, x1, v);
    warp_count (a, y, x0, x1, v);
  }
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
    AeVector v = vectors[first];
    for (next = first + 1; next < columns; next++)
      if (vectors[next].x != v.x || vectors[next].y != v.y)
        break;
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
