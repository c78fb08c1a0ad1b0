/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_CHANGE_SLICE_H
#define AE_CODER_CHANGE_SLICE_H

/* A slice of changes at work. Places are counted within it, row by row. */

#include "coder/changes.h"

typedef struct {
  AeChanges *c;
  const AeGridSlice *slice;
  AeLatents motion, values;
  size_t places;
} AeChangeSlice;

AeChangeSlice ae_change_slice (AeChanges *c, const AeGridSlice *slice);

static inline size_t
ae_change_place (const AeChangeSlice *w, int row, int column)
{
  return (size_t) row * w->c->grid.columns + column;
}

/* How a place is predicted. */
AeVector ae_change_vector (const AeChangeSlice *w, size_t place);
void ae_change_set (
    const AeChangeSlice *w, size_t place, AePlaceMode mode, AeVector v);

void ae_change_predict (
    const AeChangeSlice *w, int row, int column, AePlaceSamples *to);

/* Predictions and values become the picture `now`. */
void ae_change_show (const AeChangeSlice *w);

/* The pixel at which a place of a plane begins; rows are those of the
 * picture. */
uint8_t *ae_place_pixels (
    const AeImage *image, int plane, int row, int column);

#endif
