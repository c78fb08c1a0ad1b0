/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/interpolate.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define L AE_LUMA_SIDE
#define C AE_CHROMA_SIDE

enum { LUMA_TAPS = 8, LUMA_BEFORE = 3, CHROMA_TAPS = 4, CHROMA_BEFORE = 1 };

#define N64(a, b, c, d, e, f, g, h) \
  { a / 64.f, b / 64.f, c / 64.f, d / 64.f, e / 64.f, f / 64.f, g / 64.f, \
    h / 64.f }

static const float luma_taps[4][LUMA_TAPS] = {
  N64 (0, 0, 0, 64, 0, 0, 0, 0),
  N64 (-1, 4, -10, 58, 17, -5, 1, 0),
  N64 (-1, 4, -11, 40, 40, -11, 4, -1),
  N64 (0, 1, -5, 17, 58, -10, 4, -1),
};

static const float chroma_taps[8][CHROMA_TAPS] = {
  { 0, 1, 0, 0 },
  { -2 / 64.f, 58 / 64.f, 10 / 64.f, -2 / 64.f },
  { -4 / 64.f, 54 / 64.f, 16 / 64.f, -2 / 64.f },
  { -6 / 64.f, 46 / 64.f, 28 / 64.f, -4 / 64.f },
  { -4 / 64.f, 36 / 64.f, 36 / 64.f, -4 / 64.f },
  { -4 / 64.f, 28 / 64.f, 46 / 64.f, -6 / 64.f },
  { -2 / 64.f, 16 / 64.f, 54 / 64.f, -4 / 64.f },
  { -2 / 64.f, 10 / 64.f, 58 / 64.f, -2 / 64.f },
};

static inline int
clamp_int (int v, int low, int high)
{
  return v < low ? low : v > high ? high : v;
}

/* Columns left .. left+22 of full-size luma row y. `row` has room for 25. */
static const float *
gather_luma (const float *luma4, int h, int w, int left, int y,
    float *restrict row)
{
  y = clamp_int (y, 0, 2 * h - 1);
  const float *even
      = luma4 + ((size_t) (y & 1) * 2 * h + (y >> 1)) * (size_t) w;
  const float *odd = even + (size_t) h * w;
  int first = left >> 1;
  if (first >= 0 && first + 12 <= w) {
    for (int i = 0; i < 12; i++) {
      row[2 * i] = even[first + i];
      row[2 * i + 1] = odd[first + i];
    }
    return row + (left & 1);
  }
  for (int i = 0; i < L + LUMA_TAPS - 1; i++) {
    int x = clamp_int (left + i, 0, 2 * w - 1);
    row[i] = (x & 1 ? odd : even)[x >> 1];
  }
  return row;
}

/* out[x] = sum of taps[k] * in[k * step + x], x below n. */
static inline void
filter (const float *restrict in, ptrdiff_t step, const float *taps,
    int n_taps, int n, float *restrict out)
{
  float sum[L];
  for (int x = 0; x < n; x++)
    sum[x] = taps[0] * in[x];
  for (int k = 1; k < n_taps; k++)
    for (int x = 0; x < n; x++)
      sum[x] += taps[k] * in[k * step + x];
  memcpy (out, sum, (size_t) n * sizeof *out);
}

void
ae_interpolate_luma (const float *luma4, int h, int w, int x4, int y4,
    float out[L][L])
{
  enum { ROWS = L + LUMA_TAPS - 1 };
  float row[26], wide[ROWS][L];
  int x = x4 >> 2, y = y4 >> 2;
  const float *across = luma_taps[x4 & 3], *down = luma_taps[y4 & 3];
  for (int i = 0; i < ROWS; i++) {
    const float *from
        = gather_luma (luma4, h, w, x - LUMA_BEFORE, y - LUMA_BEFORE + i, row);
    if (x4 & 3)
      filter (from, 1, across, LUMA_TAPS, L, wide[i]);
    else
      memcpy (wide[i], from + LUMA_BEFORE, sizeof wide[i]);
  }
  for (int i = 0; i < L; i++)
    if (y4 & 3)
      filter (wide[i], L, down, LUMA_TAPS, L, out[i]);
    else
      memcpy (out[i], wide[i + LUMA_BEFORE], sizeof out[i]);
}

void
ae_interpolate_chroma (const float *plane, int h, int w, int x8, int y8,
    float out[C][C])
{
  enum { ROWS = C + CHROMA_TAPS - 1 };
  float row[ROWS], wide[ROWS][C];
  int x = (x8 >> 3) - CHROMA_BEFORE, y = (y8 >> 3) - CHROMA_BEFORE;
  bool inside = x >= 0 && x + ROWS <= w;
  for (int i = 0; i < ROWS; i++) {
    const float *from = plane + (size_t) clamp_int (y + i, 0, h - 1) * w;
    for (int k = 0; k < ROWS && !inside; k++)
      row[k] = from[clamp_int (x + k, 0, w - 1)];
    filter (inside ? from + x : row, 1, chroma_taps[x8 & 7], CHROMA_TAPS, C,
        wide[i]);
  }
  for (int i = 0; i < C; i++)
    filter (wide[i], C, chroma_taps[y8 & 7], CHROMA_TAPS, C, out[i]);
}
