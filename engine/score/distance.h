/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_DISTANCE_H
#define AE_SCORE_DISTANCE_H

#include <stddef.h>

/* Sums that are independent, for the compiler to make a vector of. */
#define AE_DISTANCE_LANES 8

/* Squared Euclidean distance of two points of d numbers. */
static inline float
ae_distance_square (const float *a, const float *b, size_t d)
{
  float lane[AE_DISTANCE_LANES] = { 0 }, sum = 0;
  size_t i = 0;
  for (; i + AE_DISTANCE_LANES <= d; i += AE_DISTANCE_LANES)
    for (int k = 0; k < AE_DISTANCE_LANES; k++) {
      float difference = a[i + k] - b[i + k];
      lane[k] += difference * difference;
    }
  for (; i < d; i++)
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  for (int k = 0; k < AE_DISTANCE_LANES; k++)
    sum += lane[k];
  return sum;
}

#endif
