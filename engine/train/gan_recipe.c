/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/gan_recipe.h"

#include "train/recipe.h"
#include "train/recipe_options.h"

#include <math.h>

static double
number (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "gan", key);
}

static double
training (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "training", key);
}

static AeStatus
read_classes (AeGanWishes *w, const AeRecipe *r, AeError *err)
{
  w->clusters = (int) number (r, "clusters");
  w->shape.classes = (int) number (r, "classes");
  if (w->clusters > 0 && w->shape.classes > 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "gan.clusters is %d and gan.classes is %d, wanted one of them to be 0",
        w->clusters, w->shape.classes);
  if (w->clusters > 0)
    w->shape.classes = w->clusters;
  return AE_OK;
}

AeStatus
ae_gan_recipe_wishes (AeGanWishes *w, const AeRecipe *r, AeError *err)
{
  static const char *const nets[] = { "dense", "conv", NULL };
  AeGanShape *s = &w->shape;
  *w = (AeGanWishes){ .watch = (int64_t) number (r, "watch") };
  *s = (AeGanShape){
    .net = (AeGanNet) ae_recipe_word_of (r, "gan", "net", nets),
    .latent = (int) number (r, "latent"),
    .depth = (int) number (r, "depth"),
    .discriminator_depth = (int) number (r, "discriminator_depth"),
    .batch_spread = ae_recipe_bool_of (r, "gan", "batch_spread") };
  w->augment = (AeGanAugment){
    .translation = (float) number (r, "translation"),
    .cutout = (float) number (r, "cutout"),
    .brightness = (float) number (r, "brightness") };
  s->n_widths = ae_recipe_ints_of (r, "gan", "widths", s->widths);
  AeStatus status = ae_recipe_picture_size (&s->size, r, "gan", err);
  if (status == AE_OK)
    status = read_classes (w, r, err);
  return status == AE_OK ? ae_gan_check (s, err) : status;
}

static AeAdversarialLoss
loss_of (const AeRecipe *r)
{
  static const char *const losses[]
      = { "hinge", "non-saturating", "least-squares", "wasserstein", NULL };
  return (AeAdversarialLoss) ae_recipe_word_of (r, "gan", "loss", losses);
}

/* 0 in a recipe is none; in options it is the usual value. */
static float
or_none (double value)
{
  return value > 0 ? (float) value : -1;
}

AeAdversarialOptions
ae_gan_recipe_options (const AeRecipe *r)
{
  static const char *const optimisers[]
      = { "adam", "adamw", "sgd", "muon", NULL };
  static const char *const schedules[] = { "constant", "cosine", NULL };
  const char *s = "training";
  double rate = training (r, "learning_rate");
  return (AeAdversarialOptions){ .loss = loss_of (r),
    .discriminator_steps = (int) number (r, "discriminator_steps"),
    .generator_steps = (int) number (r, "generator_steps"),
    .generator_rate = (float) rate,
    .discriminator_rate = (float) number (r, "discriminator_rate"),
    .schedule = (AeSchedule) ae_recipe_word_of (r, s, "schedule", schedules),
    .final_share
    = (float) fmin (training (r, "final_learning_rate") / rate, 1),
    .total_steps = (int64_t) training (r, "steps"),
    .warmup_steps = (int64_t) training (r, "warmup_steps"),
    .optimiser
    = (AeOptimiser) ae_recipe_word_of (r, s, "optimiser", optimisers),
    .beta1 = (float) number (r, "beta1"),
    .momentum = (float) training (r, "momentum"),
    .weight_decay = (float) training (r, "weight_decay"),
    .clip_norm = (float) training (r, "clip_norm"),
    .spectral_limit = or_none (number (r, "spectral_limit")),
    .ema_decay = or_none (training (r, "ema_decay")),
    .can_go_back = number (r, "watch") > 0,
    .n_threads = (int) training (r, "threads"),
    .precision = ae_recipe_precision (r),
    .seed = (uint64_t) training (r, "seed") };
}
