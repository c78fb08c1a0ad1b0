/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_CHOLESKY_H
#define AE_SCORE_CHOLESKY_H

/* Linear systems with a symmetric, positive definite matrix, (d,d) by rows. */

#include <stdbool.h>
#include <stddef.h>

/* The lower triangle of `m` becomes its factor; what is above is not looked at.
 * False: less than `least` of a number of the diagonal, of its own, is left, as
 * where rows depend on each other. */
bool ae_cholesky_factorise (double *m, size_t d, double least);

/* Solves factor factor' x = b in place. */
void ae_cholesky_solve (const double *factor, size_t d, double *x);

#endif
