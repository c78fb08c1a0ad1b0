/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_COSINES_H
#define AE_CODEC_COSINES_H

/* The cosine transform of a place: 16x16 pixels of luma, 8x8 of U and of V. Its
 * coefficients in order, the coarsest first; chroma counts as 1.6 times as fine
 * as it is, since less of it is needed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AE_COSINES 384
#define AE_PLACE_SIDE 16 /* pixels */

typedef struct {
  uint8_t plane, u, v; /* luma, U, V; vertical and horizontal frequency */
} AeCosine;

void ae_cosine_order (AeCosine order[AE_COSINES]);

/* Samples of a place: luma, then U, then V, rows. */
typedef struct {
  int16_t luma[256], chroma[2][64];
} AePlaceSamples;

typedef struct {
  AeCosine order[AE_COSINES];
  float basis[2][16][16];    /* of 16 and of 8 samples: [frequency][sample] */
  int32_t integer[2][16][16]; /* the same in 1 / 1024 */
} AeCosines;

void ae_cosines_init (AeCosines *c);

/* Coefficients in order, each times its plane's gain (luma, chroma). */
void ae_cosines_forward (const AeCosines *c, const AePlaceSamples *from,
    const float gain[2], float *to, size_t to_step);

/* Sums of coefficients times their plane's step (in 1 / 16 of a sample's unit),
 * by integers alone. values: one every `step` numbers. */
void ae_cosines_inverse (const AeCosines *c, const int16_t *values,
    size_t step, const int32_t unit[2], AePlaceSamples *to);

#endif
