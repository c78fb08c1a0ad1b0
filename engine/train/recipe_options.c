/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/recipe_options.h"

#include <stdio.h>
#include <string.h>

#define MOST_SIDE 512

static double
training (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "training", key);
}

AeTrainerOptions
ae_recipe_trainer_options (const AeRecipe *r)
{
  static const char *const optimisers[]
      = { "adam", "adamw", "sgd", "muon", NULL };
  static const char *const schedules[] = { "constant", "cosine", NULL };
  const char *s = "training";
  return (AeTrainerOptions){ .loss = AE_LOSS_L1,
    .optimiser
    = (AeOptimiser) ae_recipe_word_of (r, s, "optimiser", optimisers),
    .schedule = (AeSchedule) ae_recipe_word_of (r, s, "schedule", schedules),
    .learning_rate = (float) training (r, "learning_rate"),
    .final_learning_rate = (float) training (r, "final_learning_rate"),
    .momentum = (float) training (r, "momentum"),
    .weight_decay = (float) training (r, "weight_decay"),
    .total_steps = (int64_t) training (r, "steps"),
    .warmup_steps = (int64_t) training (r, "warmup_steps"),
    .clip_norm = (float) training (r, "clip_norm"),
    .ema_decay = (float) training (r, "ema_decay"),
    .n_threads = (int) training (r, "threads"),
    .precision = ae_recipe_precision (r),
    .seed = (uint64_t) training (r, "seed") };
}

AeStatus
ae_recipe_picture_size (AeThumbnailSize *size, const AeRecipe *r,
    const char *section, AeError *err)
{
  static const char *const channels[] = { "1", "3", NULL };
  const char *text = ae_recipe_text_of (r, section, "size");
  int end = 0;
  if (strlen (text) > 9
      || sscanf (text, "%4dx%4d%n", &size->width, &size->height, &end) != 2
      || text[end] || size->width < 1 || size->height < 1
      || size->width > MOST_SIDE || size->height > MOST_SIDE)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[%s] size is '%s', wanted WIDTHxHEIGHT of 1 to %d pixels, as 28x28",
        section, text, MOST_SIDE);
  size->channels
      = ae_recipe_word_of (r, section, "channels", channels) ? 3 : 1;
  return AE_OK;
}
