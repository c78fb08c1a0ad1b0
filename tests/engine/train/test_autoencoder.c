/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/recipe_trainer.h>
#include <ae/session.h>

#include "runtime/tape.h"
#include "sample/prior.h"
#include "train/autoencoder_trainer.h"
#include "train/picture_store.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gradients of everything that is part of a loss. */

#define BATCH 3

static const struct {
  AeAutoencoderShape shape;
  AeAutoencoderTerms terms;
} nets[] = {
  { { AE_CODER_LINEAR, AE_CODE_PLAIN, AE_LIKELIHOOD_GAUSSIAN, { 3, 2, 1 }, 2,
        0, { 4 }, 1 },
      { BATCH, false, false, false, 0 } },
  { { AE_CODER_LINEAR, AE_CODE_RECTIFIED, AE_LIKELIHOOD_BERNOULLI,
        { 3, 3, 3 }, 5, 2, { 4 }, 1 },
      { BATCH, true, true, false, 0 } },
  { { AE_CODER_DENSE, AE_CODE_PLAIN, AE_LIKELIHOOD_BERNOULLI, { 5, 3, 1 }, 3,
        2, { 7, 6 }, 2 },
      { BATCH, false, true, true, 0 } },
  { { AE_CODER_DENSE, AE_CODE_VARIATIONAL, AE_LIKELIHOOD_GAUSSIAN,
        { 4, 4, 1 }, 3, 0, { 6 }, 1 },
      { BATCH, false, false, true, 0.05f } },
  { { AE_CODER_CONV, AE_CODE_VARIATIONAL, AE_LIKELIHOOD_BERNOULLI,
        { 8, 4, 1 }, 4, 3, { 5, 6 }, 2 },
      { BATCH, false, false, false, 0 } },
  { { AE_CODER_CONV, AE_CODE_VARIATIONAL, AE_LIKELIHOOD_GAUSSIAN,
        { 4, 4, 3 }, 2, 0, { 4 }, 1 },
      { BATCH, true, false, false, 0 } },
  { { AE_CODER_LINEAR, AE_CODE_RECTIFIED, AE_LIKELIHOOD_GAUSSIAN,
        { 3, 3, 1 }, 6, 2, { 4 }, 1, .top_k = 4 },
      { BATCH, false, false, false, 0, .sparse = true } },
  { { AE_CODER_DENSE, AE_CODE_PLAIN, AE_LIKELIHOOD_GAUSSIAN, { 4, 3, 1 }, 5,
        0, { 6 }, 1 },
      { BATCH, false, true, true, 0, .sparse = true } },
  { { AE_CODER_FULLY_CONV, AE_CODE_PLAIN, AE_LIKELIHOOD_GAUSSIAN,
        { 8, 8, 3 }, 3, 0, { 4, 6 }, 2 },
      { BATCH, true, true, true, 0, .sparse = true } },
};
enum { N_NETS = sizeof nets / sizeof *nets };

static AeModel *
training_net (int which, AeAutoencoderPlaces *places, const AeModel *base)
{
  AeModel *model;
  AeError err;
  ck_assert_msg (ae_build_autoencoder_training (&model, places,
                     &nets[which].shape, &nets[which].terms, base, 7, &err)
          == AE_OK,
      "%s", err.text);
  return model;
}

static void
fill (AeTensor *x, AeAutoencoderInput input, AeRng *rng)
{
  float *to = x->data;
  size_t n = ae_shape_count (&x->shape);
  for (size_t i = 0; i < n; i++)
    to[i] = input == AE_AUTOENCODER_FRAME || input == AE_AUTOENCODER_NOISY
        ? ae_rng_uniform (rng)
        : input == AE_AUTOENCODER_CLASS
        ? i % (size_t) x->shape.dim[1]
                == i / (size_t) x->shape.dim[1] % (size_t) x->shape.dim[1]
        : ae_rng_normal (rng);
}

