/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/recipe_trainer.h>
#include <ae/session.h>

#include "runtime/tape.h"
#include "sample/prior.h"
#include "train/autoencoder_adversary.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 8, N_PICTURES = 300, BATCH = 3 };

static AeRecipe *
parse (const char *more)
{
  char text[800];
  AeRecipe *recipe;
  AeError err;
  snprintf (text, sizeof text,
      "[model]\ntask = autoencoder\n[training]\nsteps = 600\nbatch = 32\n"
      "threads = 1\nwarmup_steps = 0\nprecision = f32\nema_decay = 0.9\n"
      "learning_rate = 0.005\nvalidation = 0.2\n"
      "[autoencoder]\nsize = 8x8\n%s", more);
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  return recipe;
}

/* Gradients of what is judged, through both networks. */

static const struct {
  AeAutoencoderShape shape;
  AeAutoencoderAdversary adversary;
} nets[] = {
  { { AE_CODER_DENSE, AE_CODE_PLAIN, AE_LIKELIHOOD_BERNOULLI, { 8, 8, 1 }, 3,
        2, { 6 }, 1 },
      AE_ADVERSARY_CODES },
  { { AE_CODER_LINEAR, AE_CODE_VARIATIONAL, AE_LIKELIHOOD_GAUSSIAN,
        { 8, 8, 1 }, 4, 0, { 6 }, 1 },
      AE_ADVERSARY_CODES },
  { { AE_CODER_CONV, AE_CODE_PLAIN, AE_LIKELIHOOD_GAUSSIAN, { 4, 4, 3 }, 3, 0,
        { 4 }, 1 },
      AE_ADVERSARY_PICTURES },
  { { AE_CODER_DENSE, AE_CODE_VARIATIONAL, AE_LIKELIHOOD_BERNOULLI,
        { 8, 8, 1 }, 3, 2, { 7 }, 1 },
      AE_ADVERSARY_PICTURES },
};
enum { N_NETS = sizeof nets / sizeof *nets };

static AeTape *
bind_tape (AeModel *model, const AeTensor *in, size_t n)
{
  AeTape *tape;
  AeError err;
  AeRng rng;
  ae_rng_seed (&rng, 3);
  ck_assert_int_eq (
      ae_tape_new (&tape, model, 1, AE_PRECISION_F32, &err), AE_OK);
  ae_tape_want_input_grad (tape, 0);
  ck_assert_msg (ae_tape_bind (tape, in, n, &err) == AE_OK, "%s", err.text);
  for (size_t i = 0; i < n; i++) {
    AeTensor *x = ae_tape_input (tape, i);
    for (size_t k = 0; k < ae_shape_count (&x->shape); k++)
      ((float *) x->data)[k]
          = x->shape.rank == 4 ? ae_rng_uniform (&rng) : ae_rng_normal (&rng);
  }
  return tape;
}

#define H 1e-3f /* of differences */

/* Of output 0, with weights 1, 2, 3, 1, 2, 3, ... */
static double
weighed_sum (AeTape *tape, bool gradients)
{
  double sum = 0;
  ae_tape_forward (tape, true, 1);
  const AeTensor *y = ae_tape_output (tape, 0);
  float *dy = ae_tape_output_grad (tape, 0)->data;
  for (size_t i = 0; i < ae_shape_count (&y->shape); i++) {
    sum += (double) (1 + i % 3) * ((const float *) y->data)[i];
    if (gradients)
      dy[i] = (float) (1 + i % 3);
  }
  if (gradients)
    ae_tape_backward (tape);
  return sum;
}

static double
difference (AeTape *tape, float *x, float h)
{
  float old = *x;
  *x = old + h;
  double up = weighed_sum (tape, false);
  *x = old - h;
  double down = weighed_sum (tape, false);
  *x = old;
  return (up - down) / (2 * (double) h);
}

/* Differences carry some 1e-7 |sum| / H from rounding, 5e-3 here, and more where a
 * rectifier's bend lies between: few may differ. Parameters that
 * what is judged does not depend on have no gradient: half of the layers at most,
 * an autoencoder's decoder where codes are judged. */
