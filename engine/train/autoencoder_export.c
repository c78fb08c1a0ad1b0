/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/autoencoder_export.h"

#include "train/recipe.h"
#include "util/error.h"

#include <stdio.h>
#include <stdlib.h>

const char *const ae_coder_net_names[] = { "linear", "dense", "conv",
  "fully-conv", NULL };
const char *const ae_code_names[]
    = { "plain", "rectified", "variational", NULL };
const char *const ae_likelihood_names[] = { "bernoulli", "gaussian", NULL };

typedef struct {
  char steps[32], seed[32], pictures[32];
} Numbers;

static void
write_numbers (const AeAutoencoderTraining *t, Numbers *n)
{
  snprintf (n->steps, sizeof n->steps, "%lld", (long long) t->steps);
  snprintf (n->seed, sizeof n->seed, "%.0f",
      ae_recipe_number_of (t->recipe, "training", "seed"));
  snprintf (n->pictures, sizeof n->pictures, "%zu", t->pictures);
}

AeStatus
ae_autoencoder_export (AeModel **out, const AeAutoencoderTraining *t,
    const AeModel *trained, const AeMixture *prior, AeError *err)
{
  const AeRecipe *r = t->recipe;
  const char *a = "autoencoder";
  Numbers numbers;
  char *text = ae_recipe_text (r);
  if (!text)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for the recipe's text");
  write_numbers (t, &numbers);
  const char *const meta[] = { "ae.task", a,
    "ae.name", ae_recipe_text_of (r, "model", "name"),
    "ae.description", ae_recipe_get (r, "model", "description"),
    "ae.weights", ae_recipe_text_of (r, "model", "weights"),
    "ae.autoencoder.size", ae_recipe_text_of (r, a, "size"),
    "ae.autoencoder.channels", ae_recipe_text_of (r, a, "channels"),
    "ae.autoencoder.latent", ae_recipe_text_of (r, a, "latent"),
    "ae.autoencoder.net", ae_coder_net_names[t->shape->net],
    "ae.autoencoder.code", ae_code_names[t->shape->code],
    "ae.autoencoder.likelihood", ae_likelihood_names[t->shape->likelihood],
    "ae.autoencoder.classes", ae_recipe_text_of (r, a, "classes"),
    "ae.autoencoder.binarise",
    ae_recipe_bool_of (r, a, "binarise") ? "yes" : "no",
    "ae.autoencoder.adversary", ae_recipe_get (r, a, "adversary"),
    "ae.recipe", text, "ae.train.steps", numbers.steps, "ae.train.seed",
    numbers.seed, "ae.train.pictures", numbers.pictures };
  AeAutoencoderFacts facts = {
    .prior = prior, .meta = meta, .n_meta = sizeof meta / sizeof *meta / 2 };
  AeStatus status = ae_build_autoencoder (out, t->shape, trained, &facts, err);
  free (text);
  return status;
}
