/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_EIGEN_H
#define AE_SCORE_EIGEN_H

/* Eigenvectors of a symmetric matrix: reflections make it tridiagonal
 * (Householder, 1958), rotations diagonal (QL with implicit shifts: Bowdler et
 * al., "The QR and QL algorithms for symmetric matrices", 1968). */

#include "util/error.h"

/* Finds the n (<= d) largest eigenvalues of `matrix` (d x d, overwritten), the
 * largest first, into `values` (n), and orthogonal unit vectors of them into
 * the rows of `vectors` (n x d). Time grows with d^3. Errors: NUMERIC (a number
 * is not finite), MEMORY. */
AeStatus ae_eigen_largest (double *values, double *vectors, double *matrix,
    size_t d, size_t n, AeError *err);

#endif
