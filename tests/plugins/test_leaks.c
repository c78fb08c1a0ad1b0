/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* After everything was used and let go, GStreamer's own tracer must find no
 * object alive. */

#include "plugin_test.h"

#include <glib/gstdio.h>
#include <string.h>

static GstTracer *
leaks_tracer (void)
{
  GList *tracers = gst_tracing_get_active_tracers ();
  GstTracer *found = NULL;

  for (GList *l = tracers; l != NULL; l = l->next)
    if (strcmp (G_OBJECT_TYPE_NAME (l->data), "GstLeaksTracer") == 0)
      found = gst_object_ref (l->data);
  g_list_free_full (tracers, gst_object_unref);
  return found;
}

/* The plugin's typefinder and its caps live as long as the process. */
static gboolean
is_of_registry (const gchar *line)
{
  return strstr (line, "GstTypeFindFactory") != NULL
      || strstr (line, "(GstCaps)video/x-ae,") != NULL;
}

/* How many live; appends which. */
static guint
live_objects (GstTracer *tracer, GString *text)
{
  GstStructure *info = NULL;

  g_signal_emit_by_name (tracer, "get-live-objects", &info);
  ck_assert (info != NULL);
  const GValue *list = gst_structure_get_value (info, "live-objects-list");
  guint n = 0;
  for (guint i = 0; i < gst_value_list_get_size (list); i++) {
    const GstStructure *one
        = gst_value_get_structure (gst_value_list_get_value (list, i));
    gchar *line = gst_structure_to_string (one);
    if (!is_of_registry (line)) {
      g_string_append_printf (text, "%s\n", line);
      n++;
    }
    g_free (line);
  }
  /* Not freed: its values hold the objects without references of their own,
   * so that freeing it would let go of what is to be found. */
  return n;
}

static void
push (GstHarness *h, const GstVideoInfo *info, guint n)
{
  for (guint i = 0; i < n; i++) {
    GstBuffer *in = plugin_test_picture (info, i);
    GST_BUFFER_PTS (in) = gst_util_uint64_scale (i, GST_SECOND, 30);
    gst_harness_push (h, in);
    gst_buffer_unref (gst_harness_pull (h));
  }
}

static void
use_denoise (void)
{
  static const gchar *const formats[] = { "I420", "RGB", "P010_10LE" };
  GstHarness *h = gst_harness_new_parse ("denoise");

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++) {
    GstVideoInfo info;
    GstStructure *stats = NULL;
    GstCaps *caps = plugin_test_caps (formats[i], 40, 30 + i);
    ck_assert (gst_video_info_from_caps (&info, caps));
    gst_harness_set_src_caps (h, caps);
    push (h, &info, 3);
    GstElement *denoise = gst_harness_find_element (h, "denoise");
    g_object_set (denoise, "speed-preset", (gint) i, NULL);
    g_object_get (denoise, "stats", &stats, NULL);
    gst_structure_free (stats);
    g_object_set (denoise, "model-file", i == 1 ? "/not/there" : NULL, NULL);
    gst_object_unref (denoise);
    g_usleep (20000);
  }
  gst_harness_push (h, gst_buffer_new ());
  gst_harness_teardown (h);
}

static void
use_aefilter (void)
{
  static const gchar *const names[]
      = { "filter_blur.onnx", "filter_twice.onnx", "none.onnx" };
  const gchar *folder = g_getenv ("AE_TEST_FILTERS");
  gchar *launch
      = g_strdup_printf ("aefilter model-file=%s/%s", folder, names[0]);
  GstHarness *h = gst_harness_new_parse (launch);
  GstElement *filter = gst_harness_find_element (h, "aefilter");
  GstVideoInfo info;
  GstCaps *caps = plugin_test_caps ("NV12", 40, 30);

  ck_assert (gst_video_info_from_caps (&info, caps));
  gst_harness_set_src_caps (h, caps);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    gchar *path = g_build_filename (folder, names[i], NULL);
    g_object_set (filter, "model-file", path, NULL);
    g_free (path);
    g_usleep (50000);
    push (h, &info, 3);
  }
  gst_harness_push (h, gst_buffer_new ());
  gst_object_unref (filter);
  gst_harness_teardown (h);
  g_free (launch);
}

