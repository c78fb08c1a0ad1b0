/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "detect/grey.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { W = 131, H = 87, MOST = 1280 * 720 };

static uint8_t plane[3][4 * MOST], out[MOST], other[MOST];

/* What is shown, 0 to 255. */
typedef float (*Scene) (float x, float y);

/* In shares of the picture's size. */
static float
slope (float x, float y)
{
  return 30 + 120 * x + 60 * y;
}

static float
hills (float x, float y)
{
  return 120 + 50 * sinf (7 * x) * cosf (9 * y) + 20 * sinf (25 * x + 3 * y);
}

static void
put (const AeImage *image, int x, int y, float grey)
{
  uint8_t *row = image->plane[0] + y * image->stride[0];
  int byte = (int) (grey + 0.5f);
  int word = (int) (grey * 1023 / 255 + 0.5f);
  switch (image->pixels) {
    case AE_PIXELS_PACKED:
      memset (row + x * image->pixel_stride, byte, image->pixel_stride);
      break;
    case AE_PIXELS_P010:
      word <<= 6;
      /* fall through */
    case AE_PIXELS_I420_10:
      row[2 * x] = (uint8_t) word;
      row[2 * x + 1] = (uint8_t) (word >> 8);
      break;
    default:
      row[x] = (uint8_t) byte;
  }
}

static AeImage
image_of (AePixels pixels, int w, int h, bool upside_down)
{
  int sample = pixels == AE_PIXELS_PACKED                               ? 4
               : pixels == AE_PIXELS_P010 || pixels == AE_PIXELS_I420_10 ? 2
                                                                         : 1;
  AeImage image = { pixels, w, h, AE_MATRIX_BT709, 4, 2, 1, 0 };
  for (int i = 0; i < 3; i++) {
    ptrdiff_t stride = w * sample + 5;
    image.plane[i] = plane[i] + (upside_down ? (h - 1) * stride : 0);
    image.stride[i] = upside_down ? -stride : stride;
  }
  return image;
}

static void
draw (const AeImage *image, Scene scene)
{
  for (int y = 0; y < image->height; y++)
    for (int x = 0; x < image->width; x++)
      put (image, x, y, scene ((x + 0.5f) / image->width,
                            (y + 0.5f) / image->height));
}

/* What a scene should look like: of the usual light. */
static double
worst_off (Scene scene, int w, int h, int border)
{
  double sum = 0, squares = 0, worst = 0;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      double g = scene ((x + 0.5f) / w, (y + 0.5f) / h);
      sum += g;
      squares += g * g;
    }
  double mean = sum / w / h, deviation = sqrt (squares / w / h - mean * mean);
  for (int y = border; y < h - border; y++)
    for (int x = border; x < w - border; x++) {
      double g = scene ((x + 0.5f) / w, (y + 0.5f) / h);
      g = (g - mean) / deviation * AE_GREY_DEVIATION + AE_GREY_MEAN;
      g = g < 0 ? 0 : g > 255 ? 255 : g;
      worst = fmax (worst, fabs (g - out[y * w + x]));
    }
  return worst;
}

static AeLight
load (const AeImage *image, int w, int h, int n_threads, uint8_t *to)
{
  AeGrey *grey = ae_grey_new (image, w, h, n_threads);
  ck_assert_ptr_nonnull (grey);
  AeLight light = ae_grey_load (grey, image, 0, to);
  ae_grey_free (&grey);
  ck_assert_ptr_null (grey);
  return light;
}

/* Every kind of pixels, of odd sizes, from either end: the same picture. */
START_TEST (test_kinds_give_the_same_picture)
{
  static const int sizes[][2] = { { W, H }, { 48, 31 }, { 300, 201 } };
  for (int upside_down = 0; upside_down < 2; upside_down++)
    for (int i = 0; i < 3; i++) {
      int w = sizes[i][0], h = sizes[i][1];
      AeImage image = image_of ((AePixels) _i, W, H, upside_down);
      draw (&image, slope);
      AeLight light = load (&image, w, h, 1, out);
      /* rounded before and after a gain of 1.6; edges lie further in */
      ck_assert_double_le (worst_off (slope, w, h, 2), 2.0);
      ck_assert_float_eq_tol (light.contrast, 38.7f, 0.5f);
      ck_assert_float_eq (light.light, 0);
    }
}
END_TEST

