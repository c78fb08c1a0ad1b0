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

#endif
