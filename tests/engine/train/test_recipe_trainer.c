/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What holds for every task, through the one interface. */
#include "ae_test.h"
#include "ae_tmp.h"

#include <ae/codec.h>
#include <ae/recipe_trainer.h>

#include "train/codec_store.h"
#include "train/recipe.h"
#include "train/task.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 64, HEIGHT = 64 };

/* One of each task, as small as it goes. */
static const char *const recipes[] = {
  "[network]\nwidths = 16,16,16\ndepths = 1,1,1\n"
  "[training]\nsteps = 40\nbatch = 2\npatch = 32\nthreads = 2\n"
  "warmup_steps = 0\nprecision = f32\n",
  "[model]\ntask = codec\nname = mine\n"
  "[codec]\nlatents = 96\ncore = 32\nwidths = 16,16\ncontext_steps = 3\n"
  "[training]\nsteps = 40\nbatch = 2\npatch = 32\nthreads = 2\n"
  "validation = 0.25\nprecision = f32\n",
  "[model]\ntask = anomaly\n[anomaly]\npast = 2\nwidths = 8,8,8\nlatent = 8\n"
  "[training]\nsteps = 40\nbatch = 2\npatch = 32\nthreads = 2\n"
  "warmup_steps = 0\nprecision = f32\n",
  "[model]\ntask = autoencoder\n[autoencoder]\nwidths = 8,8\nlatent = 8\n"
  "code = variational\nsize = 32x32\nnoise = 0.1\n"
  "[training]\nsteps = 40\nbatch = 2\nthreads = 2\nwarmup_steps = 0\n"
  "precision = f32\n",
  "[model]\ntask = classifier\n[classifier]\nwidths = 8,8\nfeatures = 8\n"
  "classes = 3\nsize = 32x32\ndropout = 0.2\nshift = 1\n"
  "[training]\nsteps = 40\nbatch = 2\nthreads = 2\nwarmup_steps = 0\n"
  "precision = f32\n",
  "[model]\ntask = gan\n[gan]\nwidths = 8,8\nlatent = 8\nclasses = 3\n"
  "size = 32x32\n"
  "[training]\nsteps = 40\nbatch = 2\nthreads = 2\nlearning_rate = 0.01\n"
  "precision = f32\n",
  "[model]\ntask = rbm\n[rbm]\nhidden = 8\ngibbs_steps = 2\nsize = 32x32\n"
  "[training]\nsteps = 40\nbatch = 2\nthreads = 2\nwarmup_steps = 0\n"
  "learning_rate = 0.005\n",
};
enum { N_RECIPES = sizeof recipes / sizeof *recipes };

static AeImage
make_picture (int seed, int width, int height)
{
  AeImage image = { .pixels = AE_PIXELS_I420, .width = width,
    .height = height };
  int n = width * height;
  uint8_t *bytes = malloc ((size_t) n * 3 / 2);
  for (int i = 0; i < n; i++)
    bytes[i] = (uint8_t) (128 + 60 * sin (i % width * 0.15 * (1 + seed % 3))
        + 50 * cos (i / width * 0.1 + seed));
  memset (bytes + n, 100 + seed, (size_t) n / 2);
  for (int i = 0; i < 3; i++) {
    image.plane[i] = bytes + (i == 0 ? 0 : n + (i - 1) * n / 4);
    image.stride[i] = i == 0 ? width : width / 2;
  }
  return image;
}

static void
add (AeRecipeTrainer *t, int seed, double seconds)
{
  AeImage image = make_picture (seed, WIDTH, HEIGHT);
  AeError err;
  ck_assert_msg (
      ae_recipe_trainer_add_labelled (t, &image, seconds, seed % 3, &err)
          == AE_OK,
      "%s", err.text);
  free (image.plane[0]);
}

static AeRecipe *
parse (const char *text)
{
  AeRecipe *recipe;
  AeError err;
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  return recipe;
}

static AeRecipeTrainer *
open_trainer (int which, AeModel *base, int n_pictures)
{
  AeRecipeTrainer *t;
  AeError err;
  AeRecipe *recipe = parse (recipes[which]);
  ck_assert_msg (ae_recipe_trainer_new (&t, recipe, base, &err) == AE_OK,
      "%s", err.text);
  ae_recipe_free (&recipe);
  for (int i = 0; i < n_pictures; i++)
    add (t, i, i % 4 > 0 ? 0.1 : 0);
  return t;
}

