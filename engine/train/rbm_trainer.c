/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/rbm_trainer.h"

#include "tensor/tensor.h"
#include "train/checkpoint.h"
#include "train/contact_sheet.h"
#include "train/picture_store.h"
#include "train/recipe_options.h"
#include "train/schedule.h"
#include "util/mem.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_HELD_OUT 1000
#define STRUCTURE 0x52424d31u /* "RBM1": what the checkpoint's blocks mean */

/* What a training draws from; kept in checkpoints. */
typedef struct {
  AeRng pictures, machine;
} Draws;

struct AeRbmTrainer {
  AeRecipe *recipe;
  AeRbmShape shape;
  AeTrainerOptions options;
  AeRbmChain chain;
  AePictureStore *store;
  AeRbm *rbm;
  AeRng rng;
  int64_t steps;
  size_t batch;
  float *frame, *made; /* (batch,visible) */
  float *latent;       /* (batch,hidden) */
  float *energy;       /* (batch) */
  bool started;        /* the biases tell of pictures */
  double gap;          /* NaN: none */
  atomic_bool cancel;
};

static double
number (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "rbm", key);
}

static double
training (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "training", key);
}

static AeStatus
read_recipe (AeRbmTrainer *t, AeError *err)
{
  const AeRecipe *r = t->recipe;
  t->shape.hidden = (int) number (r, "hidden");
  t->chain = (AeRbmChain){ .steps = (int) number (r, "gibbs_steps"),
    .visible = ae_recipe_bool_of (r, "rbm", "binarise") };
  t->options = ae_recipe_trainer_options (r);
  t->batch = (size_t) training (r, "batch");
  t->gap = NAN;
  ae_rng_seed (&t->rng, t->options.seed);
  AeStatus status
      = ae_recipe_picture_size (&t->shape.size, r, "rbm", err);
  return status == AE_OK ? ae_rbm_shape_check (&t->shape, err) : status;
}

static AeStatus
make_store (AeRbmTrainer *t, AeError *err)
{
  double share = training (t->recipe, "validation");
  unsigned every = share > 0 ? (unsigned) lround (1 / share) : 0;
  return ae_picture_store_new (&t->store, &t->shape.size,
      (size_t) training (t->recipe, "memory") << 20, every, MOST_HELD_OUT,
      t->options.seed, err);
}

static AeStatus
make_machine (AeRbmTrainer *t, AeModel *base, AeError *err)
{
  AeRbmSize size = { ae_thumbnail_bytes (&t->shape.size),
    (size_t) t->shape.hidden, t->batch, t->options.n_threads };
  t->frame = ae_calloc (t->batch * size.visible, sizeof *t->frame);
  t->made = ae_calloc (t->batch * size.visible, sizeof *t->made);
  t->latent = ae_calloc (t->batch * size.hidden, sizeof *t->latent);
  t->energy = ae_calloc (t->batch, sizeof *t->energy);
  if (!t->frame || !t->made || !t->latent || !t->energy)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a batch");
  AeStatus status = ae_rbm_new (&t->rbm, &size, t->options.seed + 1, err);
  if (status != AE_OK || !base)
    return status;
  t->started = true;
  return ae_rbm_read (ae_rbm_params (t->rbm), &t->shape, base, err);
}

AeStatus
ae_rbm_trainer_new (AeRbmTrainer **out, const AeRecipe *recipe, AeModel *base,
    AeError *err)
{
  *out = NULL;
  AeRbmTrainer *t = ae_calloc (1, sizeof *t);
  if (!t || !(t->recipe = ae_recipe_copy (recipe))) {
    ae_free (t);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  }
  AeStatus status = read_recipe (t, err);
  if (status == AE_OK)
    status = make_store (t, err);
  if (status == AE_OK)
    status = make_machine (t, base, err);
  if (status == AE_OK)
    *out = t;
  else
    ae_rbm_trainer_free (&t);
  return status;
}

void
ae_rbm_trainer_free (AeRbmTrainer **trainer)
{
  AeRbmTrainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  ae_picture_store_free (&t->store);
  ae_rbm_free (&t->rbm);
  ae_recipe_free (&t->recipe);
  ae_free (t->frame);
  ae_free (t->made);
  ae_free (t->latent);
  ae_free (t->energy);
  ae_free (t);
}

const AeRbmShape *
ae_rbm_trainer_shape (const AeRbmTrainer *t)
{
  return &t->shape;
}

