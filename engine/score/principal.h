/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_PRINCIPAL_H
#define AE_SCORE_PRINCIPAL_H

/* The directions in which rows differ most (Pearson, 1901; Hotelling, 1933). */

#include <ae/codes.h>

#include "util/error.h"

#define AE_PRINCIPAL_MOST_VALUES AE_CODE_AXES_MOST_NUMBERS /* of a row */

/* Finds the mean (d) of `rows` (n x d) and n_axes (<= d) orthogonal unit
 * vectors (n_axes x d), the one of the largest variance first. Directions that
 * no row differs in are arbitrary. Errors: ARGUMENT (no rows, d or n_axes 0 or
 * too many), NUMERIC (a value that is not finite, or too large), MEMORY. */
AeStatus ae_principal_fit (float *mean, float *axes, const float *rows,
    size_t n, size_t d, size_t n_axes, AeError *err);

#endif
