/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "score/eigen.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

/* A A' of normal numbers, d x rank: as many eigenvalues are not 0. */
static double *
make_matrix (size_t d, size_t rank, uint64_t seed)
{
  AeRng rng;
  double *a = ae_calloc (d * rank + 1, sizeof *a);
  double *m = ae_calloc (d * d, sizeof *m);
  ae_rng_seed (&rng, seed);
  for (size_t i = 0; i < d * rank; i++)
    a[i] = ae_rng_normal (&rng);
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++)
      for (size_t k = 0; k < rank; k++)
        m[i * d + j] += a[i * rank + k] * a[j * rank + k];
  ae_free (a);
  return m;
}

static double
dot (const double *a, const double *b, size_t d)
{
  double sum = 0;
  for (size_t k = 0; k < d; k++)
    sum += a[k] * b[k];
  return sum;
}

static double
trace (const double *m, size_t d)
{
  double sum = 0;
  for (size_t i = 0; i < d; i++)
    sum += m[i * d + i];
  return sum;
}

static const struct {
  size_t d, rank, n;
} cases[] = {
  { 1, 1, 1 }, { 2, 2, 2 }, { 3, 3, 3 }, { 7, 7, 7 }, { 13, 4, 13 },
  { 65, 65, 9 }, { 90, 3, 90 }, { 6, 0, 6 },
};

START_TEST (test_vectors_are_stretched_by_their_values)
{
  size_t d = cases[_i].d, n = cases[_i].n;
  double *m = make_matrix (d, cases[_i].rank, 11 + (uint64_t) _i);
  double *copy = ae_calloc (d * d, sizeof *copy), sum = 0;
  double *values = ae_calloc (n, sizeof *values);
  double *vectors = ae_calloc (n * d, sizeof *vectors);
  double all = trace (m, d), tolerance = 1e-12 * (all + 1);
  memcpy (copy, m, d * d * sizeof *copy);
  ck_assert_int_eq (ae_eigen_largest (values, vectors, copy, d, n, NULL), AE_OK);
  for (size_t a = 0; a < n; a++) {
    const double *v = vectors + a * d;
    for (size_t i = 0; i < d; i++)
      ck_assert_double_eq_tol (
          dot (m + i * d, v, d), values[a] * v[i], tolerance);
    for (size_t b = 0; b < n; b++)
      ck_assert_double_eq_tol (dot (v, vectors + b * d, d), a == b, 1e-12);
    ck_assert (a == 0 || values[a] <= values[a - 1]);
    sum += values[a];
  }
  if (n == d)
    ck_assert_double_eq_tol (sum, all, tolerance);
  ae_free (m);
  ae_free (copy);
  ae_free (values);
  ae_free (vectors);
}
END_TEST

/* 2 - 2 cos (k pi / (d + 1)) are those of the matrix of second differences. */
START_TEST (test_values_of_second_differences)
{
  enum { D = 20 };
  double m[D * D] = { 0 }, values[D], vectors[D * D];
  for (int i = 0; i < D; i++) {
    m[i * D + i] = 2;
    if (i > 0)
      m[i * D + i - 1] = m[(i - 1) * D + i] = -1;
  }
  ck_assert_int_eq (ae_eigen_largest (values, vectors, m, D, D, NULL), AE_OK);
  for (int k = 0; k < D; k++)
    ck_assert_double_eq_tol (
        values[k], 2 - 2 * cos ((D - k) * acos (-1) / (D + 1)), 1e-12);
}
END_TEST

START_TEST (test_refuses_what_is_no_number)
{
  AeError err;
  double m[4] = { 1, NAN, NAN, 1 }, values[2], vectors[4];
  ck_assert_int_eq (
      ae_eigen_largest (values, vectors, m, 2, 2, &err), AE_ERROR_NUMERIC);
  ck_assert_ptr_nonnull (strstr (err.text, "2x2 are not finite"));
}
END_TEST

static Suite *
make_suite (void)
{
  Suite *suite = suite_create ("eigen");
  TCase *tcase = tcase_create ("eigen");
  tcase_add_loop_test (tcase, test_vectors_are_stretched_by_their_values, 0,
      sizeof cases / sizeof *cases);
  tcase_add_test (tcase, test_values_of_second_differences);
  tcase_add_test (tcase, test_refuses_what_is_no_number);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (make_suite)