START_TEST (test_three_bytes_of_a_pixel)
{
  AeImage image = image_of (AE_PIXELS_PACKED, W, H, false);
  image.pixel_stride = 3;
  draw (&image, slope);
  load (&image, 48, 31, 1, out);
  ck_assert_double_le (worst_off (slope, 48, 31, 2), 2.0);
}
END_TEST

/* Green is brighter than blue. */
START_TEST (test_packed_colours_are_weighed)
{
  AeImage image = image_of (AE_PIXELS_PACKED, 64, 64, false);
  memset (plane[0], 0, sizeof plane[0]);
  for (int y = 0; y < 64; y++)
    for (int x = 0; x < 64; x++)
      image.plane[0][y * image.stride[0] + 4 * x + (x < 32 ? 1 : 0)] = 200;
  AeLight light = load (&image, 64, 64, 1, out);
  /* 200 times 0.7152 and 0.0722: the deviation is half the difference */
  ck_assert_float_eq_tol (light.contrast, 100 * (0.7152f - 0.0722f), 0.1f);
  ck_assert_int_eq (out[10], 112 + 48);
  ck_assert_int_eq (out[60], 112 - 48);
}
END_TEST

/* Stripes finer than the new size become grey, not coarser stripes. */
START_TEST (test_downscaling_leaves_no_moire)
{
  AeImage image = image_of (AE_PIXELS_GRAY8, 640, 360, false);
  for (int y = 0; y < 360; y++)
    for (int x = 0; x < 640; x++)
      put (&image, x, y, (x + y) & 1 ? 255 : 0);
  AeLight light = load (&image, 97, 55, 1, out);
  ck_assert_float_le (light.contrast, 2);
}
END_TEST

START_TEST (test_smooth_pictures_scale_well)
{
  static const struct {
    int from[2], to[2];
  } cases[] = { { { 1280, 720 }, { 360, 208 } }, { { 641, 361 }, { 33, 47 } },
    { { 101, 57 }, { 360, 240 } }, { { 360, 240 }, { 360, 240 } } };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    AeImage image
        = image_of (AE_PIXELS_I420, cases[i].from[0], cases[i].from[1], false);
    draw (&image, hills);
    load (&image, cases[i].to[0], cases[i].to[1], 2, out);
    /* coarse pictures average the bends away */
    ck_assert_double_le (
        worst_off (hills, cases[i].to[0], cases[i].to[1], 2), 5);
  }
}
END_TEST

START_TEST (test_smallest_pictures)
{
  static const int sizes[][2] = { { 1, 1 }, { 2, 1 }, { 1, 33 }, { 64, 48 } };
  AeImage image = image_of ((AePixels) _i, 1, 1, false);
  put (&image, 0, 0, 77);
  for (int i = 0; i < 4; i++) {
    memset (out, 0, sizeof out);
    AeLight light = load (&image, sizes[i][0], sizes[i][1], 1, out);
    for (int k = 0; k < sizes[i][0] * sizes[i][1]; k++)
      if (out[k] != 112)
        ck_abort_msg ("%d of %d is %d", k, i, out[k]);
    ck_assert_float_le (light.contrast, 0.01f);
  }
  AeImage large = image_of (AE_PIXELS_GRAY8, 77, 3, false);
  draw (&large, slope);
  load (&large, 1, 1, 1, out);
  ck_assert_int_eq (out[0], 112);
}
END_TEST

static float brightness;

static float
dimmed (float x, float y)
{
  return brightness * hills (x, y);
}

static AeLight
show (AeGrey *grey, const AeImage *image, float bright, double seconds,
    uint8_t *to)
{
  brightness = bright;
  draw (image, dimmed);
  return ae_grey_load (grey, image, seconds, to);
}

