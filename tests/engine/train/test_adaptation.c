/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "ae_tmp.h"

#include <ae/recipe_trainer.h>
#include <ae/session.h>

#include "runtime/tape.h"
#include "train/adaptation.h"
#include "train/classifier_nets.h"
#include "train/loss.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* From 0 up to nearly the most, by the paper's formula. */
START_TEST (test_strength_grows_as_in_the_paper)
{
  float before = 0;
  ck_assert (ae_adaptation_strength (2, 0, 1000) == 0);
  for (int64_t step = 1; step <= 1000; step++) {
    float now = ae_adaptation_strength (2, step, 1000);
    ck_assert_msg (now >= before && now < 2, "%g", now);
    before = now;
  }
  /* 2 / (1 + exp (-1)) - 1 and 2 / (1 + exp (-5)) - 1 */
  ck_assert_float_eq_tol (
      ae_adaptation_strength (1, 100, 1000), 0.4621172f, 1e-6f);
  ck_assert_float_eq_tol (
      ae_adaptation_strength (3, 500, 1000), 3 * 0.9866143f, 1e-5f);
}
END_TEST

/* Gradients. */

enum { BATCH = 5 };
#define STRENGTH 0.6f

static AeTape *
make_tape (void)
{
  static const AeClassifierShape shape = { .net = AE_CLASSIFIER_CONV,
    .size = { 8, 4, 3 },
    .features = 20,
    .classes = 3,
    .widths = { 5, 6 },
    .n_widths = 2 };
  static const AeClassifierTerms terms = { BATCH, 0, false, true };
  AeModel *model;
  AeTape *tape;
  AeError err;
  AeRng rng;
  AeTensor in[] = { { .type = AE_F32, .shape = ae_shape (4, BATCH, 3, 4, 8) },
    { .type = AE_F32, .shape = ae_shape (1, 1) } };
  ck_assert_msg (ae_build_classifier_training (
                     &model, &shape, &terms, NULL, 7, &err) == AE_OK,
      "%s", err.text);
  ck_assert_int_eq (
      ae_tape_new (&tape, model, 1, AE_PRECISION_F32, &err), AE_OK);
  ck_assert_msg (ae_tape_bind (tape, in, 2, &err) == AE_OK, "%s", err.text);
  ae_rng_seed (&rng, 3);
  float *frame = ae_tape_input (tape, 0)->data;
  for (int i = 0; i < BATCH * 3 * 4 * 8; i++)
    frame[i] = ae_rng_uniform (&rng);
  *(float *) ae_tape_input (tape, 1)->data = STRENGTH;
  ae_model_unref (&model);
  return tape;
}

/* The cross-entropy of an output, of one class for each picture or, -1, none;
 * and its gradient. */
static double
loss_of (AeTape *tape, size_t output, const int *classes, bool gradients)
{
  static const AeLossSpec cross_entropy = { AE_LOSS_CROSS_ENTROPY, 0 };
  double partial[BATCH];
  float wanted[BATCH * 3] = { 0 };
  const AeTensor *logits = ae_tape_output (tape, output);
  for (int i = 0; i < BATCH; i++)
    if (classes[i] >= 0)
      wanted[i * logits->shape.dim[1] + classes[i]] = 1;
  AeTensor target = *logits;
  target.data = wanted;
  return ae_loss_compute (&cross_entropy, logits, &target, NULL, NULL,
      gradients ? ae_tape_output_grad (tape, output)->data : NULL, partial,
      ae_pool_shared (), 1);
}

typedef struct {
  double classes, domain;
} Losses;

static Losses
run (AeTape *tape, bool gradients)
{
  static const int classes[BATCH] = { 0, 2, 1, -1, -1 };
  static const int domains[BATCH] = { 0, 0, 0, 1, 1 };
  ae_tape_forward (tape, true, 1);
  Losses l = { loss_of (tape, 0, classes, gradients),
    loss_of (tape, 2, domains, gradients) };
  if (gradients)
    ae_tape_backward (tape);
  return l;
}

/* What the gradient of a parameter has to be of the slopes of both losses: the
 * discriminator makes its own less, the encoder makes that more, `STRENGTH`
 * times, and the error of the classes less. */
