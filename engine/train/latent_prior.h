/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_LATENT_PRIOR_H
#define AE_TRAIN_LATENT_PRIOR_H

/* What the codes of an autoencoder's own pictures are distributed as, for
 * drawing codes that make pictures like them (Ghosh et al., "From variational to
 * deterministic autoencoders", 2020). */

#include <ae/model.h>

#include "score/mixture.h"
#include "train/autoencoder_nets.h"
#include "train/picture_store.h"

#include <stdatomic.h>

typedef struct {
  size_t components; /* with full covariances; 0: one, with variances only */
  bool binarise;     /* the encoder sees pictures drawn black and white */
  int n_threads;
  uint64_t seed;
  const atomic_bool *cancel; /* ends it from another thread */
} AeLatentPriorOptions;

/* Fits a mixture to the codes of up to 20,000 of the store's pictures; to codes
 * that are drawn from their distributions where they are such. Errors:
 * NEEDS_DATA (no pictures), NUMERIC (codes that are no numbers), CANCELLED, LIMIT
 * (codes of more than AE_MIXTURE_MOST_VALUES numbers), MEMORY. */
AeStatus ae_latent_prior_fit (AeMixture **out, AeModel *model,
    const AeAutoencoderShape *shape, AePictureStore *store,
    const AeLatentPriorOptions *options, AeError *err);

#endif
