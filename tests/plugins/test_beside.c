/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What works beside a stream: JSON lines to files and pipes that do not take
 * them, and functions that take long. Nothing may wait for them. */

#include "jsonlines.h"
#include "sidejob.h"

#include <fcntl.h>
#include <gst/check/gstcheck.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the writer's thread told. */
static struct {
  gint n; /* atomic */
  AeError error;
} told;

static void
on_trouble (gpointer user, const AeError *error)
{
  ck_assert_ptr_eq (user, &told);
  told.error = *error;
  g_atomic_int_inc (&told.n);
}

static gchar *
temporary (void)
{
  gchar *folder = g_dir_make_tmp ("ae-lines-XXXXXX", NULL);
  gchar *path = g_build_filename (folder, "lines", NULL);

  g_free (folder);
  return path;
}

static void
forget (gchar *path)
{
  gchar *folder = g_path_get_dirname (path);

  g_remove (path);
  g_rmdir (folder);
  g_free (folder);
  g_free (path);
}

static GstAeJsonLines *
open_lines (const gchar *path)
{
  AeError error = { 0 };
  GstAeJsonLines *lines
      = gst_ae_json_lines_new (path, on_trouble, &told, &error);

  ck_assert_msg (lines != NULL, "%s", error.text);
  return lines;
}

static void
add (GstAeJsonLines *lines, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    gst_ae_json_lines_add (lines, g_strdup_printf ("{\"n\":%u}", i));
}

GST_START_TEST (test_a_file_gets_every_line_and_was_emptied)
{
  gchar *path = temporary (), *text = NULL;
  GString *wanted = g_string_new (NULL);

  ck_assert (g_file_set_contents (path, "old\n", -1, NULL));
  GstAeJsonLines *lines = open_lines (path);
  add (lines, 0, 1000);
  ck_assert_uint_eq (gst_ae_json_lines_dropped (lines), 0);
  gst_ae_json_lines_free (&lines);
  ck_assert (lines == NULL);
  gst_ae_json_lines_free (&lines);
  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (wanted, "{\"n\":%u}\n", i);
  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  ck_assert_str_eq (text, wanted->str);
  ck_assert_int_eq (g_atomic_int_get (&told.n), 0);
  g_string_free (wanted, TRUE);
  g_free (text);
  forget (path);
}
GST_END_TEST;

static guint
count_whole_lines (const gchar *path)
{
  gchar *text = NULL;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  gchar **lines = g_strsplit (g_strchomp (text), "\n", -1);
  guint n = g_strv_length (lines);
  for (guint i = 0; i < n; i++)
    ck_assert_msg (g_str_has_prefix (lines[i], "{\"n\":")
            && g_str_has_suffix (lines[i], "}"),
        "no line: %s", lines[i]);
  g_strfreev (lines);
  g_free (text);
  return n;
}

/* As of two elements that name one file. */
GST_START_TEST (test_two_writers_of_a_file_keep_each_others_lines)
{
  gchar *path = temporary ();
  GstAeJsonLines *one = open_lines (path), *two = open_lines (path);

  for (guint i = 0; i < 500; i++) {
    add (one, i, i + 1);
    add (two, 1000 * i, 1000 * i + 1);
  }
  gst_ae_json_lines_free (&one);
  gst_ae_json_lines_free (&two);
  ck_assert_uint_eq (count_whole_lines (path), 1000);
  forget (path);
}
GST_END_TEST;

GST_START_TEST (test_what_cannot_be_written_is_refused_by_name)
{
  static const gchar *const paths[]
      = { "/not/there/lines", "/", "/proc/lines", "/dev/null/lines" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    AeError error = { 0 };
    ck_assert_msg (
        gst_ae_json_lines_new (paths[i], on_trouble, &told, &error) == NULL,
        "%s", paths[i]);
    ck_assert (strstr (error.text, paths[i]) != NULL);
    ck_assert (error.status == AE_ERROR_IO
        || error.status == AE_ERROR_NOT_FOUND);
  }
}
GST_END_TEST;

