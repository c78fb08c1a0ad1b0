/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/autoencoder_learning.h"

#include "tensor/tensor.h"
#include "train/autoencoder_adversary.h"
#include "train/gan_guard.h"
#include "train/recipe_options.h"
#include "util/mem.h"

#include <string.h>

struct AeAutoencoderLearning {
  AeAutoencoderShape shape;
  AeAutoencoderTerms terms;
  AeAutoencoderPlaces places;
  /* one of the two */
  AeTrainer *alone;
  AeAdversarial *adversarial;
  AeGanGuard guard; /* of the latter */
};

/* What checkpoints hold beside the networks where there is an adversary. */
typedef struct {
  AeRng rng;
  AeGanGuard guard;
} Progress;

/* The shapes of the inputs that there are, in their order; how many. */
static size_t
input_shapes (const AeAutoencoderLearning *l,
    AeTensor inputs[AE_AUTOENCODER_INPUTS])
{
  size_t n = 0;
  for (int i = 0; i < AE_AUTOENCODER_INPUTS; i++)
    if (l->places.in[i] >= 0) {
      n++;
      inputs[l->places.in[i]] = (AeTensor){ .type = AE_F32,
        .shape = ae_autoencoder_input_shape (
            &l->shape, (AeAutoencoderInput) i, l->terms.batch) };
    }
  return n;
}

static AeStatus
learn_alone (AeAutoencoderLearning *l, const AeRecipe *recipe,
    AeModel *model, AeError *err)
{
  AeTensor inputs[AE_AUTOENCODER_INPUTS];
  AeTrainerOptions options = ae_recipe_trainer_options (recipe);
  size_t n = input_shapes (l, inputs);
  AeStatus status = ae_trainer_new (&l->alone, model, &options, err);
  return status == AE_OK ? ae_trainer_bind (l->alone, inputs, n, err)
                         : status;
}

/* What is judged has no other loss: its own target is what is real. */
static AeStatus
learn_from_adversary (AeAutoencoderLearning *l, const AeRecipe *recipe,
    AeModel *model, AeError *err)
{
  AeTensor inputs[AE_AUTOENCODER_INPUTS];
  size_t n = input_shapes (l, inputs);
  AeStatus status = ae_autoencoder_adversary_new (
      &l->adversarial, &l->guard, recipe, &l->shape, &l->terms, model, err);
  if (status == AE_OK)
    status = ae_adversarial_bind (l->adversarial, inputs, n, NULL, 0, err);
  if (status != AE_OK)
    return status;
  AeTensor *weight = ae_adversarial_weight (l->adversarial, 0);
  if (!weight)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for targets");
  memset (weight->data, 0, ae_tensor_bytes (weight));
  return AE_OK;
}

AeStatus
ae_autoencoder_learning_new (AeAutoencoderLearning **out,
    const AeRecipe *recipe, const AeAutoencoderShape *shape,
    const AeAutoencoderTerms *terms, const AeModel *base, AeError *err)
{
  AeModel *model;
  AeAutoencoderLearning *l = *out = ae_calloc (1, sizeof *l);
  if (!l)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  l->shape = *shape;
  l->terms = *terms;
  AeStatus status = ae_build_autoencoder_training (&model, &l->places, shape,
      terms, base, ae_recipe_trainer_options (recipe).seed, err);
  if (status == AE_OK)
    status = terms->adversary == AE_ADVERSARY_NONE
        ? learn_alone (l, recipe, model, err)
        : learn_from_adversary (l, recipe, model, err);
  ae_model_unref (&model);
  if (status != AE_OK)
    ae_autoencoder_learning_free (out);
  return status;
}

void
ae_autoencoder_learning_free (AeAutoencoderLearning **learning)
{
  AeAutoencoderLearning *l = *learning;
  *learning = NULL;
  if (!l)
    return;
  ae_trainer_free (&l->alone);
  ae_adversarial_free (&l->adversarial);
  ae_free (l);
}

const AeAutoencoderShape *
ae_autoencoder_learning_shape (const AeAutoencoderLearning *l)
{
  return &l->shape;
}

const AeAutoencoderTerms *
ae_autoencoder_learning_terms (const AeAutoencoderLearning *l)
{
  return &l->terms;
}

/* Elements of a sample in an output. */
static double
per_sample (const AeTensor *x)
{
  return (double) ae_shape_count (&x->shape) / (double) x->shape.dim[0];
}

