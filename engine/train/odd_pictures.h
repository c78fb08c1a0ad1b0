/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ODD_PICTURES_H
#define AE_TRAIN_ODD_PICTURES_H

/* Pictures of pieces with something wrong, made from those of good ones: what
 * channels are weighed by. Real defects are not needed for that. */

#include "util/rng.h"

typedef enum {
  AE_ODD_SPOT,   /* small, darker or brighter: holes, dirt */
  AE_ODD_CRACK,  /* a thin line that wanders */
  AE_ODD_CHIP,   /* a part of another, rough grey; often at the border */
  AE_ODD_SMOOTH, /* a part whose structure is gone */
  AE_ODD_UNEVEN, /* a part of other contrast and light */
  AE_ODD_PASTE,  /* a part of another place */
  AE_N_ODD_PICTURES
} AeOddPicture;

/* Changes height x width of light (0 = black). `other`: a good picture of the
 * same size, which may be that one itself. Sizes of what is drawn are shares of
 * the shorter side. */
void ae_odd_picture_make (float *light, int width, int height,
    const float *other, AeOddPicture kind, AeRng *rng);

#endif
