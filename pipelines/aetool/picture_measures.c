/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "picture_measures.h"

#include <math.h>
#include <string.h>

static double
brightness (const float *grey, int width, int height)
{
  double sum = 0;
  for (int i = 0; i < width * height; i++)
    sum += grey[i];
  return sum / (width * height);
}

static double
contrast (const float *grey, int width, int height)
{
  double mean = brightness (grey, width, height), squares = 0;
  for (int i = 0; i < width * height; i++)
    squares += (grey[i] - mean) * (grey[i] - mean);
  return sqrt (squares / (width * height));
}

/* How much brighter the right half is, of all the light. */
static double
light (const float *grey, int width, int height)
{
  double right = 0, all = 1e-9;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      double value = grey[y * width + x];
      all += value;
      right += 2 * x + 1 > width ? value : 2 * x + 1 < width ? -value : 0;
    }
  return right / all;
}

/* Second moments of what is bright, around its middle. */
typedef struct {
  double xx, xy, yy;
} Moments;

static Moments
moments_of (const float *grey, int width, int height)
{
  double sum = 1e-9, x = 0, y = 0;
  Moments m = { 0 };
  for (int i = 0; i < width * height; i++) {
    sum += grey[i];
    x += grey[i] * (i % width);
    y += grey[i] * (i / width);
  }
  for (int i = 0; i < width * height; i++) {
    double dx = i % width - x / sum, dy = i / width - y / sum;
    m.xx += grey[i] * dx * dx / sum;
    m.xy += grey[i] * dx * dy / sum;
    m.yy += grey[i] * dy * dy / sum;
  }
  return m;
}

/* Pixels to the right for each pixel up. */
static double
slant (const float *grey, int width, int height)
{
  Moments m = moments_of (grey, width, height);
  return -m.xy / (m.yy + 1e-6);
}

/* How wide the shape is for its height, upright. */
static double
breadth (const float *grey, int width, int height)
{
  Moments m = moments_of (grey, width, height);
  double upright = m.xx - m.xy * m.xy / (m.yy + 1e-6);
  return sqrt (fmax (upright, 0) / (m.yy + 1e-6));
}

/* Area of what is bright over half of its outline, in pixels. */
static double
thickness (const float *grey, int width, int height)
{
  double area = 0, outline = 1e-6;
  for (int y = 0; y + 1 < height; y++)
    for (int x = 0; x + 1 < width; x++) {
      float value = grey[y * width + x];
      area += value;
      outline += hypot (grey[y * width + x + 1] - value,
          grey[(y + 1) * width + x] - value);
    }
  return 2 * area / outline;
}

static const PictureMeasure measures[] = {
  { "brightness", "mean brightness", brightness },
  { "contrast", "deviation of the brightness", contrast },
  { "light", "how much brighter the right half is", light },
  { "slant", "how far strokes lean to the right", slant },
  { "breadth", "how wide the bright shape is for its height", breadth },
  { "thickness", "width of strokes", thickness },
};

const PictureMeasure *
picture_measure_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (measures); i++)
    if (strcmp (measures[i].name, name) == 0)
      return &measures[i];
  return NULL;
}

char *
picture_measure_names (void)
{
  GString *names = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (measures); i++)
    g_string_append_printf (
        names, "%s%s", i > 0 ? ", " : "", measures[i].name);
  return g_string_free (names, FALSE);
}

float *
picture_measure_grey_planes (
    const float *planes, int channels, int width, int height)
{
  gsize n = (gsize) width * height;
  float *grey = g_new0 (float, n);
  for (int c = 0; c < channels; c++)
    for (gsize i = 0; i < n; i++)
      grey[i] += planes[(gsize) c * n + i] / channels;
  return grey;
}
