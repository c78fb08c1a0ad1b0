/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_RECIPE_H
#define AE_RECIPE_H

/* A training recipe: a key file (INI) that says architecture, loss, schedule,
 * augmentation and noise. Immutable once loaded. models/README.md documents
 * every key. */

#include <ae/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeRecipe AeRecipe;

/* Errors: NOT_FOUND, IO, FORMAT (file, line, key, what was wanted). Unknown
 * sections and keys are errors, and those that its task does not use. */
AE_API AeStatus ae_recipe_load (
    AeRecipe **out, const char *path, AeError *err);
AE_API AeStatus ae_recipe_parse (
    AeRecipe **out, const char *text, AeError *err);
AE_API void ae_recipe_free (AeRecipe **recipe);
AE_API AeRecipe *ae_recipe_copy (const AeRecipe *recipe);

/* Value of a key ("network", "widths"); NULL when it is not set. */
AE_API const char *ae_recipe_get (
    const AeRecipe *recipe, const char *section, const char *key);
AE_API double ae_recipe_number (const AeRecipe *recipe, const char *section,
    const char *key, double fallback);
AE_API bool ae_recipe_bool (const AeRecipe *recipe, const char *section,
    const char *key, bool fallback);

/* Overrides a value, with the same checks as when loading. */
AE_API AeStatus ae_recipe_set (AeRecipe *recipe, const char *section,
    const char *key, const char *value, AeError *err);

/* The recipe as key-file text; freed with free(). NULL: out of memory. */
AE_API char *ae_recipe_text (const AeRecipe *recipe);

/* All keys with their values, defaults and meanings as Markdown tables; freed
 * with free(). NULL: out of memory. */
AE_API char *ae_recipe_keys (void);

#ifdef __cplusplus
}
#endif

#endif
