/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions to few channels: lanes are input channels, the sums of N output
 * channels by 4 pixels are kept in registers and added up over their lanes at
 * the end. Compiled once per instruction set. */
#include "kernels/vec.h"

#define PX 4
#if VL == 16
#define MAX_OUT 6
#else
#define MAX_OUT 3
#endif

typedef float v4 __attribute__ ((vector_size (16), aligned (4), may_alias));

/* Numbers i of the lanes of group i / 4. */
#define GROUP(i, a, b, c, d) (i) + (a), (i) + (b), (i) + (c), (i) + (d)
#if VL == 16
#define MASK(a, b, c, d) \
  GROUP (0, a, b, c, d), GROUP (4, a, b, c, d), GROUP (8, a, b, c, d), \
      GROUP (12, a, b, c, d)
#elif VL == 8
#define MASK(a, b, c, d) GROUP (0, a, b, c, d), GROUP (4, a, b, c, d)
#else
#define MASK(a, b, c, d) GROUP (0, a, b, c, d)
#endif

/* The sums over the lanes of x[0] to x[3]. */
INLINE v4
sum_lanes (const vf *x)
{
  vf ab = SHUFFLE (vi, x[0], x[1], MASK (0, VL, 1, VL + 1))
      + SHUFFLE (vi, x[0], x[1], MASK (2, VL + 2, 3, VL + 3));
  vf cd = SHUFFLE (vi, x[2], x[3], MASK (0, VL, 1, VL + 1))
      + SHUFFLE (vi, x[2], x[3], MASK (2, VL + 2, 3, VL + 3));
  vf sum = SHUFFLE (vi, ab, cd, MASK (0, 1, VL, VL + 1))
      + SHUFFLE (vi, ab, cd, MASK (2, 3, VL + 2, VL + 3));
  const v4 *group = (const v4 *) &sum;
  v4 total = group[0];
#pragma GCC unroll 4
  for (int i = 1; i < VL / 4; i++)
    total += group[i];
  return total;
}

/* n of the 4 results of output channel `out`. */
INLINE void
put (const AeTapGemm *g, v4 y, int out, int p0, int n)
{
  size_t at = out * g->c_block + p0 * g->c_px;
  const float *residual = g->residual
      ? g->residual + out * g->residual_block + p0 * g->c_px
      : NULL;
  if (g->bias)
    y += g->bias[out];
  if (n == PX && g->c_px == 1 && !g->clamp) {
    if (residual)
      y += *(const v4 *) residual;
    *(v4 *) (g->c + at) = y;
    return;
  }
  for (int p = 0; p < n; p++, at += g->c_px) {
    float x = y[p] + (residual ? residual[p * g->c_px] : 0);
    if (g->clamp) {
      x = x < 0 ? x * g->clamp->slope : x;
      x = x < g->clamp->lo ? g->clamp->lo : x;
      x = x > g->clamp->hi ? g->clamp->hi : x;
    }
    g->c[at] = x;
  }
}

/* Output channels out0 on, pixels p0 .. p0 + n - 1; where n is less than 4 the
 * first one is computed again instead of what lies behind the row. */
INLINE void
tile (const AeTapGemm *g, size_t px, int out0, int p0, int N, int n)
{
  vf acc[MAX_OUT * PX];
#pragma GCC unroll 24
  for (int i = 0; i < N * PX; i++)
    acc[i] = (vf){ 0 };
  size_t at[PX];
#pragma GCC unroll 4
  for (int p = 0; p < PX; p++)
    at[p] = p < n ? p * px : 0;
  const float *a0 = g->a + p0 * px, *b = g->b + out0 * g->b_block;
  for (int y = 0; y < g->n_y; y++)
    for (int x = 0; x < g->n_x; x++) {
      const float *a = a0 + g->tap_y[y] + g->tap_x[x];
      for (int block = 0; block < g->n_k; block++, a += g->a_block, b += 16)
#pragma GCC unroll 4
        for (int lane = 0; lane < 16; lane += VL) {
#pragma GCC unroll 6
          for (int o = 0; o < N; o++) {
            vf w = load (b + o * g->b_block + lane);
#pragma GCC unroll 4
            for (int p = 0; p < PX; p++)
              acc[o * PX + p] += w * load (a + at[p] + lane);
          }
        }
    }
#pragma GCC unroll 6
  for (int o = 0; o < N; o++)
    put (g, sum_lanes (acc + o * PX), out0 + o, p0, n);
}

INLINE void
row (const AeTapGemm *g, int out0, int N)
{
  int p = 0;
  if (g->a_px == 16)
    for (; p + PX <= g->n_px; p += PX)
      tile (g, 16, out0, p, N, PX);
  for (; p < g->n_px; p += PX)
    tile (g, g->a_px, out0, p, N, g->n_px - p < PX ? g->n_px - p : PX);
}

typedef void (*RowFn) (const AeTapGemm *g, int out0);

#define ROW(n) \
  static void row_##n (const AeTapGemm *g, int out0) \
  { \
    row (g, out0, n); \
  }
ROW (1) ROW (2) ROW (3)
#if VL == 16
ROW (4) ROW (5) ROW (6)
static const RowFn rows[] = { NULL, row_1, row_2, row_3, row_4, row_5, row_6 };
#else
static const RowFn rows[] = { NULL, row_1, row_2, row_3 };
#endif

void
FN (dots) (const AeTapGemm *g)
{
  for (int out = 0; out < g->n_blocks; out += MAX_OUT)
    rows[g->n_blocks - out < MAX_OUT ? g->n_blocks - out : MAX_OUT](g, out);
}
