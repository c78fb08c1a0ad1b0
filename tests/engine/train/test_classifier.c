/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "ae_tmp.h"

#include <ae/recipe_trainer.h>
#include <ae/session.h>

#include "runtime/tape.h"
#include "train/classifier_nets.h"
#include "train/label_choice.h"
#include "train/loss.h"
#include "train/picture_warp.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Gradients. */

enum { BATCH = 3 };

static const struct {
  AeClassifierShape shape;
  AeClassifierTerms terms;
} nets[] = {
  { { AE_CLASSIFIER_CONV, { 4, 4, 1 }, 5, 3, { 4 }, 1 }, { BATCH, 0, false } },
  { { AE_CLASSIFIER_CONV, { 8, 4, 3 }, 6, 2, { 5, 6 }, 2 },
      { BATCH, 0.3f, false } },
  { { AE_CLASSIFIER_DENSE, { 5, 3, 1 }, 6, 2, { 9, 7 }, 2 },
      { BATCH, 0.3f, false } },
};
enum { N_NETS = sizeof nets / sizeof *nets };

static AeTape *
make_tape (const AeClassifierShape *s, const AeClassifierTerms *terms)
{
  AeModel *model;
  AeTape *tape;
  AeError err;
  AeRng rng;
  AeTensor in = { .type = AE_F32,
    .shape
    = ae_shape (4, BATCH, s->size.channels, s->size.height, s->size.width) };
  ck_assert_msg (
      ae_build_classifier_training (&model, s, terms, NULL, 7, &err) == AE_OK,
      "%s", err.text);
  ck_assert_int_eq (
      ae_tape_new (&tape, model, 1, AE_PRECISION_F32, &err), AE_OK);
  ck_assert_msg (ae_tape_bind (tape, &in, 1, &err) == AE_OK, "%s", err.text);
  ae_rng_seed (&rng, 3);
  float *frame = ae_tape_input (tape, 0)->data;
  for (size_t i = 0; i < ae_shape_count (&in.shape); i++)
    frame[i] = ae_rng_uniform (&rng);
  ae_model_unref (&model);
  return tape;
}

/* The cross-entropy of classes 0, 1, 0, ...; and its gradient. Dropout is the
 * same at each call. */
static double
loss_of (AeTape *tape, bool gradients)
{
  static const AeLossSpec cross_entropy = { AE_LOSS_CROSS_ENTROPY, 0 };
  double partial[BATCH];
  float wanted[BATCH * 8] = { 0 };
  ae_tape_forward (tape, true, 1);
  const AeTensor *logits = ae_tape_output (tape, 0);
  for (int i = 0; i < BATCH; i++)
    wanted[i * logits->shape.dim[1] + i % 2] = 1;
  AeTensor target = *logits;
  target.data = wanted;
  double loss = ae_loss_compute (&cross_entropy, logits, &target, NULL, NULL,
      gradients ? ae_tape_output_grad (tape, 0)->data : NULL, partial,
      ae_pool_shared (), 1);
  if (gradients)
    ae_tape_backward (tape);
  return loss;
}

/* Step h carries 1e-7 / h from rounding; rectifiers bend between: few may
 * differ. */
