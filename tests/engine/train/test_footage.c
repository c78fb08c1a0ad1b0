/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "detect/grey.h"
#include "train/footage.h"
#include "util/mem.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static AeFootage *
make (double rate, size_t area, size_t max_bytes)
{
  AeFootage *f;
  AeError err;
  AeFootageOptions o = { .frame_rate = rate, .area = area,
    .max_bytes = max_bytes, .seed = 1, .n_threads = 1 };
  ck_assert_msg (ae_footage_new (&f, &o, &err) == AE_OK, "%s", err.text);
  return f;
}

/* A grey ramp whose one bright column tells pictures apart. */
static AeStatus
add (AeFootage *f, int width, int height, int column, double seconds,
    AeError *err)
{
  uint8_t *bytes = ae_alloc ((size_t) width * height);
  for (int i = 0; i < width * height; i++)
    bytes[i] = i % width == column ? 255 : (uint8_t) (i / width * 200 / height);
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = width,
    .height = height, .plane = { bytes }, .stride = { width } };
  AeStatus status = ae_footage_add (f, &image, seconds, err);
  ae_free (bytes);
  return status;
}

static void
add_run (AeFootage *f, int n, double seconds)
{
  AeError err;
  for (int i = 0; i < n; i++)
    ck_assert_msg (
        add (f, 64, 64, i % 64, i ? seconds : 0, &err) == AE_OK, "%s",
        err.text);
}

static const struct {
  int width, height;
  size_t area;
  int wanted_width, wanted_height;
} sizes[] = {
  { 360, 240, 86400, 360, 240 }, { 1920, 1080, 86400, 392, 224 },
  { 64, 64, 86400, 64, 64 }, { 71, 79, 86400, 64, 72 },
  { 1280, 64, 20480, 640, 64 },
};

