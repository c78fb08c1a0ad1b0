/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The transforms of Winograd's F(4x4,3x3) and F(6x6,3x3) as products with their
 * matrices. Points 0, 1, -1, 2, -2, of the larger also 1/2, -1/2, and
 * infinity. */
#include "kernels/scalar.h"

enum { N = AE_MAX_TILE + 2 };

typedef struct {
  int m;
  const float *a, *b, *g; /* A' (m, m + 2), B' (m + 2, m + 2), G (m + 2, 3) */
} Matrices;

static const float b4[6][6] = { { 4, 0, -5, 0, 1, 0 },
  { 0, -4, -4, 1, 1, 0 }, { 0, 4, -4, -1, 1, 0 }, { 0, -2, -1, 2, 1, 0 },
  { 0, 2, -1, -2, 1, 0 }, { 0, 4, 0, -5, 0, 1 } };
static const float a4[4][6] = { { 1, 1, 1, 1, 1, 0 },
  { 0, 1, -1, 2, -2, 0 }, { 0, 1, 1, 4, 4, 0 }, { 0, 1, -1, 8, -8, 1 } };
static const float g4[6][3] = { { 1.0f / 4, 0, 0 },
  { -1.0f / 6, -1.0f / 6, -1.0f / 6 }, { -1.0f / 6, 1.0f / 6, -1.0f / 6 },
  { 1.0f / 24, 1.0f / 12, 1.0f / 6 }, { 1.0f / 24, -1.0f / 12, 1.0f / 6 },
  { 0, 0, 1 } };

static const float b6[8][8] = {
  { 1, 0, -21.0f / 4, 0, 21.0f / 4, 0, -1, 0 },
  { 0, 1, 1, -17.0f / 4, -17.0f / 4, 1, 1, 0 },
  { 0, -1, 1, 17.0f / 4, -17.0f / 4, -1, 1, 0 },
  { 0, 1.0f / 2, 1.0f / 4, -5.0f / 2, -5.0f / 4, 2, 1, 0 },
  { 0, -1.0f / 2, 1.0f / 4, 5.0f / 2, -5.0f / 4, -2, 1, 0 },
  { 0, 2, 4, -5.0f / 2, -5, 1.0f / 2, 1, 0 },
  { 0, -2, 4, 5.0f / 2, -5, -1.0f / 2, 1, 0 },
  { 0, -1, 0, 21.0f / 4, 0, -21.0f / 4, 0, 1 } };
static const float a6[6][8] = { { 1, 1, 1, 1, 1, 1, 1, 0 },
  { 0, 1, -1, 2, -2, 1.0f / 2, -1.0f / 2, 0 },
  { 0, 1, 1, 4, 4, 1.0f / 4, 1.0f / 4, 0 },
  { 0, 1, -1, 8, -8, 1.0f / 8, -1.0f / 8, 0 },
  { 0, 1, 1, 16, 16, 1.0f / 16, 1.0f / 16, 0 },
  { 0, 1, -1, 32, -32, 1.0f / 32, -1.0f / 32, 1 } };
static const float g6[8][3] = { { 1, 0, 0 },
  { -2.0f / 9, -2.0f / 9, -2.0f / 9 }, { -2.0f / 9, 2.0f / 9, -2.0f / 9 },
  { 1.0f / 90, 1.0f / 45, 2.0f / 45 }, { 1.0f / 90, -1.0f / 45, 2.0f / 45 },
  { 32.0f / 45, 16.0f / 45, 8.0f / 45 },
  { 32.0f / 45, -16.0f / 45, 8.0f / 45 }, { 0, 0, 1 } };

static const Matrices size4 = { 4, a4[0], b4[0], g4[0] };
static const Matrices size6 = { 6, a6[0], b6[0], g6[0] };

/* out = M in M', M is rows x columns; `in` and `out` are dense. */
static void
sandwich (
    const float *m, int rows, int columns, bool transposed, float *in,
    float *out)
{
  float half[N * N];
#define M(r, c) (transposed ? m[(c) * rows + (r)] : m[(r) * columns + (c)])
  for (int r = 0; r < rows; r++)
    for (int x = 0; x < columns; x++) {
      half[r * columns + x] = 0;
      for (int c = 0; c < columns; c++)
        half[r * columns + x] += M (r, c) * in[c * columns + x];
    }
  for (int y = 0; y < rows; y++)
    for (int r = 0; r < rows; r++) {
      out[y * rows + r] = 0;
      for (int c = 0; c < columns; c++)
        out[y * rows + r] += M (r, c) * half[y * columns + c];
    }
#undef M
}

