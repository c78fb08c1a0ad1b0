/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample/attributes.h"
#include "score/cholesky.h"

#include <math.h>
#include <string.h>

#define STEPS 8
#define SLACK 1e-3 /* of an attribute's variance: what codes tell little of */

/* What attributes do around a code. */
typedef struct {
  size_t n, latent;
  double gradient[AE_MOST_ATTRIBUTES][AE_MOST_CURVED];
  double common[AE_MOST_ATTRIBUTES * AE_MOST_ATTRIBUTES];
} Slopes;

size_t
ae_attribute_curve_values (size_t latent)
{
  return latent * (latent + 3) / 2;
}

static void
find_gradient (const float *curve, size_t latent, const double *code,
    double *gradient)
{
  const float *second = curve + latent;
  for (size_t i = 0; i < latent; i++)
    gradient[i] = (double) curve[i];
  for (size_t r = 0; r < latent; r++)
    for (size_t k = r; k < latent; k++) {
      double value = (double) *second++;
      gradient[r] += value * code[k];
      if (k > r)
        gradient[k] += value * code[r];
    }
}

/* Covariances of attributes around the code, of codes that have `spread`; as the
 * factor of the matrix. */
static bool
find_slopes (Slopes *s, const AeAttributes *a, const float *spread,
    const double *code)
{
  size_t values = ae_attribute_curve_values (s->latent);
  for (size_t i = 0; i < s->n; i++)
    find_gradient (
        a->curve + i * values, s->latent, code, s->gradient[i]);
  for (size_t r = 0; r < s->n; r++)
    for (size_t k = 0; k <= r; k++) {
      double sum = r == k ? SLACK : 0;
      for (size_t i = 0; i < s->latent; i++)
        sum += s->gradient[r][i] * s->gradient[k][i] * (double) spread[i]
            * (double) spread[i];
      s->common[r * s->n + k] = sum;
    }
  return ae_cholesky_factorise (s->common, s->n, 0);
}

/* The shortest way, in deviations of codes, on which one attribute becomes so
 * much more and the others stay. */
static void
step (const Slopes *s, const float *spread, size_t which, double amount,
    double *code)
{
  double share[AE_MOST_ATTRIBUTES] = { 0 };
  share[which] = amount;
  ae_cholesky_solve (s->common, s->n, share);
  for (size_t k = 0; k < s->n; k++)
    for (size_t i = 0; i < s->latent; i++)
      code[i] += share[k] * s->gradient[k][i] * (double) spread[i]
          * (double) spread[i];
}

/* False: it does not come to finite numbers. */
static bool
shift_along_curves (const AeAttributes *a, const float *spread, size_t which,
    double amount, float *code)
{
  Slopes s = { .n = a->n, .latent = (size_t) a->latent };
  double at[AE_MOST_CURVED];
  for (size_t i = 0; i < s.latent; i++)
    at[i] = (double) code[i];
  for (int k = 0; k < STEPS; k++) {
    if (!find_slopes (&s, a, spread, at))
      return false;
    step (&s, spread, which, amount / STEPS, at);
  }
  for (size_t i = 0; i < s.latent; i++)
    if (!isfinite (at[i]))
      return false;
  for (size_t i = 0; i < s.latent; i++)
    code[i] = (float) at[i];
  return true;
}

void
ae_attributes_shift (const AeAttributes *a, const float *spread,
    size_t which, float amount, float *code)
{
  if (a->curve
      && shift_along_curves (a, spread, which, (double) amount, code))
    return;
  const float *direction = a->direction + which * (size_t) a->latent;
  for (int i = 0; i < a->latent; i++)
    code[i] += amount * direction[i];
}
