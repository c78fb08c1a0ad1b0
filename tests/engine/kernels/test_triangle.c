/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "kernels/kernels.h"
#include "util/rng.h"

#include <math.h>

enum { MOST = 97, ROWS = AE_TRIANGLE_ROWS };

static float factor[MOST * (MOST + 1) / 2], x[MOST * ROWS];

static double
square_by_definition (size_t d, size_t row)
{
  const float *f = factor;
  double square = 0;
  for (size_t j = 0; j < d; j++) {
    double sum = 0;
    for (size_t i = 0; i <= j; i++)
      sum += (double) *f++ * x[i * ROWS + row];
    square += sum * sum;
  }
  return square;
}

START_TEST (test_squares_are_those_of_the_definition)
{
  static const size_t sizes[] = { 1, 2, 3, 4, 7, 24, 48, MOST };
  size_t d = sizes[_i];
  AeRng rng;
  ae_rng_seed (&rng, d);
  for (size_t i = 0; i < d * (d + 1) / 2; i++)
    factor[i] = ae_rng_normal (&rng);
  for (size_t i = 0; i < d * ROWS; i++)
    x[i] = ae_rng_normal (&rng);
  for (AeCpuLevel level = AE_CPU_SCALAR; level <= AE_CPU_AMX; level++) {
    const AeKernels *kernels = ae_kernels_at (level);
    float squares[ROWS + 1];
    squares[ROWS] = -1;
    if (!kernels)
      continue;
    kernels->triangle_squares (factor, x, d, squares);
    ck_assert (squares[ROWS] == -1);
    for (size_t r = 0; r < ROWS; r++) {
      double wanted = square_by_definition (d, r);
      /* sums of d terms are rounded d times */
      ck_assert_msg (fabs (squares[r] - wanted) <= 1e-5 * wanted,
          "%s, %zu values, row %zu: %g, wanted %g",
          ae_cpu_level_name (level), d, r, squares[r], wanted);
    }
  }
}
END_TEST

START_TEST (test_what_is_not_finite_stays_in_its_row)
{
  for (size_t i = 0; i < 6; i++)
    factor[i] = 1;
  for (size_t i = 0; i < 3 * ROWS; i++)
    x[i] = 1;
  x[ROWS + 5] = NAN;
  for (AeCpuLevel level = AE_CPU_SCALAR; level <= AE_CPU_AMX; level++) {
    const AeKernels *kernels = ae_kernels_at (level);
    float squares[ROWS];
    if (!kernels)
      continue;
    kernels->triangle_squares (factor, x, 3, squares);
    for (size_t r = 0; r < ROWS; r++)
      ck_assert (r == 5 ? isnan (squares[r]) : squares[r] == 1 + 4 + 9);
  }
}
END_TEST

static Suite *
triangle_suite (void)
{
  Suite *suite = suite_create ("triangle");
  TCase *tcase = tcase_create ("triangle");
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, test_squares_are_those_of_the_definition, 0, 8);
  tcase_add_test (tcase, test_what_is_not_finite_stays_in_its_row);
  return suite;
}

AE_TEST_MAIN (triangle_suite)
