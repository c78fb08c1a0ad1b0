/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "score/mixture.h"
#include "util/mem.h"
#include "util/rng.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PI 3.14159265358979

static AeMixture *
fit (const float *rows, size_t n, size_t d, size_t components, bool full)
{
  AeMixtureOptions o = { .components = components, .full = full, .seed = 3 };
  AeMixture *m;
  AeError err = { 0 };
  AeStatus status = ae_mixture_fit (&m, rows, n, d, &o, &err);
  ck_assert_msg (status == AE_OK, "%s", err.text);
  return m;
}

/* Three groups, of 50, 30 and 20 %: round, wide, and along a diagonal. */
#define N 6000
static const float centres[3][2] = { { 0, 0 }, { 20, 0 }, { 0, 30 } };

static void
make_groups (float *rows)
{
  AeRng rng;
  ae_rng_seed (&rng, 1);
  for (int i = 0; i < N; i++) {
    int group = i % 10 < 5 ? 0 : i % 10 < 8 ? 1 : 2;
    float a = ae_rng_normal (&rng), b = ae_rng_normal (&rng);
    rows[2 * i] = centres[group][0] + (group == 1 ? 3 * a : a);
    rows[2 * i + 1] = centres[group][1] + (group == 2 ? a + 0.3f * b : b);
  }
}

