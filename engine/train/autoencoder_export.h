/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_AUTOENCODER_EXPORT_H
#define AE_TRAIN_AUTOENCODER_EXPORT_H

/* Trained autoencoders as model files, with what they tell of themselves. */

#include <ae/recipe.h>

#include "train/autoencoder_nets.h"

/* Words of AeCoderNet, AeCodeKind and AeLikelihood in recipes and metadata; the
 * last are NULL. */
extern const char *const ae_coder_net_names[], *const ae_code_names[],
    *const ae_likelihood_names[];

typedef struct {
  const AeRecipe *recipe;
  const AeAutoencoderShape *shape;
  int64_t steps;
  size_t pictures; /* that it was trained on */
} AeAutoencoderTraining;

/* prior (may be NULL): of codes. Errors: MEMORY, SHAPE. */
AeStatus ae_autoencoder_export (AeModel **out,
    const AeAutoencoderTraining *training, const AeModel *trained,
    const AeMixture *prior, AeError *err);

#endif