static void
check_gradients (AeTape *tape)
{
  size_t checked = 0, bad = 0, idle = 0;
  weighed_sum (tape, true);
  for (size_t p = 0; p < ae_tape_n_params (tape); p++) {
    const AeParam *param = ae_tape_param (tape, p);
    size_t count = ae_shape_count (&param->shape);
    double norm = 0;
    for (size_t i = 0; i < count; i += count / 16 + 1, checked++) {
      size_t at = param->offset + i;
      double wanted = difference (tape, ae_tape_params (tape) + at, H);
      norm += fabs (wanted);
      bad += fabs (ae_tape_grads (tape)[at] - wanted)
          > 0.02 * (1 + fabs (wanted));
    }
    idle += norm == 0;
  }
  ck_assert_uint_gt (checked, 10);
  ck_assert_msg (bad * 20 <= checked, "%zu of %zu differ", bad, checked);
  ck_assert_uint_le (idle, ae_tape_n_params (tape) / 2);
}

START_TEST (test_gradients_of_what_is_judged)
{
  const AeAutoencoderShape *s = &nets[_i].shape;
  const AeAutoencoderTerms terms
      = { .batch = BATCH, .adversary = nets[_i].adversary };
  AeAutoencoderPlaces places;
  AeModel *model;
  AeError err;
  AeTensor in[AE_AUTOENCODER_INPUTS];
  size_t n = 0;
  ck_assert_msg (ae_build_autoencoder_training (
                     &model, &places, s, &terms, NULL, 7, &err) == AE_OK,
      "%s", err.text);
  ck_assert_int_eq (places.out[AE_AUTOENCODER_JUDGED], 0);
  for (int i = 0; i < AE_AUTOENCODER_INPUTS; i++)
    if (places.in[i] >= 0) {
      in[places.in[i]] = (AeTensor){ .type = AE_F32,
        .shape = ae_autoencoder_input_shape (s, (AeAutoencoderInput) i,
            BATCH) };
      n++;
    }
  AeTape *tape = bind_tape (model, in, n);
  const AeTensor *judged = ae_tape_output (tape, 0);
  bool twice = terms.adversary == AE_ADVERSARY_PICTURES
      && s->code == AE_CODE_VARIATIONAL;
  ck_assert_int_eq (judged->shape.dim[0], twice ? 2 * BATCH : BATCH);
  check_gradients (tape);
  ae_tape_free (&tape);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_gradients_of_the_discriminator)
{
  const AeAutoencoderShape *s = &nets[_i].shape;
  bool codes = nets[_i].adversary == AE_ADVERSARY_CODES;
  AeRecipe *recipe = parse ("discriminator_widths = 9,8\n");
  AeModel *model;
  AeError err;
  AeTensor in[2] = { { .type = AE_F32,
                         .shape = codes ? ae_shape (2, BATCH, s->latent)
                                        : ae_autoencoder_input_shape (s,
                                            AE_AUTOENCODER_FRAME, BATCH) },
    { .type = AE_F32, .shape = ae_shape (2, BATCH, s->classes) } };
  ck_assert_msg (ae_build_autoencoder_discriminator (
                     &model, recipe, s, nets[_i].adversary, 7, &err) == AE_OK,
      "%s", err.text);
  size_t n = codes && s->classes > 0 ? 2 : 1;
  ck_assert_uint_eq (ae_model_n_inputs (model), n);
  AeTape *tape = bind_tape (model, in, n);
  check_gradients (tape);
  const AeTensor *grad = ae_tape_input_grad (tape, 0);
  AeTensor *x = ae_tape_input (tape, 0);
  for (size_t i = 0; i < ae_shape_count (&x->shape); i += 7) {
    weighed_sum (tape, true);
    double got = ((const float *) grad->data)[i];
    double wanted = difference (tape, (float *) x->data + i, H);
    ck_assert_msg (fabs (got - wanted) < 0.05 * (1 + fabs (wanted)),
        "%zu: %g %g", i, got, wanted);
  }
  ae_tape_free (&tape);
  ae_model_unref (&model);
  ae_recipe_free (&recipe);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Trainers, through the recipes. */

/* A bright disc in one of four places, with stripes or without by its label, and
 * dots that no code of few numbers holds. */
static void
draw_disc (uint8_t pixels[SIDE * SIDE], AeRng *rng, int label)
{
  int place = (int) ae_rng_below (rng, 4);
  float x0 = 1.5f + 4 * (float) (place % 2) + 0.4f * ae_rng_normal (rng);
  float y0 = 1.5f + 4 * (float) (place / 2) + 0.4f * ae_rng_normal (rng);
  for (int i = 0; i < SIDE * SIDE; i++) {
    float dx = (float) (i % SIDE) - x0, dy = (float) (i / SIDE) - y0;
    float light = 180 * expf (-(dx * dx + dy * dy) / 3);
    bool dot = ae_rng_uniform (rng) < 0.3f && (label == 0 || i % 2);
    pixels[i] = (uint8_t) (light + (dot ? 70 : 0));
  }
}

static AeRecipeTrainer *
open_trainer (const char *more)
{
  AeRecipe *recipe = parse (more);
  AeRecipeTrainer *t;
  AeError err;
  AeRng rng;
  ae_rng_seed (&rng, 9);
  ck_assert_msg (ae_recipe_trainer_new (&t, recipe, NULL, &err) == AE_OK,
      "%s", err.text);
  for (int i = 0; i < N_PICTURES; i++) {
    uint8_t pixels[SIDE * SIDE];
    draw_disc (pixels, &rng, i % 2);
    AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = SIDE,
      .height = SIDE, .plane = { pixels }, .stride = { SIDE } };
    ck_assert_msg (ae_recipe_trainer_add_labelled (t, &image, 0, i % 2, &err)
            == AE_OK, "%s", err.text);
  }
  ae_recipe_free (&recipe);
  return t;
}

