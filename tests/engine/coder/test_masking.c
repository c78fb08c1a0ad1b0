/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of places: chosen by how busy these are, the same on both sides. */
#include "ae_test.h"
#include "codec_clip.h"
#include "codec_pair.h"

#include "codec/cosines.h"
#include "coder/masking.h"
#include "graph/model.h"

#include <math.h>
#include <string.h>

enum { PLACES = 4, H = 8, W = 8 * PLACES };

/* A row of places, of which place p has luma that is up to 2^p - 1 grey levels
 * away from the middle. */
static void
fill_busy (float *frame)
{
  memset (frame, 0, 6 * H * W * sizeof *frame);
  for (int i = 0; i < 4 * H * W; i++) {
    int place = i % W / 8, sign = i % 2 ? 1 : -1;
    frame[i] = 0.5f + (float) (sign * ((1 << 2 * place) - 1)) / 255;
  }
}

START_TEST (test_steps_grow_with_the_variance)
{
  float frame[6 * H * W];
  int16_t steps[PLACES];
  fill_busy (frame);
  ae_masking_steps (frame, H, W, 0.3f, steps);
  for (int p = 0; p < PLACES; p++) {
    double deviation = (1 << 2 * p) - 1;
    double wanted
        = rint (0.6 * log2 ((deviation * deviation + 20) / 400));
    ck_assert_int_eq (steps[p], (int) wanted);
  }
  ck_assert_int_lt (steps[0], 0);
  ck_assert_int_gt (steps[PLACES - 1], 0);
}
END_TEST

/* Whatever the numbers are, also those that are none. */
START_TEST (test_steps_have_bounds)
{
  static const float odd[] = { NAN, INFINITY, 1e30f, -1e30f };
  float frame[6 * H * W];
  int16_t steps[PLACES];
  fill_busy (frame);
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    frame[3] = odd[i];
    ae_masking_steps (frame, H, W, 1, steps);
    for (int p = 0; p < PLACES; p++)
      ck_assert (ae_step_is_valid (steps[p]));
  }
}
END_TEST

START_TEST (test_factors_are_powers_of_two)
{
  for (int step = -AE_MOST_STEP; step <= AE_MOST_STEP; step++)
    ck_assert_float_eq_tol (ae_step_factor (step),
        exp2f ((float) step / 2), 1e-6f * ae_step_factor (step));
}
END_TEST

/* There and back; chroma stays as it is. */
START_TEST (test_steps_are_of_luma)
{
  enum { CHANNELS = 40, STRIDE = 3 };
  static const int16_t steps[] = { 3, -8 };
  AeCosine order[AE_COSINES];
  float values[CHANNELS * STRIDE];
  int chroma = 0;
  ae_cosine_order (order);
  for (int i = 0; i < CHANNELS * STRIDE; i++)
    values[i] = 5 + (float) i;
  ae_steps_apply (steps, 2, true, CHANNELS, STRIDE, values);
  for (int c = 0; c < CHANNELS; c++) {
    const float *at = values + c * STRIDE;
    bool luma = order[c].plane == 0;
    float before = 5 + (float) c * STRIDE;
    chroma += !luma;
    ck_assert_float_eq_tol (
        at[0], before * (luma ? exp2f (-1.5f) : 1), 1e-4f * before);
    ck_assert_float_eq_tol (
        at[1], (before + 1) * (luma ? 16 : 1), 1e-4f * before);
    ck_assert_float_eq (at[2], before + 2);
  }
  ck_assert_int_gt (chroma, 1);
  ae_steps_apply (steps, 2, false, CHANNELS, STRIDE, values);
  for (int i = 0; i < CHANNELS * STRIDE; i++)
    ck_assert_float_eq_tol (values[i], 5 + (float) i, 1e-3f);
}
END_TEST

static double
psnr (const AeImage *a, const AeImage *b)
{
  double sum = 0;
  int n = a->width * a->height;
  for (int i = 0; i < n; i++)
    sum += pow (a->plane[0][i] - b->plane[0][i], 2);
  return 10 * log10 (65025.0 * n / (sum + 1e-9));
}

