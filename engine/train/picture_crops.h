/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_PICTURE_CROPS_H
#define AE_TRAIN_PICTURE_CROPS_H

/* Parts of pictures at random places, at the pictures' own scale. */

#include "train/picture_store.h"

/* White and black of a whitened picture are so many deviations from its mean,
 * which is the grey in the middle; what is beyond is cut off. */
#define AE_WHITENED_RANGE 4

typedef struct {
  int n;       /* of each picture */
  bool whiten; /* they are of the whitened picture: see train/whitening.h */
  AeRng rng;   /* where they are */
} AePictureCrops;

/* Adds them to a store of pictures of `size`. Errors: ARGUMENT (no picture, or a
 * smaller one), MEMORY. */
AeStatus ae_picture_crops_add (AePictureCrops *crops, AePictureStore *store,
    const AeThumbnailSize *size, const AeImage *image, int label,
    AeError *err);

#endif
