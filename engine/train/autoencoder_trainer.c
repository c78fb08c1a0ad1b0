/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/autoencoder_trainer.h"

#include "tensor/tensor.h"
#include "train/autoencoder_export.h"
#include "train/contact_sheet.h"
#include "train/latent_prior.h"
#include "train/picture_crops.h"
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
#define ACTIVE_VARIANCE 0.01
#define VALIDATION_SEED 1000

/* Weights of the terms and what is done to the pictures. */
typedef struct {
  double beta, sparsity, contraction, noise, code_dropout;
  AePictureWarp warp;
  int64_t kl_warmup;
  bool binarise;
} Wishes;

struct AeAutoencoderTrainer {
  AeRecipe *recipe;
  AeAutoencoderShape shape;
  AeAutoencoderTerms terms;
  AeAutoencoderPlaces places;
  Wishes wishes;
  AePictureStore *store;
  AePictureCrops crops; /* n 0: pictures are scaled */
  AeTrainer *trainer;
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
  if (variational && (t->wishes.code_dropout > 0 || t->wishes.sparsity > 0))
    return ae_fail (err, AE_ERROR_FORMAT,
        "[autoencoder] code_dropout %g and sparsity %g of a variational code, "
        "wanted 0",
        t->wishes.code_dropout, t->wishes.sparsity);
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
  if (t->wishes.binarise && t->shape.likelihood != AE_LIKELIHOOD_BERNOULLI)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[autoencoder] binarise with a Gaussian likelihood, wanted bernoulli");
  return AE_OK;
}

static void
read_wishes (AeAutoencoderTrainer *t)
{
  const AeRecipe *r = t->recipe;
  t->wishes = (Wishes){ .beta = number (r, "beta"),
    .sparsity = number (r, "sparsity"),
    .contraction = number (r, "contraction"),
    .noise = number (r, "noise"),
    .code_dropout = number (r, "code_dropout"),
    .warp = { .shift = (float) number (r, "shift"),
      .rotation = (float) number (r, "rotation"),
      .stretch = (float) number (r, "stretch") },
    .kl_warmup = (int64_t) number (r, "kl_warmup"),
    .binarise = ae_recipe_bool_of (r, "autoencoder", "binarise") };
  t->terms = (AeAutoencoderTerms){ .batch = (int) training (r, "batch"),
    .noisy = t->wishes.noise > 0
        || ae_picture_warp_does_something (&t->wishes.warp),
    .code_dropout = t->wishes.code_dropout > 0,
    .contractive = t->wishes.contraction > 0,
    .sparse = t->wishes.sparsity > 0,
    .free_bits = (float) number (r, "free_bits") };
}

/* Elements of a sample in an output. */
static double
per_sample (const AeTensor *x)
{
  return (double) ae_shape_count (&x->shape) / (double) x->shape.dim[0];
}

/* Makes an output a term of the loss: `weight` times the sum over a sample. */
static bool
weigh (AeAutoencoderTrainer *t, AeAutoencoderOutput which, double weight)
{
  int at = t->places.out[which];
  AeTensor *target
      = at < 0 ? NULL : ae_trainer_target (t->trainer, (size_t) at);
  if (!target)
    return at < 0;
  memset (target->data, 0, ae_tensor_bytes (target));
  float *weights = ae_trainer_weight (t->trainer, (size_t) at)->data;
  for (int64_t i = 0; i < target->shape.dim[0]; i++)
    weights[i] = (float) (weight * per_sample (target));
  return true;
}

/* Grows from 0 over the warm-up. */
static double
divergence_weight (const AeAutoencoderTrainer *t)
{
  int64_t step = ae_trainer_steps (t->trainer), all = t->wishes.kl_warmup;
  return step < all ? t->wishes.beta * (double) step / (double) all
                    : t->wishes.beta;
}

static bool
weigh_divergence (AeAutoencoderTrainer *t)
{
  bool paid = t->places.out[AE_AUTOENCODER_KL_PAID] >= 0;
  return weigh (t, paid ? AE_AUTOENCODER_KL_PAID : AE_AUTOENCODER_KL,
      divergence_weight (t));
}

static AeStatus
make_trainer (AeAutoencoderTrainer *t, AeModel *base, AeError *err)
{
  AeModel *model;
  AeTensor inputs[AE_AUTOENCODER_INPUTS];
  size_t n = 0;
  AeTrainerOptions options = ae_recipe_trainer_options (t->recipe);
  AeStatus status = ae_build_autoencoder_training (&model, &t->places,
      &t->shape, &t->terms, base, options.seed, err);
  if (status != AE_OK)
    return status;
  status = ae_trainer_new (&t->trainer, model, &options, err);
  ae_model_unref (&model);
  for (int i = 0; i < AE_AUTOENCODER_INPUTS; i++)
    if (t->places.in[i] >= 0) {
      n++;
      inputs[t->places.in[i]] = (AeTensor){ .type = AE_F32,
        .shape = ae_autoencoder_input_shape (
            &t->shape, (AeAutoencoderInput) i, t->terms.batch) };
    }
  if (status == AE_OK)
    status = ae_trainer_bind (t->trainer, inputs, n, err);
  if (status != AE_OK)
    return status;
  bool ok = weigh (t, AE_AUTOENCODER_MISFIT, 1)
      && weigh (t, AE_AUTOENCODER_VARIANCE,
          (double) ae_thumbnail_bytes (&t->shape.size))
      && weigh (t, AE_AUTOENCODER_CONTRACTION, t->wishes.contraction)
      && weigh_divergence (t)
      && weigh (t, AE_AUTOENCODER_SPARSITY, t->wishes.sparsity);
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
    status = make_trainer (t, base, err);
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
  ae_trainer_free (&t->trainer);
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
  return ae_trainer_steps (t->trainer);
}