/* Half the light: seen at once, got used to, and seen when it comes back. */
START_TEST (test_light_is_got_used_to)
{
  AeImage image = image_of (AE_PIXELS_GRAY8, 180, 120, false);
  AeGrey *grey = ae_grey_new (&image, 90, 60, 1);
  AeLight light = show (grey, &image, 1, 0, out);
  ck_assert_float_eq (light.light, 0);
  light = show (grey, &image, 1, 1, out);
  ck_assert_float_le (light.light, 0.001f);
  float contrast = light.contrast;
  light = show (grey, &image, 0.5f, 0.04, other);
  ck_assert_float_eq_tol (light.light, 1, 0.06f);
  ck_assert_float_eq_tol (light.contrast, contrast / 2, 0.3f);
  int dark = 0, worst = 0;
  for (int i = 0; i < 90 * 60; i++)
    dark += other[i] < out[i] - 30;
  ck_assert_int_gt (dark, 90 * 60 / 2); /* not used to it yet */
  for (int i = 0; i < 10; i++)
    light = show (grey, &image, 0.5f, AE_GREY_MEMORY, other);
  ck_assert_float_le (light.light, 0.01f);
  for (int i = 0; i < 90 * 60; i++)
    worst = abs (other[i] - out[i]) > worst ? abs (other[i] - out[i]) : worst;
  ck_assert_int_le (worst, 3);
  light = show (grey, &image, 1, 0.04, other);
  ck_assert_float_eq_tol (light.light, 1, 0.06f);
  ae_grey_reset (grey);
  light = show (grey, &image, 0.5f, 0.04, other);
  ck_assert_float_eq (light.light, 0);
  ae_grey_free (&grey);
}
END_TEST

/* After as long as the memory, 1 - 1/e of the way; in one step or in many. */
START_TEST (test_memory_is_an_exponential_average)
{
  AeImage image = image_of (AE_PIXELS_GRAY8, 32, 32, false);
  AeGrey *one = ae_grey_new (&image, 32, 32, 1);
  AeGrey *many = ae_grey_new (&image, 32, 32, 1);
  show (one, &image, 1, 0, out);
  ae_grey_load (many, &image, 0, out);
  show (one, &image, 0.5f, AE_GREY_MEMORY, out);
  for (int i = 0; i < 100; i++)
    ae_grey_load (many, &image, AE_GREY_MEMORY / 100, other);
  AeLight a = show (one, &image, 0.5f, 0.04, out);
  AeLight b = ae_grey_load (many, &image, 0.04, other);
  ck_assert_float_eq_tol (a.light, b.light, 1e-3f);
  ck_assert_float_eq_tol (a.light, log2f (0.5f + 0.5f * 0.3679f) - log2f (0.5f),
      0.03f);
  ae_grey_free (&one);
  ae_grey_free (&many);
}
END_TEST

/* Twice the exposure is the same picture, whatever was before. */
START_TEST (test_pictures_have_one_median)
{
  AeImage image = image_of (AE_PIXELS_GRAY8, 64, 64, false);
  AeGrey *grey = ae_grey_new (&image, 64, 64, 2);
  ae_grey_set_by_median (grey);
  for (int gain = 1; gain <= 2; gain++) {
    for (int i = 0; i < 64 * 64; i++)
      plane[0][i / 64 * image.stride[0] + i % 64]
          = (uint8_t) (gain * (i < 3000 ? 40 + i % 9 : 90));
    ae_grey_load (grey, &image, gain > 1 ? 1 : 0, gain > 1 ? other : out);
  }
  int least = 255, most = 0, worst = 0;
  for (int i = 0; i < 64 * 64; i++) {
    least = out[i] < least ? out[i] : least;
    most = out[i] > most ? out[i] : most;
    worst = abs (other[i] - out[i]) > worst ? abs (other[i] - out[i]) : worst;
  }
  ck_assert_int_le (worst, 2); /* the median is one of 1024 bins */
  /* 46 is the median */
  ck_assert_float_eq_tol ((float) most, 90 / 46.0f * AE_GREY_MEDIAN, 3);
  ck_assert_float_eq_tol ((float) least, 40 / 46.0f * AE_GREY_MEDIAN, 3);
  memset (plane[0], 0, sizeof plane[0]);
  ae_grey_load (grey, &image, 0, out);
  ck_assert_int_eq (out[77], 0);
  ae_grey_free (&grey);
}
END_TEST

