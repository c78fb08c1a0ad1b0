/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_NOISE_BLOCKS_H
#define AE_VIDEO_NOISE_BLOCKS_H

/* Energy of a frame's blocks (16x16 luma pixels, 8x8 positions of the
 * half-size planes), the raw material of noise estimates: of fine detail, and
 * of all that is neither constant nor, in luma, a slope. The detail
 * filter is Immerkaer's (1996) difference of two Laplacians
 *      1 -2  1
 *     -2  4 -2   / 6
 *      1 -2  1
 * which is blind to ramps and straight edges along the axes; on white noise
 * of variance v it has variance v. It is taken inside each block only, so
 * that blocks moved by different vectors do not disturb one another. */

#include <stddef.h>

typedef struct {
  float luma;   /* variance of the detail at full size */
  float joined_luma; /* the same of four neighbouring blocks */
  float half;   /* of luma averaged 2x2; of four neighbouring blocks */
  float full;   /* variance of luma around a plane */
  float chroma; /* of U and V; of four neighbouring blocks */
  float coarse_chroma; /* of U and V averaged 2x2; of four neighbours */
  float full_chroma;   /* variance of U and V over four neighbours */
  float chroma_mean[2];
  float mean;          /* luma of the frame itself, 0..1 */
  float used;          /* 1, or 0: outside the reference, or the same as it */
} AeNoiseBlock;

/* Blocks of a frame (6,h,w), rows by columns. */
size_t ae_noise_n_blocks (int h, int w);

/* Bytes of scratch for n_threads threads; 64-byte aligned. */
size_t ae_noise_blocks_scratch_size (int h, int w, int n_threads);

/* Measures the frame itself, or, when `warped6` (6,h,w) is given, half the
 * variance of its difference from that: the frame before, moved onto this
 * one, valid where warped_count > 0. */
void ae_noise_measure (const float *frame6, const float *warped6,
    const float *warped_count, int h, int w, int n_threads, void *scratch,
    AeNoiseBlock *blocks);

#endif
