/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "util/mem.h"
#include "util/rng.h"
#include "video/background.h"

#include <math.h>
#include <string.h>

enum { H = 40, W = 48, PLANE = H * W, VECTORS = (H / 8) * (W / 8) };

#define SIGMA (20 / 255.0f)

/* A scene, and what a network that keeps no state would be given of it. */
typedef struct {
  AeBackground *background;
  AeRng rng;
  float clean[6 * PLANE], frame[6 * PLANE], fused[6 * PLANE];
  float count[PLANE], noise[2 * PLANE];
  AeVector vectors[VECTORS];
} Scene;

static Scene scene;

/* Waves; shift in positions. */
static void
draw (float shift)
{
  for (int c = 0; c < 6; c++)
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++)
        scene.clean[(c * H + y) * W + x]
            = 0.5f + 0.2f * sinf ((x + shift) * 0.7f + c) * cosf (y * 0.5f);
}

/* A bright square over the waves. */
static void
draw_object (int left)
{
  for (int c = 0; c < 6; c++)
    for (int y = 12; y < 28; y++)
      for (int x = left; x < left + 16; x++)
        scene.clean[(c * H + y) * W + x] = 0.9f;
}

static void
setup (void)
{
  memset (&scene, 0, sizeof scene);
  ae_rng_seed (&scene.rng, 3);
  scene.background = ae_background_new (H, W, 2);
  ck_assert_ptr_nonnull (scene.background);
  draw (0);
}

static void
teardown (void)
{
  ae_background_free (&scene.background);
  ck_assert_ptr_null (scene.background);
}

/* A noisy frame, shown with a state of two frames. */
static void
show (void)
{
  Scene *s = &scene;
  for (int i = 0; i < 6 * PLANE; i++) {
    s->frame[i] = s->clean[i] + SIGMA * ae_rng_normal (&s->rng);
    s->fused[i]
        = s->clean[i] + SIGMA / sqrtf (2) * ae_rng_normal (&s->rng);
  }
  for (int i = 0; i < PLANE; i++) {
    s->count[i] = 2;
    s->noise[i] = s->noise[PLANE + i] = SIGMA;
  }
  AeBackgroundInputs inputs = { s->frame, s->fused, s->count, s->noise };
  ae_background_show (s->background, &inputs);
}

static void
learn (void)
{
  for (int i = 0; i < PLANE; i++)
    scene.count[i] = 3;
  ae_background_learn (
      scene.background, scene.vectors, scene.fused, scene.count);
}

static void
pass (int frames)
{
  for (int i = 0; i < frames; i++) {
    show ();
    learn ();
  }
}

/* Positions of columns x0 .. x1 - 1 where an average is shown. */
static int
n_shown (int x0, int x1)
{
  int n = 0;
  for (int y = 0; y < H; y++)
    for (int x = x0; x < x1; x++)
      n += scene.noise[y * W + x] < 0.9f * SIGMA;
  return n;
}

static double
luma_error (void)
{
  double sum = 0;
  for (int i = 0; i < 4 * PLANE; i++)
    sum += (scene.frame[i] - scene.clean[i])
        * (scene.frame[i] - scene.clean[i]);
  return sqrt (sum / (4 * PLANE));
}

START_TEST (test_a_still_scene_becomes_an_average)
{
  pass (4);
  show ();
  ck_assert_int_eq (n_shown (0, W), 0); /* not long enough yet */
  learn ();
  pass (45);
  show ();
  ck_assert_int_gt (n_shown (0, W), PLANE * 8 / 10);
  ck_assert_double_lt (luma_error (), SIGMA / 2);
  for (int i = 0; i < PLANE; i++) {
    bool shown = scene.noise[i] < 0.9f * SIGMA;
    ck_assert (scene.count[i] == (shown ? 0 : 2));
    if (!shown)
      continue;
    ck_assert_float_gt (scene.noise[i], SIGMA / 8.1f);
    ck_assert_float_lt (scene.noise[i], SIGMA / 6);
    ck_assert_float_eq (scene.noise[PLANE + i], scene.noise[i]);
    for (int c = 0; c < 6; c++)
      ck_assert_float_eq (
          scene.frame[c * PLANE + i], scene.fused[c * PLANE + i]);
  }
  /* the state is told what it holds */
  learn ();
  for (int i = 0; i < PLANE; i++)
    ck_assert (
        scene.count[i] == (scene.noise[i] < 0.9f * SIGMA ? 24 : 3));
}
END_TEST

