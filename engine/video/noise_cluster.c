/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/noise_cluster.h"

#include <math.h>

#define START_QUANTILE 0.1f
#define ROUNDS 8

/* The k-th smallest (Hoare's selection). */
static float
select_nth (float *v, int n, int k)
{
  int low = 0, high = n - 1;
  while (low < high) {
    float pivot = v[low + (high - low) / 2];
    int i = low, j = high;
    while (i <= j) {
      while (v[i] < pivot)
        i++;
      while (v[j] > pivot)
        j--;
      if (i <= j) {
        float t = v[i];
        v[i++] = v[j];
        v[j--] = t;
      }
    }
    if (k <= j)
      high = j;
    else if (k >= i)
      low = i;
    else
      break;
  }
  return v[k];
}

AeCluster
ae_noise_cluster (float *values, int n, float spread)
{
  if (n == 0)
    return (AeCluster) { 0, 0 };
  /* For a normal distribution: the 10 % quantile lies 1.28 deviations below
   * the mean, the mean of what lies below +1 deviation 0.288 below it. */
  float low = select_nth (values, n, (int) (START_QUANTILE * (float) (n - 1)));
  float estimate = low / fmaxf (1 - 1.28f * spread, 0.2f);
  int members = 0;
  for (int round = 0; round < ROUNDS; round++) {
    float limit = estimate * (1 + spread), sum = 0;
    members = 0;
    for (int i = 0; i < n; i++)
      if (values[i] <= limit) {
        sum += values[i];
        members++;
      }
    if (members == 0)
      break;
    estimate = sum / (float) members / (1 - 0.288f * spread);
  }
  return (AeCluster) { estimate, members };
}
