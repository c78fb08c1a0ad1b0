/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "denoise_net.h"
#include "pictures.h"
#include "texture.h"

#include <ae/denoiser.h>

#include "util/mem.h"

#include <math.h>

static const AeDenoiseParams full = { 1.0f, -1.0f, true };

/* Takes the model. */
static AeDenoiser *
bound_denoiser (AeModel *model, const AeImage *format)
{
  ck_assert_ptr_nonnull (model);
  AeDenoiser *d;
  AeError err;
  ck_assert_msg (
      ae_denoiser_new (&d, model, NULL, &err) == AE_OK, "%s", err.text);
  ae_model_unref (&model);
  ck_assert_msg (
      ae_denoiser_bind (d, format, &err) == AE_OK, "%s", err.text);
  return d;
}

static AeDenoiser *
make_denoiser (float keep, const AeImage *format)
{
  return bound_denoiser (mean_denoiser_new (keep), format);
}

/* I420 luma of the texture seen from (left, top), noisy; chroma 128. Scenes
 * other than 1 are negatives. */
static void
draw (Picture *p, int left, int top, uint32_t scene, float sigma, AeRng *rng)
{
  for (int y = 0; y < p->rows[0]; y++)
    for (size_t x = 0; x < p->bytes[0]; x++) {
      float tone = texture_at ((int) x + left, y + top, scene);
      tone = scene == 1 ? tone : 1 - 0.7f * tone;
      float value = rintf (255 * tone + sigma * ae_rng_normal (rng));
      picture_row (p, 0, y)[x]
          = (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value);
    }
  for (int i = 1; i < 3; i++)
    for (int y = 0; y < p->rows[i]; y++)
      memset (picture_row (p, i, y), 128, p->bytes[i]);
}

static double
luma_rms (const Picture *a, const Picture *b)
{
  double sum = 0;
  for (int y = 0; y < a->rows[0]; y++)
    for (size_t x = 0; x < a->bytes[0]; x++) {
      double d = picture_row (a, 0, y)[x] - picture_row (b, 0, y)[x];
      sum += d * d;
    }
  return sqrt (sum / ((double) a->rows[0] * (double) a->bytes[0]));
}

/* What the network leaves alone comes back, in every kind and odd sizes, and
 * exactly where no chroma detail is judged as noise. */
START_TEST (test_identity_model_gives_the_picture_back)
{
  static const int sizes[][2] = { { 1, 1 }, { 7, 13 }, { 65, 33 } };
  const PictureKind *kind = &picture_kinds[_i];
  for (int i = 0; i < 3; i++) {
    Picture in = picture_new (kind, sizes[i][0], sizes[i][1], 3, i == 1);
    Picture out = picture_new (kind, sizes[i][0], sizes[i][1], 9, i == 2);
    AeDenoiser *d = make_denoiser (0, &in.image);
    AeDenoiseParams params = { 1.0f, 0.0f, true };
    for (int frame = 0; frame < 3; frame++) {
      picture_fill (&in, 5 + frame);
      ae_denoiser_process (d, &in.image, &out.image, &params);
      ck_assert_int_le (picture_distance (&in, &out), 0);
      ck_assert (picture_padding_untouched (&out));
    }
    ae_denoiser_free (&d);
    picture_free (&in);
    picture_free (&out);
  }
}
END_TEST

START_TEST (test_strength_zero_copies_every_bit)
{
  Picture in = picture_new (&picture_kinds[_i], 21, 10, 0, false);
  Picture out = picture_new (&picture_kinds[_i], 21, 10, 0, false);
  picture_fill (&in, 3);
  in.memory[0][0] ^= 0x15; /* also bits that the format does not use */
  AeDenoiser *d = make_denoiser (1, &in.image);
  AeDenoiseParams params = { 0.0f, 20.0f, true };
  ae_denoiser_process (d, &in.image, &out.image, &params);
  for (int i = 0; i < 3; i++)
    ck_assert (in.size[i] == 0
               || memcmp (in.memory[i], out.memory[i], in.size[i]) == 0);
  ae_denoiser_free (&d);
  picture_free (&in);
  picture_free (&out);
}
END_TEST

