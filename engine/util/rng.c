/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/rng.h"

#include <math.h>

static uint64_t
splitmix64 (uint64_t *state)
{
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static uint64_t
rotl (uint64_t x, int k)
{
  return (x << k) | (x >> (64 - k));
}

void
ae_rng_seed (AeRng *rng, uint64_t seed)
{
  for (int i = 0; i < 4; i++)
    rng->s[i] = splitmix64 (&seed);
}

uint64_t
ae_rng_next (AeRng *rng)
{
  uint64_t *s = rng->s;
  uint64_t result = rotl (s[0] + s[3], 23) + s[0];
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotl (s[3], 45);
  return result;
}

float
ae_rng_uniform (AeRng *rng)
{
  return (float) (ae_rng_next (rng) >> 40) * 0x1p-24f;
}

uint32_t
ae_rng_below (AeRng *rng, uint32_t n)
{
  return (uint32_t) (((ae_rng_next (rng) >> 32) * n) >> 32);
}

float
ae_rng_normal (AeRng *rng)
{
  float u = 1.0f - ae_rng_uniform (rng);
  float v = ae_rng_uniform (rng);
  return sqrtf (-2.0f * logf (u)) * cosf (6.28318530718f * v);
}
