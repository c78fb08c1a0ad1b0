/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "texture.h"

#include "util/mem.h"
#include "util/rng.h"
#include "video/noise_clip.h"
#include "video/noise_cluster.h"
#include "video/noise_estimate.h"

#include <math.h>
#include <string.h>

#define H 96
#define W 128
#define PLANE (H * W)

/* Sigma in 8-bit levels at a brightness of 0..1. */
typedef float (*NoiseModel) (float brightness);

static float *
planes (int n)
{
  return ae_calloc ((size_t) n * PLANE, sizeof (float));
}

static float
to_code (float value)
{
  float code = rintf (255 * value);
  return (code < 0 ? 0 : code > 255 ? 255 : code) / 255;
}

/* Luma of the scene at half-size positions: darkest left, brightest right. */
static float
scene (int x)
{
  return 0.02f + 0.96f * (float) x / (W - 1);
}

/* The scene as an 8-bit camera with this noise sees it. */
static void
see (float *frame6, NoiseModel model, AeRng *rng)
{
  for (int c = 0; c < 6; c++)
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++) {
        float value = c < 4 ? scene (x)
                            : 0.2f + 0.6f * texture_scale (x, y, 90, 1);
        frame6[c * PLANE + y * W + x] = to_code (
            value + model (value) / 255 * ae_rng_normal (rng));
      }
}

static float level;

static float
constant (float brightness)
{
  (void) brightness;
  return level;
}

static float
rising (float brightness)
{
  return sqrtf (4 + 140 * brightness);
}

typedef struct {
  AeNoise *noise;
  float *frame, *last, *ones;
  AeRng rng;
} Stream;

static Stream
stream_new (void)
{
  Stream s = { ae_noise_new (H, W, 2), planes (6), planes (6), planes (1),
    { { 0 } } };
  for (int i = 0; i < PLANE; i++)
    s.ones[i] = 1;
  ae_rng_seed (&s.rng, 42);
  return s;
}

static void
stream_frame (Stream *s, bool first)
{
  ae_noise_update (s->noise, s->frame, first ? NULL : s->last,
      first ? NULL : s->ones);
  memcpy (s->last, s->frame, 6 * PLANE * sizeof (float));
}

static void
stream_free (Stream *s)
{
  ae_noise_free (&s->noise);
  ae_free (s->frame);
  ae_free (s->last);
  ae_free (s->ones);
}

static const float levels[] = { 2, 5, 10, 20, 30, 50 };

/* Within 10 % on a first frame, within 5 % after five. */
START_TEST (test_white_noise_is_measured)
{
  level = levels[_i];
  Stream s = stream_new ();
  for (int n = 0; n < 5; n++) {
    see (s.frame, constant, &s.rng);
    stream_frame (&s, n == 0);
    float tolerance = n < 4 ? 0.10f : 0.05f;
    ck_assert_float_eq_tol (
        255 * ae_noise_luma (s.noise), level, tolerance * level);
    ck_assert_float_eq_tol (
        255 * ae_noise_chroma (s.noise), level, 0.10f * level);
  }
  stream_free (&s);
}
END_TEST

START_TEST (test_clean_input_has_next_to_no_noise)
{
  level = 0;
  Stream s = stream_new ();
  for (int n = 0; n < 3; n++) {
    see (s.frame, constant, &s.rng);
    stream_frame (&s, n == 0);
    ck_assert_float_lt (255 * ae_noise_luma (s.noise), 1.0f);
    ck_assert_float_lt (255 * ae_noise_chroma (s.noise), 1.0f);
  }
  stream_free (&s);
}
END_TEST

/* Noise that grows with brightness is followed, and the map carries it. */
START_TEST (test_noise_follows_brightness)
{
  Stream s = stream_new ();
  for (int n = 0; n < 8; n++) {
    see (s.frame, rising, &s.rng);
    stream_frame (&s, n == 0);
  }
  for (float b = 0.2f; b < 0.85f; b += 0.1f)
    ck_assert_float_eq_tol (255 * ae_noise_luma_at (s.noise, b), rising (b),
        0.12f * rising (b));
  float *map = planes (2);
  ae_noise_fill_map (s.noise, s.frame, map);
  double error = 0;
  for (int i = 0; i < PLANE; i++) {
    float sigma = rising (scene (i % W));
    error += fabs (255 * map[i] / sigma - 1) / PLANE;
    ck_assert_float_eq (map[PLANE + i], ae_noise_chroma (s.noise));
  }
  ck_assert_double_le (error, 0.10);
  ae_free (map);
  stream_free (&s);
}
END_TEST

