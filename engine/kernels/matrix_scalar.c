/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The C twin of the matrix kernels. */
#include "kernels/kernels.h"

static float
of_bf16 (AeBf16 x)
{
  union {
    uint32_t u;
    float f;
  } bits = { (uint32_t) x << 16 };
  return bits.f;
}

static void
nothing (void)
{
}

/* Two values of a pair after the other, as the tiles' instruction sums. */
static float
dot_tile (float sum, const AeBf16 *a, const AeBf16 *b, int lane)
{
  for (int k = 0; k < 32; k++)
    sum += of_bf16 (a[k]) * of_bf16 (b[(k / 2 * 16 + lane) * 2 + k % 2]);
  return sum;
}

static void
gemm (const AeTileGemm *g)
{
  for (int block = 0; block < g->n_blocks; block++)
    for (int px = 0; px < g->n_px; px++)
      for (int lane = 0; lane < 16; lane++) {
        const AeBf16 *b = g->b + block * g->b_block;
        float sum = 0;
        for (int row = 0; row < g->n_rows; row++)
          for (int k = 0; k < g->n_k; k++, b += 512)
            sum = dot_tile (
                sum, g->a + px * g->a_px + row * g->a_row + 32 * k, b, lane);
        g->c[block * g->c_block + px * 16 + lane] = sum;
      }
}

static void
grad_tap (const AeTileGrad *g, const AeBf16 *from, float *to)
{
  for (int in = 0; in < g->n_in * 16; in++)
    for (int block = 0; block < g->n_blocks; block++)
      for (int lane = 0; lane < 16; lane++) {
        float *c = to + in / 16 * g->c_in + (block * 16 + in % 16) * 16;
        const AeBf16 *a = from + in * g->a_plane;
        c[lane] = g->first ? 0 : c[lane];
        for (int k = 0; k < g->n_k; k++)
          c[lane] = dot_tile (c[lane], a + 32 * k,
              g->b + block * g->b_block + k * 512, lane);
      }
}

static void
grad (const AeTileGrad *g)
{
  for (int tap = 0; tap < g->n_taps; tap++)
    grad_tap (g, g->a + tap, g->c + tap * g->c_tap);
}

static void
to_pixels (const float *from, size_t px, int n, int lanes, AeBf16 *to,
    size_t to_px)
{
  for (int i = 0; i < n; i++)
    for (int l = 0; l < lanes; l++)
      to[i * to_px + l] = ae_to_bf16 (from[i * px + l]);
}

static void
planes_to_pixels (const float *from, size_t plane, int channels, int n,
    int step, AeBf16 *to, size_t to_px)
{
  for (int i = 0; i < n; i++)
    for (int l = 0; l < channels; l++)
      to[(size_t) (i / step) * to_px + (size_t) (i % step * channels + l)]
          = ae_to_bf16 (from[(size_t) l * plane + (size_t) i]);
}

static void
to_planes (const float *from, size_t px, int n, int lanes, AeBf16 *to,
    size_t plane)
{
  for (int i = 0; i < n; i++)
    for (int l = 0; l < lanes; l++)
      to[l * plane + i] = ae_to_bf16 (from[i * px + l]);
}

static void
to_pairs (const float *from, size_t px, int n, AeBf16 *to)
{
  for (int i = 0; i < n + n % 2; i++)
    for (int l = 0; l < 16; l++)
      to[(i / 2 * 16 + l) * 2 + i % 2]
          = i < n ? ae_to_bf16 (from[i * px + l]) : 0;
}

static float
clamp_one (float y, const AeClamp *clamp)
{
  if (!clamp)
    return y;
  y = y < 0 ? y * clamp->slope : y;
  y = y < clamp->lo ? clamp->lo : y;
  return y > clamp->hi ? clamp->hi : y;
}

static void
finish (const float *c, int n, const float *bias, const float *residual,
    const AeClamp *clamp, size_t px, float *dst)
{
  for (int i = 0; i < n; i++)
    for (int l = 0; l < 16; l++) {
      float y = c[i * 16 + l] + bias[l] + (residual ? residual[i * px + l] : 0);
      dst[i * px + l] = clamp_one (y, clamp);
    }
}

static void
finish_pixels (const float *c, int n, int lanes, const float *bias,
    const AeBf16 *residual, const AeClamp *clamp, size_t px, AeBf16 *dst)
{
  for (int i = 0; i < n; i++)
    for (int l = 0; l < lanes; l++) {
      float add = residual ? of_bf16 (residual[i * px + l]) : 0;
      dst[i * px + l]
          = ae_to_bf16 (clamp_one (c[i * 16 + l] + bias[l] + add, clamp));
    }
}

static void
finish_planes (const float *c, int n, int lanes, const float *bias,
    const float *residual, const AeClamp *clamp, size_t plane, float *dst)
{
  for (int l = 0; l < lanes; l++)
    for (int i = 0; i < n; i++) {
      float add = residual ? residual[l * plane + i] : 0;
      dst[l * plane + i] = clamp_one (c[i * 16 + l] + bias[l] + add, clamp);
    }
}

const AeMatrixKernels ae_matrix_scalar = {
  .begin = nothing,
  .end = nothing,
  .gemm = gemm,
  .grad = grad,
  .to_pixels = to_pixels,
  .planes_to_pixels = planes_to_pixels,
  .to_planes = to_planes,
  .to_pairs = to_pairs,
  .finish = finish,
  .finish_pixels = finish_pixels,
  .finish_planes = finish_planes,
};
