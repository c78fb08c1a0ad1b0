/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_NOISE_CLUSTER_H
#define AE_VIDEO_NOISE_CLUSTER_H

/* The lowest cluster of block variances. */

#include <stddef.h>

typedef struct {
  float variance;
  int members; /* blocks in the cluster */
} AeCluster;

/* `values` (reordered) are variances of blocks, most of them too large by an
 * unknown amount; those that are right spread with relative standard
 * deviation `spread`. Starts from a low quantile and repeats: mean of the
 * values below the estimate times (1 + spread), corrected for that cut. n = 0
 * gives 0. */
AeCluster ae_noise_cluster (float *values, int n, float spread);

/* What clipping to 0..1 does to white noise of standard deviation `sigma` that
 * is seen with mean `mean`: the part of the variance that is left. 0 when
 * black or white is nearer than one standard deviation, where nothing can be
 * said. */
float ae_noise_clip_gain (float mean, float sigma);

#endif