/* Luma noise made at half size and enlarged: what is there, not nothing. */
START_TEST (test_correlated_noise_is_seen)
{
  level = 10;
  Stream s = stream_new ();
  for (int n = 0; n < 5; n++) {
    see (s.frame, constant, &s.rng);
    for (int c = 1; c < 4; c++)
      memcpy (s.frame + c * PLANE, s.frame, PLANE * sizeof (float));
    stream_frame (&s, n == 0);
  }
  float found = 255 * ae_noise_luma (s.noise);
  ck_assert_float_ge (found, 8.0f);
  ck_assert_float_le (found, 12.0f);
  stream_free (&s);
}
END_TEST

/* Standard normal noise smoothed by 1 2 1 both ways `passes` times, h x w,
 * variance 1 again. */
static void
smooth_noise (float *out, int h, int w, int passes, AeRng *rng)
{
  float *from = ae_calloc ((size_t) h * w, sizeof (float));
  double square = 0;
  for (int i = 0; i < h * w; i++)
    out[i] = ae_rng_normal (rng);
  for (int pass = 0; pass < 2 * passes; pass++) {
    int step = pass % 2 ? w : 1;
    memcpy (from, out, (size_t) h * w * sizeof (float));
    for (int i = 0; i < h * w; i++) /* the ends wrap around: no matter */
      out[i] = 2 * from[i] + from[(i + step) % (h * w)]
               + from[(i + h * w - step) % (h * w)];
  }
  for (int i = 0; i < h * w; i++)
    square += (double) out[i] * out[i] / (h * w);
  for (int i = 0; i < h * w; i++)
    out[i] /= (float) sqrt (square);
  ae_free (from);
}

/* The scene with a demosaiced sensor's noise: luma of neighbouring pixels
 * correlated by 2/3, chroma in blotches. */
static void
see_correlated (float *frame6, float sigma, AeRng *rng)
{
  float *noise = planes (4);
  smooth_noise (noise, 2 * H, 2 * W, 1, rng);
  for (int c = 0; c < 4; c++)
    for (int i = 0; i < PLANE; i++) {
      int y = 2 * (i / W) + c / 2, x = 2 * (i % W) + c % 2;
      frame6[c * PLANE + i] = to_code (
          0.25f + 0.5f * scene (i % W) + sigma / 255 * noise[y * 2 * W + x]);
    }
  for (int c = 4; c < 6; c++) {
    smooth_noise (noise, H, W, 2, rng);
    for (int i = 0; i < PLANE; i++)
      frame6[c * PLANE + i] = to_code (0.5f + sigma / 510 * noise[i]);
  }
  ae_free (noise);
}

/* What a block's finest detail shows of it is a sixth of its level. A single
 * frame tells it within 20 %, differences of frames within 12 %; chroma, of
 * half the level here, loses what is coarser than the blocks. */
START_TEST (test_demosaiced_noise_is_measured)
{
  level = levels[_i];
  Stream s = stream_new ();
  for (int n = 0; n < 6; n++) {
    see_correlated (s.frame, level, &s.rng);
    stream_frame (&s, n == 0);
    float tolerance = n < 5 ? 0.20f : 0.12f;
    ck_assert_float_eq_tol (
        255 * ae_noise_luma (s.noise), level, tolerance * level);
    ck_assert_float_eq_tol (
        255 * ae_noise_chroma (s.noise), level / 2, 0.2f * level / 2);
  }
  stream_free (&s);
}
END_TEST

/* A still repeated bit by bit has no temporal differences; its noise is that
 * of the picture. */
START_TEST (test_repeated_frames_keep_the_estimate)
{
  level = 15;
  Stream s = stream_new ();
  see (s.frame, constant, &s.rng);
  for (int n = 0; n < 12; n++)
    stream_frame (&s, n == 0);
  ck_assert_float_eq_tol (255 * ae_noise_luma (s.noise), 15, 1.5f);
  stream_free (&s);
}
END_TEST

START_TEST (test_given_level_fills_the_map)
{
  Stream s = stream_new ();
  float *map = planes (2);
  ae_noise_set (s.noise, 0.1f, 0.05f);
  ae_noise_fill_map (s.noise, s.frame, map);
  for (int i = 0; i < PLANE; i++) {
    ck_assert_float_eq_tol (map[i], 0.1f, 1e-6f);
    ck_assert_float_eq_tol (map[PLANE + i], 0.05f, 1e-6f);
  }
  ck_assert_float_eq_tol (ae_noise_luma (s.noise), 0.1f, 1e-6f);
  ae_free (map);
  stream_free (&s);
}
END_TEST

