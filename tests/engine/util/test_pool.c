/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "util/pool.h"

#include <ae/cpu.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

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

/* Two things to do, each a run; either may see the other begun. */
typedef struct {
  atomic_int beside, work;
  pthread_t thread;
} Pair;

static void
beside_work (void *arg)
{
  Pair *pair = arg;
  ae_pool_run (ae_pool_shared (), 4, 50, count_job, NULL);
  atomic_fetch_add (&pair->beside, 1);
}

static void
caller_work (void *arg)
{
  Pair *pair = arg;
  pair->thread = pthread_self ();
  ae_pool_run (ae_pool_shared (), 4, 50, count_job, NULL);
  atomic_fetch_add (&pair->work, 1);
}

static void *
run_pairs (void *arg)
{
  int n_threads = *(const int *) arg;
  for (int i = 1; i <= 200; i++) {
    Pair pair = { 0 };
    ae_pool_run_beside (
        ae_pool_shared (), n_threads, beside_work, caller_work, &pair);
    ck_assert_int_eq (atomic_load (&pair.beside), 1);
    ck_assert_int_eq (atomic_load (&pair.work), 1);
    ck_assert (pthread_equal (pair.thread, pthread_self ()));
  }
  return NULL;
}

START_TEST (test_work_and_what_is_beside_both_run_once)
{
  int n_threads = _i;
  memset (done, 0, sizeof done);
  run_pairs (&n_threads);
  for (int i = 0; i < 50; i++)
    ck_assert_int_eq (atomic_load (&done[i]), 400);
}
END_TEST

START_TEST (test_pairs_of_several_threads_share_the_workers)
{
  int n_threads = 4;
  memset (done, 0, sizeof done);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    pthread_create (&threads[i], NULL, run_pairs, &n_threads);
  for (int i = 0; i < 4; i++)
    pthread_join (threads[i], NULL);
  for (int i = 0; i < 50; i++)
    ck_assert_int_eq (atomic_load (&done[i]), 1600);
}
END_TEST

static void
wait_for_work (void *arg)
{
  Pair *pair = arg;
  for (int i = 0; i < 5000 && !atomic_load (&pair->work); i++)
    nanosleep (&(struct timespec){ .tv_nsec = 1000000 }, NULL);
  atomic_store (&pair->beside, atomic_load (&pair->work));
}

static void
wait_for_beside (void *arg)
{
  Pair *pair = arg;
  atomic_store (&pair->work, 1);
  for (int i = 0; i < 5000 && !atomic_load (&pair->beside); i++)
    nanosleep (&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

START_TEST (test_work_is_done_at_the_same_time)
{
  if (ae_cpu_count () < 2)
    return;
  Pair pair = { 0 };
  time_t begin = time (NULL);
  ae_pool_run_beside (
      ae_pool_shared (), 2, wait_for_work, wait_for_beside, &pair);
  ck_assert_int_eq (atomic_load (&pair.beside), 1);
  ck_assert_int_lt (time (NULL) - begin, 4);
}
END_TEST

static atomic_int at_work, most_at_work;

static void
slow_job (void *arg, size_t index, int thread)
{
  (void) arg, (void) index, (void) thread;
  int n = atomic_fetch_add (&at_work, 1) + 1, most = atomic_load (&most_at_work);
  while (n > most
         && !atomic_compare_exchange_weak (&most_at_work, &most, n))
    ;
  nanosleep (&(struct timespec){ .tv_nsec = 100000 }, NULL);
  atomic_fetch_sub (&at_work, 1);
}

static void
slow_work (void *arg)
{
  (void) arg;
  ae_pool_run (ae_pool_shared (), 4, 20, slow_job, NULL);
}

/* On a machine of more cores each run alone would take more threads. */
START_TEST (test_threads_are_shared_by_work_and_what_is_beside)
{
  for (int i = 0; i < 5; i++)
    ae_pool_run_beside (ae_pool_shared (), 2, slow_work, slow_work, NULL);
  ck_assert_int_le (atomic_load (&most_at_work), 2);
}
END_TEST

static void
pair_job (void *arg, size_t index, int thread)
{
  (void) arg, (void) index, (void) thread;
  int n_threads = 4;
  run_pairs (&n_threads);
}

START_TEST (test_work_inside_a_job_stays_in_its_thread)
{
  memset (done, 0, sizeof done);
  ae_pool_run (ae_pool_shared (), 4, 4, pair_job, NULL);
  for (int i = 0; i < 50; i++)
    ck_assert_int_eq (atomic_load (&done[i]), 1600);
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
  tcase_add_loop_test (
      tcase, test_work_and_what_is_beside_both_run_once, 1, 4);
  tcase_add_test (tcase, test_pairs_of_several_threads_share_the_workers);
  tcase_add_test (tcase, test_threads_are_shared_by_work_and_what_is_beside);
  tcase_add_test (tcase, test_work_is_done_at_the_same_time);
  tcase_add_test (tcase, test_work_inside_a_job_stays_in_its_thread);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (pool_suite)