/* A mean of n frames has 1/sqrt (n) of the noise; output rounding adds 1/12. */
START_TEST (test_noise_of_a_still_scene_falls_with_frames)
{
  Picture clean = picture_new (&picture_kinds[1], 128, 96, 0, false);
  Picture in = picture_new (&picture_kinds[1], 128, 96, 0, false);
  Picture out = picture_new (&picture_kinds[1], 128, 96, 0, false);
  AeRng rng;
  ae_rng_seed (&rng, 11);
  draw (&clean, 0, 0, 1, 0, &rng);
  AeDenoiser *d = make_denoiser (1, &in.image);
  for (int n = 1; n <= 16; n++) {
    draw (&in, 0, 0, 1, 12, &rng);
    ae_denoiser_process (d, &in.image, &out.image, &full);
    ck_assert (!ae_denoiser_scene_cut (d));
    double want = sqrt (144.0 / n + 1.0 / 6);
    ck_assert_double_eq_tol (luma_rms (&clean, &out), want, 0.08 * want);
  }
  ck_assert_float_eq_tol (ae_denoiser_noise_level (d), 12.0f, 0.6f);
  ae_denoiser_free (&d);
  picture_free (&in);
  picture_free (&out);
  picture_free (&clean);
}
END_TEST

/* The state follows a pan: much less noise than in one frame and no blur. What
 * has just come in at two edges still has all of it. */
START_TEST (test_state_follows_a_pan)
{
  Picture clean = picture_new (&picture_kinds[1], 160, 128, 0, false);
  Picture in = picture_new (&picture_kinds[1], 160, 128, 0, false);
  AeRng rng;
  ae_rng_seed (&rng, 12);
  AeDenoiser *d = make_denoiser (1, &in.image);
  for (int n = 0; n < 10; n++) {
    draw (&clean, 5 * n, -3 * n, 1, 0, &rng);
    draw (&in, 5 * n, -3 * n, 1, 10, &rng);
    ae_denoiser_process (d, &in.image, &in.image, &full);
    ck_assert (!ae_denoiser_scene_cut (d));
  }
  ck_assert_double_le (luma_rms (&clean, &in), 6.0);
  ae_denoiser_free (&d);
  picture_free (&in);
  picture_free (&clean);
}
END_TEST

/* After a cut nothing of the old scene may be left: the mean would show it. */
START_TEST (test_scene_cut_drops_the_state)
{
  Picture clean = picture_new (&picture_kinds[1], 128, 96, 0, false);
  Picture in = picture_new (&picture_kinds[1], 128, 96, 0, false);
  AeRng rng;
  ae_rng_seed (&rng, 13);
  AeDenoiser *d = make_denoiser (1, &in.image);
  for (int n = 0; n < 8; n++) {
    draw (&in, 0, 0, 1, 8, &rng);
    ae_denoiser_process (d, &in.image, &in.image, &full);
    ck_assert (!ae_denoiser_scene_cut (d));
  }
  for (int n = 0; n < 3; n++) {
    draw (&clean, 9000, 8000, 5, 0, &rng);
    draw (&in, 9000, 8000, 5, 8, &rng);
    ae_denoiser_process (d, &in.image, &in.image, &full);
    ck_assert_int_eq (ae_denoiser_scene_cut (d), n == 0);
    ck_assert_double_le (luma_rms (&clean, &in), 8.5 / sqrt (n + 1.0));
  }
  ae_denoiser_free (&d);
  picture_free (&in);
  picture_free (&clean);
}
END_TEST

/* Whatever forgets earlier frames makes the next result that of a first
 * frame. */
START_TEST (test_reset_bind_and_not_temporal_forget)
{
  Picture in = picture_new (&picture_kinds[1], 64, 48, 0, false);
  Picture out = picture_new (&picture_kinds[1], 64, 48, 0, false);
  AeRng rng;
  ae_rng_seed (&rng, 14);
  AeDenoiser *d = make_denoiser (1, &in.image);
  AeDenoiseParams params = { 1.0f, 10.0f, true };
  for (int n = 0; n < 4; n++) {
    draw (&in, 0, 0, 1, 10, &rng);
    ae_denoiser_process (d, &in.image, &out.image, &params);
  }
  ck_assert_int_gt (picture_distance (&in, &out), 2);
  draw (&in, 0, 0, 1, 10, &rng);
  if (_i == 0)
    ae_denoiser_reset (d);
  else if (_i == 1)
    ck_assert_int_eq (ae_denoiser_bind (d, &in.image, NULL), AE_OK);
  else
    params.temporal = false;
  ae_denoiser_process (d, &in.image, &out.image, &params);
  ck_assert_int_eq (picture_distance (&in, &out), 0);
  ae_denoiser_free (&d);
  picture_free (&in);
  picture_free (&out);
}
END_TEST