START_TEST (test_groups_are_found)
{
  static float rows[2 * N];
  static const double share[] = { 0.5, 0.3, 0.2 };
  make_groups (rows);
  AeMixtureOptions o
      = { .components = 3, .full = _i, .seed = 3, .floor = 1e-5 };
  AeMixture *m;
  ck_assert_int_eq (ae_mixture_fit (&m, rows, N, 2, &o, NULL), AE_OK);
  ck_assert_uint_eq (m->components, 3);
  for (int group = 0; group < 3; group++) {
    float logs[1];
    ae_mixture_log_density (m, centres[group], 1, logs);
    /* root of the covariance's determinant */
    double size = group == 0 ? 1 : group == 1 ? 3 : _i ? 0.3 : sqrt (1.09);
    double wanted = log (share[group] / (2 * PI * size));
    /* twice sqrt (2 / 1200), the error of a deviation, and of a share */
    ck_assert_double_eq_tol (logs[0], wanted, 0.15);
    double nearest = HUGE_VAL;
    for (size_t k = 0; k < 3; k++)
      nearest = fmin (nearest, hypot (m->mean[2 * k] - centres[group][0],
                                   m->mean[2 * k + 1] - centres[group][1]));
    ck_assert_double_lt (nearest, 0.2); /* 3 / sqrt (1800) is 0.07 */
  }
  ae_mixture_free (&m);
  ae_mixture_free (&m);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Shares are those of the groups, and rows that are placed are as far from
 * their component's mean as the numbers they were placed by: the density there
 * tells. */
START_TEST (test_rows_are_drawn_as_they_were_fitted)
{
  static float rows[2 * N];
  make_groups (rows);
  AeMixtureOptions o = { .components = 3, .full = _i, .seed = 3 };
  AeMixture *m;
  double shares[3], wanted[3] = { 0 }, sum = 0;
  ck_assert_int_eq (ae_mixture_fit (&m, rows, N, 2, &o, NULL), AE_OK);
  ae_mixture_shares (m, shares);
  for (size_t k = 0; k < 3; k++) {
    const float *mean = m->mean + 2 * k, z[2] = { 1.5f, -2 }, none[2] = { 0 };
    float at[2], centre[2], logs[2];
    wanted[k] = mean[1] > 15 ? 0.2 : mean[0] > 10 ? 0.3 : 0.5;
    ck_assert_double_eq_tol (shares[k], wanted[k], 0.01);
    sum += shares[k];
    ae_mixture_place (m, k, none, centre);
    ck_assert_mem_eq (centre, mean, sizeof centre);
    ae_mixture_place (m, k, z, at);
    ae_mixture_log_density (m, at, 1, &logs[0]);
    ae_mixture_log_density (m, centre, 1, &logs[1]);
    ck_assert_double_eq_tol (
        logs[1] - logs[0], (1.5 * 1.5 + 2 * 2) / 2, 1e-3);
  }
  ck_assert_double_eq_tol (sum, 1, 1e-9);
  ae_mixture_free (&m);
}
END_TEST

START_TEST (test_covariances_tell_more_than_variances)
{
  static float rows[2 * N], logs[2][N];
  make_groups (rows);
  double mean[2] = { 0 };
  for (int full = 0; full < 2; full++) {
    AeMixture *m = fit (rows, N, 2, 3, full);
    ae_mixture_log_density (m, rows, N, logs[full]);
    for (int i = 0; i < N; i++)
      mean[full] += logs[full][i] / N;
    ae_mixture_free (&m);
  }
  ck_assert_double_gt (mean[1], mean[0] + 0.1);
}
END_TEST

/* The sum of densities as the header says, in double. */
static double
plain_log (const AeMixture *m, const float *x)
{
  double sum = 0;
  const float *factor = m->factor;
  for (size_t k = 0; k < m->components; k++) {
    double square = 0;
    for (size_t j = 0; j < m->d; j++) {
      double value = 0;
      for (size_t i = m->full ? 0 : j; i <= j; i++)
        value += *factor++ * ((double) x[i] - m->mean[k * m->d + i]);
      square += value * value;
    }
    sum += exp (m->constant[k] - square / 2);
  }
  return log (sum);
}

static const size_t sizes[][3] = { /* rows, values, components */
  { 40, 1, 3 }, { 17, 2, 1 }, { 300, 7, 5 }, { 200, 33, 8 }, { 5, 13, 2 }
};

START_TEST (test_log_density_is_the_formula)
{
  size_t n = sizes[_i / 2][0], d = sizes[_i / 2][1];
  float *rows = ae_alloc (n * d * sizeof *rows), logs[300];
  AeRng rng;
  ae_rng_seed (&rng, 2);
  for (size_t i = 0; i < n * d; i++)
    rows[i] = ae_rng_normal (&rng) + (float) (i % 3);
  AeMixture *m = fit (rows, n, d, sizes[_i / 2][2], _i % 2);
  ae_mixture_log_density (m, rows, n, logs);
  for (size_t r = 0; r < n; r++) {
    double wanted = plain_log (m, rows + r * d);
    ck_assert_double_eq_tol (logs[r], wanted, 1e-3 + 1e-5 * fabs (wanted));
  }
  /* alone and with others is the same */
  for (size_t r = 0; r < n; r++) {
    float one;
    ae_mixture_log_density (m, rows + r * d, 1, &one);
    ck_assert_float_eq (one, logs[r]);
  }
  ae_free (rows);
  ae_mixture_free (&m);
}
END_TEST

/* A single normal distribution has its own mean and variance. */
START_TEST (test_density_adds_up_to_one)
{
  float rows[500], at[2001], logs[2001];
  AeRng rng;
  ae_rng_seed (&rng, 8);
  for (int i = 0; i < 500; i++)
    rows[i] = ae_rng_normal (&rng) + (float) (i % 2 ? 6 : 0);
  AeMixture *m = fit (rows, 500, 1, 4, _i);
  double sum = 0;
  for (int i = 0; i < 2001; i++)
    at[i] = 0.02f * (float) (i - 1000) + 3;
  ae_mixture_log_density (m, at, 2001, logs);
  for (int i = 0; i < 2001; i++)
    sum += 0.02 * exp (logs[i]);
  ck_assert_double_eq_tol (sum, 1, 1e-3);
  ae_mixture_free (&m);
}
END_TEST

/* Few rows, equal rows, rows without spread, large and small ones. */
START_TEST (test_any_rows_give_a_mixture)
{
  float rows[90], logs[30];
  for (int which = 0; which < 9; which++) {
    size_t n = which == 0 ? 1 : which == 1 ? 2 : 30;
    size_t distinct = which < 2 ? n : which < 5 ? 1 : which == 5 ? 2 : 8;
    AeRng rng;
    ae_rng_seed (&rng, 4);
    for (int i = 0; i < 90; i++) {
      float u = ae_rng_uniform (&rng);
      rows[i] = which == 2 ? 0
          : which == 3    ? 1e18f
          : which == 4    ? -1e-30f
          : which == 5    ? (float) (i / 3 % 2)
          : which == 6    ? (i % 3 ? 5 : u) /* only one value varies */
          : which == 7    ? (2 * u - 1) * 1e18f
          : which == 8    ? u * 1e-20f
                          : u;
    }
    AeMixture *m = fit (rows, n, 3, 8, _i);
    ck_assert_msg (m->components <= distinct, "%d: %zu", which,
        m->components);
    for (size_t i = 0; i < m->floats; i++)
      ck_assert_msg (isfinite (m->block[i]), "%d: value %zu", which, i);
    ae_mixture_log_density (m, rows, n, logs);
    float far[3] = { 1e19f, -1e19f, 1e19f }, far_log;
    ae_mixture_log_density (m, far, 1, &far_log);
    for (size_t i = 0; i < n; i++)
      ck_assert_msg (isfinite (logs[i]) && logs[i] > far_log,
          "%d: row %zu has %g, far is %g", which, i, logs[i], far_log);
    AeMixture *back;
    ck_assert_int_eq (
        ae_mixture_read (&back, m->block, m->floats, NULL), AE_OK);
    ae_mixture_free (&back);
    ae_mixture_free (&m);
  }
}
END_TEST

START_TEST (test_rows_that_are_not_finite_are_not_dense)
{
  float rows[] = { 0, 1, 2, 3, 1, 2 };
  float odd[] = { NAN, 0, INFINITY, 0, 0, -INFINITY, FLT_MAX, -FLT_MAX };
  float logs[4];
  AeMixture *m = fit (rows, 3, 2, 2, _i);
  ae_mixture_log_density (m, odd, 4, logs);
  for (int i = 0; i < 4; i++)
    ck_assert_float_eq (logs[i], -FLT_MAX);
  ae_mixture_free (&m);
}
END_TEST

START_TEST (test_the_same_seed_gives_the_same)
{
  static float rows[2 * N];
  make_groups (rows);
  AeMixture *a = fit (rows, N, 2, 5, true), *b = fit (rows, N, 2, 5, true);
  ck_assert_mem_eq (a->block, b->block, a->floats * sizeof *a->block);
  ae_mixture_free (&a);
  ae_mixture_free (&b);
}
END_TEST

START_TEST (test_blocks_come_back_and_truncated_ones_do_not)
{
  float rows[60], logs[2][20];
  for (int i = 0; i < 60; i++)
    rows[i] = (float) (i * 7 % 11);
  AeMixture *m = fit (rows, 20, 3, 3, _i), *back;
  ck_assert_int_eq (
      ae_mixture_read (&back, m->block, m->floats, NULL), AE_OK);
  ae_mixture_log_density (m, rows, 20, logs[0]);
  ae_mixture_log_density (back, rows, 20, logs[1]);
  ck_assert_mem_eq (logs[0], logs[1], sizeof logs[0]);
  ae_mixture_free (&back);
  for (size_t n = 0; n < m->floats; n++) {
    AeError err = { 0 };
    float *part = malloc (n * sizeof *part); /* reads beyond it are seen */
    memcpy (part, m->block, n * sizeof *part);
    ck_assert_int_eq (
        ae_mixture_read (&back, part, n, &err), AE_ERROR_FORMAT);
    ck_assert_uint_gt (strlen (err.text), 0);
    ck_assert_ptr_null (back);
    free (part);
  }
  ae_mixture_free (&m);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_wrong_blocks_are_refused)
{
  static const struct {
    size_t at;
    float value;
  } wrong[] = { { 0, 2 }, { 0, NAN }, { 1, 0.5f }, { 1, 2 }, { 2, 0 },
    { 2, 257 }, { 2, 1.5f }, { 2, -1 }, { 3, 0 }, { 3, 513 }, { 3, 1e30f },
    { 3, NAN }, { 4, NAN }, { 5, INFINITY }, { 7, 0 }, { 7, -1 }, { 9, 0 } };
  /* one component of 2 values: constant, mean, three of the factor */
  const float right[] = { 1, 1, 1, 2, -1, 5, 6, 1, 0.5f, 2 };
  AeMixture *m;
  ck_assert_int_eq (ae_mixture_read (&m, right, 10, NULL), AE_OK);
  float at[] = { 7, 6 }, log_density;
  ae_mixture_log_density (m, at, 1, &log_density);
  ck_assert_float_eq (log_density, -1 - (4 + 1) / 2.0f);
  ae_mixture_free (&m);
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    float block[10];
    memcpy (block, right, sizeof block);
    block[wrong[i].at] = wrong[i].value;
    ck_assert_msg (
        ae_mixture_read (&m, block, 10, NULL) == AE_ERROR_FORMAT,
        "value %zu as %g", wrong[i].at, wrong[i].value);
  }
}
END_TEST

