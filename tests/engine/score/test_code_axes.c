/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/codes.h>

#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

#define RADIAN (acos (-1) / 180)

enum { LONG = 784 };

/* Rows of two numbers, along waves of 3 and 5 rounds, of deviations 2 and 1. */
static float *
make_waves (size_t n)
{
  AeRng rng;
  float *rows = ae_calloc (n, LONG * sizeof *rows);
  ae_rng_seed (&rng, 21);
  for (size_t i = 0; i < n; i++) {
    double a = 2 * ae_rng_normal (&rng), b = ae_rng_normal (&rng);
    for (int k = 0; k < LONG; k++)
      rows[i * LONG + (size_t) k] = (float) (0.5
          + a * sin (2 * acos (-1) * 3 * k / LONG)
          + b * sin (2 * acos (-1) * 5 * k / LONG));
  }
  return rows;
}

START_TEST (test_axes_of_pictures_are_what_they_are_made_of)
{
  float mean[LONG], axes[2 * LONG], waves[2 * LONG], *rows = make_waves (400);
  AeCodes pictures = { rows, 400, LONG }, found = { axes, 2, LONG };
  AeCodes wanted = { waves, 2, LONG }, first = { axes, 1, LONG };
  double degrees;
  for (int k = 0; k < LONG; k++) {
    waves[k] = (float) sin (2 * acos (-1) * 3 * k / LONG);
    waves[LONG + k] = (float) sin (2 * acos (-1) * 5 * k / LONG);
  }
  ck_assert_int_eq (
      ae_codes_principal_axes (mean, axes, &pictures, 2, NULL), AE_OK);
  ck_assert_int_eq (
      ae_codes_largest_angle (&degrees, &found, &wanted, NULL), AE_OK);
  ck_assert_double_lt (degrees, 0.001); /* sums in single precision */
  wanted.n = 1;
  ck_assert_int_eq (
      ae_codes_largest_angle (&degrees, &first, &wanted, NULL), AE_OK);
  ck_assert_double_lt (degrees, 10); /* of 400 drawn: 1 / sqrt (400) / 1.5 */
  ae_free (rows);
}
END_TEST

static const struct {
  float a[6], b[6];
  size_t n_a, n_b;
  double degrees;
} angles[] = {
  { { 1, 0, 0 }, { 5, 0, 0 }, 1, 1, 0 },
  { { 1, 0, 0 }, { 1, 1, 0 }, 1, 1, 45 },
  { { 1, 0, 0 }, { 0, -2, 0 }, 1, 1, 90 },
  /* The same plane by other rows, and by rows that say little more. */
  { { 1, 0, 0, 0, 1, 0 }, { 3, 1, 0, 1, -4, 0 }, 2, 2, 0 },
  { { 1, 1, 0, 1, 1.001f, 0 }, { 0, 1, 0, 1, 0, 0 }, 2, 2, 0 },
  /* Planes that meet at an angle have a line in common. */
  { { 1, 0, 0, 0, 1, 0 }, { 1, 0, 0, 0, 1, 1 }, 2, 2, 45 },
  /* A line in a plane; a plane that is none. */
  { { 1, 0, 0 }, { 1, 0, 0, 0, 1, 0 }, 1, 2, 90 },
  { { 1, 2, 0, 2, 4, 0 }, { -1, -2, 0 }, 2, 1, 0 },
  { { 0, 0, 0 }, { 1, 0, 0 }, 1, 1, 90 },
  { { 0, 0, 0 }, { 0, 0, 0 }, 1, 1, 0 },
};

START_TEST (test_angles_between_lines_and_planes)
{
  AeCodes a = { angles[_i].a, angles[_i].n_a, 3 };
  AeCodes b = { angles[_i].b, angles[_i].n_b, 3 };
  double there, back;
  ck_assert_int_eq (ae_codes_largest_angle (&there, &a, &b, NULL), AE_OK);
  ck_assert_int_eq (ae_codes_largest_angle (&back, &b, &a, NULL), AE_OK);
  ck_assert_double_eq_tol (there, angles[_i].degrees, 1e-5);
  ck_assert_double_eq_tol (back, there, 1e-5);
}
END_TEST

/* Where the cosine is 1 in single precision. */
START_TEST (test_small_angles_are_told)
{
  float x[3] = { 1, 0, 0 }, y[3] = { 1, 0, 0.0001f };
  AeCodes a = { x, 1, 3 }, b = { y, 1, 3 };
  double degrees;
  ck_assert_int_eq (ae_codes_largest_angle (&degrees, &a, &b, NULL), AE_OK);
  ck_assert_double_eq_tol (degrees, atan (0.0001f) / RADIAN, 1e-9);
}
END_TEST

START_TEST (test_refuses_what_has_no_axes)
{
  AeError err;
  double degrees;
  float mean[3], axes[12], rows[6] = { 1, 2, 3, 4, INFINITY, 6 };
  float *wide = ae_calloc (AE_CODE_AXES_MOST_NUMBERS + 1, sizeof *wide);
  AeCodes none = { rows, 0, 3 }, one = { rows, 1, 3 }, bad = { rows, 2, 3 };
  AeCodes pairs = { rows, 2, 2 };
  AeCodes large = { wide, 1, AE_CODE_AXES_MOST_NUMBERS + 1 };
  AeCodes many = { wide, AE_CODE_AXES_MOST_NUMBERS + 1, 1 };
  AeCodes lone = { rows, 1, 1 };
  ck_assert_int_eq (ae_codes_principal_axes (mean, axes, &none, 1, &err),
      AE_ERROR_ARGUMENT);
  ck_assert_int_eq (
      ae_codes_principal_axes (mean, axes, &one, 4, &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (
      ae_codes_principal_axes (mean, axes, &bad, 1, &err), AE_ERROR_NUMERIC);
  ck_assert_int_eq (ae_codes_principal_axes (mean, axes, &large, 1, &err),
      AE_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull (strstr (err.text, "1 to 2048 values"));
  ck_assert_int_eq (
      ae_codes_largest_angle (&degrees, &one, &pairs, &err), AE_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull (strstr (err.text, "3 numbers and of 2"));
  ck_assert_int_eq (
      ae_codes_largest_angle (&degrees, &none, &one, &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (
      ae_codes_largest_angle (&degrees, &one, &bad, &err), AE_ERROR_NUMERIC);
  ck_assert_int_eq (
      ae_codes_largest_angle (&degrees, &lone, &many, &err), AE_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull (strstr (err.text, "1 and 2049 rows"));
  ae_free (wide);
}
END_TEST

static Suite *
make_suite (void)
{
  Suite *suite = suite_create ("code_axes");
  TCase *tcase = tcase_create ("code_axes");
  tcase_add_test (tcase, test_axes_of_pictures_are_what_they_are_made_of);
  tcase_add_loop_test (tcase, test_angles_between_lines_and_planes, 0,
      sizeof angles / sizeof *angles);
  tcase_add_test (tcase, test_small_angles_are_told);
  tcase_add_test (tcase, test_refuses_what_has_no_axes);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (make_suite)