/* Batches. */

/* Values of an input of the batch, *n of them; NULL where there is none. */
static float *
input (AeAutoencoderTrainer *t, AeAutoencoderInput which, size_t *n)
{
  int at = t->places.in[which];
  *n = 0;
  if (at < 0)
    return NULL;
  AeTensor *x = ae_trainer_input (t->trainer, (size_t) at);
  *n = ae_shape_count (&x->shape);
  return x->data;
}

static void
fill_normal (
    AeAutoencoderTrainer *t, AeAutoencoderInput which, AeRng *rng)
{
  size_t n;
  float *x = input (t, which, &n);
  for (size_t i = 0; i < n; i++)
    x[i] = ae_rng_normal (rng);
}

/* Black or white, white as often as the value says. */
static void
binarise (AeAutoencoderTrainer *t, AeRng *rng)
{
  size_t n;
  float *x = input (t, AE_AUTOENCODER_FRAME, &n);
  for (size_t i = 0; i < n; i++)
    x[i] = ae_rng_uniform (rng) < x[i] ? 1 : 0;
}

static void
fill_classes (AeAutoencoderTrainer *t)
{
  size_t n;
  float *x = input (t, AE_AUTOENCODER_CLASS, &n);
  if (!x)
    return;
  memset (x, 0, n * sizeof *x);
  for (int i = 0; i < t->terms.batch; i++)
    x[i * t->shape.classes + t->labels[i]] = 1;
}

/* What the encoder sees instead: in training warped and noisy. */
static void
fill_noisy (AeAutoencoderTrainer *t, AeRng *rng, bool training_batch)
{
  size_t n, one = ae_thumbnail_bytes (&t->shape.size);
  const float *frame = input (t, AE_AUTOENCODER_FRAME, &n);
  float *x = input (t, AE_AUTOENCODER_NOISY, &n);
  float noise = training_batch ? (float) t->wishes.noise : 0;
  bool warps = training_batch
      && ae_picture_warp_does_something (&t->wishes.warp);
  for (size_t at = 0; warps && at < n; at += one)
    ae_picture_warp (
        &t->wishes.warp, &t->shape.size, rng, frame + at, x + at);
  for (size_t i = 0; i < n; i++)
    x[i] = (warps ? x[i] : frame[i])
        + (noise > 0 ? noise * ae_rng_normal (rng) : 0);
}

static void
fill_keep (AeAutoencoderTrainer *t, AeRng *rng, float dropped)
{
  size_t n;
  float *x = input (t, AE_AUTOENCODER_KEEP, &n);
  for (size_t i = 0; i < n; i++)
    x[i] = dropped > 0 && ae_rng_uniform (rng) < dropped ? 0
                                                         : 1 / (1 - dropped);
}

/* The rest of a batch whose pictures and labels are there. */
static void
fill_rest (AeAutoencoderTrainer *t, AeRng *rng, bool training_batch)
{
  if (t->wishes.binarise)
    binarise (t, rng);
  fill_classes (t);
  fill_noisy (t, rng, training_batch);
  fill_normal (t, AE_AUTOENCODER_EPSILON, rng);
  fill_keep (t, rng, training_batch ? (float) t->wishes.code_dropout : 0);
  fill_normal (t, AE_AUTOENCODER_DIRECTION, rng);
}

static const AeTensor *
result (const AeAutoencoderTrainer *t, AeAutoencoderOutput which)
{
  int at = t->places.out[which];
  return at < 0 ? NULL : ae_trainer_output (t->trainer, (size_t) at);
}

/* Mean over the batch of the sum over a sample; 0 where there is none. */
static double
sample_sum (const AeAutoencoderTrainer *t, AeAutoencoderOutput which)
{
  const AeTensor *x = result (t, which);
  if (!x)
    return 0;
  double sum = 0;
  size_t n = ae_shape_count (&x->shape);
  for (size_t i = 0; i < n; i++)
    sum += ((const float *) x->data)[i];
  return sum / (double) x->shape.dim[0];
}

static double
squared_error (AeAutoencoderTrainer *t)
{
  size_t n;
  const float *frame = input (t, AE_AUTOENCODER_FRAME, &n);
  const float *made = result (t, AE_AUTOENCODER_RECONSTRUCTION)->data;
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (double) (made[i] - frame[i]) * (made[i] - frame[i]);
  return sum / (double) n;
}

