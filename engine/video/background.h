/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_BACKGROUND_H
#define AE_VIDEO_BACKGROUND_H

/* The average of what stands still, for a camera that does. The network
 * decides for single positions whether earlier frames may be averaged in, and
 * cannot be sure: it stops at about ten frames. Over a block of 8x8 luma
 * pixels and its neighbours the answer is nearly certain. Where such a block is
 * what it was, the network is shown a long average in place of the frame, as a
 * frame with that much less noise; also after something has passed in front of
 * it. All this only while most of the picture stands still.
 *
 * Frames are tensors (6,h,w) as motion.h has them, h and w multiples of 4; a
 * block is 4x4 of their positions. */

#include "video/motion.h"

typedef struct AeBackground AeBackground;

/* NULL when memory runs out. */
AeBackground *ae_background_new (int h, int w, int n_threads);
void ae_background_free (AeBackground **background);

/* Forgets everything. */
void ae_background_reset (AeBackground *background);

/* What the network is about to be given. */
typedef struct {
  float *frame6, *fused6; /* (6,h,w) */
  float *count;           /* (h,w) */
  float *noise2; /* (2,h,w): standard deviations of luma's and chroma's */
} AeBackgroundInputs;

/* Takes the frame into the averages that it fits, and shows those that explain
 * it as well as `fused6` does: there frame6 and fused6 become the average,
 * noise2 what is left in it, and count 0. */
void ae_background_show (
    AeBackground *background, const AeBackgroundInputs *inputs);

/* After the frame, with its state: begins averages where there are none, or
 * none that fitted lately, and nothing moves; and sets count where averages
 * were shown. `vectors`: those of the frame, see motion.h. */
void ae_background_learn (AeBackground *background, const AeVector *vectors,
    const float *fused6, float *count);

#endif
