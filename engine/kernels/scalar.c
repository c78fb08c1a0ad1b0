/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The meaning of every kernel in plain C: what the vector kernels are tested
 * against, and what AE_CPU=scalar runs. */
#include "kernels/scalar.h"

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
        g->c[at] = g->clamp ? ae_clamp_one (sum, g->clamp) : sum;
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
      g->c[at] = g->clamp ? ae_clamp_one (sum, g->clamp) : sum;
    }
}

static float
lane_one (const AeTapGemm *g, int p, int block, int lane)
{
  const float *a = g->a + block * g->a_block + p * g->a_px + lane;
  const float *b = g->b + block * g->b_block + lane;
  float sum = 0;
  for (int y = 0; y < g->n_y; y++)
    for (int x = 0; x < g->n_x; x++, b += 16)
      sum += a[g->tap_y[y] + g->tap_x[x]] * *b;
  return sum;
}

static void
lanes (const AeTapGemm *g)
{
  for (int block = 0; block < g->n_blocks; block++)
    for (int p = 0; p < g->n_px; p++)
      for (int lane = 0; lane < 16; lane++) {
        size_t at = block * g->c_block + p * g->c_px + lane;
        float sum = lane_one (g, p, block, lane);
        if (g->bias)
          sum += g->bias[block * 16 + lane];
        if (g->residual)
          sum += g->residual[at];
        g->c[at] = g->clamp ? ae_clamp_one (sum, g->clamp) : sum;
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
add_rows (const AeRowEntry *entries, int n_entries, int kind,
    const int16_t *weights, size_t step, uint32_t *sums, int n)
{
  for (int i = 0; i < n_entries; i++)
    for (int k = 0; k < n; k++)
      sums[k] += (uint32_t) (weights[entries[i].row * step + k]
          * entries[i].by[kind]);
}

static void
add_nine (const AeRowEntry *entry, const AePlaceRows *rows)
{
  for (int o = 0; o < AE_NINE; o++) {
    AePlaceSums *to = rows->at[o];
    for (int k = 0; k < rows->n; k++) {
      size_t at = (size_t) o * rows->step + (size_t) k;
      to->sizes[k] += (uint32_t) (rows->sizes[at] * entry->by[0]);
      to->means[k] += (uint32_t) (rows->means[at] * entry->by[1]);
    }
  }
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
    x[i] = ae_clamp_one (x[i], c);
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

static void
triangle_squares (
    const float *factor, const float *x, size_t d, float *squares)
{
  for (size_t r = 0; r < AE_TRIANGLE_ROWS; r++) {
    const float *f = factor;
    squares[r] = 0;
    for (size_t j = 0; j < d; j++) {
      float sum = 0;
      for (size_t i = 0; i <= j; i++)
        sum += *f++ * x[i * AE_TRIANGLE_ROWS + r];
      squares[r] += sum * sum;
    }
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
  .costs = &ae_conv_costs[AE_CPU_SCALAR],
  .flow = &ae_flow_scalar,
  .gemm_px = gemm_px,
  .gemm = gemm,
  .dots = dots,
  .lanes = lanes,
  .grad_gemm = grad_gemm,
  .tiles = { { 4, ae_tiles_in_4_scalar, ae_tiles_out_4_scalar,
                 ae_tile_weights_4_scalar },
    { 6, ae_tiles_in_6_scalar, ae_tiles_out_6_scalar,
        ae_tile_weights_6_scalar } },
  .tiles_out_grad = ae_tiles_out_grad_scalar,
  .tile_weights_grad = ae_tile_weights_grad_scalar,
  .row_to_blocked = row_to_blocked,
  .row_to_plain = row_to_plain,
  .sum_pixels = sum_pixels,
  .add_nine = add_nine,
  .add_rows = add_rows,
  .triangle_squares = triangle_squares,
  .move_pixels = ae_move_pixels_scalar,
  .cosines_forward = ae_cosines_forward_scalar,
  .cosines_inverse = ae_cosines_inverse_scalar,
  .add = add,
  .clamp = clamp,
  .clamp_grad = clamp_grad,
  .peak = peak,
};
