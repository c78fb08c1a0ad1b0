/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_PICTURE_WARP_H
#define AE_TRAIN_PICTURE_WARP_H

/* Small pictures moved, turned and stretched a little at random: what they show
 * stays the same, and a network that learns from them should not care. */

#include <stdbool.h>

#include "train/thumbnail.h"
#include "util/rng.h"

/* The most of each, both ways; {0} leaves pictures as they are. */
typedef struct {
  float shift;    /* pixels */
  float rotation; /* degrees */
  float stretch;  /* of each side, relative; below 1 */
} AePictureWarp;

bool ae_picture_warp_does_something (const AePictureWarp *warp);

/* Draws one such change and applies it, with linear interpolation; beyond its
 * edge the picture goes on as it ends. from, to: (channels, height, width), not
 * the same. */
void ae_picture_warp (const AePictureWarp *warp, const AeThumbnailSize *size,
    AeRng *rng, const float *from, float *to);

#endif
