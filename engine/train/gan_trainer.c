/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/gan_trainer.h"

#include "tensor/tensor.h"
#include "train/contact_sheet.h"
#include "train/gan_coverage.h"
#include "train/gan_guard.h"
#include "train/picture_store.h"
#include "train/recipe.h"
#include "train/recipe_options.h"
#include "util/mem.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_HELD_OUT 1000
#define VALIDATION_SEED 1000

/* What checkpoints hold beside the networks. */
typedef struct {
  AeRng rng;
  AeGanGuard guard;
} Progress;

struct AeGanTrainer {
  AeRecipe *recipe;
  AeGanShape shape;
  AeGanAugment augment;
  AePictureStore *store;
  AeAdversarial *adversarial;
  Progress progress;
  int batch;
  int *labels; /* of the batch */
  atomic_bool cancel;
};

static double
number (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "gan", key);
}

static double
training (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "training", key);
}

static AeStatus
read_shape (AeGanTrainer *t, AeError *err)
{
  static const char *const nets[] = { "dense", "conv", NULL };
  const AeRecipe *r = t->recipe;
  t->shape = (AeGanShape){
    .net = (AeGanNet) ae_recipe_word_of (r, "gan", "net", nets),
    .latent = (int) number (r, "latent"),
    .classes = (int) number (r, "classes"),
    .depth = (int) number (r, "depth"),
    .discriminator_depth = (int) number (r, "discriminator_depth"),
    .batch_spread = ae_recipe_bool_of (r, "gan", "batch_spread") };
  t->augment = (AeGanAugment){
    .translation = (float) number (r, "translation"),
    .cutout = (float) number (r, "cutout"),
    .brightness = (float) number (r, "brightness") };
  t->batch = (int) training (r, "batch");
  t->shape.n_widths = ae_recipe_ints_of (r, "gan", "widths", t->shape.widths);
  AeStatus status = ae_recipe_picture_size (&t->shape.size, r, "gan", err);
  return status == AE_OK ? ae_gan_check (&t->shape, err) : status;
}

static AeAdversarialLoss
loss_of (const AeRecipe *r)
{
  static const char *const losses[]
      = { "hinge", "non-saturating", "least-squares", "wasserstein", NULL };
  return (AeAdversarialLoss) ae_recipe_word_of (r, "gan", "loss", losses);
}

/* 0 in a recipe is none; in options it is the usual value. */
static float
or_none (double value)
{
  return value > 0 ? (float) value : -1;
}

static AeAdversarialOptions
adversarial_options (const AeRecipe *r)
{
  static const char *const optimisers[]
      = { "adam", "adamw", "sgd", "muon", NULL };
  static const char *const schedules[] = { "constant", "cosine", NULL };
  const char *s = "training";
  double rate = training (r, "learning_rate");
  return (AeAdversarialOptions){ .loss = loss_of (r),
    .discriminator_steps = (int) number (r, "discriminator_steps"),
    .generator_steps = (int) number (r, "generator_steps"),
    .generator_rate = (float) rate,
    .discriminator_rate = (float) number (r, "discriminator_rate"),
    .schedule = (AeSchedule) ae_recipe_word_of (r, s, "schedule", schedules),
    .final_share
    = (float) fmin (training (r, "final_learning_rate") / rate, 1),
    .total_steps = (int64_t) training (r, "steps"),
    .warmup_steps = (int64_t) training (r, "warmup_steps"),
    .optimiser
    = (AeOptimiser) ae_recipe_word_of (r, s, "optimiser", optimisers),
    .beta1 = (float) number (r, "beta1"),
    .momentum = (float) training (r, "momentum"),
    .weight_decay = (float) training (r, "weight_decay"),
    .clip_norm = (float) training (r, "clip_norm"),
    .spectral_limit = or_none (number (r, "spectral_limit")),
    .ema_decay = or_none (training (r, "ema_decay")),
    .can_go_back = number (r, "watch") > 0,
    .n_threads = (int) training (r, "threads"),
    .precision = ae_recipe_precision (r),
    .seed = (uint64_t) training (r, "seed") };
}

