/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "coder/motion.h"
#include "util/mem.h"
#include "util/rng.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 64, HEIGHT = 48 };

/* A smooth picture, (x, y) in quarters of a pixel. */
static double
picture_at (double x, double y)
{
  return 120 + 50 * sin (x / 4 * 0.31) * cos (y / 4 * 0.23)
      + 30 * sin ((x + 2 * y) / 4 * 0.17);
}

static AeReference
make_reference (void)
{
  AeReference r;
  ck_assert_int_eq (ae_reference_init (&r, WIDTH, HEIGHT, NULL), AE_OK);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      r.image.plane[0][y * r.image.stride[0] + x]
          = (uint8_t) lrint (picture_at (4 * x, 4 * y));
  for (int i = 1; i < 3; i++)
    for (int y = 0; y < HEIGHT / 2; y++)
      for (int x = 0; x < WIDTH / 2; x++)
        r.image.plane[i][y * r.image.stride[i] + x]
            = (uint8_t) lrint (picture_at (8 * x, 8 * y));
  ae_reference_extend (&r);
  return r;
}

/* Every fraction of a pixel gives what lies there, luma and chroma. */
START_TEST (test_fractions)
{
  AeReference r = make_reference ();
  AePlacePixels s;
  for (int fraction = 0; fraction < 64; fraction++) {
    AeVector v = { (int16_t) (fraction % 8), (int16_t) (fraction / 8) };
    ae_motion_predict (&r, 16, 16, v, &s);
    for (int i = 0; i < 256; i++)
      ck_assert_double_le (
          fabs (s.at[i / 16][i % 16]
              - picture_at (4 * (16 + i % 16) + v.x, 4 * (16 + i / 16) + v.y)),
          1.6);
    for (int i = 0; i < 64; i++)
      ck_assert_double_le (
          fabs (s.at[16 + i / 8][i % 8]
              - picture_at (8 * (8 + i % 8) + v.x, 8 * (8 + i / 8) + v.y)),
          3);
  }
  ae_reference_clear (&r);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Vectors as far as they may point stay within the border's memory. */
START_TEST (test_far_vectors)
{
  AeReference r = make_reference ();
  AePlacePixels s;
  for (int y = 0; y < HEIGHT; y += 16)
    for (int x = 0; x < WIDTH; x += 16)
      for (int i = 0; i < 9; i++) {
        AeVector v = ae_vector_limit (&r, x, y, (i % 3 - 1) * INT16_MAX,
            (i / 3 - 1) * INT16_MAX);
        ae_motion_predict (&r, x, y, v, &s);
        if (i % 3 != 1)
          v.x = (int16_t) (v.x - (i % 3 - 1) * 3);
        ae_motion_predict (&r, x, y, v, &s);
        AeVector again = ae_vector_limit (&r, x, y, v.x, v.y);
        ck_assert (again.x == v.x && again.y == v.y);
      }
  ae_reference_clear (&r);
}
END_TEST

/* Pixels behind a vector's reach are not looked at, those before it are. */
START_TEST (test_reach)
{
  enum { AT = 16 };
  AePlacePixels plain, other;
  for (int x = -60; x <= 30; x++) {
    AeVector v = { (int16_t) x, (int16_t) (x % 5) };
    int reach = ae_vector_reach (AT, v);
    AeReference r = make_reference ();
    ae_motion_predict (&r, AT, 16, v, &plain);
    for (int less = 0; less < 3; less++) {
      for (int i = 0; i < 3; i++)
        for (int y = 0; y < HEIGHT >> (i > 0); y++) {
          int from = (reach - 2 * less) >> (i > 0);
          uint8_t *row = r.image.plane[i] + y * r.image.stride[i];
          for (int k = from < 0 ? 0 : from; k < WIDTH >> (i > 0); k++)
            row[k] = (uint8_t) (255 - row[k]);
        }
      ae_motion_predict (&r, AT, 16, v, &other);
      bool same = memcmp (&plain, &other, sizeof plain) == 0;
      ck_assert_msg (less > 0 || same, "vector %d: reaches %d", x, reach);
      ck_assert_msg (less < 2 || !same, "vector %d: less than %d", x, reach);
      ae_reference_clear (&r);
      r = make_reference ();
    }
    ae_reference_clear (&r);
  }
}
END_TEST

/* A picture that moved by quarters of a pixel is found. */
START_TEST (test_movement_is_found)
{
  AeCodecSpeed speed = (AeCodecSpeed) (_i % 3);
  static const int moves[][2]
      = { { 0, 0 }, { 4, -8 }, { 13, 6 }, { -27, 18 }, { 17, -19 } };
  AeReference r = make_reference ();
  uint8_t bytes[WIDTH * HEIGHT];
  AeImage now = { .pixels = AE_PIXELS_GRAY8, .width = WIDTH,
    .height = HEIGHT };
  int dx = moves[_i / 3][0], dy = moves[_i / 3][1];
  uint32_t sad;
  now.plane[0] = bytes;
  now.stride[0] = WIDTH;
  for (int i = 0; i < WIDTH * HEIGHT; i++)
    bytes[i] = (uint8_t) lrint (
        picture_at (4 * (i % WIDTH) + dx, 4 * (i / WIDTH) + dy));
  AeVector none = { 0, 0 };
  AeMotionAim aim = { .from = &r, .now = &now, .x = 16, .y = 16,
    .end = INT_MAX, .worth = 0.5f };
  AeVector v = ae_motion_best (&aim, &none, 1, &sad);
  v = ae_motion_refine (&aim, v, speed, &sad);
  int most = speed == AE_SPEED_FAST ? 2 : 1;
  ck_assert_int_le (abs (v.x - dx), most);
  ck_assert_int_le (abs (v.y - dy), most);
  ck_assert_uint_lt (sad, 300 * (unsigned) most);
  ae_reference_clear (&r);
}
END_TEST

static Suite *
motion_suite (void)
{
  Suite *suite = suite_create ("motion");
  TCase *tcase = tcase_create ("motion");
  tcase_add_test (tcase, test_fractions);
  tcase_add_test (tcase, test_far_vectors);
  tcase_add_test (tcase, test_reach);
  tcase_add_loop_test (tcase, test_movement_is_found, 0, 15);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (motion_suite)