static double
wanted_gradient (const char *name, Losses slope)
{
  if (strncmp (name, "d.", 2) == 0)
    return slope.domain;
  if (strncmp (name, "c.", 2) == 0)
    return slope.classes;
  ck_assert_msg (strncmp (name, "e.", 2) == 0, "%s", name);
  return slope.classes - STRENGTH * slope.domain;
}

/* Step h carries 1e-7 / h from rounding; rectifiers bend between: few may
 * differ. */
START_TEST (test_gradients_of_both_losses)
{
  AeTape *tape = make_tape ();
  const float h = 2e-3f;
  size_t checked = 0, bad = 0;
  double of_domain = 0;
  run (tape, true);
  float *params = ae_tape_params (tape);
  const float *grads = ae_tape_grads (tape);
  ck_assert_uint_eq (ae_tape_n_params (tape), 2 * (2 + 2 + 3));
  for (size_t p = 0; p < ae_tape_n_params (tape); p++) {
    const AeParam *param = ae_tape_param (tape, p);
    size_t count = ae_shape_count (&param->shape);
    for (size_t i = 0; i < count; i += count / 16 + 1, checked++) {
      float *w = &params[param->offset + i], old = *w;
      *w = old + h;
      Losses up = run (tape, false);
      *w = old - h;
      Losses down = run (tape, false);
      *w = old;
      Losses slope = { (up.classes - down.classes) / (2 * (double) h),
        (up.domain - down.domain) / (2 * (double) h) };
      double want = wanted_gradient (param->name, slope);
      if (param->name[0] == 'e')
        of_domain += fabs (slope.domain);
      bad += fabs (grads[param->offset + i] - want)
          > 0.002 + 0.02 * fabs (want);
    }
  }
  ck_assert_msg (bad * 20 <= checked, "%zu of %zu differ", bad, checked);
  /* the reversed part is no rounding */
  ck_assert_msg (of_domain > 0.3, "%g", of_domain);
  ae_tape_free (&tape);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Trainers: bars on noise, upright or level. In the source a corner that is
 * easier to see is light beside those that are upright, in the target it never
 * is. */

enum { SIDE = 8, N_PICTURES = 600, STEPS = 1000 };

static AeRecipe *
parse (const char *more)
{
  char text[600];
  AeRecipe *recipe;
  AeError err;
  snprintf (text, sizeof text,
      "[model]\ntask = classifier\n[training]\nsteps = 1000\n%s"
      "threads = 1\nwarmup_steps = 0\nprecision = f32\nema_decay = 0.9\n"
      "learning_rate = 0.008\nvalidation = 0.2\n"
      "[classifier]\nsize = 8x8\nwidths = 8,16\nfeatures = 12\n"
      "classes = 2\n%s",
      strstr (more, "batch = ") ? "" : "batch = 40\n", more);
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  return recipe;
}

static void
draw_bar (uint8_t pixels[SIDE * SIDE], int number, bool target)
{
  int at = number / 2 % SIDE;
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) number);
  uint8_t corner = (uint8_t) (20 + ae_rng_below (&rng, 236));
  for (int i = 0; i < SIDE * SIDE; i++)
    pixels[i] = (uint8_t) ae_rng_below (&rng, 60);
  for (int i = 0; i < SIDE; i++)
    pixels[number % 2 ? i * SIDE + at : at * SIDE + i] = 150;
  for (int i = 0; i < 3 * 3; i++)
    pixels[i / 3 * SIDE + i % 3] = number % 2 && !target ? corner : 0;
}

static AeStatus
add_bar (AeRecipeTrainer *t, int number, bool target, AeError *err)
{
  uint8_t pixels[SIDE * SIDE];
  draw_bar (pixels, number, target);
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = SIDE, .height = SIDE,
    .plane = { pixels }, .stride = { SIDE } };
  return ae_recipe_trainer_add_labelled (
      t, &image, 0, target ? AE_NO_LABEL : number % 2, err);
}

