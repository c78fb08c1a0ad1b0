/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "ae_tmp.h"
#include "pieces.h"

#include <ae/detector.h>
#include <ae/recipe.h>

#include "train/anomaly_trainer.h"
#include "train/patch_usual.h"
#include "util/mem.h"

#include <stdio.h>
#include <string.h>

enum { W = 128, H = 112, GOOD = 24, TRIED = 6 };

#define RECIPE \
  "[model]\ntask = anomaly\n[anomaly]\nkind = pictures\nsize = 16384\n" \
  "window = 7\ncode = 12\nbank = 1\nwidths = 8,8,8\n" \
  "[training]\nbatch = 2\npatch = 32\nthreads = 2\nwarmup_steps = 0\n" \
  "precision = f32\nseed = 1\n"

typedef enum { PIECES, SURFACES } Kind;

static const char *const recipes[] = {
  [PIECES] = RECIPE "steps = 0\n[anomaly]\nalign = object\nstrip = 160\n",
  [SURFACES] = RECIPE "steps = 0\n[anomaly]\nflatten = columns\nreduce = 1\n",
};

static AeImage
image_of (uint8_t *pixels, int width, int height)
{
  AeImage image = { AE_PIXELS_GRAY8, width, height, AE_MATRIX_BT709 };
  image.plane[0] = pixels;
  image.stride[0] = width;
  return image;
}

/* Number `index` of its kind, of any size; where the flaw is, when there is
 * one. */
static void
draw (Kind kind, int index, bool flaw, int scale, uint8_t *pixels, float *x,
    float *y)
{
  AeRng rng;
  int w = W * scale, h = H * scale;
  ae_rng_seed (&rng, 100 + (uint64_t) index);
  if (kind == SURFACES) {
    int at = 20 + (int) ae_rng_below (&rng, 60);
    surface_draw (w, h, &rng, 0.6f + 0.6f * ae_rng_uniform (&rng), at, at,
        flaw ? 4 * scale : 0, pixels);
    *x = *y = (float) at;
    return;
  }
  Piece p = piece_any (&rng, w, h);
  p.flaw = flaw;
  piece_draw (&p, w, h, &rng, pixels);
  *x = p.x + 0.5f * p.length * cosf (p.angle);
  *y = p.y + 0.5f * p.length * sinf (p.angle);
}

static AeAnomalyTrainer *
open_trainer (const char *text)
{
  AeError err = { 0 };
  AeRecipe *recipe;
  AeAnomalyTrainer *t;
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  ck_assert_msg (ae_anomaly_trainer_new (&t, recipe, NULL, &err) == AE_OK,
      "%s", err.text);
  ae_recipe_free (&recipe);
  return t;
}

static void
add_good (AeAnomalyTrainer *t, Kind kind, int n)
{
  static uint8_t pixels[W * H];
  float x, y;
  AeError err;
  for (int i = 0; i < n; i++) {
    draw (kind, i, false, 1, pixels, &x, &y);
    AeImage image = image_of (pixels, W, H);
    ck_assert_int_eq (ae_anomaly_trainer_add (t, &image, 0, &err), AE_OK);
  }
}

static AeModel *
fit (AeAnomalyTrainer *t)
{
  AeError err = { 0 };
  AeModel *net, *model;
  ck_assert_msg (
      ae_anomaly_trainer_net (t, &net, &err) == AE_OK, "%s", err.text);
  ck_assert_msg (ae_anomaly_trainer_fit (t, net, &model, &err) == AE_OK, "%s",
      err.text);
  ae_model_unref (&net);
  return model;
}

static AeModel *
through_a_file (AeModel *model)
{
  char folder[64];
  AeModel *read;
  AeError err = { 0 };
  ae_tmp_make (folder);
  const char *path = ae_tmp_path (folder, "pictures.onnx");
  ck_assert_int_eq (ae_model_save (model, path, &err), AE_OK);
  ck_assert_msg (ae_model_load (&read, path, &err) == AE_OK, "%s", err.text);
  ae_tmp_remove (folder);
  ae_model_unref (&model);
  return read;
}

static AeDetection
detect (AeDetector *d, uint8_t *pixels, int scale)
{
  AeDetection found;
  AeImage image = image_of (pixels, W * scale, H * scale);
  ae_detector_process (d, &image, 0.001, &found); /* none is too soon */
  ck_assert (found.ready && found.fresh);
  return found;
}

/* The flaw must be told from what is good, and found where it is; `scale`:
 * pictures are so many times larger than the model's. */
