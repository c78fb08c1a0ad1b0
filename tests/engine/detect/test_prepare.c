/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "pieces.h"

#include "detect/grey.h"
#include "detect/plane.h"
#include "detect/prepare.h"
#include "util/mem.h"

#include <string.h>

enum { W = 144, H = 128 };

START_TEST (test_blur_keeps_what_is_even)
{
  enum { N = 9 };
  float from[N * N], to[N * N], scratch[N * N], sum = 0;
  for (int i = 0; i < N * N; i++)
    from[i] = 3;
  ae_plane_blur (from, N, N, 2, 5, to, scratch);
  for (int i = 0; i < N * N; i++)
    ck_assert_float_eq_tol (to[i], 3, 1e-5f);
  memset (from, 0, sizeof from);
  from[4 * N + 4] = 1;
  ae_plane_blur (from, N, N, 0, 1, to, scratch);
  for (int y = 0; y < N; y++)
    sum += to[y * N + 4];
  ck_assert_float_eq_tol (sum, 1, 1e-5f);
  ck_assert (to[4 * N + 4] > to[5 * N + 4] && to[5 * N + 4] > 0);
  ck_assert (to[4 * N + 5] == 0); /* not across */
}
END_TEST

START_TEST (test_dilation_and_cubic)
{
  float from[35] = { 0 }, to[35], scratch[35];
  from[2 * 7 + 3] = 1;
  ae_plane_dilate (from, 7, 5, 1, to, scratch);
  for (int y = 0; y < 5; y++)
    for (int x = 0; x < 7; x++)
      ck_assert (to[y * 7 + x] == (abs (y - 2) <= 1 && abs (x - 3) <= 1));
  for (int i = 0; i < 35; i++)
    from[i] = (float) (i % 7) + 2 * (float) (i / 7);
  ck_assert_float_eq_tol (
      ae_plane_cubic (from, 7, 5, 2.25f, 1.75f), 5.75f, 1e-5f);
  ck_assert_float_eq_tol (ae_plane_cubic (from, 7, 5, -9, -9), 0, 1e-5f);
}
END_TEST

static void
draw (const Piece *piece, uint8_t *to, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  piece_draw (piece, W, H, &rng, to);
}

/* To the median, as grey.h does: the ground's. */
static void
normalise (const Piece *piece, uint8_t *pixels)
{
  float ground = 160 * piece->gain * (piece->bright ? 0.1f : 1);
  float gain = fminf (AE_GREY_MEDIAN / ground, AE_GREY_MEDIAN_MOST_GAIN);
  for (int i = 0; i < W * H; i++)
    pixels[i] = (uint8_t) fminf ((float) pixels[i] * gain, 255);
}

static const float angles[] = { 0, 0.4f, 1.2f, 2, 3.1f, 4, 5.5f };
#define N_ANGLES 7

static const AePreparation strip = { .width = W, .height = H,
  .align = AE_ALIGN_OBJECT, .plane_width = 64, .plane_height = 128,
  .scale = 1.15 };

START_TEST (test_a_thing_is_found_as_it_lies)
{
  AePrepare *prepare = ae_prepare_new (&strip);
  uint8_t pixels[W * H];
  for (int bright = 0; bright < 2; bright++) {
    float angle = angles[_i];
    Piece piece = { .x = 72 - 45 * cosf (angle), .y = 64 - 45 * sinf (angle),
      .angle = angle, .length = 90, .bright = bright, .gain = 1 };
    AePose pose;
    draw (&piece, pixels, 1);
    normalise (&piece, pixels);
    ck_assert (ae_prepare_find (prepare, pixels, &pose));
    /* a pixel or a degree */
    ck_assert_double_eq_tol (pose.x, piece.x, 1.5);
    ck_assert_double_eq_tol (pose.y, piece.y, 1.5);
    ck_assert_double_eq_tol (pose.dx, cos (angle), 0.02);
    ck_assert_double_eq_tol (pose.dy, sin (angle), 0.02);
    ck_assert_double_eq_tol (pose.length, 88, 4);
  }
  ae_prepare_free (&prepare);
}
END_TEST

START_TEST (test_strips_of_one_thing_are_alike)
{
  static float first[64 * 128];
  AePrepare *prepare = ae_prepare_new (&strip);
  uint8_t pixels[W * H];
  for (int i = 0; i < N_ANGLES; i++) {
    Piece piece = { .x = 72 - 45 * cosf (angles[i]),
      .y = 64 - 45 * sinf (angles[i]), .angle = angles[i], .length = 90,
      .gain = 0.6f + 0.1f * (float) i };
    draw (&piece, pixels, 1);
    normalise (&piece, pixels);
    const float *plane = ae_prepare_run (prepare, pixels);
    ck_assert_ptr_nonnull (plane);
    if (i == 0)
      memcpy (first, plane, sizeof first);
    double differs = 0, varies = 0;
    for (int k = 0; k < 64 * 128; k++) {
      differs += fabs (plane[k] - first[k]);
      varies += fabs (first[k]);
    }
    ck_assert (differs < 0.35 * varies);
  }
  ae_prepare_free (&prepare);
}
END_TEST

