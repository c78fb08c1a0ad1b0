/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "camera.h"

#include <math.h>

#include "noise.h"

#define GAMMA 2.2

Picture *
camera_reduce (const Picture *photo, int times)
{
  int w = photo->width / times, h = photo->height / times;
  Picture *small = picture_new (GST_VIDEO_FORMAT_RGB, w, h);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w * 3; x++) {
      int sum = 0;
      for (int j = 0; j < times; j++)
        for (int i = 0; i < times; i++)
          sum += photo->data[((gsize) (y * times + j) * photo->width
                                 + x / 3 * times + i) * 3 + x % 3];
      small->data[(gsize) y * w * 3 + x]
          = (sum + times * times / 2) / (times * times);
    }
  return small;
}

/* Weights of the four samples around a point `t` after the second. */
static void
catmull_rom (double t, double weight[4])
{
  weight[0] = ((-0.5 * t + 1) * t - 0.5) * t;
  weight[1] = (1.5 * t - 2.5) * t * t + 1;
  weight[2] = ((-1.5 * t + 2) * t + 0.5) * t;
  weight[3] = (0.5 * t - 0.5) * t * t;
}

Picture *
camera_view (const Picture *photo, double x, double y, int width, int height)
{
  int x0 = (int) floor (x), y0 = (int) floor (y);
  double wx[4], wy[4];
  catmull_rom (x - x0, wx);
  catmull_rom (y - y0, wy);
  Picture *view = picture_new (GST_VIDEO_FORMAT_RGB, width, height);
  for (int row = 0; row < height; row++)
    for (int i = 0; i < width * 3; i++) {
      double sum = 0;
      for (int k = 0; k < 16; k++) {
        int px = CLAMP (x0 + i / 3 - 1 + k % 4, 0, photo->width - 1);
        int py = CLAMP (y0 + row - 1 + k / 4, 0, photo->height - 1);
        sum += wx[k % 4] * wy[k / 4]
               * photo->data[((gsize) py * photo->width + px) * 3 + i % 3];
      }
      view->data[(gsize) row * width * 3 + i]
          = (guint8) lrint (CLAMP (sum, 0, 255));
    }
  return view;
}

/* White noise of w x h, smoothed a little both ways; its variance stays 1. */
static float *
noise_field (Noise *noise, int w, int h)
{
  const double side = 0.3, norm = 1 / (1 + 2 * side * side);
  gsize stride = w + 2, n = stride * (h + 2);
  g_autofree float *white = g_new (float, n), *rows = g_new (float, n);
  float *field = g_new (float, (gsize) w * h);
  for (gsize i = 0; i < n; i++)
    white[i] = noise_gauss (noise);
  for (gsize i = 1; i + 1 < n; i++)
    rows[i] = white[i] + side * (white[i - 1] + white[i + 1]);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      const float *at = rows + (y + 1) * stride + x + 1;
      field[(gsize) y * w + x]
          = norm * (at[0] + side * (*(at - stride) + at[stride]));
    }
  return field;
}

Picture *
camera_expose (const Picture *view, CameraNoise level, guint64 seed)
{
  Noise noise;
  noise_init (&noise, seed);
  Picture *out = picture_copy (view);
  float linear[256];
  for (int i = 0; i < 256; i++)
    linear[i] = pow (i / 255.0, GAMMA);
  gsize n = (gsize) view->width * view->height;
  for (int c = 0; c < 3; c++) {
    g_autofree float *field = noise_field (&noise, view->width, view->height);
    for (gsize i = 0; i < n; i++) {
      guint8 *p = out->data + i * 3 + c;
      double v = linear[*p];
      v += field[i] * sqrt (level.shot * v + level.read * level.read);
      *p = (guint8) lrint (255 * pow (CLAMP (v, 0, 1), 1 / GAMMA));
    }
  }
  return out;
}
