/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/plane.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define LEAST_SIGMA 0.1f
#define MOST_REACH (3 * (int) AE_PLANE_MOST_SIGMA + 1)

int
ae_plane_mirror (int at, int n)
{
  if (n == 1)
    return 0;
  int period = 2 * (n - 1);
  at %= period;
  at = at < 0 ? at + period : at;
  return at < n ? at : period - at;
}

/* Half of a kernel whose sum is 1; returns its reach. */
static int
make_kernel (float sigma, float half[MOST_REACH + 1])
{
  int reach = sigma < LEAST_SIGMA ? 0 : (int) ceilf (3 * sigma);
  float sum = 0;
  for (int k = 0; k <= reach; k++) {
    half[k] = reach ? expf (-0.5f * (float) (k * k) / (sigma * sigma)) : 1;
    sum += k ? 2 * half[k] : half[k];
  }
  for (int k = 0; k <= reach; k++)
    half[k] /= sum;
  return reach;
}

static void
blur_rows (const float *from, int width, int height, float sigma, float *to)
{
  float half[MOST_REACH + 1];
  int reach = make_kernel (sigma, half);
  for (int y = 0; y < height; y++, from += width, to += width)
    for (int x = 0; x < width; x++) {
      float sum = half[0] * from[x];
      if (x >= reach && x + reach < width)
        for (int k = 1; k <= reach; k++)
          sum += half[k] * (from[x - k] + from[x + k]);
      else
        for (int k = 1; k <= reach; k++)
          sum += half[k] * (from[ae_plane_mirror (x - k, width)]
                            + from[ae_plane_mirror (x + k, width)]);
      to[x] = sum;
    }
}

static void
blur_columns (
    const float *from, int width, int height, float sigma, float *to)
{
  float half[MOST_REACH + 1];
  int reach = make_kernel (sigma, half);
  for (int y = 0; y < height; y++) {
    float *restrict row = to + (ptrdiff_t) y * width;
    memset (row, 0, (size_t) width * sizeof *row);
    for (int k = -reach; k <= reach; k++) {
      const float *restrict other
          = from + (ptrdiff_t) ae_plane_mirror (y + k, height) * width;
      float weight = half[k < 0 ? -k : k];
      for (int x = 0; x < width; x++)
        row[x] += weight * other[x];
    }
  }
}

void
ae_plane_blur (const float *from, int width, int height, float sigma_x,
    float sigma_y, float *to, float *scratch)
{
  blur_rows (from, width, height, sigma_x, scratch);
  blur_columns (scratch, width, height, sigma_y, to);
}

static float
larger (float a, float b)
{
  return a > b ? a : b;
}

void
ae_plane_dilate (const float *from, int width, int height, int reach,
    float *to, float *scratch)
{
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      const float *row = from + (ptrdiff_t) y * width;
      float most = row[x];
      for (int i = x - reach; i <= x + reach; i++)
        most = i >= 0 && i < width ? larger (most, row[i]) : most;
      scratch[(ptrdiff_t) y * width + x] = most;
    }
  for (int y = 0; y < height; y++) {
    float *restrict row = to + (ptrdiff_t) y * width;
    memcpy (row, scratch + (ptrdiff_t) y * width,
        (size_t) width * sizeof *row);
    for (int j = y - reach; j <= y + reach; j++) {
      if (j < 0 || j >= height)
        continue;
      const float *restrict other = scratch + (ptrdiff_t) j * width;
      for (int x = 0; x < width; x++)
        row[x] = larger (row[x], other[x]);
    }
  }
}

static int
inside (int at, int n)
{
  return at < 0 ? 0 : at < n ? at : n - 1;
}

/* Weights of the four samples around, of which the second is at 0. */
static void
cubic_weights (float t, float weight[4])
{
  weight[0] = ((-0.5f * t + 1) * t - 0.5f) * t;
  weight[1] = (1.5f * t - 2.5f) * t * t + 1;
  weight[2] = ((-1.5f * t + 2) * t + 0.5f) * t;
  weight[3] = (0.5f * t - 0.5f) * t * t;
}

float
ae_plane_cubic (const float *from, int width, int height, float x, float y)
{
  float across[4], down[4], sum = 0;
  float fx = floorf (x), fy = floorf (y);
  cubic_weights (x - fx, across);
  cubic_weights (y - fy, down);
  for (int j = 0; j < 4; j++) {
    const float *row
        = from + (ptrdiff_t) inside ((int) fy - 1 + j, height) * width;
    float part = 0;
    for (int i = 0; i < 4; i++)
      part += across[i] * row[inside ((int) fx - 1 + i, width)];
    sum += down[j] * part;
  }
  return sum;
}
