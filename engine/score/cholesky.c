/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/cholesky.h"

#include <math.h>

bool
ae_cholesky_factorise (double *m, size_t d, double least)
{
  for (size_t r = 0; r < d; r++)
    for (size_t k = 0; k <= r; k++) {
      double sum = m[r * d + k], whole = sum;
      for (size_t j = 0; j < k; j++)
        sum -= m[r * d + j] * m[k * d + j];
      if (r == k && !(sum > least * whole))
        return false;
      m[r * d + k] = r == k ? sqrt (sum) : sum / m[k * d + k];
    }
  return true;
}

void
ae_cholesky_solve (const double *factor, size_t d, double *x)
{
  for (size_t r = 0; r < d; r++) {
    for (size_t k = 0; k < r; k++)
      x[r] -= factor[r * d + k] * x[k];
    x[r] /= factor[r * d + r];
  }
  for (size_t r = d; r-- > 0;) {
    for (size_t k = r + 1; k < d; k++)
      x[r] -= factor[k * d + r] * x[k];
    x[r] /= factor[r * d + r];
  }
}