static void
expect_flaws (AeModel *model, Kind kind, int scale)
{
  AeDetector *d;
  AeError err = { 0 };
  static uint8_t pixels[4 * W * H];
  float good = -INFINITY, bad = INFINITY, x, y;
  ck_assert_msg (
      ae_detector_new (&d, model, NULL, &err) == AE_OK, "%s", err.text);
  ck_assert (ae_detector_for_pictures (d));
  AeImage format = image_of (pixels, W * scale, H * scale);
  ck_assert_int_eq (ae_detector_bind (d, &format, &err), AE_OK);
  for (int i = 0; i < TRIED; i++) {
    draw (kind, 1000 + i, false, scale, pixels, &x, &y);
    good = fmaxf (good, detect (d, pixels, scale).score[AE_CHANNEL_FUSED]);
    draw (kind, 2000 + i, true, scale, pixels, &x, &y);
    AeDetection found = detect (d, pixels, scale);
    ck_assert_float_eq (
        found.score[AE_CHANNEL_FUSED], found.score[AE_CHANNEL_LATENT]);
    bad = fminf (bad, found.score[AE_CHANNEL_FUSED]);
    AeRegion peak;
    ae_detector_peak (d, AE_CHANNEL_FUSED, &peak);
    float off = 16; /* pixels of the model: two cells */
    ck_assert_float_le (fabsf ((peak.x + peak.width / 2) * W
                               - x / (kind == PIECES ? (float) scale : 1)),
        kind == SURFACES && scale > 1 ? W : off);
  }
  ck_assert_msg (bad > good, "flaws from %g, good ones to %g", (double) bad,
      (double) good);
  /* the threshold for a false alarm an hour, at ten pictures a second, lies
   * above what good ones have */
  ck_assert (ae_calibration_threshold (
                 ae_detector_calibration (d, AE_CHANNEL_FUSED), 1)
             > good);
  ae_detector_free (&d);
}