static AeTape *
make_tape (int which, AeAutoencoderPlaces *places)
{
  AeModel *model = training_net (which, places, NULL);
  AeTensor in[AE_AUTOENCODER_INPUTS];
  AeTape *tape;
  AeError err;
  AeRng rng;
  size_t n = 0;
  ae_rng_seed (&rng, 3);
  for (int i = 0; i < AE_AUTOENCODER_INPUTS; i++)
    if (places->in[i] >= 0) {
      in[places->in[i]] = (AeTensor){ .type = AE_F32,
        .shape = ae_autoencoder_input_shape (
            &nets[which].shape, (AeAutoencoderInput) i, BATCH) };
      n++;
    }
  ck_assert_int_eq (
      ae_tape_new (&tape, model, 1, AE_PRECISION_F32, &err), AE_OK);
  ck_assert_msg (ae_tape_bind (tape, in, n, &err) == AE_OK, "%s", err.text);
  for (int i = 0; i < AE_AUTOENCODER_INPUTS; i++)
    if (places->in[i] >= 0)
      fill (ae_tape_input (tape, (size_t) places->in[i]),
          (AeAutoencoderInput) i, &rng);
  ae_model_unref (&model);
  return tape;
}

/* The loss: sums of all terms that there are, and their gradient. */
static double
all_terms (AeTape *tape, const AeAutoencoderPlaces *places, bool gradients)
{
  double sum = 0;
  ae_tape_forward (tape, true, 1);
  for (int o = 0; o <= AE_AUTOENCODER_CONTRACTION; o++) {
    if (places->out[o] < 0)
      continue;
    const AeTensor *y = ae_tape_output (tape, (size_t) places->out[o]);
    float *dy = ae_tape_output_grad (tape, (size_t) places->out[o])->data;
    for (size_t i = 0; i < ae_shape_count (&y->shape); i++) {
      float value = ((const float *) y->data)[i];
      ck_assert_msg (value >= -1e-6f, "%d: %g", o, value);
      sum += value;
      if (gradients)
        dy[i] = 1;
    }
  }
  if (gradients)
    ae_tape_backward (tape);
  return sum;
}

/* Differences of step h carry 1e-7 |sum| / h from rounding, some 8e-3 here, and
 * where a rectifier's bend lies between even more: few may differ, by little. */
