/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/classifier_trainer.h"

#include <ae/recipe_trainer.h>

#include "tensor/tensor.h"
#include "train/adaptation.h"
#include "train/label_choice.h"
#include "train/picture_store.h"
#include "train/picture_warp.h"
#include "train/recipe_options.h"
#include "util/mem.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_HELD_OUT 1000
#define DOMAIN 2 /* output of the net that adapts */

struct AeClassifierTrainer {
  AeRecipe *recipe;
  AeClassifierShape shape;
  AeClassifierTerms terms;
  AePictureWarp warp;
  float adaptation;        /* 0: none */
  size_t labels_per_class; /* 0: all */
  AePictureStore *store;
  AePictureStore *target; /* of the other domain; NULL without adaptation */
  AeLabelChoice choice;
  AeTrainer *trainer;
  AeRng rng;
  int *labels;  /* of the batch */
  float *plain; /* the batch before it is warped */
  atomic_bool cancel;
};

static double
number (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "classifier", key);
}

static double
training (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "training", key);
}

static AeStatus
check_adaptation (const AeClassifierTrainer *t, AeError *err)
{
  if (t->terms.adapts && t->terms.freeze)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "classifier.adaptation of %g with classifier.freeze, wanted an encoder "
        "that can learn",
        (double) t->adaptation);
  if (t->terms.adapts && t->terms.batch < 2)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "training.batch is %d, wanted at least 2 with classifier.adaptation: "
        "half of it is of each domain",
        t->terms.batch);
  return AE_OK;
}

static AeStatus
read_recipe (AeClassifierTrainer *t, AeError *err)
{
  static const char *const nets[] = { "dense", "conv", NULL };
  const AeRecipe *r = t->recipe;
  AeClassifierShape *s = &t->shape;
  s->net = (AeClassifierNet) ae_recipe_word_of (r, "classifier", "net", nets);
  s->features = (int) number (r, "features");
  s->classes = (int) number (r, "classes");
  s->n_widths = ae_recipe_ints_of (r, "classifier", "widths", s->widths);
  t->terms = (AeClassifierTerms){ .batch = (int) training (r, "batch"),
    .dropout = (float) number (r, "dropout"),
    .freeze = ae_recipe_bool_of (r, "classifier", "freeze") };
  t->warp = (AePictureWarp){ .shift = (float) number (r, "shift"),
    .rotation = (float) number (r, "rotation"),
    .stretch = (float) number (r, "stretch") };
  t->labels_per_class = (size_t) number (r, "labels_per_class");
  t->adaptation = (float) number (r, "adaptation");
  t->terms.adapts = t->adaptation > 0;
  ae_rng_seed (&t->rng, (uint64_t) training (r, "seed"));
  AeStatus status = ae_recipe_picture_size (&s->size, r, "classifier", err);
  if (status == AE_OK)
    status = check_adaptation (t, err);
  return status == AE_OK ? ae_classifier_check (s, err) : status;
}

static AeStatus
make_store (AeClassifierTrainer *t, AeError *err)
{
  double share = training (t->recipe, "validation");
  unsigned every = share > 0 ? (unsigned) lround (1 / share) : 0;
  size_t n = (size_t) t->terms.batch;
  t->labels = ae_calloc (n, sizeof *t->labels);
  t->plain = ae_calloc (
      n * ae_thumbnail_bytes (&t->shape.size), sizeof *t->plain);
  if (!t->labels || !t->plain)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a batch");
  size_t memory = (size_t) training (t->recipe, "memory") << 20;
  memory = t->terms.adapts ? memory / 2 : memory;
  uint64_t seed = (uint64_t) training (t->recipe, "seed");
  AeStatus status = ae_picture_store_new (&t->store, &t->shape.size, memory,
      every, MOST_HELD_OUT, seed, err);
  return status == AE_OK && t->terms.adapts
      ? ae_picture_store_new (
            &t->target, &t->shape.size, memory, 0, 0, seed, err)
      : status;
}

