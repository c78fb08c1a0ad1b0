/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/picture_warp.h"

#include <math.h>

#define RADIANS 0.017453293f /* of a degree */

bool
ae_picture_warp_does_something (const AePictureWarp *w)
{
  return w->shift > 0 || w->rotation > 0 || w->stretch > 0;
}

static float
either_way (AeRng *rng, float most)
{
  return most * (2 * ae_rng_uniform (rng) - 1);
}

static float
clamp (float x, int side)
{
  float last = (float) (side - 1);
  return x < 0 ? 0 : x > last ? last : x;
}

static float
sample (const float *plane, const AeThumbnailSize *s, float x, float y)
{
  x = clamp (x, s->width);
  y = clamp (y, s->height);
  int x0 = (int) x, y0 = (int) y;
  int x1 = x0 + 1 < s->width ? x0 + 1 : x0;
  int y1 = y0 + 1 < s->height ? y0 + 1 : y0;
  float u = x - (float) x0, v = y - (float) y0;
  const float *top = plane + y0 * s->width, *bottom = plane + y1 * s->width;
  return (1 - v) * ((1 - u) * top[x0] + u * top[x1])
      + v * ((1 - u) * bottom[x0] + u * bottom[x1]);
}

/* From where in the picture a place is taken. */
typedef struct {
  float xx, xy, yx, yy; /* relative to the middle */
  float x, y;           /* of the middle itself */
} Affine;

static Affine
draw (const AePictureWarp *w, const AeThumbnailSize *s, AeRng *rng)
{
  float angle = either_way (rng, w->rotation) * RADIANS;
  float c = cosf (angle), n = sinf (angle);
  float across = 1 + either_way (rng, w->stretch);
  float down = 1 + either_way (rng, w->stretch);
  return (Affine){ c * across, -n * across, n * down, c * down,
    (float) (s->width - 1) / 2 + either_way (rng, w->shift),
    (float) (s->height - 1) / 2 + either_way (rng, w->shift) };
}

void
ae_picture_warp (const AePictureWarp *w, const AeThumbnailSize *s, AeRng *rng,
    const float *from, float *to)
{
  Affine a = draw (w, s, rng);
  float middle_x = (float) (s->width - 1) / 2;
  float middle_y = (float) (s->height - 1) / 2;
  for (int c = 0; c < s->channels; c++, from += s->width * s->height)
    for (int y = 0; y < s->height; y++)
      for (int x = 0; x < s->width; x++) {
        float dx = (float) x - middle_x, dy = (float) y - middle_y;
        *to++ = sample (from, s, a.x + a.xx * dx + a.xy * dy,
            a.y + a.yx * dx + a.yy * dy);
      }
}
