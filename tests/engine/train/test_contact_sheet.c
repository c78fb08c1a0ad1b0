/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/recipe_trainer.h>
#include <ae/sampler.h>

#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, GAP = 2, COLUMNS = 10, PICTURES = 25, CLASSES = 3 };
enum { WIDTH = GAP + COLUMNS * (SIDE + GAP), CELL = SIDE + GAP };

#define TRAINING "[training]\nsteps = 40\nbatch = 2\nthreads = 1\nseed = 5\n"
#define SIZE "size = 32x32\n"

static const struct {
  const char *recipe;
  int rows, pair_rows; /* of these, pictures and what comes back */
  int classes;
} tasks[] = {
  { "[model]\ntask = autoencoder\n[autoencoder]\nwidths = 8,8\nlatent = 8\n"
    "code = variational\n" SIZE TRAINING, 8, 4, 0 },
  { "[model]\ntask = autoencoder\n[autoencoder]\nwidths = 8,8\nlatent = 8\n"
    "code = variational\nclasses = 3\n" SIZE TRAINING, 8, 4, CLASSES },
  { "[model]\ntask = autoencoder\n[autoencoder]\nnet = dense\nwidths = 8\n"
    "latent = 8\n" SIZE TRAINING, 4, 4, 0 },
  { "[model]\ntask = gan\n[gan]\nwidths = 8,8\nlatent = 8\nclasses = 3\n" SIZE
    TRAINING, 4, 0, CLASSES },
  { "[model]\ntask = rbm\n[rbm]\nhidden = 8\n" SIZE TRAINING
    "learning_rate = 0.005\n", 4, 4, 0 },
};
enum { N_TASKS = sizeof tasks / sizeof *tasks };

static AeRecipeTrainer *
open_trainer (const char *text)
{
  AeRecipeTrainer *t;
  AeRecipe *recipe;
  AeError err;
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  ck_assert_msg (ae_recipe_trainer_new (&t, recipe, NULL, &err) == AE_OK,
      "%s", err.text);
  ae_recipe_free (&recipe);
  return t;
}

/* Grey levels, so that what is stored is what is shown. */
static void
paint (uint8_t grey[SIDE * SIDE], int number)
{
  for (int i = 0; i < SIDE * SIDE; i++)
    grey[i] = (uint8_t) (i * (number + 3) % 251);
}

static void
add_pictures (AeRecipeTrainer *t, int n)
{
  uint8_t grey[SIDE * SIDE];
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = SIDE, .height = SIDE,
    .plane = { grey }, .stride = { SIDE } };
  AeError err;
  for (int i = 0; i < n; i++) {
    paint (grey, i);
    ck_assert_int_eq (ae_recipe_trainer_add_labelled (
                          t, &image, 0, i % CLASSES, &err),
        AE_OK);
  }
}

static double
train (AeRecipeTrainer *t, int steps)
{
  AeStepReport report = { 0 };
  AeError err;
  for (int i = 0; i < steps; i++)
    ck_assert_msg (ae_recipe_trainer_step (t, &report, &err) == AE_OK, "%s",
        err.text);
  return report.loss;
}

static AeTrainingSheet
show (AeRecipeTrainer *t)
{
  AeTrainingSheet sheet;
  AeError err;
  ck_assert_msg (
      ae_recipe_trainer_sheet (t, &sheet, &err) == AE_OK, "%s", err.text);
  return sheet;
}

static const uint8_t *
cell (const AeTrainingSheet *sheet, int row, int column)
{
  return sheet->pixels + (GAP + row * CELL) * WIDTH + GAP + column * CELL;
}

/* Whether the cell shows those grey levels, give or take so many. */
static bool
shows (const AeTrainingSheet *sheet, int row, int column, const uint8_t *grey,
    int within)
{
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      if (abs (cell (sheet, row, column)[y * WIDTH + x] - grey[y * SIDE + x])
          > within)
        return false;
  return true;
}

static void
check_gaps (const AeTrainingSheet *sheet)
{
  for (int y = 0; y < sheet->height; y++)
    for (int x = 0; x < WIDTH; x++)
      if (y % CELL < GAP || x % CELL < GAP)
        ck_assert_uint_eq (sheet->pixels[y * WIDTH + x], 128);
}

/* Every tenth picture is held out: the tenth and the twentieth, by turns. */
static void
check_pictures (const AeTrainingSheet *sheet)
{
  uint8_t grey[2][SIDE * SIDE];
  paint (grey[0], 9);
  paint (grey[1], 19);
  int first = shows (sheet, 0, 0, grey[1], 0);
  for (int row = 0; row < 4; row += 2)
    for (int i = 0; i < COLUMNS; i++)
      ck_assert (shows (sheet, row, i, grey[(first + i) % 2], 0));
}

/* The last four rows are what the model that is written makes of the codes that
 * the recipe's seed gives. */
