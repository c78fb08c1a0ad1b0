/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SAMPLE_CLASS_SHARES_H
#define AE_SAMPLE_CLASS_SHARES_H

/* How often a model is told to make each of its classes when nobody asks for
 * one: as often as they are among what it learned from, where it says so. */

#include <ae/model.h>

#include "util/rng.h"

/* The name of the constant, (1,classes) of sum 1. */
#define AE_SHARES_CONSTANT "shares"

typedef struct {
  int classes; /* 0: there are none */
  float *shares; /* NULL: equal ones */
} AeClassShares;

/* Errors: FORMAT (what the model says are no shares of so many), MEMORY; they
 * are cleared then. */
AeStatus ae_class_shares_read (AeClassShares *shares, const AeModel *model,
    int classes, AeError *err);
void ae_class_shares_clear (AeClassShares *shares);

/* 0 without classes. */
int ae_class_shares_draw (const AeClassShares *shares, AeRng *rng);

#endif
