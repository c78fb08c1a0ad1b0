/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The transforms of Winograd's F(4x4,3x3) with the points 0, 1, -1, 2, -2 and
 * infinity, on tiles of whole channel blocks. Compiled once per instruction
 * set. */
#include "kernels/vec.h"

static const float zeros[16];

/* B' d: 6 samples to 6 frequencies. */
INLINE void
forward6 (const vf *d, vf *f)
{
  vf a = d[4] - d[2] * 4, b = d[3] - d[1] * 4;
  vf c = d[4] - d[2], e = (d[3] - d[1]) * 2;
  f[0] = d[0] * 4 - d[2] * 5 + d[4];
  f[1] = a + b;
  f[2] = a - b;
  f[3] = c + e;
  f[4] = c - e;
  f[5] = d[1] * 4 - d[3] * 5 + d[5];
}

/* A' m: 6 frequencies to 4 samples. */
INLINE void
inverse6 (const vf *m, vf *y)
{
  vf a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
  y[0] = m[0] + a + c;
  y[1] = b + e * 2;
  y[2] = a + c * 4;
  y[3] = b + e * 8 + m[5];
}

/* A y: its transpose. */
INLINE void
inverse6_transposed (const vf *y, vf *f)
{
  vf a = y[0] + y[2], b = y[1] + y[3];
  vf c = y[0] + y[2] * 4, e = y[1] * 2 + y[3] * 8;
  f[0] = y[0];
  f[1] = a + b;
  f[2] = a - b;
  f[3] = c + e;
  f[4] = c - e;
  f[5] = y[3];
}

/* Rows outside the image are read from zeros, without moving along. */
INLINE void
open_rows (const AeTiles *t, int n, const float **row, size_t *px)
{
  for (int r = 0; r < n; r++) {
    row[r] = t->row[r] ? t->row[r] : zeros;
    px[r] = t->row[r] ? t->px : 0;
  }
}

INLINE void
column_in (const AeTiles *t, const float *const *row, const size_t *px, int x,
    int lane, vf *f)
{
  if (x < 0 || x >= t->width) {
    for (int i = 0; i < 6; i++)
      f[i] = (vf){ 0 };
    return;
  }
  vf d[6];
#pragma GCC unroll 6
  for (int r = 0; r < 6; r++)
    d[r] = load (row[r] + (ptrdiff_t) x * px[r] + lane);
  forward6 (d, f);
}

/* Six streams at once are more than the hardware's prefetcher follows well.
 * Asking for what lies behind the image does no harm. */
INLINE void
fetch_columns (const float *const *row, const size_t *px, int x)
{
#pragma GCC unroll 6
  for (int r = 0; r < 6; r++)
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++)
      __builtin_prefetch (row[r] + (ptrdiff_t) (x + k) * px[r]);
}

void
FN (tiles_in) (const AeTiles *t)
{
  const float *row[6];
  size_t px[6];
  open_rows (t, 6, row, px);
  for (int lane = 0; lane < 16; lane += VL) {
    vf c[6][6]; /* column, vertical frequency */
    column_in (t, row, px, t->x, lane, c[0]);
    column_in (t, row, px, t->x + 1, lane, c[1]);
    for (int i = 0; i < t->n; i++) {
      int x = t->x + 4 * i;
      if (lane == 0)
        fetch_columns (row, px, x + 12);
#pragma GCC unroll 4
      for (int k = 2; k < 6; k++)
        column_in (t, row, px, x + k, lane, c[k]);
      float *freq = t->freq + 16 * i + lane;
#pragma GCC unroll 6
      for (int v = 0; v < 6; v++) {
        vf d[6], f[6];
#pragma GCC unroll 6
        for (int k = 0; k < 6; k++)
          d[k] = c[k][v];
        forward6 (d, f);
#pragma GCC unroll 6
        for (int h = 0; h < 6; h++)
          store (freq + (v * 6 + h) * t->freq_stride, f[h]);
        c[0][v] = d[4];
        c[1][v] = d[5];
      }
    }
  }
}

INLINE void
row_out (const AeTiles *t, int r, int x, int lane, const vf *y)
{
  int n = t->width - x < 4 ? t->width - x : 4;
  vf bias = t->bias ? load (t->bias + lane) : (vf){ 0 };
  for (int k = 0; k < n; k++) {
    size_t at = (size_t) (x + k) * t->px + lane;
    vf s = y[k] + bias;
    if (t->residual[r])
      s += load (t->residual[r] + at);
    if (t->clamp)
      s = clamp_vec (s, t->clamp);
    store (t->row[r] + at, s);
  }
}

