/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_ROWS_H
#define AE_KERNELS_ROWS_H

/* Images of which only some rows are in memory. */

#include <stddef.h>

/* Rows begin .. end - 1. */
typedef struct {
  int begin, end;
} AeRows;

/* Row y of an image lies at place y % ring of a buffer that holds `ring` rows;
 * a whole image is one whose ring is its height. Blocked, rows follow each
 * other; plain, each channel has its own `ring` rows, `plane` floats behind
 * those of the channel before. */
typedef struct {
  float *data;
  int ring;
  size_t plane;
} AeRowBuffer;

#endif