START_TEST (test_gradients_of_the_cross_entropy)
{
  AeTape *tape = make_tape (&nets[_i].shape, &nets[_i].terms);
  const float h = 2e-3f;
  size_t checked = 0, bad = 0;
  loss_of (tape, true);
  float *params = ae_tape_params (tape);
  const float *grads = ae_tape_grads (tape);
  ck_assert_uint_eq (
      ae_tape_n_params (tape), 2 * (nets[_i].shape.n_widths + 2));
  for (size_t p = 0; p < ae_tape_n_params (tape); p++) {
    const AeParam *param = ae_tape_param (tape, p);
    size_t count = ae_shape_count (&param->shape);
    double norm = 0;
    for (size_t i = 0; i < count; i += count / 16 + 1, checked++) {
      float *w = &params[param->offset + i], old = *w;
      *w = old + h;
      double up = loss_of (tape, false);
      *w = old - h;
      double down = loss_of (tape, false);
      *w = old;
      double slope = (up - down) / (2 * (double) h);
      double got = grads[param->offset + i];
      norm += fabs (got);
      bad += fabs (got - slope) > 0.002 + 0.02 * fabs (slope);
    }
    ck_assert_msg (norm > 0, "%s has no gradient", param->name);
  }
  ck_assert_msg (bad * 20 <= checked, "%zu of %zu differ", bad, checked);
  ck_assert_uint_gt (checked, 30);
  ae_tape_free (&tape);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Trainers. */

enum { SIDE = 8, N_PICTURES = 120 };

static AeRecipe *
parse (const char *task, const char *more)
{
  char text[600];
  AeRecipe *recipe;
  AeError err;
  snprintf (text, sizeof text,
      "[model]\ntask = %s\n[training]\nsteps = 60\nbatch = 20\n"
      "threads = 1\nwarmup_steps = 0\nprecision = f32\nema_decay = 0.9\n"
      "learning_rate = 0.005\nvalidation = 0.2\n"
      "[%s]\n%s%s%s", task, task,
      strstr (more, "size = ") ? "" : "size = 8x8\n",
      strstr (more, "widths = ") ? "" : "widths = 8,16\n", more);
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  return recipe;
}

/* A bar, upright or level by its label, somewhere, on noise. */
static void
draw_bar (uint8_t pixels[SIDE * SIDE], int number)
{
  int at = number / 2 % SIDE;
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) number);
  for (int i = 0; i < SIDE * SIDE; i++)
    pixels[i] = (uint8_t) ae_rng_below (&rng, 60);
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
open_trainer (const char *task, const char *more, AeModel *base)
{
  AeRecipe *recipe = parse (task, more);
  AeRecipeTrainer *t;
  AeError err;
  ck_assert_msg (ae_recipe_trainer_new (&t, recipe, base, &err) == AE_OK,
      "%s", err.text);
  for (int i = 0; i < N_PICTURES; i++)
    ck_assert_msg (add_bar (t, i, i % 2, &err) == AE_OK, "%s", err.text);
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
  ck_assert_msg (ae_recipe_trainer_model (t, false, &model, &err) == AE_OK,
      "%s", err.text);
  return model;
}

#define SMALL "features = 12\nclasses = 2\n"

static const char *const learners[] = { SMALL, SMALL "dropout = 0.3\n",
  SMALL "shift = 1\nrotation = 10\nstretch = 0.1\n",
  SMALL "labels_per_class = 40\n",
  SMALL "net = dense\nwidths = 40,20\ndropout = 0.3\n" };

START_TEST (test_bars_are_told_apart)
{
  AeRecipeTrainer *t = open_trainer ("classifier", learners[_i], NULL);
  AeError err;
  AeTrainingPlan plan;
  AeTrainingFigure figures[AE_TRAINING_FIGURES];
  float before, after;
  ae_recipe_trainer_plan (t, &plan);
  ck_assert_str_eq (plan.score, "accuracy");
  ck_assert (!plan.colours);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &before, &err), AE_OK);
  AeModel *model = train (t, 60);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &after, &err), AE_OK);
  ck_assert_msg (before < 90 && after >= 95, "%g before, %g after", before,
      after);
  ck_assert_uint_eq (ae_recipe_trainer_figures (t, figures), 1);
  ck_assert_msg (figures[0].value > 60 && figures[0].value <= 100, "%g",
      figures[0].value);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_the_model_says_what_it_is)
{
  AeRecipeTrainer *t = open_trainer ("classifier", SMALL, NULL);
  AeModel *model = train (t, 60);
  AeSession *session;
  AeError err;
  int right = 0;
  ck_assert_str_eq (ae_model_meta (model, "ae.task"), "classifier");
  ck_assert_str_eq (ae_model_meta (model, "ae.classifier.size"), "8x8");
  ck_assert_str_eq (ae_model_meta (model, "ae.classifier.net"), "conv");
  ck_assert_str_eq (ae_model_meta (model, "ae.classifier.classes"), "2");
  ck_assert_str_eq (ae_model_meta (model, "ae.classifier.features"), "12");
  ck_assert_str_eq (ae_model_meta (model, "ae.train.pictures"), "120");
  ck_assert_str_eq (ae_model_input_name (model, 0), "frame");
  ck_assert_str_eq (ae_model_output_name (model, 0), "logits");
  ck_assert_str_eq (ae_model_output_name (model, 1), "features");
  AeTensor in = { .type = AE_F32, .shape = ae_shape (4, 40, 1, 8, 8) };
  ck_assert_int_eq (ae_session_new (&session, model, NULL, &err), AE_OK);
  ck_assert_int_eq (ae_session_bind (session, &in, 1, &err), AE_OK);
  float *frame = ae_session_input (session, 0)->data;
  for (int i = 0; i < 40; i++) {
    uint8_t pixels[SIDE * SIDE];
    draw_bar (pixels, 1000 + i);
    for (int k = 0; k < SIDE * SIDE; k++)
      *frame++ = pixels[k] / 255.0f;
  }
  ae_session_run (session);
  const float *logits = ae_session_output (session, 0)->data;
  const float *features = ae_session_output (session, 1)->data;
  for (int i = 0; i < 40; i++)
    right += (logits[2 * i + 1] > logits[2 * i]) == i % 2;
  ck_assert_int_ge (right, 38);
  for (int i = 0; i < 40 * 12; i++)
    ck_assert (features[i] >= 0);
  ae_session_free (&session);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
}
END_TEST

