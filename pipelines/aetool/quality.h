/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_QUALITY_H
#define AETOOL_QUALITY_H

/* How alike two pictures of the same size and format are. */

#include "frames.h"

G_BEGIN_DECLS

/* Mean squared difference of plane 0: luma, grey, or R, G and B. */
double quality_mse (const Picture *a, const Picture *b);

/* dB for 8-bit samples; 100 at most. */
double quality_psnr (double mse);

/* Structural similarity (Wang et al., 2004: Gaussian window of 11, sigma 1.5)
 * of grey, luma, or the luma of R, G, B; windows inside the picture only. NaN
 * below 11x11. */
double quality_ssim (const Picture *a, const Picture *b);

/* The same at five scales (Wang, Simoncelli and Bovik, 2003). NaN where a side
 * is below 176. */
double quality_ms_ssim (const Picture *a, const Picture *b);

/* -10 log10 (1 - similarity); 100 at most. */
double quality_similarity_db (double similarity);

/* Sets mask (width x height) to 1 where `now` differs from `before` in luma,
 * and around it; returns the number of ones. Formats: GRAY8, I420, Y444. */
gsize quality_moving_mask (
    const Picture *now, const Picture *before, guint8 *mask);

/* Sum of squared differences of plane 0 where the mask is 1. */
double quality_masked_error (
    const Picture *a, const Picture *b, const guint8 *mask);

G_END_DECLS

#endif
