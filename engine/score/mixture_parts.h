/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_MIXTURE_PARTS_H
#define AE_SCORE_MIXTURE_PARTS_H

/* What fitting a mixture and using it share. */

#include "kernels/kernels.h"
#include "score/mixture.h"

/* Rows that are computed together, in the lanes of vectors. */
#define AE_MIXTURE_LANES AE_TRIANGLE_ROWS

/* A mixture of these sizes, all zeros. Errors: MEMORY. */
AeStatus ae_mixture_new (
    AeMixture **out, size_t components, size_t d, bool full, AeError *err);

/* Of one component. */
size_t ae_mixture_factor_floats (const AeMixture *m);

/* Logarithms of each component's density, with its weight, at up to
 * AE_MIXTURE_LANES rows; no less than -FLT_MAX. The other lanes mean nothing. */
void ae_mixture_component_logs (const AeMixture *m, const float *rows,
    size_t n, float (*logs)[AE_MIXTURE_LANES]);

/* Logarithm of their sum for one of the rows. */
float ae_mixture_sum_logs (
    const AeMixture *m, float (*logs)[AE_MIXTURE_LANES], size_t row);

#endif