AeStatus
ae_rbm_trainer_add (AeRbmTrainer *t, const AeImage *image, AeError *err)
{
  return ae_picture_store_add (t->store, image, 0, err);
}

size_t
ae_rbm_trainer_n_pictures (const AeRbmTrainer *t)
{
  return ae_picture_store_count (t->store, false)
      + ae_picture_store_count (t->store, true);
}

int64_t
ae_rbm_trainer_steps (const AeRbmTrainer *t)
{
  return t->steps;
}

static void
binarise (AeRng *rng, float *x, size_t n)
{
  for (size_t i = 0; i < n; i++)
    x[i] = ae_rng_uniform (rng) < x[i] ? 1 : 0;
}

/* Visible biases from the mean of the first pictures. */
static AeStatus
start (AeRbmTrainer *t, AeError *err)
{
  size_t visible = ae_thumbnail_bytes (&t->shape.size);
  size_t n = ae_picture_store_count (t->store, false);
  float *mean = ae_calloc (visible, sizeof *mean);
  if (!mean)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a mean picture");
  n = n < MOST_HELD_OUT ? n : MOST_HELD_OUT;
  for (size_t i = 0; i < n; i++) {
    ae_picture_store_take (t->store, false, i, 1, t->made, NULL);
    for (size_t k = 0; k < visible; k++)
      mean[k] += t->made[k] / (float) n;
  }
  ae_rbm_start_bias (t->rbm, mean);
  ae_free (mean);
  t->started = true;
  return AE_OK;
}

AeStatus
ae_rbm_trainer_step (AeRbmTrainer *t, AeStepReport *report, double *active,
    AeError *err)
{
  const AeTrainerOptions *o = &t->options;
  size_t visible = ae_thumbnail_bytes (&t->shape.size);
  AeRbmReport found = { 0 };
  AeRbmStep step = { .chain = t->chain,
    .rate = ae_schedule_rate (o, t->steps),
    .momentum = o->momentum,
    .weight_decay = o->weight_decay };
  AeStatus status = AE_OK;
  *report = (AeStepReport){ .step = t->steps, .learning_rate = step.rate };
  *active = 0;
  if (ae_picture_store_count (t->store, false) == 0)
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "no pictures to train a machine on");
  if (!t->started)
    status = start (t, err);
  if (status != AE_OK)
    return status;
  ae_picture_store_draw (t->store, &t->rng, t->batch, t->frame, NULL);
  if (t->chain.visible)
    binarise (&t->rng, t->frame, t->batch * visible);
  status = ae_rbm_step (t->rbm, &step, t->frame, t->batch, &found, err);
  report->loss = (float) found.cross_entropy;
  report->skipped = status != AE_OK;
  *active = found.active;
  if (status == AE_OK)
    report->step = ++t->steps;
  return status;
}

/* Sums over `n` pictures of a part of the store. Black and white ones are drawn
 * the same at each call. */
