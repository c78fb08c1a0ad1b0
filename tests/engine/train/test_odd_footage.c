/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "moving_square.h"

#include "detect/cells.h"
#include "train/odd_footage.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

enum {
  W = 96,
  H = 72,
  FRAMES = 40,
  SEEDS = 24,
  CELLS = (W / AE_CELL) * (H / AE_CELL)
};

#define LIMIT 2.0f

static uint8_t pixels[FRAMES][W * H];
static const uint8_t *frames[FRAMES];
static float limit[CELLS];

/* A square walks at 1 pixel per frame, if any. */
static AeOddSource
source_of (bool moves)
{
  for (int t = 0; t < FRAMES; t++) {
    Square s = { 10 + (float) t, 24, 24, 9 };
    square_draw (pixels[t], W, H, 4, &s, moves);
    frames[t] = pixels[t];
  }
  for (int i = 0; i < CELLS; i++)
    limit[i] = LIMIT;
  return (AeOddSource){ W, H, frames, FRAMES, limit };
}

static AeOddFootage
make (const AeOddSource *source, AeOddKind kind, uint64_t seed)
{
  AeOddFootage odd;
  AeError err;
  AeRng rng;
  ae_rng_seed (&rng, seed);
  ck_assert_msg (
      ae_odd_footage_make (&odd, source, kind, &rng, &err) == AE_OK, "%s",
      err.text);
  return odd;
}

/* How many pixels of frame t differ from usual ones by more than a few levels,
 * and their mean place. */
static int
changed_pixels (const AeOddFootage *odd, int t, double *x, double *y)
{
  int n = 0;
  double sum = 0;
  *x = *y = 0;
  for (int i = 0; i < W * H; i++) {
    int differs = abs (odd->pixels[t * W * H + i] - frames[t][i]);
    if (differs <= 3)
      continue;
    n++;
    sum += differs;
    *x += (double) differs * (i % W);
    *y += (double) differs * (i / W);
  }
  *x /= n ? sum : 1;
  *y /= n ? sum : 1;
  return n;
}

