/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The transforms of Winograd's F(m x m, 3x3) with the points 0, 1, -1, 2, -2,
 * for m = 6 also 1/2 and -1/2, and infinity, on tiles of whole channel blocks.
 * Compiled once per instruction set. */
#include "kernels/vec.h"

#define MAX_N (AE_MAX_TILE + 2)

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

/* B' d: 8 samples to 8 frequencies. */
INLINE void
forward8 (const vf *d, vf *f)
{
  vf a = d[2] + d[6] - d[4] * 4.25f, b = d[1] + d[5] - d[3] * 4.25f;
  vf c = d[6] + d[2] * 0.25f - d[4] * 1.25f;
  vf e = d[1] * 0.5f - d[3] * 2.5f + d[5] * 2;
  vf g = d[6] + d[2] * 4 - d[4] * 5;
  vf h = d[1] * 2 - d[3] * 2.5f + d[5] * 0.5f;
  f[0] = d[0] - d[6] + (d[4] - d[2]) * 5.25f;
  f[1] = a + b;
  f[2] = a - b;
  f[3] = c + e;
  f[4] = c - e;
  f[5] = g + h;
  f[6] = g - h;
  f[7] = d[7] - d[1] + (d[3] - d[5]) * 5.25f;
}

INLINE void
forward (int n, const vf *d, vf *f)
{
  if (n == 6)
    forward6 (d, f);
  else
    forward8 (d, f);
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

/* A' m: 8 frequencies to 6 samples. */
INLINE void
inverse8 (const vf *m, vf *y)
{
  vf a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
  vf g = m[5] + m[6], h = m[5] - m[6];
  y[0] = m[0] + a + c + g;
  y[1] = b + e * 2 + h * 0.5f;
  y[2] = a + c * 4 + g * 0.25f;
  y[3] = b + e * 8 + h * 0.125f;
  y[4] = a + c * 16 + g * 0.0625f;
  y[5] = b + e * 32 + h * 0.03125f + m[7];
}

INLINE void
inverse (int n, const vf *m, vf *y)
{
  if (n == 6)
    inverse6 (m, y);
  else
    inverse8 (m, y);
}

/* A y: the transpose of inverse6. */
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

/* n samples of column x, transformed. Rows lie px floats per column. */
INLINE void
column_in (const AeTiles *t, int n, const float *const *row, const size_t *px,
    int x, int lane, vf *f)
{
  if (x < 0 || x >= t->width) {
#pragma GCC unroll 8
    for (int i = 0; i < n; i++)
      f[i] = (vf){ 0 };
    return;
  }
  vf d[MAX_N];
#pragma GCC unroll 8
  for (int r = 0; r < n; r++)
    d[r] = load (row[r] + (ptrdiff_t) x * px[r] + lane);
  forward (n, d, f);
}

/* The columns but the first two of a tile at x. */
INLINE void
columns_in (const AeTiles *t, int n, const float *const *row, const size_t *px,
    int x, int lane, vf c[][MAX_N])
{
  for (int k = 2; k < n; k++)
    column_in (t, n, row, px, x + k, lane, c[k]);
}

/* The same inside the image, at known distances. Small tiles are done before
 * the hardware's prefetcher has brought the next: what comes three tiles later
 * is asked for, which does no harm behind the image. */
INLINE void
inner_columns_in (int n, size_t px, const float *const *row, int x, int lane,
    vf c[][MAX_N])
{
  const float *at[MAX_N];
#pragma GCC unroll 8
  for (int r = 0; r < n; r++)
    at[r] = row[r] + x * (ptrdiff_t) px + lane;
#pragma GCC unroll 8
  for (int k = 2; k < n; k++) {
    vf d[MAX_N];
#pragma GCC unroll 8
    for (int r = 0; r < n; r++) {
      d[r] = load (at[r] + px * k);
      if (lane == 0 && n == 6)
        __builtin_prefetch (at[r] + px * (k + 12));
    }
    forward (n, d, c[k]);
  }
}

INLINE void
tile_in (int n, vf c[][MAX_N], float *freq, size_t stride)
{
#pragma GCC unroll 8
  for (int v = 0; v < n; v++) {
    vf d[MAX_N], f[MAX_N];
#pragma GCC unroll 8
    for (int k = 0; k < n; k++)
      d[k] = c[k][v];
    forward (n, d, f);
#pragma GCC unroll 8
    for (int h = 0; h < n; h++)
      store (freq + (v * n + h) * stride, f[h]);
    c[0][v] = d[n - 2];
    c[1][v] = d[n - 1];
  }
}

/* Tiles of m samples: the two last columns of each are the first of the
 * next. */
INLINE void
tiles_in (const AeTiles *t, int m)
{
  const int n = m + 2;
  const float *row[MAX_N];
  size_t px[MAX_N];
  open_rows (t, n, row, px);
  bool all = true;
  for (int r = 0; r < n; r++)
    all &= px[r] > 0;
  for (int lane = 0; lane < 16; lane += VL) {
    vf c[MAX_N][MAX_N]; /* column, vertical frequency */
    column_in (t, n, row, px, t->x, lane, c[0]);
    column_in (t, n, row, px, t->x + 1, lane, c[1]);
    for (int i = 0; i < t->n; i++) {
      int x = t->x + m * i;
      bool inside = all && x + 2 >= 0 && x + n <= t->width;
      if (inside && t->px == 16)
        inner_columns_in (n, 16, row, x, lane, c);
      else if (inside && t->px == 32)
        inner_columns_in (n, 32, row, x, lane, c);
      else
        columns_in (t, n, row, px, x, lane, c);
      /* Else the compiler keeps a second copy of c, for this branch. */
      __asm__ volatile ("" : : "r" (c) : "memory");
      tile_in (n, c, t->freq + 16 * i + lane, t->freq_stride);
    }
  }
}

void
FN (tiles_in_4) (const AeTiles *t)
{
  tiles_in (t, 4);
}

void
FN (tiles_in_6) (const AeTiles *t)
{
  tiles_in (t, 6);
}

/* `cols` samples of a row. */
INLINE void
row_out (const AeTiles *t, int r, int cols, size_t px, int x, int lane, vf bias,
    const vf *y)
{
  float *to = t->row[r] + (size_t) x * px + lane;
  const float *residual = t->residual[r];
  vf s[AE_MAX_TILE];
  for (int k = 0; k < cols; k++)
    s[k] = y[k] + bias;
  if (residual)
    for (int k = 0; k < cols; k++)
      s[k] += load (residual + (x + k) * px + lane);
  if (t->clamp)
    for (int k = 0; k < cols; k++)
      s[k] = clamp_vec (s[k], t->clamp);
  for (int k = 0; k < cols; k++)
    store (to + k * px, s[k]);
}

/* Where the next tile goes, and what is added to it; transforming takes a
 * while. */
INLINE void
fetch_row (const AeTiles *t, int m, int r, int x)
{
#pragma GCC unroll 6
  for (int k = 0; k < m; k++) {
    __builtin_prefetch (t->row[r] + (ptrdiff_t) (x + m + k) * t->px, 1);
    if (t->residual[r])
      __builtin_prefetch (t->residual[r] + (ptrdiff_t) (x + m + k) * t->px);
  }
}

/* The vertical half: n columns of frequencies to m samples each. */
INLINE void
columns_out (int n, const float *freq, size_t stride, vf s[][MAX_N])
{
#pragma GCC unroll 8
  for (int h = 0; h < n; h++) {
    vf f[MAX_N], y[AE_MAX_TILE];
#pragma GCC unroll 8
    for (int v = 0; v < n; v++)
      f[v] = load (freq + (v * n + h) * stride);
    inverse (n, f, y);
#pragma GCC unroll 6
    for (int r = 0; r < n - 2; r++)
      s[r][h] = y[r];
  }
}

INLINE void
tiles_out (const AeTiles *t, int m)
{
  for (int lane = 0; lane < 16; lane += VL) {
    vf bias = t->bias ? load (t->bias + lane) : (vf){ 0 };
    for (int i = 0; i < t->n; i++) {
      int x = t->x + m * i, left = t->width - x;
      vf s[AE_MAX_TILE][MAX_N];
      columns_out (m + 2, t->freq + 16 * i + lane, t->freq_stride, s);
#pragma GCC unroll 6
      for (int r = 0; r < m; r++) {
        if (!t->row[r])
          continue;
        vf y[AE_MAX_TILE];
        if (lane == 0)
          fetch_row (t, m, r, x);
        inverse (m + 2, s[r], y);
        if (left >= m && t->px == 16)
          row_out (t, r, m, 16, x, lane, bias, y);
        else if (left >= m && t->px == 32)
          row_out (t, r, m, 32, x, lane, bias, y);
        else
          row_out (t, r, left < m ? left : m, t->px, x, lane, bias, y);
      }
    }
  }
}

void
FN (tiles_out_4) (const AeTiles *t)
{
  tiles_out (t, 4);
}

void
FN (tiles_out_6) (const AeTiles *t)
{
  tiles_out (t, 6);
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

/* G w of the larger tiles */
INLINE void
weights8 (const vf *w, vf *u)
{
  vf a = (w[0] + w[2]) * (-2.0f / 9), b = w[1] * (-2.0f / 9);
  vf c = w[0] * (1.0f / 90) + w[2] * (2.0f / 45), e = w[1] * (1.0f / 45);
  vf g = w[0] * (32.0f / 45) + w[2] * (8.0f / 45), h = w[1] * (16.0f / 45);
  u[0] = w[0];
  u[1] = a + b;
  u[2] = a - b;
  u[3] = c + e;
  u[4] = c - e;
  u[5] = g + h;
  u[6] = g - h;
  u[7] = w[2];
}

INLINE void
weights (int n, const vf *w, vf *u)
{
  if (n == 6)
    weights6 (w, u);
  else
    weights8 (w, u);
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

INLINE void
tile_weights (const float *w, int n, float *u, size_t stride)
{
  for (int lane = 0; lane < 16; lane += VL) {
    vf s[3][MAX_N];
    for (int x = 0; x < 3; x++) {
      vf column[3];
      for (int y = 0; y < 3; y++)
        column[y] = load (w + (y * 3 + x) * 16 + lane);
      weights (n, column, s[x]);
    }
    for (int v = 0; v < n; v++) {
      vf row[3] = { s[0][v], s[1][v], s[2][v] }, f[MAX_N];
      weights (n, row, f);
      for (int h = 0; h < n; h++)
        store (u + (v * n + h) * stride + lane, f[h]);
    }
  }
}

void
FN (tile_weights_4) (const float *w, float *u, size_t stride)
{
  tile_weights (w, 6, u, stride);
}

void
FN (tile_weights_6) (const float *w, float *u, size_t stride)
{
  tile_weights (w, 8, u, stride);
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
