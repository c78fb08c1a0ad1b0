/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/autoencoder_trainer.h"

#include "train/autoencoder_adversary.h"
#include "train/autoencoder_batch.h"
#include "train/autoencoder_export.h"
#include "train/contact_sheet.h"
#include "train/latent_prior.h"
#include "train/picture_crops.h"
#include "train/recipe_options.h"
#include "util/mem.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#define MOST_HELD_OUT 1000
#define VALIDATION_SEED 1000

/* Weights of the terms. */
typedef struct {
  double beta, sparsity, contraction;
  int64_t kl_warmup;
} Wishes;

struct AeAutoencoderTrainer {
  AeRecipe *recipe;
  AeAutoencoderShape shape;
  AeAutoencoderTerms terms;
  AeAutoencoderChanges changes;
  Wishes wishes;
  AePictureStore *store;
  AePictureCrops crops; /* n 0: pictures are scaled */
  AeAutoencoderLearning *learning;
  AeRng rng;
  int *labels; /* of the batch */
  atomic_bool cancel;
};

static double
number (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "autoencoder", key);
}

static double
training (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "training", key);
}

static AeStatus
read_shape (AeAutoencoderShape *s, const AeRecipe *r, AeError *err)
{
  const char *a = "autoencoder";
  *s = (AeAutoencoderShape){
    .net = (AeCoderNet) ae_recipe_word_of (r, a, "net", ae_coder_net_names),
    .code = (AeCodeKind) ae_recipe_word_of (r, a, "code", ae_code_names),
    .likelihood
    = (AeLikelihood) ae_recipe_word_of (r, a, "likelihood", ae_likelihood_names),
    .latent = (int) number (r, "latent"),
    .classes = (int) number (r, "classes"),
    .top_k = (int) number (r, "top_k") };
  s->n_widths = ae_recipe_ints_of (r, a, "widths", s->widths);
  AeStatus status = ae_recipe_picture_size (&s->size, r, a, err);
  return status == AE_OK ? ae_autoencoder_check (s, err) : status;
}

/* What the recipe asks for and cannot have. */
static AeStatus
check_wishes (const AeAutoencoderTrainer *t, AeError *err)
{
  bool variational = t->shape.code == AE_CODE_VARIATIONAL;
  if (variational && (t->changes.code_dropout > 0 || t->wishes.sparsity > 0))
    return ae_fail (err, AE_ERROR_FORMAT,
        "[autoencoder] code_dropout %g and sparsity %g of a variational code, "
        "wanted 0",
        t->changes.code_dropout, t->wishes.sparsity);
  if (!(number (t->recipe, "crops") > 0)
      && ae_recipe_bool_of (t->recipe, "autoencoder", "whiten"))
    return ae_fail (err, AE_ERROR_FORMAT,
        "[autoencoder] whiten with crops 0, wanted crops of each picture");
  if (t->shape.net == AE_CODER_FULLY_CONV
      && number (t->recipe, "prior_components") > 0)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[autoencoder] prior_components %g of a fully-conv net, whose codes are "
        "maps, wanted 0",
        number (t->recipe, "prior_components"));
  if (t->changes.binarise && t->shape.likelihood != AE_LIKELIHOOD_BERNOULLI)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[autoencoder] binarise with a Gaussian likelihood, wanted bernoulli");
  return ae_autoencoder_adversary_check (
      t->recipe, &t->shape, t->terms.adversary, err);
}

static void
read_wishes (AeAutoencoderTrainer *t)
{
  const AeRecipe *r = t->recipe;
  t->wishes = (Wishes){ .beta = number (r, "beta"),
    .sparsity = number (r, "sparsity"),
    .contraction = number (r, "contraction"),
    .kl_warmup = (int64_t) number (r, "kl_warmup") };
  t->changes = (AeAutoencoderChanges){ .noise = number (r, "noise"),
    .code_dropout = number (r, "code_dropout"),
    .warp = { .shift = (float) number (r, "shift"),
      .rotation = (float) number (r, "rotation"),
      .stretch = (float) number (r, "stretch") },
    .binarise = ae_recipe_bool_of (r, "autoencoder", "binarise") };
  t->terms = (AeAutoencoderTerms){ .batch = (int) training (r, "batch"),
    .noisy = t->changes.noise > 0
        || ae_picture_warp_does_something (&t->changes.warp),
    .code_dropout = t->changes.code_dropout > 0,
    .contractive = t->wishes.contraction > 0,
    .sparse = t->wishes.sparsity > 0,
    .free_bits = (float) number (r, "free_bits"),
    .adversary = (AeAutoencoderAdversary) ae_recipe_word_of (
        r, "autoencoder", "adversary", ae_adversary_names) };
}

