/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The promise of a threshold: a detector is trained on footage of one hour, and
 * its false alarms are counted on other footage of the same place. */
#include "ae_test.h"
#include "walkers.h"

#include <ae/detector.h>
#include <ae/recipe_trainer.h>

#include <stdio.h>

#define RATE 10        /* frames per second */
#define TRAINING 36000 /* frames */
#define FRESH 36000
#define LEAST 0.3 /* of the rate that is asked for */
#define MOST 3.0

static const char recipe_text[]
    = "[model]\ntask = anomaly\n"
      "[anomaly]\nframe_rate = 10\nwidths = 8,16,16\nlatent = 8\n"
      "[training]\nsteps = 200\nbatch = 4\npatch = 64\nwarmup_steps = 20\n"
      "learning_rate = 0.002\nema_decay = 0.9\nmemory = 2048\n";

static AeModel *model;
static float scores[FRESH];

static AeImage
image_of (Walkers *w)
{
  return (AeImage){ .pixels = AE_PIXELS_GRAY8,
    .width = WALKERS_WIDTH,
    .height = WALKERS_HEIGHT,
    .plane = { &w->pixels[0][0] },
    .stride = { WALKERS_WIDTH } };
}

static AeModel *
train (void)
{
  static Walkers w;
  AeError err = { 0 };
  AeRecipe *recipe;
  AeRecipeTrainer *trainer;
  AeModel *trained;
  AeStepReport report;
  ck_assert_msg (
      ae_recipe_parse (&recipe, recipe_text, &err) == AE_OK, "%s", err.text);
  ck_assert_msg (ae_recipe_trainer_new (&trainer, recipe, NULL, &err) == AE_OK,
      "%s", err.text);
  walkers_start (&w, 1);
  for (int i = 0; i < TRAINING; i++) {
    walkers_next (&w);
    AeImage image = image_of (&w);
    ck_assert (ae_recipe_trainer_add (
                   trainer, &image, i ? 1.0 / RATE : 0, &err)
               == AE_OK);
  }
  for (int i = 0; i < 200; i++)
    ck_assert (ae_recipe_trainer_step (trainer, &report, &err) == AE_OK);
  ck_assert_msg (
      ae_recipe_trainer_model (trainer, false, &trained, &err) == AE_OK, "%s",
      err.text);
  ae_recipe_trainer_free (&trainer);
  ae_recipe_free (&recipe);
  return trained;
}

/* From `light` at the first frame to a half of it at the last, or as it is. */
static AeDetector *
score_fresh (uint64_t seed, bool dusk)
{
  static Walkers w;
  AeError err = { 0 };
  AeDetector *d;
  walkers_start (&w, seed);
  AeImage image = image_of (&w);
  ck_assert_msg (
      ae_detector_new (&d, model, NULL, &err) == AE_OK, "%s", err.text);
  ck_assert (ae_detector_bind (d, &image, &err) == AE_OK);
  for (int i = 0; i < FRESH; i++) {
    AeDetection seen;
    w.light = dusk ? 1 - 0.5f * (float) i / FRESH : 1;
    walkers_next (&w);
    ae_detector_process (d, &image, i ? 1.0 / RATE : 0, &seen);
    scores[i] = ae_detection_sure_score (&seen, AE_CHANNEL_FUSED);
  }
  return d;
}

static void
check_rates (const AeDetector *d, const char *what)
{
  static const double asked[] = { 12, 60 };
  const AeCalibration *c = ae_detector_calibration (d, AE_CHANNEL_FUSED);
  double hours = (double) FRESH / RATE / 3600;
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
    double threshold = ae_calibration_threshold (c, asked[i]);
    double found = (double) ae_calibration_count (
                       scores, FRESH, NULL, 0, 1.0 / RATE, threshold)
                   / hours;
    printf ("%s: %g false alarms per hour asked for, %g found in %g h\n",
        what, asked[i], found, hours);
    ck_assert_msg (found >= LEAST * asked[i] && found <= MOST * asked[i],
        "%s: %g per hour asked for, %g found", what, asked[i], found);
  }
}

START_TEST (test_as_many_false_alarms_as_asked_for_by_day_and_dusk)
{
  model = train ();
  AeDetector *d = score_fresh (2, false);
  check_rates (d, "other footage");
  ae_detector_free (&d);
  d = score_fresh (3, true);
  check_rates (d, "from day to dusk");
  ae_detector_free (&d);
  ae_model_unref (&model);
}
END_TEST

static Suite *
false_alarms_suite (void)
{
  Suite *s = suite_create ("false_alarms");
  TCase *t = tcase_create ("promise");
  tcase_set_timeout (t, 1800);
  tcase_add_test (t, test_as_many_false_alarms_as_asked_for_by_day_and_dusk);
  suite_add_tcase (s, t);
  return s;
}

AE_TEST_MAIN (false_alarms_suite)
