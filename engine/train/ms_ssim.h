/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_MS_SSIM_H
#define AE_TRAIN_MS_SSIM_H

/* Multi-scale structural similarity (Wang, Simoncelli and Bovik, "Multiscale
 * structural similarity for image quality assessment", 2003) as a loss. */

#include "graph/build.h"

#define AE_SIMILARITY_SCALES 5

/* The exponents of the scales, finest first; together 1. */
extern const float ae_similarity_weights[AE_SIMILARITY_SCALES];

/* Of the luma of frames (N,6,h,w), 0 .. 1, at least 176 pixels large: roots of
 * what is missing to 1 at each scale, of contrast and structure, and at the
 * coarsest also of luminance. The weighted sum of their mean squares is
 * 1 - MS-SSIM where that is little. */
void ae_build_dissimilarity (AeBuilder *b, int frame, int decoded,
    int roots[AE_SIMILARITY_SCALES]);

#endif