GST_START_TEST (test_a_full_disk_is_told_once_and_counted)
{
  GstAeJsonLines *lines = open_lines ("/dev/full");

  add (lines, 0, 50);
  for (guint i = 0; i < 500 && gst_ae_json_lines_dropped (lines) < 50; i++)
    g_usleep (5000);
  ck_assert_uint_eq (gst_ae_json_lines_dropped (lines), 50);
  gst_ae_json_lines_free (&lines);
  ck_assert_int_eq (told.n, 1);
  ck_assert (strstr (told.error.text, "/dev/full: No space") != NULL);
}
GST_END_TEST;

GST_START_TEST (test_a_pipe_without_reader_blocks_nobody)
{
  gchar *path = temporary ();

  ck_assert_int_eq (mkfifo (path, 0600), 0);
  gint64 start = g_get_monotonic_time ();
  GstAeJsonLines *lines = open_lines (path);
  add (lines, 0, GST_AE_JSON_LINES_MAX + 100);
  ck_assert_int_lt (g_get_monotonic_time () - start, G_USEC_PER_SEC / 2);
  /* One may be in the thread's hands. */
  ck_assert_uint_ge (gst_ae_json_lines_dropped (lines), 99);
  for (guint i = 0; i < 500 && g_atomic_int_get (&told.n) == 0; i++)
    g_usleep (2000);
  ck_assert_int_eq (told.n, 1);
  ck_assert (strstr (told.error.text, "reader") != NULL);
  gst_ae_json_lines_free (&lines);
  ck_assert_int_lt (g_get_monotonic_time () - start, 3 * G_USEC_PER_SEC);
  ck_assert_int_eq (told.n, 1);
  forget (path);
}
GST_END_TEST;

static void
expect (int fd, const gchar *wanted)
{
  gsize size = strlen (wanted), at = 0;
  gchar *found = g_malloc0 (size + 1);

  for (guint i = 0; i < 500 && at < size; i++) {
    gssize n = read (fd, found + at, size - at);
    if (n > 0)
      at += (gsize) n;
    else
      g_usleep (5000);
  }
  ck_assert_str_eq (found, wanted);
  g_free (found);
}

GST_START_TEST (test_a_reader_may_come_late_leave_and_another_come)
{
  gchar *path = temporary ();

  ck_assert_int_eq (mkfifo (path, 0600), 0);
  GstAeJsonLines *lines = open_lines (path);
  add (lines, 0, 2);
  int fd = open (path, O_RDONLY | O_NONBLOCK);
  expect (fd, "{\"n\":0}\n{\"n\":1}\n");
  close (fd);
  add (lines, 2, 3); /* lost: who read is gone */
  for (guint i = 0; i < 500 && gst_ae_json_lines_dropped (lines) < 1; i++)
    g_usleep (5000);
  ck_assert_uint_eq (gst_ae_json_lines_dropped (lines), 1);
  fd = open (path, O_RDONLY | O_NONBLOCK);
  add (lines, 3, 4);
  expect (fd, "{\"n\":3}\n");
  gst_ae_json_lines_free (&lines);
  close (fd);
  forget (path);
}
GST_END_TEST;

/* A reader that does not read: the pipe fills up, then the queue. */
GST_START_TEST (test_a_slow_reader_blocks_nobody)
{
  gchar *path = temporary ();

  ck_assert_int_eq (mkfifo (path, 0600), 0);
  int fd = open (path, O_RDONLY | O_NONBLOCK);
  GstAeJsonLines *lines = open_lines (path);
  gint64 start = g_get_monotonic_time ();
  for (guint i = 0; i < 3000; i++)
    gst_ae_json_lines_add (lines, g_strnfill (500, 'x'));
  ck_assert_int_lt (g_get_monotonic_time () - start, G_USEC_PER_SEC);
  ck_assert_uint_gt (gst_ae_json_lines_dropped (lines), 0);
  gst_ae_json_lines_free (&lines);
  ck_assert_int_lt (g_get_monotonic_time () - start, 4 * G_USEC_PER_SEC);
  close (fd);
  forget (path);
}
GST_END_TEST;

