/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "detect/jitter.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>

enum { CELLS = 60 };

/* `moving` cells of a constant velocity and noise, less sure ones among them. */
static AeJitterLevel
run (AeJitter *j, int pictures, int moving, float noise)
{
  AeRng rng;
  ae_rng_seed (&rng, 1);
  for (int t = 0; t < pictures; t++) {
    AeCellVelocity *to = ae_jitter_next (j);
    for (int i = 0; i < CELLS; i++)
      to[i] = i < moving ? (AeCellVelocity){ 0.8f,
          2 + noise * ae_rng_normal (&rng), noise * ae_rng_normal (&rng) }
                         : (AeCellVelocity){ 0.2f, 9 * (float) (t % 2), 0 };
    ae_jitter_add (j);
  }
  return ae_jitter_level (j);
}

/* The difference of two is by sqrt 2 as noisy; the median length of a vector of
 * normal numbers is 1.18 times their deviation. */
START_TEST (test_jitter_is_the_noise_of_velocities)
{
  static const float noise[] = { 0, 0.05f, 0.1f, 0.2f };
  for (int i = 0; i < 4; i++) {
    AeJitter *j = ae_jitter_new (CELLS);
    AeJitterLevel level = run (j, 250, 50, noise[i]);
    float wanted = 1.18f * 1.414f * noise[i] / 2;
    ck_assert_int_eq (level.pictures, AE_JITTER_MEMORY);
    ck_assert_msg (fabsf (level.mean - wanted) <= 0.12f * wanted,
        "%g, wanted %g", level.mean, wanted);
    ae_jitter_free (&j);
  }
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_little_motion_tells_nothing)
{
  AeJitter *j = ae_jitter_new (CELLS);
  ck_assert_int_eq (ae_jitter_level (j).pictures, 0);
  ck_assert_int_eq (run (j, 20, 7, 0.2f).pictures, 0);
  AeJitterLevel level = run (j, 20, 8, 0.2f);
  ck_assert_int_eq (level.pictures, 19); /* those with one before */
  AeJitterLevel later = run (j, 20, 7, 2);
  ck_assert_int_le (later.pictures, 20);
  ck_assert_float_eq_tol (later.mean, level.mean, 0.1f * level.mean);
  ae_jitter_reset (j);
  ck_assert_int_eq (ae_jitter_level (j).pictures, 0);
  ck_assert_float_eq (ae_jitter_level (j).mean, 0);
  ae_jitter_free (&j);
}
END_TEST

static Suite *
jitter_suite (void)
{
  Suite *suite = suite_create ("jitter");
  TCase *tcase = tcase_create ("jitter");
  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_jitter_is_the_noise_of_velocities);
  tcase_add_test (tcase, test_little_motion_tells_nothing);
  return suite;
}

AE_TEST_MAIN (jitter_suite)
