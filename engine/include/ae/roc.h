/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ROC_H
#define AE_ROC_H

/* How well scores part what is unusual from what is not, over all thresholds:
 * the receiver operating characteristic (Fawcett, "An introduction to ROC
 * analysis", 2006). All functions may be called from any thread. */

#include <ae/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is found when scores of `threshold` and above are taken as unusual. */
typedef struct {
  double threshold;      /* a score, or infinity: nothing is found */
  double false_positive; /* share of the usual that is found */
  double true_positive;  /* share of the unusual that is found, the recall */
  double precision;      /* share of the found that is unusual; 1 for nothing */
  double f1;             /* harmonic mean of precision and recall */
} AeRocPoint;

typedef struct {
  size_t n_unusual, n_usual;
  double area; /* under the curve: how probable it is that something unusual
                  has a higher score than something usual; ties count half
                  (Mann and Whitney, 1947). 0.5 is guessing, 1 is perfect. */
  double average_precision; /* mean of the precision where the recall rises */
  double equal_error; /* where as large a share of the usual is found as of the
                         unusual is missed; between points on a straight line */
  AeRocPoint best_f1; /* the one of largest F1; the highest such threshold */
} AeRoc;

/* `scores`: n of them, the larger, the less usual; infinite ones will do.
 * `labels`: not 0 for what is unusual. Errors: ARGUMENT (no usual or no unusual
 * one, a NaN), MEMORY; then *roc is as it was. */
AE_API AeStatus ae_roc_measure (AeRoc *roc, const float *scores,
    const uint8_t *labels, size_t n, AeError *err);

/* The curve from nothing to everything found: room for n + 1 points, of which
 * *n_points, one for each score that differs and the first, are written.
 * Errors as above. */
AE_API AeStatus ae_roc_curve (AeRocPoint *points, size_t *n_points,
    const float *scores, const uint8_t *labels, size_t n, AeError *err);

#ifdef __cplusplus
}
#endif

#endif
