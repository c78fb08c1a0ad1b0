/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "train/anomaly_samples.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

START_TEST (test_few_rows_are_all_kept)
{
  AeSampleRows s;
  AeError err;
  ck_assert_int_eq (ae_sample_rows_init (&s, 10, 2, 1, &err), AE_OK);
  for (int i = 0; i < 10; i++)
    ae_sample_rows_add (&s, (float[2]){ (float) i, (float) -i });
  ck_assert_uint_eq (s.n, 10);
  for (int i = 0; i < 10; i++) {
    ck_assert (s.rows[2 * i] == (float) i);
    ck_assert (s.rows[2 * i + 1] == (float) -i);
  }
  ae_sample_rows_clear (&s);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_all_rows_have_the_same_chance)
{
  enum { ROWS = 1000, KEPT = 50, TIMES = 1000, PARTS = 10 };
  int kept[PARTS] = { 0 };
  for (int seed = 0; seed < TIMES; seed++) {
    AeSampleRows s;
    AeError err;
    ck_assert_int_eq (
        ae_sample_rows_init (&s, KEPT, 1, (uint64_t) seed, &err), AE_OK);
    for (int i = 0; i < ROWS; i++) {
      float row = (float) i;
      ae_sample_rows_add (&s, &row);
    }
    ck_assert_uint_eq (s.n, KEPT);
    ck_assert_uint_eq (s.seen, ROWS);
    for (int i = 0; i < KEPT; i++)
      kept[(int) s.rows[i] * PARTS / ROWS]++;
    ae_sample_rows_clear (&s);
  }
  /* 5000 of each part: 4.5 deviations of a binomial, sqrt (5000 * 0.9) = 67 */
  for (int i = 0; i < PARTS; i++)
    ck_assert_msg (
        abs (kept[i] - TIMES * KEPT / PARTS) < 300, "%d of part %d", kept[i],
        i);
}
END_TEST

START_TEST (test_no_row_is_kept_twice)
{
  AeSampleRows s;
  AeError err;
  ck_assert_int_eq (ae_sample_rows_init (&s, 64, 1, 3, &err), AE_OK);
  for (int i = 0; i < 5000; i++) {
    float row = (float) i;
    ae_sample_rows_add (&s, &row);
  }
  ae_sample_sort (s.rows, s.n);
  for (size_t i = 1; i < s.n; i++)
    ck_assert (s.rows[i] > s.rows[i - 1]);
  ae_sample_rows_clear (&s);
}
END_TEST

START_TEST (test_no_memory)
{
  AeSampleRows s;
  AeError err = { 0 };
  ae_mem_fail_at (1, false);
  ck_assert_int_eq (
      ae_sample_rows_init (&s, 10, 2, 1, &err), AE_ERROR_MEMORY);
  ck_assert_str_ne (err.text, "");
  ae_sample_rows_clear (&s);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_quantiles)
{
  float values[] = { 5, 1, 4, 2, 3 };
  static const struct {
    double share;
    float wanted;
  } cases[] = { { 0, 1 }, { 0.125, 1.5f }, { 0.25, 2 }, { 0.5, 3 },
    { 0.9, 4.6f }, { 1, 5 } };
  ck_assert (ae_sample_quantile (values, 5, 0.5) == 3);
  for (int i = 0; i < 5; i++)
    ck_assert (values[i] == (float) (i + 1));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_float_eq_tol (
        ae_sample_quantile_sorted (values, 5, cases[i].share),
        cases[i].wanted, 1e-6f);
  ck_assert (ae_sample_quantile (values, 1, 0) == 1);
  ck_assert (ae_sample_quantile (values, 1, 1) == 1);
}
END_TEST

static Suite *
anomaly_samples_suite (void)
{
  Suite *suite = suite_create ("anomaly_samples");
  TCase *tcase = tcase_create ("anomaly_samples");
  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_few_rows_are_all_kept);
  tcase_add_test (tcase, test_all_rows_have_the_same_chance);
  tcase_add_test (tcase, test_no_row_is_kept_twice);
  tcase_add_test (tcase, test_no_memory);
  tcase_add_test (tcase, test_quantiles);
  return suite;
}

AE_TEST_MAIN (anomaly_samples_suite)
