/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recipes of task `classifier`. */
#include "train/classifier_trainer.h"
#include "train/task.h"
#include "util/error.h"
#include "util/mem.h"

typedef struct {
  AeClassifierTrainer *trainer;
  int64_t n; /* steps that took part in the mean */
  AeClassifierBatch mean;
} Task;

static void
task_close (void *state)
{
  Task *t = state;
  ae_classifier_trainer_free (&t->trainer);
  ae_free (t);
}

static AeStatus
task_open (void **state, const AeRecipe *recipe, AeModel *base, AeError *err)
{
  Task *t = ae_calloc (1, sizeof *t);
  if (!t)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  AeStatus status
      = ae_classifier_trainer_new (&t->trainer, recipe, base, err);
  if (status == AE_OK)
    *state = t;
  else
    task_close (t);
  return status;
}

static void
task_plan (const void *state, AeTrainingPlan *plan)
{
  plan->colours = ae_classifier_trainer_shape (((const Task *) state)->trainer)
                      ->size.channels
      == 3;
}

static AeStatus
task_add (void *state, const AeImage *image, double seconds, int label,
    AeError *err)
{
  (void) seconds;
  return ae_classifier_trainer_add (
      ((Task *) state)->trainer, image, label, err);
}

static size_t
task_n_frames (const void *state)
{
  return ae_classifier_trainer_n_pictures (((const Task *) state)->trainer);
}

static AeStatus
task_step (void *state, AeStepReport *report, AeError *err)
{
  Task *t = state;
  AeClassifierBatch batch;
  AeStatus status
      = ae_classifier_trainer_step (t->trainer, report, &batch, err);
  if (status != AE_OK)
    return status;
  double part = ++t->n < 100 ? 1.0 / (double) t->n : 0.01;
  t->mean.accuracy += part * (batch.accuracy - t->mean.accuracy);
  t->mean.domain_error += part * (batch.domain_error - t->mean.domain_error);
  return status;
}

static int64_t
task_steps (const void *state)
{
  return ae_classifier_trainer_steps (((const Task *) state)->trainer);
}

static size_t
task_figures (
    const void *state, AeTrainingFigure figures[AE_TRAINING_FIGURES])
{
  const Task *t = state;
  if (t->n == 0)
    return 0;
  figures[0] = (AeTrainingFigure){ "batch-accuracy", "%",
    100 * t->mean.accuracy };
  figures[1] = (AeTrainingFigure){ "domain-error", "%",
    100 * t->mean.domain_error };
  return ae_classifier_trainer_adapts (t->trainer) ? 2 : 1;
}

static AeStatus
task_validate (void *state, float *score, AeError *err)
{
  return ae_classifier_trainer_validate (
      ((Task *) state)->trainer, score, err);
}

static void
task_cancel (void *state)
{
  ae_classifier_trainer_cancel (((Task *) state)->trainer);
}

/* Quickly made: it is the model itself that is kept. */
static AeStatus
task_keep (void *state, AeModel **kept, AeError *err)
{
  return ae_classifier_trainer_model (
      ((Task *) state)->trainer, kept, err);
}

static AeStatus
task_model (void *state, AeModel *kept, AeModel **out, AeError *err)
{
  if (!kept)
    return task_keep (state, out, err);
  *out = ae_model_ref (kept);
  return AE_OK;
}

static AeStatus
task_save (void *state, const char *path, AeError *err)
{
  return ae_classifier_trainer_save (((Task *) state)->trainer, path, err);
}

static AeStatus
task_restore (void *state, const char *path, AeError *err)
{
  return ae_classifier_trainer_restore (
      ((Task *) state)->trainer, path, err);
}

static const AeTaskDefault defaults[] = {
  { "model", "name", "classifier" },
  { "training", "steps", "5000" },
  { "training", "batch", "128" },
  { 0 }
};

const AeTask ae_task_classifier = {
  .name = "classifier",
  .keys = "model classifier training.steps training.batch "
          "training.optimiser training.schedule training.learning_rate "
          "training.final_learning_rate training.warmup_steps "
          "training.clip_norm training.ema_decay training.weight_decay "
          "training.momentum training.seed training.validate_every "
          "training.checkpoint_every training.early_stop training.memory "
          "training.validation training.precision training.threads",
  .defaults = defaults,
  .score = "accuracy",
  .score_unit = "%",
  .base = "autoencoder",
  .open = task_open,
  .close = task_close,
  .plan = task_plan,
  .add = task_add,
  .n_frames = task_n_frames,
  .step = task_step,
  .steps = task_steps,
  .figures = task_figures,
  .validate = task_validate,
  .cancel = task_cancel,
  .keep = task_keep,
  .model = task_model,
  .save = task_save,
  .restore = task_restore,
};