static AeStatus
bind (AeGanTrainer *t, AeError *err)
{
  AeTensor inputs[2] = { { .type = AE_F32,
                             .shape = ae_shape (2, t->batch, t->shape.latent) },
    { .type = AE_F32, .shape = ae_shape (2, t->batch, t->shape.classes) } };
  AeTensor drawn[AE_GAN_DRAWN];
  size_t n = 0;
  for (int i = 0; i < AE_GAN_DRAWN; i++)
    if (ae_gan_augment_draws (&t->augment, (AeGanDrawn) i))
      drawn[n++] = (AeTensor){ .type = AE_F32,
        .shape = ae_gan_augment_shape (
            &t->shape.size, (AeGanDrawn) i, t->batch) };
  return ae_adversarial_bind (t->adversarial, inputs,
      t->shape.classes > 0 ? 2 : 1, drawn, n, err);
}

static AeStatus
make_adversarial (AeGanTrainer *t, AeModel *base, AeError *err)
{
  AeModel *g = NULL, *d = NULL;
  AeAdversarialOptions o = adversarial_options (t->recipe);
  AeStatus status
      = ae_build_gan_generator (&g, &t->shape, base, o.seed, err);
  if (status == AE_OK)
    status = ae_build_gan_discriminator (
        &d, &t->shape, &t->augment, base, o.seed + 1, err);
  if (status == AE_OK)
    status = ae_adversarial_new (&t->adversarial, g, d, &o, err);
  ae_model_unref (&g);
  ae_model_unref (&d);
  ae_gan_guard_start (
      &t->progress.guard, (int64_t) number (t->recipe, "watch"), o.loss);
  return status == AE_OK ? bind (t, err) : status;
}

static AeStatus
make_store (AeGanTrainer *t, AeError *err)
{
  double share = training (t->recipe, "validation");
  unsigned every = share > 0 ? (unsigned) lround (1 / share) : 0;
  t->labels = ae_calloc ((size_t) t->batch, sizeof *t->labels);
  if (!t->labels)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for labels");
  return ae_picture_store_new (&t->store, &t->shape.size,
      (size_t) training (t->recipe, "memory") << 20, every, MOST_HELD_OUT,
      (uint64_t) training (t->recipe, "seed"), err);
}

AeStatus
ae_gan_trainer_new (AeGanTrainer **out, const AeRecipe *recipe,
    AeModel *base, AeError *err)
{
  AeGanTrainer *t = *out = ae_calloc (1, sizeof *t);
  if (!t || !(t->recipe = ae_recipe_copy (recipe))) {
    ae_gan_trainer_free (out);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  }
  ae_rng_seed (&t->progress.rng, (uint64_t) training (recipe, "seed"));
  AeStatus status = read_shape (t, err);
  if (status == AE_OK)
    status = make_store (t, err);
  if (status == AE_OK)
    status = make_adversarial (t, base, err);
  if (status != AE_OK)
    ae_gan_trainer_free (out);
  return status;
}

void
ae_gan_trainer_free (AeGanTrainer **trainer)
{
  AeGanTrainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  ae_picture_store_free (&t->store);
  ae_adversarial_free (&t->adversarial);
  ae_recipe_free (&t->recipe);
  ae_free (t->labels);
  ae_free (t);
}

const AeGanShape *
ae_gan_trainer_shape (const AeGanTrainer *t)
{
  return &t->shape;
}

AeStatus
ae_gan_trainer_add (
    AeGanTrainer *t, const AeImage *image, int label, AeError *err)
{
  int n = t->shape.classes;
  if (n > 0 && label == AE_NO_LABEL)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture without a label, wanted one of 0 to %d: see gan.classes",
        n - 1);
  if (n > 0 && (label < 0 || label >= n))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture with the label %d, wanted 0 to %d: see gan.classes", label,
        n - 1);
  return ae_picture_store_add (t->store, image, label, err);
}

size_t
ae_gan_trainer_n_pictures (const AeGanTrainer *t)
{
  return ae_picture_store_count (t->store, false)
      + ae_picture_store_count (t->store, true);
}

int64_t
ae_gan_trainer_steps (const AeGanTrainer *t)
{
  return ae_adversarial_steps (t->adversarial);
}

/* Batches. */

static void
fill_latent (AeGanTrainer *t, AeRng *rng)
{
  AeTensor *latent = ae_adversarial_input (t->adversarial, 0);
  size_t n = ae_shape_count (&latent->shape);
  for (size_t i = 0; i < n; i++)
    ((float *) latent->data)[i] = ae_rng_normal (rng);
}