START_TEST (test_all_small_sizes)
{
  AeRng rng;
  ae_rng_seed (&rng, 3);
  for (int h = 4; h <= 20; h += 4)
    for (int w = 4; w <= 20; w += 4) {
      AeNoise *noise = ae_noise_new (h, w, 2);
      float *frame = ae_alloc ((size_t) 6 * h * w * sizeof *frame);
      float *map = ae_alloc ((size_t) 2 * h * w * sizeof *map);
      for (int i = 0; i < 6 * h * w; i++)
        frame[i] = 0.5f + 0.04f * ae_rng_normal (&rng);
      ae_noise_update (noise, frame, NULL, NULL);
      ae_noise_fill_map (noise, frame, map);
      for (int i = 0; i < 2 * h * w; i++)
        ck_assert (map[i] >= 0 && map[i] < 0.12f);
      ae_free (map);
      ae_free (frame);
      ae_noise_free (&noise);
    }
}
END_TEST

/* Each frame at first, and again after a new scene; then every second one. */
START_TEST (test_settled_estimates_rest_every_second_frame)
{
  AeRng rng;
  ae_rng_seed (&rng, 8);
  AeNoise *noise = ae_noise_new (H, W, 1);
  float *frame = planes (6);
  for (int scene = 0; scene < 2; scene++) {
    int updates = 0, last_due = -1;
    for (int i = 0; i < 40; i++) {
      if (!ae_noise_is_due (noise))
        continue;
      ck_assert_int_le (i - last_due, 2);
      last_due = i;
      for (int k = 0; k < 6 * PLANE; k++)
        frame[k] = 0.5f + 0.04f * ae_rng_normal (&rng);
      ae_noise_update (noise, frame, NULL, NULL);
      updates++;
      ck_assert (i >= 10 || updates == i + 1);
    }
    ck_assert_int_ge (updates, 20);
    ck_assert_int_le (updates, 30);
    ae_noise_reset (noise);
  }
  ae_free (frame);
  ae_noise_free (&noise);
}
END_TEST

/* Against clipped noise itself. */
START_TEST (test_clip_gain_is_that_of_clipped_noise)
{
  AeRng rng;
  ae_rng_seed (&rng, 6);
  for (int k = 0; k < 12; k++) {
    double sigma = k < 5 ? 0.2 : 0.06;
    double centre = k < 5 ? 0.3 + 0.1 * k : sigma * (1.2 + 0.5 * (k - 5));
    double sum = 0, square = 0;
    int n = 200000;
    for (int i = 0; i < n; i++) {
      double x = centre + sigma * ae_rng_normal (&rng);
      x = x < 0 ? 0 : x > 1 ? 1 : x;
      sum += x / n;
      square += x * x / n;
    }
    float want = (float) ((square - sum * sum) / (sigma * sigma));
    ck_assert_float_eq_tol (
        ae_noise_clip_gain ((float) sum, (float) sigma), want, 0.02f);
    ck_assert_float_eq_tol (
        ae_noise_clip_gain (1 - (float) sum, (float) sigma), want, 0.02f);
  }
  ck_assert_float_eq (ae_noise_clip_gain (0.5f, 0), 1);
  ck_assert_float_eq (ae_noise_clip_gain (0.05f, 0.2f), 0);
}
END_TEST

/* Half of the values are noise variances, half are larger by any amount. */
START_TEST (test_cluster_finds_the_lower_mode)
{
  AeRng rng;
  ae_rng_seed (&rng, 5);
  float values[800];
  for (int i = 0; i < 800; i++) {
    float chi = 0;
    for (int k = 0; k < 50; k++) {
      float x = ae_rng_normal (&rng);
      chi += x * x / 50;
    }
    values[i] = chi * (i % 2 ? 1 : 1.5f + 8 * ae_rng_uniform (&rng));
  }
  AeCluster c = ae_noise_cluster (values, 800, 0.2f);
  ck_assert_float_eq_tol (c.variance, 1.0f, 0.06f);
  ck_assert_int_gt (c.members, 250);
}
END_TEST

static Suite *
noise_suite (void)
{
  Suite *suite = suite_create ("noise");
  TCase *tcase = tcase_create ("noise");
  tcase_add_loop_test (tcase, test_white_noise_is_measured, 0, 6);
  tcase_add_test (tcase, test_clean_input_has_next_to_no_noise);
  tcase_add_test (tcase, test_noise_follows_brightness);
  tcase_add_test (tcase, test_correlated_noise_is_seen);
  /* from 5: rounding to 8 bits blurs what is below */
  tcase_add_loop_test (tcase, test_demosaiced_noise_is_measured, 1, 5);
  tcase_add_test (tcase, test_repeated_frames_keep_the_estimate);
  tcase_add_test (tcase, test_given_level_fills_the_map);
  tcase_add_test (tcase, test_all_small_sizes);
  tcase_add_test (tcase, test_settled_estimates_rest_every_second_frame);
  tcase_add_test (tcase, test_clip_gain_is_that_of_clipped_noise);
  tcase_add_test (tcase, test_cluster_finds_the_lower_mode);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (noise_suite)
