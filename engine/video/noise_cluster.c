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

/* Mean and variance of max (x, -a), x standard normal. */
static void
clipped_normal (float a, float *mean, float *variance)
{
  float density = 0.39894228f * expf (-0.5f * a * a);
  float below = 0.5f * erfcf (a * 0.70710678f);
  *mean = density - a * below;
  *variance = a * a * below + (1 - below) - a * density - *mean * *mean;
}

float
ae_noise_clip_gain (float mean, float sigma)
{
  /* Beyond 4.5 deviations nothing worth counting is clipped: spares most
   * blocks the exponentials. */
  if (sigma <= 0 || (mean > 4.5f * sigma && 1 - mean > 4.5f * sigma))
    return 1.0f;
  /* The clipped mean is what is seen; the true one lies further out. */
  float centre = mean, gain = 1.0f;
  for (int i = 0; i < 3; i++) {
    float low, high, low_gain, high_gain;
    clipped_normal (centre / sigma, &low, &low_gain);
    clipped_normal ((1 - centre) / sigma, &high, &high_gain);
    centre = mean - sigma * (low - high);
    gain = low_gain * high_gain;
  }
  if (centre < sigma || 1 - centre < sigma)
    return 0.0f;
  return gain;
}