bool
ae_autoencoder_learning_weigh (
    AeAutoencoderLearning *l, AeAutoencoderOutput which, double weight)
{
  if (l->places.out[which] < 0)
    return true;
  size_t at = (size_t) l->places.out[which];
  AeTensor *target = l->alone ? ae_trainer_target (l->alone, at)
                              : ae_adversarial_target (l->adversarial, at);
  if (!target)
    return false;
  memset (target->data, 0, ae_tensor_bytes (target));
  float *weights = l->alone
      ? ae_trainer_weight (l->alone, at)->data
      : ae_adversarial_weight (l->adversarial, at)->data;
  for (int64_t i = 0; i < target->shape.dim[0]; i++)
    weights[i] = (float) (weight * per_sample (target));
  return true;
}

AeTensor *
ae_autoencoder_learning_input (
    AeAutoencoderLearning *l, AeAutoencoderInput which)
{
  size_t at = (size_t) l->places.in[which];
  if (l->places.in[which] < 0)
    return NULL;
  return l->alone ? ae_trainer_input (l->alone, at)
                  : ae_adversarial_input (l->adversarial, at);
}

AeTensor *
ae_autoencoder_learning_real (AeAutoencoderLearning *l)
{
  return l->adversarial ? ae_adversarial_real (l->adversarial) : NULL;
}

const AeTensor *
ae_autoencoder_learning_output (
    const AeAutoencoderLearning *l, AeAutoencoderOutput which)
{
  size_t at = (size_t) l->places.out[which];
  if (l->places.out[which] < 0)
    return NULL;
  return l->alone ? ae_trainer_output (l->alone, at)
                  : ae_adversarial_output (l->adversarial, at);
}

static AeStatus
adversarial_step (AeAutoencoderLearning *l, AeAutoencoderLearningReport *report,
    AeError *err)
{
  AeAdversarialReport r;
  AeStatus status = ae_adversarial_step (l->adversarial, &r, err);
  report->step = (AeStepReport){ .step = r.step,
    .loss = r.generator,
    .learning_rate = r.generator_rate,
    .grad_norm = r.generator_norm,
    .skipped = r.skipped };
  report->discriminator = r.discriminator;
  report->margin = r.real_mean - r.fake_mean;
  ae_gan_guard_look (
      &l->guard, l->adversarial, &r, r.real_spread, r.fake_spread);
  return status;
}

AeStatus
ae_autoencoder_learning_step (AeAutoencoderLearning *l,
    AeAutoencoderLearningReport *report, AeError *err)
{
  *report = (AeAutoencoderLearningReport){ 0 };
  return l->alone ? ae_trainer_step (l->alone, &report->step, err)
                  : adversarial_step (l, report, err);
}

void
ae_autoencoder_learning_evaluate (AeAutoencoderLearning *l)
{
  AeAdversarialReport report;
  if (l->alone)
    ae_trainer_evaluate (l->alone);
  else
    ae_adversarial_evaluate (l->adversarial, &report, NULL);
}

int64_t
ae_autoencoder_learning_steps (const AeAutoencoderLearning *l)
{
  return l->alone ? ae_trainer_steps (l->alone)
                  : ae_adversarial_steps (l->adversarial);
}

int
ae_autoencoder_learning_returns (const AeAutoencoderLearning *l)
{
  return (int) l->guard.returns;
}

bool
ae_autoencoder_learning_note (
    AeAutoencoderLearning *l, char *text, size_t bytes)
{
  return l->adversarial && ae_gan_guard_note (&l->guard, text, bytes);
}

AeStatus
ae_autoencoder_learning_model (
    AeAutoencoderLearning *l, AeModel **out, AeError *err)
{
  return l->alone
      ? ae_trainer_model (l->alone, true, NULL, 0, out, err)
      : ae_adversarial_generator (l->adversarial, true, NULL, 0, out, err);
}

AeStatus
ae_autoencoder_learning_save (AeAutoencoderLearning *l, const char *path,
    const AeRng *rng, AeError *err)
{
  Progress p = { *rng, l->guard };
  return l->alone
      ? ae_trainer_save (l->alone, path, rng, sizeof *rng, err)
      : ae_adversarial_save (l->adversarial, path, &p, sizeof p, err);
}

AeStatus
ae_autoencoder_learning_restore (AeAutoencoderLearning *l, const char *path,
    AeRng *rng, AeError *err)
{
  Progress p;
  if (l->alone)
    return ae_trainer_restore (l->alone, path, rng, sizeof *rng, err);
  AeStatus status
      = ae_adversarial_restore (l->adversarial, path, &p, sizeof p, err);
  if (status != AE_OK)
    return status;
  *rng = p.rng;
  l->guard = p.guard;
  ae_gan_guard_set_rates (&l->guard, l->adversarial);
  return AE_OK;
}
