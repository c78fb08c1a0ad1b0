/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recipes of task `autoencoder`. */
#include "train/autoencoder_trainer.h"
#include "train/task.h"
#include "util/error.h"
#include "util/mem.h"

typedef struct {
  AeAutoencoderTrainer *trainer;
  int64_t n; /* steps that took part in the means */
  double squared_error, likelihood, divergence, active;
} Task;

static void
task_close (void *state)
{
  Task *t = state;
  ae_autoencoder_trainer_free (&t->trainer);
  ae_free (t);
}

static AeStatus
task_open (void **state, const AeRecipe *recipe, AeModel *base, AeError *err)
{
  Task *t = ae_calloc (1, sizeof *t);
  if (!t)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  AeStatus status
      = ae_autoencoder_trainer_new (&t->trainer, recipe, base, err);
  if (status == AE_OK)
    *state = t;
  else
    task_close (t);
  return status;
}

static void
task_plan (const void *state, AeTrainingPlan *plan)
{
  const AeAutoencoderShape *shape
      = ae_autoencoder_trainer_shape (((const Task *) state)->trainer);
  plan->colours = shape->size.channels == 3;
  if (ae_autoencoder_trainer_components (((const Task *) state)->trainer) > 0)
    plan->model_work = "fitting the distribution of codes";
  if (shape->code != AE_CODE_VARIATIONAL)
    return;
  plan->score = "elbo";
  plan->score_unit = "nats";
}

static AeStatus
task_add (void *state, const AeImage *image, double seconds, int label,
    AeError *err)
{
  (void) seconds;
  return ae_autoencoder_trainer_add (
      ((Task *) state)->trainer, image, label, err);
}

static size_t
task_n_frames (const void *state)
{
  return ae_autoencoder_trainer_n_pictures (((const Task *) state)->trainer);
}

static AeStatus
task_step (void *state, AeStepReport *report, AeError *err)
{
  Task *t = state;
  AeAutoencoderReport r;
  AeStatus status = ae_autoencoder_trainer_step (t->trainer, &r, err);
  *report = r.step;
  if (status != AE_OK)
    return status;
  double part = ++t->n < 100 ? 1.0 / (double) t->n : 0.01;
  t->squared_error += part * (r.squared_error - t->squared_error);
  t->likelihood += part * (r.likelihood - t->likelihood);
  t->divergence += part * (r.divergence - t->divergence);
  t->active += part * (r.active - t->active);
  return status;
}

static int64_t
task_steps (const void *state)
{
  return ae_autoencoder_trainer_steps (((const Task *) state)->trainer);
}

static size_t
task_figures (
    const void *state, AeTrainingFigure figures[AE_TRAINING_FIGURES])
{
  const Task *t = state;
  size_t n = 0;
  if (t->n == 0)
    return 0;
  figures[n++] = (AeTrainingFigure){ "mse", "", t->squared_error };
  figures[n++] = (AeTrainingFigure){ "active", "units", t->active };
  if (ae_autoencoder_trainer_shape (t->trainer)->code
      != AE_CODE_VARIATIONAL)
    return n;
  figures[n++] = (AeTrainingFigure){ "reconstruction", "nats",
    t->likelihood };
  figures[n++] = (AeTrainingFigure){ "divergence", "nats", t->divergence };
  return n;
}

static AeStatus
task_validate (void *state, float *score, AeError *err)
{
  return ae_autoencoder_trainer_validate (
      ((Task *) state)->trainer, score, err);
}

static AeStatus
task_sheet (void *state, AeTrainingSheet *sheet, AeError *err)
{
  return ae_autoencoder_trainer_sheet (((Task *) state)->trainer, sheet, err);
}

static void
task_cancel (void *state)
{
  ae_autoencoder_trainer_cancel (((Task *) state)->trainer);
}

/* It is the model itself that is kept, without a prior. */
static AeStatus
task_keep (void *state, AeModel **kept, AeError *err)
{
  return ae_autoencoder_trainer_weights (
      ((Task *) state)->trainer, kept, err);
}

static AeStatus
task_model (void *state, AeModel *kept, AeModel **out, AeError *err)
{
  AeModel *now = NULL;
  *out = NULL;
  AeStatus status = kept ? AE_OK : task_keep (state, &now, err);
  if (status == AE_OK)
    status = ae_autoencoder_trainer_model (
        ((Task *) state)->trainer, kept ? kept : now, out, err);
  ae_model_unref (&now);
  return status;
}

static AeStatus
task_save (void *state, const char *path, AeError *err)
{
  return ae_autoencoder_trainer_save (((Task *) state)->trainer, path, err);
}

static AeStatus
task_restore (void *state, const char *path, AeError *err)
{
  return ae_autoencoder_trainer_restore (
      ((Task *) state)->trainer, path, err);
}

/* Losses are sums over a picture: their gradients are long. */
static const AeTaskDefault defaults[] = {
  { "model", "name", "autoencoder" },
  { "training", "steps", "5000" },
  { "training", "batch", "128" },
  { "training", "clip_norm", "0" },
  { 0 }
};

const AeTask ae_task_autoencoder = {
  .name = "autoencoder",
  .keys = "model autoencoder training.steps training.batch "
          "training.optimiser training.schedule training.learning_rate "
          "training.final_learning_rate training.warmup_steps "
          "training.clip_norm training.ema_decay training.weight_decay "
          "training.momentum training.seed training.validate_every "
          "training.checkpoint_every training.early_stop training.memory "
          "training.validation training.precision training.threads",
  .defaults = defaults,
  .score = "psnr",
  .score_unit = "dB",
  .open = task_open,
  .close = task_close,
  .plan = task_plan,
  .add = task_add,
  .n_frames = task_n_frames,
  .step = task_step,
  .steps = task_steps,
  .figures = task_figures,
  .validate = task_validate,
  .sheet = task_sheet,
  .cancel = task_cancel,
  .keep = task_keep,
  .model = task_model,
  .save = task_save,
  .restore = task_restore,
};
