/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TEST_TEXTURE_H
#define AE_TEST_TEXTURE_H

/* An endless picture for tests: value noise at four scales, deterministic, so
 * that shifted views of it are exact. */

#include <math.h>
#include <stdint.h>

static inline float
texture_hash (int x, int y, uint32_t seed)
{
  uint32_t h = (uint32_t) x * 374761393u + (uint32_t) y * 668265263u
               + seed * 2246822519u;
  h = (h ^ (h >> 13)) * 1274126177u;
  h = (h ^ (h >> 16)) * 2654435761u;
  return (float) (h >> 8) * 0x1p-24f;
}

/* One scale: random values on a lattice of `cell` pixels, interpolated. */
static inline float
texture_scale (int x, int y, int cell, uint32_t seed)
{
  int cx = (int) floorf ((float) x / cell);
  int cy = (int) floorf ((float) y / cell);
  float fx = (float) (x - cx * cell) / cell;
  float fy = (float) (y - cy * cell) / cell;
  float top = texture_hash (cx, cy, seed) * (1 - fx)
              + texture_hash (cx + 1, cy, seed) * fx;
  float bottom = texture_hash (cx, cy + 1, seed) * (1 - fx)
                 + texture_hash (cx + 1, cy + 1, seed) * fx;
  return top * (1 - fy) + bottom * fy;
}

/* Value in 0.05 .. 0.95 at any integer position. */
static inline float
texture_at (int x, int y, uint32_t seed)
{
  return 0.05f
         + 0.9f
               * (0.4f * texture_scale (x, y, 37, seed)
                   + 0.3f * texture_scale (x, y, 16, seed + 1)
                   + 0.2f * texture_scale (x, y, 7, seed + 2)
                   + 0.1f * texture_scale (x, y, 3, seed + 3));
}

#endif
