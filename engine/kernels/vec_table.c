/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layout changes of single rows, sums, and the table of one instruction set.
 * Compiled once per instruction set. */
#include "kernels/vec.h"

typedef float v4 __attribute__ ((vector_size (16), aligned (4), may_alias));
typedef int m4 __attribute__ ((vector_size (16)));

INLINE void
transpose4 (v4 *x)
{
  v4 a = SHUFFLE (m4, x[0], x[1], 0, 4, 1, 5);
  v4 b = SHUFFLE (m4, x[2], x[3], 0, 4, 1, 5);
  v4 c = SHUFFLE (m4, x[0], x[1], 2, 6, 3, 7);
  v4 d = SHUFFLE (m4, x[2], x[3], 2, 6, 3, 7);
  x[0] = SHUFFLE (m4, a, b, 0, 1, 4, 5);
  x[1] = SHUFFLE (m4, a, b, 2, 3, 6, 7);
  x[2] = SHUFFLE (m4, c, d, 0, 1, 4, 5);
  x[3] = SHUFFLE (m4, c, d, 2, 3, 6, 7);
}

/* Pixels that go through the channels together: planes often lie multiples of
 * 4096 bytes apart, and the first-level cache keeps only some such lines. */
#define PIECE 32

/* Four pixels of n <= 4 channels; the others become 0. */
INLINE void
four_to_blocked (const float *plain, size_t plane, int n, float *blocked)
{
  v4 x[4];
#pragma GCC unroll 4
  for (int l = 0; l < 4; l++)
    x[l] = l < n ? *(const v4 *) (plain + l * plane) : (v4){ 0 };
  transpose4 (x);
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++)
    *(v4 *) (blocked + i * 16) = x[i];
}

INLINE void
four_to_plain (const float *blocked, int n, float *plain, size_t plane)
{
  v4 x[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++)
    x[i] = *(const v4 *) (blocked + i * 16);
  transpose4 (x);
#pragma GCC unroll 4
  for (int l = 0; l < 4; l++)
    if (l < n)
      *(v4 *) (plain + l * plane) = x[l];
}

void
FN (row_to_blocked) (
    const float *plain, size_t plane, int channels, int width, float *blocked,
    bool add)
{
  int done = add ? 0 : width / 4 * 4;
  for (int first = 0; first < done; first += PIECE)
    for (int l = 0; l < 16; l += 4)
      for (int x = first; x < done && x < first + PIECE; x += 4) {
        float *to = blocked + (size_t) x * 16 + l;
        if (l + 4 <= channels)
          four_to_blocked (plain + l * plane + x, plane, 4, to);
        else
          four_to_blocked (plain + l * plane + x, plane, channels - l, to);
      }
  for (int x = done; x < width; x++)
    for (int l = 0; l < (add ? channels : 16); l++)
      blocked[(size_t) x * 16 + l]
          = (l < channels ? plain[l * plane + x] : 0)
          + (add ? blocked[(size_t) x * 16 + l] : 0);
}

void
FN (row_to_plain) (const float *blocked, int channels, int width, float *plain,
    size_t plane, bool add)
{
  int done = add ? 0 : width / 4 * 4;
  for (int first = 0; first < done; first += PIECE)
    for (int l = 0; l < channels; l += 4)
      for (int x = first; x < done && x < first + PIECE; x += 4) {
        const float *from = blocked + (size_t) x * 16 + l;
        if (l + 4 <= channels)
          four_to_plain (from, 4, plain + l * plane + x, plane);
        else
          four_to_plain (from, channels - l, plain + l * plane + x, plane);
      }
  for (int l = 0; l < channels; l++) {
    float *to = plain + l * plane;
    if (add)
      for (int x = 0; x < width; x++)
        to[x] += blocked[(size_t) x * 16 + l];
    else
      for (int x = done; x < width; x++)
        to[x] = blocked[(size_t) x * 16 + l];
  }
}