/* Left half flat but for a step, right half busy. */
static AeImage
half_busy (int width, int height)
{
  AeImage image = codec_clip_picture (AE_PIXELS_I420, width, height);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      image.plane[0][y * image.stride[0] + x] = x < width / 2
          ? (uint8_t) (100 + y / 8)
          : (uint8_t) (128 + 100 * sin (x * 0.8) * cos (y * 0.6));
  return image;
}

/* What the encoder believes that decoders show is what they show, in key frames
 * and in changes of them. */
START_TEST (test_both_sides_agree)
{
  static const int sizes[][2]
      = { { 16, 16 }, { 37, 129 }, { 160, 145 }, { 96, 300 } };
  AeImage in = half_busy (sizes[_i][0], sizes[_i][1]);
  AeImage out = codec_clip_picture (AE_PIXELS_I420, in.width, in.height);
  CodecPair p = codec_pair_open (codec_net_masked (200, 30), &in);
  for (int i = 0; i < 4; i++) {
    AePacketInfo info = { .level = 200, .measure = true };
    codec_pair_code (&p, &in, &info, &out);
    ck_assert (info.key == (i == 0));
    ck_assert_double_eq_tol (psnr (&in, &out), info.psnr, 0.01);
    ck_assert_float_gt (info.psnr, 20);
    in.plane[0][0] ^= 64;
  }
  codec_pair_close (&p);
  free (in.plane[0]);
  free (out.plane[0]);
}
END_TEST

static double
error_of (const AeImage *a, const AeImage *b, int from, int to)
{
  double sum = 0;
  for (int y = 0; y < a->height; y++)
    for (int x = from; x < to; x++)
      sum += pow (a->plane[0][y * a->stride[0] + x]
              - b->plane[0][y * b->stride[0] + x],
          2);
  return sum;
}

/* Compared with no masking, busy places lose and flat ones do not. */
START_TEST (test_busy_places_are_coarser)
{
  AeImage in = half_busy (128, 64);
  double flat[2], busy[2];
  for (int masked = 0; masked < 2; masked++) {
    AeImage out = codec_clip_picture (AE_PIXELS_I420, 128, 64);
    CodecPair p
        = codec_pair_open (codec_net_masked (200, masked ? 60 : 0), &in);
    AePacketInfo info = { .level = 60 };
    codec_pair_code (&p, &in, &info, &out);
    flat[masked] = error_of (&in, &out, 0, 48);
    busy[masked] = error_of (&in, &out, 80, 128);
    codec_pair_close (&p);
    free (out.plane[0]);
  }
  ck_assert_double_lt (flat[1], 1.05 * flat[0]); /* untrained networks */
  ck_assert_double_gt (busy[1], 1.2 * busy[0]);
  free (in.plane[0]);
}
END_TEST

START_TEST (test_wrong_masking_is_named)
{
  static const char *const wrong[] = { "", "much", "0", "-3", "101" };
  AeModel *model = codec_net_masked (64, 30);
  AeCodec *codec;
  AeError err;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    ck_assert_int_eq (ae_model_set_meta (
        model, "ae.codec.masking", wrong[i], &err), AE_OK);
    ck_assert_int_eq (ae_codec_new (&codec, model, &err), AE_ERROR_FORMAT);
    ck_assert_ptr_nonnull (strstr (err.text, "ae.codec.masking"));
    ck_assert_ptr_nonnull (strstr (err.text, wrong[i]));
    ck_assert_ptr_null (codec);
  }
  ae_model_unref (&model);
}
END_TEST

static Suite *
masking_suite (void)
{
  Suite *suite = suite_create ("masking");
  TCase *tcase = tcase_create ("masking");
  tcase_add_test (tcase, test_steps_grow_with_the_variance);
  tcase_add_test (tcase, test_steps_have_bounds);
  tcase_add_test (tcase, test_factors_are_powers_of_two);
  tcase_add_test (tcase, test_steps_are_of_luma);
  tcase_add_loop_test (tcase, test_both_sides_agree, 0, 4);
  tcase_add_test (tcase, test_busy_places_are_coarser);
  tcase_add_test (tcase, test_wrong_masking_is_named);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (masking_suite)