START_TEST (test_what_is_visible_is_there)
{
  AeOddSource source = source_of (true);
  int whole = 0, hidden = 0;
  for (int seed = 0; seed < SEEDS; seed++) {
    AeOddFootage odd = make (&source, (AeOddKind) _i, (uint64_t) seed);
    for (int t = 0; t < FRAMES; t++) {
      double x, y;
      int n = changed_pixels (&odd, t, &x, &y);
      ck_assert (odd.visible[t] >= 0 && odd.visible[t] <= 1);
      ck_assert_msg (odd.visible[t] > 0 || n == 0,
          "seed %d frame %d: %d pixels of what is not visible", seed, t, n);
      whole += odd.visible[t] > 0.999f;
      hidden += odd.visible[t] == 0;
    }
    ae_odd_footage_clear (&odd);
  }
  ck_assert_int_gt (whole, SEEDS * FRAMES / 4);
  /* only what is fast has time to leave the picture */
  ck_assert (_i != AE_ODD_FAST || hidden > 0);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* On a ground that does not hide it: the things' mean place between frames that
 * show all of it. */
static double
measure_speed (const AeOddFootage *odd)
{
  int first = -1, last = -1;
  double x[2], y[2];
  for (int t = 0; t < FRAMES; t++)
    if (odd->visible[t] > 0.999f) {
      first = first < 0 ? t : first;
      last = t;
    }
  if (first < 0 || last - first < 2)
    return -1;
  int n = changed_pixels (odd, first, &x[0], &y[0]);
  int m = changed_pixels (odd, last, &x[1], &y[1]);
  if (n < 30 || m < 30)
    return -1;
  return hypot (x[1] - x[0], y[1] - y[0]) / (last - first);
}

#define SHORT 12 /* frames */

/* A flat ground, and a bright square of some structure that walks over it for a short time, at 1
 * pixel per frame: what was cut out is seen everywhere as it is. */
static AeOddSource
flat_source (void)
{
  AeOddSource source = source_of (false);
  for (int t = 0; t < FRAMES; t++) {
    memset (pixels[t], 60, W * H);
    for (int y = 20; t < SHORT && y < 52; y++)
      for (int x = 0; x < 32; x++)
        pixels[t][y * W + 26 + t + x]
            = (uint8_t) (190 + (x * x + 7 * y) * 5 % 60);
  }
  return source;
}

START_TEST (test_fast_is_faster_than_the_limit)
{
  AeOddSource source = flat_source ();
  int measured = 0, walk = 0;
  for (int seed = 0; seed < 4 * SEEDS; seed++) {
    AeOddFootage odd = make (&source, (AeOddKind) _i, (uint64_t) seed);
    /* frames in which the square itself is not in the way */
    for (int t = 0; t < SHORT; t++)
      odd.visible[t] = 0;
    double speed = measure_speed (&odd);
    if (speed >= 0) {
      /* a bit for rounding, and for poses */
      double low = _i == AE_ODD_FAST ? 1.5 * LIMIT - 0.3 : 0;
      double high = _i == AE_ODD_FAST ? 4 * LIMIT + 0.3 : 1.3;
      ck_assert_msg (speed >= low && speed < high,
          "seed %d: %g pixels per frame, wanted %g to %g", seed, speed, low,
          high);
      walk += speed > 0.7 && speed < 1.3;
      measured++;
    }
    ae_odd_footage_clear (&odd);
  }
  ck_assert_int_gt (measured, SEEDS);
  ck_assert (_i == AE_ODD_FAST || walk > measured / 2);
}
END_TEST

START_TEST (test_same_seed_same_bits)
{
  AeOddSource source = source_of (true);
  AeOddFootage a = make (&source, (AeOddKind) _i, 3);
  AeOddFootage b = make (&source, (AeOddKind) _i, 3);
  AeOddFootage other = make (&source, (AeOddKind) _i, 4);
  ck_assert_mem_eq (a.pixels, b.pixels, FRAMES * W * H);
  ck_assert_mem_eq (a.visible, b.visible, FRAMES * sizeof (float));
  ck_assert_mem_ne (a.pixels, other.pixels, FRAMES * W * H);
  ae_odd_footage_clear (&a);
  ae_odd_footage_clear (&b);
  ae_odd_footage_clear (&other);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_nothing_to_cut_out_leaves_footage_as_it_was)
{
  AeOddSource source = source_of (false);
  AeOddFootage odd = make (&source, (AeOddKind) _i, 1);
  for (int t = 0; t < FRAMES; t++) {
    ck_assert (odd.visible[t] == 0);
    ck_assert_mem_eq (odd.pixels + t * W * H, frames[t], W * H);
  }
  ae_odd_footage_clear (&odd);
}
END_TEST

/* From one frame, or a few pixels. */
START_TEST (test_little_footage)
{
  AeOddSource source = source_of (true);
  static const struct {
    int width, height;
    size_t n;
  } cases[] = { { W, H, 1 }, { W, H, 2 }, { 32, 32, 3 } };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int seed = 0; seed < SEEDS; seed++) {
      source.width = cases[i].width;
      source.height = cases[i].height;
      source.n = cases[i].n;
      AeOddFootage odd = make (&source, (AeOddKind) _i, (uint64_t) seed);
      ck_assert (cases[i].n > 1 || odd.visible[0] > 0.9f);
      ae_odd_footage_clear (&odd);
    }
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_no_memory)
{
  AeOddSource source = source_of (true);
  for (int n = 1; n <= 4; n++) {
    AeOddFootage odd;
    AeError err = { 0 };
    AeRng rng;
    ae_rng_seed (&rng, 1);
    ae_mem_fail_at (n, false);
    ck_assert_int_eq (
        ae_odd_footage_make (&odd, &source, AE_ODD_LOOK, &rng, &err),
        AE_ERROR_MEMORY);
    ck_assert_str_ne (err.text, "");
    ck_assert_int_eq (ae_mem_live (), 0);
  }
  ae_mem_fail_at (0, false);
}
END_TEST

static Suite *
odd_footage_suite (void)
{
  Suite *suite = suite_create ("odd_footage");
  TCase *tcase = tcase_create ("odd_footage");
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_what_is_visible_is_there, 0, AE_N_ODD);
  tcase_add_loop_test (
      tcase, test_fast_is_faster_than_the_limit, 0, AE_N_ODD);
  tcase_add_loop_test (tcase, test_same_seed_same_bits, 0, AE_N_ODD);
  tcase_add_loop_test (tcase,
      test_nothing_to_cut_out_leaves_footage_as_it_was, 0, AE_N_ODD);
  tcase_add_loop_test (tcase, test_little_footage, 0, AE_N_ODD);
  tcase_add_test (tcase, test_no_memory);
  return suite;
}

AE_TEST_MAIN (odd_footage_suite)