static void
check_drawn (
    const AeTrainingSheet *sheet, AeRecipeTrainer *t, int first_row)
{
  AeModel *model;
  AeSampler *sampler;
  AeError err;
  AeSamplerOptions options = { .n_threads = 1, .normal_prior = true };
  float code[8], picture[SIDE * SIDE];
  uint8_t grey[SIDE * SIDE];
  ck_assert_int_eq (ae_recipe_trainer_model (t, false, &model, &err), AE_OK);
  ck_assert_int_eq (ae_sampler_new (&sampler, model, &options, &err), AE_OK);
  for (int at = 0; at < 4 * COLUMNS; at++) {
    int label = at % COLUMNS % CLASSES;
    ae_sampler_draw (sampler, 5, (uint64_t) at, 1, code, NULL);
    ae_sampler_decode (sampler, code, &label, 1, picture);
    for (int i = 0; i < SIDE * SIDE; i++)
      grey[i] = (uint8_t) lrintf (255 * picture[i]);
    ck_assert (
        shows (sheet, first_row + at / COLUMNS, at % COLUMNS, grey, 1));
  }
  ae_sampler_free (&sampler);
  ae_model_unref (&model);
}

START_TEST (test_a_sheet_shows_what_the_model_makes)
{
  AeRecipeTrainer *t = open_trainer (tasks[_i].recipe);
  AeTrainingPlan plan;
  ae_recipe_trainer_plan (t, &plan);
  ck_assert (plan.sheets);
  add_pictures (t, PICTURES);
  train (t, 3);
  AeTrainingSheet sheet = show (t), again = show (t);
  ck_assert_int_eq (sheet.channels, 1);
  ck_assert_int_eq (sheet.width, WIDTH);
  ck_assert_int_eq (sheet.height, GAP + tasks[_i].rows * CELL);
  ck_assert_mem_eq (sheet.pixels, again.pixels,
      (size_t) sheet.width * (size_t) sheet.height);
  check_gaps (&sheet);
  if (tasks[_i].pair_rows > 0)
    check_pictures (&sheet);
  if (tasks[_i].rows > tasks[_i].pair_rows)
    check_drawn (&sheet, t, tasks[_i].pair_rows);
  ae_training_sheet_clear (&sheet);
  ck_assert_ptr_null (sheet.pixels);
  ae_training_sheet_clear (&again);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_a_sheet_is_no_step)
{
  AeRecipeTrainer *one = open_trainer (tasks[_i].recipe);
  AeRecipeTrainer *two = open_trainer (tasks[_i].recipe);
  add_pictures (one, PICTURES);
  add_pictures (two, PICTURES);
  train (one, 2);
  AeTrainingSheet sheet = show (one);
  ae_training_sheet_clear (&sheet);
  ck_assert (train (one, 2) == train (two, 4));
  ae_recipe_trainer_free (&one);
  ae_recipe_trainer_free (&two);
}
END_TEST

/* Three columns are all that a sheet has room for. */
START_TEST (test_large_colour_pictures)
{
  AeRecipeTrainer *t = open_trainer (
      "[model]\ntask = gan\n[gan]\nnet = dense\nwidths = 4\nlatent = 2\n"
      "channels = 3\nsize = 400x24\n" TRAINING);
  AeTrainingSheet sheet = show (t);
  ck_assert_int_eq (sheet.channels, 3);
  ck_assert_int_eq (sheet.width, GAP + 3 * (400 + GAP));
  ck_assert_int_eq (sheet.height, GAP + 4 * (24 + GAP));
  ae_training_sheet_clear (&sheet);
  ae_recipe_trainer_free (&t);
}
END_TEST

START_TEST (test_no_sheet_without_pictures_or_from_other_tasks)
{
  AeTrainingSheet sheet;
  AeTrainingPlan plan;
  AeError err;
  AeRecipeTrainer *t = open_trainer (tasks[0].recipe);
  ck_assert_int_eq (
      ae_recipe_trainer_sheet (t, &sheet, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_ptr_null (sheet.pixels);
  ae_recipe_trainer_free (&t);
  t = open_trainer ("[model]\ntask = classifier\n[classifier]\nclasses = 3\n"
      SIZE TRAINING);
  ae_recipe_trainer_plan (t, &plan);
  ck_assert (!plan.sheets);
  ck_assert_int_eq (
      ae_recipe_trainer_sheet (t, &sheet, &err), AE_ERROR_UNSUPPORTED);
  ck_assert_str_eq (err.text, "task 'classifier' has no contact sheets");
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
contact_sheet_suite (void)
{
  Suite *suite = suite_create ("contact_sheet");
  TCase *tcase = tcase_create ("contact_sheet");
  tcase_add_loop_test (
      tcase, test_a_sheet_shows_what_the_model_makes, 0, N_TASKS);
  tcase_add_loop_test (tcase, test_a_sheet_is_no_step, 0, N_TASKS);
  tcase_add_test (tcase, test_large_colour_pictures);
  tcase_add_test (
      tcase, test_no_sheet_without_pictures_or_from_other_tasks);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (contact_sheet_suite)
