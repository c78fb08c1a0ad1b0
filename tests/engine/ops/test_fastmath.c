/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "ops/fastmath.h"

/* Largest relative error of `fast` over a dense grid. */
static double
worst_error (float (*fast) (float), double (*exact) (double), double lo,
    double hi)
{
  double worst = 0;
  for (int i = 0; i <= 200000; i++) {
    float x = (float) (lo + (hi - lo) * i / 200000);
    double want = exact (x);
    double error = fabs (fast (x) - want) / (fabs (want) + 1e-37);
    worst = error > worst ? error : worst;
  }
  return worst;
}

static double
exact_sigmoid (double x)
{
  return 1 / (1 + exp (-x));
}

/* One unit in the last place of f32 is at most 1.2e-7 of the value. */
START_TEST (test_errors_are_units_in_the_last_place)
{
  ck_assert_double_lt (worst_error (ae_fast_exp, exp, -87, 88.7), 2.4e-7);
  ck_assert_double_lt (worst_error (ae_fast_tanh, tanh, -10, 10), 2.4e-7);
  ck_assert_double_lt (
      worst_error (ae_fast_sigmoid, exact_sigmoid, -80, 80), 4.8e-7);
  ck_assert_double_lt (worst_error (ae_fast_log1p_unit, log1p, 0, 1), 2.4e-7);
  ck_assert_double_lt (
      worst_error (ae_fast_log1p_unit, log1p, 1e-38, 1e-3), 2.4e-7);
}
END_TEST

START_TEST (test_ends_of_the_range)
{
  ck_assert (ae_fast_exp (-INFINITY) == 0);
  ck_assert (ae_fast_exp (INFINITY) == INFINITY);
  ck_assert (ae_fast_exp (0) == 1);
  ck_assert (isnan (ae_fast_exp (NAN)));
  ck_assert (ae_fast_exp (-100) > 0); /* denormal */
  ck_assert (ae_fast_tanh (1000) == 1);
  ck_assert (ae_fast_tanh (-1000) == -1);
  ck_assert (isnan (ae_fast_tanh (NAN)));
  ck_assert (ae_fast_sigmoid (1000) == 1);
  ck_assert (ae_fast_sigmoid (-1000) == 0);
  ck_assert (ae_fast_log1p_unit (0) == 0);
  ck_assert (isnan (ae_fast_log1p_unit (NAN)));
}
END_TEST

static Suite *
fastmath_suite (void)
{
  Suite *suite = suite_create ("fastmath");
  TCase *tcase = tcase_create ("fastmath");
  tcase_add_test (tcase, test_errors_are_units_in_the_last_place);
  tcase_add_test (tcase, test_ends_of_the_range);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (fastmath_suite)
