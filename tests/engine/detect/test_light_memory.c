/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "detect/light_memory.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdbool.h>

enum { W = 132, H = 94 };

static float grey[W * H];

/* A place with noise, and something dark over a share of it. */
static AeLightPicture
show (float gain, float offset, float noise, float covered, uint64_t seed)
{
  AeLightPicture p = { .grey = grey, .seconds = 0.1 };
  double sum = 0, squares = 0;
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      float v = 110 + 40 * sinf (0.07f * (float) x) * cosf (0.1f * (float) y);
      if ((float) x < covered * W)
        v = 20 + (float) (x * y % 7);
      v = gain * v + offset + noise * ae_rng_normal (&rng);
      grey[y * W + x] = v;
      sum += v;
      squares += (double) v * v;
    }
  p.mean = sum / (W * H);
  p.deviation = sqrt (squares / (W * H) - p.mean * p.mean);
  return p;
}

static AeUsualLight
see (AeLightMemory *m, float gain, float offset, float noise, float covered,
    uint64_t seed)
{
  AeLightPicture p = show (gain, offset, noise, covered, seed);
  return ae_light_memory_add (m, &p);
}

static void
close_memory (AeLightMemory **m)
{
  ae_light_memory_free (m);
  ck_assert_ptr_null (*m);
  ck_assert_int_eq (ae_mem_live (), 0);
}

static const struct {
  float gain, offset, noise;
} lights[] = { { 0.5f, 0, 0 }, { 0.5f, 0, 5 }, { 2, 0, 1 }, { 0.6f, 30, 1 },
  { 1, 0, 20 }, { 1, -40, 1 } };
#define N_LIGHTS ((int) (sizeof lights / sizeof *lights))

/* In a minute, while something comes for the second half of it. */
START_TEST (test_memory_follows_the_light)
{
  float gain = lights[_i].gain, offset = lights[_i].offset;
  float noise = lights[_i].noise;
  AeLightMemory *m = ae_light_memory_new (W, H);
  AeUsualLight first = see (m, 1, 0, noise, 0, 1), now = first;
  for (int t = 0; t < 600; t++) {
    float part = (float) (t + 1) / 600;
    now = see (m, powf (gain, part), part * offset, noise,
        t > 500 && t < 520 ? 0.3f : 0, (uint64_t) t);
  }
  double mean = gain * first.mean + offset;
  /* half a second behind; what came is not yet forgotten */
  ck_assert_msg (fabs (now.mean - mean) < 0.025 * mean, "mean %g, wanted %g", now.mean,
      mean);
  /* noise does not get darker */
  double place = first.deviation * first.deviation - noise * noise;
  double deviation = sqrt (gain * gain * place + noise * noise);
  ck_assert_msg (fabs (now.deviation - deviation) < 0.08 * deviation + 0.5,
      "deviation %g, wanted %g", now.deviation, deviation);
  close_memory (&m);
}
END_TEST

/* The memory of 20 s is 1/5 of the way there after 5 s. */
START_TEST (test_what_comes_is_no_light)
{
  AeLightMemory *m = ae_light_memory_new (W, H);
  AeUsualLight first = see (m, 1, 0, 1, 0, 1), now = first;
  double covered = show (1, 0, 1, 0.4f, 2).mean;
  for (int t = 0; t < 50; t++)
    now = see (m, 1, 0, 1, 0.4f, (uint64_t) t);
  double wanted = first.mean + (1 - exp (-5 / 20.0)) * (covered - first.mean);
  ck_assert_msg (fabs (now.mean - wanted) < 1.5, "%g, wanted %g", now.mean,
      wanted);
  close_memory (&m);
}
END_TEST

/* It shows nothing of what was there before: only the slow memory is left. */
START_TEST (test_another_place_is_no_light)
{
  AeLightMemory *m = ae_light_memory_new (W, H);
  AeUsualLight first = see (m, 1, 0, 1, 0, 1);
  AeUsualLight now = see (m, 1, 0, 1, 1, 2);
  ck_assert_double_eq_tol (now.mean, first.mean, 1);
  ck_assert_double_eq_tol (now.deviation, first.deviation, 1);
  ck_assert_float_gt (now.changed, 1.5f);
  ae_light_memory_reset (m);
  now = see (m, 1, 0, 1, 1, 2);
  ck_assert_double_eq (now.mean, show (1, 0, 1, 1, 2).mean);
  ck_assert_float_eq (now.changed, 0);
  close_memory (&m);
}
END_TEST

/* Smaller than a block, flat, black. */
START_TEST (test_nothing_to_see)
{
  static const int sizes[][2] = { { 1, 1 }, { 3, 200 }, { 7, 5 }, { 40, 40 } };
  AeLightMemory *m
      = ae_light_memory_new (sizes[_i][0], sizes[_i][1]);
  static float flat[40 * 40];
  for (int t = 0; t < 6; t++) {
    for (int i = 0; i < 40 * 40; i++)
      flat[i] = t < 3 ? 0 : 255;
    AeLightPicture p = { flat, flat[0], 0, t ? 1e6 : 0 };
    AeUsualLight now = ae_light_memory_add (m, &p);
    ck_assert (isfinite (now.mean) && isfinite (now.deviation));
    ck_assert_double_eq_tol (now.mean, flat[0], 1e-3);
    ck_assert_double_eq_tol (now.deviation, 0, 1e-3);
  }
  close_memory (&m);
}
END_TEST

START_TEST (test_no_memory)
{
  AeLightMemory *m = NULL;
  int n = 0;
  while (!m) {
    ae_mem_fail_at (++n, false);
    m = ae_light_memory_new (W, H);
    ae_mem_fail_at (0, false);
    ck_assert (m || ae_mem_live () == 0);
  }
  ck_assert_int_eq (n, 6);
  close_memory (&m);
}
END_TEST

static Suite *
light_memory_suite (void)
{
  Suite *suite = suite_create ("light_memory");
  TCase *tcase = tcase_create ("light_memory");
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_memory_follows_the_light, 0, N_LIGHTS);
  tcase_add_test (tcase, test_what_comes_is_no_light);
  tcase_add_test (tcase, test_another_place_is_no_light);
  tcase_add_loop_test (tcase, test_nothing_to_see, 0, 4);
  tcase_add_test (tcase, test_no_memory);
  return suite;
}

AE_TEST_MAIN (light_memory_suite)
