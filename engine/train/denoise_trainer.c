/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/denoise_trainer.h>

#include "graph/model.h"
#include "train/batch.h"
#include "train/denoise_validate.h"
#include "train/nets.h"
#include "train/recipe.h"
#include "train/trainer.h"
#include "train/weights.h"
#include "util/mem.h"
#include "util/number.h"
#include "util/pool.h"
#include "video/motion.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALIDATE_PICTURES 24
#define VALIDATE_EDGE 256

/* The L2 loss is multiplied by it, so that its gradient, 2 x error, is about
 * as long as that of the absolute losses at the errors that are usual, 0.03:
 * Adam would need thousands of steps to get used to shorter ones. */
#define L2_SCALE 16

/* Of the model: see nets.h. */
enum { FRAME, FUSED, COUNT, NOISE, N_INPUTS };
enum { CLEAN, FUSED_OUT, COUNT_OUT };
static const int input_channels[N_INPUTS] = { 6, 6, 1, 2 };

struct AeDenoiseTrainer {
  AeRecipe *recipe;
  AeTrainer *trainer;
  AeReservoir *reservoir;
  AeBatchMaker *maker;
  int n, h, w; /* batch; patch / 2 */
  size_t plane;
  int min_edge;
  float *fused, *count; /* state of every sequence after the last step */
  bool state_lost;      /* the last step was skipped: no state */
  uint8_t *motion;      /* scratch per thread */
  size_t motion_size;
  int n_threads;
  uint64_t seed;
  /* of the recipe */
  AeLoss first_loss;
  float epsilon, sigma_weight;
  int64_t l2_from;
  AeDenoiseScore score;
  atomic_bool cancel;
};

static double
number (const AeRecipe *recipe, const char *section, const char *key)
{
  return ae_recipe_number_of (recipe, section, key);
}

static AeLoss
loss_of (const AeRecipe *recipe)
{
  static const char *const names[] = { "l2", "l1", "charbonnier", NULL };
  static const AeLoss losses[]
      = { AE_LOSS_L2, AE_LOSS_L1, AE_LOSS_CHARBONNIER };
  return losses[ae_recipe_word_of (recipe, "loss", "type", names)];
}

static AeTrainerOptions
trainer_options (const AeRecipe *r)
{
  static const char *const optimisers[]
      = { "adam", "adamw", "sgd", "muon", NULL };
  static const char *const schedules[] = { "constant", "cosine", NULL };
  const char *s = "training";
  return (AeTrainerOptions){
    .loss = loss_of (r),
    .loss_epsilon = (float) number (r, "loss", "epsilon"),
    .optimiser
    = (AeOptimiser) ae_recipe_word_of (r, s, "optimiser", optimisers),
    .schedule = (AeSchedule) ae_recipe_word_of (r, s, "schedule", schedules),
    .learning_rate = (float) number (r, s, "learning_rate"),
    .final_learning_rate = (float) number (r, s, "final_learning_rate"),
    .momentum = (float) number (r, s, "momentum"),
    .weight_decay = (float) number (r, s, "weight_decay"),
    .total_steps = (int64_t) number (r, s, "steps"),
    .warmup_steps = (int64_t) number (r, s, "warmup_steps"),
    .clip_norm = (float) number (r, s, "clip_norm"),
    .ema_decay = (float) number (r, s, "ema_decay"),
    .n_threads = (int) number (r, "training", "threads"),
    .precision = ae_recipe_precision (r),
    .seed = (uint64_t) number (r, s, "seed"),
  };
}

static AeStatus
make_model (
    AeModel **out, const AeRecipe *recipe, const AeModel *base, AeError *err)
{
  AeModel *net;
  AeStatus status = ae_build_denoise_net (out, recipe, err);
  if (status != AE_OK || !base)
    return status;
  status = ae_model_copy (&net, *out, err);
  ae_model_unref (out);
  if (status == AE_OK)
    status = ae_take_weights (net, base, err);
  if (status == AE_OK)
    status = ae_model_seal (net, err);
  if (status == AE_OK)
    *out = net;
  else
    ae_model_unref (&net);
  return status;
}

