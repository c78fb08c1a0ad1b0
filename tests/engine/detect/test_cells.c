/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "detect/cells.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_VALUES = 13 * 11 * 5, PICTURES = 15 };

static float picture[PICTURES][MOST_VALUES];

static const struct {
  int columns, rows, values;
} sizes[] = { { 1, 1, 1 }, { 1, 7, 3 }, { 4, 4, 1 }, { 13, 11, 5 } };
#define N_SIZES ((int) (sizeof sizes / sizeof *sizes))

/* From its definition: the mean of the last pictures since `first`, weighted 6,
 * 5, 4 and so on from the last one, in a window
 * of 5x5 cells, where those beyond the edge are those at the edge. */
static double
reference (int size, int first, int last, int x, int y, int value)
{
  static const double window[5] = { 1, 3, 4, 3, 1 };
  int columns = sizes[size].columns, rows = sizes[size].rows;
  double sum = 0, weights = 0;
  if (first < last - AE_CELL_PICTURES + 1)
    first = last - AE_CELL_PICTURES + 1;
  for (int p = first; p <= last; p++) {
    double weight = AE_CELL_PICTURES - (last - p);
    weights += weight;
    for (int j = -2; j <= 2; j++)
      for (int i = -2; i <= 2; i++) {
        int cx = x + i < 0 ? 0 : x + i < columns ? x + i : columns - 1;
        int cy = y + j < 0 ? 0 : y + j < rows ? y + j : rows - 1;
        sum += weight * window[i + 2] * window[j + 2] / 144
               * picture[p][(cy * columns + cx) * sizes[size].values + value];
      }
  }
  return sum / weights;
}

static void
expect_average (int size, int first, int last, const float *found)
{
  for (int y = 0; y < sizes[size].rows; y++)
    for (int x = 0; x < sizes[size].columns; x++)
      for (int v = 0; v < sizes[size].values; v++) {
        double wanted = reference (size, first, last, x, y, v);
        ck_assert_msg (fabs (*found - wanted) < 1e-5,
            "picture %d, cell %d,%d value %d: %g, wanted %g", last, x, y, v,
            *found, wanted);
        found++;
      }
}

START_TEST (test_average_is_that_of_the_last_pictures_and_the_window)
{
  const int again = 9; /* the first picture after a reset */
  size_t n = (size_t) (sizes[_i].columns * sizes[_i].rows * sizes[_i].values);
  AeRng rng;
  ae_rng_seed (&rng, 5);
  AeCellAverage *a = ae_cell_average_new (
      sizes[_i].columns, sizes[_i].rows, sizes[_i].values);
  ck_assert_ptr_nonnull (a);
  for (int p = 0; p < PICTURES; p++) {
    if (p == again)
      ae_cell_average_reset (a);
    for (size_t i = 0; i < n; i++)
      picture[p][i] = ae_rng_normal (&rng);
    memcpy (ae_cell_average_next (a), picture[p], n * sizeof (float));
    expect_average (_i, p < again ? 0 : again, p, ae_cell_average_add (a));
  }
  ae_cell_average_free (&a);
  ck_assert_ptr_null (a);
  ae_cell_average_free (&a);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_no_memory)
{
  for (int n = 1; n <= 4; n++) {
    ae_mem_fail_at (n, false);
    ck_assert_ptr_null (ae_cell_average_new (5, 5, 2));
    ck_assert_int_eq (ae_mem_live (), 0);
  }
  ae_mem_fail_at (0, false);
}
END_TEST

static int
falling (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;
  return (y > x) - (y < x);
}

static double
top_by_sorting (const float *values, const uint8_t *mask, size_t cells, int n)
{
  float sorted[400];
  size_t kept = 0;
  for (size_t i = 0; i < cells; i++)
    if (!mask || mask[i])
      sorted[kept++] = values[i];
  qsort (sorted, kept, sizeof *sorted, falling);
  size_t used = kept < (size_t) n ? kept : (size_t) n;
  double sum = 0;
  for (size_t i = 0; i < used; i++)
    sum += sorted[i];
  return used ? sum / (double) used : 0;
}

START_TEST (test_top_is_the_mean_of_the_largest)
{
  static const int tops[] = { 1, 2, 4, 15, 63, AE_CELL_MOST };
  float values[400];
  uint8_t mask[400];
  AeRng rng;
  ae_rng_seed (&rng, 6);
  for (int round = 0; round < 300; round++) {
    size_t cells = 1 + ae_rng_below (&rng, 400);
    int n = tops[ae_rng_below (&rng, sizeof tops / sizeof *tops)];
    bool ties = round % 3 == 0, negative = round % 4 == 0;
    for (size_t i = 0; i < cells; i++) {
      values[i] = ae_rng_normal (&rng) - (negative ? 9.0f : 0);
      values[i] = ties ? roundf (values[i]) : values[i];
      mask[i] = ae_rng_below (&rng, 3) > 0 ? 255 : 0;
    }
    for (int masked = 0; masked < 2; masked++) {
      const uint8_t *m = masked ? mask : NULL;
      float found = ae_cells_top (values, m, cells, n);
      double wanted = top_by_sorting (values, m, cells, n);
      ck_assert_msg (fabs (found - wanted) < 1e-5,
          "%zu cells, %d of them: %g, wanted %g", cells, n, found, wanted);
    }
  }
}
END_TEST

START_TEST (test_top_of_nothing_is_0)
{
  const float values[3] = { 5, 6, -7 };
  const uint8_t none[3] = { 0, 0, 0 }, last[3] = { 0, 0, 1 };
  ck_assert (ae_cells_top (values, none, 3, 4) == 0);
  ck_assert (ae_cells_top (values, NULL, 0, 4) == 0);
  ck_assert (ae_cells_top (values, last, 3, 4) == -7);
}
END_TEST

static int
compare (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;
  return (x > y) - (x < y);
}

START_TEST (test_nth_is_as_if_sorted)
{
  float values[50], sorted[50], mixed[50];
  AeRng rng;
  ae_rng_seed (&rng, 5);
  for (size_t n = 1; n <= 50; n++) {
    for (size_t i = 0; i < n; i++) /* every third set has equal ones */
      values[i] = sorted[i] = n % 3 ? ae_rng_normal (&rng)
                                    : (float) ae_rng_below (&rng, 4);
    qsort (sorted, n, sizeof *sorted, compare);
    for (size_t k = 0; k < n; k++) {
      memcpy (mixed, values, sizeof mixed);
      ck_assert (ae_cells_nth (mixed, n, k) == sorted[k]);
    }
  }
}
END_TEST

static Suite *
cells_suite (void)
{
  Suite *suite = suite_create ("cells");
  TCase *tcase = tcase_create ("cells");
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase,
      test_average_is_that_of_the_last_pictures_and_the_window, 0, N_SIZES);
  tcase_add_test (tcase, test_no_memory);
  tcase_add_test (tcase, test_top_is_the_mean_of_the_largest);
  tcase_add_test (tcase, test_top_of_nothing_is_0);
  tcase_add_test (tcase, test_nth_is_as_if_sorted);
  return suite;
}

AE_TEST_MAIN (cells_suite)
