/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The meaning of every kernel in plain C: what the vector kernels are tested
 * against, and what AE_CPU=scalar runs. */
#include "kernels/kernels.h"

static const float b_matrix[6][6] = { { 4, 0, -5, 0, 1, 0 },
  { 0, -4, -4, 1, 1, 0 }, { 0, 4, -4, -1, 1, 0 }, { 0, -2, -1, 2, 1, 0 },
  { 0, 2, -1, -2, 1, 0 }, { 0, 4, 0, -5, 0, 1 } };
static const float a_matrix[4][6] = { { 1, 1, 1, 1, 1, 0 },
  { 0, 1, -1, 2, -2, 0 }, { 0, 1, 1, 4, 4, 0 }, { 0, 1, -1, 8, -8, 1 } };
static const float g_matrix[6][3] = { { 1.0f / 4, 0, 0 },
  { -1.0f / 6, -1.0f / 6, -1.0f / 6 }, { -1.0f / 6, 1.0f / 6, -1.0f / 6 },
  { 1.0f / 24, 1.0f / 12, 1.0f / 6 }, { 1.0f / 24, -1.0f / 12, 1.0f / 6 },
  { 0, 0, 1 } };

static float
clamp_one (float x, const AeClamp *clamp)
{
  float y = x < 0 ? x * clamp->slope : x;
  y = y < clamp->lo ? clamp->lo : y;
  return y > clamp->hi ? clamp->hi : y;
}

static int
gemm_px (int n_blocks)
{
  (void) n_blocks;
  return 4;
}

static float
gemm_one (const AeTapGemm *g, int p, int block, int lane)
{
  const float *b = g->b + block * g->b_block + lane;
  float sum = 0;
  for (int y = 0; y < g->n_y; y++)
    for (int x = 0; x < g->n_x; x++)
      for (int kb = 0; kb < g->n_k; kb++) {
        const float *a = g->a + p * g->a_px + g->tap_y[y] + g->tap_x[x]
            + kb * g->a_block;
        int n = kb + 1 < g->n_k ? 16 : g->k_last;
        for (int k = 0; k < n; k++, b += 16)
          sum += a[k] * *b;
      }
  return sum;
}

static void
gemm (const AeTapGemm *g)
{
  for (int block = 0; block < g->n_blocks; block++)
    for (int p = 0; p < g->n_px; p++)
      for (int lane = 0; lane < 16; lane++) {
        size_t at = block * g->c_block + p * g->c_px + lane;
        float sum = gemm_one (g, p, block, lane);
        if (g->bias)
          sum += g->bias[block * 16 + lane];
        if (g->residual)
          sum += g->residual[at];
        g->c[at] = g->clamp ? clamp_one (sum, g->clamp) : sum;
      }
}

static float
dot_one (const AeTapGemm *g, int p, int out)
{
  const float *b = g->b + out * g->b_block;
  float sum = 0;
  for (int y = 0; y < g->n_y; y++)
    for (int x = 0; x < g->n_x; x++)
      for (int block = 0; block < g->n_k; block++) {
        const float *a = g->a + p * g->a_px + g->tap_y[y] + g->tap_x[x]
            + block * g->a_block;
        for (int k = 0; k < 16; k++)
          sum += a[k] * *b++;
      }
  return sum;
}

static void
dots (const AeTapGemm *g)
{
  for (int out = 0; out < g->n_blocks; out++)
    for (int p = 0; p < g->n_px; p++) {
      size_t at = out * g->c_block + p * g->c_px;
      float sum = dot_one (g, p, out);
      if (g->bias)
        sum += g->bias[out];
      if (g->residual)
        sum += g->residual[out * g->residual_block + p * g->c_px];
      g->c[at] = g->clamp ? clamp_one (sum, g->clamp) : sum;
    }
}

static void
grad_gemm (const AePixelGemm *g)
{
  for (int block = 0; block < g->n_blocks; block++)
    for (int i = 0; i < g->n_i; i++)
      for (int lane = 0; lane < 16; lane++) {
        float sum = 0;
        for (int row = 0; row < g->n_rows; row++)
          for (int k = 0; k < g->n_k; k++)
            sum += g->a[row * g->a_row + k * g->a_k + i]
                * g->b[block * g->b_block + row * g->b_row + k * 16 + lane];
        g->c[block * g->c_block + i * 16 + lane] += sum;
      }
}

