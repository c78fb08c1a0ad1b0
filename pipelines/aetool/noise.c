/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "noise.h"

#include <math.h>

/* SplitMix64, which spreads a seed over the state. */
static guint64
split_mix (guint64 *x)
{
  guint64 z = *x += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

void
noise_init (Noise *noise, guint64 seed)
{
  for (int i = 0; i < 4; i++)
    noise->state[i] = split_mix (&seed);
  noise->has_spare = FALSE;
}

static guint64
rotate (guint64 x, int by)
{
  return x << by | x >> (64 - by);
}

/* -1 .. 1 */
static double
uniform (Noise *noise)
{
  guint64 *s = noise->state;
  guint64 result = rotate (s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate (s[3], 45);
  return (result >> 11) * 0x1p-52 - 1;
}

double
noise_gauss (Noise *noise)
{
  double x, y, r;
  if (noise->has_spare) {
    noise->has_spare = FALSE;
    return noise->spare;
  }
  do {
    x = uniform (noise);
    y = uniform (noise);
    r = x * x + y * y;
  } while (r >= 1 || r == 0);
  double scale = sqrt (-2 * log (r) / r);
  noise->spare = y * scale;
  noise->has_spare = TRUE;
  return x * scale;
}

Picture *
noise_add (
    const Picture *clean, double sigma, gboolean luma_only, guint64 seed)
{
  Picture *noisy = picture_copy (clean);
  Noise noise;
  noise_init (&noise, seed);
  int planes = luma_only ? 1 : noisy->n_planes;
  for (int i = 0; i < planes; i++) {
    gsize n = (gsize) noisy->plane_width[i] * noisy->plane_height[i];
    for (gsize j = 0; j < n; j++) {
      double v = noisy->plane[i][j] + sigma * noise_gauss (&noise);
      noisy->plane[i][j] = (guint8) lrint (CLAMP (v, 0, 255));
    }
  }
  return noisy;
}
