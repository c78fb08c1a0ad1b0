/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_ROWS_H
#define AE_KERNELS_ROWS_H

/* Images of which only some rows are in memory. */

#include <ae/types.h>

#include <stddef.h>

/* Rows begin .. end - 1. */
typedef struct {
  int begin, end;
} AeRows;

/* Floats that hold a row of all channels in AE_LAYOUT_BLOCKED, and in
 * AE_LAYOUT_PIXELS (two values in a float). */
static inline size_t
ae_blocked_row (int64_t channels, int64_t width)
{
  return (size_t) ((channels + AE_BLOCK - 1) / AE_BLOCK * width * AE_BLOCK);
}

static inline size_t
ae_pixels_row (int64_t channels, int64_t width)
{
  return (size_t) ((channels * width + 31) / 32 * 16);
}

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
