/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Structural similarity of pictures, at one scale and at several. */

#include "quality.h"

#include <math.h>

#define WINDOW 11
#define SCALES 5

/* Luma as floats. */
typedef struct {
  int width, height;
  float *at;
} Plane;

static void
plane_clear (Plane *p)
{
  g_clear_pointer (&p->at, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Plane, plane_clear)

/* Plane 0; of RGB its luma (BT.601). */
static Plane
luma_of (const Picture *p)
{
  gsize n = (gsize) p->width * p->height;
  Plane luma = { p->width, p->height, g_new (float, n) };
  for (gsize i = 0; i < n; i++) {
    const guint8 *rgb = p->data + i * 3;
    luma.at[i] = p->format == GST_VIDEO_FORMAT_RGB
        ? 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]
        : p->plane[0][i];
  }
  return luma;
}

static void
window_taps (float tap[WINDOW])
{
  float total = 0;
  for (int i = 0; i < WINDOW; i++) {
    int d = i - WINDOW / 2;
    total += tap[i] = expf (-d * d / (2 * 1.5f * 1.5f));
  }
  for (int i = 0; i < WINDOW; i++)
    tap[i] /= total;
}

/* Filters x times y (y may be x; NULL = 1) with the window, keeping the part
 * where it lies inside: (h - 10) x (w - 10). */
static float *
window_mean (const Plane *x, const Plane *y)
{
  float tap[WINDOW];
  int w = x->width, h = x->height;
  int ow = w - WINDOW + 1, oh = h - WINDOW + 1;
  float *rows = g_new0 (float, (gsize) ow * h);
  float *out = g_new0 (float, (gsize) ow * oh);
  window_taps (tap);
  for (int j = 0; j < h; j++)
    for (int k = 0; k < WINDOW; k++)
      for (int i = 0; i < ow; i++) {
        gsize at = (gsize) j * w + i + k;
        rows[(gsize) j * ow + i] += tap[k] * x->at[at] * (y ? y->at[at] : 1);
      }
  for (int j = 0; j < oh; j++)
    for (int k = 0; k < WINDOW; k++)
      for (int i = 0; i < ow; i++)
        out[(gsize) j * ow + i] += tap[k] * rows[(gsize) (j + k) * ow + i];
  g_free (rows);
  return out;
}

/* Mean over the windows: of luminance times contrast and structure (SSIM), and
 * of contrast and structure alone. */
typedef struct {
  double all, contrast;
} Similarity;

static Similarity
similarity_of (const Plane *x, const Plane *y)
{
  const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
  g_autofree float *mx = window_mean (x, NULL);
  g_autofree float *my = window_mean (y, NULL);
  g_autofree float *xx = window_mean (x, x);
  g_autofree float *yy = window_mean (y, y);
  g_autofree float *xy = window_mean (x, y);
  gsize n = (gsize) (x->width - WINDOW + 1) * (x->height - WINDOW + 1);
  Similarity sum = { 0, 0 };
  for (gsize i = 0; i < n; i++) {
    double ux = mx[i], uy = my[i];
    double vx = xx[i] - ux * ux, vy = yy[i] - uy * uy, c = xy[i] - ux * uy;
    double contrast = (2 * c + c2) / (vx + vy + c2);
    sum.contrast += contrast;
    sum.all += contrast * (2 * ux * uy + c1) / (ux * ux + uy * uy + c1);
  }
  return (Similarity){ sum.all / n, sum.contrast / n };
}

double
quality_ssim (const Picture *a, const Picture *b)
{
  if (a->width < WINDOW || a->height < WINDOW)
    return NAN;
  g_auto (Plane) x = luma_of (a), y = luma_of (b);
  return similarity_of (&x, &y).all;
}

/* Means of 2x2; what is odd is left out. */
static void
halve (Plane *p)
{
  int w = p->width / 2, h = p->height / 2;
  float *out = g_new (float, (gsize) w * h);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      const float *from = p->at + (gsize) 2 * y * p->width + 2 * x;
      out[(gsize) y * w + x] = (from[0] + from[1] + from[p->width]
                                   + from[p->width + 1])
          / 4;
    }
  plane_clear (p);
  *p = (Plane){ w, h, out };
}

double
quality_ms_ssim (const Picture *a, const Picture *b)
{
  static const double weights[SCALES]
      = { 0.0448, 0.2856, 0.3001, 0.2363, 0.1333 };
  if (MIN (a->width, a->height) < WINDOW << (SCALES - 1))
    return NAN;
  g_auto (Plane) x = luma_of (a), y = luma_of (b);
  double product = 1;
  for (int i = 0; i < SCALES; i++) {
    Similarity s = similarity_of (&x, &y);
    double value = i == SCALES - 1 ? s.all : s.contrast;
    product *= pow (MAX (value, 0), weights[i]);
    halve (&x);
    halve (&y);
  }
  return product;
}

double
quality_similarity_db (double similarity)
{
  if (isnan (similarity))
    return NAN;
  return similarity < 1 ? MIN (-10 * log10 (1 - similarity), 100) : 100;
}
