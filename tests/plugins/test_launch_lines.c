/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every launch line in the elements' documentation runs to its end without an
 * error. Cameras, files and screens are replaced by what a test has. */

#include "plugin_test.h"

#include <glib/gstdio.h>
#include <string.h>

#define SOURCE \
  "videotestsrc num-buffers=30 ! video/x-raw,width=96,height=72"

static const struct {
  const gchar *what, *with;
} replacements[] = {
  { "filesrc location=[^ ]+ ! decodebin", SOURCE },
  { "v4l2src( device=[^ ]+)?", SOURCE },
  { "rtspsrc( [a-z]+=[^ ]+)* ! decodebin", SOURCE },
  { "model-file=camera.onnx ", "" }, /* the one that comes along */
  { "model-file=(vae-digits|faces).onnx ", "" },
  { "from=[^ ]+ to=[^ ]+ ", "" },
  { "is-live=true", "num-buffers=3" },
  { "filesink location=digits.png", "fakesink" },
  { "autovideosink", "fakesink" },
  { "steps=[0-9]+", "steps=3" },
  { "base-model=codec ", "" }, /* it is not of the recipe's size */
  { "leaky=downstream", "" },
  { "json-location=[^ ]+", "json-location=/dev/null" },
  { "sheet-file=[^ ]+", "post-sheets=true" },
  { "location=[^ ]+-images-idx3-ubyte.gz", "location=digits" },
  { "multifilesink location=[^ ]+", "fakesink" },
  { "gst-launch-1.0( -[a-z])*", "" },
};

/* Two pictures of 4x4. */
static gchar *
write_digits (void)
{
  guint8 idx[16 + 32] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4 };
  gchar *path = plugin_test_path ("digits");

  ck_assert (g_file_set_contents (
      path, (const gchar *) idx, sizeof idx, NULL));
  return path;
}

static gchar *
adapt (const gchar *line)
{
  gchar *digits = write_digits ();
  gchar *digits_at = g_strconcat ("location=", digits, NULL);
  gchar *own = plugin_test_path ("own.onnx");
  gchar *codec = plugin_test_path ("codec.onnx");
  gchar *filter = g_build_filename (
      g_getenv ("AE_TEST_FILTERS"), "filter_blur.onnx", NULL);
  gchar *text = g_strdup (line);

  for (gsize i = 0; i < G_N_ELEMENTS (replacements); i++) {
    GRegex *regex = g_regex_new (replacements[i].what, 0, 0, NULL);
    gchar *next = g_regex_replace_literal (
        regex, text, -1, 0, replacements[i].with, 0, NULL);
    g_free (text);
    text = next;
    g_regex_unref (regex);
  }
  GString *full = g_string_new (text);
  g_string_replace (full, "own.onnx", own, 0);
  g_string_replace (full, "mine.onnx", own, 0);
  g_string_replace (full, "codec.onnx", codec, 0);
  g_string_replace (full, "enhance.onnx", filter, 0);
  g_string_replace (full, "style.onnx", filter, 0);
  g_string_replace (full, "location=digits", digits_at, 0);
  g_free (text);
  g_free (own);
  g_free (codec);
  g_free (filter);
  g_free (digits);
  g_free (digits_at);
  return g_string_free (full, FALSE);
}

static void
run (const gchar *line)
{
  GError *error = NULL;
  gchar *launch = adapt (line);
  GstElement *pipeline = gst_parse_launch (launch, &error);

  ck_assert_msg (error == NULL, "%s: %s", launch, error ? error->message : "");
  GstBus *bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  GstMessage *message = gst_bus_timed_pop_filtered (bus, 40 * GST_SECOND,
      GST_MESSAGE_ERROR | GST_MESSAGE_WARNING | GST_MESSAGE_EOS);
  ck_assert_msg (message != NULL, "%s does not end", launch);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    gst_message_parse_warning (message, &error, NULL);
  ck_assert_msg (error == NULL, "%s: %s", launch, error ? error->message : "");
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_free (launch);
}

/* The lines of one file; their number. */
static guint
run_lines_of (const gchar *path)
{
  gchar *text = NULL;
  guint n = 0;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  gchar **lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    gchar *start = strstr (lines[i], "gst-launch-1.0 ");
    if (start != NULL && strchr (start, '!') != NULL) {
      run (start);
      n++;
    }
  }
  g_strfreev (lines);
  g_free (text);
  return n;
}

GST_START_TEST (test_documented_lines_run)
{
  guint elements = 0;
  GDir *dir = g_dir_open (PLUGIN_SOURCES, 0, NULL);
  const gchar *name;

  ck_assert (dir != NULL);
  while ((name = g_dir_read_name (dir)) != NULL) {
    if (!g_str_has_prefix (name, "gst") || !g_str_has_suffix (name, ".c"))
      continue;
    gchar *path = g_build_filename (PLUGIN_SOURCES, name, NULL);
    guint n = run_lines_of (path);
    ck_assert_msg (n >= 2, "%s has %u launch lines", name, n);
    elements++;
    g_free (path);
  }
  g_dir_close (dir);
  ck_assert_uint_ge (elements, 2);
}
GST_END_TEST;

/* A live source that gives a frame and then nothing, as a camera whose cable
 * is pulled. */
GST_START_TEST (test_a_camera_that_stops_does_not_hold_the_way_down)
{
  gchar *own = plugin_test_path ("own.onnx");
  gchar *launch = g_strdup_printf (
      "appsrc name=src is-live=true format=time "
      "caps=video/x-raw,format=I420,width=64,height=48,framerate=30/1 ! "
      "denoise ! aetrain recipe=denoise-fast steps=1000000 model-file=%s ! "
      "fakesink",
      own);
  GstElement *pipeline = gst_parse_launch (launch, NULL);
  GstElement *src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  GstFlowReturn flow = GST_FLOW_ERROR;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < 20; i++) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, 64 * 48 * 3 / 2, NULL);
    gst_buffer_memset (buffer, 0, 40 + i, -1);
    g_signal_emit_by_name (src, "push-buffer", buffer, &flow);
    ck_assert_int_eq (flow, GST_FLOW_OK);
    gst_buffer_unref (buffer);
  }
  g_usleep (500000);
  gint64 start = g_get_monotonic_time ();
  gst_element_set_state (pipeline, GST_STATE_NULL);
  ck_assert (g_get_monotonic_time () - start < G_USEC_PER_SEC);
  gst_object_unref (src);
  gst_object_unref (pipeline);
  g_remove (own);
  g_free (launch);
  g_free (own);
}
GST_END_TEST;

static Suite *
launch_lines_suite (void)
{
  Suite *s = suite_create ("launch-lines");
  TCase *tc = tcase_create ("lines");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_documented_lines_run);
  tcase_add_test (tc, test_a_camera_that_stops_does_not_hold_the_way_down);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, launch_lines_suite);
}