static AeModel *
model_of (AeRecipeTrainer *t)
{
  AeModel *model;
  AeError err;
  ck_assert_msg (ae_recipe_trainer_model (t, false, &model, &err) == AE_OK,
      "%s", err.text);
  return model;
}

static void
take_steps (AeRecipeTrainer *t, int steps)
{
  AeError err;
  for (int i = 0; i < steps; i++)
    ck_assert_msg (ae_recipe_trainer_step (t, NULL, &err) == AE_OK, "%s",
        err.text);
}

/* Run on n other pictures, which are copied to `wanted` (may be NULL). */
static AeSession *
open_session (AeModel *model, int n, float *wanted)
{
  AeTensor in = { .type = AE_F32, .shape = ae_shape (4, n, 1, SIDE, SIDE) };
  AeSession *session;
  AeError err;
  AeRng rng;
  ae_rng_seed (&rng, 21);
  ck_assert_msg (ae_session_new (&session, model, NULL, &err) == AE_OK, "%s",
      err.text);
  ck_assert_msg (
      ae_session_bind (session, &in, 1, &err) == AE_OK, "%s", err.text);
  float *frames = ae_session_input (session, 0)->data;
  for (int i = 0; i < n; i++) {
    uint8_t pixels[SIDE * SIDE];
    draw_disc (pixels, &rng, i % 2);
    for (int k = 0; k < SIDE * SIDE; k++)
      *frames++ = pixels[k] / 255.0f;
  }
  if (wanted)
    memcpy (wanted, ae_session_input (session, 0)->data,
        (size_t) (n * SIDE * SIDE) * sizeof *wanted);
  ae_session_run (session);
  return session;
}

/* How far means and deviations of the codes of 200 other pictures are from 0 and
 * 1, at worst; codes of a variational kind with their own deviations. */
static double
distance_from_normal (const char *recipe)
{
  AeRecipeTrainer *t = open_trainer (recipe);
  AePrior prior;
  AeError err;
  double worst = 0;
  take_steps (t, 600);
  AeModel *model = model_of (t);
  AeSession *session = open_session (model, 200, NULL);
  const AeTensor *codes = ae_session_output (session, 1);
  int n = (int) codes->shape.dim[1];
  int own = ae_session_find_output (session, "deviation");
  for (int i = 0; i < n; i++) {
    double sum = 0, squares = 0;
    for (int k = i; k < 200 * n; k += n) {
      double x = ((const float *) codes->data)[k];
      double d = own < 0 ? 0
                         : ((const float *) ae_session_output (
                               session, (size_t) own)->data)[k];
      sum += x / 200;
      squares += (x * x + d * d) / 200;
    }
    worst = fmax (worst, fabs (sum));
    worst = fmax (worst, fabs (sqrt (squares - sum * sum) - 1));
  }
  ck_assert_int_eq (ae_prior_read (&prior, model, n, false, &err), AE_OK);
  /* drawn from where they are: without an adversary a fitted distribution */
  ck_assert_int_eq (
      prior.mixture != NULL, strstr (recipe, "adversary") == NULL && own < 0);
  ae_prior_clear (&prior);
  ae_session_free (&session);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  return worst;
}

#define DENSE "net = dense\nwidths = 48\nlatent = 3\n"
#define WEIGHT "adversarial_weight = 0.5\ndiscriminator_rate = 0.002\n"

