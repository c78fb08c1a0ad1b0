/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/whitening.h"

#include "util/mem.h"

#include <math.h>
#include <string.h>

#define RADIUS 8
#define SIDE (2 * RADIUS + 1)
#define GRID 32 /* frequencies along an axis that the kernel is summed over */
#define CUTOFF 0.4
#define LEAST_DEVIATION 1e-6

/* The filter's answer to one bright pixel (SIDE,SIDE), of sum 0. */
static void
make_kernel (float kernel[SIDE * SIDE])
{
  double sum = 0, value[SIDE * SIDE] = { 0 };
  for (int v = 0; v < GRID; v++)
    for (int u = 0; u < GRID; u++) {
      double fx = (double) (u - GRID / 2) / GRID;
      double fy = (double) (v - GRID / 2) / GRID;
      double f = sqrt (fx * fx + fy * fy);
      double gain = f * exp (-pow (f / CUTOFF, 4));
      for (int i = 0; i < SIDE * SIDE; i++)
        value[i] += gain
            * cos (2 * M_PI
                * (fx * (i % SIDE - RADIUS) + fy * (i / SIDE - RADIUS)));
    }
  for (int i = 0; i < SIDE * SIDE; i++)
    sum += value[i];
  for (int i = 0; i < SIDE * SIDE; i++)
    kernel[i] = (float) ((value[i] - sum / (SIDE * SIDE)) / (GRID * GRID));
}

static int
mirrored (int i, int n)
{
  int period = 2 * n;
  i = (i % period + period) % period;
  return i < n ? i : period - 1 - i;
}

/* to: the plane with RADIUS more on each side. */
static void
widen (float *to, const float *plane, int width, int height)
{
  for (int y = -RADIUS; y < height + RADIUS; y++)
    for (int x = -RADIUS; x < width + RADIUS; x++)
      *to++ = plane[(size_t) mirrored (y, height) * (size_t) width
          + (size_t) mirrored (x, width)];
}

static void
filter (float *plane, const float *wide, int width, int height)
{
  float kernel[SIDE * SIDE];
  size_t stride = (size_t) width + 2 * RADIUS;
  make_kernel (kernel);
  memset (
      plane, 0, (size_t) width * (size_t) height * sizeof *plane);
  for (int y = 0; y < height; y++) {
    float *row = plane + (size_t) y * (size_t) width;
    for (int i = 0; i < SIDE * SIDE; i++) {
      const float *from = wide + (size_t) (y + i / SIDE) * stride + i % SIDE;
      for (int x = 0; x < width; x++)
        row[x] += kernel[i] * from[x];
    }
  }
}

static void
normalise (float *plane, size_t n)
{
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++)
    sum += plane[i];
  for (size_t i = 0; i < n; i++)
    squares += (plane[i] - sum / (double) n) * (plane[i] - sum / (double) n);
  double deviation = sqrt (squares / (double) n);
  double gain = deviation > LEAST_DEVIATION ? 1 / deviation : 0;
  for (size_t i = 0; i < n; i++)
    plane[i] = (float) ((plane[i] - sum / (double) n) * gain);
}

AeStatus
ae_whiten (float *plane, int width, int height, AeError *err)
{
  size_t n = (size_t) width * (size_t) height;
  float *wide = ae_calloc (
      ((size_t) width + 2 * RADIUS) * ((size_t) height + 2 * RADIUS),
      sizeof *wide);
  if (!wide)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory to whiten a picture");
  widen (wide, plane, width, height);
  filter (plane, wide, width, height);
  normalise (plane, n);
  ae_free (wide);
  return AE_OK;
}
