/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models of `denoise`: files that are not one, exchange while the stream
 * runs, sharing between elements. */

#include "plugin_test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  const gchar *name;
  void (*make) (const gchar *path);
  GQuark (*domain) (void);
  gint code;
  const gchar *says;
} BadModel;

static void
make_nothing (const gchar *path)
{
}

static void
make_folder (const gchar *path)
{
  g_mkdir (path, 0700);
}

static void
make_pipe (const gchar *path)
{
  ck_assert_int_eq (mkfifo (path, 0600), 0);
}

static void
make_empty (const gchar *path)
{
  ck_assert (g_file_set_contents (path, "", 0, NULL));
}

static void
make_text (const gchar *path)
{
  ck_assert (g_file_set_contents (path, "This is no model.\n", -1, NULL));
}

static void
make_truncated (const gchar *path)
{
  gchar *source = plugin_test_path ("denoise-fast.onnx");
  gchar *bytes = NULL;
  gsize size = 0;

  ck_assert (g_file_get_contents (source, &bytes, &size, NULL));
  ck_assert (g_file_set_contents (path, bytes, size / 2, NULL));
  g_free (bytes);
  g_free (source);
}

/* Larger than memory, at no cost of disk. */
static void
make_huge (const gchar *path)
{
  make_empty (path);
  if (truncate (path, (off_t) 5 << 30) != 0)
    make_text (path);
}

static const BadModel bad_models[] = {
  { "missing", make_nothing, gst_resource_error_quark,
      GST_RESOURCE_ERROR_NOT_FOUND, "No such file" },
  { "folder", make_folder, gst_resource_error_quark,
      GST_RESOURCE_ERROR_OPEN_READ, "folder" },
  { "pipe", make_pipe, gst_resource_error_quark,
      GST_RESOURCE_ERROR_OPEN_READ, "pipe" },
  { "empty", make_empty, gst_resource_error_quark, GST_RESOURCE_ERROR_READ,
      NULL },
  { "text", make_text, gst_resource_error_quark, GST_RESOURCE_ERROR_READ,
      NULL },
  { "truncated", make_truncated, gst_resource_error_quark,
      GST_RESOURCE_ERROR_READ, NULL },
  { "huge", make_huge, gst_resource_error_quark, GST_RESOURCE_ERROR_READ,
      NULL },
  { "other-task", plugin_test_write_other_model, gst_stream_error_quark,
      GST_STREAM_ERROR_WRONG_TYPE, "denoise" },
};

/* The one message of that type on the bus; there must be no second. */
static void
check_message (GstBus *bus, GstMessageType type, const BadModel *bad,
    const gchar *path, GstClockTime timeout)
{
  GstMessage *message = gst_bus_timed_pop_filtered (bus, timeout, type);
  GError *error = NULL;

  ck_assert_msg (message != NULL, "%s: no message", bad->name);
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  ck_assert_msg (error->domain == bad->domain () && error->code == bad->code,
      "%s: %s, %d: %s", bad->name, g_quark_to_string (error->domain),
      error->code, error->message);
  ck_assert_msg (strstr (error->message, path) != NULL,
      "%s: the file is not named: %s", bad->name, error->message);
  ck_assert_msg (bad->says == NULL || strstr (error->message, bad->says),
      "%s: \"%s\" is missing: %s", bad->name, bad->says, error->message);
  g_error_free (error);
  gst_message_unref (message);
  message = gst_bus_pop_filtered (bus, type);
  ck_assert_msg (message == NULL, "%s: a second message", bad->name);
}

