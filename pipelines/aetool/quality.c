/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Grey levels that a moving pixel differs by at least, and how far around it
 * a denoiser may smear. */
#define MOVING_LEVELS 10
#define MOVING_RADIUS 3

double
quality_mse (const Picture *a, const Picture *b)
{
  gsize n = (gsize) a->plane_width[0] * a->plane_height[0];
  guint64 sum = 0;
  for (gsize i = 0; i < n; i++) {
    int d = a->plane[0][i] - b->plane[0][i];
    sum += (guint64) (d * d);
  }
  return (double) sum / n;
}

double
quality_psnr (double mse)
{
  return mse > 0 ? MIN (10 * log10 (255.0 * 255.0 / mse), 100) : 100;
}

/* Marks the square around (x,y). */
static void
mark (guint8 *mask, int w, int h, int x, int y)
{
  int x0 = MAX (x - MOVING_RADIUS, 0), x1 = MIN (x + MOVING_RADIUS, w - 1);
  int y0 = MAX (y - MOVING_RADIUS, 0), y1 = MIN (y + MOVING_RADIUS, h - 1);
  for (int j = y0; j <= y1; j++)
    memset (mask + (gsize) j * w + x0, 1, x1 - x0 + 1);
}

gsize
quality_moving_mask (const Picture *now, const Picture *before, guint8 *mask)
{
  int w = now->width, h = now->height;
  memset (mask, 0, (gsize) w * h);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      gsize at = (gsize) y * w + x;
      if (abs (now->plane[0][at] - before->plane[0][at]) > MOVING_LEVELS)
        mark (mask, w, h, x, y);
    }
  gsize count = 0;
  for (gsize i = 0; i < (gsize) w * h; i++)
    count += mask[i];
  return count;
}

double
quality_masked_error (const Picture *a, const Picture *b, const guint8 *mask)
{
  gsize n = (gsize) a->width * a->height;
  guint64 sum = 0;
  for (gsize i = 0; i < n; i++) {
    int d = mask[i] ? a->plane[0][i] - b->plane[0][i] : 0;
    sum += (guint64) (d * d);
  }
  return (double) sum;
}
