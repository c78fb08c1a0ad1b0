/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_SAMPLES_H
#define AE_TRAIN_ANOMALY_SAMPLES_H

/* Bounded memories of many numbers. */

#include "util/error.h"
#include "util/rng.h"

#include <stddef.h>

/* Rows of `d` numbers, of which `most` are kept, all with the same chance
 * (Vitter, "Random sampling with a reservoir", 1985). */
typedef struct {
  float *rows;
  size_t d, most, n; /* n: kept */
  uint64_t seen;
  AeRng rng;
} AeSampleRows;

AeStatus ae_sample_rows_init (AeSampleRows *samples, size_t most, size_t d,
    uint64_t seed, AeError *err);
void ae_sample_rows_add (AeSampleRows *samples, const float *row);
void ae_sample_rows_clear (AeSampleRows *samples);

/* The number that a share of n is not above; sorts them. n > 0. */
float ae_sample_quantile (float *values, size_t n, double share);
/* The same of sorted ones, between two on a straight line. */
float ae_sample_quantile_sorted (const float *values, size_t n, double share);
void ae_sample_sort (float *values, size_t n);

#endif