static AeStatus
make_trainer (AeClassifierTrainer *t, AeModel *base, AeError *err)
{
  AeModel *model;
  AeTrainerOptions options = ae_recipe_trainer_options (t->recipe);
  const AeThumbnailSize *size = &t->shape.size;
  AeTensor inputs[] = { { .type = AE_F32,
                          .shape = ae_shape (4, t->terms.batch,
                              size->channels, size->height, size->width) },
    { .type = AE_F32, .shape = ae_shape (1, 1) } };
  options.loss = AE_LOSS_CROSS_ENTROPY;
  if (t->terms.freeze && !base)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "classifier.freeze without a model to start from, wanted one whose "
        "encoder is kept as it is");
  AeStatus status = ae_build_classifier_training (
      &model, &t->shape, &t->terms, base, options.seed, err);
  if (status != AE_OK)
    return status;
  status = ae_trainer_new (&t->trainer, model, &options, err);
  ae_model_unref (&model);
  if (status == AE_OK)
    status = ae_trainer_bind (
        t->trainer, inputs, t->terms.adapts ? 2 : 1, err);
  if (status == AE_OK && !ae_trainer_target (t->trainer, 0))
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for targets");
  if (status == AE_OK && t->terms.adapts)
    status = ae_adaptation_start (
        t->trainer, (size_t) t->terms.batch, DOMAIN, err);
  return status;
}

AeStatus
ae_classifier_trainer_new (AeClassifierTrainer **out, const AeRecipe *recipe,
    AeModel *base, AeError *err)
{
  *out = NULL;
  AeClassifierTrainer *t = ae_calloc (1, sizeof *t);
  if (!t || !(t->recipe = ae_recipe_copy (recipe))) {
    ae_free (t);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  }
  AeStatus status = read_recipe (t, err);
  if (status == AE_OK)
    status = make_store (t, err);
  if (status == AE_OK)
    status = make_trainer (t, base, err);
  if (status == AE_OK)
    *out = t;
  else
    ae_classifier_trainer_free (&t);
  return status;
}

void
ae_classifier_trainer_free (AeClassifierTrainer **trainer)
{
  AeClassifierTrainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  ae_picture_store_free (&t->store);
  ae_picture_store_free (&t->target);
  ae_label_choice_clear (&t->choice);
  ae_trainer_free (&t->trainer);
  ae_recipe_free (&t->recipe);
  ae_free (t->labels);
  ae_free (t->plain);
  ae_free (t);
}

const AeClassifierShape *
ae_classifier_trainer_shape (const AeClassifierTrainer *t)
{
  return &t->shape;
}

AeStatus
ae_classifier_trainer_add (AeClassifierTrainer *t, const AeImage *image,
    int label, AeError *err)
{
  int last = t->shape.classes - 1;
  if (label == AE_NO_LABEL && t->target)
    return ae_picture_store_add (t->target, image, label, err);
  if (label == AE_NO_LABEL)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture without a label, wanted one of 0 to %d", last);
  if (label < 0 || label > last)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture with the label %d, wanted 0 to %d: see classifier.classes",
        label, last);
  return ae_picture_store_add (t->store, image, label, err);
}

size_t
ae_classifier_trainer_n_pictures (const AeClassifierTrainer *t)
{
  return ae_picture_store_count (t->store, false)
      + ae_picture_store_count (t->store, true)
      + (t->target ? ae_picture_store_count (t->target, false) : 0);
}

bool
ae_classifier_trainer_adapts (const AeClassifierTrainer *t)
{
  return t->terms.adapts;
}

int64_t
ae_classifier_trainer_steps (const AeClassifierTrainer *t)
{
  return ae_trainer_steps (t->trainer);
}

/* Pictures of a batch that have labels. */
static size_t
n_labelled (const AeClassifierTrainer *t)
{
  size_t batch = (size_t) t->terms.batch;
  return t->terms.adapts ? ae_adaptation_n_source (batch) : batch;
}

