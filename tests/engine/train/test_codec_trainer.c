/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "ae_tmp.h"

#include <ae/codec.h>
#include <ae/codec_trainer.h>

#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 72, HEIGHT = 60 };

static const AeCodecTrainerOptions small = { .latents = 96, .core = 32,
  .widths = { 16, 16 }, .batch = 2, .patch = 32, .steps = 400,
  .seed = 3, .context_steps = 5, .learning_rate = 0.002f, .n_threads = 2 };

/* I420 of waves and edges, in memory of its own. */
static AeImage
make_picture_of (int width, int height, int seed)
{
  AeImage image = { .pixels = AE_PIXELS_I420, .width = width,
    .height = height };
  int n = width * height;
  uint8_t *bytes = malloc ((size_t) n * 3 / 2);
  for (int i = 0; i < n; i++) {
    int x = i % width, y = i / width;
    bytes[i] = (uint8_t) (120 + 50 * sin (x * 0.1 * (1 + seed % 3))
        + ((x + seed * 5) / 16 + y / 12) % 2 * 50);
  }
  for (int i = 0; i < n / 2; i++)
    bytes[n + i] = (uint8_t) (128 + 30 * sin (i * 0.02 + seed));
  for (int i = 0; i < 3; i++) {
    image.plane[i] = bytes + (i == 0 ? 0 : n + (i - 1) * n / 4);
    image.stride[i] = i == 0 ? width : width / 2;
  }
  return image;
}

static AeImage
make_picture (int seed)
{
  return make_picture_of (WIDTH, HEIGHT, seed);
}

static AeCodecTrainer *
open_with (const AeCodecTrainerOptions *options)
{
  AeCodecTrainer *t;
  AeError err;
  ck_assert_msg (ae_codec_trainer_new (&t, options, &err) == AE_OK, "%s",
      err.text);
  for (int i = 0; i < 4; i++) {
    AeImage picture = make_picture (i);
    ck_assert_int_eq (ae_codec_trainer_add (t, &picture, false, &err), AE_OK);
    free (picture.plane[0]);
  }
  return t;
}

static AeCodecTrainer *
open_trainer (void)
{
  return open_with (&small);
}

static float
train (AeCodecTrainer *t, int steps, AeCodecTrainReport *last)
{
  AeError err;
  float sum = 0;
  for (int i = 0; i < steps; i++) {
    ck_assert_msg (ae_codec_trainer_step (t, last, &err) == AE_OK, "%s",
        err.text);
    sum += last->loss;
  }
  return sum / (float) steps;
}

