/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "detect/cells.h"
#include "detect/changes.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>

enum { COLUMNS = 20, ROWS = 12, W = COLUMNS * AE_CELL, H = ROWS * AE_CELL };

static uint8_t grey[H * (W + 3)];

/* Noise that is the stronger the further right of eight cells, by `uneven`, and
 * a bright thing that covers the cells up to `covered`. */
static void
draw (AeRng *rng, float noise, float uneven, int covered)
{
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      int cell = y / AE_CELL * COLUMNS + x / AE_CELL;
      float v = cell < covered ? 180 : 100 + (float) (x % 5);
      v += noise * (1 + uneven * (float) (cell % 8)) * ae_rng_normal (rng);
      grey[y * (W + 3) + x] = (uint8_t) fminf (fmaxf (v, 0), 255);
    }
}

static const struct {
  float noise, uneven;
  int covered;
} cases[] = { { 0, 0, 3 }, { 2, 0, 3 }, { 8, 0, 3 }, { 1, 0.4f, 3 },
  { 2, 0, 200 } };
#define N_CASES ((int) (sizeof cases / sizeof *cases))

/* What comes is a change, in noise and where it is most of the picture; noise is
 * none. */
START_TEST (test_changes_are_what_noise_is_not)
{
  AeRng rng;
  AeChanges *c = ae_changes_new (COLUMNS, ROWS);
  ae_rng_seed (&rng, 1);
  for (int t = 0; t < 4; t++) {
    int covered = t == 3 ? cases[_i].covered : 0;
    draw (&rng, cases[_i].noise, cases[_i].uneven, covered);
    const float *w = ae_changes_add (c, grey, W + 3);
    for (int i = 0; i < COLUMNS * ROWS; i++)
      ck_assert_msg (w[i] == (i < covered), "cell %d of picture %d: %g", i, t,
          w[i]);
  }
  ae_changes_reset (c);
  const float *w = ae_changes_add (c, grey, W + 3);
  for (int i = 0; i < COLUMNS * ROWS; i++)
    ck_assert (w[i] == 0);
  ae_changes_free (&c);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
changes_suite (void)
{
  Suite *suite = suite_create ("changes");
  TCase *tcase = tcase_create ("changes");
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, test_changes_are_what_noise_is_not, 0, N_CASES);
  return suite;
}

AE_TEST_MAIN (changes_suite)