/* The test has a process of its own: its output may go elsewhere. */
GST_START_TEST (test_a_dash_is_the_standard_output)
{
  gchar *path = temporary (), *text = NULL;
  int fd = open (path, O_WRONLY | O_CREAT, 0600), own = dup (STDOUT_FILENO);

  ck_assert_int_ge (dup2 (fd, STDOUT_FILENO), 0);
  GstAeJsonLines *lines = open_lines ("-");
  add (lines, 0, 3);
  gst_ae_json_lines_free (&lines);
  dup2 (own, STDOUT_FILENO);
  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  ck_assert_str_eq (text, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
  close (fd);
  close (own);
  g_free (text);
  forget (path);
}
GST_END_TEST;

/* Nobody reads the standard output any more: an error, not the end. */
GST_START_TEST (test_an_output_whose_reader_left_ends_nothing)
{
  int ends[2], own = dup (STDOUT_FILENO);

  ck_assert_int_eq (pipe (ends), 0);
  ck_assert_int_ge (dup2 (ends[1], STDOUT_FILENO), 0);
  close (ends[0]);
  GstAeJsonLines *lines = open_lines ("-");
  add (lines, 0, 3);
  for (guint i = 0; i < 500 && gst_ae_json_lines_dropped (lines) < 3; i++)
    g_usleep (5000);
  dup2 (own, STDOUT_FILENO);
  ck_assert_uint_eq (gst_ae_json_lines_dropped (lines), 3);
  gst_ae_json_lines_free (&lines);
  ck_assert_int_eq (told.n, 1);
  close (ends[1]);
  close (own);
}
GST_END_TEST;

static void
sleep_and_count (gpointer data)
{
  g_usleep (100000);
  g_atomic_int_inc ((gint *) data);
}

GST_START_TEST (test_a_long_function_is_waited_for_only_so_long)
{
  GstAeSideJob *job = gst_ae_side_job_new ();
  gint n = 0;

  ck_assert (gst_ae_side_job_wait (job, 0));
  ck_assert (gst_ae_side_job_wait (job, -1));
  gint64 start = g_get_monotonic_time ();
  gst_ae_side_job_start (job, sleep_and_count, &n);
  ck_assert (!gst_ae_side_job_wait (job, 0));
  ck_assert (!gst_ae_side_job_wait (job, start + 20000));
  ck_assert_int_lt (g_get_monotonic_time () - start, 90000);
  ck_assert (gst_ae_side_job_wait (job, -1));
  ck_assert_int_eq (n, 1);
  gst_ae_side_job_start (job, sleep_and_count, &n);
  gst_ae_side_job_free (&job);
  ck_assert_int_eq (n, 2);
}
GST_END_TEST;

static Suite *
beside_suite (void)
{
  Suite *s = suite_create ("beside");
  TCase *tc = tcase_create ("side");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_a_file_gets_every_line_and_was_emptied);
  tcase_add_test (tc, test_two_writers_of_a_file_keep_each_others_lines);
  tcase_add_test (tc, test_what_cannot_be_written_is_refused_by_name);
  tcase_add_test (tc, test_a_full_disk_is_told_once_and_counted);
  tcase_add_test (tc, test_a_pipe_without_reader_blocks_nobody);
  tcase_add_test (tc, test_a_reader_may_come_late_leave_and_another_come);
  tcase_add_test (tc, test_a_slow_reader_blocks_nobody);
  tcase_add_test (tc, test_a_dash_is_the_standard_output);
  tcase_add_test (tc, test_an_output_whose_reader_left_ends_nothing);
  tcase_add_test (tc, test_a_long_function_is_waited_for_only_so_long);
  return s;
}

GST_CHECK_MAIN (beside);
