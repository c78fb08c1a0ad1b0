/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/motion.h"

#include "kernels/sad.h"

#include <math.h>
#include <string.h>

#define SIDE AE_PLACE_SIDE
#define REACH 4 /* pixels beyond a place that filters read */
#define MOST_STEPS 24

static const int8_t luma_taps[4][8] = { { 0, 0, 0, 64, 0, 0, 0, 0 },
  { -1, 4, -10, 58, 17, -5, 1, 0 }, { -1, 4, -11, 40, 40, -11, 4, -1 },
  { 0, 1, -5, 17, 58, -10, 4, -1 } };

static const int8_t chroma_taps[8][4] = { { 0, 64, 0, 0 }, { -2, 58, 10, -2 },
  { -4, 54, 16, -2 }, { -6, 46, 28, -4 }, { -4, 36, 36, -4 },
  { -4, 28, 46, -6 }, { -2, 16, 54, -4 }, { -2, 10, 58, -2 } };

static int
clamp (int x, int least, int most)
{
  return x < least ? least : x > most ? most : x;
}

AeVector
ae_vector_limit (
    const AeReference *r, int x, int y, int vector_x, int vector_y)
{
  int out = AE_REFERENCE_BORDER - REACH - SIDE;
  int most_x = r->image.width + out - x, most_y = r->image.height + out - y;
  int least = -(AE_REFERENCE_BORDER - REACH);
  return (AeVector){
    (int16_t) clamp (vector_x, 4 * (least - x), 4 * most_x),
    (int16_t) clamp (vector_y, 4 * (least - y), 4 * most_y),
  };
}

/* Sums of samples across, n of them: 16 bits hold them. */
static inline void
across (const uint8_t *from, int n, int n_taps, const int8_t *taps,
    int16_t *to)
{
  int16_t sums[SIDE] = { 0 };
  for (int k = 0; k < n_taps; k++)
    for (int x = 0; x < n; x++)
      sums[x] = (int16_t) (sums[x] + taps[k] * (int16_t) from[x + k]);
  memcpy (to, sums, (size_t) n * sizeof *to);
}

/* Of samples, when there is nothing to do across: as 64 times the sample. */
static inline void
down_alone (const uint8_t *from, ptrdiff_t stride, int n, int n_taps,
    const int8_t *taps, int16_t *to)
{
  int16_t sums[SIDE] = { 0 };
  for (int k = 0; k < n_taps; k++)
    for (int x = 0; x < n; x++)
      sums[x] = (int16_t) (sums[x] + taps[k] * (int16_t) from[k * stride + x]);
  for (int x = 0; x < n; x++)
    to[x] = (int16_t) clamp ((sums[x] + 32) >> 6, 0, 255);
}

static inline void
down (int16_t rows[][SIDE], int n, int n_taps, const int8_t *taps,
    int16_t *to)
{
  int32_t sums[SIDE];
  for (int x = 0; x < n; x++)
    sums[x] = 1 << 11;
  for (int k = 0; k < n_taps; k++)
    for (int x = 0; x < n; x++)
      sums[x] += (int16_t) taps[k] * rows[k][x];
  for (int x = 0; x < n; x++)
    to[x] = (int16_t) clamp (sums[x] >> 12, 0, 255);
}

/* n x n samples between those at `from`: across, then down. NULL: nothing to do
 * in that direction. */
static inline void
filter (const uint8_t *from, ptrdiff_t stride, int n, int n_taps,
    const int8_t *taps_across, const int8_t *taps_down, int16_t *to)
{
  int16_t rows[SIDE + 8][SIDE];
  int before = n_taps / 2 - 1;
  if (!taps_across) {
    for (int y = 0; y < n; y++)
      down_alone (from + (y - before) * stride, stride, n, n_taps, taps_down,
          to + y * n);
    return;
  }
  for (int y = taps_down ? 0 : before;
       y < n + (taps_down ? n_taps - 1 : before); y++)
    across (from + (y - before) * stride - before, n, n_taps, taps_across,
        rows[y]);
  for (int y = 0; y < n; y++)
    if (taps_down)
      down (rows + y, n, n_taps, taps_down, to + y * n);
    else
      for (int x = 0; x < n; x++)
        to[y * n + x]
            = (int16_t) clamp ((rows[y + before][x] + 32) >> 6, 0, 255);
}

static inline void
copy (const uint8_t *from, ptrdiff_t stride, int n, int16_t *to)
{
  for (int y = 0; y < n; y++)
    for (int x = 0; x < n; x++)
      to[y * n + x] = from[y * stride + x];
}

static const uint8_t *
sample_at (const AeReference *r, int plane, int x, int y)
{
  return r->image.plane[plane] + y * (ptrdiff_t) r->image.stride[plane] + x;
}