START_TEST (test_first_picture_decides_about_the_size)
{
  int width, height;
  AeError err;
  AeFootage *f = make (10, sizes[_i].area, 8 << 20);
  ck_assert (!ae_footage_size (f, &width, &height));
  ck_assert_msg (add (f, sizes[_i].width, sizes[_i].height, 1, 0, &err)
          == AE_OK, "%s", err.text);
  ck_assert (ae_footage_size (f, &width, &height));
  ck_assert_int_eq (width, sizes[_i].wanted_width);
  ck_assert_int_eq (height, sizes[_i].wanted_height);
  ae_footage_free (&f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_wrong_pictures_are_named)
{
  AeError err;
  AeFootage *f = make (10, 86400, 8 << 20);
  ck_assert_int_eq (add (f, 63, 80, 1, 0, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "63x80") != NULL, "%s", err.text);
  ck_assert_int_eq (add (f, 80, 64, 1, NAN, &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (add (f, 80, 64, 1, -1, &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (add (f, 80, 64, 1, 0, &err), AE_OK);
  ck_assert_int_eq (add (f, 164, 128, 1, 0, &err), AE_OK);
  ck_assert_int_eq (add (f, 86, 64, 1, 0, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "86x64") && strstr (err.text, "80x64"),
      "%s", err.text);
  ck_assert_uint_eq (ae_footage_n_frames (f), 2);
  ae_footage_free (&f);
  f = make (10, 86400, 15 * 64 * 64);
  ck_assert_int_eq (add (f, 64, 64, 1, 0, &err), AE_ERROR_LIMIT);
  ae_footage_free (&f);
}
END_TEST

START_TEST (test_frames_that_come_sooner_are_left_out)
{
  AeFootageView view;
  AeFootage *f = make (10, 86400, 8 << 20);
  add_run (f, 25, 0.04); /* kept: every second, 0.08 s apart */
  ck_assert_uint_eq (ae_footage_n_frames (f), 13);
  add_run (f, 3, 0.2);
  ck_assert_uint_eq (ae_footage_n_blocks (f), 2);
  ck_assert (ae_footage_block (f, 0, &view));
  ck_assert_uint_eq (view.n, 13);
  ck_assert (view.seconds[0] == 0);
  ck_assert_double_eq_tol (view.seconds[1], 0.08, 1e-9);
  ck_assert_int_gt (view.frames[1][2], view.frames[1][3]); /* picture 2 */
  ae_footage_view_clear (&view);
  ck_assert (ae_footage_block (f, 1, &view));
  ck_assert_uint_eq (view.run, 2);
  ck_assert_double_eq_tol (view.seconds[2], 0.2, 1e-9);
  ae_footage_view_clear (&view);
  ck_assert (!ae_footage_block (f, 2, &view));
  ck_assert_ptr_null (view.block);
  ae_footage_free (&f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_blocks_of_ten_seconds_a_fifth_held_out)
{
  AeFootageView view;
  size_t held_out = 0;
  AeFootage *f = make (10, 86400, 16 << 20);
  add_run (f, 1010, 0.1);
  size_t n = ae_footage_n_blocks (f);
  ck_assert_uint_ge (n, 10);
  ck_assert_uint_le (n, 11);
  for (size_t i = 0; i < n; i++) {
    ck_assert (ae_footage_block (f, i, &view));
    ck_assert_uint_eq (view.number, i);
    ck_assert_uint_eq (view.run, 1);
    ck_assert ((view.seconds[0] == 0) == (i == 0));
    ck_assert (i + 1 == n || (view.n >= 100 && view.n <= 102));
    ck_assert (i != 1 || view.held_out); /* one of each of two */
    held_out += view.held_out;
    ae_footage_view_clear (&view);
  }
  ck_assert_uint_ge (held_out, n / 5);
  ck_assert_uint_le (held_out, n / 5 + 1);
  ae_footage_free (&f);
}
END_TEST

START_TEST (test_windows_stay_in_blocks_of_their_kind)
{
  AeFootageView view;
  AeFootage *f = make (10, 86400, 16 << 20);
  add_run (f, 7, 0.1);
  add_run (f, 6, 0.1); /* held out */
  add_run (f, 4, 0.1); /* too short */
  add_run (f, 5, 0.1);
  ck_assert_uint_eq (ae_footage_n_windows (f, false, 5), 4);
  ck_assert_uint_eq (ae_footage_n_windows (f, true, 5), 2);
  for (size_t i = 0; i < 4; i++) {
    ck_assert (ae_footage_window (f, false, 5, i, &view));
    ck_assert_uint_eq (view.n, 5);
    ck_assert (!view.held_out);
    ck_assert_uint_eq (view.run, i < 3 ? 1 : 4);
    /* its last frame's bright column */
    ck_assert_int_gt (view.frames[4][i < 3 ? i + 4 : 4],
        view.frames[4][i < 3 ? i + 5 : 5]);
    ae_footage_view_clear (&view);
  }
  ck_assert (!ae_footage_window (f, false, 5, 4, &view));
  ck_assert (!ae_footage_window (f, true, 5, 2, &view));
  ae_footage_free (&f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_full_store_keeps_both_kinds_and_readers)
{
  AeFootageView first;
  enum { FRAMES = 64 };
  AeFootage *f = make (10, 86400, FRAMES * 64 * 64);
  add_run (f, 8, 0.1);
  ck_assert (ae_footage_block (f, 0, &first));
  uint8_t kept[64 * 64];
  memcpy (kept, first.frames[1], sizeof kept);
  for (int i = 0; i < 60; i++) {
    add_run (f, 1 + i % 9, 0.1);
    ck_assert_uint_le (ae_footage_n_frames (f), FRAMES);
  }
  ck_assert_uint_ge (ae_footage_n_frames (f), FRAMES - 8);
  size_t held_out = ae_footage_n_windows (f, true, 1);
  ck_assert_uint_ge (held_out, FRAMES / 16);
  ck_assert_uint_le (held_out, FRAMES / 2);
  ck_assert_mem_eq (kept, first.frames[1], sizeof kept);
  ae_footage_view_clear (&first);
  ae_footage_free (&f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static void *
read_windows (void *data)
{
  AeFootageView view;
  size_t sum = 0;
  for (size_t i = 0; i < 2000; i++)
    if (ae_footage_window (data, i % 2, 3, i % 20, &view)) {
      sum += view.frames[2][i % 4096] + (view.seconds[2] > 0);
      ae_footage_view_clear (&view);
    }
  return sum ? data : NULL;
}

START_TEST (test_one_adds_while_another_reads)
{
  pthread_t thread;
  AeFootage *f = make (10, 86400, 32 * 64 * 64);
  add_run (f, 8, 0.1);
  ck_assert_int_eq (pthread_create (&thread, NULL, read_windows, f), 0);
  for (int i = 0; i < 50; i++)
    add_run (f, 7, 0.1);
  void *result;
  pthread_join (thread, &result);
  ck_assert_ptr_eq (result, f);
  ae_footage_free (&f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_no_memory_anywhere)
{
  AeError err;
  AeFootage *f = make (10, 86400, 1 << 20);
  AeStatus status = AE_ERROR_MEMORY;
  for (int at = 1; status != AE_OK; at++) {
    ck_assert_int_lt (at, 50);
    ae_mem_fail_at (at, false);
    uint8_t bytes[64 * 64] = { 0 };
    AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = 64, .height = 64,
      .plane = { bytes }, .stride = { 64 } };
    status = ae_footage_add (f, &image, 0, &err);
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || status == AE_ERROR_MEMORY);
  }
  ck_assert_uint_eq (ae_footage_n_frames (f), 1);
  ae_footage_free (&f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
footage_suite (void)
{
  Suite *suite = suite_create ("footage");
  TCase *tcase = tcase_create ("footage");
  int n_sizes = sizeof sizes / sizeof *sizes;
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, test_first_picture_decides_about_the_size, 0, n_sizes);
  tcase_add_test (tcase, test_wrong_pictures_are_named);
  tcase_add_test (tcase, test_frames_that_come_sooner_are_left_out);
  tcase_add_test (tcase, test_blocks_of_ten_seconds_a_fifth_held_out);
  tcase_add_test (tcase, test_windows_stay_in_blocks_of_their_kind);
  tcase_add_test (tcase, test_full_store_keeps_both_kinds_and_readers);
  tcase_add_test (tcase, test_one_adds_while_another_reads);
  tcase_add_test (tcase, test_no_memory_anywhere);
  return suite;
}

AE_TEST_MAIN (footage_suite)