static AeStatus
make_trainer (AeDenoiseTrainer *t, AeModel *base, AeError *err)
{
  AeModel *model;
  AeStatus status = make_model (&model, t->recipe, base, err);
  if (status != AE_OK)
    return status;
  AeTrainerOptions options = trainer_options (t->recipe);
  status = ae_trainer_new (&t->trainer, model, &options, err);
  ae_model_unref (&model);
  AeTensor inputs[N_INPUTS];
  for (int i = 0; i < N_INPUTS; i++)
    inputs[i] = (AeTensor){ .type = AE_F32,
      .shape = ae_shape (4, t->n, input_channels[i], t->h, t->w) };
  if (status == AE_OK)
    status = ae_trainer_bind (t->trainer, inputs, N_INPUTS, err);
  if (status != AE_OK)
    return status;
  if (!ae_trainer_target (t->trainer, CLEAN))
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for targets");
  float *weight = ae_trainer_channel_weight (t->trainer, CLEAN);
  weight[4] = weight[5] = (float) number (t->recipe, "loss", "chroma_weight");
  return AE_OK;
}

static AeStatus
make_state (AeDenoiseTrainer *t, AeError *err)
{
  size_t n = (size_t) t->n;
  t->fused = ae_calloc (n * 6 * t->plane, sizeof (float));
  t->count = ae_calloc (n * t->plane, sizeof (float));
  t->motion_size = ae_align_size (ae_motion_scratch_size (t->h, t->w));
  t->motion = ae_calloc ((size_t) t->n_threads, t->motion_size);
  if (!t->fused || !t->count || !t->motion)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %d sequences", t->n);
  return AE_OK;
}

/* Seed of the sequences that begin at this step. */
static uint64_t
sequence_seed (const AeDenoiseTrainer *t)
{
  AeRng rng;
  ae_rng_seed (&rng, t->seed);
  return ae_rng_next (&rng) + (uint64_t) ae_trainer_steps (t->trainer);
}

static void
fill_options (AeDenoiseTrainer *t)
{
  const AeRecipe *r = t->recipe;
  int patch = (int) number (r, "training", "patch");
  t->n = (int) number (r, "training", "batch");
  t->h = t->w = patch / 2;
  t->plane = (size_t) t->h * t->w;
  /* some room for the window to move in */
  t->min_edge = patch + 16;
  t->n_threads = ae_pool_threads ((int) number (r, "training", "threads"));
  t->seed = (uint64_t) number (r, "training", "seed");
  t->first_loss = loss_of (r);
  t->epsilon = (float) number (r, "loss", "epsilon");
  t->sigma_weight = (float) number (r, "loss", "sigma_weight");
  t->l2_from = (int64_t) (number (r, "loss", "l2_from")
      * number (r, "training", "steps"));
}

AeStatus
ae_denoise_trainer_new (AeDenoiseTrainer **out, const AeRecipe *recipe,
    AeModel *base, AeError *err)
{
  *out = NULL;
  AeDenoiseTrainer *t = ae_calloc (1, sizeof *t);
  if (!t || !(t->recipe = ae_recipe_copy (recipe))) {
    ae_free (t);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  }
  fill_options (t);
  size_t memory = (size_t) number (recipe, "training", "memory") << 20;
  double share = number (recipe, "training", "validation");
  unsigned every = share > 0 ? (unsigned) lround (1.0 / share) : 0;
  AeStatus status
      = ae_reservoir_new (&t->reservoir, memory, every, t->seed, err);
  if (status == AE_OK)
    status = ae_batch_maker_new (&t->maker, t->recipe, t->reservoir, err);
  if (status == AE_OK)
    status = make_trainer (t, base, err);
  if (status == AE_OK)
    status = make_state (t, err);
  if (status != AE_OK) {
    ae_denoise_trainer_free (&t);
    return status;
  }
  ae_batch_maker_restart (t->maker, sequence_seed (t));
  *out = t;
  return AE_OK;
}

