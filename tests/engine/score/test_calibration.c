/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "decimal_comma.h"

#include <ae/calibration.h>

#include "util/mem.h"
#include "util/rng.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define STEP 0.1 /* seconds: 10 frames per second */
#define HOUR 36000 /* frames */

/* Scores as detectors have them. `state` is what the process remembers. */
typedef double (*Process) (AeRng *rng, double *state);

/* With 48 bits: those of ae_rng_uniform are too coarse for tails. */
static double
uniform (AeRng *rng)
{
  return ((double) (ae_rng_next (rng) >> 16) + 0.5) * 0x1p-48;
}

static double
normal (AeRng *rng)
{
  return sqrt (-2 * log (uniform (rng))) * cos (6.283185307 * uniform (rng));
}

static double
next_normal (AeRng *rng, double *state)
{
  return normal (rng);
}

static double
next_exponential (AeRng *rng, double *state)
{
  return -log (uniform (rng));
}

static double
next_lognormal (AeRng *rng, double *state)
{
  return exp (0.5 * normal (rng));
}

static double
next_bounded (AeRng *rng, double *state)
{
  return 3 + uniform (rng);
}

/* Remembers 2 s; innovations of either sign whose tail is a power of 5. */
static double
next_slow_heavy (AeRng *rng, double *state)
{
  double u = 2 * uniform (rng) - 1;
  return *state = 0.95 * *state + copysign (pow (fabs (u), -0.2) - 1, u);
}

static const struct {
  const char *name;
  Process next;
} processes[] = {
  { "normal", next_normal },
  { "slow, heavy tail", next_slow_heavy },
  { "exponential", next_exponential },
  { "lognormal", next_lognormal },
  { "bounded", next_bounded },
};
#define N_PROCESSES 5

static void
fill (float *scores, size_t n, Process next, AeRng *rng)
{
  double state = 0;
  for (int i = 0; i < 100; i++)
    next (rng, &state);
  for (size_t i = 0; i < n; i++)
    scores[i] = (float) next (rng, &state);
}

/* Footage that calibrates, and what is asked of it. */
static const struct {
  double hours;
  double asked[2];
} promises[] = {
  { 1 / 6.0, { 60, 6 } },
  { 1, { 6, 1 } },
  { 8, { 1, 0.1 } },
};
#define N_PROMISES 3
#define TRIALS 12
#define FRESH (100 * HOUR)

/* Thresholds' rates on fresh footage over the asked ones, their logarithm's
 * means for TRIALS pieces of `known`: none at all counts as half a one. */
static void
keep (const float *known, const float *fresh, int promise, double ratio[2])
{
  size_t n = (size_t) (promises[promise].hours * HOUR);
  double sum[2] = { 0 };
  for (int i = 0; i < TRIALS; i++) {
    AeCalibration c;
    ck_assert_int_eq (
        ae_calibration_fit (&c, known + i * n, n, NULL, 0, STEP, NULL),
        AE_OK);
    for (int k = 0; k < 2; k++) {
      double asked = promises[promise].asked[k];
      size_t found = ae_calibration_count (fresh, FRESH, NULL, 0, STEP,
          ae_calibration_threshold (&c, asked));
      double rate = fmax ((double) found, 0.5) / (FRESH / HOUR);
      sum[k] += log (rate / asked) / TRIALS;
    }
  }
  for (int k = 0; k < 2; k++)
    ratio[k] = exp (sum[k]);
}

static void
check_promise (
    const char *name, const float *known, const float *fresh, int promise)
{
  double ratio[2];
  keep (known, fresh, promise, ratio);
  for (int k = 0; k < 2; k++) {
    printf ("%s, %.2g h, asked %g per hour: %.2f times that\n", name,
        promises[promise].hours, promises[promise].asked[k], ratio[k]);
    ck_assert_msg (ratio[k] > 0.3 && ratio[k] < 3, "%s, %g h: %g times %g",
        name, promises[promise].hours, ratio[k],
        promises[promise].asked[k]);
  }
}

START_TEST (test_asked_rates_are_kept_on_fresh_footage)
{
  float *fresh = ae_alloc (FRESH * sizeof *fresh);
  float *known = ae_alloc (FRESH * sizeof *known);
  AeRng rng;
  ae_rng_seed (&rng, 1);
  fill (fresh, FRESH, processes[_i].next, &rng);
  fill (known, FRESH, processes[_i].next, &rng);
  for (int k = 0; k < N_PROMISES; k++)
    check_promise (processes[_i].name, known, fresh, k);
  ae_free (fresh);
  ae_free (known);
}
END_TEST

