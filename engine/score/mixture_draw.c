/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/mixture_parts.h"

#include <math.h>
#include <stddef.h>

/* Logarithm of the factor's determinant. */
static double
log_determinant (const AeMixture *m, size_t which)
{
  const float *factor = m->factor + which * ae_mixture_factor_floats (m);
  double sum = 0;
  for (size_t j = 0; j < m->d; j++) {
    factor += m->full ? j : 0;
    sum += log ((double) *factor++);
  }
  return sum;
}

void
ae_mixture_shares (const AeMixture *m, double *shares)
{
  double most = -INFINITY, sum = 0;
  for (size_t k = 0; k < m->components; k++) {
    shares[k] = (double) m->constant[k] - log_determinant (m, k);
    most = fmax (most, shares[k]);
  }
  for (size_t k = 0; k < m->components; k++)
    sum += shares[k] = exp (shares[k] - most);
  for (size_t k = 0; k < m->components; k++)
    shares[k] /= sum;
}

/* F y = z from the first row on. */
void
ae_mixture_place (
    const AeMixture *m, size_t which, const float *z, float *row)
{
  const float *factor = m->factor + which * ae_mixture_factor_floats (m);
  const float *mean = m->mean + which * m->d;
  for (size_t i = 0; i < m->d; i++) {
    double left = (double) z[i];
    for (size_t j = 0; m->full && j < i; j++)
      left -= (double) factor[j] * (double) row[j];
    row[i] = (float) (left / (double) factor[m->full ? i : 0]);
    factor += m->full ? i + 1 : 1;
  }
  for (size_t i = 0; i < m->d; i++)
    row[i] += mean[i];
}