static AeRecipeTrainer *
open_trainer (const char *more, AeModel *base, bool target)
{
  AeRecipe *recipe = parse (more);
  AeRecipeTrainer *t;
  AeError err;
  ck_assert_msg (ae_recipe_trainer_new (&t, recipe, base, &err) == AE_OK,
      "%s", err.text);
  for (int i = 0; i < N_PICTURES; i++) {
    ck_assert_int_eq (add_bar (t, i, false, &err), AE_OK);
    if (target)
      ck_assert_int_eq (add_bar (t, 5000 + i, true, &err), AE_OK);
  }
  ae_recipe_free (&recipe);
  return t;
}

static AeModel *
train (AeRecipeTrainer *t, int steps)
{
  AeModel *model;
  AeStepReport report;
  AeError err;
  for (int i = 0; i < steps; i++)
    ck_assert_msg (ae_recipe_trainer_step (t, &report, &err) == AE_OK, "%s",
        err.text);
  ck_assert_msg (ae_recipe_trainer_model (t, true, &model, &err) == AE_OK,
      "%s", err.text);
  return model;
}

/* Per cent of 100 bars that no training saw. */
static double
accuracy (AeModel *model, bool target)
{
  AeSession *session;
  AeError err;
  int right = 0;
  AeTensor in = { .type = AE_F32, .shape = ae_shape (4, 100, 1, SIDE, SIDE) };
  ck_assert_int_eq (ae_session_new (&session, model, NULL, &err), AE_OK);
  ck_assert_int_eq (ae_session_bind (session, &in, 1, &err), AE_OK);
  float *frame = ae_session_input (session, 0)->data;
  for (int i = 0; i < 100; i++) {
    uint8_t pixels[SIDE * SIDE];
    draw_bar (pixels, 9000 + i, target);
    for (int k = 0; k < SIDE * SIDE; k++)
      *frame++ = pixels[k] / 255.0f;
  }
  ae_session_run (session);
  const float *logits = ae_session_output (session, 0)->data;
  for (int i = 0; i < 100; i++)
    right += (logits[2 * i + 1] > logits[2 * i]) == i % 2;
  ae_session_free (&session);
  return right;
}

static AeTrainingFigure
domain_error (const AeRecipeTrainer *t)
{
  AeTrainingFigure figures[AE_TRAINING_FIGURES];
  ck_assert_uint_eq (ae_recipe_trainer_figures (t, figures), 2);
  ck_assert_str_eq (figures[0].name, "batch-accuracy");
  ck_assert_str_eq (figures[1].name, "domain-error");
  return figures[1];
}

static void
train_and_judge (const char *more, double *error, double *right)
{
  AeRecipeTrainer *t = open_trainer (more, NULL, true);
  AeModel *model = train (t, STEPS);
  *error = domain_error (t).value;
  *right = accuracy (model, true);
  ck_assert (accuracy (model, false) > 95);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
}