/* Grows from 0 over the warm-up. */
static double
divergence_weight (const AeAutoencoderTrainer *t)
{
  int64_t step = ae_autoencoder_learning_steps (t->learning);
  int64_t all = t->wishes.kl_warmup;
  return step < all ? t->wishes.beta * (double) step / (double) all
                    : t->wishes.beta;
}

static bool
weigh_divergence (AeAutoencoderTrainer *t)
{
  bool paid = ae_autoencoder_learning_output (
                  t->learning, AE_AUTOENCODER_KL_PAID)
      != NULL;
  return ae_autoencoder_learning_weigh (t->learning,
      paid ? AE_AUTOENCODER_KL_PAID : AE_AUTOENCODER_KL,
      divergence_weight (t));
}

static AeStatus
make_learning (AeAutoencoderTrainer *t, AeModel *base, AeError *err)
{
  AeStatus status = ae_autoencoder_learning_new (
      &t->learning, t->recipe, &t->shape, &t->terms, base, err);
  if (status != AE_OK)
    return status;
  AeAutoencoderLearning *l = t->learning;
  bool ok = ae_autoencoder_learning_weigh (l, AE_AUTOENCODER_MISFIT, 1)
      && ae_autoencoder_learning_weigh (l, AE_AUTOENCODER_VARIANCE,
          (double) ae_thumbnail_bytes (&t->shape.size))
      && ae_autoencoder_learning_weigh (
          l, AE_AUTOENCODER_CONTRACTION, t->wishes.contraction)
      && weigh_divergence (t)
      && ae_autoencoder_learning_weigh (
          l, AE_AUTOENCODER_SPARSITY, t->wishes.sparsity);
  return ok ? AE_OK : ae_fail (err, AE_ERROR_MEMORY, "no memory for targets");
}

static AeStatus
make_store (AeAutoencoderTrainer *t, AeError *err)
{
  double share = training (t->recipe, "validation");
  unsigned every = share > 0 ? (unsigned) lround (1 / share) : 0;
  uint64_t seed = (uint64_t) training (t->recipe, "seed");
  t->crops = (AePictureCrops){ .n = (int) number (t->recipe, "crops"),
    .whiten = ae_recipe_bool_of (t->recipe, "autoencoder", "whiten") };
  ae_rng_seed (&t->crops.rng, seed);
  AeStatus status = ae_picture_store_new (&t->store, &t->shape.size,
      (size_t) training (t->recipe, "memory") << 20, every, MOST_HELD_OUT,
      seed, err);
  if (status == AE_OK && t->crops.n > 0)
    ae_picture_store_group (t->store, (unsigned) t->crops.n);
  return status;
}

AeStatus
ae_autoencoder_trainer_new (AeAutoencoderTrainer **out,
    const AeRecipe *recipe, AeModel *base, AeError *err)
{
  *out = NULL;
  AeAutoencoderTrainer *t = ae_calloc (1, sizeof *t);
  if (!t || !(t->recipe = ae_recipe_copy (recipe))) {
    ae_free (t);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  }
  read_wishes (t);
  ae_rng_seed (&t->rng, (uint64_t) training (recipe, "seed"));
  AeStatus status = read_shape (&t->shape, recipe, err);
  if (status == AE_OK)
    status = check_wishes (t, err);
  if (status == AE_OK
      && !(t->labels
          = ae_calloc ((size_t) t->terms.batch, sizeof *t->labels)))
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for labels");
  if (status == AE_OK)
    status = make_store (t, err);
  if (status == AE_OK)
    status = make_learning (t, base, err);
  if (status == AE_OK)
    *out = t;
  else
    ae_autoencoder_trainer_free (&t);
  return status;
}

