/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_NOISE_CURVE_H
#define AE_VIDEO_NOISE_CURVE_H

/* Noise by brightness, from one measurement of a frame's blocks. */

#include "video/noise_blocks.h"
#include "video/noise_cluster.h"

#include <stdbool.h>

#define AE_NOISE_BINS 8

/* Variances; members 0 where nothing is known. */
typedef struct {
  AeCluster luma[AE_NOISE_BINS], chroma;
  float correlated; /* 0 = white noise .. 1 */
} AeNoiseCurve;

/* Blocks sorted by brightness, the unused ones left out, and room for as many
 * values. */
typedef struct {
  const AeNoiseBlock **block;
  float *values;
  int first[AE_NOISE_BINS + 1]; /* of each bin; the last is their number */
} AeNoiseOrder;

/* 0 .. AE_NOISE_BINS-1 for a brightness of 0..1. */
int ae_noise_bin (float brightness);

/* `order->block` and `order->values` have room for n. */
void ae_noise_sort (AeNoiseOrder *order, const AeNoiseBlock *blocks, size_t n);

/* How surely noise is spatially correlated, 0..1, by luma's detail at two
 * scales. Texture too has coarse detail: an upper bound. */
float ae_noise_correlation (const AeNoiseOrder *order);

/* Bins of their own where there are enough blocks. Bins above the whole by
 * less than `tolerance` (a ratio of variances) are taken as the whole: noise
 * is then most likely the same everywhere and the difference texture.
 * `temporal` tells differences of frames from a frame itself. */
AeNoiseCurve ae_noise_curve (const AeNoiseOrder *order, float correlated,
    float tolerance, bool temporal, int n_threads);

/* Bins without blocks take the value of the nearest bin that has some. */
void ae_noise_curve_fill_gaps (AeNoiseCurve *curve);

#endif