/* n x n samples of a tile, m columns from each to the next. */
static void
read_tile (const AeTiles *t, int m, int n, int tile, int lane, float *d)
{
  for (int r = 0; r < n; r++)
    for (int c = 0; c < n; c++) {
      int x = t->x + m * tile + c;
      bool inside = t->row[r] && x >= 0 && x < t->width;
      d[r * n + c] = inside ? t->row[r][x * t->px + lane] : 0;
    }
}

static void
write_freqs (const AeTiles *t, int n, int tile, int lane, const float *f)
{
  for (int k = 0; k < n * n; k++)
    t->freq[k * t->freq_stride + 16 * tile + lane] = f[k];
}

static void
tiles_in (const AeTiles *t, const Matrices *s)
{
  float d[N * N], f[N * N];
  int n = s->m + 2;
  for (int i = 0; i < t->n; i++)
    for (int lane = 0; lane < 16; lane++) {
      read_tile (t, s->m, n, i, lane, d);
      sandwich (s->b, n, n, false, d, f);
      write_freqs (t, n, i, lane, f);
    }
}

static void
write_tile (const AeTiles *t, int m, int tile, int lane, const float *y)
{
  for (int r = 0; r < m; r++)
    for (int c = 0; c < m; c++) {
      int x = t->x + m * tile + c;
      if (!t->row[r] || x >= t->width)
        continue;
      size_t at = x * t->px + lane;
      float s = y[r * m + c] + (t->bias ? t->bias[lane] : 0);
      if (t->residual[r])
        s += t->residual[r][at];
      t->row[r][at] = t->clamp ? ae_clamp_one (s, t->clamp) : s;
    }
}

static void
tiles_out (const AeTiles *t, const Matrices *s)
{
  float f[N * N], y[N * N];
  int n = s->m + 2;
  for (int i = 0; i < t->n; i++)
    for (int lane = 0; lane < 16; lane++) {
      for (int k = 0; k < n * n; k++)
        f[k] = t->freq[k * t->freq_stride + 16 * i + lane];
      sandwich (s->a, s->m, n, false, f, y);
      write_tile (t, s->m, i, lane, y);
    }
}

static void
tile_weights (const float *w, const Matrices *s, float *u, size_t stride)
{
  float g[9], f[N * N];
  int n = s->m + 2;
  for (int lane = 0; lane < 16; lane++) {
    for (int k = 0; k < 9; k++)
      g[k] = w[k * 16 + lane];
    sandwich (s->g, n, 3, false, g, f);
    for (int k = 0; k < n * n; k++)
      u[k * stride + lane] = f[k];
  }
}

void
ae_tiles_in_4_scalar (const AeTiles *t)
{
  tiles_in (t, &size4);
}

void
ae_tiles_out_4_scalar (const AeTiles *t)
{
  tiles_out (t, &size4);
}

void
ae_tile_weights_4_scalar (const float *w, float *u, size_t stride)
{
  tile_weights (w, &size4, u, stride);
}

void
ae_tiles_in_6_scalar (const AeTiles *t)
{
  tiles_in (t, &size6);
}

void
ae_tiles_out_6_scalar (const AeTiles *t)
{
  tiles_out (t, &size6);
}

void
ae_tile_weights_6_scalar (const float *w, float *u, size_t stride)
{
  tile_weights (w, &size6, u, stride);
}

void
ae_tiles_out_grad_scalar (const AeTiles *t)
{
  float d[16], f[36];
  for (int i = 0; i < t->n; i++)
    for (int lane = 0; lane < 16; lane++) {
      read_tile (t, 4, 4, i, lane, d);
      sandwich (a4[0], 6, 4, true, d, f);
      write_freqs (t, 6, i, lane, f);
    }
}

void
ae_tile_weights_grad_scalar (const float *u, size_t stride, float *w)
{
  float g[9], f[36];
  for (int lane = 0; lane < 16; lane++) {
    for (int k = 0; k < 36; k++)
      f[k] = u[k * stride + lane];
    sandwich (g4[0], 3, 6, true, f, g);
    for (int k = 0; k < 9; k++)
      w[k * 16 + lane] = g[k];
  }
}