/* out = M in M', M is rows x columns; `in` and `out` are dense. */
static void
sandwich (
    const float *m, int rows, int columns, bool transposed, float *in,
    float *out)
{
  float half[36];
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

static void
read_tile (const AeTiles *t, int size, int tile, int lane, float *d)
{
  for (int r = 0; r < size; r++)
    for (int c = 0; c < size; c++) {
      int x = t->x + 4 * tile + c;
      bool inside = t->row[r] && x >= 0 && x < t->width;
      d[r * size + c] = inside ? t->row[r][x * t->px + lane] : 0;
    }
}

static void
tiles_in (const AeTiles *t)
{
  float d[36], f[36];
  for (int i = 0; i < t->n; i++)
    for (int lane = 0; lane < 16; lane++) {
      read_tile (t, 6, i, lane, d);
      sandwich (b_matrix[0], 6, 6, false, d, f);
      for (int k = 0; k < 36; k++)
        t->freq[k * t->freq_stride + 16 * i + lane] = f[k];
    }
}

static void
tiles_out_grad (const AeTiles *t)
{
  float d[16], f[36];
  for (int i = 0; i < t->n; i++)
    for (int lane = 0; lane < 16; lane++) {
      read_tile (t, 4, i, lane, d);
      sandwich (a_matrix[0], 6, 4, true, d, f);
      for (int k = 0; k < 36; k++)
        t->freq[k * t->freq_stride + 16 * i + lane] = f[k];
    }
}

static void
write_tile (const AeTiles *t, int tile, int lane, const float *y)
{
  for (int r = 0; r < 4; r++)
    for (int c = 0; c < 4; c++) {
      int x = t->x + 4 * tile + c;
      if (!t->row[r] || x >= t->width)
        continue;
      size_t at = x * t->px + lane;
      float s = y[r * 4 + c] + (t->bias ? t->bias[lane] : 0);
      if (t->residual[r])
        s += t->residual[r][at];
      t->row[r][at] = t->clamp ? clamp_one (s, t->clamp) : s;
    }
}

static void
tiles_out (const AeTiles *t)
{
  float f[36], y[16];
  for (int i = 0; i < t->n; i++)
    for (int lane = 0; lane < 16; lane++) {
      for (int k = 0; k < 36; k++)
        f[k] = t->freq[k * t->freq_stride + 16 * i + lane];
      sandwich (a_matrix[0], 4, 6, false, f, y);
      write_tile (t, i, lane, y);
    }
}

static void
tile_weights (const float *w, float *u, size_t stride)
{
  float g[9], f[36];
  for (int lane = 0; lane < 16; lane++) {
    for (int k = 0; k < 9; k++)
      g[k] = w[k * 16 + lane];
    sandwich (g_matrix[0], 6, 3, false, g, f);
    for (int k = 0; k < 36; k++)
      u[k * stride + lane] = f[k];
  }
}

static void
tile_weights_grad (const float *u, size_t stride, float *w)
{
  float g[9], f[36];
  for (int lane = 0; lane < 16; lane++) {
    for (int k = 0; k < 36; k++)
      f[k] = u[k * stride + lane];
    sandwich (g_matrix[0], 3, 6, true, f, g);
    for (int k = 0; k < 9; k++)
      w[k * 16 + lane] = g[k];
  }
}

static void
row_to_blocked (
    const float *plain, size_t plane, int channels, int width, float *blocked,
    bool add)
{
  for (int x = 0; x < width; x++)
    for (int l = 0; l < (add ? channels : 16); l++)
      blocked[x * 16 + l] = (l < channels ? plain[l * plane + x] : 0)
          + (add ? blocked[x * 16 + l] : 0);
}

static void
row_to_plain (const float *blocked, int channels, int width, float *plain,
    size_t plane, bool add)
{
  for (int l = 0; l < channels; l++)
    for (int x = 0; x < width; x++)
      plain[l * plane + x]
          = blocked[x * 16 + l] + (add ? plain[l * plane + x] : 0);
}

static void
sum_pixels (const float *x, size_t n, float *sum)
{
  for (size_t i = 0; i < n * 16; i++)
    sum[i % 16] += x[i];
}

static void
add (const float *x, size_t n, float *y)
{
  for (size_t i = 0; i < n; i++)
    y[i] += x[i];
}

static void
clamp (float *x, size_t n, const AeClamp *c)
{
  for (size_t i = 0; i < n; i++)
    x[i] = clamp_one (x[i], c);
}

static void
clamp_grad (const float *dy, const float *y, size_t n, const AeClamp *c,
    float *dx)
{
  for (size_t i = 0; i < n; i++) {
    float slope = y[i] > 0 ? 1 : c->slope;
    dx[i] = y[i] > c->lo && y[i] < c->hi ? dy[i] * slope : 0;
  }
}

static double
peak (long rounds, float *sink)
{
  float acc[8] = { *sink };
  for (long r = 0; r < rounds; r++)
    for (int i = 0; i < 8; i++)
      acc[i] = acc[i] * 0.999f + 1e-6f;
  for (int i = 0; i < 8; i++)
    *sink += acc[i];
  return 8.0 * rounds;
}

extern const AeKernels ae_kernels_scalar;
const AeKernels ae_kernels_scalar = {
  .level = AE_CPU_SCALAR,
  .gemm_px = gemm_px,
  .gemm = gemm,
  .dots = dots,
  .grad_gemm = grad_gemm,
  .tiles_in = tiles_in,
  .tiles_out = tiles_out,
  .tiles_out_grad = tiles_out_grad,
  .tile_weights = tile_weights,
  .tile_weights_grad = tile_weights_grad,
  .row_to_blocked = row_to_blocked,
  .row_to_plain = row_to_plain,
  .sum_pixels = sum_pixels,
  .add = add,
  .clamp = clamp,
  .clamp_grad = clamp_grad,
  .peak = peak,
};
