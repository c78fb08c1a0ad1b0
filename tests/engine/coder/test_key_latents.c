/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "codec_net.h"

#include "coder/encoder.h"
#include "util/mem.h"

#include <math.h>

#define LATENTS 96

/* Gains of the untrained codec follow lambda nearly as the steps of changes do,
 * and are the same in all channels. */
START_TEST (test_worths_of_key_frames)
{
  static const int levels[] = { 0, 128, 255 };
  float worths[LATENTS];
  AeCosine order[AE_COSINES];
  AeModel *model = codec_net (LATENTS);
  AeCodec *codec;
  AeError err;
  ck_assert_int_eq (ae_codec_new (&codec, model, &err), AE_OK);
  ae_cosine_order (order);
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
    ae_codec_worths (codec, levels[i], worths);
    ck_assert_float_gt (worths[0], 0.5f);
    ck_assert_float_lt (worths[0], 5);
    for (int c = 0; c < LATENTS; c++)
      ck_assert_float_eq_tol (
          worths[c], worths[0] / (order[c].plane ? 3.5f : 1), 1e-3f);
  }
  ae_codec_unref (&codec);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* What is counted beside integers is what they were chosen for, in all slices. */
START_TEST (test_what_was_wanted)
{
  enum { WIDTH = 80, HEIGHT = 528 };
  static uint8_t luma[WIDTH * HEIGHT];
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = WIDTH,
    .height = HEIGHT, .plane = { luma }, .stride = { WIDTH } };
  AeModel *model = codec_net (LATENTS);
  AeCodec *codec;
  AeEncoder *encoder;
  AePacketInfo info = { .level = 200 };
  const uint8_t *packet;
  AeError err;
  for (int i = 0; i < WIDTH * HEIGHT; i++)
    luma[i] = (uint8_t) (i * i / 997 + i / WIDTH * 3);
  ck_assert_int_eq (ae_codec_new (&codec, model, &err), AE_OK);
  ck_assert_int_eq (ae_encoder_new (&encoder, codec, NULL, &err), AE_OK);
  ck_assert_int_eq (ae_encoder_bind (encoder, &image, &err), AE_OK);
  ck_assert_int_eq (
      ae_encoder_encode (encoder, &image, &info, &packet, &err), AE_OK);
  int n = ae_encoder_slices (encoder, AE_LATENTS_INTRA), more = 0;
  ck_assert_int_gt (n, 1);
  for (int i = 0; i < n; i++) {
    AeLatents l = ae_encoder_latents (encoder, AE_LATENTS_INTRA, i);
    int places = l.rows * l.columns;
    for (int k = 0; k < l.channels * places; k++) {
      float wanted
          = l.wanted[(size_t) (k / places) * l.wanted_step + k % places];
      ck_assert (
          l.values[k] == 0 || fabsf (wanted - l.values[k]) <= 1.001f);
      more += abs (l.values[k]) > 3;
    }
  }
  ck_assert_int_gt (more, 100);
  ae_encoder_free (&encoder);
  ae_codec_unref (&codec);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
key_latents_suite (void)
{
  Suite *suite = suite_create ("latents of key frames");
  TCase *tcase = tcase_create ("latents of key frames");
  tcase_add_test (tcase, test_worths_of_key_frames);
  tcase_add_test (tcase, test_what_was_wanted);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (key_latents_suite)