/* Random ones of the chosen pictures, or of all. */
static AeStatus
draw_labelled (AeClassifierTrainer *t, AeError *err)
{
  size_t n = n_labelled (t);
  size_t one = ae_thumbnail_bytes (&t->shape.size);
  if (ae_picture_store_count (t->store, false) == 0)
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "no pictures to train a classifier on");
  if (t->labels_per_class == 0) {
    ae_picture_store_draw (t->store, &t->rng, n, t->plain, t->labels);
    return AE_OK;
  }
  AeStatus status = ae_label_choice_update (&t->choice, t->store,
      t->labels_per_class, (uint64_t) training (t->recipe, "seed"), err);
  for (size_t i = 0; status == AE_OK && i < n; i++) {
    size_t at = t->choice.indices[ae_rng_below (
        &t->rng, (uint32_t) t->choice.n)];
    ae_picture_store_take (
        t->store, false, at, 1, t->plain + i * one, &t->labels[i]);
  }
  return status;
}

/* The batch. */
static AeStatus
draw (AeClassifierTrainer *t, AeError *err)
{
  size_t n = n_labelled (t);
  AeStatus status = draw_labelled (t, err);
  if (status == AE_OK && t->target
      && !ae_picture_store_draw (t->target, &t->rng,
          (size_t) t->terms.batch - n,
          t->plain + n * ae_thumbnail_bytes (&t->shape.size), t->labels + n))
    status = ae_fail (err, AE_ERROR_NEEDS_DATA,
        "no picture without a label, wanted those of the domain that "
        "classifier.adaptation is to adapt to");
  return status;
}

/* The batch's pictures, warped if `rng` is there, and its labels. */
static void
fill (AeClassifierTrainer *t, AeRng *rng)
{
  size_t one = ae_thumbnail_bytes (&t->shape.size);
  size_t n = (size_t) t->terms.batch, classes = (size_t) t->shape.classes;
  float *frame = ae_trainer_input (t->trainer, 0)->data;
  float *target = ae_trainer_target (t->trainer, 0)->data;
  memset (target, 0, n * classes * sizeof *target);
  for (size_t i = 0; i < n; i++)
    if (t->labels[i] != AE_NO_LABEL)
      target[i * classes + (size_t) t->labels[i]] = 1;
  if (!rng || !ae_picture_warp_does_something (&t->warp)) {
    memcpy (frame, t->plain, n * one * sizeof *frame);
    return;
  }
  for (size_t i = 0; i < n; i++)
    ae_picture_warp (&t->warp, &t->shape.size, rng, t->plain + i * one,
        frame + i * one);
}

/* Of the first n of the batch. */
static size_t
count_right (const AeClassifierTrainer *t, size_t n)
{
  const float *logits = ae_trainer_output (t->trainer, 0)->data;
  size_t classes = (size_t) t->shape.classes, right = 0;
  for (size_t i = 0; i < n; i++, logits += classes) {
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
      if (logits[c] > logits[best])
        best = c;
    right += best == (size_t) t->labels[i];
  }
  return right;
}

static void
set_strength (AeClassifierTrainer *t)
{
  *(float *) ae_trainer_input (t->trainer, 1)->data
      = ae_adaptation_strength (t->adaptation,
          ae_trainer_steps (t->trainer),
          (int64_t) training (t->recipe, "steps"));
}

AeStatus
ae_classifier_trainer_step (AeClassifierTrainer *t, AeStepReport *report,
    AeClassifierBatch *batch, AeError *err)
{
  size_t n = n_labelled (t);
  *report = (AeStepReport){ 0 };
  *batch = (AeClassifierBatch){ 0 };
  AeStatus status = draw (t, err);
  if (status != AE_OK)
    return status;
  fill (t, &t->rng);
  if (t->terms.adapts)
    set_strength (t);
  status = ae_trainer_step (t->trainer, report, err);
  batch->accuracy = (double) count_right (t, n) / (double) n;
  if (t->terms.adapts)
    batch->domain_error = ae_adaptation_error (
        t->trainer, (size_t) t->terms.batch, DOMAIN);
  return status;
}