START_TEST (test_what_cannot_be_fitted_is_named)
{
  float rows[] = { 1, 2, 3, INFINITY };
  AeMixtureOptions o = { .components = 257 };
  AeError err = { 0 };
  AeMixture *m;
  ck_assert_int_eq (
      ae_mixture_fit (&m, rows, 2, 2, NULL, &err), AE_ERROR_NUMERIC);
  ck_assert_msg (strstr (err.text, "value 1 of row 1 is inf"), "%s",
      err.text);
  ck_assert_int_eq (
      ae_mixture_fit (&m, rows, 0, 2, NULL, &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (
      ae_mixture_fit (&m, rows, 1, 513, NULL, &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (
      ae_mixture_fit (&m, rows, 1, 2, &o, &err), AE_ERROR_ARGUMENT);
  for (int k = 1;; k++) {
    ae_mem_fail_at (k, false);
    AeStatus status = ae_mixture_fit (&m, rows, 1, 3, NULL, &err);
    ae_mem_fail_at (0, false);
    if (status == AE_OK)
      break;
    ck_assert_int_eq (status, AE_ERROR_MEMORY);
    ck_assert_ptr_null (m);
    ck_assert_int_eq (ae_mem_live (), 0);
  }
  ae_mixture_free (&m);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static double
now_ms (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec * 1e3 + (double) t.tv_nsec * 1e-6;
}

/* Printed, not judged. */
START_TEST (test_times_are_printed)
{
  size_t n = 5000, d = 32;
  float *rows = ae_alloc (n * d * sizeof *rows);
  float *logs = ae_alloc (n * sizeof *logs);
  AeRng rng;
  ae_rng_seed (&rng, 6);
  for (size_t i = 0; i < n * d; i++)
    rows[i] = ae_rng_normal (&rng);
  for (int full = 0; full < 2; full++) {
    AeMixtureOptions o = { .components = 8, .full = full, .rounds = 10 };
    AeMixture *m;
    double start = now_ms (), best = HUGE_VAL;
    ck_assert_int_eq (ae_mixture_fit (&m, rows, n, d, &o, NULL), AE_OK);
    printf ("%s: 10 rounds of %zu rows of %zu values: %.0f ms\n",
        full ? "covariances" : "variances", n, d, now_ms () - start);
    for (int i = 0; i < 10; i++) {
      start = now_ms ();
      ae_mixture_log_density (m, rows, 1350, logs);
      best = fmin (best, now_ms () - start);
    }
    printf ("1350 rows, 8 components: %.2f ms\n", best);
    ae_mixture_free (&m);
  }
  ae_free (rows);
  ae_free (logs);
}
END_TEST

static Suite *
mixture_suite (void)
{
  Suite *suite = suite_create ("mixture");
  TCase *tcase = tcase_create ("mixture");
  tcase_add_loop_test (tcase, test_groups_are_found, 0, 2);
  tcase_add_loop_test (tcase, test_rows_are_drawn_as_they_were_fitted, 0, 2);
  tcase_add_test (tcase, test_covariances_tell_more_than_variances);
  tcase_add_loop_test (tcase, test_log_density_is_the_formula, 0, 10);
  tcase_add_loop_test (tcase, test_density_adds_up_to_one, 0, 2);
  tcase_add_loop_test (tcase, test_any_rows_give_a_mixture, 0, 2);
  tcase_add_loop_test (
      tcase, test_rows_that_are_not_finite_are_not_dense, 0, 2);
  tcase_add_test (tcase, test_the_same_seed_gives_the_same);
  tcase_add_loop_test (
      tcase, test_blocks_come_back_and_truncated_ones_do_not, 0, 2);
  tcase_add_test (tcase, test_wrong_blocks_are_refused);
  tcase_add_test (tcase, test_what_cannot_be_fitted_is_named);
  tcase_add_test (tcase, test_times_are_printed);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (mixture_suite)
