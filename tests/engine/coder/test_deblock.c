/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "coder/deblock.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 3, ROWS = 2, WIDTH = 16 * COLUMNS, HEIGHT = 16 * ROWS };

typedef struct {
  AeReference picture;
  uint8_t groups[COLUMNS * ROWS];
  AeVector vectors[COLUMNS * ROWS];
  AePlaces places;
} Fixture;

/* Each place is as bright as `base`, and `step` more for each place to the right
 * and below. */
static void
setup (Fixture *f, int base, int step)
{
  memset (f, 0, sizeof *f);
    ck_assert_int_eq (
      ae_reference_init (&f->picture, WIDTH, HEIGHT, NULL), AE_OK);
  for (int i = 0; i < 3; i++) {
    int side = i == 0 ? 16 : 8;
    for (int y = 0; y < ROWS * side; y++)
      for (int x = 0; x < COLUMNS * side; x++)
        f->picture.image.plane[i][y * f->picture.image.stride[i] + x]
            = (uint8_t) (base + step * (x / side + y / side));
  }
  f->places
      = (AePlaces){ f->groups, f->vectors, ROWS, COLUMNS, 16 * 16 };
}

static void
teardown (Fixture *f)
{
  ae_reference_clear (&f->picture);
  ck_assert_int_eq (ae_mem_live (), 0);
}

static void
deblock (Fixture *f)
{
  for (int row = 0; row < ROWS; row++)
    ae_deblock_across (&f->places, &f->picture.image, row);
  for (int row = 1; row < ROWS; row++)
    ae_deblock_down (&f->places, &f->picture.image, row);
}

static int
sample (const Fixture *f, int plane, int x, int y)
{
  return f->picture.image.plane[plane][y * f->picture.image.stride[plane] + x];
}

/* The largest difference of neighbours across an edge, of both directions. */
static int
largest_step (const Fixture *f, int plane)
{
  int most = 0, side = plane == 0 ? 16 : 8;
  for (int y = 1; y < ROWS * side; y++)
    for (int x = 1; x < COLUMNS * side; x++) {
      int here = sample (f, plane, x, y);
      int left = abs (here - sample (f, plane, x - 1, y));
      int above = abs (here - sample (f, plane, x, y - 1));
      most = left > most ? left : most;
      most = above > most ? above : most;
    }
  return most;
}

START_TEST (test_steps_become_ramps)
{
  Fixture f;
  setup (&f, 100, 6);
  memset (f.groups, 1, sizeof f.groups);
  deblock (&f);
  ck_assert_int_le (largest_step (&f, 0), 2);
  ck_assert_int_le (largest_step (&f, 1), 3);
  ck_assert_int_eq (sample (&f, 0, 4, 4), 100);
  ck_assert_int_eq (sample (&f, 1, 4, 2), 100);
  teardown (&f);
}
END_TEST

/* What is as high as no quantiser makes it is the picture's own. */
START_TEST (test_high_steps_stay)
{
  Fixture f;
  setup (&f, 0, 80);
  f.places.step = 160;
  memset (f.groups, 1, sizeof f.groups);
  deblock (&f);
  ck_assert_int_eq (largest_step (&f, 0), 80);
  teardown (&f);
}
END_TEST

START_TEST (test_nothing_coded_nothing_changed)
{
  Fixture f;
  setup (&f, 100, 6);
  for (int i = 0; i < COLUMNS * ROWS; i++)
    f.vectors[i] = (AeVector){ 7, (int16_t) (i % 2 * 3) };
  deblock (&f);
  ck_assert_int_eq (largest_step (&f, 0), 6);
  f.vectors[0].x = 11;
  deblock (&f);
  ck_assert_int_lt (sample (&f, 0, 16, 4), 106);
  ck_assert_int_eq (sample (&f, 0, 32, 4), 112);
  teardown (&f);
}
END_TEST

/* A fine quantiser leaves everything. */
START_TEST (test_fine_steps)
{
  Fixture f;
  setup (&f, 100, 1);
  memset (f.groups, 1, sizeof f.groups);
  f.places.step = 48;
  deblock (&f);
  ck_assert_int_eq (largest_step (&f, 0), 1);
  ck_assert_int_eq (sample (&f, 0, 15, 4), 100);
  ck_assert_int_eq (sample (&f, 0, 16, 4), 101);
  teardown (&f);
}
END_TEST

static Suite *
deblock_suite (void)
{
  Suite *suite = suite_create ("coder-deblock");
  TCase *tcase = tcase_create ("edges");
  tcase_add_test (tcase, test_steps_become_ramps);
  tcase_add_test (tcase, test_high_steps_stay);
  tcase_add_test (tcase, test_nothing_coded_nothing_changed);
  tcase_add_test (tcase, test_fine_steps);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (deblock_suite)