/* Sets that tell next to nothing, and wild ones. */
static size_t
make_set (int which, float *s)
{
  AeRng rng;
  ae_rng_seed (&rng, 7);
  static const size_t lengths[]
      = { 1, 1, 2, 3, 5, 7, 13, 100, 100, 1000, 1000, 1000, 1000, 1000, 1000 };
  size_t n = lengths[which];
  for (size_t i = 0; i < n; i++) {
    float u = ae_rng_uniform (&rng);
    switch (which) {
    case 0: s[i] = 0; break;
    case 1: s[i] = -FLT_MAX; break;
    case 7: s[i] = 0.25f; break;
    case 8: s[i] = i < 99 ? 2.0f : 3.0f; break;
    case 9: s[i] = i % 100 == 0 ? 1.0f : 0.0f; break;
    case 10: s[i] = (2 * u - 1) * FLT_MAX; break;
    case 11: s[i] = u * 1e-38f; break;
    case 12: s[i] = FLT_MAX; break;
    case 13: s[i] = (float) (int) (4 * u); break;
    case 14: s[i] = i == 500 ? 1e30f : u; break;
    default: s[i] = u; break;
    }
  }
  return n;
}
#define N_SETS 15

static AeCalibration
fit_set (int which)
{
  float scores[1000];
  AeCalibration c;
  AeError err = { 0 };
  size_t n = make_set (which, scores);
  ck_assert_msg (
      ae_calibration_fit (&c, scores, n, NULL, 0, STEP, &err) == AE_OK,
      "set %d: %s", which, err.text);
  return c;
}

/* Strictly, as far as a rate can be told from 0 and from infinity. */
START_TEST (test_rates_fall_with_the_score)
{
  AeCalibration c = fit_set (_i);
  double before = HUGE_VAL;
  double low = c.body[0] - 50 * c.scale, high = c.start + 50 * c.scale;
  for (int i = 0; i <= 4000; i++) {
    double score = low + (high - low) * i / 4000;
    double rate = ae_calibration_rate (&c, score);
    ck_assert_msg (rate < before, "set %d: rate %g after %g at %g (%d)", _i,
        rate, before, score, i);
    before = rate;
  }
  ck_assert_double_gt (before, 0);
  double far[] = { FLT_MAX, 1e300, HUGE_VAL };
  for (int i = 0; i < 3; i++) {
    double above = ae_calibration_rate (&c, far[i]);
    double below = ae_calibration_rate (&c, -far[i]);
    ck_assert (above > 0 && below <= DBL_MAX && above <= below);
  }
}
END_TEST

START_TEST (test_thresholds_are_the_inverse)
{
  AeCalibration c = fit_set (_i);
  for (double asked = 1e-9; asked < 1e9; asked *= 1.7) {
    double score = ae_calibration_threshold (&c, asked);
    ck_assert (isfinite (score));
    /* next to a large number a score has few digits */
    double digits = DBL_EPSILON * fabs (score);
    ck_assert_double_le (
        ae_calibration_rate (&c, score + 4 * digits), asked * (1 + 1e-6));
    ck_assert_double_ge (
        ae_calibration_rate (&c, score - 4 * digits), asked * (1 - 1e-6));
    ck_assert_double_eq_tol (ae_calibration_probability (&c, score, asked),
        0.5, 1e-3);
  }
}
END_TEST

START_TEST (test_probabilities_and_scores_are_inverse)
{
  AeCalibration c = fit_set (6);
  for (int k = 1; k < 1000; k++) {
    double score = ae_calibration_score (&c, k / 1000.0, 2);
    ck_assert_double_eq_tol (
        ae_calibration_probability (&c, score, 2), k / 1000.0, 1e-9);
  }
  ck_assert_double_eq (
      ae_calibration_score (&c, 0.5, 3), ae_calibration_threshold (&c, 3));
  ck_assert_double_le (ae_calibration_probability (&c, 1e300, 2), 1);
  ck_assert_double_ge (ae_calibration_probability (&c, -1e300, 2), 0);
}
END_TEST

/* What was seen often, or all of the time, is no alarm when a few are asked
 * for: not even where that is more than the footage can show. */
START_TEST (test_constant_scores_are_no_alarm)
{
  static const int constants[] = { 0, 1, 7, 12 };
  for (int i = 0; i < 4; i++) {
    float scores[1000];
    AeCalibration c = fit_set (constants[i]);
    make_set (constants[i], scores);
    ck_assert_double_gt (ae_calibration_threshold (&c, 60), scores[0]);
  }
  AeCalibration c = fit_set (9); /* 0, sometimes 1: 36 times an hour */
  ck_assert_double_gt (ae_calibration_threshold (&c, 3000), 0);
  ck_assert_double_lt (ae_calibration_threshold (&c, 3000), 1);
}
END_TEST