void
ae_autoencoder_trainer_free (AeAutoencoderTrainer **trainer)
{
  AeAutoencoderTrainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  ae_picture_store_free (&t->store);
  ae_autoencoder_learning_free (&t->learning);
  ae_recipe_free (&t->recipe);
  ae_free (t->labels);
  ae_free (t);
}

const AeAutoencoderShape *
ae_autoencoder_trainer_shape (const AeAutoencoderTrainer *t)
{
  return &t->shape;
}

AeStatus
ae_autoencoder_trainer_add (AeAutoencoderTrainer *t, const AeImage *image,
    int label, AeError *err)
{
  int n = t->shape.classes;
  if (n > 0 && label == AE_NO_LABEL)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture without a label, wanted one of 0 to %d: see "
        "autoencoder.classes",
        n - 1);
  if (n > 0 && (label < 0 || label >= n))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture with the label %d, wanted 0 to %d: see autoencoder.classes",
        label, n - 1);
  return t->crops.n > 0
      ? ae_picture_crops_add (
          &t->crops, t->store, &t->shape.size, image, label, err)
      : ae_picture_store_add (t->store, image, label, err);
}

size_t
ae_autoencoder_trainer_n_pictures (const AeAutoencoderTrainer *t)
{
  return ae_picture_store_count (t->store, false)
      + ae_picture_store_count (t->store, true);
}

int64_t
ae_autoencoder_trainer_steps (const AeAutoencoderTrainer *t)
{
  return ae_autoencoder_learning_steps (t->learning);
}

static AeAutoencoderBatch
batch_of (AeAutoencoderTrainer *t)
{
  return (AeAutoencoderBatch){ t->learning, t->store, &t->changes, t->labels };
}

AeStatus
ae_autoencoder_trainer_step (
    AeAutoencoderTrainer *t, AeAutoencoderReport *report, AeError *err)
{
  AeAutoencoderBatch batch = batch_of (t);
  *report = (AeAutoencoderReport){ 0 };
  if (!ae_autoencoder_batch_draw (&batch, &t->rng))
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "no pictures to train an autoencoder on");
  weigh_divergence (t);
  AeStatus status
      = ae_autoencoder_learning_step (t->learning, &report->learning, err);
  report->figures = ae_autoencoder_figures (t->learning);
  return status;
}

bool
ae_autoencoder_trainer_has_adversary (const AeAutoencoderTrainer *t)
{
  return t->terms.adversary != AE_ADVERSARY_NONE;
}

int
ae_autoencoder_trainer_returns (const AeAutoencoderTrainer *t)
{
  return ae_autoencoder_learning_returns (t->learning);
}

bool
ae_autoencoder_trainer_note (
    AeAutoencoderTrainer *t, char *text, size_t bytes)
{
  return ae_autoencoder_learning_note (t->learning, text, bytes);
}

