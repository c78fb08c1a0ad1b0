/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recipes of task `gan`. */
#include "train/gan_trainer.h"
#include "train/task.h"
#include "util/error.h"
#include "util/mem.h"

typedef struct {
  AeGanTrainer *trainer;
  int64_t n, n_judged; /* steps that took part in the means */
  double discriminator, margin, spread;
} Task;

static void
task_close (void *state)
{
  Task *t = state;
  ae_gan_trainer_free (&t->trainer);
  ae_free (t);
}

static AeStatus
task_open (void **state, const AeRecipe *recipe, AeModel *base, AeError *err)
{
  Task *t = ae_calloc (1, sizeof *t);
  if (!t)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  AeStatus status = ae_gan_trainer_new (&t->trainer, recipe, base, err);
  if (status == AE_OK)
    *state = t;
  else
    task_close (t);
  return status;
}

static void
task_plan (const void *state, AeTrainingPlan *plan)
{
  const AeGanShape *shape
      = ae_gan_trainer_shape (((const Task *) state)->trainer);
  plan->colours = shape->size.channels == 3;
}

static AeStatus
task_add (void *state, const AeImage *image, double seconds, int label,
    AeError *err)
{
  (void) seconds;
  return ae_gan_trainer_add (((Task *) state)->trainer, image, label, err);
}

static size_t
task_n_frames (const void *state)
{
  return ae_gan_trainer_n_pictures (((const Task *) state)->trainer);
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
  AeGanReport r;
  AeStatus status = ae_gan_trainer_step (t->trainer, &r, err);
  *report = (AeStepReport){ .step = r.step.step,
    .loss = r.step.generator,
    .learning_rate = r.step.generator_rate,
    .grad_norm = r.step.generator_norm,
    .skipped = r.step.skipped };
  if (status != AE_OK)
    return status;
  follow (&t->spread, r.spread, ++t->n);
  if (!(r.step.discriminator_norm > 0))
    return status;
  follow (&t->discriminator, r.step.discriminator, ++t->n_judged);
  follow (&t->margin, r.step.real_mean - r.step.fake_mean, t->n_judged);
  return status;
}

static int64_t
task_steps (const void *state)
{
  return ae_gan_trainer_steps (((const Task *) state)->trainer);
}

static size_t
task_figures (
    const void *state, AeTrainingFigure figures[AE_TRAINING_FIGURES])
{
  const Task *t = state;
  size_t n = 0;
  if (t->n == 0)
    return 0;
  figures[n++] = (AeTrainingFigure){ "discriminator", "", t->discriminator };
  figures[n++] = (AeTrainingFigure){ "margin", "", t->margin };
  figures[n++] = (AeTrainingFigure){ "spread", "of 1", t->spread };
  figures[n++] = (AeTrainingFigure){ "returns", "",
    ae_gan_trainer_returns (t->trainer) };
  return n;
}

static bool
task_note (void *state, char *text, size_t bytes)
{
  return ae_gan_trainer_note (((Task *) state)->trainer, text, bytes);
}

static AeStatus
task_validate (void *state, float *score, AeError *err)
{
  return ae_gan_trainer_validate (((Task *) state)->trainer, score, err);
}

static AeStatus
task_sheet (void *state, AeTrainingSheet *sheet, AeError *err)
{
  return ae_gan_trainer_sheet (((Task *) state)->trainer, sheet, err);
}

static void
task_cancel (void *state)
{
  ae_gan_trainer_cancel (((Task *) state)->trainer);
}

/* Quickly made: it is the model itself that is kept. */
static AeStatus
task_keep (void *state, AeModel **kept, AeError *err)
{
  return ae_gan_trainer_model (((Task *) state)->trainer, kept, err);
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
  return ae_gan_trainer_save (((Task *) state)->trainer, path, err);
}

static AeStatus
task_restore (void *state, const char *path, AeError *err)
{
  return ae_gan_trainer_restore (((Task *) state)->trainer, path, err);
}

static const AeTaskDefault defaults[] = {
  { "model", "name", "gan" },
  { "training", "steps", "10000" },
  { "training", "batch", "64" },
  { "training", "schedule", "constant" },
  { "training", "learning_rate", "0.0002" },
  { "training", "warmup_steps", "0" },
  { "training", "clip_norm", "0" },
  { 0 }
};

const AeTask ae_task_gan = {
  .name = "gan",
  .keys = "model gan training.steps training.batch training.optimiser "
          "training.schedule training.learning_rate "
          "training.final_learning_rate training.warmup_steps "
          "training.clip_norm training.ema_decay training.weight_decay "
          "training.momentum training.seed training.validate_every "
          "training.checkpoint_every training.early_stop training.memory "
          "training.validation training.precision training.threads",
  .defaults = defaults,
  .score = "coverage",
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
  .note = task_note,
  .validate = task_validate,
  .sheet = task_sheet,
  .cancel = task_cancel,
  .keep = task_keep,
  .model = task_model,
  .save = task_save,
  .restore = task_restore,
};