static void
fill_classes (AeGanTrainer *t)
{
  if (t->shape.classes == 0)
    return;
  AeTensor *classes = ae_adversarial_input (t->adversarial, 1);
  memset (classes->data, 0, ae_tensor_bytes (classes));
  for (int i = 0; i < t->batch; i++)
    ((float *) classes->data)[i * t->shape.classes + t->labels[i]] = 1;
}

static void
fill_augment (AeGanTrainer *t, AeRng *rng)
{
  for (int i = 0, n = 0; i < AE_GAN_DRAWN; i++)
    if (ae_gan_augment_draws (&t->augment, (AeGanDrawn) i))
      ae_gan_augment_draw (&t->augment, (AeGanDrawn) i,
          ae_adversarial_condition (t->adversarial, (size_t) n++), rng);
}

static double
spread_of (const AeGanTrainer *t, const AeTensor *pictures)
{
  return ae_gan_spread (pictures->data, (size_t) t->batch,
      ae_thumbnail_bytes (&t->shape.size),
      t->shape.classes > 0 ? t->labels : NULL, t->shape.classes);
}

AeStatus
ae_gan_trainer_step (AeGanTrainer *t, AeGanReport *report, AeError *err)
{
  AeTensor *real = ae_adversarial_real (t->adversarial);
  AeRng *rng = &t->progress.rng;
  *report = (AeGanReport){ .step.step = ae_gan_trainer_steps (t) };
  if (!ae_picture_store_draw (
          t->store, rng, (size_t) t->batch, real->data, t->labels))
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "no pictures to train a GAN on");
  fill_latent (t, rng);
  fill_classes (t);
  fill_augment (t, rng);
  AeStatus status
      = ae_adversarial_step (t->adversarial, &report->step, err);
  double wanted = spread_of (t, real);
  double found = spread_of (t, ae_adversarial_output (t->adversarial, 0));
  report->spread = wanted > 0 ? found / wanted : 0;
  ae_gan_guard_look (&t->progress.guard, t->adversarial, &report->step,
      wanted, found);
  return status;
}

int
ae_gan_trainer_returns (const AeGanTrainer *t)
{
  return (int) t->progress.guard.returns;
}

bool
ae_gan_trainer_note (AeGanTrainer *t, char *text, size_t bytes)
{
  return ae_gan_guard_note (&t->progress.guard, text, bytes);
}

/* Validation. */

/* Reduced pictures, real and made, of batches from the held-out ones. */
typedef struct {
  size_t n, d;
  float *real, *made;
} Samples;

/* Of the batch that starts with picture `first`; the last may go beyond n. */
static AeStatus
sample (AeGanTrainer *t, bool held_out, size_t first, Samples *s,
    AeError *err)
{
  AeTensor *real = ae_adversarial_real (t->adversarial);
  size_t n = s->n - first;
  AeAdversarialReport report;
  AeRng rng;
  n = n < (size_t) t->batch ? n : (size_t) t->batch;
  ae_rng_seed (&rng, VALIDATION_SEED + first);
  if (!ae_picture_store_take (t->store, held_out, first, (size_t) t->batch,
          real->data, t->labels))
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "no pictures to validate a GAN on");
  fill_latent (t, &rng);
  fill_classes (t);
  fill_augment (t, &rng);
  AeStatus status = ae_adversarial_evaluate (t->adversarial, &report, err);
  if (status != AE_OK)
    return status;
  ae_coverage_reduce (
      &t->shape.size, real->data, n, s->real + first * s->d);
  ae_coverage_reduce (&t->shape.size,
      ae_adversarial_output (t->adversarial, 0)->data, n,
      s->made + first * s->d);
  return AE_OK;
}