START_TEST (test_little_footage_gives_high_thresholds)
{
  float scores[6000];
  AeRng rng;
  ae_rng_seed (&rng, 3);
  fill (scores, 6000, next_normal, &rng);
  double before = 0;
  for (size_t n = 6000; n >= 6; n /= 10) {
    AeCalibration c;
    ae_calibration_fit (&c, scores, n, NULL, 0, STEP, NULL);
    double threshold = ae_calibration_threshold (&c, 1);
    ck_assert_double_gt (threshold, 3); /* 4.03 is right */
    ck_assert_double_lt (threshold, 40);
    before = fmax (before, threshold);
  }
}
END_TEST

START_TEST (test_alarms_are_counted_as_clusters)
{
  float s[40] = { 0 };
  s[0] = s[9] = 1;  /* 0.9 s apart: one */
  s[19] = 1;        /* 1.0 s after: another */
  s[30] = s[31] = 1;
  size_t whole = ae_calibration_count (s, 40, NULL, 0, 0.1, 0.5);
  ck_assert_uint_eq (whole, 3);
  size_t runs[] = { 5, 0, 26, 9 }; /* end between 0 and 9, 30 and 31 */
  ck_assert_uint_eq (ae_calibration_count (s, 40, runs, 4, 0.1, 0.5), 5);
  ck_assert_uint_eq (ae_calibration_count (s, 40, NULL, 0, 0.1, 1), 0);
  /* slow frames: only those that follow each other */
  ck_assert_uint_eq (ae_calibration_count (s, 40, NULL, 0, 5, 0.5), 4);
  ck_assert_uint_eq (ae_calibration_count (s, 40, NULL, 0, 0.01, 0.5), 1);
}
END_TEST

/* Runs do not reach into each other: the same scores in other runs give other
 * clusters, and the same rate of scores. */
START_TEST (test_runs_are_apart)
{
  float scores[6000];
  size_t lengths[600];
  AeRng rng;
  ae_rng_seed (&rng, 3);
  fill (scores, 6000, next_slow_heavy, &rng);
  for (int i = 0; i < 600; i++)
    lengths[i] = 10;
  AeCalibration one, many, same;
  ae_calibration_fit (&one, scores, 6000, NULL, 0, STEP, NULL);
  ae_calibration_fit (&many, scores, 6000, lengths, 600, STEP, NULL);
  size_t whole[] = { 6000 };
  ae_calibration_fit (&same, scores, 6000, whole, 1, STEP, NULL);
  ck_assert_double_gt (many.rate * many.hours, one.rate * one.hours);
  ck_assert_double_eq (many.hours, one.hours);
  ck_assert_mem_eq (&same, &one, sizeof one);
}
END_TEST

