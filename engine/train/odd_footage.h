/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ODD_FOOTAGE_H
#define AE_TRAIN_ODD_FOOTAGE_H

/* Footage with something unusual in it, made from usual footage: what moves is
 * cut out and glides through the picture, too fast or with a look of its own.
 * How well channels tell it from the footage as it was decides how much each
 * counts; real anomalies are not needed for that. */

#include "util/error.h"
#include "util/rng.h"

#include <stddef.h>

typedef enum {
  AE_ODD_FAST, /* looks as usual, is faster than what is seldom reached */
  AE_ODD_LOOK, /* looks unusual, at a usual speed */
  AE_N_ODD
} AeOddKind;

typedef struct {
  int width, height;
  const uint8_t *const *frames; /* n that follow each other */
  size_t n;
  const float *limit; /* (height/8) x (width/8): speeds that are seldom
                         reached, in pixels per frame */
} AeOddSource;

/* n frames (n x height x width), and what of the thing is seen in each: a share,
 * 0 to 1. */
typedef struct {
  uint8_t *pixels;
  float *visible;
} AeOddFootage;

/* To be cleared. Errors: MEMORY. */
AeStatus ae_odd_footage_make (AeOddFootage *odd, const AeOddSource *source,
    AeOddKind kind, AeRng *rng, AeError *err);
void ae_odd_footage_clear (AeOddFootage *odd);

#endif
