/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "score/principal.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

enum { D = 7, N = 3000 };

/* Deviations of 5, 3 and 2 along three directions, .1 along the others. */
static const float direction[3][D] = {
  { 0.6f, 0, 0.8f },
  { 0, 1 },
  { 0, 0, 0, 0.8f, 0, -0.6f },
};
static const float deviation[3] = { 5, 3, 2 };

static float *
make_rows (void)
{
  AeRng rng;
  float *rows = ae_calloc (N, D * sizeof *rows);
  ae_rng_seed (&rng, 5);
  for (int i = 0; i < N; i++)
    for (int k = 0; k < D; k++)
      rows[i * D + k] = (float) k + 0.1f * ae_rng_normal (&rng);
  for (int i = 0; i < N; i++)
    for (int a = 0; a < 3; a++) {
      float x = deviation[a] * ae_rng_normal (&rng);
      for (int k = 0; k < D; k++)
        rows[i * D + k] += x * direction[a][k];
    }
  return rows;
}

static double
dot (const float *a, const float *b)
{
  double sum = 0;
  for (int k = 0; k < D; k++)
    sum += (double) a[k] * b[k];
  return sum;
}

START_TEST (test_axes_are_those_of_the_largest_spread)
{
  float mean[D], axes[D * D], *rows = make_rows ();
  ck_assert_int_eq (
      ae_principal_fit (mean, axes, rows, N, D, D, NULL), AE_OK);
  for (int k = 0; k < D; k++) /* 5 deviations of the mean */
    ck_assert_double_eq_tol (mean[k], k, 5 * 5 / sqrt (N));
  for (int a = 0; a < 3; a++) /* of 3000 rows */
    ck_assert_double_eq_tol (
        fabs (dot (axes + a * D, direction[a])), 1, 0.01);
  for (int a = 0; a < D; a++)
    for (int b = 0; b < D; b++)
      ck_assert_double_eq_tol (
          dot (axes + a * D, axes + b * D), a == b, 1e-5);
  ae_free (rows);
}
END_TEST

START_TEST (test_rows_that_are_equal_have_axes_too)
{
  float mean[D], axes[2 * D], rows[3 * D];
  for (int i = 0; i < 3 * D; i++)
    rows[i] = (float) (i % D);
  ck_assert_int_eq (
      ae_principal_fit (mean, axes, rows, 3, D, 2, NULL), AE_OK);
  ck_assert_double_eq_tol (mean[4], 4, 1e-6);
  ck_assert_double_eq_tol (dot (axes, axes), 1, 1e-6);
}
END_TEST

START_TEST (test_refuses_what_has_no_axes)
{
  AeError err;
  float mean[D], axes[D * D], rows[D] = { 1, 2, INFINITY };
  ck_assert_int_eq (ae_principal_fit (mean, axes, rows, 0, D, 1, &err),
      AE_ERROR_ARGUMENT);
  ck_assert_int_eq (ae_principal_fit (mean, axes, rows, 1, D, D + 1, &err),
      AE_ERROR_ARGUMENT);
  ck_assert_int_eq (
      ae_principal_fit (mean, axes, rows, 1, D, 1, &err), AE_ERROR_NUMERIC);
  ck_assert_ptr_nonnull (strstr (err.text, "value 2 of row 0 is inf"));
}
END_TEST

static Suite *
make_suite (void)
{
  Suite *suite = suite_create ("principal");
  TCase *tcase = tcase_create ("principal");
  tcase_add_test (tcase, test_axes_are_those_of_the_largest_spread);
  tcase_add_test (tcase, test_rows_that_are_equal_have_axes_too);
  tcase_add_test (tcase, test_refuses_what_has_no_axes);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (make_suite)