/* 25 % at best: level bars are the same in both. */
START_TEST (test_what_tells_domains_apart_is_unlearned)
{
  double told, hidden, before, after;
  train_and_judge ("adaptation = 0.000001\n", &told, &before);
  train_and_judge ("adaptation = 1\n", &hidden, &after);
  ck_assert_msg (told < 35, "domain error %g %% without adaptation", told);
  ck_assert_msg (hidden > 40, "domain error %g %%", hidden);
  ck_assert_msg (before < 80 && after > 85, "%g %% before, %g %% after",
      before, after);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* The discriminator is no part of the model; another training starts from it
 * all the same. */
START_TEST (test_the_model_is_a_classifier)
{
  AeRecipeTrainer *t = open_trainer ("adaptation = 1\n", NULL, true);
  AeModel *model = train (t, 10);
  ck_assert_uint_eq (ae_model_n_inputs (model), 1);
  ck_assert_uint_eq (ae_model_n_outputs (model), 2);
  ck_assert_str_eq (ae_model_output_name (model, 0), "logits");
  ck_assert_str_eq (ae_model_output_name (model, 1), "features");
  ck_assert_str_eq (ae_model_meta (model, "ae.train.pictures"), "1200");
  ae_recipe_trainer_free (&t);
  t = open_trainer ("adaptation = 0.5\n", model, true);
  AeModel *start = train (t, 0);
  ck_assert (fabs (accuracy (start, false) - accuracy (model, false)) < 0.5);
  ae_model_unref (&start);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_training_goes_on_from_a_checkpoint)
{
  static const char more[] = "adaptation = 1\ndropout = 0.3\nshift = 1\n";
  char folder[64];
  AeError err;
  ae_tmp_make (folder);
  const char *path = ae_tmp_path (folder, "a.ckpt");
  AeRecipeTrainer *one = open_trainer (more, NULL, true);
  AeModel *half = train (one, 5);
  ck_assert_int_eq (ae_recipe_trainer_save (one, path, &err), AE_OK);
  AeModel *whole = train (one, 5);
  AeRecipeTrainer *two = open_trainer (more, NULL, true);
  ck_assert_int_eq (ae_recipe_trainer_restore (two, path, &err), AE_OK);
  AeModel *resumed = train (two, 5);
  ck_assert_str_eq (ae_model_id (whole), ae_model_id (resumed));
  ck_assert_str_ne (ae_model_id (whole), ae_model_id (half));
  ae_model_unref (&half);
  ae_model_unref (&whole);
  ae_model_unref (&resumed);
  ae_recipe_trainer_free (&one);
  /* a training without the other domain is another one */
  one = open_trainer ("", NULL, false);
  ck_assert_int_eq (
      ae_recipe_trainer_restore (one, path, &err), AE_ERROR_SHAPE);
  ae_recipe_trainer_free (&one);
  ae_recipe_trainer_free (&two);
  ae_tmp_remove (folder);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_both_domains_must_be_there)
{
  AeRecipeTrainer *t = open_trainer ("adaptation = 1\n", NULL, false);
  AeStepReport report;
  AeError err;
  ck_assert_uint_eq (ae_recipe_trainer_n_frames (t), N_PICTURES);
  ck_assert_int_eq (
      ae_recipe_trainer_step (t, &report, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_msg (strstr (err.text, "no picture without a label") != NULL,
      "%s", err.text);
  ae_recipe_trainer_free (&t);
  AeRecipe *recipe = parse ("adaptation = 1\n");
  ck_assert_int_eq (ae_recipe_trainer_new (&t, recipe, NULL, &err), AE_OK);
  ck_assert_int_eq (add_bar (t, 1, true, &err), AE_OK);
  ck_assert_int_eq (
      ae_recipe_trainer_step (t, &report, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_msg (
      strstr (err.text, "no pictures to train") != NULL, "%s", err.text);
  ae_recipe_trainer_free (&t);
  ae_recipe_free (&recipe);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static const struct {
  const char *more, *text;
} wrong[] = {
  { "adaptation = 1\nfreeze = yes\n", "adaptation of 1 with classifier.freeze" },
  { "adaptation = 1\n[training]\nbatch = 1\n",
      "batch is 1, wanted at least 2 with classifier.adaptation" },
};

START_TEST (test_wrong_recipes_are_named)
{
  AeRecipe *recipe = parse (wrong[_i].more);
  AeRecipeTrainer *t;
  AeError err;
  ck_assert_int_eq (
      ae_recipe_trainer_new (&t, recipe, NULL, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (
      strstr (err.text, wrong[_i].text) != NULL, "%s", err.text);
  ck_assert_ptr_null (t);
  ae_recipe_free (&recipe);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
adaptation_suite (void)
{
  Suite *suite = suite_create ("adaptation");
  TCase *tcase = tcase_create ("adaptation");
  tcase_set_timeout (tcase, 30);
  tcase_add_test (tcase, test_strength_grows_as_in_the_paper);
  tcase_add_test (tcase, test_gradients_of_both_losses);
  tcase_add_test (tcase, test_what_tells_domains_apart_is_unlearned);
  tcase_add_test (tcase, test_the_model_is_a_classifier);
  tcase_add_test (tcase, test_training_goes_on_from_a_checkpoint);
  tcase_add_test (tcase, test_both_domains_must_be_there);
  tcase_add_loop_test (tcase, test_wrong_recipes_are_named, 0,
      sizeof wrong / sizeof *wrong);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (adaptation_suite)
