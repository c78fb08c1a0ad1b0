/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Depthwise convolutions: vectors of channels times vectors of weights.
 * Compiled once per instruction set. */
#include "kernels/vec.h"

#define PX 8

INLINE vf
finish_one (const AeTapGemm *g, vf sum, vf bias, size_t at)
{
  sum += bias;
  if (g->residual)
    sum += load (g->residual + at);
  return g->clamp ? clamp_vec (sum, g->clamp) : sum;
}

/* n pixels (a constant) from p on of VL channels. */
INLINE void
some_pixels (const AeTapGemm *g, const float *a, const float *b, size_t out,
    vf bias, int p, int n)
{
  vf sum[PX];
#pragma GCC unroll 8
  for (int i = 0; i < n; i++)
    sum[i] = (vf){ 0 };
  for (int y = 0; y < g->n_y; y++)
    for (int x = 0; x < g->n_x; x++, b += 16) {
      vf w = load (b);
      const float *at = a + g->tap_y[y] + g->tap_x[x] + p * g->a_px;
#pragma GCC unroll 8
      for (int i = 0; i < n; i++)
        sum[i] += load (at + i * g->a_px) * w;
    }
#pragma GCC unroll 8
  for (int i = 0; i < n; i++) {
    size_t at = out + (p + i) * g->c_px;
    store (g->c + at, finish_one (g, sum[i], bias, at));
  }
}

void
FN (lanes) (const AeTapGemm *g)
{
  for (int block = 0; block < g->n_blocks; block++)
    for (int lane = 0; lane < 16; lane += VL) {
      const float *a = g->a + block * g->a_block + lane;
      const float *b = g->b + block * g->b_block + lane;
      size_t out = block * g->c_block + lane;
      vf bias = g->bias ? load (g->bias + 16 * block + lane) : (vf){ 0 };
      int p = 0;
      for (; p + PX <= g->n_px; p += PX)
        some_pixels (g, a, b, out, bias, p, PX);
      for (; p < g->n_px; p++)
        some_pixels (g, a, b, out, bias, p, 1);
    }
}
