/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_CELLS_H
#define AE_DETECT_CELLS_H

/* The cells of a picture, and values of them averaged over the last pictures,
 * the last of them most, and over a window of some cells around each. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AE_CELL 8           /* pixels along a cell */
#define AE_CELL_PICTURES 6  /* averaged over */

typedef struct AeCellAverage AeCellAverage;

/* For `values` numbers of each cell; NULL when memory runs out. */
AeCellAverage *ae_cell_average_new (int columns, int rows, int values);
void ae_cell_average_free (AeCellAverage **average);

/* Forgets earlier pictures. */
void ae_cell_average_reset (AeCellAverage *average);

/* Where the next picture's numbers go: rows x columns x values. */
float *ae_cell_average_next (AeCellAverage *average);

/* Takes what was written there. Returns the averages so far, rows x columns x
 * values, valid until the next call. */
const float *ae_cell_average_add (AeCellAverage *average);

/* 1 for averages of AE_CELL_PICTURES; of fewer as much less as their noise is
 * larger. */
float ae_cell_average_sure (const AeCellAverage *average);

/* The mean of the `n` largest of `cells` numbers where `mask` (may be NULL) is
 * not 0, or of all if they are fewer; 0 if none is left. n <= AE_CELL_MOST. */
#define AE_CELL_MOST 64
float ae_cells_top (
    const float *values, const uint8_t *mask, size_t cells, int n);

/* The number that `nth` of n are not larger than, nth < n; puts them into another
 * order. */
float ae_cells_nth (float *values, size_t n, size_t nth);

#endif