START_TEST (test_gradients_of_every_term)
{
  AeAutoencoderPlaces places;
  AeTape *tape = make_tape (_i, &places);
  const float h = 1e-3f;
  size_t checked = 0, bad = 0;
  all_terms (tape, &places, true);
  float *params = ae_tape_params (tape);
  const float *grads = ae_tape_grads (tape);
  for (size_t p = 0; p < ae_tape_n_params (tape); p++) {
    const AeParam *param = ae_tape_param (tape, p);
    size_t count = ae_shape_count (&param->shape);
    double norm = 0;
    for (size_t i = 0; i < count; i += count / 16 + 1, checked++) {
      float *w = &params[param->offset + i], old = *w;
      *w = old + h;
      double up = all_terms (tape, &places, false);
      *w = old - h;
      double down = all_terms (tape, &places, false);
      *w = old;
      double wanted = (up - down) / (2 * (double) h);
      double got = grads[param->offset + i];
      norm += fabs (got);
      bad += fabs (got - wanted) > 0.02 * (1 + fabs (wanted));
    }
    ck_assert_msg (norm > 0, "%s has no gradient", param->name);
  }
  ck_assert_msg (bad * 20 <= checked, "%zu of %zu differ", bad, checked);
  ck_assert_uint_gt (checked, 10);
  ae_tape_free (&tape);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* The mean over directions of what a linear code changes by is the squared norm
 * of its matrix. */
START_TEST (test_contraction_is_the_jacobians_norm)
{
  static const AeAutoencoderShape shape = { AE_CODER_LINEAR, AE_CODE_PLAIN,
    AE_LIKELIHOOD_GAUSSIAN, { 3, 2, 1 }, 2, 0, { 4 }, 1 };
  static const AeAutoencoderTerms terms = { 4000, false, false, true, 0 };
  AeAutoencoderPlaces places;
  AeModel *model;
  AeTape *tape;
  AeRng rng;
  AeError err;
  ck_assert_int_eq (ae_build_autoencoder_training (&model, &places, &shape,
                        &terms, NULL, 7, &err), AE_OK);
  AeTensor in[2];
  in[0] = in[1] = (AeTensor){ .type = AE_F32,
    .shape = ae_shape (4, 4000, 1, 2, 3) };
  ck_assert_int_eq (
      ae_tape_new (&tape, model, 1, AE_PRECISION_F32, &err), AE_OK);
  ck_assert_int_eq (ae_tape_bind (tape, in, 2, &err), AE_OK);
  ae_rng_seed (&rng, 5);
  fill (ae_tape_input (tape, 0), AE_AUTOENCODER_FRAME, &rng);
  fill (ae_tape_input (tape, 1), AE_AUTOENCODER_DIRECTION, &rng);
  ae_tape_forward (tape, true, 1);
  const AeTensor *y = ae_tape_output (
      tape, (size_t) places.out[AE_AUTOENCODER_CONTRACTION]);
  double mean = 0, wanted = 0;
  for (size_t i = 0; i < ae_shape_count (&y->shape); i++)
    mean += ((const float *) y->data)[i] / 4000;
  const AeParam *matrix = ae_tape_param (tape, 0);
  ck_assert_str_eq (matrix->name, "e.latent.weight");
  for (size_t i = 0; i < 12; i++) {
    double w = ae_tape_params (tape)[matrix->offset + i];
    wanted += w * w;
  }
  /* of 4000 directions: the mean is within some 3 % */
  ck_assert_msg (fabs (mean - wanted) < 0.1 * wanted, "%g %g", mean, wanted);
  ae_tape_free (&tape);
  ae_model_unref (&model);
}
END_TEST

/* Models and trainers, through the recipes. */

enum { SIDE = 8, N_PICTURES = 60 };

static AeRecipe *
parse (const char *more)
{
  char text[600];
  AeRecipe *recipe;
  AeError err;
  snprintf (text, sizeof text,
      "[model]\ntask = autoencoder\n[training]\nsteps = 200\nbatch = 20\n"
      "threads = 1\nwarmup_steps = 0\nprecision = f32\nema_decay = 0.9\n"
      "learning_rate = 0.005\nvalidation = 0.2\n"
      "[autoencoder]\nsize = 8x8\n%s", more);
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  return recipe;
}

/* A bright bar, upright or level by its label, somewhere. */
static void
draw_bar (uint8_t pixels[SIDE * SIDE], int number)
{
  int at = number / 2 % SIDE;
  memset (pixels, 0, SIDE * SIDE);
  for (int i = 0; i < SIDE; i++)
    pixels[number % 2 ? i * SIDE + at : at * SIDE + i] = 255;
}

static AeStatus
add_bar (AeRecipeTrainer *t, int number, int label, AeError *err)
{
  uint8_t pixels[SIDE * SIDE];
  draw_bar (pixels, number);
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = SIDE, .height = SIDE,
    .plane = { pixels }, .stride = { SIDE } };
  return ae_recipe_trainer_add_labelled (t, &image, 0, label, err);
}

static AeRecipeTrainer *
open_trainer (const char *more, AeModel *base)
{
  AeRecipe *recipe = parse (more);
  AeRecipeTrainer *t;
  AeError err;
  ck_assert_msg (ae_recipe_trainer_new (&t, recipe, base, &err) == AE_OK,
      "%s", err.text);
  for (int i = 0; i < N_PICTURES; i++)
    ck_assert_msg (
        add_bar (t, i, i % 2, &err) == AE_OK, "%s", err.text);
  ae_recipe_free (&recipe);
  return t;
}

static AeModel *
train (AeRecipeTrainer *t, int steps)
{
  AeModel *model;
  AeError err;
  for (int i = 0; i < steps; i++)
    ck_assert_msg (ae_recipe_trainer_step (t, NULL, &err) == AE_OK, "%s",
        err.text);
  ck_assert_msg (ae_recipe_trainer_model (t, false, &model, &err) == AE_OK,
      "%s", err.text);
  return model;
}