static void
use_aetrain (void)
{
  gchar *path = plugin_test_path ("leaks.onnx");
  gchar *launch = g_strdup_printf (
      "aetrain recipe=denoise-fast steps=3 report-interval=0 model-file=%s",
      path);
  GstHarness *h = gst_harness_new_parse (launch);
  GstVideoInfo info;
  GstCaps *caps = plugin_test_caps ("NV12", 48, 48);

  ck_assert (gst_video_info_from_caps (&info, caps));
  gst_harness_set_src_caps (h, caps);
  push (h, &info, 20);
  gst_harness_push_event (h, gst_event_new_eos ());
  gst_harness_teardown (h);
  g_remove (path);
  g_free (launch);
  g_free (path);
}

static void
use_gandiscriminate (void)
{
  static const gchar *const intervals[] = { "0", "1" };

  for (gsize i = 0; i < G_N_ELEMENTS (intervals); i++) {
    GstHarness *h = gst_harness_new_parse (
        "gandiscriminate overlay=heatmap post-messages=all "
        "zones=\"a:0,0 1,0 1,1\" json-location=/dev/null");
    GstVideoInfo info;
    GstCaps *caps = plugin_test_caps ("NV12", 48, 48);
    ck_assert (gst_video_info_from_caps (&info, caps));
    gst_harness_set_src_caps (h, caps);
    GstElement *element = gst_harness_find_element (h, "gandiscriminate");
    gst_util_set_object_arg (
        G_OBJECT (element), "inference-interval", intervals[i]);
    g_signal_emit_by_name (element, "recalibrate", 1);
    push (h, &info, 20);
    g_object_set (
        element, "zones", "b:0,0 1,0 1,1", "json-location", "", NULL);
    gst_object_unref (element);
    g_usleep (100000);
    push (h, &info, 20);
    gst_harness_push_event (h, gst_event_new_eos ());
    gst_harness_teardown (h);
  }
}

static void
fail_to_start (void)
{
  static const gchar *const names[]
      = { "aefilter", "denoise", "aetrain", "aeencode", "aedecode", "gandiscriminate" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    GstElement *element = gst_element_factory_make (names[i], NULL);
    g_object_set (element, "model-file", "/not/there/either", NULL);
    ck_assert_int_eq (gst_element_set_state (element, GST_STATE_PAUSED),
        GST_STATE_CHANGE_FAILURE);
    gst_element_set_state (element, GST_STATE_NULL);
    gst_object_unref (element);
  }
}

GST_START_TEST (test_nothing_stays_alive)
{
  GstTracer *tracer = leaks_tracer ();
  ck_assert_msg (tracer != NULL, "GStreamer was built without its tracers");
  for (guint round = 0; round < 2; round++) {
    GString *text = g_string_new (NULL);
    use_denoise ();
    use_aefilter ();
    use_aetrain ();
    use_gandiscriminate ();
    fail_to_start ();
    /* a thread that ends may hold the last reference a moment longer */
    guint n = live_objects (tracer, text);
    for (guint i = 0; n > 0 && i < 100; i++) {
      g_usleep (20000);
      g_string_truncate (text, 0);
      n = live_objects (tracer, text);
    }
    ck_assert_msg (n == 0, "alive:\n%s", text->str);
    g_string_free (text, TRUE);
  }
  gst_object_unref (tracer);
}
GST_END_TEST;

static Suite *
leaks_suite (void)
{
  Suite *s = suite_create ("leaks");
  TCase *tc = tcase_create ("leaks");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_nothing_stays_alive);
  return s;
}

int
main (int argc, char **argv)
{
  g_setenv ("GST_TRACERS", "leaks", TRUE);
  return plugin_test_run (argc, argv, leaks_suite);
}
