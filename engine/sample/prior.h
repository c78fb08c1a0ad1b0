/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SAMPLE_PRIOR_H
#define AE_SAMPLE_PRIOR_H

/* What codes of pictures are distributed as: a mixture of normal distributions
 * that was fitted to codes of real pictures and is kept in the model, or the
 * standard normal distribution. */

#include <ae/model.h>

#include "score/mixture.h"
#include "util/rng.h"

/* The name of the constant that holds a mixture's block. */
#define AE_PRIOR_CONSTANT "prior"

typedef struct {
  int latent;         /* numbers of a code */
  AeMixture *mixture; /* NULL: standard normal */
  double *shares;     /* of its components */
} AePrior;

/* The model's own, or the standard normal one where it has none or `normal` is
 * asked for. Errors: FORMAT (not a mixture), SHAPE (of other codes), MEMORY; it
 * is cleared then. */
AeStatus ae_prior_read (AePrior *prior, const AeModel *model, int latent,
    bool normal, AeError *err);
void ae_prior_clear (AePrior *prior);

/* Draws a code (latent). Deviations are `temperature` times what they are: 0
 * gives means. */
void ae_prior_draw (
    const AePrior *prior, AeRng *rng, float temperature, float *code);

/* Standard deviations (latent) of what is drawn, from 2000 draws. Errors:
 * MEMORY. */
AeStatus ae_prior_spread (
    const AePrior *prior, float *deviation, AeError *err);

#endif
