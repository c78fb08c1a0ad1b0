/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_LBFGS_H
#define AE_SCORE_LBFGS_H

/* Minimises a smooth function of many numbers with what its last gradients tell
 * of its curvature (Liu and Nocedal, "On the limited memory BFGS method for large
 * scale optimization", 1989). */

#include "util/error.h"

/* The function at x (n), and its gradient there. */
typedef double (*AeLbfgsFunction) (
    void *arg, const double *x, double *gradient);

/* From x, which holds the place that was found, in `rounds` at most; ends
 * earlier where the gradient's largest number is below `flat`, or where no step
 * goes down. Errors: NUMERIC (the function is not finite at x), MEMORY. */
AeStatus ae_lbfgs (double *x, size_t n, AeLbfgsFunction function, void *arg,
    int rounds, double flat, AeError *err);

#endif
