/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_TASK_H
#define AE_TRAIN_TASK_H

/* What a recipe's task is: the keys it uses, and how it trains. A new task is
 * one file with such a table, its line in tasks.c and its word in the schema's
 * `task`. */

#include <ae/recipe_trainer.h>

#include "train/schema.h"

/* A default that is not the schema's. */
typedef struct {
  const char *section, *name, *value;
} AeTaskDefault;

/* Functions as those of ae/recipe_trainer.h on the `state` that `open` makes;
 * figures, note, validate, sheet and without_steps may be NULL. */
typedef struct {
  const char *name;
  const char *keys; /* sections and section.key, separated by spaces */
  const AeTaskDefault *defaults; /* the last has section NULL; or NULL */
  const char *score, *score_unit, *model_work;
  const char *base; /* another task whose models training may start from; or
                       NULL */

  /* Whether a recipe of no steps makes a model; NULL: none does. */
  bool (*without_steps) (const AeRecipe *recipe);
  AeStatus (*open) (
      void **state, const AeRecipe *recipe, AeModel *base, AeError *err);
  void (*close) (void *state);
  /* Fills in what of the plan its state decides; or NULL. */
  void (*plan) (const void *state, AeTrainingPlan *plan);
  AeStatus (*add) (void *state, const AeImage *image, double seconds,
      int label, AeError *err);
  size_t (*n_frames) (const void *state);
  AeStatus (*step) (void *state, AeStepReport *report, AeError *err);
  int64_t (*steps) (const void *state);
  size_t (*figures) (
      const void *state, AeTrainingFigure figures[AE_TRAINING_FIGURES]);
  bool (*note) (void *state, char *text, size_t bytes);
  AeStatus (*validate) (void *state, float *score, AeError *err);
  AeStatus (*sheet) (void *state, AeTrainingSheet *sheet, AeError *err);
  void (*cancel) (void *state);
  /* What `model` needs to make the model of the weights as they are now. */
  AeStatus (*keep) (void *state, AeModel **kept, AeError *err);
  /* kept: NULL for the weights as they are now. */
  AeStatus (*model) (
      void *state, AeModel *kept, AeModel **out, AeError *err);
  AeStatus (*save) (void *state, const char *path, AeError *err);
  AeStatus (*restore) (void *state, const char *path, AeError *err);
} AeTask;

extern const AeTask ae_task_anomaly, ae_task_autoencoder,
    ae_task_classifier, ae_task_codec, ae_task_denoise, ae_task_gan, ae_task_rbm;

/* All of them; the last is NULL. */
extern const AeTask *const ae_tasks[];

/* The task of a recipe. */
const AeTask *ae_task_of (const AeRecipe *recipe);

bool ae_task_uses (const AeTask *task, const AeKey *key);

/* The key's default for the task; NULL: there is none. */
const char *ae_task_default (const AeTask *task, const AeKey *key);

/* FORMAT when the recipe sets a key that its task does not use. */
AeStatus ae_task_check_keys (const AeRecipe *recipe, AeError *err);

#endif
