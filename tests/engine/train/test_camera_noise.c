/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "train/camera_noise.h"
#include "train/light.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define SIZE 64
#define LUMA (SIZE * SIZE)

typedef struct {
  float clean_pixels[LUMA * 3 / 2], noisy_pixels[LUMA * 3 / 2];
  float map[LUMA / 2];
  float *scratch;
  AeCrop clean, noisy;
  AeRng rng;
} Case;

static Case c;

static void
setup (void)
{
  for (int i = 0; i < 2; i++) {
    float *at = i ? c.noisy_pixels : c.clean_pixels;
    AeCrop *crop = i ? &c.noisy : &c.clean;
    *crop = (AeCrop){ { at, at + LUMA, at + LUMA + LUMA / 4 } };
  }
  for (int i = 0; i < LUMA; i++)
    c.clean_pixels[i] = 0.2f + 0.6f * (float) (i % SIZE) / SIZE;
  for (int i = LUMA; i < LUMA * 3 / 2; i++)
    c.clean_pixels[i] = 0.5f;
  c.scratch = ae_alloc (ae_noise_scratch_floats (SIZE) * sizeof (float));
  ck_assert_ptr_nonnull (c.scratch);
  ae_rng_seed (&c.rng, 3);
}

static void
teardown (void)
{
  ae_free (c.scratch);
}

static double
deviation (const float *a, const float *b, int n)
{
  double sum = 0;
  for (int i = 0; i < n; i++)
    sum += (double) (a[i] - b[i]) * (a[i] - b[i]);
  return sqrt (sum / n);
}

START_TEST (test_light_tables_follow_the_curve)
{
  for (int i = -5; i <= 3005; i++) {
    double x = i / 1000.0, value = x < 0 ? 0 : x > 1 ? 1 : x;
    ck_assert_double_eq_tol (
        ae_light_of ((float) x), pow (value, 2.2), 1e-4);
    ck_assert_double_eq_tol (ae_light_shown ((float) x),
        pow (x < 0 ? 0 : x, 1 / 2.2), 1e-4);
  }
  ck_assert_float_eq (ae_light_of (NAN), 0);
  ck_assert_float_eq (ae_light_shown (NAN), 0);
}
END_TEST

START_TEST (test_normals_are_normal)
{
  static float x[20001];
  ae_noise_normal (&c.rng, x, 20001);
  double sum[5] = { 0 };
  for (int i = 0; i < 20001; i++)
    for (int k = 1; k < 5; k++)
      sum[k] += pow (x[i], k);
  /* four standard errors of each moment */
  ck_assert_double_eq_tol (sum[1] / 20001, 0, 4 / sqrt (20001));
  ck_assert_double_eq_tol (sum[2] / 20001, 1, 4 * sqrt (2 / 20001.0));
  ck_assert_double_eq_tol (sum[3] / 20001, 0, 4 * sqrt (15 / 20001.0));
  ck_assert_double_eq_tol (sum[4] / 20001, 3, 4 * sqrt (96 / 20001.0));
}
END_TEST

START_TEST (test_white_noise_has_its_sigma)
{
  AeNoise noise
      = { .luma = 0.1f, .chroma = 0.04f, .told = 1.1f, .clip = _i };
  float sigma = ae_noise_apply (
      &noise, &c.clean, SIZE, &c.rng, &c.noisy, c.map, c.scratch);
  ck_assert_float_eq (sigma, 0.1f);
  /* standard errors 1.1 % and 2.2 %; clipping takes a little off */
  ck_assert_double_eq_tol (
      deviation (c.clean.plane[0], c.noisy.plane[0], LUMA), 0.1, 0.004);
  ck_assert_double_eq_tol (
      deviation (c.clean.plane[1], c.noisy.plane[1], LUMA / 4), 0.04, 0.003);
  ck_assert_float_eq_tol (c.map[17], 0.11f, 1e-6f);
  ck_assert_float_eq_tol (c.map[LUMA / 4 + 17], 0.044f, 1e-6f);
  float level = c.noisy.plane[0][5] * 255;
  ck_assert (!_i || fabsf (level - rintf (level)) < 1e-4f);
}
END_TEST

START_TEST (test_grey_chroma_stays_as_it_is)
{
  AeNoise noise
      = { .luma = 0.1f, .chroma = 0.1f, .told = 1, .clip = true };
  noise.grey = true;
  noise.camera = _i;
  noise.shot = 0.01f;
  noise.red_gain = noise.blue_gain = 1;
  noise.jpeg = 80;
  ae_noise_apply (
      &noise, &c.clean, SIZE, &c.rng, &c.noisy, c.map, c.scratch);
  ck_assert (memcmp (c.clean.plane[1], c.noisy.plane[1],
                 LUMA / 4 * sizeof (float))
      == 0);
  ck_assert_float_eq (c.map[LUMA / 4], 0);
  ck_assert_double_gt (
      deviation (c.clean.plane[0], c.noisy.plane[0], LUMA), 0.01);
}
END_TEST

