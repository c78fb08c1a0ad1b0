/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CROP_H
#define AE_TRAIN_CROP_H

/* Square parts of pictures, reduced by averaging areas, at any position: what
 * a camera's pixels would see. */

#include "train/reservoir.h"

/* Largest edge of a crop, and largest reduction. */
#define AE_CROP_MAX 512
#define AE_CROP_MAX_SCALE 4

/* Luma of size x size, U and V of half that, 0..1, rows without padding. */
typedef struct {
  float *plane[3];
} AeCrop;

/* Fills `crop` from the part of the picture that begins at (x, y) and has
 * scale * size luma pixels along an edge; the part must lie inside. scale is
 * 1 .. AE_CROP_MAX_SCALE; size is even. */
void ae_crop_fill (AeCrop *crop, int size, const AePicture *picture, double x,
    double y, double scale);

/* One of the eight flips and quarter turns (0 = none) of every plane.
 * `scratch` holds size * size floats. */
void ae_crop_turn (AeCrop *crop, int size, int turn, float *scratch);

#endif
