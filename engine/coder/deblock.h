/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_DEBLOCK_H
#define AE_CODER_DEBLOCK_H

/* Smooths the edges between places of a picture that was predicted and
 * transformed place by place, as H.265 (8.7.2) smooths those of its blocks: by
 * integers, only where both sides are smooth themselves. */

#include "coder/motion.h"

/* Places of a picture, row by row. */
typedef struct {
  const uint8_t *groups; /* of values that were coded there */
  const AeVector *vectors;
  int rows, columns;
  int step; /* of luma's quantiser, in 1 / 16 of a grey level */
  int wall; /* the column whose left edge stays as it is; 0 = none */
} AePlaces;

/* The edges to the left of a row's places, where one of both sides was coded
 * or they moved differently. */
void ae_deblock_across (const AePlaces *places, const AeImage *image, int row);

/* The edges above a row's places, but for the first row; after all edges
 * across. Rows do not touch what others read. */
void ae_deblock_down (const AePlaces *places, const AeImage *image, int row);

#endif
