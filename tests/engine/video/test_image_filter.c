/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "pictures.h"

#include <ae/image_filter.h>

#include "graph/build.h"
#include "util/mem.h"

/* From the input to the output. */
typedef int (*Body) (AeBuilder *b, int x);

static int
negative (AeBuilder *b, int x)
{
  return ae_build_binary (b, "Sub", ae_build_scalar (b, 1), x);
}

/* Down and up again: with odd sides the result is one larger. */
static int
hourglass (AeBuilder *b, int x)
{
  AeConvSpec down = { .ic = 3, .oc = 3, .kernel = 2, .stride = 2, .gain = 1 };
  for (int i = 0; i < 3; i++)
    x = ae_build_conv (b, x, down, i == 0 ? "a" : i == 1 ? "b" : "c");
  for (int i = 0; i < 3; i++)
    x = ae_build_resize2 (b, x);
  return x;
}

static int
skips (AeBuilder *b, int x)
{
  return ae_build_binary (b, "Add", x, hourglass (b, x));
}

/* A mirrored margin of 40 that is cut off again: smaller pictures have not as
 * much to mirror. */
static int
margin (AeBuilder *b, int x)
{
  static const float widths[8] = { 0, 0, 40, 40, 0, 0, 40, 40 };
  AeAttrs to_int = { 0 }, mode = { 0 };
  int pads = ae_build_values (b, ae_shape (1, 8), widths, NULL);
  ck_assert (ae_attrs_set_int (&to_int, "to", AE_I64));
  pads = ae_build_node (b, "Cast", &to_int, &pads, 1);
  ck_assert (ae_attrs_set_string (&mode, "mode", "reflect"));
  int padded = ae_build_node (b, "Pad", &mode, (int[]){ x, pads }, 2);
  return ae_build_slice (
      b, ae_build_slice (b, padded, 2, 40, -40), 3, 40, -40);
}

static AeModel *
model_of (Body body)
{
  AeBuilder b;
  AeModel *model;
  AeError err;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (4, 1, 3, -1, -1));
  ae_build_output (&b, body (&b, x), "y");
  if (ae_builder_end (&b, &model, &err) != AE_OK)
    ck_abort_msg ("%s", err.text);
  return model;
}

static AeImageFilter *
filter_of (Body body, int n_threads)
{
  AeModel *model = model_of (body);
  AeImageFilterOptions options
      = { .n_threads = n_threads, .precision = AE_PRECISION_F32 };
  AeImageFilter *filter;
  AeError err;
  if (ae_image_filter_new (&filter, model, &options, &err) != AE_OK)
    ck_abort_msg ("%s", err.text);
  ae_model_unref (&model);
  return filter;
}

static void
process (AeImageFilter *filter, const Picture *in, const Picture *out)
{
  AeError err;
  if (ae_image_filter_bind (filter, &in->image, &err) != AE_OK)
    ck_abort_msg ("%s", err.text);
  ae_image_filter_process (filter, &in->image, &out->image);
  ck_assert (!ae_image_filter_result_refused (filter));
}

static const struct {
  int width, height;
} sizes[] = { { 1, 1 }, { 1, 9 }, { 7, 1 }, { 13, 7 }, { 41, 30 },
  { 385, 289 } };

#define N_SIZES ((int) (sizeof sizes / sizeof *sizes))

START_TEST (test_twice_negative_is_the_picture_again)
{
  const PictureKind *kind = &picture_kinds[_i];
  AeImageFilter *filter = filter_of (negative, 3);
  for (int i = 0; i < N_SIZES; i++) {
    Picture in = picture_new (
        kind, sizes[i].width, sizes[i].height, 5, i % 2);
    Picture once = picture_new (
        kind, sizes[i].width, sizes[i].height, 11, true);
    Picture again = picture_new (
        kind, sizes[i].width, sizes[i].height, 0, false);
    picture_fill (&in, 7);
    in.image.full_range = once.image.full_range = again.image.full_range
        = true;
    process (filter, &in, &once);
    process (filter, &once, &again);
    /* Chroma turns over at 128, which 0 is one too far from. */
    ck_assert_int_le (picture_distance (&in, &again), 1);
    picture_free (&in);
    picture_free (&once);
    picture_free (&again);
  }
  ae_image_filter_free (&filter);
}
END_TEST

