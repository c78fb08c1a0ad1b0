/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/gan_trainer.h"

#include "tensor/tensor.h"
#include "train/contact_sheet.h"
#include "train/gan_clusters.h"
#include "train/gan_coverage.h"
#include "train/gan_guard.h"
#include "train/gan_recipe.h"
#include "train/picture_store.h"
#include "train/recipe.h"
#include "util/mem.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_HELD_OUT 1000
#define VALIDATION_SEED 1000

/* What checkpoints hold beside the networks, before the clusters. */
typedef struct {
  AeRng rng;
  AeGanGuard guard;
} Progress;

struct AeGanTrainer {
  AeRecipe *recipe;
  AeGanWishes w;
  AePictureStore *store;
  AeGanClusters *clusters; /* NULL: there are none */
  AeAdversarial *adversarial;
  Progress progress;
  int batch;
  int *labels; /* of the batch */
  atomic_bool cancel;
};

static double
training (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "training", key);
}

static AeStatus
bind (AeGanTrainer *t, AeError *err)
{
  const AeGanShape *s = &t->w.shape;
  AeTensor inputs[2] = { { .type = AE_F32,
                             .shape = ae_shape (2, t->batch, s->latent) },
    { .type = AE_F32, .shape = ae_shape (2, t->batch, s->classes) } };
  AeTensor drawn[AE_GAN_DRAWN];
  size_t n = 0;
  for (int i = 0; i < AE_GAN_DRAWN; i++)
    if (ae_gan_augment_draws (&t->w.augment, (AeGanDrawn) i))
      drawn[n++] = (AeTensor){ .type = AE_F32,
        .shape = ae_gan_augment_shape (
            &t->w.shape.size, (AeGanDrawn) i, t->batch) };
  return ae_adversarial_bind (t->adversarial, inputs,
      s->classes > 0 ? 2 : 1, drawn, n, err);
}

static AeStatus
make_adversarial (AeGanTrainer *t, AeModel *base, AeError *err)
{
  AeModel *g = NULL, *d = NULL;
  AeAdversarialOptions o = ae_gan_recipe_options (t->recipe);
  AeStatus status
      = ae_build_gan_generator (&g, &t->w.shape, base, o.seed, err);
  if (status == AE_OK)
    status = ae_build_gan_discriminator (
        &d, &t->w.shape, &t->w.augment, base, o.seed + 1, err);
  if (status == AE_OK)
    status = ae_adversarial_new (&t->adversarial, g, d, &o, err);
  ae_model_unref (&g);
  ae_model_unref (&d);
  ae_gan_guard_start (&t->progress.guard, t->w.watch, o.loss);
  return status == AE_OK ? bind (t, err) : status;
}

/* With clusters `base` is what finds them, and there are no weights to start
 * from. */
static AeStatus
make_clusters (AeGanTrainer *t, AeModel *base, AeError *err)
{
  const char *task = base ? ae_model_meta (base, "ae.task") : NULL;
  AeGanClusterOptions options = { .n = t->w.clusters, .batch = t->batch,
    .size = t->w.shape.size,
    .n_threads = (int) training (t->recipe, "threads"),
    .seed = (uint64_t) training (t->recipe, "seed") };
  if (t->w.clusters > 0 && !base)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "gan.clusters is %d without a model to start from, wanted an "
        "autoencoder by whose codes pictures are told apart",
        t->w.clusters);
  if (t->w.clusters > 0)
    return ae_gan_clusters_new (&t->clusters, base, &options, err);
  if (task && strcmp (task, "autoencoder") == 0)
    return ae_fail (err, AE_ERROR_NOT_FOUND,
        "the model to continue from is of task \"autoencoder\" and gan.clusters "
        "is 0, wanted one of task \"gan\", or the number of clusters of its "
        "codes");
  return AE_OK;
}

