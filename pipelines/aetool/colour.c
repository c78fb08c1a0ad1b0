/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "colour.h"

#include <math.h>
#include <string.h>

static guint8
rounded (double value)
{
  return (guint8) lrint (CLAMP (value, 0, 255));
}

Picture *
colour_to_yuv (const Picture *rgb)
{
  Picture *yuv = picture_new (GST_VIDEO_FORMAT_Y444, rgb->width, rgb->height);
  gsize n = (gsize) rgb->width * rgb->height;
  for (gsize i = 0; i < n; i++) {
    const guint8 *p = rgb->data + i * 3;
    double y = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
    yuv->plane[0][i] = rounded (y);
    yuv->plane[1][i] = rounded ((p[2] - y) / 1.772 + 128);
    yuv->plane[2][i] = rounded ((p[0] - y) / 1.402 + 128);
  }
  return yuv;
}

Picture *
colour_to_rgb (const Picture *yuv)
{
  Picture *rgb = picture_new (GST_VIDEO_FORMAT_RGB, yuv->width, yuv->height);
  gsize n = (gsize) yuv->width * yuv->height;
  for (gsize i = 0; i < n; i++) {
    double y = yuv->plane[0][i];
    double u = yuv->plane[1][i] - 128.0, v = yuv->plane[2][i] - 128.0;
    double r = y + 1.402 * v, b = y + 1.772 * u;
    rgb->data[i * 3] = rounded (r);
    rgb->data[i * 3 + 1] = rounded ((y - 0.299 * r - 0.114 * b) / 0.587);
    rgb->data[i * 3 + 2] = rounded (b);
  }
  return rgb;
}

Picture *
colour_halve (const Picture *yuv)
{
  int width = yuv->width;
  Picture *to
      = picture_new (GST_VIDEO_FORMAT_I420, width, yuv->height);
  memcpy (to->plane[0], yuv->plane[0], (gsize) width * yuv->height);
  for (int c = 1; c < 3; c++)
    for (int y = 0; y < to->plane_height[c]; y++)
      for (int x = 0; x < to->plane_width[c]; x++) {
        const guint8 *p = yuv->plane[c] + (gsize) 2 * y * width + 2 * x;
        to->plane[c][y * to->plane_width[c] + x]
            = (guint8) ((p[0] + p[1] + p[width] + p[width + 1] + 2) / 4);
      }
  return to;
}

/* The nearer sample counts 3, the farther one 1. */
static void
neighbours (int at, int size, int *near, int *far)
{
  *near = at / 2;
  *far = CLAMP (*near + (at % 2 ? 1 : -1), 0, size - 1);
}

Picture *
colour_double (const Picture *i420)
{
  Picture *to = picture_new (
      GST_VIDEO_FORMAT_Y444, i420->width, i420->height);
  memcpy (to->plane[0], i420->plane[0], (gsize) to->width * to->height);
  for (int c = 1; c < 3; c++) {
    int w = i420->plane_width[c], h = i420->plane_height[c], yn, yf, xn, xf;
    for (int y = 0; y < to->height; y++) {
      neighbours (y, h, &yn, &yf);
      const guint8 *near = i420->plane[c] + (gsize) yn * w;
      const guint8 *far = i420->plane[c] + (gsize) yf * w;
      for (int x = 0; x < to->width; x++) {
        neighbours (x, w, &xn, &xf);
        to->plane[c][(gsize) y * to->width + x] = (guint8) ((9 * near[xn]
            + 3 * near[xf] + 3 * far[xn] + far[xf] + 8) / 16);
      }
    }
  }
  return to;
}