START_TEST (test_what_cannot_be_fitted_is_named)
{
  float s[3] = { 1, 2, 3 }, wrong[3] = { 1, NAN, INFINITY };
  size_t two[] = { 1, 1 }, over[] = { SIZE_MAX, 4 };
  AeCalibration c = { .hours = 5 };
  AeError err = { 0 };
  const struct {
    const float *s;
    size_t n;
    const size_t *runs;
    double seconds;
    const char *says;
  } cases[] = {
    { s, 0, NULL, 1, "no scores" },
    { s, 3, NULL, 0, "0 s apart" },
    { s, 3, NULL, NAN, "nan s apart" },
    { s, 3, NULL, INFINITY, "inf s apart" },
    { wrong, 3, NULL, 1, "score 1 of 3 is nan" },
    { wrong + 2, 1, NULL, 1, "score 0 of 1 is inf" },
    { s, 3, two, 1, "2 runs have 2 scores, wanted 3" },
    { s, 3, over, 1, "overflow" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ck_assert_int_eq (ae_calibration_fit (&c, cases[i].s, cases[i].n,
                          cases[i].runs, 2, cases[i].seconds, &err),
        AE_ERROR_ARGUMENT);
    ck_assert_msg (strstr (err.text, cases[i].says), "%s", err.text);
  }
  for (int k = 1; k <= 2; k++) {
    ae_mem_fail_at (k, false);
    ck_assert_int_eq (ae_calibration_fit (&c, s, 3, NULL, 0, 1, &err),
        AE_ERROR_MEMORY);
    ae_mem_fail_at (0, false);
  }
  ck_assert_double_eq (c.hours, 5);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_text_holds_the_numbers)
{
  AeCalibration c = fit_set (_i), back;
  AeError err = { 0 };
  char text[AE_CALIBRATION_TEXT];
  ae_calibration_write (&c, text);
  ck_assert_uint_lt (strlen (text), sizeof text);
  ck_assert_msg (
      ae_calibration_read (&back, text, &err) == AE_OK, "%s", err.text);
  ck_assert_mem_eq (&back, &c, sizeof c);
}
END_TEST

START_TEST (test_text_does_not_depend_on_the_locale)
{
  AeCalibration c = fit_set (6), back;
  char text[AE_CALIBRATION_TEXT], other[AE_CALIBRATION_TEXT];
  ae_calibration_write (&c, text);
  ck_assert (!strpbrk (text, ".,"));
  if (!decimal_comma_begin ())
    return;
  ae_calibration_write (&c, other);
  AeStatus status = ae_calibration_read (&back, text, NULL);
  decimal_comma_end ();
  ck_assert_str_eq (text, other);
  ck_assert_int_eq (status, AE_OK);
  ck_assert_mem_eq (&back, &c, sizeof c);
}
END_TEST

START_TEST (test_every_truncation_is_refused)
{
  AeCalibration c = fit_set (6), back = { .hours = 5 };
  char text[AE_CALIBRATION_TEXT];
  ae_calibration_write (&c, text);
  for (size_t n = strlen (text); n-- > 0;) {
    AeError err = { 0 };
    char *part = ae_strndup (text, n);
    ck_assert_int_eq (
        ae_calibration_read (&back, part, &err), AE_ERROR_FORMAT);
    ck_assert_uint_gt (strlen (err.text), 0);
    ae_free (part);
  }
  ck_assert_double_eq (back.hours, 5);
}
END_TEST

/* Each number changed to one that cannot be. */
START_TEST (test_numbers_of_no_calibration_are_refused)
{
  static const double wrong[] = { NAN, INFINITY, -INFINITY, 1e300, -1e300 };
  for (int i = 0; i < 6 + AE_CALIBRATION_BODY + 1; i++)
    for (int k = 0; k < 5; k++) {
      AeCalibration c = fit_set (6), back;
      double *at[] = { &c.hours, &c.start, &c.share, &c.rate, &c.scale,
        &c.shape };
      *(i < 6 ? at[i] : &c.body[i - 6]) = wrong[k];
      char text[AE_CALIBRATION_TEXT];
      ae_calibration_write (&c, text);
      ck_assert_msg (
          ae_calibration_read (&back, text, NULL) == AE_ERROR_FORMAT,
          "number %d as %g: %s", i, wrong[k], text);
    }
  AeCalibration c = fit_set (6), back;
  c.body[7] = c.body[6];
  char text[AE_CALIBRATION_TEXT + 8];
  ae_calibration_write (&c, text);
  AeError err = { 0 };
  ck_assert_int_eq (ae_calibration_read (&back, text, &err), AE_ERROR_FORMAT);
  ck_assert_msg (strstr (err.text, "do not rise"), "%s", err.text);
  c = fit_set (6);
  ae_calibration_write (&c, text);
  strcat (text, " 1");
  ck_assert_int_eq (ae_calibration_read (&back, text, &err), AE_ERROR_FORMAT);
}
END_TEST

static Suite *
calibration_suite (void)
{
  Suite *suite = suite_create ("calibration");
  TCase *tcase = tcase_create ("calibration");
  tcase_add_loop_test (
      tcase, test_asked_rates_are_kept_on_fresh_footage, 0, N_PROCESSES);
  tcase_add_loop_test (tcase, test_rates_fall_with_the_score, 0, N_SETS);
  tcase_add_loop_test (tcase, test_thresholds_are_the_inverse, 0, N_SETS);
  tcase_add_test (tcase, test_probabilities_and_scores_are_inverse);
  tcase_add_test (tcase, test_constant_scores_are_no_alarm);
  tcase_add_test (tcase, test_little_footage_gives_high_thresholds);
  tcase_add_test (tcase, test_alarms_are_counted_as_clusters);
  tcase_add_test (tcase, test_runs_are_apart);
  tcase_add_test (tcase, test_what_cannot_be_fitted_is_named);
  tcase_add_loop_test (tcase, test_text_holds_the_numbers, 0, N_SETS);
  tcase_add_test (tcase, test_text_does_not_depend_on_the_locale);
  tcase_add_test (tcase, test_every_truncation_is_refused);
  tcase_add_test (tcase, test_numbers_of_no_calibration_are_refused);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (calibration_suite)