START_TEST (test_loss_falls_and_the_model_codes)
{
  AeCodecTrainer *t = open_trainer ();
  AeCodecTrainReport report;
  AeModel *model;
  AeCodec *codec;
  AeEncoder *encoder;
  AeDecoder *decoder;
  AeError err;
  float first = train (t, 40, &report);
  train (t, 320, &report);
  ck_assert_float_lt (train (t, 40, &report), 0.8f * first);
  ck_assert_int_eq (report.step, 400);
  ck_assert_float_gt (report.bits_per_pixel, 0);
  ck_assert_float_gt (report.psnr, 15);
  ck_assert_msg (ae_codec_trainer_model (t, &model, &err) == AE_OK, "%s",
      err.text);
  ck_assert_int_eq (ae_codec_new (&codec, model, &err), AE_OK);
  ck_assert_int_eq (ae_encoder_new (&encoder, codec, NULL, &err), AE_OK);
  ck_assert_int_eq (ae_decoder_new (&decoder, codec, NULL, &err), AE_OK);
  AeImage in = make_picture (1), out = make_picture (2);
  AePacketInfo info = { .level = 200 };
  const uint8_t *packet;
  int damaged;
  ck_assert_int_eq (ae_encoder_bind (encoder, &in, &err), AE_OK);
  ck_assert_int_eq (
      ae_encoder_encode (encoder, &in, &info, &packet, &err), AE_OK);
  ck_assert_int_eq (ae_decoder_decode (decoder, packet, info.size, &out,
      &damaged, &err), AE_OK);
  double sum = 0;
  for (int i = 0; i < WIDTH * HEIGHT; i++)
    sum += pow (in.plane[0][i] - out.plane[0][i], 2);
  ck_assert_double_gt (10 * log10 (65025.0 * WIDTH * HEIGHT / sum), 22);
  free (in.plane[0]);
  free (out.plane[0]);
  ae_encoder_free (&encoder);
  ae_decoder_free (&decoder);
  ae_codec_unref (&codec);
  ae_model_unref (&model);
  ae_codec_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Trained for similarity, a codec has masking, and codes. */
START_TEST (test_similarity)
{
  AeCodecTrainerOptions o = small;
  AeCodecTrainReport report;
  AeModel *model;
  AeCodec *codec;
  AeError err;
  o.tune = AE_TUNE_MS_SSIM;
  AeCodecTrainer *t = NULL;
  ck_assert_int_eq (ae_codec_trainer_new (&t, &o, &err), AE_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull (strstr (err.text, "wanted at least 176"));
  o.patch = 176;
  o.batch = 1;
  ck_assert_int_eq (ae_codec_trainer_new (&t, &o, &err), AE_OK);
  for (int i = 0; i < 2; i++) {
    AeImage picture = make_picture_of (192, 176, i);
    ck_assert_int_eq (ae_codec_trainer_add (t, &picture, false, &err), AE_OK);
    free (picture.plane[0]);
  }
  float first = train (t, 10, &report);
  train (t, 30, &report);
  ck_assert_float_lt (train (t, 10, &report), 0.9f * first);
  ck_assert_msg (ae_codec_trainer_model (t, &model, &err) == AE_OK, "%s",
      err.text);
  ck_assert_str_eq (ae_model_meta (model, "ae.codec.masking"), "30");
  ck_assert_int_eq (ae_codec_new (&codec, model, &err), AE_OK);
  ae_codec_unref (&codec);
  ae_model_unref (&model);
  ae_codec_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_a_restored_training_goes_on_the_same)
{
  AeCodecTrainer *one = open_trainer (), *two = open_trainer ();
  AeCodecTrainReport a, b;
  AeError err;
  char folder[64];
  ae_tmp_make (folder);
  const char *path = ae_tmp_path (folder, "codec.ckpt");
  train (one, 5, &a);
  ck_assert_int_eq (ae_codec_trainer_save (one, path, &err), AE_OK);
  train (one, 3, &a);
  ck_assert_int_eq (ae_codec_trainer_restore (two, path, &err), AE_OK);
  train (two, 3, &b);
  ck_assert_int_eq (a.step, b.step);
  ck_assert (a.loss == b.loss);
  ck_assert (a.bits_per_pixel == b.bits_per_pixel);
  ae_codec_trainer_free (&one);
  ae_codec_trainer_free (&two);
  ae_tmp_remove (folder);
}
END_TEST

/* A training that goes on from a codec begins where it ended. */
START_TEST (test_a_codec_is_gone_on_from)
{
  AeCodecTrainer *first = open_trainer (), *second;
  AeCodecTrainReport report;
  AeCodecTrainerOptions options = small;
  AeModel *model;
  AeError err;
  float fresh = train (first, 10, &report);
  train (first, 250, &report);
  float before = train (first, 20, &report);
  ck_assert_int_eq (ae_codec_trainer_model (first, &model, &err), AE_OK);
  options.start = model;
  second = open_with (&options);
  ae_model_unref (&model);
  float after = train (second, 10, &report);
  ck_assert_msg (after - before < 0.5 * (fresh - before),
      "%g at first, %g later, %g from the codec", fresh, before, after);
  ae_codec_trainer_free (&first);
  ae_codec_trainer_free (&second);
}
END_TEST

/* What is no codec, and one of another shape. */
START_TEST (test_others_are_not_gone_on_from)
{
  AeCodecTrainer *t = open_trainer ();
  AeCodecTrainerOptions options = small;
  AeModel *model;
  AeError err;
  ck_assert_int_eq (ae_codec_trainer_model (t, &model, &err), AE_OK);
  ae_codec_trainer_free (&t);
  options.start = model;
  options.latents += 16;
  ck_assert_int_eq (
      ae_codec_trainer_new (&t, &options, &err), AE_ERROR_NOT_FOUND);
  ck_assert_ptr_null (t);
  ck_assert_ptr_nonnull (strstr (err.text, "wanted"));
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static const AeCodecTrainerOptions wrong[] = {
  { .latents = 17 }, { .latents = 400 }, { .latents = 32, .core = 33 },
  { .patch = 40 }, { .batch = -1 }, { .widths = { -1, 4 } },
  { .lambda = { 0.1f, 0.01f } }, { .depths = { 1, 99 } },
};

START_TEST (test_wrong_values_are_refused)
{
  AeCodecTrainer *t;
  AeError err = { 0 };
  ck_assert_int_eq (
      ae_codec_trainer_new (&t, &wrong[_i], &err), AE_ERROR_ARGUMENT);
  ck_assert_ptr_null (t);
  ck_assert_msg (strstr (err.text, "wanted") || strstr (err.text, "of"),
      "%s", err.text);
}
END_TEST

START_TEST (test_pictures_are_needed)
{
  AeCodecTrainer *t;
  AeModel *model;
  AeError err;
  AeImage picture = make_picture (0);
  AeCodecTrainerOptions large = small;
  large.patch = 64;
  ck_assert_int_eq (ae_codec_trainer_new (&t, &large, &err), AE_OK);
  ck_assert_int_eq (
      ae_codec_trainer_add (t, &picture, false, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "72x60") != NULL, "%s", err.text);
  ck_assert_int_eq (
      ae_codec_trainer_step (t, NULL, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_int_eq (
      ae_codec_trainer_model (t, &model, &err), AE_ERROR_NEEDS_DATA);
  ae_codec_trainer_free (&t);
  free (picture.plane[0]);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
codec_trainer_suite (void)
{
  Suite *suite = suite_create ("codec trainer");
  TCase *tcase = tcase_create ("codec trainer");
  tcase_add_test (tcase, test_loss_falls_and_the_model_codes);
  tcase_add_test (tcase, test_similarity);
  tcase_add_test (tcase, test_a_restored_training_goes_on_the_same);
  tcase_add_test (tcase, test_a_codec_is_gone_on_from);
  tcase_add_test (tcase, test_others_are_not_gone_on_from);
  tcase_add_loop_test (tcase, test_wrong_values_are_refused, 0,
      sizeof wrong / sizeof wrong[0]);
  tcase_add_test (tcase, test_pictures_are_needed);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (codec_trainer_suite)
