/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recipes of task `autoencoder`. */
#include "train/autoencoder_trainer.h"
#include "train/task.h"
#include "util/error.h"
#include "util/mem.h"

typedef struct {
  AeAutoencoderTrainer *trainer;
  int64_t n; /* steps that took part in the means */
  AeAutoencoderFigures figures;
  double discriminator, margin;
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

static void
follow (double *mean, double value, int64_t n)
{
  *mean += (value - *mean) * (n < 100 ? 1.0 / (double) n : 0.01);
}

static AeStatus
task_step (void *state, AeStepReport *report, AeError *err)
{
  Task *t = state;
  AeAutoencoderReport r;
  AeStatus status = ae_autoencoder_trainer_step (t->trainer, &r, err);
  *report = r.learning.step;
  if (status != AE_OK)
    return status;
  int64_t n = ++t->n;
  follow (&t->figures.squared_error, r.figures.squared_error, n);
  follow (&t->figures.likelihood, r.figures.likelihood, n);
  follow (&t->figures.divergence, r.figures.divergence, n);
  follow (&t->figures.active, r.figures.active, n);
  follow (&t->discriminator, r.learning.discriminator, n);
  follow (&t->margin, r.learning.margin, n);
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
  const AeAutoencoderFigures *f = &t->figures;
  size_t n = 0;
  if (t->n == 0)
    return 0;
  figures[n++] = (AeTrainingFigure){ "mse", "", f->squared_error };
  figures[n++] = (AeTrainingFigure){ "active", "units", f->active };
  if (ae_autoencoder_trainer_shape (t->trainer)->code
      == AE_CODE_VARIATIONAL) {
    figures[n++]
        = (AeTrainingFigure){ "reconstruction", "nats", f->likelihood };
    figures[n++] = (AeTrainingFigure){ "divergence", "nats", f->divergence };
  }
  if (!ae_autoencoder_trainer_has_adversary (t->trainer))
    return n;
  figures[n++] = (AeTrainingFigure){ "discriminator", "", t->discriminator };
  figures[n++] = (AeTrainingFigure){ "margin", "", t->margin };
  figures[n++] = (AeTrainingFigure){ "returns", "",
    ae_autoencoder_trainer_returns (t->trainer) };
  return n;
}

static bool
task_note (void *state, char *text, size_t bytes)
{
  return ae_autoencoder_trainer_note (
      ((Task *) state)->trainer, text, bytes);
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
  .note = task_note,
  .validate = task_validate,
  .sheet = task_sheet,
  .cancel = task_cancel,
  .keep = task_keep,
  .model = task_model,
  .save = task_save,
  .restore = task_restore,
};