static const struct {
  const char *recipe;
  float gain; /* least, in the score */
} trained[] = {
  { "net = linear\nlatent = 14\n", 6 },
  { "net = linear\nlatent = 30\ncode = rectified\nsparsity = 0.01\n", 6 },
  { "net = dense\nwidths = 32\nlatent = 8\nlikelihood = bernoulli\n", 6 },
  { "net = dense\nwidths = 32\nlatent = 8\nnoise = 0.2\n"
    "contraction = 0.001\n", 3 },
  { "net = conv\nwidths = 8,16\nlatent = 16\ncode_dropout = 0.1\n", 3 },
  { "net = dense\nwidths = 32\nlatent = 6\ncode = variational\n"
    "likelihood = bernoulli\nkl_warmup = 50\nbinarise = yes\n", 10 },
  { "net = conv\nwidths = 8,16\nlatent = 4\ncode = variational\n"
    "free_bits = 0.1\nclasses = 2\n", 10 },
  { "net = conv\nwidths = 8,16\nlatent = 8\nshift = 0.5\nrotation = 5\n"
    "stretch = 0.05\n", 2 },
  { "net = linear\nlatent = 40\ncode = rectified\ntop_k = 4\n", 6 },
  { "net = fully-conv\nwidths = 8,16\nlatent = 8\n", 6 },
};
enum { N_TRAINED = sizeof trained / sizeof *trained };

START_TEST (test_every_kind_learns)
{
  AeRecipeTrainer *t = open_trainer (trained[_i].recipe, NULL);
  AeError err;
  float before, after;
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &before, &err), AE_OK);
  AeModel *model = train (t, 200);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &after, &err), AE_OK);
  ck_assert_msg (after > before + trained[_i].gain, "%g before, %g after",
      before, after);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static AeSession *
open_session (AeModel *model, const AeSessionOptions *options,
    const AeTensor *in, size_t n)
{
  AeSession *session;
  AeError err;
  ck_assert_msg (ae_session_new (&session, model, options, &err) == AE_OK,
      "%s", err.text);
  ck_assert_msg (
      ae_session_bind (session, in, n, &err) == AE_OK, "%s", err.text);
  return session;
}

/* As many components as are asked for; without any a VAE has no prior and other
 * codes have their deviations. */
