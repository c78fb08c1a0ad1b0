/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/recipe_trainer.h>

#include "train/picture_crops.h"
#include "train/whitening.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 37
#define HEIGHT 23

/* Every value says where it is. */
static void
draw (uint8_t pixels[3 * WIDTH * HEIGHT], AeImage *image, int channels)
{
  for (int i = 0; i < WIDTH * HEIGHT; i++)
    for (int c = 0; c < channels; c++)
      pixels[i * channels + c]
          = (uint8_t) (c == 0 ? i % WIDTH : c == 1 ? i / WIDTH : 200);
  *image = (AeImage){ .pixels
    = channels == 1 ? AE_PIXELS_GRAY8 : AE_PIXELS_PACKED,
    .width = WIDTH, .height = HEIGHT, .pixel_stride = channels, .g = 1,
    .b = 2, .plane = { pixels }, .stride = { WIDTH * channels } };
}

static AePictureStore *
open_store (const AeThumbnailSize *size, unsigned hold_out_every)
{
  AePictureStore *store;
  AeError err;
  ck_assert_int_eq (ae_picture_store_new (
                        &store, size, 1 << 20, hold_out_every, 10, 1, &err),
      AE_OK);
  return store;
}

/* They are what is there, and come from everywhere. */
START_TEST (test_crops_are_parts_of_the_picture)
{
  static const AeThumbnailSize size = { 5, 4, 3 };
  enum { PLANE = 20, CROPS = 2000 };
  uint8_t pixels[3 * WIDTH * HEIGHT];
  float values[3 * PLANE];
  int least[2] = { 99, 99 }, most[2] = { 0, 0 }, label;
  AeImage image;
  AeError err;
  AePictureCrops crops = { .n = CROPS };
  ae_rng_seed (&crops.rng, 4);
  draw (pixels, &image, 3);
  AePictureStore *store = open_store (&size, 0);
  ck_assert_int_eq (
      ae_picture_crops_add (&crops, store, &size, &image, 7, &err), AE_OK);
  ck_assert_uint_eq (ae_picture_store_count (store, false), CROPS);
  for (size_t k = 0; k < CROPS; k++) {
    ck_assert (
        ae_picture_store_take (store, false, k, 1, values, &label));
    int at[2] = { (int) lroundf (values[0] * 255),
      (int) lroundf (values[PLANE] * 255) };
    for (int i = 0; i < PLANE; i++) {
      ck_assert_int_eq (lroundf (values[i] * 255), at[0] + i % 5);
      ck_assert_int_eq (lroundf (values[PLANE + i] * 255), at[1] + i / 5);
      ck_assert_int_eq (lroundf (values[2 * PLANE + i] * 255), 200);
    }
    for (int i = 0; i < 2; i++) {
      least[i] = at[i] < least[i] ? at[i] : least[i];
      most[i] = at[i] > most[i] ? at[i] : most[i];
    }
    ck_assert_int_eq (label, 7);
  }
  ck_assert_int_eq (least[0] + least[1], 0);
  ck_assert_int_eq (most[0], WIDTH - 5);
  ck_assert_int_eq (most[1], HEIGHT - 4);
  ae_picture_store_free (&store);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Of every third picture all are held out, also when they are more than there is
 * room for. */
START_TEST (test_crops_of_a_picture_are_held_out_together)
{
  static const AeThumbnailSize size = { 5, 4, 1 };
  uint8_t pixels[3 * WIDTH * HEIGHT];
  float values[20];
  int label;
  AeImage image;
  AeError err;
  AePictureCrops crops = { .n = 7 };
  ae_rng_seed (&crops.rng, 4);
  draw (pixels, &image, 1);
  AePictureStore *store = open_store (&size, 3);
  ae_picture_store_group (store, 7);
  for (int i = 0; i < 9; i++)
    ck_assert_int_eq (
        ae_picture_crops_add (&crops, store, &size, &image, i, &err), AE_OK);
  ck_assert_uint_eq (ae_picture_store_count (store, true), 10);
  for (size_t k = 0; k < 10; k++) {
    ck_assert (ae_picture_store_take (store, true, k, 1, values, &label));
    ck_assert (label == 2 || label == 5);
  }
  ck_assert_uint_eq (ae_picture_store_count (store, false), 7 * 7);
  ae_picture_store_free (&store);
}
END_TEST

START_TEST (test_pictures_that_are_too_small_are_refused)
{
  static const AeThumbnailSize size = { 38, 4, 1 };
  uint8_t pixels[3 * WIDTH * HEIGHT];
  AeImage image;
  AeError err;
  AePictureCrops crops = { .n = 1 };
  draw (pixels, &image, 1);
  AePictureStore *store = open_store (&size, 0);
  ck_assert_int_eq (
      ae_picture_crops_add (&crops, store, &size, &image, 0, &err),
      AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "37x23, wanted at least 38x4 to cut from")
      != NULL, "%s", err.text);
  ae_picture_store_free (&store);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Root mean square of a wave along x, as it is left. */
static double
left_of_wave (float *plane, int side, double period)
{
  AeError err;
  double sum = 0;
  for (int i = 0; i < side * side; i++)
    plane[i] = (float) (sin (2 * M_PI * (i % side) / period)
        + sin (2 * M_PI * (i / side) / 8));
  ck_assert_int_eq (ae_whiten (plane, side, side, &err), AE_OK);
  /* along a column the wave along x does not change */
  for (int x = 0; x < side; x++) {
    double mean = 0;
    for (int y = 0; y < side; y++)
      mean += plane[y * side + x] / side;
    sum += mean * mean / side;
  }
  return sqrt (sum);
}

/* Beside a wave of 8 pixels one of 32, four times as coarse, is made weak; what is
 * left has mean 0 and deviation 1. */
START_TEST (test_whitening_takes_what_is_coarse)
{
  enum { EDGE = 96 };
  float *plane = malloc (EDGE * EDGE * sizeof *plane);
  double same = left_of_wave (plane, EDGE, 8);
  double coarse = left_of_wave (plane, EDGE, 32);
  /* 0.71 each; a quarter of the other one */
  ck_assert_msg (fabs (same - 0.71) < 0.05, "%g", same);
  ck_assert_msg (coarse > 0.15 && coarse < 0.4, "%g", coarse);
  double sum = 0, squares = 0;
  for (int i = 0; i < EDGE * EDGE; i++) {
    sum += plane[i];
    squares += (double) plane[i] * plane[i];
  }
  ck_assert_double_lt (fabs (sum / (EDGE * EDGE)), 1e-4);
  ck_assert_double_eq_tol (squares / (EDGE * EDGE), 1, 1e-3);
  free (plane);
}
END_TEST

START_TEST (test_what_is_flat_stays_flat)
{
  float plane[3 * 2];
  AeError err;
  for (int i = 0; i < 6; i++)
    plane[i] = 80;
  ck_assert_int_eq (ae_whiten (plane, 3, 2, &err), AE_OK);
  for (int i = 0; i < 6; i++)
    ck_assert_float_eq_tol (plane[i], 0, 1e-6f);
  plane[0] = 5;
  ck_assert_int_eq (ae_whiten (plane, 1, 1, &err), AE_OK);
  ck_assert_float_eq_tol (plane[0], 0, 1e-6f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static AeRecipeTrainer *
open_trainer (const char *more, AeStatus wanted, AeError *err)
{
  char text[500];
  AeRecipe *recipe;
  AeRecipeTrainer *t = NULL;
  snprintf (text, sizeof text,
      "[model]\ntask = autoencoder\n[training]\nsteps = 40\nbatch = 8\n"
      "threads = 1\nprecision = f32\n[autoencoder]\nnet = linear\nlatent = 4\n"
      "size = 6x6\n%s", more);
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, err) == AE_OK, "%s", err->text);
  ck_assert_msg (
      ae_recipe_trainer_new (&t, recipe, NULL, err) == wanted, "%s", err->text);
  ae_recipe_free (&recipe);
  return t;
}

static double
train (AeRecipeTrainer *t, int steps)
{
  uint8_t pixels[3 * WIDTH * HEIGHT];
  AeStepReport report = { 0 };
  AeImage image;
  AeError err;
  draw (pixels, &image, 1);
  for (int i = 0; i < 4; i++)
    ck_assert_int_eq (ae_recipe_trainer_add (t, &image, 0, &err), AE_OK);
  for (int i = 0; i < steps; i++)
    ck_assert_int_eq (ae_recipe_trainer_step (t, &report, &err), AE_OK);
  return report.loss;
}

/* A training that stops and goes on is the one that does not. */
START_TEST (test_training_on_crops_resumes)
{
  static const char more[] = "crops = 30\nwhiten = yes\n";
  char path[] = "/tmp/ae-crops-XXXXXX";
  AeError err;
  int fd = mkstemp (path);
  ck_assert_int_ge (fd, 0);
  AeRecipeTrainer *t = open_trainer (more, AE_OK, &err);
  double whole = train (t, 20);
  ck_assert_uint_eq (ae_recipe_trainer_n_frames (t), 4 * 30);
  ae_recipe_trainer_free (&t);
  t = open_trainer (more, AE_OK, &err);
  train (t, 12);
  ck_assert_int_eq (ae_recipe_trainer_save (t, path, &err), AE_OK);
  ae_recipe_trainer_free (&t);
  t = open_trainer (more, AE_OK, &err);
  ck_assert_msg (ae_recipe_trainer_restore (t, path, &err) == AE_OK, "%s",
      err.text);
  ck_assert (train (t, 8) == whole);
  ae_recipe_trainer_free (&t);
  remove (path);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_whitening_wants_crops)
{
  AeError err;
  AeRecipeTrainer *t = open_trainer ("whiten = yes\n", AE_ERROR_FORMAT, &err);
  ck_assert_ptr_null (t);
  ck_assert_msg (strstr (err.text, "whiten with crops 0, wanted crops")
      != NULL, "%s", err.text);
}
END_TEST

static Suite *
picture_crops_suite (void)
{
  Suite *suite = suite_create ("picture_crops");
  TCase *tcase = tcase_create ("picture_crops");
  tcase_add_test (tcase, test_crops_are_parts_of_the_picture);
  tcase_add_test (tcase, test_crops_of_a_picture_are_held_out_together);
  tcase_add_test (tcase, test_pictures_that_are_too_small_are_refused);
  tcase_add_test (tcase, test_whitening_takes_what_is_coarse);
  tcase_add_test (tcase, test_what_is_flat_stays_flat);
  tcase_add_test (tcase, test_training_on_crops_resumes);
  tcase_add_test (tcase, test_whitening_wants_crops);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (picture_crops_suite)
