/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_CORESET_H
#define AE_SCORE_CORESET_H

/* A few rows that stand for all. */

#include "util/error.h"

/* Chooses up to `wanted` of `rows` (n x d) so that the furthest any row is from
 * the nearest chosen one is small: each choice is the row that is furthest from
 * those before (Gonzalez, 1985; as memory of normal features: Roth et al.,
 * "Towards Total Recall in Industrial Anomaly Detection", 2022). The first is
 * the row nearest to the mean. Their indices, all different, go to `chosen`;
 * there are fewer than wanted when all others are equal to one of them.
 * Errors: ARGUMENT (nothing wanted, no rows, d 0), NUMERIC (a value that is not
 * finite), MEMORY. */
AeStatus ae_coreset_choose (size_t *chosen, size_t *n_chosen,
    const float *rows, size_t n, size_t d, size_t wanted, AeError *err);

#endif
