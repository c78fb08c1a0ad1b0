/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The promise of a threshold: a detector is trained on footage of one hour, and
 * its false alarms are counted on other footage of the same place, by day, in
 * dusk, and at night after the denoiser. */
#include "ae_test.h"
#include "walkers.h"

#include <ae/denoiser.h>
#include <ae/detector.h>
#include <ae/recipe_trainer.h>

#include <stdio.h>
#include <stdlib.h>

#define RATE 10        /* frames per second */
#define TRAINING 36000 /* frames */
#define FRESH 36000
#define LEAST 0.3 /* of the rate that is asked for */
#define MOST 3.0
#define NIGHT_NOISE 20 /* deviation, grey levels */
#define NIGHT_MOST 2.0 /* times as many as by day */

static const char recipe_text[]
    = "[model]\ntask = anomaly\n"
      "[anomaly]\nframe_rate = 10\nwidths = 8,16,16\nlatent = 8\n"
      "[training]\nsteps = 200\nbatch = 4\npatch = 64\nwarmup_steps = 20\n"
      "learning_rate = 0.002\nema_decay = 0.9\nmemory = 2048\n";

static AeModel *model;
static float scores[FRESH];
static const double asked[] = { 12, 60 }; /* false alarms per hour */
#define N_ASKED ((int) (sizeof asked / sizeof *asked))

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

/* Half the light at the last frame; noise; a denoiser, or NULL. */
typedef struct {
  uint64_t seed;
  bool dusk, night;
  AeDenoiser *denoiser;
} Fresh;

static AeDetector *
score_fresh (const Fresh *f)
{
  static Walkers w;
  AeError err = { 0 };
  AeDetector *d;
  const AeDenoiseParams params
      = { .strength = 1, .noise_level = -1, .temporal = true };
  walkers_start (&w, f->seed);
  w.noise = f->night ? NIGHT_NOISE : w.noise;
  AeImage image = image_of (&w);
  ck_assert_msg (
      ae_detector_new (&d, model, NULL, &err) == AE_OK, "%s", err.text);
  ck_assert (ae_detector_bind (d, &image, &err) == AE_OK);
  for (int i = 0; i < FRESH; i++) {
    AeDetection seen;
    w.light = f->dusk ? 1 - 0.5f * (float) i / FRESH : 1;
    walkers_next (&w);
    if (f->denoiser)
      ae_denoiser_process (f->denoiser, &image, &image, &params);
    ae_detector_process (d, &image, i ? 1.0 / RATE : 0, &seen);
    scores[i] = ae_detection_sure_score (&seen, AE_CHANNEL_FUSED);
  }
  return d;
}

static void
count_alarms (
    const AeDetector *d, const char *what, double found[N_ASKED])
{
  const AeCalibration *c = ae_detector_calibration (d, AE_CHANNEL_FUSED);
  double hours = (double) FRESH / RATE / 3600;
  for (int i = 0; i < N_ASKED; i++) {
    double threshold = ae_calibration_threshold (c, asked[i]);
    found[i] = (double) ae_calibration_count (
                   scores, FRESH, NULL, 0, 1.0 / RATE, threshold)
               / hours;
    printf ("%s: %g false alarms per hour asked for, %g found in %g h\n",
        what, asked[i], found[i], hours);
    fflush (stdout);
  }
}

static void
check_rates (const double found[N_ASKED], const char *what)
{
  for (int i = 0; i < N_ASKED; i++)
    ck_assert_msg (
        found[i] >= LEAST * asked[i] && found[i] <= MOST * asked[i],
        "%s: %g per hour asked for, %g found", what, asked[i], found[i]);
}

static AeDenoiser *
open_denoiser (void)
{
  AeError err = { 0 };
  AeModel *denoise;
  AeDenoiser *denoiser;
  static Walkers w;
  AeImage image = image_of (&w);
  ck_assert_msg (ae_model_load (&denoise, getenv ("AE_TEST_DENOISER"), &err)
                     == AE_OK,
      "%s", err.text);
  ck_assert (ae_denoiser_new (&denoiser, denoise, NULL, &err) == AE_OK);
  ck_assert (ae_denoiser_bind (denoiser, &image, &err) == AE_OK);
  ae_model_unref (&denoise);
  return denoiser;
}

static void
count_fresh (const Fresh *fresh, const char *what, double found[N_ASKED])
{
  AeDetector *d = score_fresh (fresh);
  count_alarms (d, what, found);
  ae_detector_free (&d);
}

START_TEST (test_as_many_false_alarms_as_asked_for_by_day_dusk_and_night)
{
  double day[N_ASKED], dusk[N_ASKED], noisy[N_ASKED], night[N_ASKED];
  model = train ();
  AeDenoiser *denoiser = open_denoiser ();
  count_fresh (&(Fresh){ .seed = 2 }, "other footage", day);
  count_fresh (&(Fresh){ .seed = 3, .dusk = true }, "from day to dusk", dusk);
  count_fresh (&(Fresh){ .seed = 2, .night = true, .denoiser = denoiser },
      "at night, after the denoiser", night);
  count_fresh (&(Fresh){ .seed = 2, .night = true },
      "at night, without it (not checked)", noisy);
  check_rates (day, "other footage");
  check_rates (dusk, "from day to dusk");
  for (int i = 0; i < N_ASKED; i++)
    ck_assert_msg (night[i] <= NIGHT_MOST * day[i],
        "at night: %g, by day %g per hour", night[i], day[i]);
  ae_denoiser_free (&denoiser);
  ae_model_unref (&model);
}
END_TEST

static Suite *
false_alarms_suite (void)
{
  Suite *s = suite_create ("false_alarms");
  TCase *t = tcase_create ("promise");
  tcase_set_timeout (t, 3000);
  tcase_add_test (t, test_as_many_false_alarms_as_asked_for_by_day_dusk_and_night);
  suite_add_tcase (s, t);
  return s;
}

AE_TEST_MAIN (false_alarms_suite)
