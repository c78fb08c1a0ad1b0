/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "train/odd_pictures.h"

#include <math.h>
#include <string.h>

enum { W = 96, H = 80, TRIES = 20 };

static void
draw (float *light, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++)
      light[y * W + x] = 80 + 20 * sinf ((float) x * 0.7f)
                         + 3 * ae_rng_normal (&rng);
}

/* Something is changed, not all of it, and what is left is light. */
START_TEST (test_a_part_is_changed)
{
  float good[W * H], odd[W * H], other[W * H];
  AeRng rng;
  int seen = 0;
  draw (good, 1);
  draw (other, 2);
  ae_rng_seed (&rng, 7);
  for (int i = 0; i < TRIES; i++) {
    int changed = 0;
    memcpy (odd, good, sizeof odd);
    ae_odd_picture_make (odd, W, H, other, (AeOddPicture) _i, &rng);
    for (int k = 0; k < W * H; k++) {
      ck_assert (isfinite (odd[k]) && odd[k] >= 0);
      changed += fabsf (odd[k] - good[k]) > 4;
    }
    ck_assert_int_lt (changed, W * H * 3 / 4);
    seen += changed >= 6;
  }
  ck_assert_int_ge (seen, TRIES * 2 / 3); /* some lie outside, or are faint */
}
END_TEST

START_TEST (test_the_same_seed_makes_the_same)
{
  float a[W * H], b[W * H];
  for (int kind = 0; kind < AE_N_ODD_PICTURES; kind++) {
    AeRng rng;
    float *to[2] = { a, b };
    for (int i = 0; i < 2; i++) {
      ae_rng_seed (&rng, 5);
      draw (to[i], 1);
      ae_odd_picture_make (
          to[i], W, H, to[i], (AeOddPicture) kind, &rng);
    }
    ck_assert_mem_eq (a, b, sizeof a);
  }
}
END_TEST

static Suite *
make_suite (void)
{
  Suite *suite = suite_create ("odd_pictures");
  TCase *tcase = tcase_create ("odd_pictures");
  tcase_add_loop_test (tcase, test_a_part_is_changed, 0, AE_N_ODD_PICTURES);
  tcase_add_test (tcase, test_the_same_seed_makes_the_same);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (make_suite)