START_TEST (test_priors_are_of_the_codes)
{
  static const char *const recipes[] = {
    "net = dense\nwidths = 32\nlatent = 6\n",
    "net = dense\nwidths = 32\nlatent = 6\nprior_components = 3\n",
    "net = dense\nwidths = 32\nlatent = 6\ncode = variational\n"
    "classes = 2\nprior_components = 3\n",
    "net = dense\nwidths = 32\nlatent = 6\ncode = variational\n",
  };
  static const size_t components[] = { 1, 3, 3, 0 };
  AeRecipeTrainer *t = open_trainer (recipes[_i], NULL);
  AeTrainingPlan plan;
  AePrior prior;
  AeError err;
  ae_recipe_trainer_plan (t, &plan);
  ck_assert_int_eq (plan.model_work != NULL, _i == 1 || _i == 2);
  AeModel *model = train (t, 100);
  ck_assert_msg (ae_prior_read (&prior, model, 6, false, &err) == AE_OK, "%s",
      err.text);
  ck_assert_uint_eq (
      prior.mixture ? prior.mixture->components : 0, components[_i]);
  if (prior.mixture)
    ck_assert_int_eq (prior.mixture->full, _i > 0);
  ae_prior_clear (&prior);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* The decoder alone makes of a code what the whole makes of its picture; the
 * label counts. */
START_TEST (test_decoder_is_a_part_of_the_model)
{
  AeRecipeTrainer *t = open_trainer (trained[6].recipe, NULL);
  AeModel *model = train (t, 100);
  ck_assert_uint_eq (ae_model_n_inputs (model), 2);
  ck_assert_str_eq (ae_model_input_name (model, 1), "class");
  ck_assert_uint_eq (ae_model_n_outputs (model), 4);
  ck_assert_str_eq (ae_model_output_name (model, 0), "reconstruction");
  ck_assert_str_eq (ae_model_output_name (model, 1), "latent");
  ck_assert_str_eq (ae_model_output_name (model, 2), "deviation");
  ck_assert_str_eq (ae_model_output_name (model, 3), "picture_deviation");
  ck_assert_str_eq (ae_model_meta (model, "ae.autoencoder.classes"), "2");
  ck_assert_str_eq (
      ae_model_meta (model, "ae.autoencoder.code"), "variational");
  ck_assert_str_eq (ae_model_meta (model, "ae.autoencoder.net"), "conv");
  AeTensor in[2] = { { .type = AE_F32, .shape = ae_shape (4, 1, 1, 8, 8) },
    { .type = AE_F32, .shape = ae_shape (2, 1, 2) } };
  AeSession *whole = open_session (model, NULL, in, 2);
  float *frame = ae_session_input (whole, 0)->data;
  uint8_t pixels[SIDE * SIDE];
  draw_bar (pixels, 5);
  for (int i = 0; i < SIDE * SIDE; i++)
    frame[i] = pixels[i] / 255.0f;
  float *told = ae_session_input (whole, 1)->data;
  told[0] = 0;
  told[1] = 1;
  ae_session_run (whole);
  AeSessionOptions options = {
    .inputs = (const char *const[]){ "latent", "class" }, .n_inputs = 2,
    .outputs = (const char *const[]){ "reconstruction" }, .n_outputs = 1 };
  in[0].shape = ae_shape (2, 1, 4);
  AeSession *decoder = open_session (model, &options, in, 2);
  const float *made = ae_session_output (whole, 0)->data;
  for (int label = 0; label < 2; label++) {
    memcpy (ae_session_input (decoder, 0)->data,
        ae_session_output (whole, 1)->data, 4 * sizeof (float));
    float *class = ae_session_input (decoder, 1)->data;
    class[0] = !label;
    class[1] = label;
    ae_session_run (decoder);
    const float *again = ae_session_output (decoder, 0)->data;
    double off = 0;
    for (int i = 0; i < SIDE * SIDE; i++)
      off += fabsf (made[i] - again[i]);
    ck_assert_msg (label ? off < 1e-4 : off > 1, "%d: %g", label, off);
  }
  ae_session_free (&whole);
  ae_session_free (&decoder);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
}
END_TEST

/* Squared error of the reconstruction of bar `seen` as bar `wanted`. */
static double
error_as (AeSession *session, int seen, int wanted)
{
  uint8_t pixels[SIDE * SIDE];
  double sum = 0;
  float *frame = ae_session_input (session, 0)->data;
  draw_bar (pixels, seen);
  for (int i = 0; i < SIDE * SIDE; i++)
    frame[i] = pixels[i] / 255.0f;
  ae_session_run (session);
  draw_bar (pixels, wanted);
  for (int i = 0; i < SIDE * SIDE; i++)
    sum += pow (((const float *) ae_session_output (session, 0)->data)[i]
            - pixels[i] / 255.0, 2);
  return sum / (SIDE * SIDE);
}

/* Bars 6 and 7 are in the middle, level and upright: the net that saw them moved
 * brings bars 10 and 11, which are two pixels beside, back there. */
START_TEST (test_what_was_moved_is_put_back)
{
  AeRecipe *recipe
      = parse ("net = dense\nwidths = 64\nlatent = 8\nshift = 2.5\n");
  AeRecipeTrainer *t;
  AeError err;
  ck_assert_int_eq (ae_recipe_trainer_new (&t, recipe, NULL, &err), AE_OK);
  for (int i = 0; i < 20; i++)
    ck_assert_int_eq (add_bar (t, 6 + i % 2, 0, &err), AE_OK);
  AeModel *model = train (t, 200);
  AeTensor in = { .type = AE_F32, .shape = ae_shape (4, 1, 1, SIDE, SIDE) };
  AeSession *session = open_session (model, NULL, &in, 1);
  for (int i = 0; i < 2; i++) {
    double back = error_as (session, 10 + i, 6 + i);
    double kept = error_as (session, 10 + i, 10 + i);
    ck_assert_msg (back < 0.03 && kept > 0.15, "%d: %g %g", i, back, kept);
  }
  ae_session_free (&session);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  ae_recipe_free (&recipe);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* A model gives its weights to one that goes on, and to none of another shape. */
START_TEST (test_base_must_fit)
{
  AeRecipeTrainer *t = open_trainer (trained[6].recipe, NULL), *other;
  AeError err;
  float before, after;
  AeModel *model = train (t, 100);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &before, &err), AE_OK);
  ae_recipe_trainer_free (&t);
  t = open_trainer (trained[6].recipe, model);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &after, &err), AE_OK);
  ck_assert_msg (fabsf (before - after) < 0.01f * fabsf (before), "%g %g",
      before, after);
  ae_recipe_trainer_free (&t);
  AeRecipe *recipe = parse (trained[4].recipe);
  ck_assert_int_eq (
      ae_recipe_trainer_new (&other, recipe, model, &err), AE_ERROR_SHAPE);
  ck_assert_ptr_nonnull (strstr (err.text, "base model does not fit"));
  ae_recipe_free (&recipe);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_labels_must_be_there_and_fit)
{
  AeRecipeTrainer *t = open_trainer (trained[6].recipe, NULL);
  AeError err;
  ck_assert_int_eq (add_bar (t, 0, AE_NO_LABEL, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "without a label, wanted one of 0 to 1")
      != NULL, "%s", err.text);
  ck_assert_int_eq (add_bar (t, 0, 2, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (
      strstr (err.text, "label 2, wanted 0 to 1") != NULL, "%s", err.text);
  ck_assert_uint_eq (ae_recipe_trainer_n_frames (t), N_PICTURES);
  ae_recipe_trainer_free (&t);
  t = open_trainer (trained[0].recipe, NULL);
  ck_assert_int_eq (add_bar (t, 0, AE_NO_LABEL, &err), AE_OK);
  ck_assert_int_eq (add_bar (t, 0, 77, &err), AE_OK);
  ae_recipe_trainer_free (&t);
}
END_TEST

START_TEST (test_pictures_of_other_proportions_are_refused)
{
  AeRecipeTrainer *t = open_trainer (trained[0].recipe, NULL);
  uint8_t pixels[40 * 40] = { 0 };
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = 40, .height = 30,
    .plane = { pixels }, .stride = { 40 } };
  AeError err;
  ck_assert_int_eq (
      ae_recipe_trainer_add (t, &image, 0, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "40x30, wanted the proportions of 8x8")
      != NULL, "%s", err.text);
  image.height = 40;
  ck_assert_int_eq (ae_recipe_trainer_add (t, &image, 0, &err), AE_OK);
  image.width = image.height = 3;
  ck_assert_int_eq (
      ae_recipe_trainer_add (t, &image, 0, &err), AE_ERROR_ARGUMENT);
  ae_recipe_trainer_free (&t);
}
END_TEST

/* What is kept of pictures. */

START_TEST (test_thumbnails_of_one_size_are_the_picture)
{
  static const AeThumbnailSize size = { 5, 3, 1 };
  uint8_t pixels[15], to[15];
  AeError err;
  for (int i = 0; i < 15; i++)
    pixels[i] = (uint8_t) (17 * i);
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = 5, .height = 3,
    .plane = { pixels }, .stride = { 5 } };
  ck_assert_int_eq (ae_thumbnail_make (&size, &image, to, &err), AE_OK);
  ck_assert_mem_eq (to, pixels, 15);
}
END_TEST

