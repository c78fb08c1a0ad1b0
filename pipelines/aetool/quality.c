/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 11

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

/* Plane 0 as floats; of RGB its luma (BT.601). */
static float *
luma_of (const Picture *p)
{
  gsize n = (gsize) p->width * p->height;
  float *luma = g_new (float, n);
  for (gsize i = 0; i < n; i++) {
    const guint8 *rgb = p->data + i * 3;
    luma[i] = p->format == GST_VIDEO_FORMAT_RGB
                  ? 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]
                  : p->plane[0][i];
  }
  return luma;
}

/* Filters x times y (y may be x; NULL = 1) with the window, keeping the part
 * where it lies inside: (h - 10) x (w - 10). */
static float *
window_mean (const float *x, const float *y, int w, int h)
{
  float tap[WINDOW], total = 0;
  for (int i = 0; i < WINDOW; i++) {
    int d = i - WINDOW / 2;
    total += tap[i] = expf (-d * d / (2 * 1.5f * 1.5f));
  }
  int ow = w - WINDOW + 1, oh = h - WINDOW + 1;
  float *rows = g_new0 (float, (gsize) ow * h);
  float *out = g_new0 (float, (gsize) ow * oh);
  for (int j = 0; j < h; j++)
    for (int k = 0; k < WINDOW; k++)
      for (int i = 0; i < ow; i++) {
        gsize at = (gsize) j * w + i + k;
        rows[(gsize) j * ow + i] += tap[k] / total * x[at] * (y ? y[at] : 1);
      }
  for (int j = 0; j < oh; j++)
    for (int k = 0; k < WINDOW; k++)
      for (int i = 0; i < ow; i++)
        out[(gsize) j * ow + i]
            += tap[k] / total * rows[(gsize) (j + k) * ow + i];
  g_free (rows);
  return out;
}

double
quality_ssim (const Picture *a, const Picture *b)
{
  const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
  int w = a->width, h = a->height;
  if (w < WINDOW || h < WINDOW)
    return NAN;
  g_autofree float *x = luma_of (a), *y = luma_of (b);
  g_autofree float *mx = window_mean (x, NULL, w, h);
  g_autofree float *my = window_mean (y, NULL, w, h);
  g_autofree float *xx = window_mean (x, x, w, h);
  g_autofree float *yy = window_mean (y, y, w, h);
  g_autofree float *xy = window_mean (x, y, w, h);
  gsize n = (gsize) (w - WINDOW + 1) * (h - WINDOW + 1);
  double sum = 0;
  for (gsize i = 0; i < n; i++) {
    double ux = mx[i], uy = my[i];
    double vx = xx[i] - ux * ux, vy = yy[i] - uy * uy, c = xy[i] - ux * uy;
    sum += (2 * ux * uy + c1) * (2 * c + c2)
           / ((ux * ux + uy * uy + c1) * (vx + vy + c2));
  }
  return sum / n;
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
