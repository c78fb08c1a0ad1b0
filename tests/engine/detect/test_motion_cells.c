/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "moving_square.h"

#include "detect/motion_cells.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
  W = 160,
  H = 96,
  COLUMNS = W / AE_CELL,
  ROWS = H / AE_CELL,
  CELLS = COLUMNS * ROWS,
  SIZE = 48,
  PICTURES = 10
};

static uint8_t grey[W * H];

static const struct {
  float u, v;
} ways[] = { { 3, 0 }, { -3, 0 }, { 0, 2 }, { 2.5f, -1.5f } };
#define N_WAYS ((int) (sizeof ways / sizeof *ways))

static Square
square_at (int way, int t)
{
  float from = (float) (t - PICTURES / 2);
  return (Square){ 56 + ways[way].u * from, 24 + ways[way].v * from, SIZE, 9 };
}

static const float *
see_square (AeMotionCells *c, int way, int n)
{
  const float *f = NULL;
  for (int t = 0; t < n; t++) {
    Square s = square_at (way, t);
    square_draw (grey, W, H, 4, &s, 1);
    f = ae_motion_cells_add (c, grey, W);
    ck_assert (t == 0 ? f == NULL : f != NULL);
  }
  return f;
}

static const float *
at (const float *features, int column, int row)
{
  return features + (row * COLUMNS + column) * AE_MOTION_FEATURES;
}

/* In the middle of the square everything has moved all the time; a speed tends
 * to 0 by the share that is unsure, 0.05 of 1.05. */
static void
expect_motion (const float *m, float u, float v)
{
  const float tends = 1 / 1.05f;
  float speed = sqrtf (u * u + v * v);
  ck_assert_msg (m[AE_MOTION_SHARE] > 0.85f && m[AE_MOTION_SHARE] < 1.001f,
      "share %g", m[AE_MOTION_SHARE]);
  ck_assert_msg (
      fabsf (m[AE_MOTION_SPEED] - speed * tends) < 0.15f * speed,
      "speed %g of %g", m[AE_MOTION_SPEED], speed);
  ck_assert_msg (fabsf (m[AE_MOTION_U] - u * tends) < 0.15f * speed
                     && fabsf (m[AE_MOTION_V] - v * tends) < 0.15f * speed,
      "(%g, %g), moved by (%g, %g)", m[AE_MOTION_U], m[AE_MOTION_V], u, v);
  ck_assert_msg (m[AE_MOTION_SPREAD] < 0.35f * speed, "spread %g of %g",
      m[AE_MOTION_SPREAD], speed);
}

START_TEST (test_square_moves_as_it_does)
{
  AeMotionCells *c = ae_motion_cells_new (W, H, 1);
  const float *f = see_square (c, _i, PICTURES);
  /* two cells from the background all the time */
  Square first = square_at (_i, PICTURES - AE_CELL_PICTURES);
  Square last = square_at (_i, PICTURES - 1);
  int column = (int) ((first.x + last.x) / 2 + SIZE / 2) / AE_CELL;
  int row = (int) ((first.y + last.y) / 2 + SIZE / 2) / AE_CELL;
  expect_motion (at (f, column, row), ways[_i].u, ways[_i].v);
  const int corners[4][2] = { { 0, 0 }, { COLUMNS - 1, 0 }, { 0, ROWS - 1 },
    { COLUMNS - 1, ROWS - 1 } };
  for (int i = 0; i < 4; i++)
    ck_assert_msg (
        at (f, corners[i][0], corners[i][1])[AE_MOTION_SHARE] < 0.02f,
        "corner %d moves", i);
  ae_motion_cells_free (&c);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Pictures that come at twice the usual time show twice the movement. */
START_TEST (test_speed_is_of_the_usual_time)
{
  float share[2], speed[2];
  for (int i = 0; i < 2; i++) {
    AeMotionCells *c = ae_motion_cells_new (W, H, 1);
    ae_motion_cells_set_pace (c, i ? 2 : 1);
    const float *m = at (see_square (c, 0, PICTURES), 10, 6);
    share[i] = m[AE_MOTION_SHARE];
    speed[i] = m[AE_MOTION_SPEED];
    ae_motion_cells_free (&c);
  }
  ck_assert_float_eq_tol (share[0], share[1], 0.05f);
  ck_assert_float_eq_tol (speed[0], 2 * speed[1], 0.1f * speed[0]);
}
END_TEST

START_TEST (test_still_pictures_have_no_motion)
{
  AeMotionCells *c = ae_motion_cells_new (W, H, 1);
  AeRng rng;
  ae_rng_seed (&rng, 2);
  for (int t = 0; t < 8; t++) {
    square_draw (grey, W, H, 4, NULL, 0);
    for (int i = 0; i < W * H; i++) /* noise of a camera */
      grey[i] = (uint8_t) (grey[i] + (_i ? 2 * ae_rng_normal (&rng) : 0));
    const float *f = ae_motion_cells_add (c, grey, W);
    for (int i = 0; f && i < CELLS * AE_MOTION_FEATURES; i++)
      ck_assert_msg (_i ? fabsf (f[i]) < 0.05f : f[i] == 0,
          "feature %d of cell %d is %g", i % AE_MOTION_FEATURES,
          i / AE_MOTION_FEATURES, f[i]);
  }
  ae_motion_cells_free (&c);
}
END_TEST

START_TEST (test_forgets)
{
  static float once[CELLS * AE_MOTION_FEATURES];
  AeMotionCells *c = ae_motion_cells_new (W, H, 1);
  memcpy (once, see_square (c, 0, 4), sizeof once);
  ae_motion_cells_reset (c);
  see_square (c, 1, 3);
  ae_motion_cells_reset (c);
  ck_assert_mem_eq (see_square (c, 0, 4), once, sizeof once);
  ae_motion_cells_free (&c);
  /* nor does it depend on threads, or on how rows are laid out */
  c = ae_motion_cells_new (W, H, 3);
  ck_assert_mem_eq (see_square (c, 0, 4), once, sizeof once);
  ae_motion_cells_free (&c);
}
END_TEST

START_TEST (test_no_memory)
{
  AeMotionCells *c = NULL;
  int n = 0;
  while (!c) {
    ae_mem_fail_at (++n, false);
    c = ae_motion_cells_new (32, 32, 1);
    ck_assert (c || ae_mem_live () == 0);
    ck_assert_int_lt (n, 100);
  }
  ae_mem_fail_at (0, false);
  ck_assert_int_gt (n, 5);
  ae_motion_cells_free (&c);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
motion_cells_suite (void)
{
  Suite *suite = suite_create ("motion_cells");
  TCase *tcase = tcase_create ("motion_cells");
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_square_moves_as_it_does, 0, N_WAYS);
  tcase_add_test (tcase, test_speed_is_of_the_usual_time);
  tcase_add_loop_test (tcase, test_still_pictures_have_no_motion, 0, 2);
  tcase_add_test (tcase, test_forgets);
  tcase_add_test (tcase, test_no_memory);
  return suite;
}

AE_TEST_MAIN (motion_cells_suite)
