/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "runtime/arena.h"
#include "util/rng.h"

#include <stdint.h>

#define N 60

START_TEST (test_living_buffers_never_overlap)
{
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) _i);
  AeBuffer b[N] = { 0 };
  size_t sum = 0;
  for (int i = 0; i < N; i++) {
    b[i].size = ae_rng_below (&rng, 5) ? ae_rng_below (&rng, 5000) : 0;
    b[i].first = (int) ae_rng_below (&rng, 40);
    b[i].last = b[i].first + (int) ae_rng_below (&rng, 8);
    sum += b[i].size + 63;
  }
  size_t total;
  ck_assert_int_eq (ae_arena_plan (b, N, &total, NULL), AE_OK);
  ck_assert_uint_lt (total, sum);
  for (int i = 0; i < N; i++) {
    ck_assert_uint_eq (b[i].offset % 64, 0);
    if (b[i].size)
      ck_assert_uint_le (b[i].offset + b[i].size, total);
    for (int k = 0; k < i; k++)
      if (b[i].first <= b[k].last && b[k].first <= b[i].last && b[i].size
          && b[k].size)
        ck_assert (b[i].offset + b[i].size <= b[k].offset
            || b[k].offset + b[k].size <= b[i].offset);
  }
}
END_TEST

START_TEST (test_a_chain_needs_two_buffers)
{
  AeBuffer b[10] = { 0 };
  for (int i = 0; i < 10; i++)
    b[i] = (AeBuffer){ .size = 640, .first = i, .last = i + 1 };
  size_t total;
  ck_assert_int_eq (ae_arena_plan (b, 10, &total, NULL), AE_OK);
  ck_assert_uint_eq (total, 1280);
}
END_TEST

START_TEST (test_sizes_that_overflow_are_refused)
{
  AeBuffer b[3] = { 0 };
  for (int i = 0; i < 3; i++)
    b[i] = (AeBuffer){ .size = SIZE_MAX / 2 - 100, .first = 0, .last = 1 };
  size_t total;
  ck_assert_int_eq (ae_arena_plan (b, 3, &total, NULL), AE_ERROR_MEMORY);
}
END_TEST

static Suite *
arena_suite (void)
{
  Suite *suite = suite_create ("arena");
  TCase *tcase = tcase_create ("arena");
  tcase_add_loop_test (tcase, test_living_buffers_never_overlap, 1, 50);
  tcase_add_test (tcase, test_a_chain_needs_two_buffers);
  tcase_add_test (tcase, test_sizes_that_overflow_are_refused);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (arena_suite)