void
ae_denoise_trainer_free (AeDenoiseTrainer **trainer)
{
  AeDenoiseTrainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  ae_batch_maker_free (&t->maker);
  ae_reservoir_free (&t->reservoir);
  ae_trainer_free (&t->trainer);
  ae_recipe_free (&t->recipe);
  ae_free (t->fused);
  ae_free (t->count);
  ae_free (t->motion);
  ae_free (t);
}

AeStatus
ae_denoise_trainer_add (AeDenoiseTrainer *trainer, const AeImage *image,
    bool continues, AeError *err)
{
  AePicture *picture;
  AeStatus status = ae_picture_new (&picture, image, trainer->min_edge, err);
  if (status != AE_OK)
    return status;
  picture->continues = continues;
  return ae_reservoir_add (trainer->reservoir, picture, err);
}

size_t
ae_denoise_trainer_n_frames (const AeDenoiseTrainer *trainer)
{
  return ae_reservoir_n_training (trainer->reservoir)
      + ae_reservoir_n_held_out (trainer->reservoir);
}

int64_t
ae_denoise_trainer_steps (const AeDenoiseTrainer *trainer)
{
  return ae_trainer_steps (trainer->trainer);
}

typedef struct {
  AeDenoiseTrainer *t;
  const AeBatch *batch;
} FillJob;

/* The inputs `fused` and `count` of one sequence. */
static void
fill_state_job (void *arg, size_t index, int thread)
{
  const FillJob *job = arg;
  AeDenoiseTrainer *t = job->t;
  const AeBatchSlot *slot = &job->batch->slot[index];
  size_t six = 6 * t->plane * index, one = t->plane * index;
  const float *frame = job->batch->frame + six;
  float *fused = (float *) ae_trainer_input (t->trainer, FUSED)->data + six;
  float *count = (float *) ae_trainer_input (t->trainer, COUNT)->data + one;
  if ((slot->first && !slot->warm) || (!slot->first && t->state_lost)) {
    memcpy (fused, frame, 6 * t->plane * sizeof *fused);
    memset (count, 0, t->plane * sizeof *count);
    return;
  }
  const float *state = t->fused + six;
  if (slot->warm) {
    state = job->batch->past + six;
    for (size_t i = 0; i < t->plane; i++)
      t->count[one + i] = slot->past_count;
  }
  ae_motion_compensate (frame, state, t->count + one, t->h, t->w,
      slot->luma_sigma, fused, count, t->motion + t->motion_size * thread);
}

/* Equal gain in dB at every noise level is worth the same: the square error
 * grows with the noise, about linearly, the absolute one as its root. */
static float
sample_weight (const AeDenoiseTrainer *t, float sigma, bool l2)
{
  float weight = t->sigma_weight > 0
      ? (25 + t->sigma_weight) / (255 * sigma + t->sigma_weight)
      : 1;
  return l2 ? L2_SCALE * weight : sqrtf (weight);
}

static void
fill_batch (AeDenoiseTrainer *t, const AeBatch *b, bool l2)
{
  size_t n = (size_t) t->n;
  memcpy (ae_trainer_input (t->trainer, FRAME)->data, b->frame,
      n * 6 * t->plane * sizeof (float));
  memcpy (ae_trainer_input (t->trainer, NOISE)->data, b->noise,
      n * 2 * t->plane * sizeof (float));
  memcpy (ae_trainer_target (t->trainer, CLEAN)->data, b->target,
      n * 6 * t->plane * sizeof (float));
  float *weight = ae_trainer_weight (t->trainer, CLEAN)->data;
  for (size_t i = 0; i < n; i++)
    weight[i] = sample_weight (t, b->slot[i].luma_sigma, l2);
  FillJob job = { t, b };
  ae_pool_run (ae_pool_shared (), t->n_threads, n, fill_state_job, &job);
}

static void
keep_state (AeDenoiseTrainer *t)
{
  size_t n = (size_t) t->n * t->plane;
  memcpy (t->fused, ae_trainer_output (t->trainer, FUSED_OUT)->data,
      6 * n * sizeof (float));
  memcpy (t->count, ae_trainer_output (t->trainer, COUNT_OUT)->data,
      n * sizeof (float));
}