START_TEST (test_what_passes_by_is_not_averaged_and_uncovers_the_average)
{
  pass (40);
  for (int left = 8; left < 20; left += 4) {
    draw (0);
    draw_object (left);
    show ();
    /* the object's blocks, and none of them mixed with the average */
    for (int y = 12; y < 28; y++)
      for (int x = left; x < left + 16; x++)
        ck_assert_float_eq (scene.noise[y * W + x], SIGMA);
    ck_assert_int_gt (n_shown (36, W), H * (W - 36) / 2);
    learn ();
  }
  draw (0);
  show ();
  ck_assert_int_gt (n_shown (8, 32), H * 24 * 8 / 10);
  ck_assert_double_lt (luma_error (), 0.6 * SIGMA);
}
END_TEST

/* As bright as what it covers. */
START_TEST (test_another_colour_is_another_thing)
{
  pass (40);
  for (int c = 4; c < 6; c++)
    for (int y = 12; y < 28; y++)
      for (int x = 16; x < 32; x++)
        scene.clean[(c * H + y) * W + x] += 0.2f;
  show ();
  for (int y = 12; y < 28; y++)
    for (int x = 16; x < 32; x++)
      ck_assert_float_eq (scene.noise[y * W + x], SIGMA);
}
END_TEST

START_TEST (test_what_stays_becomes_the_background)
{
  pass (40);
  draw_object (16);
  pass (16);
  show ();
  ck_assert_float_eq (scene.noise[20 * W + 24], SIGMA);
  learn ();
  pass (40);
  show ();
  ck_assert_float_lt (scene.noise[20 * W + 24], SIGMA / 3);
  ck_assert_double_lt (luma_error (), SIGMA / 2);
}
END_TEST

START_TEST (test_a_moving_camera_shows_frames)
{
  for (int i = 0; i < 60; i++) {
    draw (0.4f * i);
    pass (1);
    ck_assert_int_eq (n_shown (0, W), 0);
  }
}
END_TEST

START_TEST (test_a_reset_forgets)
{
  pass (40);
  ae_background_reset (scene.background);
  show ();
  ck_assert_int_eq (n_shown (0, W), 0);
}
END_TEST

/* A frame that is no picture leaves nothing behind. */
START_TEST (test_not_a_number_is_not_taken_in)
{
  pass (40);
  float good = scene.clean[5];
  scene.clean[5] = NAN;
  pass (1);
  scene.clean[5] = good;
  show ();
  for (int i = 0; i < 6 * PLANE; i++)
    ck_assert (isfinite (scene.frame[i]));
}
END_TEST

START_TEST (test_every_allocation_failure_is_an_error)
{
  AeBackground *b = NULL;
  for (long n = 1; !b; n++) {
    long live = ae_mem_live ();
    ae_mem_fail_at (n, false);
    b = ae_background_new (H, W, 1);
    ae_mem_fail_at (0, false);
    if (!b)
      ck_assert_int_eq (ae_mem_live (), live);
  }
  ae_background_free (&b);
}
END_TEST

static Suite *
background_suite (void)
{
  Suite *suite = suite_create ("background");
  TCase *tcase = tcase_create ("background");
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, test_a_still_scene_becomes_an_average);
  tcase_add_test (
      tcase, test_what_passes_by_is_not_averaged_and_uncovers_the_average);
  tcase_add_test (tcase, test_another_colour_is_another_thing);
  tcase_add_test (tcase, test_what_stays_becomes_the_background);
  tcase_add_test (tcase, test_a_moving_camera_shows_frames);
  tcase_add_test (tcase, test_a_reset_forgets);
  tcase_add_test (tcase, test_not_a_number_is_not_taken_in);
  tcase_add_test (tcase, test_every_allocation_failure_is_an_error);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (background_suite)
