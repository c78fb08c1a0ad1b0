/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_AUTOENCODER_ADVERSARY_H
#define AE_TRAIN_AUTOENCODER_ADVERSARY_H

/* A discriminator beside an autoencoder: of its codes, which come to be
 * distributed as normal numbers, or of its pictures, which come to look as sharp
 * as real ones.
 *
 * Sources: Makhzani et al., "Adversarial autoencoders", 2016; Larsen et al.,
 * "Autoencoding beyond pixels using a learned similarity metric", 2016, but that
 * the likeness of a picture stays one of pixels. */

#include <ae/recipe.h>

#include "train/adversarial.h"
#include "train/autoencoder_nets.h"
#include "train/gan_guard.h"

/* Words of AeAutoencoderAdversary in recipes; the last is NULL. */
extern const char *const ae_adversary_names[];

/* What the recipe asks for and cannot have. Errors: FORMAT. */
AeStatus ae_autoencoder_adversary_check (const AeRecipe *recipe,
    const AeAutoencoderShape *shape, AeAutoencoderAdversary adversary,
    AeError *err);

/* A new discriminator: `code` (N,latent), or `frame` as the autoencoder's, and of
 * codes `class` where there are some -> `realness`, the larger the more real.
 * Errors: MEMORY. */
AeStatus ae_build_autoencoder_discriminator (AeModel **out,
    const AeRecipe *recipe, const AeAutoencoderShape *shape,
    AeAutoencoderAdversary adversary, uint64_t seed, AeError *err);

/* The training of the graph that ae_build_autoencoder_training() made against a
 * new discriminator, and what guards it; to be bound. Errors: ARGUMENT, LIMIT,
 * UNSUPPORTED, MEMORY. */
AeStatus ae_autoencoder_adversary_new (AeAdversarial **out,
    AeGanGuard *guard, const AeRecipe *recipe,
    const AeAutoencoderShape *shape, const AeAutoencoderTerms *terms,
    AeModel *autoencoder, AeError *err);

#endif
