/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/recipe_trainer.h>

#include "train/recipe.h"
#include "train/task.h"
#include "util/mem.h"

#include <string.h>

struct AeRecipeTrainer {
  const AeTask *task;
  AeTrainingPlan plan;
  void *state;
  AeModel *kept;
};

static int64_t
whole (const AeRecipe *recipe, const char *key)
{
  return (int64_t) ae_recipe_number_of (recipe, "training", key);
}

static AeStatus
check_steps (const AeRecipe *recipe, AeError *err)
{
  const AeTask *task = ae_task_of (recipe);
  if (whole (recipe, "steps") > 0
      || (task->without_steps && task->without_steps (recipe)))
    return AE_OK;
  return ae_fail (err, AE_ERROR_ARGUMENT,
      "[training] steps is 0, wanted 1 or more: only task 'anomaly' with "
      "[anomaly] kind = pictures learns without");
}

/* Models that do not say what they are for may do. */
static AeStatus
check_base (const AeRecipe *recipe, const AeModel *base, AeError *err)
{
  const AeTask *task = ae_task_of (recipe);
  const char *found = base ? ae_model_meta (base, "ae.task") : NULL;
  if (!found || strcmp (found, task->name) == 0
      || (task->base && strcmp (found, task->base) == 0))
    return AE_OK;
  return ae_fail (err, AE_ERROR_NOT_FOUND,
      "the model to continue from is of task \"%s\", the recipe of task "
      "\"%s\"",
      found, task->name);
}

AeStatus
ae_recipe_trainer_new (AeRecipeTrainer **out, const AeRecipe *recipe,
    AeModel *base, AeError *err)
{
  *out = NULL;
  AeStatus status = ae_task_check_keys (recipe, err);
  if (status == AE_OK)
    status = check_steps (recipe, err);
  if (status == AE_OK)
    status = check_base (recipe, base, err);
  if (status != AE_OK)
    return status;
  AeRecipeTrainer *t = ae_calloc (1, sizeof *t);
  if (!t)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  t->task = ae_task_of (recipe);
  t->plan = (AeTrainingPlan){ .task = t->task->name,
    .steps = whole (recipe, "steps"),
    .batch = (int) whole (recipe, "batch"),
    .validate_every = whole (recipe, "validate_every"),
    .checkpoint_every = whole (recipe, "checkpoint_every"),
    .early_stop = whole (recipe, "early_stop"),
    .score = t->task->score,
    .score_unit = t->task->score_unit,
    .model_work = t->task->model_work,
    .sheets = t->task->sheet };
  status = t->task->open (&t->state, recipe, base, err);
  if (status != AE_OK) {
    ae_free (t);
    return status;
  }
  if (t->task->plan)
    t->task->plan (t->state, &t->plan);
  *out = t;
  return AE_OK;
}

void
ae_recipe_trainer_free (AeRecipeTrainer **trainer)
{
  AeRecipeTrainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  t->task->close (t->state);
  ae_model_unref (&t->kept);
  ae_free (t);
}

void
ae_recipe_trainer_plan (const AeRecipeTrainer *t, AeTrainingPlan *plan)
{
  *plan = t->plan;
}

AeStatus
ae_recipe_trainer_add (AeRecipeTrainer *t, const AeImage *image,
    double seconds, AeError *err)
{
  return ae_recipe_trainer_add_labelled (
      t, image, seconds, AE_NO_LABEL, err);
}

AeStatus
ae_recipe_trainer_add_labelled (AeRecipeTrainer *t, const AeImage *image,
    double seconds, int label, AeError *err)
{
  return t->task->add (t->state, image, seconds, label, err);
}

size_t
ae_recipe_trainer_n_frames (const AeRecipeTrainer *t)
{
  return t->task->n_frames (t->state);
}

AeStatus
ae_recipe_trainer_step (
    AeRecipeTrainer *t, AeStepReport *report, AeError *err)
{
  AeStepReport own;
  return t->task->step (t->state, report ? report : &own, err);
}

int64_t
ae_recipe_trainer_steps (const AeRecipeTrainer *t)
{
  return t->task->steps (t->state);
}

size_t
ae_recipe_trainer_figures (const AeRecipeTrainer *t,
    AeTrainingFigure figures[AE_TRAINING_FIGURES])
{
  return t->task->figures ? t->task->figures (t->state, figures) : 0;
}

bool
ae_recipe_trainer_note (AeRecipeTrainer *t, char text[AE_TRAINING_NOTE])
{
  return t->task->note && t->task->note (t->state, text, AE_TRAINING_NOTE);
}

AeStatus
ae_recipe_trainer_validate (AeRecipeTrainer *t, float *score, AeError *err)
{
  *score = 0;
  if (!t->task->validate)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "task '%s' has no validation", t->task->name);
  return t->task->validate (t->state, score, err);
}

void
ae_training_sheet_clear (AeTrainingSheet *sheet)
{
  ae_free (sheet->pixels);
  *sheet = (AeTrainingSheet){ 0 };
}

AeStatus
ae_recipe_trainer_sheet (
    AeRecipeTrainer *t, AeTrainingSheet *sheet, AeError *err)
{
  *sheet = (AeTrainingSheet){ 0 };
  if (!t->task->sheet)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "task '%s' has no contact sheets", t->task->name);
  return t->task->sheet (t->state, sheet, err);
}

void
ae_recipe_trainer_cancel (AeRecipeTrainer *t)
{
  t->task->cancel (t->state);
}

AeStatus
ae_recipe_trainer_keep (AeRecipeTrainer *t, AeError *err)
{
  AeModel *kept;
  AeStatus status = t->task->keep (t->state, &kept, err);
  if (status != AE_OK)
    return status;
  ae_model_unref (&t->kept);
  t->kept = kept;
  return AE_OK;
}

AeStatus
ae_recipe_trainer_model (
    AeRecipeTrainer *t, bool kept, AeModel **out, AeError *err)
{
  *out = NULL;
  return t->task->model (t->state, kept ? t->kept : NULL, out, err);
}

AeStatus
ae_recipe_trainer_save (AeRecipeTrainer *t, const char *path, AeError *err)
{
  return t->task->save (t->state, path, err);
}

AeStatus
ae_recipe_trainer_restore (
    AeRecipeTrainer *t, const char *path, AeError *err)
{
  return t->task->restore (t->state, path, err);
}
