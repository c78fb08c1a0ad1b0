/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "util/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define N_JOBS 1000

static atomic_int done[N_JOBS];

static void
count_job (void *arg, size_t index, int thread)
{
  (void) arg;
  ck_assert_int_ge (thread, 0);
  ck_assert_int_lt (thread, 4);
  atomic_fetch_add (&done[index], 1);
}

START_TEST (test_every_job_runs_once)
{
  for (int round = 1; round <= 200; round++) {
    ae_pool_run (ae_pool_shared (), 4, N_JOBS, count_job, NULL);
    for (int i = 0; i < N_JOBS; i++)
      ck_assert_int_eq (atomic_load (&done[i]), round);
  }
}
END_TEST

static void
nested_job (void *arg, size_t index, int thread)
{
  (void) arg, (void) index, (void) thread;
  ae_pool_run (ae_pool_shared (), 4, 10, count_job, NULL);
}

START_TEST (test_nested_run_stays_in_its_thread)
{
  memset (done, 0, sizeof done);
  ae_pool_run (ae_pool_shared (), 4, 20, nested_job, NULL);
  for (int i = 0; i < 10; i++)
    ck_assert_int_eq (atomic_load (&done[i]), 20);
}
END_TEST

static void *
run_many (void *arg)
{
  (void) arg;
  for (int i = 0; i < 200; i++)
    ae_pool_run (ae_pool_shared (), 4, 50, count_job, NULL);
  return NULL;
}

START_TEST (test_runs_of_several_threads_share_the_workers)
{
  memset (done, 0, sizeof done);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    pthread_create (&threads[i], NULL, run_many, NULL);
  for (int i = 0; i < 4; i++)
    pthread_join (threads[i], NULL);
  for (int i = 0; i < 50; i++)
    ck_assert_int_eq (atomic_load (&done[i]), 800);
}
END_TEST

static Suite *
pool_suite (void)
{
  Suite *suite = suite_create ("pool");
  TCase *tcase = tcase_create ("pool");
  tcase_add_test (tcase, test_every_job_runs_once);
  tcase_add_test (tcase, test_nested_run_stays_in_its_thread);
  tcase_add_test (tcase, test_runs_of_several_threads_share_the_workers);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (pool_suite)
