/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "train/count_goal.h"
#include "train/nets.h"
#include "util/rng.h"

#include <math.h>

#define H 12
#define W 16
#define PLANE (H * W)
#define SIGMA 0.08f

static float fused[4 * PLANE], clean[4 * PLANE];
static float count[PLANE], sigma[PLANE], goal[PLANE];
static const AeCountState state = { H, W, fused, clean, count, sigma };

/* The mean of `frames` noisy frames of a picture that stood still. */
static void
stand_still (float frames)
{
  AeRng rng;
  ae_rng_seed (&rng, 3);
  for (int i = 0; i < 4 * PLANE; i++) {
    clean[i] = 0.5f + 0.2f * sinf ((float) i);
    fused[i] = clean[i]
        + (frames > 0 ? SIGMA / sqrtf (frames) : 1) * ae_rng_normal (&rng);
  }
  for (int i = 0; i < PLANE; i++) {
    count[i] = frames;
    sigma[i] = SIGMA;
  }
}

START_TEST (test_noise_is_no_ghost)
{
  static const float frames[] = { 1, 5, 20 };
  stand_still (frames[_i]);
  float mean = ae_count_goal (&state, goal);
  int full = 0;
  for (int i = 0; i < PLANE; i++)
    full += goal[i] == frames[_i] + 1;
  ck_assert_int_gt (full, PLANE * 9 / 10);
  ck_assert_float_gt (mean, 0.9f * (frames[_i] + 1));
  ck_assert_float_le (mean, frames[_i] + 1);
}
END_TEST

START_TEST (test_another_picture_counts_nothing)
{
  stand_still (20);
  for (int c = 0; c < 4; c++)
    for (int y = 0; y < H; y++)
      for (int x = 0; x < 6; x++)
        fused[c * PLANE + y * W + x] += 0.1f;
  ae_count_goal (&state, goal);
  int full = 0;
  for (int y = 0; y < H; y++) {
    for (int x = 8; x < W; x++)
      full += goal[y * W + x] == 21;
    for (int x = 0; x < 6; x++) {
      ck_assert_float_ge (goal[y * W + x], 1);
      ck_assert_float_lt (goal[y * W + x], 1.5f);
    }
  }
  ck_assert_int_gt (full, H * (W - 8) * 8 / 10);
}
END_TEST

START_TEST (test_no_state_and_the_largest_count)
{
  stand_still (0);
  ck_assert_float_eq_tol (ae_count_goal (&state, goal), 1, 1e-6f);
  stand_still (AE_DENOISE_MAX_COUNT);
  ae_count_goal (&state, goal);
  ck_assert_float_eq (goal[PLANE / 2], AE_DENOISE_MAX_COUNT);
}
END_TEST

START_TEST (test_without_noise)
{
  stand_still (20);
  for (int i = 0; i < PLANE; i++)
    sigma[i] = 0;
  for (int i = 0; i < 4 * PLANE; i++)
    fused[i] = clean[i];
  ck_assert_float_eq_tol (ae_count_goal (&state, goal), 21, 1e-4f);
}
END_TEST

static Suite *
count_goal_suite (void)
{
  Suite *suite = suite_create ("train/count_goal");
  TCase *tests = tcase_create ("count_goal");
  tcase_add_loop_test (tests, test_noise_is_no_ghost, 0, 3);
  tcase_add_test (tests, test_another_picture_counts_nothing);
  tcase_add_test (tests, test_no_state_and_the_largest_count);
  tcase_add_test (tests, test_without_noise);
  suite_add_tcase (suite, tests);
  return suite;
}

AE_TEST_MAIN (count_goal_suite)
