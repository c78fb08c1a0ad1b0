/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_PARETO_H
#define AE_SCORE_PARETO_H

/* The generalised Pareto distribution of what exceeds a threshold: survival
 * (1 + shape y / scale)^(-1 / shape), exp (-y / scale) for shape 0. */

#include <stddef.h>

/* Limits of the fitted shape: an upper end with a corner, and the heaviest tail
 * whose mean a few hundred values tell. */
#define AE_PARETO_LEAST -0.9
#define AE_PARETO_MOST 0.5

typedef struct {
  double scale, shape;
} AePareto;

/* Fits n >= 1 finite values above 0, which are sorted. The shape by the profile
 * likelihood averaged over a prior (Zhang and Stephens, 2009), drawn to 0 by as
 * much as so few values leave it open; the scale of greatest likelihood with
 * it. */
AePareto ae_pareto_fit (double *values, size_t n);

/* Logarithm of the survival at y >= 0; -INFINITY past the end of one with a
 * shape below 0. */
double ae_pareto_log_survival (const AePareto *pareto, double y);

/* Its inverse. */
double ae_pareto_value (const AePareto *pareto, double log_survival);

#endif
