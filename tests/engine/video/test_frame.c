/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "pictures.h"

#include "util/mem.h"
#include "video/frame.h"
#include "video/pixel_rows.h"

#include <math.h>

static const struct {
  int width, height;
} sizes[] = { { 1, 1 }, { 2, 1 }, { 1, 5 }, { 7, 13 }, { 8, 8 }, { 16, 9 },
  { 385, 289 } };

#define N_SIZES ((int) (sizeof sizes / sizeof *sizes))

typedef struct {
  int h, w;
  float *frame, *clean;
  void *scratch;
} Tensors;

static Tensors
tensors_new (const AeImage *format)
{
  Tensors t;
  ae_frame_size (format, &t.h, &t.w);
  size_t n = (size_t) 6 * t.h * t.w;
  t.frame = ae_alloc (n * sizeof (float));
  t.clean = ae_alloc (n * sizeof (float));
  t.scratch = ae_alloc (ae_frame_scratch_size (format, 3));
  for (size_t i = 0; i < n; i++)
    t.frame[i] = t.clean[i] = NAN;
  return t;
}

static void
tensors_free (Tensors *t)
{
  ae_free (t->frame);
  ae_free (t->clean);
  ae_free (t->scratch);
}

/* A result equal to the frame gives the picture back, whatever the strides,
 * and writes nothing beside it. */
static void
check_round_trip (const PictureKind *kind, int width, int height, bool flip,
    float strength)
{
  Picture in = picture_new (kind, width, height, 5, flip);
  Picture out = picture_new (kind, width, height, 11, !flip);
  picture_fill (&in, 7);
  Tensors t = tensors_new (&in.image);
  ck_assert_int_eq (ae_image_check (&in.image, NULL), AE_OK);
  ae_frame_load (&in.image, t.frame, 3, t.scratch);
  for (int i = 0; i < 6 * t.h * t.w; i++)
    ck_assert (t.frame[i] >= -1e-6f && t.frame[i] <= 1 + 1e-6f);
  AeFrameBlend blend = { strength, 0 };
  ae_frame_store (
      &in.image, t.frame, t.frame, blend, &out.image, 3, t.scratch);
  ck_assert_msg (picture_distance (&in, &out) == 0, "%s %dx%d differs by %d",
      kind->name, width, height, picture_distance (&in, &out));
  ck_assert (picture_padding_untouched (&out));
  if (kind->pixel_stride == 4)
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++)
        for (int i = 0; i < 4; i++)
          ck_assert_int_eq (picture_row (&in, 0, y)[4 * x + i],
              picture_row (&out, 0, y)[4 * x + i]);
  tensors_free (&t);
  picture_free (&in);
  picture_free (&out);
}

START_TEST (test_round_trip_is_exact)
{
  for (int i = 0; i < N_SIZES; i++) {
    check_round_trip (
        &picture_kinds[_i], sizes[i].width, sizes[i].height, false, 1.0f);
    check_round_trip (
        &picture_kinds[_i], sizes[i].width, sizes[i].height, true, 0.5f);
  }
}
END_TEST

START_TEST (test_i420_lands_where_the_tensor_says)
{
  Picture in = picture_new (&picture_kinds[1], 13, 7, 3, false);
  picture_fill (&in, 3);
  Tensors t = tensors_new (&in.image);
  ck_assert_int_eq (t.h, 4);
  ck_assert_int_eq (t.w, 8);
  ae_frame_load (&in.image, t.frame, 1, t.scratch);
  for (int y = 0; y < 8; y++)
    for (int x = 0; x < 16; x++) {
      int want = picture_row (&in, 0, y < 7 ? y : 6)[x < 13 ? x : 12];
      int channel = (y & 1) * 2 + (x & 1);
      float got = t.frame[(channel * t.h + y / 2) * t.w + x / 2];
      ck_assert_float_eq_tol (got * 255.0f, want, 1e-4f);
    }
  for (int y = 0; y < 4; y++)
    for (int x = 0; x < 8; x++)
      for (int c = 1; c < 3; c++) {
        int want = picture_row (&in, c, y)[x < 7 ? x : 6];
        float got = t.frame[((3 + c) * t.h + y) * t.w + x];
        ck_assert_float_eq_tol (got * 255.0f, want, 1e-4f);
      }
  tensors_free (&t);
  picture_free (&in);
}
END_TEST