static float
train (AeRecipeTrainer *t, int steps, AeStepReport *report)
{
  AeError err;
  float sum = 0;
  for (int i = 0; i < steps; i++) {
    ck_assert_msg (ae_recipe_trainer_step (t, report, &err) == AE_OK, "%s",
        err.text);
    ck_assert_int_eq (report->step, ae_recipe_trainer_steps (t));
    sum += report->loss;
  }
  return sum / (float) steps;
}

START_TEST (test_every_task_trains_and_makes_a_model)
{
  AeRecipeTrainer *t = open_trainer (_i, NULL, 8);
  AeTrainingPlan plan;
  AeStepReport report;
  AeModel *model;
  AeError err;
  float before, after, again;
  ae_recipe_trainer_plan (t, &plan);
  ck_assert_int_eq (plan.steps, 40);
  ck_assert_int_eq (plan.batch, 2);
  ck_assert_uint_eq (ae_recipe_trainer_n_frames (t), 8);
  train (t, 2, &report);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &before, &err), AE_OK);
  train (t, 38, &report);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &after, &err), AE_OK);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &again, &err), AE_OK);
  /* no coverage is above 100 % */
  ck_assert_msg (after > before || before == 100,
      "%g %s after, %g before", after, plan.score, before);
  ck_assert (after == again);
  AeTrainingFigure figures[AE_TRAINING_FIGURES];
  size_t n = ae_recipe_trainer_figures (t, figures);
  for (size_t i = 0; i < n; i++)
    ck_assert (isfinite (figures[i].value) && strlen (figures[i].name) > 0);
  ck_assert_msg (ae_recipe_trainer_model (t, false, &model, &err) == AE_OK,
      "%s", err.text);
  ck_assert_str_eq (ae_model_meta (model, "ae.task"), plan.task);
  ck_assert_str_eq (ae_model_meta (model, "ae.train.steps"), "40");
  ck_assert_ptr_nonnull (
      strstr (ae_model_meta (model, "ae.recipe"), "steps = 40"));
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_every_task_resumes_the_same)
{
  AeRecipeTrainer *one = open_trainer (_i, NULL, 6);
  AeRecipeTrainer *two = open_trainer (_i, NULL, 6);
  AeStepReport a, b;
  AeError err;
  char folder[64];
  ae_tmp_make (folder);
  const char *path = ae_tmp_path (folder, "training.ckpt");
  train (one, 3, &a);
  ck_assert_int_eq (ae_recipe_trainer_save (one, path, &err), AE_OK);
  train (one, 3, &a);
  ck_assert_int_eq (ae_recipe_trainer_restore (two, path, &err), AE_OK);
  ck_assert_int_eq (ae_recipe_trainer_steps (two), 3);
  /* a validation is no step */
  float score;
  ck_assert_int_eq (ae_recipe_trainer_validate (two, &score, &err), AE_OK);
  train (two, 3, &b);
  ck_assert_int_eq (a.step, b.step);
  ck_assert_msg (a.loss == b.loss, "%.9g %.9g", a.loss, b.loss);
  ae_recipe_trainer_free (&one);
  ae_recipe_trainer_free (&two);
  ae_tmp_remove (folder);
}
END_TEST

/* Kept weights are what a model is made of later, and what a training goes on
 * from. */
