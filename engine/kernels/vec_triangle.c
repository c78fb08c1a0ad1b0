/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of triangular matrices: rows lie in the lanes of GROUP vectors, and
 * two sums of each are kept in registers. Compiled once per instruction set. */
#include "kernels/vec.h"

#if VL == 16
#define GROUP 2
#else
#define GROUP 4
#endif
#define WIDE AE_TRIANGLE_ROWS

/* Sums of the n values that two rows of the matrix have in common. */
INLINE void
two_sums (const float *a, const float *b, const float *x, size_t n, vf *sum_a,
    vf *sum_b)
{
  for (size_t i = 0; i < n; i++, x += WIDE) {
    vf at_a = splat (a[i]), at_b = splat (b[i]);
#pragma GCC unroll 4
    for (int g = 0; g < GROUP; g++) {
      vf value = load (x + g * VL);
      sum_a[g] += at_a * value;
      sum_b[g] += at_b * value;
    }
  }
}

/* GROUP vectors of rows. */
INLINE void
full_group (const float *factor, const float *x, size_t d, float *squares)
{
  vf all[GROUP] = { { 0 } };
  size_t j = 0;
  for (; j + 2 <= d; j += 2) {
    vf sum[GROUP] = { { 0 } }, next[GROUP] = { { 0 } };
    const float *second = factor + j + 1;
    float last = second[j + 1];
    two_sums (factor, second, x, j + 1, sum, next);
#pragma GCC unroll 4
    for (int g = 0; g < GROUP; g++) {
      next[g] += last * load (x + (j + 1) * WIDE + g * VL);
      all[g] += sum[g] * sum[g];
      all[g] += next[g] * next[g];
    }
    factor = second + j + 2;
  }
  if (j < d)
    for (int g = 0; g < GROUP; g++) {
      vf sum = { 0 };
      for (size_t i = 0; i <= j; i++)
        sum += factor[i] * load (x + i * WIDE + g * VL);
      all[g] += sum * sum;
    }
  for (int g = 0; g < GROUP; g++)
    store (squares + g * VL, all[g]);
}

void
FN (triangle_squares) (
    const float *factor, const float *x, size_t d, float *squares)
{
  for (int first = 0; first < WIDE; first += GROUP * VL)
    full_group (factor, x + first, d, squares + first);
}