START_TEST (test_full_chroma_is_averaged)
{
  Picture in = picture_new (&picture_kinds[5], 5, 3, 0, false);
  picture_fill (&in, 4);
  Tensors t = tensors_new (&in.image);
  ae_frame_load (&in.image, t.frame, 1, t.scratch);
  for (int y = 0; y < 2; y++)
    for (int x = 0; x < 3; x++) {
      int x1 = 2 * x + 1 < 5 ? 2 * x + 1 : 4;
      int y1 = 2 * y + 1 < 3 ? 2 * y + 1 : 2;
      const uint8_t *top = picture_row (&in, 1, 2 * y);
      const uint8_t *bottom = picture_row (&in, 1, y1);
      float want = (top[2 * x] + top[x1] + bottom[2 * x] + bottom[x1]) / 4.0f;
      ck_assert_float_eq_tol (
          t.frame[(4 * t.h + y) * t.w + x] * 255.0f, want, 1e-3f);
    }
  tensors_free (&t);
  picture_free (&in);
}
END_TEST

/* Adding a constant to the result moves every sample by it, also through the
 * interpolation of chroma; half the strength by half. */
START_TEST (test_change_arrives_scaled_by_strength)
{
  const PictureKind *kind = &picture_kinds[_i];
  Picture in = picture_new (kind, 37, 21, 1, false);
  Picture out = picture_new (kind, 37, 21, 1, false);
  for (int i = 0; i < 3; i++)
    for (int y = 0; y < in.rows[i]; y++)
      for (size_t x = 0; x < in.bytes[i]; x++)
        picture_row (&in, i, y)[x]
            = kind->pixels == AE_PIXELS_I420_10 ? (x % 2 ? 1 : 0x90)
              : kind->pixels == AE_PIXELS_P010  ? (x % 2 ? 0x64 : 0)
                                                : 100;
  Tensors t = tensors_new (&in.image);
  ae_frame_load (&in.image, t.frame, 2, t.scratch);
  for (int i = 0; i < 6 * t.h * t.w; i++)
    t.clean[i] = t.frame[i] + 20.0f / 255.0f;
  int want = kind->pixels == AE_PIXELS_I420_10
                     || kind->pixels == AE_PIXELS_P010
                 ? 40
                 : 10;
  AeFrameBlend blend = { 0.5f, 0 };
  if (kind->pixels == AE_PIXELS_PACKED) /* keep to grey */
    for (int i = 4 * t.h * t.w; i < 6 * t.h * t.w; i++)
      t.clean[i] = t.frame[i];
  ae_frame_store (
      &in.image, t.frame, t.clean, blend, &out.image, 2, t.scratch);
  ck_assert_int_eq (picture_distance (&in, &out), want);
  tensors_free (&t);
  picture_free (&in);
  picture_free (&out);
}
END_TEST

START_TEST (test_in_place_equals_out_of_place)
{
  const PictureKind *kind = &picture_kinds[_i];
  Picture in = picture_new (kind, 33, 19, 2, false);
  Picture out = picture_new (kind, 33, 19, 2, false);
  picture_fill (&in, 5);
  Tensors t = tensors_new (&in.image);
  ae_frame_load (&in.image, t.frame, 2, t.scratch);
  AeRng rng;
  ae_rng_seed (&rng, 8);
  for (int i = 0; i < 6 * t.h * t.w; i++)
    t.clean[i] = t.frame[i] + 0.1f * ae_rng_normal (&rng);
  AeFrameBlend blend = { 0.8f, 0.02f };
  ae_frame_store (
      &in.image, t.frame, t.clean, blend, &out.image, 2, t.scratch);
  ae_frame_store (&in.image, t.frame, t.clean, blend, &in.image, 2, t.scratch);
  ck_assert_int_eq (picture_distance (&in, &out), 0);
  tensors_free (&t);
  picture_free (&in);
  picture_free (&out);
}
END_TEST

