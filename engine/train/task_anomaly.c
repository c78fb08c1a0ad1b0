/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recipes of task `anomaly`. */
#include "train/anomaly_trainer.h"
#include "train/recipe.h"
#include "train/task.h"
#include "util/error.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

typedef struct {
  AeAnomalyTrainer *trainer;
  int64_t n; /* steps that took part in the means */
  double loss, real, fake, pasted;
} Task;

static void
task_close (void *state)
{
  Task *t = state;
  ae_anomaly_trainer_free (&t->trainer);
  ae_free (t);
}

static bool
task_without_steps (const AeRecipe *recipe)
{
  return strcmp (ae_recipe_text_of (recipe, "anomaly", "kind"), "pictures")
         == 0;
}

static AeStatus
task_open (void **state, const AeRecipe *recipe, AeModel *base, AeError *err)
{
  Task *t = ae_calloc (1, sizeof *t);
  if (!t)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  AeStatus status = ae_anomaly_trainer_new (&t->trainer, recipe, base, err);
  if (status == AE_OK)
    *state = t;
  else
    task_close (t);
  return status;
}

static AeStatus
task_add (void *state, const AeImage *image, double seconds, int label,
    AeError *err)
{
  (void) label;
  return ae_anomaly_trainer_add (
      ((Task *) state)->trainer, image, seconds, err);
}

static size_t
task_n_frames (const void *state)
{
  return ae_anomaly_trainer_n_frames (((const Task *) state)->trainer);
}

static void
take_means (Task *t, const AeAdversarialReport *r)
{
  double part = ++t->n < 100 ? 1.0 / (double) t->n : 0.01;
  t->loss += part * (r->reconstruction - t->loss);
  t->real += part * (r->real_mean - t->real);
  t->fake += part * (r->fake_mean - t->fake);
  t->pasted += part * (r->extra_mean - t->pasted);
}

/* The loss is the prediction's: what the networks do to each other has no end
 * that could be seen in theirs. */
static AeStatus
task_step (void *state, AeStepReport *report, AeError *err)
{
  Task *t = state;
  AeAdversarialReport r;
  AeStatus status = ae_anomaly_trainer_step (t->trainer, &r, err);
  *report = (AeStepReport){ .step = r.step,
    .loss = r.reconstruction,
    .grad_norm = r.generator_norm,
    .learning_rate = r.generator_rate,
    .skipped = r.skipped };
  if (status == AE_OK)
    take_means (t, &r);
  return status;
}

static int64_t
task_steps (const void *state)
{
  return ae_anomaly_trainer_steps (((const Task *) state)->trainer);
}

static size_t
task_figures (
    const void *state, AeTrainingFigure figures[AE_TRAINING_FIGURES])
{
  const Task *t = state;
  if (t->n == 0)
    return 0;
  figures[0] = (AeTrainingFigure){ "error", "deviations", sqrt (t->loss) };
  figures[1] = (AeTrainingFigure){ "real", "realness", t->real };
  figures[2] = (AeTrainingFigure){ "predicted", "realness", t->fake };
  figures[3] = (AeTrainingFigure){ "pasted", "realness", t->pasted };
  return 4;
}

static AeStatus
task_validate (void *state, float *score, AeError *err)
{
  return ae_anomaly_trainer_validate (((Task *) state)->trainer, score, err);
}

static void
task_cancel (void *state)
{
  ae_anomaly_trainer_cancel (((Task *) state)->trainer);
}

static AeStatus
task_keep (void *state, AeModel **kept, AeError *err)
{
  return ae_anomaly_trainer_net (((Task *) state)->trainer, kept, err);
}

static AeStatus
task_model (void *state, AeModel *kept, AeModel **out, AeError *err)
{
  AeAnomalyTrainer *trainer = ((Task *) state)->trainer;
  AeModel *net = NULL;
  AeStatus status = AE_OK;
  if (kept)
    net = ae_model_ref (kept);
  else
    status = ae_anomaly_trainer_net (trainer, &net, err);
  if (status == AE_OK)
    status = ae_anomaly_trainer_fit (trainer, net, out, err);
  ae_model_unref (&net);
  return status;
}

static AeStatus
task_save (void *state, const char *path, AeError *err)
{
  return ae_anomaly_trainer_save (((Task *) state)->trainer, path, err);
}

static AeStatus
task_restore (void *state, const char *path, AeError *err)
{
  return ae_anomaly_trainer_restore (((Task *) state)->trainer, path, err);
}

static const AeTaskDefault defaults[] = {
  { "model", "name", "anomaly" },
  { "training", "steps", "4000" },
  { "training", "batch", "8" },
  { "training", "patch", "128" },
  { 0 }
};

const AeTask ae_task_anomaly = {
  .name = "anomaly",
  .keys = "model anomaly training.steps training.batch training.patch "
          "training.optimiser training.schedule training.learning_rate "
          "training.final_learning_rate training.warmup_steps "
          "training.clip_norm training.ema_decay training.weight_decay "
          "training.momentum training.seed training.validate_every "
          "training.checkpoint_every training.early_stop training.memory "
          "training.precision training.threads",
  .defaults = defaults,
  .score = "prediction psnr",
  .score_unit = "dB",
  .model_work = "densities and calibration",
  .without_steps = task_without_steps,
  .open = task_open,
  .close = task_close,
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
