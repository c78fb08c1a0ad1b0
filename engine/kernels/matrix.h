/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_MATRIX_H
#define AE_KERNELS_MATRIX_H

/* What matrix.c and matrix_weights.c share. */

#include "kernels/phases.h"

#define AE_TILE 16        /* pixels, outputs */
#define AE_TILE_VALUES 32 /* values that a tile product sums over */

/* Values of a virtual pixel. */
static inline int
ae_matrix_depth (const AeConvPlan *p)
{
  return ae_phases_in (p) * p->src_c;
}

/* One block of a row of the virtual source in real memory: virtual columns
 * first .. first + n - 1 exist, and start at data, px floats apart. data is
 * NULL where nothing exists. */
typedef struct {
  const float *data;
  size_t px;
  int first, n, lanes;
} AeSourceRow;

/* Row y, columns x .. x + cols - 1 of the virtual source; column numbers in
 * the result count from x. `plain` is scratch of cols * 16 floats for a plain
 * source. */
AeSourceRow ae_matrix_source (const AeConvPlan *p, const AeConvRun *run,
    const AeRowBuffer *src, int image, int y, int x, int cols, AePhase block,
    float *plain);

/* The share of the plan that AE_CONV_WEIGHTS has for itself; false when it
 * would take too much scratch. */
bool ae_matrix_plan_weights (AeConvPlan *p);

#endif
