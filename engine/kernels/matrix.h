/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_MATRIX_H
#define AE_KERNELS_MATRIX_H

/* What the files of the method AE_CONV_MATRIX share. */

#include "kernels/phases.h"

#define AE_TILE 16        /* pixels, outputs */
#define AE_TILE_VALUES 32 /* values that a tile product sums over */

#define AE_PIECE 64       /* pixels of which products are made at a time */

/* A run of the method. */
typedef struct {
  const AeConvPlan *plan;
  const AeConvRun *run;
  const AeConvEnds *ends;
} AeMatrixRun;

/* Values of a virtual pixel. */
static inline int
ae_matrix_depth (const AeConvPlan *p)
{
  return ae_phases_in (p) * p->src_c;
}

/* Source columns for so many of the destination. */
static inline int
ae_strip_cols (const AeConvPlan *p, int cols)
{
  return cols + p->taps_x - 1;
}

/* Columns of a phase that exist. */
static inline int
ae_phase_columns (int w, int step, int phase)
{
  return w > phase ? (w - phase + step - 1) / step : 0;
}

/* Writes the virtual source pixels that an area of the destination needs, with
 * the zero border in place, as [row][column][value]; zeros behind them, for
 * the last run of taps. */
void ae_matrix_fill (
    const AeMatrixRun *m, const AeConvArea *a, AeBf16 *strip);

/* Ends n sums from position `at` of the strip, [block][AE_PIECE][16]: the rows'
 * parts of them go to the destination, those of the border are dropped. */
void ae_matrix_finish (const AeMatrixRun *m, const AeConvArea *a, size_t at,
    int n, const float *c);

/* One block of a row of the virtual source in real memory: virtual columns
 * first .. first + n - 1 exist, and start at data, px floats apart. data is
 * NULL where nothing exists. */
typedef struct {
  const float *data;
  size_t px;
  int first, n, lanes;
} AeSourceRow;

/* Row y, columns x .. x + cols - 1 of the virtual source; column numbers in
 * the result count from x. `plain` is scratch of cols * in_step * 16 floats for
 * a plain source. */
AeSourceRow ae_matrix_source (const AeConvPlan *p, const AeConvRun *run,
    const AeRowBuffer *src, int image, int y, int x, int cols, AePhase block,
    float *plain);

/* The share of the plan that AE_CONV_WEIGHTS has for itself; false when it
 * would take too much scratch. */
bool ae_matrix_plan_weights (AeConvPlan *p);

#endif