GST_START_TEST (test_a_bad_model_is_one_error_at_the_start)
{
  const BadModel *bad = &bad_models[__i__];
  GstElement *denoise = gst_element_factory_make ("denoise", NULL);
  GstBus *bus = gst_bus_new ();
  gchar *path = plugin_test_path (bad->name);

  bad->make (path);
  gst_element_set_bus (denoise, bus);
  g_object_set (denoise, "model-file", path, NULL);
  for (int i = 0; i < 2; i++) {
    gint64 start = g_get_monotonic_time ();
    ck_assert_int_eq (gst_element_set_state (denoise, GST_STATE_PAUSED),
        GST_STATE_CHANGE_FAILURE);
    ck_assert (g_get_monotonic_time () - start < G_USEC_PER_SEC);
    check_message (bus, GST_MESSAGE_ERROR, bad, path, 0);
    gst_element_set_state (denoise, GST_STATE_NULL);
  }
  /* The element is none the worse for it. */
  g_object_set (denoise, "model-file", NULL, NULL);
  ck_assert_int_eq (gst_element_set_state (denoise, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (denoise, GST_STATE_NULL);
  gst_element_set_bus (denoise, NULL);
  gst_object_unref (bus);
  gst_object_unref (denoise);
  g_remove (path);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_without_bundled_models_the_error_says_where_it_looked)
{
  GstElement *denoise = gst_element_factory_make ("denoise", NULL);
  GstBus *bus = gst_bus_new ();
  BadModel bad = { "nowhere", NULL, gst_resource_error_quark,
    GST_RESOURCE_ERROR_NOT_FOUND, "denoise-quality.onnx" };
  gchar *quality = plugin_test_path ("denoise-quality.onnx");
  gchar *folder = g_path_get_dirname (quality);

  /* Not in AE_MODEL_PATH; whether another folder has one depends on what is
   * installed. */
  g_remove (quality);
  gst_element_set_bus (denoise, bus);
  gst_util_set_object_arg (G_OBJECT (denoise), "speed-preset", "quality");
  if (gst_element_set_state (denoise, GST_STATE_PAUSED)
      == GST_STATE_CHANGE_FAILURE)
    check_message (bus, GST_MESSAGE_ERROR, &bad, folder, 0);
  gst_element_set_state (denoise, GST_STATE_NULL);
  plugin_test_write_model (quality, "3");
  gst_element_set_bus (denoise, NULL);
  gst_object_unref (bus);
  gst_object_unref (denoise);
  g_free (folder);
  g_free (quality);
}
GST_END_TEST;

/* A stream of one picture, over and over. */
typedef struct {
  GstHarness *h;
  GstBus *bus;
  GstVideoInfo info;
  guint n;
} Stream;

static void
open_stream (Stream *s, const gchar *launch)
{
  GstCaps *caps = plugin_test_caps ("I420", 64, 48);

  s->h = gst_harness_new_parse (launch);
  s->bus = gst_bus_new ();
  s->n = 0;
  gst_element_set_bus (s->h->element, s->bus);
  ck_assert (gst_video_info_from_caps (&s->info, caps));
  gst_harness_set_src_caps (s->h, caps);
}

static void
close_stream (Stream *s)
{
  gst_element_set_bus (s->h->element, NULL);
  gst_object_unref (s->bus);
  gst_harness_teardown (s->h);
}

static GByteArray *
one_frame (Stream *s)
{
  GstBuffer *in = plugin_test_picture (&s->info, 1);

  GST_BUFFER_PTS (in) = gst_util_uint64_scale (s->n++, GST_SECOND, 30);
  ck_assert_int_eq (gst_harness_push (s->h, in), GST_FLOW_OK);
  GstBuffer *out = gst_harness_try_pull (s->h);
  ck_assert (out != NULL);
  GByteArray *pixels = plugin_test_pixels (out, &s->info);
  gst_buffer_unref (out);
  return pixels;
}

static gboolean
equal (GByteArray *a, GByteArray *b)
{
  return a->len == b->len && memcmp (a->data, b->data, a->len) == 0;
}

static void
set_model (Stream *s, const gchar *path)
{
  GstElement *denoise = gst_harness_find_element (s->h, "denoise");

  g_object_set (denoise, "model-file", path, NULL);
  gst_object_unref (denoise);
}

#define LAUNCH \
  "denoise n-threads=1 noise-level=10 temporal=false speed-preset=fast"

GST_START_TEST (test_a_model_is_exchanged_between_two_frames)
{
  Stream s, other;
  gchar *path = plugin_test_path ("denoise-quality.onnx");

  open_stream (&other, "denoise n-threads=1 noise-level=10 temporal=false "
                       "speed-preset=quality");
  GByteArray *of_other = one_frame (&other);
  open_stream (&s, LAUNCH);
  GByteArray *of_first = one_frame (&s);
  ck_assert (!equal (of_first, of_other));

  set_model (&s, path);
  gboolean exchanged = FALSE;
  for (guint i = 0; i < 1000 && !exchanged; i++) {
    GByteArray *now = one_frame (&s);
    exchanged = equal (now, of_other);
    ck_assert (exchanged || equal (now, of_first));
    g_byte_array_unref (now);
    g_usleep (2000);
  }
  ck_assert (exchanged);
  GstMessage *message
      = gst_bus_pop_filtered (s.bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  ck_assert (message == NULL);

  g_byte_array_unref (of_first);
  g_byte_array_unref (of_other);
  g_free (path);
  close_stream (&s);
  close_stream (&other);
}
GST_END_TEST;

GST_START_TEST (test_a_bad_model_while_running_is_a_warning_and_the_old_stays)
{
  const BadModel *bad = &bad_models[__i__];
  Stream s;
  gchar *path = plugin_test_path (bad->name);

  bad->make (path);
  open_stream (&s, LAUNCH);
  GByteArray *before = one_frame (&s);
  set_model (&s, path);
  check_message (s.bus, GST_MESSAGE_WARNING, bad, path, 5 * GST_SECOND);
  GByteArray *after = one_frame (&s);
  ck_assert (equal (before, after));
  g_byte_array_unref (before);
  g_byte_array_unref (after);
  close_stream (&s);
  g_remove (path);
  g_free (path);
}
GST_END_TEST;

/* The same name, another content: what a training beside the stream does. */
GST_START_TEST (test_a_replaced_file_is_loaded_when_it_is_set_again)
{
  Stream s;
  gchar *path = plugin_test_path ("replaced.onnx");
  gboolean changed = FALSE;

  plugin_test_write_model (path, "7");
  open_stream (&s, LAUNCH);
  set_model (&s, path);
  g_usleep (200000);
  g_byte_array_unref (one_frame (&s));
  GByteArray *first = one_frame (&s);
  plugin_test_write_model (path, "8");
  set_model (&s, path);
  for (guint i = 0; i < 1000 && !changed; i++) {
    GByteArray *now = one_frame (&s);
    changed = !equal (now, first);
    g_byte_array_unref (now);
    g_usleep (2000);
  }
  ck_assert (changed);
  g_byte_array_unref (first);
  close_stream (&s);
  g_remove (path);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_a_file_deleted_while_running_does_no_harm)
{
  Stream s;
  gchar *path = plugin_test_path ("deleted.onnx");

  plugin_test_write_model (path, "9");
  gchar *launch = g_strdup_printf (
      "denoise n-threads=1 noise-level=10 temporal=false model-file=%s", path);
  open_stream (&s, launch);
  GByteArray *before = one_frame (&s);
  g_remove (path);
  GByteArray *after = one_frame (&s);
  ck_assert (equal (before, after));
  g_byte_array_unref (before);
  g_byte_array_unref (after);
  close_stream (&s);
  g_free (launch);
  g_free (path);
}
GST_END_TEST;

static gpointer
storm (gpointer data)
{
  GstElement *denoise = data;
  static const gchar *const names[]
      = { "denoise-fast.onnx", "denoise-quality.onnx", "not-there.onnx" };
  GRand *rand = g_rand_new_with_seed (42);

  for (guint i = 0; i < 400; i++) {
    gchar *path = plugin_test_path (names[g_rand_int_range (rand, 0, 3)]);
    switch (g_rand_int_range (rand, 0, 8)) {
      case 0:
        g_object_set (denoise, "model-file", path, NULL);
        break;
      case 1:
        g_object_set (denoise, "model-file", NULL, NULL);
        break;
      case 2:
        g_object_set (denoise, "model-file", "\xff\xfe bad \x01", NULL);
        break;
      case 3:
        g_object_set (
            denoise, "speed-preset", g_rand_int_range (rand, 0, 3), NULL);
        break;
      case 4:
        g_object_set (
            denoise, "n-threads", g_rand_int_range (rand, 0, 4), NULL);
        break;
      case 5:
        g_object_set (denoise, "strength",
            (gfloat) g_rand_int_range (rand, 0, 3) / 2, NULL);
        break;
      case 6:
        g_object_set (denoise, "noise-level",
            (gfloat) g_rand_double_range (rand, -1, 100), NULL);
        break;
      default:
        g_object_set (
            denoise, "temporal", g_rand_int_range (rand, 0, 2), NULL);
        break;
    }
    g_free (path);
    g_usleep (500);
  }
  g_rand_free (rand);
  return NULL;
}

GST_START_TEST (test_settings_may_change_at_any_time)
{
  Stream s;

  open_stream (&s, LAUNCH);
  GstElement *denoise = gst_harness_find_element (s.h, "denoise");
  GThread *thread = g_thread_new ("storm", storm, denoise);
  for (guint i = 0; i < 150; i++)
    g_byte_array_unref (one_frame (&s));
  gst_element_set_state (s.h->element, GST_STATE_NULL);
  g_thread_join (thread);

  gchar *long_text = g_strnfill (1 << 20, 'x');
  g_object_set (denoise, "model-file", long_text, NULL);
  ck_assert_int_eq (gst_element_set_state (s.h->element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  g_free (long_text);
  gst_object_unref (denoise);
  close_stream (&s);
}
GST_END_TEST;

/* The weights of one network, each block's first overwritten by the largest
 * number there is: the file stays valid, its results overflow. A block follows
 * its tensor's name as field 9 (raw_data): 0x4a, its length, its bytes. */
static void
write_overflowing_model (const gchar *path)
{
  const gfloat largest = G_MAXFLOAT;
  gchar *source = plugin_test_path ("denoise-fast.onnx");
  gchar *bytes = NULL;
  gsize size = 0;
  guint changed = 0;

  ck_assert (g_file_get_contents (source, &bytes, &size, NULL));
  for (gsize i = 0; i + 16 < size; i++) {
    if (memcmp (bytes + i, ".weight\x4a", 8) != 0)
      continue;
    gsize at = i + 8;
    while (bytes[at] & 0x80)
      at++;
    memcpy (bytes + at + 1, &largest, sizeof largest);
    changed++;
  }
  ck_assert_uint_ge (changed, 1);
  ck_assert (g_file_set_contents (path, bytes, size, NULL));
  g_free (bytes);
  g_free (source);
}

/* Its frames come as they were, and one message says why. */
GST_START_TEST (test_a_model_that_overflows_leaves_the_frames_alone)
{
  const BadModel bad = { "overflow", write_overflowing_model,
    gst_stream_error_quark, GST_STREAM_ERROR_DECODE, "infinite" };
  Stream s;
  gchar *path = plugin_test_path (bad.name);

  bad.make (path);
  open_stream (&s, "denoise n-threads=1 noise-level=10 speed-preset=fast");
  set_model (&s, path);
  gst_element_set_state (s.h->element, GST_STATE_NULL);
  gst_element_set_state (s.h->element, GST_STATE_PLAYING);
  GstBuffer *in = plugin_test_picture (&s.info, 1);
  GByteArray *wanted = plugin_test_pixels (in, &s.info);
  for (int i = 0; i < 4; i++) {
    GByteArray *found = one_frame (&s);
    ck_assert (equal (found, wanted));
    g_byte_array_unref (found);
  }
  check_message (s.bus, GST_MESSAGE_WARNING, &bad, path, 0);
  g_byte_array_unref (wanted);
  gst_buffer_unref (in);
  close_stream (&s);
  g_remove (path);
  g_free (path);
}
GST_END_TEST;

static gsize
resident_kib (void)
{
  gchar *text = NULL;
  gsize pages = 0;

  ck_assert (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  ck_assert_int_eq (sscanf (text, "%*u %zu", &pages), 1);
  g_free (text);
  return pages * (gsize) sysconf (_SC_PAGESIZE) / 1024;
}

#ifdef __SANITIZE_ADDRESS__ /* which keeps 256 MiB of what was freed */
#define GROWTH_KIB (272 * 1024)
#else
#define GROWTH_KIB (16 * 1024)
#endif

/* Exchanging for ever must not gather anything. */
GST_START_TEST (test_exchanging_models_does_not_leak)
{
  Stream s;
  gchar *path = plugin_test_path ("denoise-quality.onnx");
  gsize early = 0;

  open_stream (&s, LAUNCH);
  for (guint i = 0; i < 150; i++) {
    set_model (&s, i % 2 ? path : NULL);
    g_usleep (5000);
    g_byte_array_unref (one_frame (&s));
    if (i == 50)
      early = resident_kib ();
  }
  ck_assert_msg (resident_kib () < early + GROWTH_KIB, "%zu KiB, then %zu",
      early, resident_kib ());
  close_stream (&s);
  g_free (path);
}
GST_END_TEST;

static Suite *
models_suite (void)
{
  Suite *s = suite_create ("models");
  TCase *tc = tcase_create ("models");
  const int n = G_N_ELEMENTS (bad_models);

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_a_bad_model_is_one_error_at_the_start, 0, n);
  tcase_add_test (
      tc, test_without_bundled_models_the_error_says_where_it_looked);
  tcase_add_test (tc, test_a_model_is_exchanged_between_two_frames);
  tcase_add_loop_test (tc,
      test_a_bad_model_while_running_is_a_warning_and_the_old_stays, 0, n);
  tcase_add_test (tc, test_a_replaced_file_is_loaded_when_it_is_set_again);
  tcase_add_test (tc, test_a_file_deleted_while_running_does_no_harm);
  tcase_add_test (tc, test_settings_may_change_at_any_time);
  tcase_add_test (tc, test_a_model_that_overflows_leaves_the_frames_alone);
  tcase_add_test (tc, test_exchanging_models_does_not_leak);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, models_suite);
}
