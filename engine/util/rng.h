/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_UTIL_RNG_H
#define AE_UTIL_RNG_H

/* Seedable random numbers: xoshiro256++ (Blackman and Vigna, 2019), seeded
 * through splitmix64. The same seed gives the same numbers on every machine.
 * Plain state: copy it to save it. */

#include <stdint.h>

typedef struct {
  uint64_t s[4];
} AeRng;

void ae_rng_seed (AeRng *rng, uint64_t seed);
uint64_t ae_rng_next (AeRng *rng);

/* Uniform in [0, 1) with 24 bits; in 0 .. n-1 (n > 0). */
float ae_rng_uniform (AeRng *rng);
uint32_t ae_rng_below (AeRng *rng, uint32_t n);

/* Standard normal (Box and Muller). */
float ae_rng_normal (AeRng *rng);

#endif