START_TEST (test_training_goes_on_from_a_checkpoint)
{
  static const char more[]
      = SMALL "dropout = 0.3\nshift = 1\nlabels_per_class = 20\n";
  char folder[64];
  AeError err;
  ae_tmp_make (folder);
  const char *path = ae_tmp_path (folder, "c.ckpt");
  AeRecipeTrainer *one = open_trainer ("classifier", more, NULL);
  AeModel *half = train (one, 5);
  ck_assert_int_eq (ae_recipe_trainer_save (one, path, &err), AE_OK);
  AeModel *whole = train (one, 5);
  AeRecipeTrainer *two = open_trainer ("classifier", more, NULL);
  ck_assert_int_eq (ae_recipe_trainer_restore (two, path, &err), AE_OK);
  AeModel *resumed = train (two, 5);
  ck_assert_str_eq (ae_model_id (whole), ae_model_id (resumed));
  ck_assert_str_ne (ae_model_id (whole), ae_model_id (half));
  ae_model_unref (&half);
  ae_model_unref (&whole);
  ae_model_unref (&resumed);
  ae_recipe_trainer_free (&one);
  ae_recipe_trainer_free (&two);
  ae_tmp_remove (folder);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* What an initializer of the model holds. */
static const float *
weights (const AeModel *model, const char *name)
{
  const AeGraph *graph = ae_model_graph (model);
  int at = ae_graph_find (graph, name);
  ck_assert_msg (at >= 0, "%s", name);
  return graph->values[at].constant->data;
}

static const struct {
  const char *net;
  size_t second, latent; /* weights of these layers */
} encoders[] = {
  { "net = conv\n", 8 * 16 * 16, 12 * 16 * 4 },
  { "net = dense\n", 8 * 16, 12 * 16 },
};
enum { N_ENCODERS = sizeof encoders / sizeof *encoders };

/* An encoder that learned without labels is where training starts, and stays
 * where it is frozen. */
START_TEST (test_starts_from_an_autoencoder)
{
  char more[200];
  const char *net = encoders[_i].net;
  snprintf (more, sizeof more, "%slatent = 12\n", net);
  AeRecipeTrainer *t = open_trainer ("autoencoder", more, NULL);
  AeModel *coder = train (t, 20);
  ae_recipe_trainer_free (&t);
  for (int frozen = 0; frozen < 2; frozen++) {
    snprintf (more, sizeof more, SMALL "%s%s", net,
        frozen ? "freeze = yes\n" : "labels_per_class = 3\n");
    t = open_trainer ("classifier", more, coder);
    AeModel *start = train (t, 0), *end = train (t, 20);
    size_t second = encoders[_i].second * sizeof (float);
    ck_assert_mem_eq (weights (coder, "e.1.weight"),
        weights (start, "e.1.weight"), second);
    ck_assert_mem_eq (weights (coder, "e.latent.weight"),
        weights (start, "e.latent.weight"),
        encoders[_i].latent * sizeof (float));
    int same = memcmp (weights (coder, "e.1.weight"),
                   weights (end, "e.1.weight"), second)
        == 0;
    ck_assert_int_eq (same, frozen);
    ck_assert (memcmp (weights (start, "c.head.weight"),
                   weights (end, "c.head.weight"), 24 * sizeof (float))
        != 0);
    ae_model_unref (&start);
    ae_model_unref (&end);
    ae_recipe_trainer_free (&t);
  }
  ae_model_unref (&coder);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static void
refuse (const char *more, AeModel *base, AeStatus status, const char *text)
{
  AeRecipe *recipe = parse ("classifier", more);
  AeRecipeTrainer *t;
  AeError err;
  ck_assert_int_eq (ae_recipe_trainer_new (&t, recipe, base, &err), status);
  ck_assert_msg (strstr (err.text, text) != NULL, "%s", err.text);
  ck_assert_ptr_null (t);
  ae_recipe_free (&recipe);
}

START_TEST (test_wrong_recipes_are_named)
{
  AeRecipeTrainer *t = open_trainer ("autoencoder", "latent = 5\n", NULL);
  AeModel *coder = train (t, 1);
  refuse (SMALL, coder, AE_ERROR_SHAPE,
      "e.latent.weight is 5x64, wanted 12x64");
  refuse (SMALL "freeze = yes\n", NULL, AE_ERROR_ARGUMENT,
      "classifier.freeze without a model");
  refuse ("widths = 8,8,8,8\n", NULL, AE_ERROR_ARGUMENT,
      "8x8, wanted multiples of 16");
  refuse (SMALL "net = dense\n", coder, AE_ERROR_SHAPE,
      "e.0.weight is 8x1x4x4, wanted 8x64");
  refuse ("net = dense\nsize = 200x200\nwidths = 2000\n", NULL,
      AE_ERROR_LIMIT, "a layer of 80000000 weights, wanted at most 50000000");
  refuse ("size = 8\n", NULL, AE_ERROR_FORMAT,
      "[classifier] size is '8', wanted WIDTHxHEIGHT");
  refuse ("size = 512x512\nwidths = 4096\nfeatures = 4096\n", NULL,
      AE_ERROR_LIMIT, "wanted at most 50000000");
  ae_model_unref (&coder);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_labels_must_be_there_and_fit)
{
  AeRecipeTrainer *t = open_trainer ("classifier", SMALL, NULL);
  AeError err;
  ck_assert_int_eq (add_bar (t, 0, AE_NO_LABEL, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "without a label, wanted one of 0 to 1")
      != NULL, "%s", err.text);
  ck_assert_int_eq (add_bar (t, 0, 2, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (
      strstr (err.text, "label 2, wanted 0 to 1") != NULL, "%s", err.text);
  ck_assert_uint_eq (ae_recipe_trainer_n_frames (t), N_PICTURES);
  ae_recipe_trainer_free (&t);
  AeRecipe *recipe = parse ("classifier", SMALL);
  AeStepReport report;
  float score;
  ck_assert_int_eq (ae_recipe_trainer_new (&t, recipe, NULL, &err), AE_OK);
  ck_assert_int_eq (
      ae_recipe_trainer_step (t, &report, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_int_eq (
      ae_recipe_trainer_validate (t, &score, &err), AE_ERROR_NEEDS_DATA);
  ae_recipe_trainer_free (&t);
  ae_recipe_free (&recipe);
}
END_TEST

/* Its parts. */

START_TEST (test_choice_has_so_many_of_each)
{
  static const AeThumbnailSize size = { 2, 2, 1 };
  AePictureStore *store;
  AeLabelChoice choice = { 0 }, other = { 0 };
  AeError err;
  int counts[3] = { 0 }, same = 0;
  ck_assert_int_eq (
      ae_picture_store_new (&store, &size, 1 << 20, 0, 0, 1, &err), AE_OK);
  /* 100 of label 0, 100 of 1, 4 of 2 */
  for (int i = 0; i < 204; i++) {
    uint8_t pixels[4] = { 0 };
    AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = 2, .height = 2,
      .plane = { pixels }, .stride = { 2 } };
    ck_assert_int_eq (ae_picture_store_add (
        store, &image, i < 200 ? i % 2 : 2, &err), AE_OK);
  }
  ck_assert_int_eq (
      ae_label_choice_update (&choice, store, 10, 1, &err), AE_OK);
  ck_assert_int_eq (
      ae_label_choice_update (&other, store, 10, 2, &err), AE_OK);
  ck_assert_uint_eq (choice.n, 24);
  for (size_t i = 0; i < choice.n; i++) {
    counts[ae_picture_store_label (store, choice.indices[i])]++;
    ck_assert (i == 0 || choice.indices[i] > choice.indices[i - 1]);
    same += choice.indices[i] == other.indices[i];
  }
  ck_assert_int_eq (counts[0], 10);
  ck_assert_int_eq (counts[1], 10);
  ck_assert_int_eq (counts[2], 4);
  ck_assert_int_lt (same, 20);
  ae_label_choice_clear (&choice);
  ae_label_choice_clear (&other);
  ae_picture_store_free (&store);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* The middle of a dot in the picture. */
static void
middle_of (const float *picture, int width, int height, double *x, double *y)
{
  double sum = 0;
  *x = *y = 0;
  for (int i = 0; i < width * height; i++) {
    sum += picture[i];
    *x += picture[i] * (i % width);
    *y += picture[i] * (i / width);
  }
  ck_assert (sum > 0);
  *x /= sum;
  *y /= sum;
}

/* A dot near an edge moves as far as it may, and not at all where nothing is
 * asked for. */
START_TEST (test_warp_moves_as_far_as_it_may)
{
  static const AeThumbnailSize size = { 21, 21, 1 };
  static const struct {
    AePictureWarp warp;
    double most; /* pixels that a dot 6 beside the middle moves */
  } cases[] = { { { 0, 0, 0 }, 0 }, { { 2, 0, 0 }, 2 }, { { 0, 30, 0 }, 3.11 },
    { { 0, 0, 0.2f }, 1.5 } };
  float from[21 * 21] = { 0 }, to[21 * 21];
  AeRng rng;
  ae_rng_seed (&rng, 1);
  from[10 * 21 + 16] = from[10 * 21 + 15] = from[10 * 21 + 17] = 1;
  from[9 * 21 + 16] = from[11 * 21 + 16] = 1;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    double furthest = 0, x, y;
    for (int i = 0; i < 200; i++) {
      ae_picture_warp (&cases[k].warp, &size, &rng, from, to);
      middle_of (to, 21, 21, &x, &y);
      double dx = fabs (x - 16), dy = fabs (y - 10);
      double moved = cases[k].warp.rotation > 0 ? hypot (dx, dy)
                                                : fmax (dx, dy);
      furthest = fmax (furthest, moved);
    }
    /* interpolation moves a dot's middle by a tenth of a pixel */
    ck_assert_msg (furthest <= cases[k].most + 0.15
            && furthest >= 0.9 * cases[k].most - 0.15,
        "%zu: %g", k, furthest);
    ck_assert (ae_picture_warp_does_something (&cases[k].warp) == (k > 0));
  }
}
END_TEST

static Suite *
classifier_suite (void)
{
  Suite *suite = suite_create ("classifier");
  TCase *tcase = tcase_create ("classifier");
  tcase_add_loop_test (
      tcase, test_gradients_of_the_cross_entropy, 0, N_NETS);
  tcase_add_loop_test (tcase, test_bars_are_told_apart, 0,
      sizeof learners / sizeof *learners);
  tcase_add_test (tcase, test_the_model_says_what_it_is);
  tcase_add_test (tcase, test_training_goes_on_from_a_checkpoint);
  tcase_add_loop_test (
      tcase, test_starts_from_an_autoencoder, 0, N_ENCODERS);
  tcase_add_test (tcase, test_wrong_recipes_are_named);
  tcase_add_test (tcase, test_labels_must_be_there_and_fit);
  tcase_add_test (tcase, test_choice_has_so_many_of_each);
  tcase_add_test (tcase, test_warp_moves_as_far_as_it_may);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (classifier_suite)