START_TEST (test_camera_map_tells_the_noise)
{
  AeNoise noise = { .camera = true, .clip = true, .told = 1, .shot = 0.01f,
    .read = 0.01f, .red_gain = 2, .blue_gain = 1.5f };
  noise.smooth = _i ? 0.8f : 0;
  float sigma = ae_noise_apply (
      &noise, &c.clean, SIZE, &c.rng, &c.noisy, c.map, c.scratch);
  double square = 0;
  for (int i = 0; i < LUMA / 4; i++)
    square += (double) c.map[i] * c.map[i];
  /* the map's mean square is the noise's, but for the bins' spread */
  ck_assert_double_eq_tol (sqrt (square / (LUMA / 4)) / sigma, 1, 0.05);
  /* signal-dependent in linear light, then gamma: left (dark) is noisier */
  ck_assert_float_gt (c.map[1], 1.1f * c.map[SIZE / 2 - 2]);
}
END_TEST

START_TEST (test_smoothing_correlates_neighbours)
{
  AeNoise noise = { .camera = true, .told = 1, .read = 0.05f, .red_gain = 1,
    .blue_gain = 1 };
  double correlation[2];
  for (int k = 0; k < 2; k++) {
    noise.smooth = (float) k;
    ae_noise_apply (
        &noise, &c.clean, SIZE, &c.rng, &c.noisy, c.map, c.scratch);
    double product = 0, square = 0;
    for (int i = 0; i + 1 < LUMA; i++) {
      double a = c.noisy.plane[0][i] - c.clean.plane[0][i];
      double b = c.noisy.plane[0][i + 1] - c.clean.plane[0][i + 1];
      product += a * b;
      square += a * a;
    }
    correlation[k] = product / square;
  }
  ck_assert_double_lt (fabs (correlation[0]), 0.1);
  ck_assert_double_gt (correlation[1], 0.5); /* 2/3 for 1 2 1 */
}
END_TEST

/* Over rows of a half-size plane. */
static double
chroma_correlation (const float *clean, const float *noisy)
{
  double product = 0, square = 0;
  for (int i = 0; i < LUMA / 4; i++) {
    double a = noisy[i] - clean[i];
    square += a * a;
    if ((i + 1) % (SIZE / 2))
      product += a * (noisy[i + 1] - clean[i + 1]);
  }
  return product / square;
}

START_TEST (test_blotches_correlate_chroma_and_keep_its_level)
{
  AeNoise noise = { .camera = true, .told = 1, .read = 0.05f, .red_gain = 1,
    .blue_gain = 1 };
  double level = 0;
  for (int k = 0; k <= 2; k++) {
    noise.blotches = k;
    ae_rng_seed (&c.rng, 11);
    ae_noise_apply (
        &noise, &c.clean, SIZE, &c.rng, &c.noisy, c.map, c.scratch);
    double found = deviation (c.clean.plane[1], c.noisy.plane[1], LUMA / 4);
    double correlation
        = chroma_correlation (c.clean.plane[1], c.noisy.plane[1]);
    /* 0, 2/3 and 4/5 (binomial coefficients: 56 / 70) of white noise; planes
     * of this size tell it to about 0.1 */
    ck_assert_double_eq_tol (correlation, k == 0 ? 0 : k == 1 ? 0.66 : 0.8,
        0.15);
    if (k > 0)
      ck_assert_double_eq_tol (found, level, 1e-4 * level);
    level = found;
  }
}
END_TEST

START_TEST (test_jpeg_keeps_what_fits_its_steps)
{
  static float plane[LUMA];
  for (int i = 0; i < LUMA; i++)
    plane[i] = 0.5f;
  ae_noise_jpeg (plane, SIZE, 50, false);
  for (int i = 0; i < LUMA; i++)
    ck_assert_float_eq_tol (plane[i], 0.5f, 1e-6f);
  double before = 0;
  for (int quality = 95; quality >= 10; quality -= 17) {
    memcpy (plane, c.clean_pixels, sizeof plane);
    for (int i = 0; i < LUMA; i++)
      plane[i] += 0.05f * ((i * 7919) % 13 - 6) / 6;
    float noisy[LUMA];
    memcpy (noisy, plane, sizeof noisy);
    ae_noise_jpeg (plane, SIZE, quality, false);
    double loss = deviation (plane, noisy, LUMA);
    ck_assert_double_gt (loss, before);
    before = loss;
  }
  ck_assert_double_lt (before, 0.1);
}
END_TEST

static Suite *
noise_suite (void)
{
  Suite *suite = suite_create ("camera_noise");
  TCase *tcase = tcase_create ("camera_noise");
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, test_light_tables_follow_the_curve);
  tcase_add_test (tcase, test_normals_are_normal);
  tcase_add_loop_test (tcase, test_white_noise_has_its_sigma, 0, 2);
  tcase_add_loop_test (tcase, test_grey_chroma_stays_as_it_is, 0, 2);
  tcase_add_loop_test (tcase, test_camera_map_tells_the_noise, 0, 2);
  tcase_add_test (tcase, test_smoothing_correlates_neighbours);
  tcase_add_test (
      tcase, test_blotches_correlate_chroma_and_keep_its_level);
  tcase_add_test (tcase, test_jpeg_keeps_what_fits_its_steps);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (noise_suite)