/* One colour: as it is from R, G, B, and from Y, U, V of video range. */
START_TEST (test_thumbnails_have_the_colours)
{
  static const AeThumbnailSize size = { 4, 4, 3 };
  static const uint8_t colour[3] = { 200, 100, 50 };
  uint8_t rgb[8 * 8 * 3], luma[64], u[16], v[16], to[48];
  AeError err;
  for (int i = 0; i < 64; i++)
    memcpy (rgb + 3 * i, colour, 3);
  AeImage packed = { .pixels = AE_PIXELS_PACKED, .width = 8, .height = 8,
    .pixel_stride = 3, .g = 1, .b = 2, .plane = { rgb }, .stride = { 24 } };
  /* BT.601 of that colour: Y 124.2 -> 16 + 219 y, ... */
  memset (luma, 123, sizeof luma);
  memset (u, 91, sizeof u);
  memset (v, 176, sizeof v);
  AeImage planar = { .pixels = AE_PIXELS_I420, .width = 8, .height = 8,
    .plane = { luma, u, v }, .stride = { 8, 4, 4 } };
  const AeImage *images[] = { &packed, &planar };
  for (int k = 0; k < 2; k++) {
    ck_assert_int_eq (ae_thumbnail_make (&size, images[k], to, &err), AE_OK);
    for (int i = 0; i < 48; i++)
      ck_assert_msg (abs (to[i] - colour[i / 16]) <= 2 * k,
          "%d: %d in plane %d, wanted %d", k, to[i], i / 16, colour[i / 16]);
  }
}
END_TEST

