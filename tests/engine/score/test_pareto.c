/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "score/pareto.h"
#include "util/rng.h"

#include <math.h>

#define N 4000

/* Of a uniform number, by the inverse. */
static void
draw (const AePareto *p, double *values, size_t n, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (size_t i = 0; i < n; i++)
    values[i] = ae_pareto_value (
        p, log ((ae_rng_uniform (&rng) + 0x1p-25) / (1 + 0x1p-24)));
}

static const double shapes[] = { -0.8, -0.5, -0.2, 0, 0.1, 0.4 };

START_TEST (test_the_distribution_is_found)
{
  double values[N];
  AePareto p = { 3, shapes[_i] };
  draw (&p, values, N, 1);
  AePareto found = ae_pareto_fit (values, N);
  /* four standard errors of the shape, (1 + shape) / sqrt (N), and what it is
   * drawn to 0 by */
  ck_assert_double_eq_tol (found.shape, p.shape, 0.07);
  ck_assert_double_eq_tol (found.scale, p.scale, 0.25);
  /* a unit of the values changes nothing */
  draw (&p, values, N, 1);
  for (int i = 0; i < N; i++)
    values[i] *= 1e-30;
  AePareto small = ae_pareto_fit (values, N);
  ck_assert_double_eq_tol (small.shape, found.shape, 1e-6);
  ck_assert_double_eq_tol (small.scale * 1e30, found.scale, 1e-5);
}
END_TEST

START_TEST (test_survival_and_value_are_inverse)
{
  AePareto p = { 2, shapes[_i] };
  for (double log_share = 0; log_share > -20; log_share -= 0.37) {
    double y = ae_pareto_value (&p, log_share);
    /* near an end all digits are those of the end */
    if (p.shape * log_share < 12)
      ck_assert_double_eq_tol (
          ae_pareto_log_survival (&p, y), log_share, 1e-6);
  }
  /* the formula itself */
  double wanted = p.shape == 0 ? -0.5 : -log (1 + p.shape / 2) / p.shape;
  ck_assert_double_eq_tol (ae_pareto_log_survival (&p, 1), wanted, 1e-12);
  if (p.shape < 0)
    ck_assert_double_eq (
        ae_pareto_log_survival (&p, -2 / p.shape + 1e-9), -HUGE_VAL);
}
END_TEST

START_TEST (test_few_values_give_usual_shapes)
{
  AePareto heavy = { 1, 0.5 };
  double values[N], before = 0;
  for (size_t n = 1; n < N; n = 4 * n + 1) {
    double mean = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
      draw (&heavy, values, n, seed);
      AePareto p = ae_pareto_fit (values, n);
      ck_assert (p.shape >= AE_PARETO_LEAST && p.shape <= AE_PARETO_MOST);
      ck_assert (p.scale > 0 && isfinite (p.scale));
      mean += p.shape / 20;
    }
    ck_assert_double_ge (mean, before - 0.02);
    before = mean;
  }
  ck_assert_double_gt (before, 0.35);
  for (size_t n = 1; n < 50; n++) {
    for (size_t i = 0; i < n; i++)
      values[i] = 7;
    AePareto p = ae_pareto_fit (values, n);
    ck_assert (p.scale > 0 && isfinite (p.scale));
    ck_assert_double_gt (ae_pareto_log_survival (&p, 7), -HUGE_VAL);
  }
}
END_TEST

static Suite *
pareto_suite (void)
{
  Suite *suite = suite_create ("pareto");
  TCase *tcase = tcase_create ("pareto");
  tcase_add_loop_test (tcase, test_the_distribution_is_found, 0, 6);
  tcase_add_loop_test (tcase, test_survival_and_value_are_inverse, 0, 6);
  tcase_add_test (tcase, test_few_values_give_usual_shapes);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (pareto_suite)
