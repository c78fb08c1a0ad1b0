/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_RECIPE_H
#define AE_TRAIN_RECIPE_H

/* A recipe's values with its task's defaults where a key is not set. The key
 * must exist in the schema. */

#include <ae/cpu.h>
#include <ae/recipe.h>

#include "train/schema.h"
#include "train/thumbnail.h"

const char *ae_recipe_text_of (
    const AeRecipe *recipe, const char *section, const char *key);
double ae_recipe_number_of (
    const AeRecipe *recipe, const char *section, const char *key);
bool ae_recipe_bool_of (
    const AeRecipe *recipe, const char *section, const char *key);

/* Index of a choice in `words`, which end with NULL and hold all it may be. */
int ae_recipe_word_of (const AeRecipe *recipe, const char *section,
    const char *key, const char *const *words);

/* [training] precision. */
AePrecision ae_recipe_precision (const AeRecipe *recipe);

/* Number of items. */
size_t ae_recipe_ints_of (const AeRecipe *recipe, const char *section,
    const char *key, int list[AE_KEY_MAX_LIST]);

/* Keys `size` ("28x28", sides of at most AE_RECIPE_MOST_SIDE) and `channels` of a
 * section. Errors: FORMAT. */
#define AE_RECIPE_MOST_SIDE 512
AeStatus ae_recipe_size_of (const AeRecipe *recipe, const char *section,
    AeThumbnailSize *size, AeError *err);

#endif