START_TEST (test_places_lead_back_to_the_picture)
{
  float x, y;
  AePreparation none = { .width = W, .height = H, .plane_width = W / 2,
    .plane_height = H / 2, .scale = 0.5 };
  AePrepare *prepare = ae_prepare_new (&none);
  ae_prepare_place (prepare, 3, 5, &x, &y);
  ck_assert_float_eq (x, 6.5f);
  ck_assert_float_eq (y, 10.5f);
  ae_prepare_free (&prepare);
  prepare = ae_prepare_new (&strip);
  uint8_t pixels[W * H];
  Piece piece = { .x = 100, .y = 20, .angle = 2, .length = 90, .gain = 1 };
  draw (&piece, pixels, 1);
  normalise (&piece, pixels);
  ck_assert_ptr_nonnull (ae_prepare_run (prepare, pixels));
  float along = AE_PREPARE_MARGIN + 45 * 1.15f;
  ae_prepare_place (prepare, 31.5f, along, &x, &y);
  ck_assert_float_eq_tol (x, 100 + 45 * cosf (2), 2);
  ck_assert_float_eq_tol (y, 20 + 45 * sinf (2), 2);
  ck_assert (ae_prepare_on_thing (prepare, 31.5f, along));
  ck_assert (!ae_prepare_on_thing (prepare, 2, along));
  ae_prepare_free (&prepare);
}
END_TEST

START_TEST (test_nothing_is_found_in_an_empty_picture)
{
  uint8_t pixels[W * H];
  AePrepare *prepare = ae_prepare_new (&strip);
  for (int grey = 0; grey < 256; grey += 85) {
    memset (pixels, grey, sizeof pixels);
    ck_assert_ptr_null (ae_prepare_run (prepare, pixels));
  }
  for (int i = 0; i < W * H; i++) /* a chequerboard has many */
    pixels[i] = (i % W / 4 + i / W / 4) % 2 ? 20 : 90;
  ck_assert_ptr_null (ae_prepare_run (prepare, pixels));
  ae_prepare_free (&prepare);
}
END_TEST

START_TEST (test_columns_are_flattened)
{
  AePreparation p = { .width = W, .height = H, .plane_width = W,
    .plane_height = H, .scale = 1 };
  uint8_t pixels[W * H];
  double spread[2] = { 0 }, spot[2] = { 0 };
  AeRng rng;
  ae_rng_seed (&rng, 2);
  surface_draw (W, H, &rng, 0.8f, 70, 60, 3, pixels);
  for (int i = 0; i < 2; i++) {
    p.flatten = i ? AE_FLATTEN_COLUMNS : AE_FLATTEN_NONE;
    AePrepare *prepare = ae_prepare_new (&p);
    const float *plane = ae_prepare_run (prepare, pixels);
    for (int k = 0; k < W * H; k++)
      spread[i] += fabs (plane[k]) / (W * H);
    spot[i] = fabs (plane[60 * W + 70]);
    ae_prepare_free (&prepare);
  }
  /* the spot stands out more where the marks are gone */
  ck_assert (spot[1] / spread[1] > 2 * spot[0] / spread[0]);
}
END_TEST

START_TEST (test_no_memory_is_told)
{
  AePrepare *prepare = NULL;
  for (int n = 1; !prepare && n < 40; n++) {
    long live = ae_mem_live ();
    ae_mem_fail_at (n, true);
    prepare = ae_prepare_new (&strip);
    ae_mem_fail_at (0, false);
    ck_assert (prepare || ae_mem_live () == live);
  }
  ck_assert_ptr_nonnull (prepare);
  ae_prepare_free (&prepare);
}
END_TEST

static Suite *
make_suite (void)
{
  Suite *suite = suite_create ("prepare");
  TCase *tcase = tcase_create ("prepare");
  tcase_add_test (tcase, test_blur_keeps_what_is_even);
  tcase_add_test (tcase, test_dilation_and_cubic);
  tcase_add_loop_test (tcase, test_a_thing_is_found_as_it_lies, 0, N_ANGLES);
  tcase_add_test (tcase, test_strips_of_one_thing_are_alike);
  tcase_add_test (tcase, test_places_lead_back_to_the_picture);
  tcase_add_test (tcase, test_nothing_is_found_in_an_empty_picture);
  tcase_add_test (tcase, test_columns_are_flattened);
  tcase_add_test (tcase, test_no_memory_is_told);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (make_suite)