START_TEST (test_every_task_keeps_and_goes_on)
{
  AeRecipeTrainer *t = open_trainer (_i, NULL, 4);
  AeStepReport report;
  AeModel *model, *last;
  AeError err;
  train (t, 4, &report);
  ck_assert_int_eq (ae_recipe_trainer_keep (t, &err), AE_OK);
  train (t, 3, &report);
  ck_assert_int_eq (ae_recipe_trainer_model (t, true, &model, &err), AE_OK);
  ck_assert_int_eq (ae_recipe_trainer_model (t, false, &last, &err), AE_OK);
  ck_assert_str_eq (ae_model_meta (model, "ae.train.steps"), "4");
  ck_assert_str_eq (ae_model_meta (last, "ae.train.steps"), "7");
  ae_recipe_trainer_free (&t);
  t = open_trainer (_i, model, 4);
  train (t, 1, &report);
  ae_recipe_trainer_free (&t);
  ae_model_unref (&model);
  ae_model_unref (&last);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* But for the one that the task names; a GAN takes that for its clusters, and
 * this one has none. */
START_TEST (test_a_model_of_another_task_is_no_base)
{
  AeRecipeTrainer *t = open_trainer (_i, NULL, 4);
  AeStepReport report;
  AeModel *model;
  AeError err;
  train (t, 1, &report);
  ck_assert_int_eq (ae_recipe_trainer_model (t, false, &model, &err), AE_OK);
  ae_recipe_trainer_free (&t);
  for (int k = 0; k < N_RECIPES; k++) {
    AeRecipe *recipe = parse (recipes[k]);
    const char *base = ae_task_of (recipe)->base;
    bool fits = k == _i
        || (base && strcmp (base, ae_model_meta (model, "ae.task")) == 0
            && strcmp (ae_task_of (recipe)->name, "gan") != 0);
    AeStatus status = ae_recipe_trainer_new (&t, recipe, model, &err);
    ck_assert_int_eq (status, fits ? AE_OK : AE_ERROR_NOT_FOUND);
    if (!fits)
      ck_assert_msg (strstr (err.text, ae_model_meta (model, "ae.task")) != NULL
              && strstr (err.text, "to continue from") != NULL, "%s", err.text);
    ae_recipe_trainer_free (&t);
    ae_recipe_free (&recipe);
  }
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_every_task_says_what_it_lacks)
{
  AeRecipeTrainer *t = open_trainer (_i, NULL, 0);
  AeImage tiny = make_picture (0, 10, 10);
  AeError err;
  float score;
  ck_assert_int_eq (
      ae_recipe_trainer_step (t, NULL, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_int_eq (
      ae_recipe_trainer_validate (t, &score, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_int_eq (
      ae_recipe_trainer_add_labelled (t, &tiny, 0, 0, &err),
      AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "10x10") != NULL, "%s", err.text);
  free (tiny.plane[0]);
  add (t, 1, 0);
  ae_recipe_trainer_cancel (t);
  ck_assert_int_eq (
      ae_recipe_trainer_validate (t, &score, &err), AE_ERROR_CANCELLED);
  AeTrainingPlan plan;
  ae_recipe_trainer_plan (t, &plan);
  AeModel *model;
  AeStatus status = ae_recipe_trainer_model (t, false, &model, &err);
  ck_assert_int_eq (status, plan.model_work ? AE_ERROR_CANCELLED : AE_OK);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Keys that a task does not use, and values that do not go together. */
static const struct {
  const char *text, *wanted;
  bool parses;
} wrong[] = {
  { "[model]\ntask = codec\n[network]\nwidths = 16,16,16\n",
      "[network] widths is not used by task 'codec'", false },
  { "[codec]\ntune = psnr\n[model]\ntask = denoise\n",
      "[codec] tune is not used by task 'denoise'", false },
  { "[model]\ntask = codec\n[training]\noptimiser = muon\n",
      "[training] optimiser is not used", false },
  { "[model]\ntask = paint\n", "denoise codec", false },
  { "[model]\ntask = anomaly\n[loss]\ntype = l1\n",
      "[loss] type is not used by task 'anomaly'", false },
  { "[model]\ntask = anomaly\n[anomaly]\nkind = sound\n", "video pictures",
      false },
  { "[model]\ntask = anomaly\n[anomaly]\nwidths = 8,8\n", "wanted 3", true },
  { "[model]\ntask = anomaly\n[training]\npatch = 44\n", "44", true },
  { "[model]\ntask = anomaly\n[training]\nsteps = 0\n", "steps is 0", true },
  { "[training]\nsteps = 0\n", "steps is 0", true },
  { "[model]\ntask = anomaly\n[anomaly]\nwindow = 8\n", "window is 8", true },
  { "[model]\ntask = anomaly\n[anomaly]\nreduce = 3\n", "1, 2 or 4", true },
  { "[model]\ntask = anomaly\n[anomaly]\nalign = left\n", "none object",
      false },
  { "[model]\ntask = codec\n[codec]\nlatents = 17\n", "multiple of 16", true },
  { "[model]\ntask = codec\n[codec]\nlatents = 32\ncore = 33\n", "33", true },
  { "[model]\ntask = codec\n[codec]\nwidths = 16\n", "wanted 2", true },
  { "[model]\ntask = codec\n[codec]\ntune = ssim\n", "ms-ssim", false },
  { "[model]\ntask = codec\n[codec]\nlambda_min = 1\n", "rising", true },
  { "[model]\ntask = codec\n[codec]\ntune = ms-ssim\n[training]\npatch = 64\n",
      "at least 176", true },
  { "[model]\ntask = autoencoder\n[training]\npatch = 32\n",
      "[training] patch is not used by task 'autoencoder'", false },
  { "[model]\ntask = autoencoder\n[autoencoder]\ncode = sparse\n",
      "plain rectified variational", false },
  { "[model]\ntask = autoencoder\n[autoencoder]\nchannels = 2\n",
      "'2', wanted one of: 1 3", false },
  { "[model]\ntask = autoencoder\n[autoencoder]\nsize = 28\n",
      "size is '28', wanted WIDTHxHEIGHT", true },
  { "[model]\ntask = autoencoder\n[autoencoder]\nsize = 28x28x3\n",
      "size is '28x28x3', wanted WIDTHxHEIGHT", true },
  { "[model]\ntask = autoencoder\n[autoencoder]\nsize = 0x28\n",
      "'0x28', wanted WIDTHxHEIGHT of 1 to 512", true },
  { "[model]\ntask = autoencoder\n[autoencoder]\nwidths = 8,8,8\n",
      "28x28, wanted multiples of 8", true },
  { "[model]\ntask = autoencoder\n[autoencoder]\nnet = dense\n"
    "widths = 8192\nsize = 512x512\n", "weights, wanted at most", true },
  { "[model]\ntask = autoencoder\n[autoencoder]\nwidths = 8192,8192\n",
      "weights, wanted at most", true },
  { "[model]\ntask = autoencoder\n[autoencoder]\ncode = variational\n"
    "sparsity = 1\n", "sparsity 1 of a variational code, wanted 0", true },
  { "[model]\ntask = autoencoder\n[autoencoder]\nbinarise = yes\n",
      "wanted bernoulli", true },
  { "[model]\ntask = classifier\n[classifier]\nclasses = 1\n",
      "'1', wanted a whole number from 2", false },
  { "[model]\ntask = classifier\n[autoencoder]\nlatent = 8\n",
      "[autoencoder] latent is not used by task 'classifier'", false },
  { "[model]\ntask = classifier\n[classifier]\nfreeze = yes\n",
      "without a model to start from", true },
  { "[model]\ntask = rbm\n[rbm]\ngibbs_steps = 0\n",
      "'0', wanted a whole number from 1", false },
  { "[model]\ntask = rbm\n[training]\noptimiser = adam\n",
      "[training] optimiser is not used by task 'rbm'", false },
  { "[model]\ntask = rbm\n[rbm]\nsize = 512x512\nhidden = 1000\n",
      "262144000 weights, wanted at most 50000000", true },
};

START_TEST (test_wrong_recipes)
{
  AeRecipe *recipe = NULL;
  AeRecipeTrainer *t = (AeRecipeTrainer *) 1;
  AeError err = { 0 };
  AeStatus status = ae_recipe_parse (&recipe, wrong[_i].text, &err);
  ck_assert_msg (
      (status == AE_OK) == wrong[_i].parses, "%s", err.text);
  if (status == AE_OK) {
    ck_assert_int_ne (
        ae_recipe_trainer_new (&t, recipe, NULL, &err), AE_OK);
    ck_assert_ptr_null (t);
  }
  ck_assert_msg (
      strstr (err.text, wrong[_i].wanted) != NULL, "%s", err.text);
  ae_recipe_free (&recipe);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* A key may come to a recipe after it was loaded. */
START_TEST (test_another_task_does_not_take_the_keys)
{
  AeRecipe *recipe = parse (recipes[0]);
  AeRecipeTrainer *t;
  AeError err;
  ck_assert_int_eq (
      ae_recipe_set (recipe, "model", "task", "codec", &err), AE_OK);
  ck_assert_int_eq (
      ae_recipe_trainer_new (&t, recipe, NULL, &err), AE_ERROR_FORMAT);
  ck_assert_msg (strstr (err.text, "not used by") != NULL, "%s", err.text);
  ae_recipe_free (&recipe);
}
END_TEST

/* The schema and the table of tasks name the same ones, whose defaults are
 * allowed; every key is of some task, every word of a task is a key or a
 * section. */
START_TEST (test_tasks_fit_the_schema)
{
  AeError err;
  const AeKey *task_key = &ae_keys[ae_keys_find ("model", "task")];
  int n = 0;
  for (const AeTask *const *task = ae_tasks; *task; task++, n++) {
    ck_assert_int_eq (ae_key_check (task_key, (*task)->name, &err), AE_OK);
    for (const AeTaskDefault *d = (*task)->defaults; d && d->section; d++) {
      size_t index = ae_keys_find (d->section, d->name);
      ck_assert_uint_ne (index, SIZE_MAX);
      ck_assert (ae_task_uses (*task, &ae_keys[index]));
      ck_assert_int_eq (ae_key_check (&ae_keys[index], d->value, &err), AE_OK);
    }
    char words[1000];
    snprintf (words, sizeof words, "%s", (*task)->keys);
    for (char *word = strtok (words, " "); word; word = strtok (NULL, " ")) {
      bool known = false;
      for (const AeKey *key = ae_keys; key->section && !known; key++) {
        char full[64];
        snprintf (full, sizeof full, "%s.%s", key->section, key->name);
        known = strcmp (word, key->section) == 0 || strcmp (word, full) == 0;
      }
      ck_assert_msg (known, "%s", word);
    }
  }
  int n_words = 1;
  for (const char *c = task_key->words; *c; c++)
    n_words += *c == ' ';
  ck_assert_int_eq (n, n_words);
  ck_assert_int_eq (n, N_RECIPES);
  for (const AeKey *key = ae_keys; key->section; key++) {
    bool used = false;
    for (const AeTask *const *task = ae_tasks; *task; task++)
      used = used || ae_task_uses (*task, key);
    ck_assert_msg (used, "[%s] %s", key->section, key->name);
  }
}
END_TEST

START_TEST (test_defaults_are_the_tasks)
{
  AeRecipe *recipe = parse ("[model]\ntask = Codec\n");
  ck_assert (ae_recipe_number_of (recipe, "training", "steps") == 50000);
  ck_assert (ae_recipe_number_of (recipe, "training", "seed") == 1);
  ck_assert_str_eq (ae_recipe_text_of (recipe, "model", "name"), "codec");
  ae_recipe_free (&recipe);
}
END_TEST

/* What a codec's recipe does not say is what the trainer does without options:
 * the first step is the same. */
static float
first_loss_by_recipe (const char *text, const AeImage *picture, float *rate)
{
  AeRecipe *recipe = parse (text);
  AeRecipeTrainer *t;
  AeStepReport report;
  ck_assert_int_eq (ae_recipe_trainer_new (&t, recipe, NULL, NULL), AE_OK);
  ck_assert_int_eq (ae_recipe_trainer_add (t, picture, 0, NULL), AE_OK);
  train (t, 1, &report);
  ae_recipe_trainer_free (&t);
  ae_recipe_free (&recipe);
  *rate = report.learning_rate;
  return report.loss;
}

static float
first_loss_by_default (AeTune tune, const AeImage *picture, float *rate)
{
  AeCodecTrainerOptions options = { .tune = tune, .seed = 1 };
  AeCodecTrainer *t;
  AeCodecTrainReport report;
  ck_assert_int_eq (ae_codec_trainer_new (&t, &options, NULL), AE_OK);
  ck_assert_int_eq (ae_codec_trainer_add (t, picture, false, NULL), AE_OK);
  ck_assert_int_eq (ae_codec_trainer_step (t, &report, NULL), AE_OK);
  ae_codec_trainer_free (&t);
  *rate = report.learning_rate;
  return report.loss;
}

START_TEST (test_a_codecs_defaults_are_the_trainers)
{
  static const char *const texts[] = {
    "[model]\ntask = codec\n[training]\nprecision = f32\n",
    "[model]\ntask = codec\n[codec]\ntune = ms-ssim\n"
    "[training]\nprecision = f32\n",
  };
  AeImage picture = make_picture (1, 208, 200);
  float rates[2];
  float a = first_loss_by_recipe (texts[_i], &picture, &rates[0]);
  float b = first_loss_by_default ((AeTune) _i, &picture, &rates[1]);
  ck_assert_msg (a == b, "%.9g %.9g", a, b);
  ck_assert (rates[0] == rates[1]);
  free (picture.plane[0]);
}
END_TEST

/* What memory is there for the codec's pictures. */
static void
store_add (AeCodecStore *store, int value, bool continues)
{
  AeCodecPicture p = { .h = 8, .w = 8, .bytes = ae_alloc (6 * 64) };
  memset (p.bytes, value, 6 * 64);
  ck_assert_int_eq (ae_codec_store_add (store, p, continues, NULL), AE_OK);
}

START_TEST (test_a_full_store_keeps_order_and_pieces)
{
  AeCodecStore *store;
  AeCodecPictures all;
  AeError err;
  enum { ROOM = 40, LENGTH = 5, N = 200 };
  ck_assert_int_eq (
      ae_codec_store_new (&store, ROOM * 6 * 64, 0, 5, &err), AE_OK);
  for (int i = 0; i < N; i++)
    store_add (store, i, i % LENGTH > 0);
  ck_assert_int_eq (ae_codec_store_all (store, &all, &err), AE_OK);
  ck_assert (all.n <= ROOM && all.n >= ROOM - LENGTH);
  for (int i = 0; i < all.n; i++) {
    int value = all.pictures[i].bytes[0];
    /* whole pieces, in order; the last picture is the newest */
    ck_assert_int_eq (value % LENGTH, i % LENGTH);
    if (i > 0)
      ck_assert_int_gt (value, all.pictures[i - 1].bytes[0]);
  }
  ck_assert_int_eq (all.pictures[all.n - 1].bytes[0], N - 1);
  /* those that make room stay with who has them */
  for (int i = 0; i < N; i++)
    store_add (store, 255, true);
  ck_assert_int_eq (all.pictures[all.n - 1].bytes[0], N - 1);
  AeCodecPicture large = { .h = 1000, .w = 8, .bytes = ae_alloc (6 * 8000) };
  ck_assert_int_eq (
      ae_codec_store_add (store, large, false, &err), AE_ERROR_LIMIT);
  ck_assert_ptr_nonnull (strstr (err.text, "training.memory"));
  ae_codec_pictures_clear (&all);
  ae_codec_store_free (&store);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* One piece that is longer than the memory: the latest are there. */
START_TEST (test_a_store_of_one_piece)
{
  AeCodecStore *store;
  AeError err;
  ck_assert_int_eq (ae_codec_store_new (&store, 3 * 6 * 64, 0, 5, &err), AE_OK);
  for (int i = 0; i < 10; i++)
    store_add (store, i, true);
  for (int i = 0; i < 3; i++) {
    AeStoredPicture *p = ae_codec_store_get (store, false, i);
    ck_assert_int_eq (p->picture.bytes[0], 7 + i);
    ae_stored_picture_unref (&p);
  }
  ck_assert_ptr_null (ae_codec_store_get (store, false, 3));
  ck_assert_ptr_null (ae_codec_store_get (store, true, 0));
  ae_codec_store_free (&store);
}
END_TEST

START_TEST (test_held_out_pictures_are_others)
{
  AeCodecStore *store;
  AeError err;
  ck_assert_int_eq (ae_codec_store_new (&store, 0, 4, 5, &err), AE_OK);
  for (int i = 1; i <= 12; i++)
    store_add (store, i, true);
  ck_assert_int_eq (ae_codec_store_count (store, true), 3);
  ck_assert_int_eq (ae_codec_store_count (store, false), 9);
  for (int i = 0; i < 3; i++) {
    AeStoredPicture *p = ae_codec_store_get (store, true, i);
    ck_assert_int_eq (p->picture.bytes[0], 4 * (i + 1));
    ae_stored_picture_unref (&p);
  }
  ae_codec_store_free (&store);
}
END_TEST

static Suite *
recipe_trainer_suite (void)
{
  Suite *suite = suite_create ("recipe trainer");
  TCase *tcase = tcase_create ("recipe trainer");
  tcase_add_loop_test (
      tcase, test_every_task_trains_and_makes_a_model, 0, N_RECIPES);
  tcase_add_loop_test (tcase, test_every_task_resumes_the_same, 0, N_RECIPES);
  tcase_add_loop_test (tcase, test_every_task_keeps_and_goes_on, 0, N_RECIPES);
  tcase_add_loop_test (tcase, test_a_model_of_another_task_is_no_base, 0, N_RECIPES);
  tcase_add_loop_test (
      tcase, test_every_task_says_what_it_lacks, 0, N_RECIPES);
  tcase_add_loop_test (
      tcase, test_wrong_recipes, 0, sizeof wrong / sizeof *wrong);
  tcase_add_test (tcase, test_another_task_does_not_take_the_keys);
  tcase_add_test (tcase, test_tasks_fit_the_schema);
  tcase_add_test (tcase, test_defaults_are_the_tasks);
  tcase_add_loop_test (tcase, test_a_codecs_defaults_are_the_trainers, 0, 2);
  tcase_add_test (tcase, test_a_full_store_keeps_order_and_pieces);
  tcase_add_test (tcase, test_a_store_of_one_piece);
  tcase_add_test (tcase, test_held_out_pictures_are_others);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (recipe_trainer_suite)
