/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TEST_MOVING_SQUARE_H
#define AE_TEST_MOVING_SQUARE_H

/* What a fixed camera sees in tests: a still texture, over which squares with
 * a texture of their own move. */

#include <stdint.h>

#include "texture.h"

typedef struct {
  float x, y; /* of its top left corner, pixels */
  int size;   /* 0: there is none */
  uint32_t seed; /* of its texture */
} Square;

/* How much of a pixel from `at` on lies in `begin` .. `end`. */
static inline float
square_overlap (int at, float begin, float end)
{
  float from = begin > (float) at ? begin : (float) at;
  float to = end < (float) at + 1 ? end : (float) at + 1;
  return to > from ? to - from : 0;
}

/* Its texture moves with it also by parts of a pixel. */
static inline float
square_texture (const Square *s, float x, float y)
{
  int x0 = (int) floorf (x), y0 = (int) floorf (y);
  float fx = x - (float) x0, fy = y - (float) y0;
  float top = texture_at (x0, y0, s->seed) * (1 - fx)
              + texture_at (x0 + 1, y0, s->seed) * fx;
  float bottom = texture_at (x0, y0 + 1, s->seed) * (1 - fx)
                 + texture_at (x0 + 1, y0 + 1, s->seed) * fx;
  return top * (1 - fy) + bottom * fy;
}

/* width x height grey levels; the background is textured by `seed`. */
static inline void
square_draw (uint8_t *grey, int width, int height, uint32_t seed,
    const Square *squares, int n)
{
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      grey[y * width + x] = (uint8_t) (40 + 140 * texture_at (x, y, seed));
  for (int i = 0; i < n; i++) {
    const Square *s = &squares[i];
    float end_x = s->x + (float) s->size, end_y = s->y + (float) s->size;
    for (int y = (int) floorf (s->y); y < (int) ceilf (end_y); y++)
      for (int x = (int) floorf (s->x); x < (int) ceilf (end_x); x++) {
        if (x < 0 || y < 0 || x >= width || y >= height)
          continue;
        float share = square_overlap (x, s->x, end_x)
                      * square_overlap (y, s->y, end_y);
        float level = 60 + 195
                * square_texture (s, (float) x - s->x, (float) y - s->y);
        uint8_t *to = grey + y * width + x;
        level = level < 255 ? level : 255;
        *to = (uint8_t) ((1 - share) * *to + share * level + 0.5f);
      }
  }
}

#endif
