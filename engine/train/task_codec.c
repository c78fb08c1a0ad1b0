/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recipes of task `codec`. */
#include "train/codec_trainer.h"
#include "train/recipe.h"
#include "train/task.h"
#include "util/error.h"
#include "util/mem.h"

#include <stdlib.h>

typedef struct {
  AeCodecTrainer *trainer;
  AeRecipe *recipe;
  int64_t n; /* steps that took part in the means */
  double psnr, bits;
} Task;

static double
number (const AeRecipe *r, const char *section, const char *key)
{
  return ae_recipe_number_of (r, section, key);
}

/* Two numbers of a list. */
static AeStatus
take_pair (
    const AeRecipe *r, const char *key, int pair[2], AeError *err)
{
  int list[AE_KEY_MAX_LIST];
  size_t n = ae_recipe_ints_of (r, "codec", key, list);
  if (n != 2)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[codec] %s has %zu items, wanted 2", key, n);
  pair[0] = list[0];
  pair[1] = list[1];
  return AE_OK;
}

/* What is not set in the recipe and depends on other values stays 0: the
 * trainer's own default. */
static AeStatus
take_options (AeCodecTrainerOptions *o, const AeRecipe *r, AeError *err)
{
  static const char *const tunes[] = { "psnr", "ms-ssim", NULL };
  const char *c = "codec", *s = "training";
  *o = (AeCodecTrainerOptions){
    .tune = (AeTune) ae_recipe_word_of (r, c, "tune", tunes),
    .latents = (int) number (r, c, "latents"),
    .core = (int) ae_recipe_number (r, c, "core", 0),
    .batch = (int) number (r, s, "batch"),
    .patch = (int) number (r, s, "patch"),
    .steps = (int64_t) number (r, s, "steps"),
    .learning_rate = (float) number (r, s, "learning_rate"),
    .lambda = { (float) number (r, c, "lambda_min"),
        (float) number (r, c, "lambda_max") },
    .similarity = { (float) number (r, c, "similarity_min"),
        (float) number (r, c, "similarity_max") },
    .chroma = (float) ae_recipe_number (r, c, "chroma", 0),
    .context_steps = (int) number (r, c, "context_steps"),
    .memory = (size_t) number (r, s, "memory") << 20,
    .validation = (float) number (r, s, "validation"),
    .seed = (uint64_t) number (r, s, "seed"),
    .n_threads = (int) number (r, s, "threads"),
    .precision = ae_recipe_precision (r),
  };
  AeStatus status = take_pair (r, "widths", o->widths, err);
  return status == AE_OK ? take_pair (r, "depths", o->depths, err) : status;
}

static void
task_close (void *state)
{
  Task *t = state;
  ae_codec_trainer_free (&t->trainer);
  ae_recipe_free (&t->recipe);
  ae_free (t);
}

static AeStatus
task_open (void **state, const AeRecipe *recipe, AeModel *base, AeError *err)
{
  AeCodecTrainerOptions options;
  AeStatus status = take_options (&options, recipe, err);
  if (status != AE_OK)
    return status;
  options.start = base;
  Task *t = ae_calloc (1, sizeof *t);
  if (!t || !(t->recipe = ae_recipe_copy (recipe))) {
    ae_free (t);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  }
  status = ae_codec_trainer_new (&t->trainer, &options, err);
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
  return ae_codec_trainer_add (
      ((Task *) state)->trainer, image, seconds > 0, err);
}

static size_t
task_n_frames (const void *state)
{
  return ae_codec_trainer_n_pictures (((const Task *) state)->trainer);
}

static AeStatus
task_step (void *state, AeStepReport *report, AeError *err)
{
  Task *t = state;
  AeCodecTrainReport r = { 0 };
  AeStatus status = ae_codec_trainer_step (t->trainer, &r, err);
  *report = (AeStepReport){ .step = r.step,
    .loss = r.loss,
    .learning_rate = r.learning_rate,
    .skipped = status == AE_ERROR_NUMERIC };
  if (status != AE_OK)
    return status;
  double part = ++t->n < 100 ? 1.0 / (double) t->n : 0.01;
  t->psnr += part * (r.psnr - t->psnr);
  t->bits += part * (r.bits_per_pixel - t->bits);
  return AE_OK;
}

static int64_t
task_steps (const void *state)
{
  return ae_codec_trainer_steps (((const Task *) state)->trainer);
}

static size_t
task_figures (
    const void *state, AeTrainingFigure figures[AE_TRAINING_FIGURES])
{
  const Task *t = state;
  if (t->n == 0)
    return 0;
  figures[0] = (AeTrainingFigure){ "quality", "dB", t->psnr };
  figures[1] = (AeTrainingFigure){ "rate", "bits per pixel", t->bits };
  return 2;
}

static AeStatus
task_validate (void *state, float *score, AeError *err)
{
  return ae_codec_trainer_validate (((Task *) state)->trainer, score, err);
}

static void
task_cancel (void *state)
{
  ae_codec_trainer_cancel (((Task *) state)->trainer);
}

static AeStatus
task_keep (void *state, AeModel **kept, AeError *err)
{
  return ae_codec_trainer_weights (((Task *) state)->trainer, kept, err);
}

static AeStatus
task_model (void *state, AeModel *kept, AeModel **out, AeError *err)
{
  Task *t = state;
  AeModel *weights = NULL;
  char *text = ae_recipe_text (t->recipe);
  if (!text)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for the recipe's text");
  const char *const meta[] = { "ae.recipe", text,
    "ae.name", ae_recipe_text_of (t->recipe, "model", "name"),
    "ae.weights", ae_recipe_text_of (t->recipe, "model", "weights"),
    "ae.description", ae_recipe_get (t->recipe, "model", "description") };
  size_t n_meta = sizeof meta / sizeof *meta / 2;
  AeStatus status = AE_OK;
  if (kept)
    weights = ae_model_ref (kept);
  else
    status = ae_codec_trainer_weights (t->trainer, &weights, err);
  if (status == AE_OK)
    status = ae_codec_trainer_fit (t->trainer, weights, meta,
        meta[2 * n_meta - 1] ? n_meta : n_meta - 1, out, err);
  ae_model_unref (&weights);
  free (text);
  return status;
}

static AeStatus
task_save (void *state, const char *path, AeError *err)
{
  return ae_codec_trainer_save (((Task *) state)->trainer, path, err);
}

static AeStatus
task_restore (void *state, const char *path, AeError *err)
{
  return ae_codec_trainer_restore (((Task *) state)->trainer, path, err);
}

static const AeTaskDefault defaults[] = {
  { "model", "name", "codec" },
  { "model", "weights", "float16" },
  { "training", "steps", "50000" },
  { "training", "batch", "4" },
  { "training", "patch", "192" },
  { "training", "learning_rate", "0.0007" },
  { "training", "checkpoint_every", "5000" },
  { "training", "validation", "0.02" },
  { 0 }
};

const AeTask ae_task_codec = {
  .name = "codec",
  .keys = "model codec training.steps training.batch training.patch "
          "training.learning_rate training.seed training.validate_every "
          "training.checkpoint_every training.early_stop training.memory "
          "training.validation training.precision training.threads",
  .defaults = defaults,
  .score = "rate-distortion",
  .score_unit = "dB",
  .model_work = "fitting contexts and tables to the pictures",
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