AeStatus
ae_classifier_trainer_validate (
    AeClassifierTrainer *t, float *score, AeError *err)
{
  bool held_out = ae_picture_store_count (t->store, true) > 0;
  size_t n = ae_picture_store_count (t->store, held_out), right = 0;
  size_t batch = (size_t) t->terms.batch;
  *score = 0;
  n = n < MOST_HELD_OUT ? n : MOST_HELD_OUT;
  for (size_t first = 0; first < n; first += batch) {
    if (atomic_load (&t->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled");
    ae_picture_store_take (
        t->store, held_out, first, batch, t->plain, t->labels);
    fill (t, NULL);
    ae_trainer_evaluate (t->trainer);
    right += count_right (t, n - first < batch ? n - first : batch);
  }
  if (n == 0)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "no pictures to validate a classifier on");
  *score = (float) (100.0 * (double) right / (double) n);
  return AE_OK;
}

void
ae_classifier_trainer_cancel (AeClassifierTrainer *t)
{
  atomic_store (&t->cancel, true);
}

/* The model. */

typedef struct {
  char steps[32], seed[32], pictures[32];
} Numbers;

static void
write_numbers (const AeClassifierTrainer *t, Numbers *n)
{
  snprintf (n->steps, sizeof n->steps, "%lld",
      (long long) ae_trainer_steps (t->trainer));
  snprintf (n->seed, sizeof n->seed, "%.0f", training (t->recipe, "seed"));
  snprintf (n->pictures, sizeof n->pictures, "%zu",
      ae_classifier_trainer_n_pictures (t));
}

static AeStatus
build_model (AeClassifierTrainer *t, const AeModel *trained, AeModel **out,
    AeError *err)
{
  const AeRecipe *r = t->recipe;
  const char *c = "classifier";
  Numbers numbers;
  char *text = ae_recipe_text (r);
  if (!text)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for the recipe's text");
  write_numbers (t, &numbers);
  const char *const meta[] = { "ae.task", "classifier",
    "ae.name", ae_recipe_text_of (r, "model", "name"),
    "ae.description", ae_recipe_get (r, "model", "description"),
    "ae.weights", ae_recipe_text_of (r, "model", "weights"),
    "ae.classifier.size", ae_recipe_text_of (r, c, "size"),
    "ae.classifier.net", ae_recipe_text_of (r, c, "net"),
    "ae.classifier.channels", ae_recipe_text_of (r, c, "channels"),
    "ae.classifier.classes", ae_recipe_text_of (r, c, "classes"),
    "ae.classifier.features", ae_recipe_text_of (r, c, "features"),
    "ae.recipe", text, "ae.train.steps", numbers.steps, "ae.train.seed",
    numbers.seed, "ae.train.pictures", numbers.pictures };
  AeStatus status = ae_build_classifier (
      out, &t->shape, trained, meta, sizeof meta / sizeof *meta / 2, err);
  free (text);
  return status;
}

AeStatus
ae_classifier_trainer_model (
    AeClassifierTrainer *t, AeModel **out, AeError *err)
{
  AeModel *trained;
  *out = NULL;
  AeStatus status
      = ae_trainer_model (t->trainer, true, NULL, 0, &trained, err);
  if (status == AE_OK)
    status = build_model (t, trained, out, err);
  ae_model_unref (&trained);
  return status;
}

AeStatus
ae_classifier_trainer_save (
    AeClassifierTrainer *t, const char *path, AeError *err)
{
  return ae_trainer_save (t->trainer, path, &t->rng, sizeof t->rng, err);
}

AeStatus
ae_classifier_trainer_restore (
    AeClassifierTrainer *t, const char *path, AeError *err)
{
  return ae_trainer_restore (t->trainer, path, &t->rng, sizeof t->rng, err);
}
