/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ODD_FOOTAGE_H
#define AE_TRAIN_ODD_FOOTAGE_H

/* Footage with something unusual in it, made from usual footage: what moves is
 * cut out and glides through the picture, too fast or with a look of its own;
 * and, to compare with, with a usual look at a usual speed. How well channels
 * tell the one from the other decides how much each counts; real anomalies are
 * not needed for that. Were it told from the footage as it was, channels that
 * see that something was put in would count most. */

#include "train/odd_thing.h"
#include "util/error.h"

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
