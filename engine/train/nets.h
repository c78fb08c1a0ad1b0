/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_NETS_H
#define AE_TRAIN_NETS_H

/* Networks that recipes describe. */

#include <ae/model.h>
#include <ae/recipe.h>

/* Frames that the fused state counts at most. */
#define AE_DENOISE_MAX_COUNT 24

/* The denoiser of a recipe, with new random weights ([training] seed).
 *
 * Inputs, h and w multiples of 4, all f32:
 *   frame (N,6,h,w): luma of 2h x 2w as its phases (0,0), (0,1), (1,0), (1,1),
 *     then U and V at half size; 0..1 for 8-bit 0..255
 *   fused (N,6,h,w): fused state after the frame before, moved onto this one
 *   count (N,1,h,w): frames averaged in `fused`; 0 = none
 *   noise (N,2,h,w): standard deviation of luma's and chroma's noise, / 255
 * Outputs: clean (N,6,h,w); fused_out (N,6,h,w); count_out (N,1,h,w).
 *
 * A small net finds g in 0..1, how surely `fused` shows the same as `frame`;
 * with m = g count the mean of m + 1 frames, (m fused + frame) / (m + 1), has
 * noise / sqrt (m + 1), and a U-Net takes the rest of the noise off it.
 * Errors: FORMAT (widths and depths), MEMORY. */
AeStatus ae_build_denoise_net (
    AeModel **out, const AeRecipe *recipe, AeError *err);

#endif