START_TEST (test_half_strength_is_half_way)
{
  Picture in = picture_new (&picture_kinds[1], 64, 48, 0, false);
  Picture full_out = picture_new (&picture_kinds[1], 64, 48, 0, false);
  Picture half_out = picture_new (&picture_kinds[1], 64, 48, 0, false);
  AeRng rng;
  ae_rng_seed (&rng, 15);
  AeDenoiser *a = make_denoiser (1, &in.image);
  AeDenoiser *b = make_denoiser (1, &in.image);
  AeDenoiseParams one = { 1.0f, 10.0f, true }, half = { 0.5f, 10.0f, true };
  for (int n = 0; n < 3; n++) {
    draw (&in, 0, 0, 1, 10, &rng);
    ae_denoiser_process (a, &in.image, &full_out.image, &one);
    ae_denoiser_process (b, &in.image, &half_out.image, &half);
  }
  for (int y = 0; y < 48; y++)
    for (int x = 0; x < 64; x++)
      ck_assert_float_eq_tol (picture_row (&half_out, 0, y)[x],
          0.5f * picture_row (&in, 0, y)[x]
              + 0.5f * picture_row (&full_out, 0, y)[x],
          0.76f);
  ae_denoiser_free (&a);
  ae_denoiser_free (&b);
  picture_free (&in);
  picture_free (&full_out);
  picture_free (&half_out);
}
END_TEST

START_TEST (test_process_allocates_nothing)
{
  Picture in = picture_new (&picture_kinds[1], 100, 60, 0, false);
  AeRng rng;
  ae_rng_seed (&rng, 16);
  AeDenoiser *d = make_denoiser (1, &in.image);
  draw (&in, 0, 0, 1, 10, &rng);
  ae_denoiser_process (d, &in.image, &in.image, &full);
  ae_mem_fail_at (1, true);
  draw (&in, 0, 0, 1, 10, &rng);
  ae_denoiser_process (d, &in.image, &in.image, &full);
  ae_mem_fail_at (0, false);
  ae_denoiser_free (&d);
  picture_free (&in);
}
END_TEST

/* Each allocation of bind may fail: an error, nothing leaked, usable after. */
START_TEST (test_bind_survives_lack_of_memory)
{
  AeImage format = { .pixels = AE_PIXELS_NV12, .width = 30, .height = 20 };
  long before = ae_mem_live ();
  AeDenoiser *d = make_denoiser (1, &format);
  AeStatus status = AE_ERROR_MEMORY;
  for (long n = 1; n < 1000 && status != AE_OK; n++) {
    ae_mem_fail_at (n, false);
    status = ae_denoiser_bind (d, &format, NULL);
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || status == AE_ERROR_MEMORY);
  }
  ck_assert_int_eq (status, AE_OK);
  ae_denoiser_free (&d);
  ck_assert_int_eq (ae_mem_live (), before);
}
END_TEST

/* The mean, but output `spoilt` is not a number (or infinite, by `how`) where
 * the frame has its largest value. */
static AeModel *
spoilt_model (int spoilt, int how)
{
  AeBuilder b;
  MeanNet net = mean_net_start (&b, 1);
  int tiny = ae_build_scalar (&b, 1e-30f);
  int below = ae_build_binary (
      &b, "Sub", ae_build_scalar (&b, how == 0 ? 0.99f : 1.0f), net.frame);
  int extra = how == 0 ? ae_build_binary (&b, "Mul", tiny,
                             ae_build_unary (&b, "Sqrt", below))
                       : ae_build_binary (&b, "Div", tiny, below);
  int out[3] = { net.mean, net.mean, net.count };
  if (spoilt == 2)
    extra = ae_build_slice (&b, extra, 1, 0, 1);
  out[spoilt] = ae_build_binary (&b, "Add", out[spoilt], extra);
  return mean_net_end (&b, out[0], out[1], out[2]);
}

/* One white pixel makes the network fail: that frame is shown as it came, and
 * the next results are those of a stream that begins there. */
