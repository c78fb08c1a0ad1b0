/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gradient_energy.h"

static double
squared_difference (float a, float b)
{
  double by = CLAMP (a, 0, 1) - CLAMP (b, 0, 1);
  return by * by;
}

double
gradient_energy (const float *values, int width, int height, int channels)
{
  double sum = 0;
  for (int row = 0; row < channels * height; row++, values += width)
    for (int x = 0; x < width; x++) {
      if (x + 1 < width)
        sum += squared_difference (values[x], values[x + 1]);
      if (row % height + 1 < height)
        sum += squared_difference (values[x], values[x + width]);
    }
  return sum;
}
