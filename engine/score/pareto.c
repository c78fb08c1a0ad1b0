/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/pareto.h"

#include <math.h>
#include <stdlib.h>

/* Shapes nearer to 0 are exponential: the logarithms below lose digits. */
#define FLAT 1e-7
/* Shapes that are met, a normal distribution's deviation: what few values say
 * is weighed against it. */
#define USUAL 0.25
/* Values needed to say anything about the shape. */
#define LEAST_VALUES 5

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static double
mean_of (const double *v, size_t n)
{
  double mean = 0;
  for (size_t i = 0; i < n; i++)
    mean += v[i] / (double) n;
  return mean;
}

/* -shape that fits theta = -shape / scale best: k (theta). */
static double
profile_shape (const double *v, size_t n, double theta)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += log1p (-theta * v[i]);
  return -sum / (double) n;
}

static double
profile_likelihood (const double *v, size_t n, double mean, double theta)
{
  double k = profile_shape (v, n, theta);
  double ratio = fabs (theta) * mean < FLAT ? 1 / mean : theta / k;
  return (double) n * (log (ratio) + k - 1);
}

/* The shape by Zhang and Stephens: theta is averaged over a grid of quantiles
 * of its prior, weighted by the profile likelihood. Two passes, so that no
 * grid is kept: the weights are relative to the largest. */
static double
estimate_shape (const double *v, size_t n)
{
  size_t grid = 20 + (size_t) sqrt ((double) n);
  double quartile = v[(size_t) ((double) n / 4 + 0.5) - 1];
  double mean = mean_of (v, n), best = -HUGE_VAL;
  double weights = 0, sum = 0;
  for (int pass = 0; pass < 2; pass++)
    for (size_t j = 1; j <= grid; j++) {
      double theta = 1 / v[n - 1]
          + (1 - sqrt ((double) grid / ((double) j - 0.5))) / (3 * quartile);
      double likelihood = profile_likelihood (v, n, mean, theta);
      if (pass == 0) {
        best = fmax (best, likelihood);
        continue;
      }
      double weight = exp (likelihood - best);
      weights += weight;
      sum += weight * theta;
    }
  return -profile_shape (v, n, sum / weights);
}

static double
drawn_to_usual (double shape, size_t n)
{
  double error = (1 + shape) * (1 + shape) / (double) n;
  return shape * USUAL * USUAL / (USUAL * USUAL + error);
}

/* Of greatest likelihood with this shape: n (1 + shape) times the mean of
 * y / (scale + shape y) is n, which falls with the scale. */
static double
estimate_scale (const double *v, size_t n, double shape)
{
  double least = fmax (-shape * v[n - 1], 0);
  double low = least, high = least + 2 * v[n - 1];
  for (int i = 0; i < 60; i++) {
    double scale = low + (high - low) / 2, sum = 0;
    for (size_t k = 0; k < n; k++)
      sum += v[k] / (scale + shape * v[k]);
    if ((1 + shape) * sum > (double) n)
      low = scale;
    else
      high = scale;
  }
  return high;
}

AePareto
ae_pareto_fit (double *values, size_t n)
{
  qsort (values, n, sizeof *values, compare);
  double mean = mean_of (values, n);
  if (n < LEAST_VALUES)
    return (AePareto) { mean, 0 };
  double shape = estimate_shape (values, n);
  shape = isfinite (shape) ? shape : 0;
  shape = fmin (fmax (shape, AE_PARETO_LEAST), AE_PARETO_MOST);
  shape = drawn_to_usual (shape, n);
  double scale = estimate_scale (values, n, shape);
  return (AePareto) { scale, shape };
}

double
ae_pareto_log_survival (const AePareto *pareto, double y)
{
  double at = y / pareto->scale;
  if (fabs (pareto->shape) < FLAT)
    return -at;
  double base = 1 + pareto->shape * at;
  return base > 0 ? -log1p (pareto->shape * at) / pareto->shape : -HUGE_VAL;
}

double
ae_pareto_value (const AePareto *pareto, double log_survival)
{
  if (fabs (pareto->shape) < FLAT)
    return -log_survival * pareto->scale;
  return expm1 (-pareto->shape * log_survival) / pareto->shape
      * pareto->scale;
}
