/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_GAN_RECIPE_H
#define AE_TRAIN_GAN_RECIPE_H

/* What a recipe of task `gan` says. */

#include <ae/recipe.h>

#include "train/adversarial.h"
#include "train/gan_nets.h"

typedef struct {
  AeGanShape shape; /* its classes are the clusters where there are some */
  AeGanAugment augment;
  int clusters;
  int64_t watch; /* steps; 0: never looks */
} AeGanWishes;

/* Errors: FORMAT (the size), ARGUMENT (labels and clusters), those of
 * ae_gan_check. */
AeStatus ae_gan_recipe_wishes (
    AeGanWishes *wishes, const AeRecipe *recipe, AeError *err);

AeAdversarialOptions ae_gan_recipe_options (const AeRecipe *recipe);

#endif