START_TEST (test_codes_become_normal)
{
  static const char *const kinds[] = { "",
    "code = variational\nbeta = 0\nlikelihood = bernoulli\n" };
  char recipe[200];
  snprintf (recipe, sizeof recipe, DENSE "%s", kinds[_i]);
  double alone = distance_from_normal (recipe);
  snprintf (recipe, sizeof recipe, DENSE WEIGHT "%sadversary = codes\n",
      kinds[_i]);
  double judged = distance_from_normal (recipe);
  printf ("%d: distance from normal %g alone, %g judged\n", _i, alone,
      judged);
  ck_assert_double_lt (judged, 0.5);
  ck_assert_double_gt (alone, 0.6);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static double
gradient_energy (const float *x)
{
  double sum = 0;
  for (int i = 0; i < 200 * SIDE * SIDE; i++) {
    if (i % SIDE + 1 < SIDE)
      sum += pow (x[i + 1] - x[i], 2);
    if (i / SIDE % SIDE + 1 < SIDE)
      sum += pow (x[i + SIDE] - x[i], 2);
  }
  return sum;
}

/* Gradient energy of reconstructions over that of the pictures; *psnr: gain. */
static double
sharpness (const char *recipe, float *gain)
{
  AeRecipeTrainer *t = open_trainer (recipe);
  float before, after, wanted[200 * SIDE * SIDE];
  AeError err;
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &before, &err), AE_OK);
  take_steps (t, 300);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &after, &err), AE_OK);
  *gain = after - before;
  AeModel *model = model_of (t);
  AeSession *session = open_session (model, 200, wanted);
  double ratio = gradient_energy (ae_session_output (session, 0)->data)
      / gradient_energy (wanted);
  ae_session_free (&session);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  return ratio;
}