static AeStatus
judge (AeRbmTrainer *t, bool held_out, size_t n, double *energy,
    double *cross_entropy, AeError *err)
{
  size_t visible = ae_thumbnail_bytes (&t->shape.size);
  AeRng rng;
  ae_rng_seed (&rng, t->options.seed);
  *energy = *cross_entropy = 0;
  for (size_t first = 0; first < n; first += t->batch) {
    size_t some = n - first < t->batch ? n - first : t->batch;
    if (atomic_load (&t->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled");
    ae_picture_store_take (t->store, held_out, first, some, t->frame, NULL);
    if (t->chain.visible)
      binarise (&rng, t->frame, some * visible);
    ae_rbm_free_energy (t->rbm, t->frame, some, t->energy);
    for (size_t i = 0; i < some; i++)
      *energy += t->energy[i];
    ae_rbm_up (t->rbm, t->frame, some, t->latent);
    ae_rbm_down (t->rbm, t->latent, some, t->made);
    *cross_entropy += (double) some
        * ae_rbm_cross_entropy (t->rbm, t->frame, t->made, some);
  }
  return AE_OK;
}

AeStatus
ae_rbm_trainer_validate (AeRbmTrainer *t, float *score, AeError *err)
{
  bool held_out = ae_picture_store_count (t->store, true) > 0;
  size_t n = ae_picture_store_count (t->store, held_out);
  size_t usual = ae_picture_store_count (t->store, false);
  double energy, error, usual_energy, usual_error;
  *score = 0;
  if (n == 0)
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "no pictures to validate a machine on");
  n = n < MOST_HELD_OUT ? n : MOST_HELD_OUT;
  usual = usual < n ? usual : n;
  AeStatus status = judge (t, held_out, n, &energy, &error, err);
  if (status == AE_OK && held_out && usual > 0) {
    status = judge (t, false, usual, &usual_energy, &usual_error, err);
    t->gap = energy / (double) n - usual_energy / (double) usual;
  }
  if (status == AE_OK)
    *score = (float) (-error / (double) n);
  return status;
}

bool
ae_rbm_trainer_gap (const AeRbmTrainer *t, double *gap)
{
  *gap = t->gap;
  return isfinite (t->gap);
}

void
ae_rbm_trainer_cancel (AeRbmTrainer *t)
{
  atomic_store (&t->cancel, true);
}

/* The model. */

typedef struct {
  char steps[32], seed[32], pictures[32];
} Numbers;

static void
write_numbers (const AeRbmTrainer *t, Numbers *n)
{
  snprintf (n->steps, sizeof n->steps, "%lld", (long long) t->steps);
  snprintf (n->seed, sizeof n->seed, "%.0f", training (t->recipe, "seed"));
  snprintf (n->pictures, sizeof n->pictures, "%zu",
      ae_rbm_trainer_n_pictures (t));
}

AeStatus
ae_rbm_trainer_model (AeRbmTrainer *t, AeModel **out, AeError *err)
{
  const AeRecipe *r = t->recipe;
  const char *s = "rbm";
  Numbers numbers;
  char *text = ae_recipe_text (r);
  *out = NULL;
  if (!text)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for the recipe's text");
  write_numbers (t, &numbers);
  const char *const meta[] = { "ae.task", s,
    "ae.name", ae_recipe_text_of (r, "model", "name"),
    "ae.description", ae_recipe_get (r, "model", "description"),
    "ae.weights", ae_recipe_text_of (r, "model", "weights"),
    "ae.rbm.size", ae_recipe_text_of (r, s, "size"),
    "ae.rbm.channels", ae_recipe_text_of (r, s, "channels"),
    "ae.rbm.hidden", ae_recipe_text_of (r, s, "hidden"),
    "ae.recipe", text, "ae.train.steps", numbers.steps, "ae.train.seed",
    numbers.seed, "ae.train.pictures", numbers.pictures };
  AeStatus status = ae_build_rbm (out, &t->shape, ae_rbm_params (t->rbm),
      meta, sizeof meta / sizeof *meta / 2, err);
  free (text);
  return status;
}

/* Checkpoints. */

static AeCheckpoint
checkpoint_of (AeRbmTrainer *t, Draws *draws)
{
  return (AeCheckpoint){ .structure = STRUCTURE
        + ((uint64_t) t->shape.hidden << 32),
    .seed = t->options.seed,
    .step = t->steps,
    .n_elements = ae_rbm_n_params (t->rbm),
    .n_blocks = 2,
    .block = { ae_rbm_params (t->rbm), ae_rbm_momentum (t->rbm) },
    .extra = draws,
    .n_extra = sizeof *draws };
}

AeStatus
ae_rbm_trainer_sheet (
    AeRbmTrainer *t, AeTrainingSheet *sheet, AeError *err)
{
  AeContactSheet wanted = { .size = t->shape.size, .store = t->store };
  AeModel *model;
  AeStatus status = ae_rbm_trainer_model (t, &model, err);
  if (status == AE_OK)
    status = ae_contact_sheet_make (sheet, &wanted, model, err);
  ae_model_unref (&model);
  return status;
}

AeStatus
ae_rbm_trainer_save (AeRbmTrainer *t, const char *path, AeError *err)
{
  Draws draws = { t->rng, *ae_rbm_rng (t->rbm) };
  AeCheckpoint c = checkpoint_of (t, &draws);
  return ae_checkpoint_save (&c, path, err);
}

AeStatus
ae_rbm_trainer_restore (AeRbmTrainer *t, const char *path, AeError *err)
{
  Draws draws;
  AeCheckpoint c = checkpoint_of (t, &draws);
  AeStatus status = ae_checkpoint_restore (&c, path, err);
  if (status != AE_OK)
    return status;
  t->rng = draws.pictures;
  *ae_rbm_rng (t->rbm) = draws.machine;
  t->steps = c.step;
  t->started = t->started || t->steps > 0;
  return AE_OK;
}
