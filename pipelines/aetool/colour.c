/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "colour.h"

#include <math.h>

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
