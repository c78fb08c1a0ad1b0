/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "kernels/blas.h"

#include <cblas.h>

START_TEST (test_host_number_of_threads_comes_back)
{
  openblas_set_num_threads (2);
  int host = openblas_get_num_threads ();
  ae_blas_begin ();
  ck_assert_int_eq (openblas_get_num_threads (), 1);
  ae_blas_begin ();
  ae_blas_end ();
  ck_assert_int_eq (openblas_get_num_threads (), 1);
  ae_blas_end ();
  ck_assert_int_eq (openblas_get_num_threads (), host);
}
END_TEST

static Suite *
blas_suite (void)
{
  Suite *suite = suite_create ("kernels/blas");
  TCase *tests = tcase_create ("blas");
  tcase_add_test (tests, test_host_number_of_threads_comes_back);
  suite_add_tcase (suite, tests);
  return suite;
}

AE_TEST_MAIN (blas_suite)
