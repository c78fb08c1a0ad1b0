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

/* What is usual before the camera at a time, for pictures 64 high: two squares
 * that cross one after the other, at 0.7 to 1.1 pixels per picture. */
#define USUAL_SQUARES 2
#define USUAL_TIME 120

static inline void
square_usual (int time, int width, Square squares[USUAL_SQUARES])
{
  for (int i = 0; i < USUAL_SQUARES; i++) {
    int t = time + i * USUAL_TIME / 2, pass = t / USUAL_TIME;
    float speed = 0.7f + 0.4f * texture_hash (pass, i, 1);
    float x = speed * (float) (t % USUAL_TIME) - 12;
    squares[i] = (Square){ x, 10 + 28 * (float) i
        + 8 * texture_hash (pass, i, 2), 12,
      100 + (uint32_t) (8 * texture_hash (pass, i, 3)) };
    if (texture_hash (pass, i, 4) < 0.5f)
      squares[i].x = (float) width - 12 - x;
  }
}

#endif