START_TEST (test_flaws_are_found)
{
  Kind kind = (Kind) _i;
  AeAnomalyTrainer *t = open_trainer (recipes[kind]);
  add_good (t, kind, GOOD);
  AeModel *model = through_a_file (fit (t));
  ck_assert_ptr_null (ae_model_meta (model, "ae.anomaly.any_camera"));
  ck_assert_uint_eq (ae_model_n_inputs (model), 1);
  expect_flaws (model, kind, 1);
  if (kind == PIECES)
    expect_flaws (model, kind, 2);
  ae_model_unref (&model);
  ae_anomaly_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Networks beside the patches. */
START_TEST (test_networks_may_be_there_too)
{
  AeAnomalyTrainer *t = open_trainer (RECIPE "steps = 3\n");
  AeAdversarialReport report;
  AeError err;
  add_good (t, SURFACES, 8);
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq (ae_anomaly_trainer_step (t, &report, &err), AE_OK);
  AeModel *model = through_a_file (fit (t));
  AeDetector *d;
  static uint8_t pixels[W * H];
  float x, y;
  ck_assert_msg (
      ae_detector_new (&d, model, NULL, &err) == AE_OK, "%s", err.text);
  AeImage format = image_of (pixels, W, H);
  ck_assert_int_eq (ae_detector_bind (d, &format, &err), AE_OK);
  draw (SURFACES, 77, false, 1, pixels, &x, &y);
  AeDetection found = detect (d, pixels, 1);
  ck_assert_float_ne (found.score[AE_CHANNEL_DISCRIMINATOR], 0);
  ck_assert_float_ne (found.score[AE_CHANNEL_RECONSTRUCTION], 0);
  ck_assert_float_ne (found.score[AE_CHANNEL_LATENT], 0);
  ck_assert_float_eq (found.score[AE_CHANNEL_MOTION], 0);
  ae_detector_free (&d);
  ae_model_unref (&model);
  ae_anomaly_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* A picture without the thing is not usual. */
START_TEST (test_an_empty_picture_is_unusual)
{
  AeAnomalyTrainer *t = open_trainer (recipes[PIECES]);
  AeError err;
  AeDetector *d;
  static uint8_t pixels[W * H];
  add_good (t, PIECES, GOOD);
  AeModel *model = fit (t);
  ck_assert_int_eq (ae_detector_new (&d, model, NULL, &err), AE_OK);
  AeImage format = image_of (pixels, W, H);
  ck_assert_int_eq (ae_detector_bind (d, &format, &err), AE_OK);
  for (int grey = 0; grey < 256; grey += 51) {
    memset (pixels, grey, sizeof pixels);
    ck_assert_float_ge (
        detect (d, pixels, 1).score[AE_CHANNEL_FUSED], 20);
  }
  ae_detector_free (&d);
  ae_model_unref (&model);
  ae_anomaly_trainer_free (&t);
}
END_TEST

START_TEST (test_what_cannot_be_learned_is_told)
{
  AeError err = { 0 };
  AeModel *net, *model;
  AeAnomalyTrainer *t = open_trainer (recipes[PIECES]);
  add_good (t, PIECES, 1);
  ck_assert_int_eq (ae_anomaly_trainer_net (t, &net, &err), AE_OK);
  ck_assert_int_eq (
      ae_anomaly_trainer_fit (t, net, &model, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_ptr_nonnull (strstr (err.text, "1 pictures"));
  for (int i = 0; i < 9; i++) {
    static uint8_t grey[W * H];
    AeImage image = image_of (grey, W, H);
    memset (grey, 10 * i, sizeof grey);
    ck_assert_int_eq (ae_anomaly_trainer_add (t, &image, 0, &err), AE_OK);
  }
  ck_assert_int_eq (
      ae_anomaly_trainer_fit (t, net, &model, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_ptr_nonnull (strstr (err.text, "of 10 pictures have one thing"));
  ae_anomaly_trainer_cancel (t);
  add_good (t, PIECES, 20);
  ck_assert_int_eq (
      ae_anomaly_trainer_fit (t, net, &model, &err), AE_ERROR_CANCELLED);
  ae_model_unref (&net);
  ae_anomaly_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* The same thing seen twice does not tell how far a new one will be. */
START_TEST (test_look_alikes_are_not_compared)
{
  AeError err = { 0 };
  atomic_bool cancel = false;
  AeLocalBankShape shape
      = { .columns = 8, .rows = 8, .block = 1, .reach_x = 1, .reach_y = 1,
          .d = 4 };
  AePreparation p = { .width = 16, .height = 16, .plane_width = 16,
    .plane_height = 16, .scale = 1 };
  enum { N = 20, PLACES = 64 };
  AePatchFacts f;
  AePatchLooks looks;
  AeRng rng;
  static float codes[N * PLACES * 4], of_blocks[N * PLACES * 4];
  static uint16_t owners[N * PLACES];
  static uint8_t places[PLACES];
  static bool found[N];
  uint32_t counts[PLACES];
  ae_rng_seed (&rng, 9);
  for (int i = 0; i < N; i++) { /* 2k and 2k + 1 are of one thing */
    found[i] = true;
    for (int k = 0; k < PLACES * 4; k++)
      codes[i * PLACES * 4 + k]
          = i % 2 ? codes[(i - 1) * PLACES * 4 + k]
                        + 0.01f * ae_rng_normal (&rng)
                  : ae_rng_normal (&rng);
  }
  for (int b = 0; b < PLACES; b++)
    for (int i = 0; i < N; i++) {
      counts[b] = N;
      places[b] = 1;
      owners[b * N + i] = (uint16_t) i;
      memcpy (of_blocks + (b * N + i) * 4, codes + (i * PLACES + b) * 4,
          4 * sizeof (float));
    }
  ck_assert_int_eq (ae_patch_facts_init (&f, &p, 5, 3, &shape, &err), AE_OK);
  ck_assert_int_eq (
      ae_patch_facts_set_codes (&f, counts, of_blocks, owners, &err), AE_OK);
  AePatchCodes all = { codes, found, places, N, PLACES, 4 };
  ck_assert_int_eq (
      ae_patch_find_usual (&looks, &f, &all, 1, &cancel, &err), AE_OK);
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++)
      ck_assert_int_eq (looks.skip[i * N + k], i / 2 == k / 2);
  for (int i = 0; i < PLACES; i++) /* not 0.01 */
    ck_assert_float_ge (f.usual[i].mean, 0.2f);
  ae_patch_looks_clear (&looks);
  ae_patch_facts_clear (&f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
make_suite (void)
{
  Suite *suite = suite_create ("anomaly_pictures");
  TCase *tcase = tcase_create ("anomaly_pictures");
  tcase_add_loop_test (tcase, test_flaws_are_found, 0, 2);
  tcase_add_test (tcase, test_networks_may_be_there_too);
  tcase_add_test (tcase, test_an_empty_picture_is_unusual);
  tcase_add_test (tcase, test_what_cannot_be_learned_is_told);
  tcase_add_test (tcase, test_look_alikes_are_not_compared);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (make_suite)
