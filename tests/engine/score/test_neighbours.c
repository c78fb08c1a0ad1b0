/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "score/coreset.h"
#include "score/neighbours.h"
#include "util/mem.h"
#include "util/rng.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static float *
make_rows (size_t n, size_t d, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  float *rows = ae_alloc (n * d * sizeof *rows);
  for (size_t i = 0; i < n * d; i++)
    rows[i] = ae_rng_normal (&rng) + 10 * (float) (i % d);
  return rows;
}

static double
distance (const float *a, const float *b, size_t d)
{
  double sum = 0;
  for (size_t i = 0; i < d; i++)
    sum += pow ((double) a[i] - b[i], 2);
  return sqrt (sum);
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static const struct {
  size_t n_rows, n_points, d, k;
} sizes[] = {
  { 1, 1, 1, 1 }, { 1, 1, 1, 5 }, { 7, 13, 3, 1 }, { 33, 17, 32, 3 },
  { 100, 16, 8, 16 }, { 65, 1000, 33, 9 }, { 31, 200, 5, 64 },
  { 40, 33, 100, 64 },
};
#define N_SIZES 8

START_TEST (test_distances_are_those_to_the_nearest)
{
  size_t n = sizes[_i].n_rows, m = sizes[_i].n_points, d = sizes[_i].d;
  size_t k = sizes[_i].k < m ? sizes[_i].k : m;
  float *rows = make_rows (n, d, 1), *points = make_rows (m, d, 2);
  memcpy (points + (m - 1) * d, rows, d * sizeof *rows); /* found at 0 */
  AeNeighbours *nb;
  ck_assert_int_eq (ae_neighbours_new (&nb, points, m, d, NULL), AE_OK);
  float *scratch = ae_alloc (ae_neighbours_scratch (nb) * sizeof *scratch);
  float *mean = ae_alloc (n * sizeof *mean);
  float *furthest = ae_alloc (n * sizeof *furthest);
  double *all = ae_alloc (m * sizeof *all);
  ae_neighbours_distances (
      nb, rows, n, sizes[_i].k, AE_NEIGHBOURS_MEAN, mean, scratch);
  ae_neighbours_distances (
      nb, rows, n, sizes[_i].k, AE_NEIGHBOURS_FURTHEST, furthest, scratch);
  for (size_t r = 0; r < n; r++) {
    double sum = 0;
    for (size_t i = 0; i < m; i++)
      all[i] = distance (rows + r * d, points + i * d, d);
    qsort (all, m, sizeof *all, compare);
    for (size_t i = 0; i < k; i++)
      sum += all[i];
    /* values of some 1000 minus their mean are rounded to 1e-4 */
    ck_assert_double_eq_tol (mean[r], sum / (double) k, 3e-4);
    ck_assert_double_eq_tol (furthest[r], all[k - 1], 3e-4);
  }
  if (k == 1)
    ck_assert_float_eq (mean[0], 0);
  ae_free (rows);
  ae_free (points);
  ae_free (scratch);
  ae_free (mean);
  ae_free (furthest);
  ae_free (all);
  ae_neighbours_free (&nb);
  ae_neighbours_free (&nb);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_rows_that_are_not_finite_are_far)
{
  float points[40] = { 0 }, rows[6] = { NAN, 0, INFINITY, 1, FLT_MAX, 0 };
  float out[3], scratch[4096];
  AeNeighbours *nb;
  for (int i = 0; i < 40; i++)
    points[i] = (float) i;
  ck_assert_int_eq (ae_neighbours_new (&nb, points, 20, 2, NULL), AE_OK);
  ck_assert_uint_le (ae_neighbours_scratch (nb), 4096);
  for (int kind = 0; kind <= AE_NEIGHBOURS_FURTHEST; kind++) {
    ae_neighbours_distances (nb, rows, 3, 3, kind, out, scratch);
    for (int i = 0; i < 3; i++)
      ck_assert_float_eq (out[i], INFINITY);
  }
  ae_neighbours_free (&nb);
}
END_TEST

/* The choice as it is defined, all distances computed. */
static size_t
choose_plainly (const float *rows, size_t n, size_t d, size_t first,
    size_t wanted, size_t *chosen)
{
  double *least = ae_alloc (n * sizeof *least);
  for (size_t i = 0; i < n; i++)
    least[i] = HUGE_VAL;
  chosen[0] = first;
  size_t m = 1;
  for (; m < wanted; m++) {
    double most = 0;
    for (size_t i = 0; i < n; i++) {
      least[i] = fmin (least[i],
          distance (rows + i * d, rows + chosen[m - 1] * d, d));
      if (least[i] > most) {
        most = least[i];
        chosen[m] = i;
      }
    }
    if (most == 0)
      break;
  }
  ae_free (least);
  return m;
}

START_TEST (test_chosen_rows_are_the_furthest)
{
  size_t n = 700, d = 7, chosen[100], plain[100], found;
  float *rows = make_rows (n, d, 3);
  ck_assert_int_eq (
      ae_coreset_choose (chosen, &found, rows, n, d, 100, NULL), AE_OK);
  ck_assert_uint_eq (found, 100);
  choose_plainly (rows, n, d, chosen[0], 100, plain);
  ck_assert_mem_eq (chosen, plain, sizeof plain);
  ae_free (rows);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_equal_rows_are_chosen_once)
{
  float rows[60];
  size_t chosen[60], found;
  for (int i = 0; i < 60; i++)
    rows[i] = (float) (i / 2 % 3); /* (0,0) (1,1) (2,2) */
  ck_assert_int_eq (
      ae_coreset_choose (chosen, &found, rows, 30, 2, 60, NULL), AE_OK);
  ck_assert_uint_eq (found, 3);
  ck_assert_float_eq (rows[2 * chosen[0]], 1);
  ck_assert_int_eq (
      ae_coreset_choose (chosen, &found, rows, 1, 2, 60, NULL), AE_OK);
  ck_assert_uint_eq (found, 1);
  float huge[] = { -FLT_MAX, FLT_MAX, 0, FLT_MAX };
  ck_assert_int_eq (
      ae_coreset_choose (chosen, &found, huge, 4, 1, 4, NULL), AE_OK);
  ck_assert_uint_eq (found, 3);
}
END_TEST

START_TEST (test_what_is_wrong_is_named)
{
  float rows[] = { 1, 2, 3, NAN };
  size_t chosen[4], found;
  AeNeighbours *nb;
  AeError err = { 0 };
  ck_assert_int_eq (
      ae_coreset_choose (chosen, &found, rows, 2, 2, 1, &err),
      AE_ERROR_NUMERIC);
  ck_assert_msg (strstr (err.text, "value 1 of row 1"), "%s", err.text);
  ck_assert_int_eq (
      ae_neighbours_new (&nb, rows, 2, 2, &err), AE_ERROR_NUMERIC);
  ck_assert_msg (strstr (err.text, "value 1 of point 1"), "%s", err.text);
  ck_assert_ptr_null (nb);
  ck_assert_int_eq (ae_coreset_choose (chosen, &found, rows, 1, 2, 0, &err),
      AE_ERROR_ARGUMENT);
  ck_assert_int_eq (
      ae_neighbours_new (&nb, rows, 0, 2, &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (ae_neighbours_new (&nb, rows, SIZE_MAX / 8, 4, &err),
      AE_ERROR_MEMORY);
  for (int k = 1;; k++) {
    ae_mem_fail_at (k, false);
    AeStatus status = ae_neighbours_new (&nb, rows, 1, 2, &err);
    ae_mem_fail_at (0, false);
    if (status == AE_OK)
      break;
    ck_assert_int_eq (status, AE_ERROR_MEMORY);
    ck_assert_int_eq (ae_mem_live (), 0);
  }
  ae_neighbours_free (&nb);
  for (int k = 1;; k++) {
    ae_mem_fail_at (k, false);
    AeStatus status
        = ae_coreset_choose (chosen, &found, rows, 1, 2, 1, &err);
    ae_mem_fail_at (0, false);
    if (status == AE_OK)
      break;
    ck_assert_int_eq (status, AE_ERROR_MEMORY);
  }
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

/* Printed, not judged: what a picture costs. */
START_TEST (test_times_are_printed)
{
  size_t n = 8000, d = 32, wanted = 1000, found;
  size_t *chosen = ae_alloc (wanted * sizeof *chosen);
  float *rows = make_rows (n, d, 5);
  float *points = ae_alloc (wanted * d * sizeof *points);
  double start = now_ms ();
  ck_assert_int_eq (
      ae_coreset_choose (chosen, &found, rows, n, d, wanted, NULL), AE_OK);
  printf ("%zu of %zu rows of %zu values chosen: %.0f ms\n", found, n, d,
      now_ms () - start);
  for (size_t i = 0; i < found; i++)
    memcpy (points + i * d, rows + chosen[i] * d, d * sizeof *rows);
  AeNeighbours *nb;
  ck_assert_int_eq (ae_neighbours_new (&nb, points, found, d, NULL), AE_OK);
  float *scratch = ae_alloc (ae_neighbours_scratch (nb) * sizeof *scratch);
  float *out = ae_alloc (n * sizeof *out);
  for (size_t k = 1; k <= 9; k += 4) {
    double best = HUGE_VAL;
    for (int i = 0; i < 20; i++) {
      start = now_ms ();
      ae_neighbours_distances (
          nb, rows + i * d, 1350, k, AE_NEIGHBOURS_MEAN, out, scratch);
      best = fmin (best, now_ms () - start);
    }
    printf ("1350 rows, %zu nearest of %zu: %.2f ms\n", k, found, best);
  }
  ae_free (chosen);
  ae_free (rows);
  ae_free (points);
  ae_free (scratch);
  ae_free (out);
  ae_neighbours_free (&nb);
}
END_TEST

static Suite *
neighbours_suite (void)
{
  Suite *suite = suite_create ("neighbours");
  TCase *tcase = tcase_create ("neighbours");
  tcase_add_loop_test (
      tcase, test_distances_are_those_to_the_nearest, 0, N_SIZES);
  tcase_add_test (tcase, test_rows_that_are_not_finite_are_far);
  tcase_add_test (tcase, test_chosen_rows_are_the_furthest);
  tcase_add_test (tcase, test_equal_rows_are_chosen_once);
  tcase_add_test (tcase, test_what_is_wrong_is_named);
  tcase_add_test (tcase, test_times_are_printed);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (neighbours_suite)
