/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_COSINES_H
#define AE_CODEC_COSINES_H

/* The cosine transform of a place: 16x16 pixels of luma, 8x8 of U and of V. Its
 * coefficients in order, the coarsest first; chroma counts as 1.6 times as fine
 * as it is, since less of it is needed. */

#include "kernels/kernels.h"

#define AE_COSINES 384

typedef struct {
  uint8_t plane, u, v; /* luma, U, V; vertical and horizontal frequency */
} AeCosine;

void ae_cosine_order (AeCosine order[AE_COSINES]);

typedef struct {
  AeCosine order[AE_COSINES];
  AeCosineWeights weights;
  const AeKernels *kernels;
} AeCosines;

void ae_cosines_init (AeCosines *c);

/* Coefficients [vertical][horizontal frequency], those of U and V beside each
 * other behind luma's. */
typedef struct {
  float at[AE_PLACE_ROWS][AE_PLACE_SIDE];
} AePlaceCosines;

void ae_cosines_forward (const AeCosines *c, const AePlaceSamples *from,
    AePlaceCosines *to);

/* In order, each times its plane's gain (luma, chroma), one every `step`
 * numbers. */
void ae_cosines_arrange (const AeCosines *c, const AePlaceCosines *from,
    const float gain[2], float *to, size_t step);

/* Sums of coefficients times their plane's step (in 1 / 16 of a sample's unit),
 * by integers alone. values: one every `step` numbers. */
void ae_cosines_inverse (const AeCosines *c, const int16_t *values,
    size_t step, const int32_t unit[2], AePlaceSamples *to);

#endif
