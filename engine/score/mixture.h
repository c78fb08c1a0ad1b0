/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_MIXTURE_H
#define AE_SCORE_MIXTURE_H

/* Mixtures of Gaussian distributions: how dense normal rows lie where a row
 * is. */

#include "util/error.h"

#define AE_MIXTURE_MOST_COMPONENTS 256
#define AE_MIXTURE_MOST_VALUES 512 /* of a row */

/* Component k: weight_k (2 pi)^(-d/2) |F_k| exp (-|F_k (x - mean_k)|^2 / 2). F
 * is the inverse of the covariance's Cholesky factor: lower triangular, stored
 * row by row without what is 0; or a diagonal. */
typedef struct {
  size_t components, d;
  bool full;
  float *block;    /* all of it, as ae_mixture_read takes it; `floats` long */
  size_t floats;
  float *constant; /* components: logarithm of what is before exp () */
  float *mean;     /* components x d */
  float *factor;   /* components x (full: d (d + 1) / 2, else d) */
} AeMixture;

/* {0} is valid. */
typedef struct {
  size_t components; /* 0: 4 */
  bool full;         /* covariances, not only variances */
  double floor; /* added to every variance, of the rows' mean one; 0: 1e-3 */
  int rounds;   /* at most; 0: 100 */
  uint64_t seed;
} AeMixtureOptions;

/* Fits `rows` (n x d) by expectation maximisation (Dempster, Laird and Rubin,
 * 1977), started at k-means++ (Arthur and Vassilvitskii, 2007). There are fewer
 * components where fewer rows differ. options may be NULL. Errors: ARGUMENT (no
 * rows, sizes beyond the limits), NUMERIC (a value that is not finite, or beyond
 * 1e18), MEMORY; then *out is NULL. */
AeStatus ae_mixture_fit (AeMixture **out, const float *rows, size_t n,
    size_t d, const AeMixtureOptions *options, AeError *err);
void ae_mixture_free (AeMixture **mixture);

/* Logarithms of the density at each of `rows` (n x d). Finite: as low as
 * -FLT_MAX, also for rows that are not. Allocates nothing; several threads may
 * share a mixture. */
void ae_mixture_log_density (
    const AeMixture *mixture, const float *rows, size_t n, float *logs);

/* The share of each component in what is drawn (components); they add up to 1.
 */
void ae_mixture_shares (const AeMixture *mixture, double *shares);

/* The row that component `which` has at the standard normal numbers `z` (d),
 * into `row` (d), which may be the same: mean + F^-1 z. */
void ae_mixture_place (
    const AeMixture *mixture, size_t which, const float *z, float *row);

/* A mixture from a copy of its `block`, which is how one is stored. Errors:
 * FORMAT (of other sizes, not finite, not a mixture), MEMORY; then *out is
 * NULL. */
AeStatus ae_mixture_read (
    AeMixture **out, const float *block, size_t floats, AeError *err);

#endif