static AeStatus
make_store (AeGanTrainer *t, AeError *err)
{
  double share = training (t->recipe, "validation");
  unsigned every = share > 0 ? (unsigned) lround (1 / share) : 0;
  t->labels = ae_calloc ((size_t) t->batch, sizeof *t->labels);
  if (!t->labels)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for labels");
  return ae_picture_store_new (&t->store, &t->w.shape.size,
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
  t->batch = (int) training (recipe, "batch");
  AeStatus status = ae_gan_recipe_wishes (&t->w, recipe, err);
  if (status == AE_OK)
    status = make_store (t, err);
  if (status == AE_OK)
    status = make_clusters (t, base, err);
  if (status == AE_OK)
    status = make_adversarial (t, t->clusters ? NULL : base, err);
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
  ae_gan_clusters_free (&t->clusters);
  ae_adversarial_free (&t->adversarial);
  ae_recipe_free (&t->recipe);
  ae_free (t->labels);
  ae_free (t);
}

const AeGanShape *
ae_gan_trainer_shape (const AeGanTrainer *t)
{
  return &t->w.shape;
}

AeStatus
ae_gan_trainer_add (
    AeGanTrainer *t, const AeImage *image, int label, AeError *err)
{
  int n = t->clusters ? 0 : t->w.shape.classes;
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

/* Of the real pictures that are there. */
static void
fill_classes (AeGanTrainer *t)
{
  if (t->w.shape.classes == 0)
    return;
  if (t->clusters)
    ae_gan_clusters_tell (t->clusters,
        ae_adversarial_real (t->adversarial)->data, t->labels);
  AeTensor *classes = ae_adversarial_input (t->adversarial, 1);
  memset (classes->data, 0, ae_tensor_bytes (classes));
  for (int i = 0; i < t->batch; i++)
    ((float *) classes->data)[i * t->w.shape.classes + t->labels[i]] = 1;
}

static void
fill_augment (AeGanTrainer *t, AeRng *rng)
{
  for (int i = 0, n = 0; i < AE_GAN_DRAWN; i++)
    if (ae_gan_augment_draws (&t->w.augment, (AeGanDrawn) i))
      ae_gan_augment_draw (&t->w.augment, (AeGanDrawn) i,
          ae_adversarial_condition (t->adversarial, (size_t) n++), rng);
}

static double
spread_of (const AeGanTrainer *t, const AeTensor *pictures)
{
  return ae_gan_spread (pictures->data, (size_t) t->batch,
      ae_thumbnail_bytes (&t->w.shape.size),
      t->w.shape.classes > 0 ? t->labels : NULL, t->w.shape.classes);
}

static AeStatus
find_clusters (AeGanTrainer *t, AeError *err)
{
  return t->clusters ? ae_gan_clusters_find (t->clusters, t->store, err)
                     : AE_OK;
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
  AeStatus status = find_clusters (t, err);
  if (status != AE_OK)
    return status;
  fill_latent (t, rng);
  fill_classes (t);
  fill_augment (t, rng);
  status = ae_adversarial_step (t->adversarial, &report->step, err);
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
      &t->w.shape.size, real->data, n, s->real + first * s->d);
  ae_coverage_reduce (&t->w.shape.size,
      ae_adversarial_output (t->adversarial, 0)->data, n,
      s->made + first * s->d);
  return AE_OK;
}

AeStatus
ae_gan_trainer_validate (AeGanTrainer *t, float *score, AeError *err)
{
  bool held_out = ae_picture_store_count (t->store, true) > 1;
  Samples s = { .n = ae_picture_store_count (t->store, held_out),
    .d = ae_coverage_values (&t->w.shape.size) };
  *score = 0;
  if (atomic_load (&t->cancel))
    return ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled");
  if (s.n < 2)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "%zu pictures to validate a GAN on, wanted 2 at least", s.n);
  s.n = s.n < MOST_HELD_OUT ? s.n : MOST_HELD_OUT;
  AeStatus status = find_clusters (t, err);
  if (status != AE_OK)
    return status;
  s.real = ae_calloc (2 * s.n * s.d, sizeof *s.real);
  s.made = s.real + s.n * s.d;
  if (!s.real)
    status = ae_fail (
        err, AE_ERROR_MEMORY, "no memory for %zu pictures", s.n);
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
    "ae.gan.clusters", ae_recipe_text_of (r, a, "clusters"),
    "ae.gan.loss", ae_recipe_text_of (r, a, "loss"),
    "ae.recipe", text, "ae.train.steps", steps, "ae.train.seed", seed,
    "ae.train.pictures", pictures };
  AeGanFacts facts = { .meta = meta, .n_meta = sizeof meta / sizeof *meta / 2,
    .shares = t->clusters ? ae_gan_clusters_shares (t->clusters) : NULL };
  AeStatus status = ae_build_gan (out, &t->w.shape, g, d, &facts, err);
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

static size_t
extra_bytes (const AeGanTrainer *t)
{
  return sizeof t->progress
      + (t->clusters ? ae_gan_clusters_bytes (t->clusters) : 0);
}

AeStatus
ae_gan_trainer_sheet (
    AeGanTrainer *t, AeTrainingSheet *sheet, AeError *err)
{
  AeContactSheet wanted = { .size = t->w.shape.size,
    .classes = t->w.shape.classes,
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
  size_t bytes = extra_bytes (t);
  char *extra = ae_alloc (bytes);
  if (!extra)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a checkpoint");
  memcpy (extra, &t->progress, sizeof t->progress);
  if (t->clusters)
    ae_gan_clusters_save (t->clusters, extra + sizeof t->progress);
  AeStatus status
      = ae_adversarial_save (t->adversarial, path, extra, bytes, err);
  ae_free (extra);
  return status;
}

AeStatus
ae_gan_trainer_restore (AeGanTrainer *t, const char *path, AeError *err)
{
  size_t bytes = extra_bytes (t);
  char *extra = ae_alloc (bytes);
  if (!extra)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a checkpoint");
  AeStatus status
      = ae_adversarial_restore (t->adversarial, path, extra, bytes, err);
  if (status == AE_OK && t->clusters)
    status = ae_gan_clusters_restore (
        t->clusters, extra + sizeof t->progress, err);
  if (status == AE_OK) {
    memcpy (&t->progress, extra, sizeof t->progress);
    ae_gan_guard_set_rates (&t->progress.guard, t->adversarial);
  }
  ae_free (extra);
  return status;
}