AeStatus
ae_denoise_trainer_step (
    AeDenoiseTrainer *trainer, AeStepReport *report, AeError *err)
{
  AeDenoiseTrainer *t = trainer;
  const AeBatch *batch = ae_batch_maker_take (t->maker);
  if (!batch)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "there is no picture to train on: add some first");
  bool l2 = t->first_loss == AE_LOSS_L2
      || ae_trainer_steps (t->trainer) >= t->l2_from;
  ae_trainer_set_loss (
      t->trainer, l2 ? AE_LOSS_L2 : t->first_loss, t->epsilon);
  fill_batch (t, batch, l2);
  ae_batch_maker_begin (t->maker);
  AeStepReport own;
  report = report ? report : &own;
  AeStatus status = ae_trainer_step (t->trainer, report, err);
  if (l2)
    report->loss /= L2_SCALE;
  t->state_lost = status != AE_OK;
  if (status == AE_OK)
    keep_state (t);
  return status;
}

AeStatus
ae_denoise_trainer_validate (
    AeDenoiseTrainer *trainer, float *psnr, AeError *err)
{
  AeModel *model;
  *psnr = 0;
  AeStatus status
      = ae_trainer_model (trainer->trainer, true, NULL, 0, &model, err);
  if (status != AE_OK)
    return status;
  AeDenoiseScore score;
  status = ae_denoise_validate (&score, model, trainer->reservoir,
      VALIDATE_PICTURES, VALIDATE_EDGE, trainer->n_threads, &trainer->cancel,
      err);
  ae_model_unref (&model);
  if (status != AE_OK)
    return status;
  trainer->score = score;
  *psnr = score.still;
  return AE_OK;
}

void
ae_denoise_trainer_cancel (AeDenoiseTrainer *trainer)
{
  atomic_store (&trainer->cancel, true);
}

float
ae_denoise_trainer_still_psnr (const AeDenoiseTrainer *trainer)
{
  return trainer->score.still;
}

float
ae_denoise_trainer_video_psnr (const AeDenoiseTrainer *trainer)
{
  return trainer->score.video;
}

AeStatus
ae_denoise_trainer_model (
    AeDenoiseTrainer *trainer, AeModel **out, AeError *err)
{
  AeDenoiseTrainer *t = trainer;
  *out = NULL;
  char steps[32], frames[32], still[32], video[32];
  snprintf (steps, sizeof steps, "%lld",
      (long long) ae_trainer_steps (t->trainer));
  snprintf (frames, sizeof frames, "%zu", ae_denoise_trainer_n_frames (t));
  ae_number_print (still, sizeof still, "%.2f", t->score.still);
  ae_number_print (video, sizeof video, "%.2f", t->score.video);
  char *text = ae_recipe_text (t->recipe);
  if (!text)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for the recipe's text");
  const char *meta[] = { "ae.recipe", text, "ae.train.steps", steps,
    "ae.train.frames", frames, "ae.train.psnr_still_25", still,
    "ae.train.psnr_video_25", video };
  size_t n = sizeof meta / sizeof *meta / 2;
  /* not validated yet: no figures */
  if (t->score.still == 0)
    n -= 2;
  AeStatus status = ae_trainer_model (t->trainer, true, meta, n, out, err);
  free (text);
  return status;
}

/* Sequences begin anew at a checkpoint, in a way that only depends on seed and
 * step: so a training that is resumed goes on as this one does. */
static void
begin_anew (AeDenoiseTrainer *t)
{
  ae_batch_maker_restart (t->maker, sequence_seed (t));
}

AeStatus
ae_denoise_trainer_save (
    AeDenoiseTrainer *trainer, const char *path, AeError *err)
{
  AeStatus status = ae_trainer_save (trainer->trainer, path, NULL, 0, err);
  if (status == AE_OK)
    begin_anew (trainer);
  return status;
}

AeStatus
ae_denoise_trainer_restore (
    AeDenoiseTrainer *trainer, const char *path, AeError *err)
{
  AeStatus status
      = ae_trainer_restore (trainer->trainer, path, NULL, 0, err);
  if (status == AE_OK)
    begin_anew (trainer);
  return status;
}
