/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TEST_PIECES_H
#define AE_TEST_PIECES_H

/* Pictures for inspection: a peg with a head and grooves that lies anywhere on
 * a bright (or dark) ground, and a ground surface; with or without a flaw. */

#include "util/rng.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  float x, y, angle; /* of the head's middle; where the peg points to */
  float length;
  bool bright;       /* on a dark ground */
  bool flaw;         /* a dent in the middle of the shaft */
  float gain;        /* of the light */
} Piece;

/* Light at a place of the peg, which points to +x from the head at 0; -1:
 * beside it. */
static inline float
piece_light (const Piece *p, float along, float across)
{
  float t = along / p->length;
  if (t < 0 || t > 1)
    return -1;
  float half = t < 0.15f ? 0.14f : t < 0.9f ? 0.07f : 0.7f * (1 - t);
  if (fabsf (across) > half * p->length)
    return -1;
  float light = 0.35f + 0.1f * across / (half * p->length);
  light += 0.06f * sinf (t * 60);
  float dx = (t - 0.5f) / 0.05f, dy = across / (0.04f * p->length);
  if (p->flaw && dx * dx + dy * dy < 1)
    light += 0.3f;
  return light;
}

/* Bytes, height x width; four samples a pixel, noise of one grey level. */
static inline void
piece_draw (
    const Piece *p, int width, int height, AeRng *rng, uint8_t *to)
{
  float c = cosf (p->angle), s = sinf (p->angle);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      float sum = 0;
      for (int k = 0; k < 4; k++) {
        float dx = (float) x + 0.25f - 0.5f * (float) (k % 2) - p->x;
        float dy = (float) y + 0.25f - 0.5f * (float) (k / 2) - p->y;
        float light = piece_light (p, dx * c + dy * s, dy * c - dx * s);
        sum += light < 0 ? 1 : light;
      }
      float light = p->bright ? 1.1f - sum / 4 : sum / 4;
      float grey = 160 * p->gain * light + ae_rng_normal (rng);
      to[y * width + x] = (uint8_t) fminf (fmaxf (grey, 0), 255);
    }
}

/* One of many alike: somewhere near the middle, turned any way. */
static inline Piece
piece_any (AeRng *rng, int width, int height)
{
  float side = (float) (width < height ? width : height);
  Piece p = { .angle = 6.2831853f * ae_rng_uniform (rng),
    .length = 0.7f * side, .gain = 0.8f + 0.4f * ae_rng_uniform (rng) };
  p.x = 0.5f * (float) width - 0.5f * p.length * cosf (p.angle)
        + 4 * ae_rng_uniform (rng);
  p.y = 0.5f * (float) height - 0.5f * p.length * sinf (p.angle)
        + 4 * ae_rng_uniform (rng);
  return p;
}

/* A surface with marks that run up and down, and a spot of `size` pixels (0:
 * none) at x, y. */
static inline void
surface_draw (int width, int height, AeRng *rng, float gain, int x, int y,
    int size, uint8_t *to)
{
  float mark = 0;
  for (int i = 0; i < width; i++) {
    mark = 0.6f * mark + 12 * ae_rng_normal (rng);
    for (int j = 0; j < height; j++) {
      int dx = i - x, dy = j - y;
      float grey = 100 + mark + 2 * ae_rng_normal (rng);
      if (dx * dx + dy * dy < size * size)
        grey *= 0.5f;
      to[j * width + i] = (uint8_t) fminf (fmaxf (gain * grey, 0), 255);
    }
  }
}

#endif