/* Nats of a picture given its code; of a Gaussian its density's. */
static double
likelihood (const AeAutoencoderTrainer *t)
{
  if (t->shape.code != AE_CODE_VARIATIONAL)
    return 0;
  double nats = -sample_sum (t, AE_AUTOENCODER_MISFIT);
  if (t->places.out[AE_AUTOENCODER_VARIANCE] < 0)
    return nats;
  double each = sample_sum (t, AE_AUTOENCODER_VARIANCE) + AE_VARIANCE_NATS
      + 0.5 * log (2 * M_PI);
  return nats - each * (double) ae_thumbnail_bytes (&t->shape.size);
}

/* Whether a number of the codes says something in this batch; else its share of
 * codes, of maps of places, where it is not 0. */
static double
activity (const AeTensor *codes, int64_t column, bool variational)
{
  int64_t d = codes->shape.dim[1];
  int64_t n = (int64_t) ae_shape_count (&codes->shape) / d;
  int64_t places = n / codes->shape.dim[0];
  const float *x = codes->data;
  double sum = 0, squares = 0, some = 0;
  for (int64_t i = 0; i < n; i++) {
    double value = x[(i / places * d + column) * places + i % places];
    sum += value;
    squares += value * value;
    some += value != 0;
  }
  double mean = sum / (double) n;
  if (variational)
    return squares / (double) n - mean * mean > ACTIVE_VARIANCE;
  return some / (double) n;
}

static double
active (const AeAutoencoderTrainer *t)
{
  const AeTensor *codes = result (t, AE_AUTOENCODER_LATENT);
  double sum = 0;
  for (int64_t i = 0; i < codes->shape.dim[1]; i++)
    sum += activity (codes, i, t->shape.code == AE_CODE_VARIATIONAL);
  return sum;
}

AeStatus
ae_autoencoder_trainer_step (
    AeAutoencoderTrainer *t, AeAutoencoderReport *report, AeError *err)
{
  size_t n;
  float *frames = input (t, AE_AUTOENCODER_FRAME, &n);
  *report = (AeAutoencoderReport){ 0 };
  if (!ae_picture_store_draw (
          t->store, &t->rng, (size_t) t->terms.batch, frames, t->labels))
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "no pictures to train an autoencoder on");
  fill_rest (t, &t->rng, true);
  weigh_divergence (t);
  AeStatus status = ae_trainer_step (t->trainer, &report->step, err);
  report->squared_error = squared_error (t);
  report->likelihood = likelihood (t);
  report->divergence = sample_sum (t, AE_AUTOENCODER_KL);
  report->active = active (t);
  return status;
}

/* Pictures from `first` on, the same at each call. */
static bool
fill_validation (AeAutoencoderTrainer *t, bool held_out, size_t first)
{
  size_t n;
  AeRng rng;
  ae_rng_seed (&rng, VALIDATION_SEED + first);
  if (!ae_picture_store_take (t->store, held_out, first,
          (size_t) t->terms.batch, input (t, AE_AUTOENCODER_FRAME, &n),
          t->labels))
    return false;
  fill_rest (t, &rng, false);
  return true;
}

AeStatus
ae_autoencoder_trainer_validate (
    AeAutoencoderTrainer *t, float *score, AeError *err)
{
  bool held_out = ae_picture_store_count (t->store, true) > 0;
  size_t n = ae_picture_store_count (t->store, held_out), batches = 0;
  double error = 0, bound = 0;
  *score = 0;
  n = n < MOST_HELD_OUT ? n : MOST_HELD_OUT;
  for (size_t first = 0; first < n; first += (size_t) t->terms.batch) {
    if (atomic_load (&t->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled");
    if (!fill_validation (t, held_out, first))
      break;
    ae_trainer_evaluate (t->trainer);
    error += squared_error (t);
    bound += likelihood (t) - sample_sum (t, AE_AUTOENCODER_KL);
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
      = ae_trainer_model (t->trainer, true, NULL, 0, &trained, err);
  if (status == AE_OK)
    status = export_model (
        t, trained, ae_trainer_steps (t->trainer), NULL, out, err);
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
          .binarise = t->wishes.binarise,
          .n_threads = (int) training (t->recipe, "threads"),
          .seed = (uint64_t) training (t->recipe, "seed"),
          .cancel = &t->cancel };
  *prior = NULL;
  bool standard = t->shape.code == AE_CODE_VARIATIONAL
      || t->shape.net == AE_CODER_FULLY_CONV || t->shape.latent > AE_MIXTURE_MOST_VALUES;
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
    .drawn = t->shape.code == AE_CODE_VARIATIONAL,
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
  return ae_trainer_save (t->trainer, path, &t->rng, sizeof t->rng, err);
}

AeStatus
ae_autoencoder_trainer_restore (
    AeAutoencoderTrainer *t, const char *path, AeError *err)
{
  return ae_trainer_restore (t->trainer, path, &t->rng, sizeof t->rng, err);
}