AeStatus
ae_gan_trainer_validate (AeGanTrainer *t, float *score, AeError *err)
{
  bool held_out = ae_picture_store_count (t->store, true) > 1;
  Samples s = { .n = ae_picture_store_count (t->store, held_out),
    .d = ae_coverage_values (&t->shape.size) };
  *score = 0;
  if (atomic_load (&t->cancel))
    return ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled");
  if (s.n < 2)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "%zu pictures to validate a GAN on, wanted 2 at least", s.n);
  s.n = s.n < MOST_HELD_OUT ? s.n : MOST_HELD_OUT;
  s.real = ae_calloc (2 * s.n * s.d, sizeof *s.real);
  s.made = s.real + s.n * s.d;
  AeStatus status = s.real ? AE_OK
                           : ae_fail (err, AE_ERROR_MEMORY,
                                 "no memory for %zu pictures", s.n);
  for (size_t first = 0; status == AE_OK && first < s.n;
       first += (size_t) t->batch)
    status = atomic_load (&t->cancel)
        ? ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled")
        : sample (t, held_out, first, &s, err);
  if (status == AE_OK)
    status = ae_coverage (s.real, s.n, s.made, s.n, s.d, score, err);
  *score *= 100;
  ae_free (s.real);
  return status;
}

void
ae_gan_trainer_cancel (AeGanTrainer *t)
{
  atomic_store (&t->cancel, true);
}

/* The model. */

static AeStatus
build_model (AeGanTrainer *t, const AeModel *g, const AeModel *d,
    AeModel **out, AeError *err)
{
  const AeRecipe *r = t->recipe;
  const char *a = "gan";
  char steps[32], seed[32], pictures[32];
  char *text = ae_recipe_text (r);
  if (!text)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for the recipe's text");
  snprintf (
      steps, sizeof steps, "%lld", (long long) ae_gan_trainer_steps (t));
  snprintf (seed, sizeof seed, "%.0f", training (r, "seed"));
  snprintf (
      pictures, sizeof pictures, "%zu", ae_gan_trainer_n_pictures (t));
  const char *const meta[] = { "ae.task", "gan",
    "ae.name", ae_recipe_text_of (r, "model", "name"),
    "ae.description", ae_recipe_get (r, "model", "description"),
    "ae.weights", ae_recipe_text_of (r, "model", "weights"),
    "ae.gan.size", ae_recipe_text_of (r, a, "size"),
    "ae.gan.channels", ae_recipe_text_of (r, a, "channels"),
    "ae.gan.latent", ae_recipe_text_of (r, a, "latent"),
    "ae.gan.classes", ae_recipe_text_of (r, a, "classes"),
    "ae.gan.loss", ae_recipe_text_of (r, a, "loss"),
    "ae.recipe", text, "ae.train.steps", steps, "ae.train.seed", seed,
    "ae.train.pictures", pictures };
  AeStatus status = ae_build_gan (
      out, &t->shape, g, d, meta, sizeof meta / sizeof *meta / 2, err);
  free (text);
  return status;
}

AeStatus
ae_gan_trainer_model (AeGanTrainer *t, AeModel **out, AeError *err)
{
  AeModel *g = NULL, *d = NULL;
  *out = NULL;
  AeStatus status
      = ae_adversarial_generator (t->adversarial, true, NULL, 0, &g, err);
  if (status == AE_OK)
    status = ae_adversarial_discriminator (
        t->adversarial, true, NULL, 0, &d, err);
  if (status == AE_OK)
    status = build_model (t, g, d, out, err);
  ae_model_unref (&g);
  ae_model_unref (&d);
  return status;
}

AeStatus
ae_gan_trainer_sheet (
    AeGanTrainer *t, AeTrainingSheet *sheet, AeError *err)
{
  AeContactSheet wanted = { .size = t->shape.size,
    .classes = t->shape.classes,
    .drawn = true,
    .seed = (uint64_t) training (t->recipe, "seed") };
  AeModel *model;
  AeStatus status = ae_gan_trainer_model (t, &model, err);
  if (status == AE_OK)
    status = ae_contact_sheet_make (sheet, &wanted, model, err);
  ae_model_unref (&model);
  return status;
}

AeStatus
ae_gan_trainer_save (AeGanTrainer *t, const char *path, AeError *err)
{
  return ae_adversarial_save (
      t->adversarial, path, &t->progress, sizeof t->progress, err);
}

AeStatus
ae_gan_trainer_restore (AeGanTrainer *t, const char *path, AeError *err)
{
  AeStatus status = ae_adversarial_restore (
      t->adversarial, path, &t->progress, sizeof t->progress, err);
  if (status == AE_OK)
    ae_gan_guard_set_rates (&t->progress.guard, t->adversarial);
  return status;
}