static void
sum_pixels (const float *x, size_t n, float *sum)
{
  for (int lane = 0; lane < 16; lane += VL) {
    vf a = load (sum + lane), b = { 0 };
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
      a += load (x + i * 16 + lane);
      b += load (x + i * 16 + 16 + lane);
    }
    if (i < n)
      a += load (x + i * 16 + lane);
    store (sum + lane, a + b);
  }
}

static void
add (const float *x, size_t n, float *y)
{
  size_t i = 0;
  for (; i + VL <= n; i += VL)
    store (y + i, load (y + i) + load (x + i));
  for (; i < n; i++)
    y[i] += x[i];
}

static void
clamp (float *x, size_t n, const AeClamp *c)
{
  size_t i = 0;
  for (; i + VL <= n; i += VL)
    store (x + i, clamp_vec (load (x + i), c));
  for (; i < n; i++) {
    float y = x[i] < 0 ? x[i] * c->slope : x[i];
    y = y < c->lo ? c->lo : y;
    x[i] = y > c->hi ? c->hi : y;
  }
}

INLINE vf
masked (vi mask, vf x)
{
  return (vf) (mask & (vi) x);
}

static void
clamp_grad (const float *dy, const float *y, size_t n, const AeClamp *c,
    float *dx)
{
  vf lo = splat (c->lo), hi = splat (c->hi), zero = { 0 };
  size_t i = 0;
  for (; i + VL <= n; i += VL) {
    vf at = load (y + i), d = load (dy + i);
    vi positive = at > zero;
    d = masked (positive, d) + masked (~positive, d * c->slope);
    store (dx + i, masked ((at > lo) & (at < hi), d));
  }
  for (; i < n; i++) {
    float slope = y[i] > 0 ? 1 : c->slope;
    dx[i] = y[i] > c->lo && y[i] < c->hi ? dy[i] * slope : 0;
  }
}

/* Twelve independent sums cover the latency of two units. */
static double
peak (long rounds, float *sink)
{
  vf acc[12];
  for (int i = 0; i < 12; i++)
    acc[i] = splat (*sink + i);
  vf a = splat (0.999f + *sink), b = splat (1e-6f);
  for (long r = 0; r < rounds; r++)
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++)
      acc[i] = acc[i] * a + b;
  vf sum = { 0 };
  for (int i = 0; i < 12; i++)
    sum += acc[i];
  for (int l = 0; l < VL; l++)
    *sink += sum[l];
  return 12.0 * VL * rounds;
}

extern const AeKernels PASTE (ae_kernels, LEVEL);
const AeKernels PASTE (ae_kernels, LEVEL) = {
  .level = LEVEL_ENUM,
  .costs = &ae_conv_costs[LEVEL_ENUM],
  .flow = &FN (flow),
  .gemm_px = FN (gemm_px),
  .gemm = FN (gemm),
  .dots = FN (dots),
  .lanes = FN (lanes),
  .grad_gemm = FN (grad_gemm),
  .tiles = { { 4, FN (tiles_in_4), FN (tiles_out_4), FN (tile_weights_4) },
    { 6, FN (tiles_in_6), FN (tiles_out_6), FN (tile_weights_6) } },
  .tiles_out_grad = FN (tiles_out_grad),
  .tile_weights_grad = FN (tile_weights_grad),
  .row_to_blocked = FN (row_to_blocked),
  .row_to_plain = FN (row_to_plain),
  .sum_pixels = sum_pixels,
  .add_nine = FN (add_nine),
  .add_rows = FN (add_rows),
  .triangle_squares = FN (triangle_squares),
  .move_pixels = FN (move_pixels),
  .cosines_forward = FN (cosines_forward),
  .cosines_inverse = FN (cosines_inverse),
  .add = add,
  .clamp = clamp,
  .clamp_grad = clamp_grad,
  .peak = peak,
};