START_TEST (test_any_number_of_threads_gives_the_same_bits)
{
  const PictureKind *kind = &picture_kinds[_i];
  Picture in = picture_new (kind, 61, 45, 3, false);
  Picture one = picture_new (kind, 61, 45, 0, false);
  Picture three = picture_new (kind, 61, 45, 9, true);
  AeImageFilter *a = filter_of (skips, 1), *b = filter_of (skips, 3);
  picture_fill (&in, 3);
  process (a, &in, &one);
  process (b, &in, &three);
  ck_assert_int_eq (picture_distance (&one, &three), 0);
  ck_assert_int_gt (picture_distance (&in, &one), 0);
  ae_image_filter_free (&a);
  ae_image_filter_free (&b);
  picture_free (&in);
  picture_free (&one);
  picture_free (&three);
}
END_TEST

START_TEST (test_graphs_that_need_certain_sizes_take_any)
{
  static const Body bodies[] = { hourglass, skips, margin };
  AeImageFilter *filter = filter_of (bodies[_i], 2);
  AeImageFilterSize size = ae_image_filter_size (filter);
  ck_assert_int_eq (size.width, 0);
  ck_assert_int_eq (size.height, 0);
  ck_assert_int_eq (size.scale_x, 1);
  ck_assert_int_eq (size.scale_y, 1);
  for (int i = 0; i < N_SIZES; i++) {
    const PictureKind *kind = &picture_kinds[8];
    Picture in = picture_new (
        kind, sizes[i].width, sizes[i].height, 5, false);
    Picture out = picture_new (
        kind, sizes[i].width, sizes[i].height, 5, false);
    picture_fill (&in, 7);
    process (filter, &in, &out);
    if (bodies[_i] == margin)
      ck_assert_int_eq (picture_distance (&in, &out), 0);
    picture_free (&in);
    picture_free (&out);
  }
  ae_image_filter_free (&filter);
}
END_TEST

START_TEST (test_process_allocates_nothing)
{
  Picture in = picture_new (&picture_kinds[1], 30, 20, 0, false);
  Picture out = picture_new (&picture_kinds[1], 30, 20, 0, false);
  AeImageFilter *filter = filter_of (skips, 1);
  picture_fill (&in, 1);
  process (filter, &in, &out);
  ae_mem_fail_at (1, true);
  ae_image_filter_process (filter, &in.image, &out.image);
  ae_mem_fail_at (0, false);
  ae_image_filter_free (&filter);
  picture_free (&in);
  picture_free (&out);
}
END_TEST

/* Each allocation may fail: an error, nothing leaked. */
START_TEST (test_lack_of_memory_is_survived)
{
  AeImage format = { .pixels = AE_PIXELS_NV12, .width = 30, .height = 20 };
  long before = ae_mem_live ();
  AeModel *model = model_of (negative);
  AeStatus status = AE_ERROR_MEMORY;
  for (long n = 1; n < 2000 && status != AE_OK; n++) {
    AeImageFilter *filter;
    ae_mem_fail_at (n, false);
    status = ae_image_filter_new (&filter, model, NULL, NULL);
    if (status == AE_OK)
      status = ae_image_filter_bind (filter, &format, NULL);
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || status == AE_ERROR_MEMORY);
    ae_image_filter_free (&filter);
  }
  ck_assert_int_eq (status, AE_OK);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), before);
}
END_TEST

static Suite *
image_filter_suite (void)
{
  Suite *s = suite_create ("image_filter");
  TCase *tc = tcase_create ("image_filter");
  suite_add_tcase (s, tc);
  tcase_add_loop_test (
      tc, test_twice_negative_is_the_picture_again, 0, N_PICTURE_KINDS);
  tcase_add_loop_test (tc, test_any_number_of_threads_gives_the_same_bits, 0,
      N_PICTURE_KINDS);
  tcase_add_loop_test (
      tc, test_graphs_that_need_certain_sizes_take_any, 0, 3);
  tcase_add_test (tc, test_process_allocates_nothing);
  tcase_add_test (tc, test_lack_of_memory_is_survived);
  return s;
}

AE_TEST_MAIN (image_filter_suite)