/* White noise of sigma 10 on flat 4:4:4 chroma; the network cleans what half
 * size holds. Without the threshold the rest stays (0.87 of it), with it
 * almost nothing. */
START_TEST (test_chroma_detail_below_the_noise_goes)
{
  Picture in = picture_new (&picture_kinds[5], 128, 96, 0, false);
  Picture out = picture_new (&picture_kinds[5], 128, 96, 0, false);
  AeRng rng;
  ae_rng_seed (&rng, 21);
  for (int i = 0; i < 3; i++)
    for (size_t k = 0; k < in.size[i]; k++)
      in.memory[i][k] = (uint8_t) lrintf (120 + 10 * ae_rng_normal (&rng));
  Tensors t = tensors_new (&in.image);
  ae_frame_load (&in.image, t.frame, 2, t.scratch);
  for (int i = 0; i < 6 * t.h * t.w; i++)
    t.clean[i] = 120.0f / 255.0f;
  float gain, unused;
  ae_frame_noise_gain (&in.image, &unused, &gain);
  float half_size_sigma = 10.0f / 255.0f * gain;
  for (int with = 0; with < 2; with++) {
    AeFrameBlend blend = { 1.0f,
      with ? 2 * ae_frame_detail_gain (&in.image) * half_size_sigma : 0 };
    ae_frame_store (
        &in.image, t.frame, t.clean, blend, &out.image, 2, t.scratch);
    double sum = 0;
    for (size_t k = 0; k < out.size[1]; k++)
      sum += (out.memory[1][k] - 120.0) * (out.memory[1][k] - 120.0);
    double rms = sqrt (sum / (double) out.size[1]);
    if (with)
      ck_assert_double_le (rms, 2.0);
    else
      ck_assert_double_eq_tol (rms, 8.7, 0.4);
  }
  tensors_free (&t);
  picture_free (&in);
  picture_free (&out);
}
END_TEST

START_TEST (test_copy_copies_every_kind)
{
  Picture in = picture_new (&picture_kinds[_i], 15, 11, 3, true);
  Picture out = picture_new (&picture_kinds[_i], 15, 11, 7, false);
  picture_fill (&in, 9);
  ae_image_copy (&in.image, &out.image);
  ck_assert_int_eq (picture_distance (&in, &out), 0);
  ck_assert (picture_padding_untouched (&out));
  picture_free (&in);
  picture_free (&out);
}
END_TEST

START_TEST (test_bad_formats_are_refused)
{
  AeImage good = { .pixels = AE_PIXELS_PACKED, .width = 4, .height = 4,
    .pixel_stride = 3, .r = 0, .g = 1, .b = 2 };
  AeError err;
  ck_assert_int_eq (ae_image_check (&good, &err), AE_OK);
  AeImage bad[6] = { good, good, good, good, good, good };
  bad[0].width = 0;
  bad[1].height = 16385;
  bad[2].pixel_stride = 5;
  bad[3].b = 3;
  bad[4].pixels = (AePixels) 9;
  bad[5].g = 0;
  for (int i = 0; i < 6; i++)
    ck_assert_int_eq (ae_image_check (&bad[i], &err), AE_ERROR_ARGUMENT);
}
END_TEST

static Suite *
frame_suite (void)
{
  Suite *suite = suite_create ("frame");
  TCase *tcase = tcase_create ("frame");
  int n = N_PICTURE_KINDS;
  tcase_add_loop_test (tcase, test_round_trip_is_exact, 0, n);
  tcase_add_test (tcase, test_i420_lands_where_the_tensor_says);
  tcase_add_test (tcase, test_full_chroma_is_averaged);
  tcase_add_loop_test (tcase, test_change_arrives_scaled_by_strength, 0, n);
  tcase_add_loop_test (tcase, test_in_place_equals_out_of_place, 0, n);
  tcase_add_test (tcase, test_chroma_detail_below_the_noise_goes);
  tcase_add_loop_test (tcase, test_copy_copies_every_kind, 0, n);
  tcase_add_test (tcase, test_bad_formats_are_refused);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (frame_suite)
