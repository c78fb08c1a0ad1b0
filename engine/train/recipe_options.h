/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_RECIPE_OPTIONS_H
#define AE_TRAIN_RECIPE_OPTIONS_H

/* What several tasks read alike of a recipe. */

#include <ae/trainer.h>

#include "train/recipe.h"
#include "train/thumbnail.h"

/* [training], with a loss of absolute values. */
AeTrainerOptions ae_recipe_trainer_options (const AeRecipe *recipe);

/* `size` and `channels` of a section. Errors: FORMAT. */
AeStatus ae_recipe_picture_size (AeThumbnailSize *size,
    const AeRecipe *recipe, const char *section, AeError *err);

#endif
