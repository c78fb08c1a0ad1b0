/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_PLACES_H
#define AE_KERNELS_PLACES_H

/* Places of a picture for the codec: 16x16 pixels of luma and 8x8 of U and V. In
 * memory they are rows of 16: those of luma, then 8 of U beside V. */

#include <stddef.h>
#include <stdint.h>

#define AE_PLACE_SIDE 16
#define AE_PLACE_ROWS 24

/* Predictions, and what is left of a place without them. */
typedef struct {
  uint8_t at[AE_PLACE_ROWS][AE_PLACE_SIDE];
} AePlacePixels;

typedef struct {
  int16_t at[AE_PLACE_ROWS][AE_PLACE_SIDE];
} AePlaceSamples;

/* `side` rows of as many pixels, moved by a fraction of a pixel: sums of those
 * around `from` by filters of 64ths, 16 pixels by eight taps, of which three
 * lie before, and 8 by four taps, of which one does. NULL: no fraction in that
 * direction. Up to 12 pixels behind a row may be read. */
typedef struct {
  const uint8_t *from;
  ptrdiff_t stride;
  int side;
  const int8_t *across, *down;
} AePixelMove;

/* Cosine transforms of a place's rows, in floats and in 1 / 1024. down[f] are
 * the weights of rows for a vertical frequency (U and V: 16 + f), across[0][x]
 * and across[1][x] what a column of luma, of U and V adds to each horizontal
 * one. */
typedef struct {
  float down[AE_PLACE_ROWS][AE_PLACE_SIDE];
  float across[2][AE_PLACE_SIDE][AE_PLACE_SIDE];
  int32_t rows[AE_PLACE_ROWS][AE_PLACE_SIDE];
  int32_t columns[2][AE_PLACE_SIDE][AE_PLACE_SIDE]; /* [frequency][column] */
} AeCosineWeights;

#define AE_COSINE_BITS 10
#define AE_COSINE_UNIT_BITS 4
#define AE_COSINE_LARGEST ((1 << 17) - 1)

/* x, cut off at what sums of 16 products leave room for. */
static inline int32_t
ae_cosine_cut (int64_t x)
{
  return (int32_t) (x > AE_COSINE_LARGEST ? AE_COSINE_LARGEST
          : x < -AE_COSINE_LARGEST        ? -AE_COSINE_LARGEST
                                          : x);
}

#endif