static void
predict_luma (
    const AeReference *r, int x, int y, AeVector v, int16_t *to)
{
  const uint8_t *from = sample_at (r, 0, x + (v.x >> 2), y + (v.y >> 2));
  if ((v.x | v.y) & 3)
    filter (from, r->image.stride[0], SIDE, 8,
        v.x & 3 ? luma_taps[v.x & 3] : NULL,
        v.y & 3 ? luma_taps[v.y & 3] : NULL, to);
  else
    copy (from, r->image.stride[0], SIDE, to);
}

void
ae_motion_predict (
    const AeReference *r, int x, int y, AeVector v, AePlaceSamples *to)
{
  predict_luma (r, x, y, v, to->luma);
  for (int i = 0; i < 2; i++) {
    const uint8_t *from
        = sample_at (r, 1 + i, x / 2 + (v.x >> 3), y / 2 + (v.y >> 3));
    if ((v.x | v.y) & 7)
      filter (from, r->image.stride[1 + i], SIDE / 2, 4,
          v.x & 7 ? chroma_taps[v.x & 7] : NULL,
          v.y & 7 ? chroma_taps[v.y & 7] : NULL, to->chroma[i]);
    else
      copy (from, r->image.stride[1 + i], SIDE / 2, to->chroma[i]);
  }
}

typedef struct {
  const AeReference *r;
  const uint8_t *now;
  ptrdiff_t stride;
  int x, y;
  AeVector first; /* what bits are counted from */
  float worth;
  AeVector best;
  uint32_t sad;
  float cost;
} Search;

static uint32_t
sad_of (const Search *s, AeVector v)
{
  if (((v.x | v.y) & 3) == 0)
    return ae_sad_16 (s->now, s->stride,
        sample_at (s->r, 0, s->x + v.x / 4, s->y + v.y / 4),
        s->r->image.stride[0], SIDE);
  int16_t samples[SIDE * SIDE];
  uint8_t bytes[SIDE * SIDE];
  predict_luma (s->r, s->x, s->y, v, samples);
  for (int i = 0; i < SIDE * SIDE; i++)
    bytes[i] = (uint8_t) samples[i];
  return ae_sad_16 (s->now, s->stride, bytes, SIDE, SIDE);
}

static float
bits_of (int difference)
{
  return difference ? 2 + 2 * log2f (fabsf ((float) difference)) : 0.3f;
}

/* Whether it is the best one so far. */
static bool
try (Search *s, int x, int y)
{
  AeVector v = ae_vector_limit (s->r, s->x, s->y, x, y);
  if (v.x != x || v.y != y)
    return false;
  uint32_t sad = sad_of (s, v);
  float cost = (float) sad
      + s->worth * (bits_of (v.x - s->first.x) + bits_of (v.y - s->first.y));
  if (cost >= s->cost)
    return false;
  s->best = v;
  s->sad = sad;
  s->cost = cost;
  return true;
}

/* To the best of the four neighbours `step` quarters away, while there is a
 * better one. */
static void
descend (Search *s, int step, int most)
{
  for (int i = 0; i < most; i++) {
    AeVector at = s->best;
    bool better = try (s, at.x + step, at.y);
    better |= try (s, at.x - step, at.y);
    better |= try (s, at.x, at.y + step);
    better |= try (s, at.x, at.y - step);
    if (!better)
      break;
  }
}

static Search
search_at (const AeReference *r, const AeImage *now, int x, int y,
    AeVector first, float worth)
{
  return (Search){ .r = r,
    .now = now->plane[0] + y * (ptrdiff_t) now->stride[0] + x,
    .stride = now->stride[0],
    .x = x,
    .y = y,
    .first = first,
    .worth = worth,
    .cost = HUGE_VALF };
}

AeVector
ae_motion_best (const AeReference *r, const AeImage *now, int x, int y,
    const AeVector *candidates, int n, float worth, uint32_t *sad)
{
  Search s = search_at (r, now, x, y, candidates[0], worth);
  for (int i = 0; i < n; i++)
    try (&s, candidates[i].x, candidates[i].y);
  try (&s, 0, 0);
  *sad = s.sad;
  return s.best;
}

AeVector
ae_motion_refine (const AeReference *r, const AeImage *now, int x, int y,
    AeVector first, AeVector best, float worth, uint32_t *sad)
{
  Search s = search_at (r, now, x, y, first, worth);
  try (&s, best.x, best.y);
  try (&s, (best.x + 2) & ~3, (best.y + 2) & ~3);
  descend (&s, 8, MOST_STEPS);
  descend (&s, 4, MOST_STEPS);
  descend (&s, 2, 2);
  descend (&s, 1, 2);
  *sad = s.sad;
  return s.best;
}