AeStatus
ae_autoencoder_trainer_validate (
    AeAutoencoderTrainer *t, float *score, AeError *err)
{
  AeAutoencoderBatch batch = batch_of (t);
  bool held_out = ae_picture_store_count (t->store, true) > 0;
  size_t n = ae_picture_store_count (t->store, held_out), batches = 0;
  double error = 0, bound = 0;
  *score = 0;
  n = n < MOST_HELD_OUT ? n : MOST_HELD_OUT;
  for (size_t first = 0; first < n; first += (size_t) t->terms.batch) {
    AeRng rng; /* the same at each call */
    ae_rng_seed (&rng, VALIDATION_SEED + first);
    if (atomic_load (&t->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled");
    if (!ae_autoencoder_batch_take (&batch, held_out, first, &rng))
      break;
    ae_autoencoder_learning_evaluate (t->learning);
    AeAutoencoderFigures f = ae_autoencoder_figures (t->learning);
    error += f.squared_error;
    bound += f.likelihood - f.divergence;
    batches++;
  }
  if (batches == 0)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "no pictures to validate an autoencoder on");
  *score = (float) (t->shape.code == AE_CODE_VARIATIONAL
          ? bound / (double) batches
          : -10 * log10 (error / (double) batches + 1e-12));
  return AE_OK;
}

void
ae_autoencoder_trainer_cancel (AeAutoencoderTrainer *t)
{
  atomic_store (&t->cancel, true);
}

/* The model. */

static AeStatus
export_model (AeAutoencoderTrainer *t, const AeModel *trained, int64_t steps,
    const AeMixture *prior, AeModel **out, AeError *err)
{
  AeAutoencoderTraining training = { .recipe = t->recipe,
    .shape = &t->shape,
    .steps = steps,
    .pictures = ae_autoencoder_trainer_n_pictures (t) };
  return ae_autoencoder_export (out, &training, trained, prior, err);
}

AeStatus
ae_autoencoder_trainer_weights (
    AeAutoencoderTrainer *t, AeModel **out, AeError *err)
{
  AeModel *trained;
  *out = NULL;
  AeStatus status
      = ae_autoencoder_learning_model (t->learning, &trained, err);
  if (status == AE_OK)
    status = export_model (
        t, trained, ae_autoencoder_trainer_steps (t), NULL, out, err);
  ae_model_unref (&trained);
  return status;
}

size_t
ae_autoencoder_trainer_components (const AeAutoencoderTrainer *t)
{
  return (size_t) number (t->recipe, "prior_components");
}

static AeStatus
fit_prior (AeAutoencoderTrainer *t, AeModel *model, AeMixture **prior,
    AeError *err)
{
  AeLatentPriorOptions options
      = { .components = ae_autoencoder_trainer_components (t),
          .binarise = t->changes.binarise,
          .n_threads = (int) training (t->recipe, "threads"),
          .seed = (uint64_t) training (t->recipe, "seed"),
          .cancel = &t->cancel };
  *prior = NULL;
  bool standard = t->shape.code == AE_CODE_VARIATIONAL
      || t->shape.net == AE_CODER_FULLY_CONV
      || t->terms.adversary == AE_ADVERSARY_CODES
      || t->shape.latent > AE_MIXTURE_MOST_VALUES;
  return options.components == 0 && standard
      ? AE_OK
      : ae_latent_prior_fit (
          prior, model, &t->shape, t->store, &options, err);
}

AeStatus
ae_autoencoder_trainer_model (AeAutoencoderTrainer *t, AeModel *weights,
    AeModel **out, AeError *err)
{
  AeMixture *prior;
  int64_t steps = atoll (ae_model_meta (weights, "ae.train.steps"));
  *out = NULL;
  AeStatus status = fit_prior (t, weights, &prior, err);
  if (status == AE_OK)
    status = export_model (t, weights, steps, prior, out, err);
  ae_mixture_free (&prior);
  return status;
}

AeStatus
ae_autoencoder_trainer_sheet (
    AeAutoencoderTrainer *t, AeTrainingSheet *sheet, AeError *err)
{
  AeContactSheet wanted = { .size = t->shape.size,
    .classes = t->shape.classes,
    .store = t->store,
    .drawn = t->shape.code == AE_CODE_VARIATIONAL
        || t->terms.adversary == AE_ADVERSARY_CODES,
    .seed = (uint64_t) training (t->recipe, "seed") };
  AeModel *model;
  AeStatus status = ae_autoencoder_trainer_weights (t, &model, err);
  if (status == AE_OK)
    status = ae_contact_sheet_make (sheet, &wanted, model, err);
  ae_model_unref (&model);
  return status;
}

AeStatus
ae_autoencoder_trainer_save (
    AeAutoencoderTrainer *t, const char *path, AeError *err)
{
  return ae_autoencoder_learning_save (t->learning, path, &t->rng, err);
}

AeStatus
ae_autoencoder_trainer_restore (
    AeAutoencoderTrainer *t, const char *path, AeError *err)
{
  return ae_autoencoder_learning_restore (t->learning, path, &t->rng, err);
}