START_TEST (test_store_is_bounded_and_holds_out)
{
  static const AeThumbnailSize size = { 2, 2, 1 };
  AePictureStore *store;
  AeError err;
  ck_assert_int_eq (
      ae_picture_store_new (&store, &size, 100 * 8, 5, 10, 1, &err), AE_OK);
  for (int i = 0; i < 1000; i++) {
    uint8_t pixels[4] = { (uint8_t) (i % 256) };
    AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = 2, .height = 2,
      .plane = { pixels }, .stride = { 2 } };
    ck_assert_int_eq (ae_picture_store_add (store, &image, i, &err), AE_OK);
  }
  ck_assert_uint_eq (ae_picture_store_count (store, false), 90);
  ck_assert_uint_eq (ae_picture_store_count (store, true), 10);
  float values[100 * 4];
  int labels[100], late = 0;
  ck_assert (ae_picture_store_take (store, true, 0, 12, values, labels));
  for (int i = 0; i < 10; i++)
    ck_assert_int_eq (labels[i], 5 * i + 4);
  ck_assert_int_eq (labels[10], labels[0]);
  AeRng rng;
  ae_rng_seed (&rng, 1);
  ck_assert (ae_picture_store_draw (store, &rng, 100, values, labels));
  for (int i = 0; i < 100; i++) {
    ck_assert (values[4 * i] == (float) (labels[i] % 256) / 255);
    late += labels[i] > 200;
  }
  ck_assert_int_gt (late, 50);
  ae_picture_store_free (&store);
  ck_assert_int_eq (
      ae_picture_store_new (&store, &size, 8, 5, 10, 1, &err),
      AE_ERROR_LIMIT);
  ck_assert_ptr_null (store);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
autoencoder_suite (void)
{
  Suite *suite = suite_create ("autoencoder");
  TCase *tcase = tcase_create ("autoencoder");
  tcase_add_loop_test (tcase, test_gradients_of_every_term, 0, N_NETS);
  tcase_add_test (tcase, test_contraction_is_the_jacobians_norm);
  tcase_add_loop_test (tcase, test_every_kind_learns, 0, N_TRAINED);
  tcase_add_loop_test (tcase, test_priors_are_of_the_codes, 0, 4);
  tcase_add_test (tcase, test_decoder_is_a_part_of_the_model);
  tcase_add_test (tcase, test_what_was_moved_is_put_back);
  tcase_add_test (tcase, test_base_must_fit);
  tcase_add_test (tcase, test_labels_must_be_there_and_fit);
  tcase_add_test (tcase, test_pictures_of_other_proportions_are_refused);
  tcase_add_test (tcase, test_thumbnails_of_one_size_are_the_picture);
  tcase_add_test (tcase, test_thumbnails_have_the_colours);
  tcase_add_test (tcase, test_store_is_bounded_and_holds_out);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (autoencoder_suite)
