/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_CHANGE_SLICE_H
#define AE_CODER_CHANGE_SLICE_H

/* A slice of changes at work. Places are counted within it, row by row. */

#include "coder/changes.h"
#include "coder/refresh.h"

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
void ae_change_set (const AeChangeSlice *w, size_t place, AePlaceMode mode,
    int extent, AeVector v);

static inline bool
ae_place_has_values (int mode)
{
  return mode != AE_PLACE_SKIP && mode != AE_PLACE_KEY;
}

#define AE_PLACE_GREY 128 /* what is predicted from nothing */

/* Groups of AE_GROUP values of each extent. */
extern const uint8_t ae_place_extents[AE_PLACE_EXTENTS];

void ae_change_predict (
    const AeChangeSlice *w, int row, int column, AePlacePixels *to);

/* Predictions and values become the picture `now`. */
void ae_change_show (const AeChangeSlice *w);

/* Steps of luma and chroma of places in that column. */
static inline const int32_t *
ae_change_unit (const AeChangeSlice *w, int column)
{
  return w->c->unit[ae_refresh_has (&w->c->refresh, column)];
}

/* Where a row of 16 numbers of a place lies in a picture: luma's all in one
 * piece, those of U and V in two of 8. */
typedef struct {
  uint8_t *pixels[2];
  int pieces;
} AePlaceRow;

/* row and column: of the place in the picture; i: of its AE_PLACE_ROWS. */
AePlaceRow ae_place_row (const AeImage *image, int row, int column, int i);

#endif
