/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TEST_WALKERS_H
#define AE_TEST_WALKERS_H

/* Endless footage of a place where people walk, made up: textured boxes that
 * pass over a textured ground from side to side, each at a speed of its own,
 * bobbing as they go; the camera's noise; the light that the caller asks for. */

#include "texture.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define WALKERS_WIDTH 128
#define WALKERS_HEIGHT 96
#define WALKERS 5

typedef struct {
  float x, y, speed; /* of its top left pixel; pixels per frame */
  int width, height;
  float phase, level;
  uint32_t look;
} Walker;

typedef struct {
  uint64_t random;
  float usual;  /* pixels per frame; deviation a fifth of it */
  float light;  /* 1 = day */
  float noise;  /* deviation, grey levels */
  Walker walker[WALKERS];
  float ground[WALKERS_HEIGHT][WALKERS_WIDTH];
  uint8_t pixels[WALKERS_HEIGHT][WALKERS_WIDTH];
} Walkers;

static inline float
walkers_random (Walkers *w)
{
  w->random = w->random * 6364136223846793005u + 1442695040888963407u;
  return (float) (w->random >> 40) * 0x1p-24f;
}

static inline float
walkers_normal (Walkers *w)
{
  float a = walkers_random (w) + 1e-7f, b = walkers_random (w);
  return sqrtf (-2 * logf (a)) * cosf (6.2831853f * b);
}

static inline void
walkers_enter (Walkers *w, Walker *p)
{
  float speed = w->usual * (1 + 0.2f * walkers_normal (w));
  speed = fmaxf (speed, 0.3f * w->usual);
  *p = (Walker){ .y = 10 + walkers_random (w) * (WALKERS_HEIGHT - 45),
    .width = 7 + (int) (walkers_random (w) * 5),
    .height = 18 + (int) (walkers_random (w) * 8),
    .phase = walkers_random (w) * 6.28f,
    .level = walkers_random (w) < 0.5f ? 40.0f : 190.0f,
    .look = (uint32_t) w->random };
  p->speed = walkers_random (w) < 0.5f ? speed : -speed;
  p->x = p->speed > 0 ? (float) -p->width - 30 * walkers_random (w)
                      : WALKERS_WIDTH + 30 * walkers_random (w);
}

static inline void
walkers_start (Walkers *w, uint64_t seed)
{
  *w = (Walkers){ .random = seed * 7919 + 1,
    .usual = 1.2f,
    .light = 1,
    .noise = 2 };
  for (int y = 0; y < WALKERS_HEIGHT; y++)
    for (int x = 0; x < WALKERS_WIDTH; x++)
      w->ground[y][x] = 60 + 110 * texture_at (x, y, 11);
  for (int i = 0; i < WALKERS; i++) {
    walkers_enter (w, &w->walker[i]);
    w->walker[i].x = walkers_random (w) * WALKERS_WIDTH;
  }
}

static inline void
walkers_draw_one (Walkers *w, const Walker *p)
{
  float top = p->y + 0.7f * sinf (p->phase + 0.5f * p->x);
  int x0 = (int) floorf (p->x), y0 = (int) floorf (top);
  for (int y = y0; y <= y0 + p->height; y++)
    for (int x = x0; x <= x0 + p->width; x++) {
      if (x < 0 || y < 0 || x >= WALKERS_WIDTH || y >= WALKERS_HEIGHT)
        continue;
      /* how much of the pixel it covers, and what it shows there */
      float ax = fminf (1, (float) (x + 1) - p->x)
                 * fminf (1, p->x + (float) p->width - (float) x);
      float ay = fminf (1, (float) (y + 1) - top)
                 * fminf (1, top + (float) p->height - (float) y);
      float alpha = fmaxf (0, fminf (1, ax)) * fmaxf (0, fminf (1, ay));
      float value = p->level + 50 * texture_at (x - x0, y - y0, p->look);
      float now = (float) w->pixels[y][x];
      w->pixels[y][x] = (uint8_t) (now + alpha * (fminf (value, 255) - now));
    }
}

/* The next frame, in w->pixels. */
static inline void
walkers_next (Walkers *w)
{
  for (int y = 0; y < WALKERS_HEIGHT; y++)
    for (int x = 0; x < WALKERS_WIDTH; x++)
      w->pixels[y][x] = (uint8_t) w->ground[y][x];
  for (int i = 0; i < WALKERS; i++) {
    Walker *p = &w->walker[i];
    p->x += p->speed;
    if (p->x < (float) -p->width - 40 || p->x > WALKERS_WIDTH + 40)
      walkers_enter (w, p);
    walkers_draw_one (w, p);
  }
  for (int y = 0; y < WALKERS_HEIGHT; y++)
    for (int x = 0; x < WALKERS_WIDTH; x++) {
      float value = w->light * w->pixels[y][x];
      /* a sum of two even numbers is noise enough */
      value += w->noise * 2.45f * (walkers_random (w) + walkers_random (w) - 1);
      w->pixels[y][x]
          = (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value + 0.5f);
    }
}

#endif