/* The dots come back, if not where they were. */
START_TEST (test_pictures_become_sharp)
{
  static const char *const kinds[] = { "",
    "code = variational\nlikelihood = bernoulli\n" };
  char recipe[200];
  float gain, judged_gain;
  snprintf (recipe, sizeof recipe, DENSE "%s", kinds[_i]);
  double alone = sharpness (recipe, &gain);
  snprintf (recipe, sizeof recipe, DENSE "%sadversary = pictures\n"
      "adversarial_weight = 2\ndiscriminator_rate = 0.002\n"
      "discriminator_widths = 16\n", kinds[_i]);
  double judged = sharpness (recipe, &judged_gain);
  printf ("%d: sharpness %g alone, %g judged; gains %g %g\n", _i, alone,
      judged, gain, judged_gain);
  ck_assert_double_gt (judged, alone + 0.15);
  ck_assert_float_gt (judged_gain, 1);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static char path[] = "/tmp/ae-adversary-XXXXXX";

static void
id_of (AeRecipeTrainer *t, char id[33])
{
  AeModel *model = model_of (t);
  memcpy (id, ae_model_id (model), 33);
  ae_model_unref (&model);
}

static double
figure (AeRecipeTrainer *t, const char *name)
{
  AeTrainingFigure figures[AE_TRAINING_FIGURES];
  size_t n = ae_recipe_trainer_figures (t, figures);
  for (size_t i = 0; i < n; i++)
    if (strcmp (figures[i].name, name) == 0)
      return figures[i].value;
  return NAN;
}

#define WILD \
  DENSE "watch = 20\ndiscriminator_rate = 10\nadversarial_weight = 100000\n"

/* In the middle of a window too, and, the last time, with a return to come, at
 * step 100. */
START_TEST (test_resuming_gives_the_same_bits)
{
  static const char *const recipes[] = {
    DENSE WEIGHT "adversary = codes\nclasses = 2\nwatch = 7\n",
    DENSE WEIGHT "adversary = pictures\ncode = variational\nclasses = 2\n"
    "likelihood = bernoulli\nfree_bits = 0.1\nwatch = 7\n",
    "net = conv\nwidths = 8\nlatent = 3\nadversary = pictures\n" WEIGHT
    "noise = 0.1\ncontraction = 0.001\ncode_dropout = 0.1\n",
    WILD "adversary = codes\n" };
  char saved[33], straight[33], resumed[33];
  AeError err;
  strcpy (path + sizeof path - 7, "XXXXXX");
  int fd = mkstemp (path);
  ck_assert_int_ge (fd, 0);
  close (fd);
  AeRecipeTrainer *a = open_trainer (recipes[_i]);
  AeRecipeTrainer *b = open_trainer (recipes[_i]);
  take_steps (a, 73);
  ck_assert_int_eq (ae_recipe_trainer_save (a, path, &err), AE_OK);
  id_of (a, saved);
  take_steps (a, 40);
  id_of (a, straight);
  ck_assert_msg (ae_recipe_trainer_restore (b, path, &err) == AE_OK, "%s",
      err.text);
  ck_assert_int_eq (ae_recipe_trainer_steps (b), 73);
  take_steps (b, 40);
  id_of (b, resumed);
  ck_assert_str_eq (resumed, straight);
  ck_assert_str_ne (saved, straight);
  ck_assert_int_eq ((int) figure (a, "returns"), _i == 3);
  ck_assert_int_eq ((int) figure (b, "returns"), _i == 3);
  ae_recipe_trainer_free (&b);
  /* a checkpoint of one that learned alone is another thing */
  b = open_trainer (DENSE);
  ck_assert_int_ne (ae_recipe_trainer_restore (b, path, &err), AE_OK);
  unlink (path);
  ae_recipe_trainer_free (&a);
  ae_recipe_trainer_free (&b);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_what_goes_wrong_is_undone_and_said)
{
  char note[AE_TRAINING_NOTE];
  AeError err;
  int said = 0;
  AeRecipeTrainer *t = open_trainer (WILD "adversary = pictures\n");
  for (int i = 1; i <= 500 && said < 2; i++) {
    AeStepReport report;
    AeStatus status = ae_recipe_trainer_step (t, &report, &err);
    ck_assert_int_eq (report.skipped, status == AE_ERROR_NUMERIC);
    if (!ae_recipe_trainer_note (t, note))
      continue;
    ck_assert_msg (strstr (note, "back to where it went well") != NULL, "%s",
        note);
    ck_assert (!ae_recipe_trainer_note (t, note));
    ck_assert_int_eq ((int) figure (t, "returns"), ++said);
  }
  ck_assert_int_eq (said, 2);
  ae_recipe_trainer_free (&t);
  t = open_trainer (DENSE);
  take_steps (t, 3);
  ck_assert (isnan (figure (t, "returns")));
  ck_assert (isnan (figure (t, "discriminator")));
  ck_assert (!ae_recipe_trainer_note (t, note));
  ae_recipe_trainer_free (&t);
  t = open_trainer (
      DENSE WEIGHT "adversary = pictures\ncode = variational\n");
  take_steps (t, 3);
  ck_assert_double_gt (figure (t, "discriminator"), 0);
  ck_assert_double_gt (figure (t, "divergence"), 0);
  ck_assert (isfinite (figure (t, "margin")));
  ck_assert (figure (t, "returns") == 0);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static const struct {
  const char *recipe;
  AeStatus status;
  const char *text;
} wrong[] = {
  { "code = rectified\nadversary = codes\n", AE_ERROR_FORMAT,
      "[autoencoder] code = rectified with adversary = codes, wanted plain or "
      "variational" },
  { "likelihood = bernoulli\nbinarise = yes\nadversary = pictures\n",
      AE_ERROR_FORMAT,
      "[autoencoder] binarise with adversary = pictures, wanted no" },
  { "adversary = pictures\ndiscriminator_widths = 8,8,8,8\n",
      AE_ERROR_FORMAT,
      "[autoencoder] size 8x8, wanted multiples of 16, as each of 4 "
      "discriminator_widths halves it" },
  { "adversary = pictures\ndiscriminator_widths = 8192,8192\n",
      AE_ERROR_LIMIT, "a layer of 1073741824 weights" },
};
enum { N_WRONG = sizeof wrong / sizeof *wrong };

START_TEST (test_wrong_recipes_say_so)
{
  AeRecipe *recipe = parse (wrong[_i].recipe);
  AeRecipeTrainer *t;
  AeError err;
  ck_assert_int_eq (
      ae_recipe_trainer_new (&t, recipe, NULL, &err), wrong[_i].status);
  ck_assert_msg (
      strstr (err.text, wrong[_i].text) != NULL, "%s", err.text);
  ck_assert_ptr_null (t);
  ae_recipe_free (&recipe);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
autoencoder_adversary_suite (void)
{
  Suite *suite = suite_create ("autoencoder adversary");
  TCase *tcase = tcase_create ("autoencoder adversary");
  tcase_add_loop_test (
      tcase, test_gradients_of_what_is_judged, 0, N_NETS);
  tcase_add_loop_test (
      tcase, test_gradients_of_the_discriminator, 0, N_NETS);
  tcase_add_loop_test (tcase, test_codes_become_normal, 0, 2);
  tcase_add_loop_test (tcase, test_pictures_become_sharp, 0, 2);
  tcase_add_loop_test (tcase, test_resuming_gives_the_same_bits, 0, 4);
  tcase_add_test (tcase, test_what_goes_wrong_is_undone_and_said);
  tcase_add_loop_test (tcase, test_wrong_recipes_say_so, 0, N_WRONG);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (autoencoder_adversary_suite)