START_TEST (test_a_result_that_is_no_number_leaves_no_trace)
{
  const PictureKind *kind = &picture_kinds[_i < 6 ? 1 : 6]; /* 8, 10 bits */
  Picture in = picture_new (kind, 70, 50, 0, false);
  Picture out = picture_new (kind, 70, 50, 0, false);
  Picture want = picture_new (kind, 70, 50, 0, false);
  AeDenoiser *d
      = bound_denoiser (spoilt_model (_i % 3, _i / 3 % 2), &in.image);
  AeDenoiser *fresh = make_denoiser (1, &in.image);
  AeDenoiseParams params = { 1.0f, 10.0f, true };
  for (int n = 0; n < 6; n++) {
    picture_fill (&in, 70); /* no cut in between */
    for (int y = 0; y < in.rows[0]; y++)
      for (size_t x = 0; x < in.bytes[0]; x++) {
        uint8_t *p = picture_row (&in, 0, y) + x;
        *p = kind->pixels == AE_PIXELS_I420 ? *p / 2 : x % 2 ? *p & 1 : *p;
      }
    for (int i = 1; i < 3; i++)
      memset (in.memory[i], 1, in.size[i]);
    picture_row (&in, 0, 3)[8] ^= (uint8_t) (1 << n);
    if (n == 2) /* the largest value: 255, or 1023 and bits beyond */
      memset (&picture_row (&in, 0, 20)[32], 0xFF, 2);
    ae_denoiser_process (d, &in.image, &out.image, &params);
    ck_assert_int_eq (ae_denoiser_result_refused (d), n == 2);
    if (n < 2)
      continue;
    if (n == 2) {
      ck_assert (memcmp (in.memory[0], out.memory[0], in.size[0]) == 0);
      continue;
    }
    ae_denoiser_process (fresh, &in.image, &want.image, &params);
    ck_assert_int_eq (picture_distance (&want, &out), 0);
  }
  ae_denoiser_free (&d);
  ae_denoiser_free (&fresh);
  picture_free (&in);
  picture_free (&out);
  picture_free (&want);
}
END_TEST

/* frame and clean only, with or without the right task. */
static AeModel *
foreign_model (const char *task, int channels)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "frame", ae_shape (4, -1, channels, -1, -1));
  ae_build_output (&b, ae_build_unary (&b, "Identity", x), "clean");
  if (task) {
    ae_model_set_meta (b.model, "ae.task", task, &b.error);
    ae_model_set_meta (b.model, "ae.format", "yuv420-s2d", &b.error);
  }
  AeModel *model;
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  return model;
}

START_TEST (test_foreign_models_are_refused_with_reason)
{
  static const struct {
    const char *task;
    int channels;
    AeStatus status;
    const char *found, *wanted;
  } cases[] = {
    { NULL, 6, AE_ERROR_FORMAT, "missing", "\"denoise\"" },
    { "style", 6, AE_ERROR_FORMAT, "\"style\"", "\"denoise\"" },
    { "denoise", 3, AE_ERROR_SHAPE, "?x3x?x?", "?x6x?x?" },
    { "denoise", 6, AE_ERROR_FORMAT, "no input \"fused\"", "noise" },
  };
  AeModel *model = foreign_model (cases[_i].task, cases[_i].channels);
  AeDenoiser *d;
  AeError err;
  ck_assert_int_eq (
      ae_denoiser_new (&d, model, NULL, &err), cases[_i].status);
  ck_assert_ptr_null (d);
  ck_assert_msg (strstr (err.text, cases[_i].found) != NULL, "%s", err.text);
  ck_assert_msg (strstr (err.text, cases[_i].wanted) != NULL, "%s", err.text);
  ae_model_unref (&model);
}
END_TEST

static Suite *
denoiser_suite (void)
{
  Suite *suite = suite_create ("denoiser");
  TCase *tcase = tcase_create ("denoiser");
  int n = N_PICTURE_KINDS;
  tcase_add_loop_test (
      tcase, test_identity_model_gives_the_picture_back, 0, n);
  tcase_add_loop_test (tcase, test_strength_zero_copies_every_bit, 0, n);
  tcase_add_test (tcase, test_noise_of_a_still_scene_falls_with_frames);
  tcase_add_test (tcase, test_state_follows_a_pan);
  tcase_add_test (tcase, test_scene_cut_drops_the_state);
  tcase_add_loop_test (tcase, test_reset_bind_and_not_temporal_forget, 0, 3);
  tcase_add_test (tcase, test_half_strength_is_half_way);
  tcase_add_test (tcase, test_process_allocates_nothing);
  tcase_add_test (tcase, test_bind_survives_lack_of_memory);
  tcase_add_loop_test (
      tcase, test_a_result_that_is_no_number_leaves_no_trace, 0, 12);
  tcase_add_loop_test (
      tcase, test_foreign_models_are_refused_with_reason, 0, 4);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (denoiser_suite)
