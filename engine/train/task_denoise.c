/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recipes of task `denoise`. */
#include "train/task.h"

#include <ae/denoise_trainer.h>

static AeStatus
task_open (void **state, const AeRecipe *recipe, AeModel *base, AeError *err)
{
  AeDenoiseTrainer *t;
  AeStatus status = ae_denoise_trainer_new (&t, recipe, base, err);
  *state = t;
  return status;
}

static void
task_close (void *state)
{
  AeDenoiseTrainer *t = state;
  ae_denoise_trainer_free (&t);
}

static AeStatus
task_add (void *state, const AeImage *image, double seconds, int label,
    AeError *err)
{
  (void) label;
  return ae_denoise_trainer_add (state, image, seconds > 0, err);
}

static size_t
task_n_frames (const void *state)
{
  return ae_denoise_trainer_n_frames (state);
}

static AeStatus
task_step (void *state, AeStepReport *report, AeError *err)
{
  return ae_denoise_trainer_step (state, report, err);
}

static int64_t
task_steps (const void *state)
{
  return ae_denoise_trainer_steps (state);
}

static AeStatus
task_validate (void *state, float *score, AeError *err)
{
  return ae_denoise_trainer_validate (state, score, err);
}

static void
task_cancel (void *state)
{
  ae_denoise_trainer_cancel (state);
}

/* Quickly made: it is the model itself that is kept. */
static AeStatus
task_keep (void *state, AeModel **kept, AeError *err)
{
  return ae_denoise_trainer_model (state, kept, err);
}

static AeStatus
task_model (void *state, AeModel *kept, AeModel **out, AeError *err)
{
  if (!kept)
    return ae_denoise_trainer_model (state, out, err);
  *out = ae_model_ref (kept);
  return AE_OK;
}

static AeStatus
task_save (void *state, const char *path, AeError *err)
{
  return ae_denoise_trainer_save (state, path, err);
}

static AeStatus
task_restore (void *state, const char *path, AeError *err)
{
  return ae_denoise_trainer_restore (state, path, err);
}

const AeTask ae_task_denoise = {
  .name = "denoise",
  .keys = "model network loss training noise motion augment",
  .score = "psnr",
  .score_unit = "dB",
  .open = task_open,
  .close = task_close,
  .add = task_add,
  .n_frames = task_n_frames,
  .step = task_step,
  .steps = task_steps,
  .validate = task_validate,
  .cancel = task_cancel,
  .keep = task_keep,
  .model = task_model,
  .save = task_save,
  .restore = task_restore,
};