/* Where a tile goes, and what is added to it; transforming takes a while. */
INLINE void
fetch_tile (const AeTiles *t, int x)
{
#pragma GCC unroll 4
  for (int r = 0; r < 4; r++)
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
      if (t->row[r])
        __builtin_prefetch (t->row[r] + (ptrdiff_t) (x + 4 + k) * t->px, 1);
      if (t->residual[r])
        __builtin_prefetch (t->residual[r] + (ptrdiff_t) (x + 4 + k) * t->px);
    }
}

void
FN (tiles_out) (const AeTiles *t)
{
  for (int lane = 0; lane < 16; lane += VL)
    for (int i = 0; i < t->n; i++) {
      const float *freq = t->freq + 16 * i + lane;
      vf s[4][6];
      if (lane == 0)
        fetch_tile (t, t->x + 4 * i);
#pragma GCC unroll 6
      for (int h = 0; h < 6; h++) {
        vf m[6], y[4];
#pragma GCC unroll 6
        for (int v = 0; v < 6; v++)
          m[v] = load (freq + (v * 6 + h) * t->freq_stride);
        inverse6 (m, y);
#pragma GCC unroll 4
        for (int r = 0; r < 4; r++)
          s[r][h] = y[r];
      }
#pragma GCC unroll 4
      for (int r = 0; r < 4; r++) {
        vf y[4];
        inverse6 (s[r], y);
        if (t->row[r])
          row_out (t, r, t->x + 4 * i, lane, y);
      }
    }
}

void
FN (tiles_out_grad) (const AeTiles *t)
{
  const float *row[4];
  size_t px[4];
  open_rows (t, 4, row, px);
  for (int lane = 0; lane < 16; lane += VL)
    for (int i = 0; i < t->n; i++) {
      vf c[4][6];
#pragma GCC unroll 4
      for (int k = 0; k < 4; k++) {
        int x = t->x + 4 * i + k;
        vf y[4] = { { 0 }, { 0 }, { 0 }, { 0 } };
        if (x < t->width)
#pragma GCC unroll 4
          for (int r = 0; r < 4; r++)
            y[r] = load (row[r] + (size_t) x * px[r] + lane);
        inverse6_transposed (y, c[k]);
      }
      float *freq = t->freq + 16 * i + lane;
#pragma GCC unroll 6
      for (int v = 0; v < 6; v++) {
        vf y[4] = { c[0][v], c[1][v], c[2][v], c[3][v] }, f[6];
        inverse6_transposed (y, f);
#pragma GCC unroll 6
        for (int h = 0; h < 6; h++)
          store (freq + (v * 6 + h) * t->freq_stride, f[h]);
      }
    }
}

/* G w */
INLINE void
weights6 (const vf *w, vf *u)
{
  vf a = (w[0] + w[2]) * (-1.0f / 6), b = w[1] * (-1.0f / 6);
  vf c = w[0] * (1.0f / 24) + w[2] * (1.0f / 6), e = w[1] * (1.0f / 12);
  u[0] = w[0] * 0.25f;
  u[1] = a + b;
  u[2] = a - b;
  u[3] = c + e;
  u[4] = c - e;
  u[5] = w[2];
}

/* G' u */
INLINE void
weights6_transposed (const vf *u, vf *w)
{
  vf a = (u[1] + u[2]) * (-1.0f / 6), b = (u[1] - u[2]) * (-1.0f / 6);
  vf c = u[3] + u[4], e = u[3] - u[4];
  w[0] = u[0] * 0.25f + a + c * (1.0f / 24);
  w[1] = b + e * (1.0f / 12);
  w[2] = a + c * (1.0f / 6) + u[5];
}

void
FN (tile_weights) (const float *w, float *u, size_t stride)
{
  for (int lane = 0; lane < 16; lane += VL) {
    vf s[3][6];
    for (int x = 0; x < 3; x++) {
      vf column[3];
      for (int y = 0; y < 3; y++)
        column[y] = load (w + (y * 3 + x) * 16 + lane);
      weights6 (column, s[x]);
    }
    for (int v = 0; v < 6; v++) {
      vf row[3] = { s[0][v], s[1][v], s[2][v] }, f[6];
      weights6 (row, f);
      for (int h = 0; h < 6; h++)
        store (u + (v * 6 + h) * stride + lane, f[h]);
    }
  }
}

void
FN (tile_weights_grad) (const float *u, size_t stride, float *w)
{
  for (int lane = 0; lane < 16; lane += VL) {
    vf s[6][3];
    for (int v = 0; v < 6; v++) {
      vf f[6];
      for (int h = 0; h < 6; h++)
        f[h] = load (u + (v * 6 + h) * stride + lane);
      weights6_transposed (f, s[v]);
    }
    for (int x = 0; x < 3; x++) {
      vf column[6], y[3];
      for (int v = 0; v < 6; v++)
        column[v] = s[v][x];
      weights6_transposed (column, y);
      for (int r = 0; r < 3; r++)
        store (w + (r * 3 + x) * 16 + lane, y[r]);
    }
  }
}