START_TEST (test_flat_pictures_stay_finite)
{
  AeImage image = image_of (AE_PIXELS_GRAY8, 64, 48, false);
  AeGrey *grey = ae_grey_new (&image, 40, 40, 1);
  for (int i = 0; i < 4; i++) {
    memset (plane[0], i == 3 ? 255 : 0, sizeof plane[0]);
    AeLight light = ae_grey_load (grey, &image, i ? 1e9 : 0, out);
    ck_assert_float_le (light.contrast, 0.01f);
    ck_assert (isfinite (light.light));
    for (int k = 0; k < 40 * 40; k++)
      if (out[k] != 112)
        ck_abort_msg ("%d of picture %d is %d", k, i, out[k]);
  }
  memset (plane[0], 0, sizeof plane[0]);
  ck_assert_float_ge (ae_grey_load (grey, &image, 1, out).light, 5);
  AeLight odd = ae_grey_load (grey, &image, (double) NAN, out);
  ck_assert_float_eq (odd.light, 0);
  ae_grey_free (&grey);
}
END_TEST

/* Little contrast is raised by no more than the largest gain. */
START_TEST (test_gain_has_limits)
{
  AeImage image = image_of (AE_PIXELS_GRAY8, 64, 64, false);
  for (int y = 0; y < 64; y++)
    for (int x = 0; x < 64; x++)
      put (&image, x, y, x < 32 ? 100 : 104);
  AeLight light = load (&image, 64, 64, 1, out);
  ck_assert_float_eq_tol (light.contrast, 2, 1e-3f);
  ck_assert_int_eq (out[0], 112 - 8);
  ck_assert_int_eq (out[63], 112 + 8);
}
END_TEST

START_TEST (test_threads_give_the_same_bits)
{
  static const int threads[] = { 2, 3, 8 };
  AeRng rng;
  AeImage image = image_of ((AePixels) _i, W, H, false);
  ae_rng_seed (&rng, 3);
  for (int i = 0; i < 4 * (W + 5) * H; i++)
    plane[0][i] = (uint8_t) ae_rng_below (&rng, 256);
  AeLight a = load (&image, 67, 49, 1, out);
  for (int t = 0; t < 3; t++) {
    AeLight b = load (&image, 67, 49, threads[t], other);
    ck_assert_mem_eq (out, other, 67 * 49);
    ck_assert_float_eq (a.contrast, b.contrast);
  }
}
END_TEST

START_TEST (test_memory_may_run_out)
{
  AeImage image = image_of (AE_PIXELS_GRAY8, 64, 48, false);
  long live = ae_mem_live ();
  for (int i = 1; i < 40; i++) {
    ae_mem_fail_at (i, true);
    AeGrey *grey = ae_grey_new (&image, 40, 40, 1);
    ae_mem_fail_at (0, false);
    bool made = grey;
    ae_grey_free (&grey);
    ck_assert_int_eq (ae_mem_live (), live);
    if (made)
      return;
  }
  ck_abort_msg ("40 blocks, and still more");
}
END_TEST

static Suite *
grey_suite (void)
{
  Suite *suite = suite_create ("grey");
  TCase *tcase = tcase_create ("grey");
  int n_kinds = AE_PIXELS_PACKED + 1;
  tcase_add_loop_test (tcase, test_kinds_give_the_same_picture, 0, n_kinds);
  tcase_add_test (tcase, test_three_bytes_of_a_pixel);
  tcase_add_test (tcase, test_packed_colours_are_weighed);
  tcase_add_test (tcase, test_downscaling_leaves_no_moire);
  tcase_add_test (tcase, test_smooth_pictures_scale_well);
  tcase_add_loop_test (tcase, test_smallest_pictures, 0, n_kinds);
  tcase_add_test (tcase, test_light_is_got_used_to);
  tcase_add_test (tcase, test_memory_is_an_exponential_average);
  tcase_add_test (tcase, test_pictures_have_one_median);
  tcase_add_test (tcase, test_flat_pictures_stay_finite);
  tcase_add_test (tcase, test_gain_has_limits);
  tcase_add_loop_test (tcase, test_threads_give_the_same_bits, 0, n_kinds);
  tcase_add_test (tcase, test_memory_may_run_out);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (grey_suite)
