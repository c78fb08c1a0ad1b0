/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Streams through `gandiscriminate` that are cut, slow, odd or wrong, and
 * settings that are. */

#include "discriminate_harness.h"

#include <glib/gstdio.h>
#include <gst/base/gstbasetransform.h>
#include <png.h>
#include <sys/stat.h>

/* Wrong from the start. */

static void
expect_no_start (const gchar *launch, GQuark domain, gint code,
    const gchar *says)
{
  GstElement *element = gst_parse_launch (launch, NULL);
  Scene s = { .element = element, .bus = gst_bus_new () };

  gst_element_set_bus (element, s.bus);
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq (gst_element_set_state (element, GST_STATE_PAUSED),
        GST_STATE_CHANGE_FAILURE);
    scene_expect_trouble (&s, GST_MESSAGE_ERROR, domain, code, says);
    scene_expect_no_trouble (&s);
    gst_element_set_state (element, GST_STATE_NULL);
  }
  gst_element_set_bus (element, NULL);
  gst_object_unref (s.bus);
  gst_object_unref (element);
}

static void
expect_no_start_with (const gchar *property, const gchar *path, GQuark domain,
    gint code)
{
  gchar *launch = g_strdup_printf ("gandiscriminate %s=%s", property, path);

  expect_no_start (launch, domain, code, path);
  g_free (launch);
}

GST_START_TEST (test_without_a_model_the_error_says_where_it_looked)
{
  g_setenv ("AE_MODEL_PATH", "/not/there", TRUE);
  GstElement *element = gst_element_factory_make ("gandiscriminate", NULL);
  gboolean bundled = gst_element_set_state (element, GST_STATE_PAUSED)
      != GST_STATE_CHANGE_FAILURE;
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  if (bundled) /* with the plugin, or installed */
    return;
  GstBus *bus = gst_bus_new ();
  element = gst_element_factory_make ("gandiscriminate", NULL);
  Scene s = { .element = element, .bus = bus };
  gst_element_set_bus (element, bus);
  gst_element_set_state (element, GST_STATE_PAUSED);
  scene_expect_trouble (&s, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND, "anomaly.onnx is in none of: /not/there");
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  gst_object_unref (element);
}
GST_END_TEST;

GST_START_TEST (test_wrong_models_are_errors_at_the_start)
{
  gchar *other = plugin_test_path ("denoise-fast.onnx");
  gchar *text = plugin_test_path ("text.onnx");

  ck_assert (g_file_set_contents (text, "This is no model.\n", -1, NULL));
  expect_no_start_with ("model-file", other, GST_STREAM_ERROR,
      GST_STREAM_ERROR_WRONG_TYPE);
  expect_no_start_with ("model-file", text, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_READ);
  expect_no_start_with ("model-file", "/not/there.onnx", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND);
  g_remove (text);
  g_free (other);
  g_free (text);
}
GST_END_TEST;

GST_START_TEST (test_wrong_zones_are_an_error_at_the_start)
{
  expect_no_start ("gandiscriminate zones=\"door:0,0 1.2,0 1,1\"",
      GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
      "1.2,0 of zone \"door\" is outside");
  expect_no_start ("gandiscriminate zones=door", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "found \"door\"");
}
GST_END_TEST;

GST_START_TEST (test_unusable_mask_files_are_errors_at_the_start)
{
  gchar *text = plugin_test_path ("text.png");

  ck_assert (g_file_set_contents (text, "This is no picture.\n", -1, NULL));
  expect_no_start_with (
      "mask-file", text, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ);
  expect_no_start_with ("mask-file", "/not/there.png", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND);
  g_remove (text);
  g_free (text);
}
GST_END_TEST;

GST_START_TEST (test_an_unwritable_json_location_is_an_error_at_the_start)
{
  expect_no_start_with ("json-location", "/not/there/lines",
      GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE);
  expect_no_start_with (
      "json-location", "/", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE);
}
GST_END_TEST;

static void
write_mask (const gchar *path, guint width, guint height, guint8 grey)
{
  png_image image = { .version = PNG_IMAGE_VERSION };
  guint8 *pixels = g_malloc (width * height);

  memset (pixels, grey, width * height);
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_GRAY;
  ck_assert (png_image_write_to_file (&image, path, 0, pixels, 0, NULL));
  g_free (pixels);
}

static void
expect_mask_refused (guint width, guint height, guint8 grey, GQuark domain,
    gint code, const gchar *says)
{
  gchar *path = plugin_test_path ("mask.png");
  gchar *launch = g_strdup_printf (EACH "mask-file=%s", path);
  Scene s;

  write_mask (path, width, height, grey);
  scene_open (&s, launch);
  ck_assert_int_eq (gst_harness_push (s.h, scene_picture (&s, 60, -1, -1)),
      GST_FLOW_NOT_NEGOTIATED);
  scene_expect_trouble (&s, GST_MESSAGE_ERROR, domain, code, says);
  scene_close (&s);
  g_remove (path);
  g_free (launch);
  g_free (path);
}

/* Sticky caps come again with each event and buffer. */
GST_START_TEST (test_other_proportions_are_one_error)
{
  Scene s;

  scene_open_bare (&s, EACH);
  scene_caps (&s, "GRAY8", 160, 120);
  for (guint i = 0; i < 3; i++)
    ck_assert_int_eq (gst_harness_push (s.h, scene_picture (&s, 60, -1, -1)),
        GST_FLOW_NOT_NEGOTIATED);
  scene_expect_trouble (&s, GST_MESSAGE_ERROR, GST_STREAM_ERROR,
      GST_STREAM_ERROR_WRONG_TYPE, "160x120 (1.333 to 1)");
  scene_expect_no_trouble (&s);
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_a_mask_that_does_not_fit_is_an_error)
{
  expect_mask_refused (64, 48, 255, GST_STREAM_ERROR,
      GST_STREAM_ERROR_WRONG_TYPE, "128 x 128, found 64 x 48");
  expect_mask_refused (64, 64, 0, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "mask-file: nothing is left to look at");
}
GST_END_TEST;

GST_START_TEST (test_zones_that_leave_nothing_are_named)
{
  Scene s;

  scene_open_bare (&s, EACH "zones=\"door:0.5,0.5 0.51,0.5 0.5,0.51\"");
  scene_caps (&s, "GRAY8", SIZE, SIZE);
  ck_assert_int_eq (gst_harness_push (s.h, scene_picture (&s, 60, -1, -1)),
      GST_FLOW_NOT_NEGOTIATED);
  scene_expect_trouble (&s, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "zones: nothing is left to look at");
  scene_expect_no_trouble (&s);
  scene_close (&s);
}
GST_END_TEST;

/* Wrong while the stream runs: a warning, and all stays. */

GST_START_TEST (test_wrong_settings_while_running_change_nothing)
{
  Scene s;
  gchar *other = plugin_test_path ("denoise-fast.onnx");
  gchar *mask = plugin_test_path ("mask.png");

  write_mask (mask, 64, 48, 255);
  scene_open (&s, EACH);
  scene_run (&s, 10, 0);
  scene_set (&s, "zones", "door:0,0 1,0");
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "2 points");
  g_object_set (s.element, "zones", NULL, "model-file", other, NULL);
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
      GST_STREAM_ERROR_WRONG_TYPE, other);
  g_object_set (s.element, "model-file", NULL, "mask-file", mask, NULL);
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
      GST_STREAM_ERROR_WRONG_TYPE, "128 x 128, found 64 x 48");
  scene_set (&s, "json-location", "/not/there/lines");
  scene_run (&s, 10, 5);
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_OPEN_WRITE, "/not/there/lines");
  gchar *events = scene_events (&s);
  ck_assert_int_eq (events[0], 'b');
  g_free (events);
  scene_close (&s);
  g_remove (mask);
  g_free (mask);
  g_free (other);
}
GST_END_TEST;

/* Another file of the same content counts as another model here. */
GST_START_TEST (test_a_model_is_exchanged_while_the_stream_runs)
{
  Scene s;
  gchar *path = plugin_test_path ("other-anomaly.onnx");
  gboolean exchanged = FALSE;

  plugin_test_write_anomaly_model (path);
  scene_open (&s, EACH);
  scene_run (&s, 5, 0);
  g_object_set (s.element, "model-file", path, NULL);
  for (guint i = 0; i < 1000 && !exchanged; i++) {
    gboolean inferred;
    scene_score (scene_quiet (&s), &inferred);
    exchanged = !inferred; /* it has not seen a frame before */
    g_usleep (2000);
  }
  ck_assert (exchanged);
  scene_run (&s, 20, 5);
  gchar *events = scene_events (&s);
  ck_assert_int_eq (events[0], 'b');
  g_free (events);
  scene_expect_no_trouble (&s);
  scene_close (&s);
  g_remove (path);
  g_free (path);
}
GST_END_TEST;

/* JSON that goes nowhere: a line for each frame, also of those that are not
 * scored. */

static void
expect_dropped_lines (const gchar *location, gint code, const gchar *says)
{
  gchar *launch = g_strdup_printf (
      "gandiscriminate inference-interval=1000 json-location=%s", location);
  Scene s;

  scene_open (&s, launch);
  gint64 start = g_get_monotonic_time ();
  scene_run (&s, 1200, 0);
  ck_assert_int_lt (g_get_monotonic_time () - start, 5 * G_USEC_PER_SEC);
  scene_expect_trouble (
      &s, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR, code, says);
  for (guint i = 0; i < 500 && scene_stat (&s, "json-dropped") < 100; i++)
    g_usleep (5000);
  ck_assert_uint_ge (scene_stat (&s, "json-dropped"), 100);
  ck_assert_uint_eq (scene_stat (&s, "dropped"), 0);
  scene_expect_no_trouble (&s);
  start = g_get_monotonic_time ();
  gst_element_set_state (s.h->element, GST_STATE_NULL);
  ck_assert_int_lt (g_get_monotonic_time () - start, 2 * G_USEC_PER_SEC);
  scene_close (&s);
  g_free (launch);
}

GST_START_TEST (test_a_full_disk_does_not_hold_the_stream)
{
  expect_dropped_lines (
      "/dev/full", GST_RESOURCE_ERROR_NO_SPACE_LEFT, "/dev/full");
}
GST_END_TEST;

GST_START_TEST (test_a_pipe_without_reader_does_not_hold_the_stream)
{
  gchar *path = plugin_test_path ("pipe");

  ck_assert_int_eq (mkfifo (path, 0600), 0);
  expect_dropped_lines (path, GST_RESOURCE_ERROR_WRITE, "reader");
  g_remove (path);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_the_json_location_may_change_while_the_stream_runs)
{
  Scene s;
  gchar *paths[2] = { plugin_test_path ("a"), plugin_test_path ("b") };

  scene_open (&s, EACH);
  for (guint i = 0; i < 2; i++) {
    scene_run (&s, 5, 0);
    g_object_set (s.element, "json-location", paths[i], NULL);
    scene_run (&s, 10, 0);
  }
  scene_set (&s, "json-location", "");
  scene_run (&s, 5, 0);
  scene_close (&s);
  for (guint i = 0; i < 2; i++) {
    gchar *text = NULL;
    guint lines = 0;
    /* The one before the last is closed beside the stream. */
    for (guint wait = 0; wait < 200 && lines < (i == 0 ? 15 : 10); wait++) {
      g_clear_pointer (&text, g_free);
      ck_assert (g_file_get_contents (paths[i], &text, NULL, NULL));
      lines = 0;
      for (const gchar *p = text; *p; p++)
        lines += *p == '\n';
      g_usleep (5000);
    }
    ck_assert_uint_eq (lines, i == 0 ? 15 : 10);
    g_free (text);
    g_remove (paths[i]);
    g_free (paths[i]);
  }
}
GST_END_TEST;

/* Interruptions. */

typedef void (*Interruption) (Scene *s, GstBuffer *next);

static void
interrupt_flush (Scene *s, GstBuffer *next)
{
  GstSegment segment;

  ck_assert (gst_harness_push_event (s->h, gst_event_new_flush_start ()));
  ck_assert (gst_harness_push_event (s->h, gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  ck_assert (gst_harness_push_event (s->h, gst_event_new_segment (&segment)));
}

static void
interrupt_segment (Scene *s, GstBuffer *next)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = GST_SECOND;
  ck_assert (gst_harness_push_event (s->h, gst_event_new_segment (&segment)));
}

static void
interrupt_stream (Scene *s, GstBuffer *next)
{
  ck_assert (
      gst_harness_push_event (s->h, gst_event_new_stream_start ("other")));
  interrupt_segment (s, next);
}

static void
interrupt_discont (Scene *s, GstBuffer *next)
{
  GST_BUFFER_FLAG_SET (next, GST_BUFFER_FLAG_DISCONT);
}

static void
interrupt_jump (Scene *s, GstBuffer *next)
{
  GST_BUFFER_PTS (next) += 10 * GST_SECOND;
}

static void
interrupt_back (Scene *s, GstBuffer *next)
{
  GST_BUFFER_PTS (next) = 0;
}

/* The event ends, and what comes next is a first frame. */
GST_START_TEST (test_an_interrupted_stream_forgets_earlier_frames)
{
  static const Interruption ways[] = { NULL, interrupt_flush,
    interrupt_segment, interrupt_stream, interrupt_discont, interrupt_jump,
    interrupt_back };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++) {
    Scene s;
    gboolean inferred;
    scene_open (&s, EACH);
    scene_run (&s, 20, 5);
    scene_expect_events (&s, "b");
    GstBuffer *in = scene_picture (&s, 60, 8, 30);
    if (ways[i] != NULL)
      ways[i](&s, in);
    gdouble score = scene_score (scene_push (&s, in), &inferred);
    ck_assert_int_eq (inferred, ways[i] == NULL);
    ck_assert (ways[i] == NULL || score == 0);
    scene_expect_events (&s, ways[i] == NULL ? "" : "e");
    scene_close (&s);
  }
}
GST_END_TEST;

GST_START_TEST (test_the_end_and_new_caps_end_an_event)
{
  for (guint way = 0; way < 3; way++) {
    Scene s;
    scene_open (&s, EACH);
    scene_run (&s, 20, 5);
    scene_expect_events (&s, "b");
    if (way == 0)
      gst_harness_push_event (s.h, gst_event_new_eos ());
    else if (way == 1)
      scene_caps (&s, "GRAY8", 64, 64);
    else
      gst_element_set_state (s.h->element, GST_STATE_READY);
    GstStructure *m = scene_message (&s, "gandiscriminate");
    ck_assert (m != NULL);
    ck_assert_str_eq (gst_structure_get_string (m, "event"), "end");
    gst_structure_free (m);
    scene_expect_events (&s, "");
    scene_close (&s);
  }
}
GST_END_TEST;

GST_START_TEST (test_size_and_format_change_with_every_few_frames)
{
  static const gchar *const formats[] = { "I420", "NV12", "GRAY8", "RGB",
    "BGRx", "P010_10LE", "Y444" };
  Scene s;
  guint32 random = 12345;

  scene_open_bare (&s, EACH "overlay=heatmap");
  for (guint i = 0; i < 60; i++) {
    random = random * 1664525 + 1013904223;
    gint size = 32 + (random >> 16) % 100;
    scene_caps (&s, formats[(random >> 8) % G_N_ELEMENTS (formats)], size,
        size);
    for (guint frame = 0; frame < 3; frame++) {
      GstBuffer *in = plugin_test_picture (&s.info, frame);
      GST_BUFFER_PTS (in) = (3 * i + frame) * GST_SECOND / 30;
      gst_buffer_unref (scene_push (&s, in));
    }
  }
  ck_assert_uint_eq (scene_stat (&s, "processed"), 180);
  scene_expect_no_trouble (&s);
  scene_close (&s);
}
GST_END_TEST;

/* Odd streams. */

static void
run_black (Scene *s, guint n)
{
  for (guint i = 0; i < n; i++) {
    GstBuffer *in = scene_picture (s, 0, -1, -1);
    gst_buffer_memset (in, 0, 16, -1);
    gst_buffer_unref (scene_push (s, in));
  }
}

static void
expect_covered (Scene *s, gboolean wanted)
{
  GstStructure *m = scene_message (s, "gandiscriminate-covered");
  gboolean covered = !wanted;
  gdouble contrast = -1;

  ck_assert (m != NULL);
  ck_assert (gst_structure_get (m, "covered", G_TYPE_BOOLEAN, &covered,
      "contrast", G_TYPE_DOUBLE, &contrast, NULL));
  ck_assert_int_eq (covered, wanted);
  ck_assert (wanted ? contrast >= 0 && contrast < 2 : contrast >= 2);
  gst_structure_free (m);
}

static guint
count_in_file (const gchar *path, const gchar *what)
{
  gchar *text = NULL;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  gchar **parts = g_strsplit (text, what, -1);
  guint n = g_strv_length (parts) - 1;
  g_strfreev (parts);
  g_free (text);
  return n;
}

GST_START_TEST (test_a_covered_camera_is_told_once_and_so_is_its_end)
{
  Scene s;
  gchar *path = plugin_test_path ("covered.jsonl");
  gchar *launch = g_strdup_printf (EACH "json-location=%s", path);

  scene_open (&s, launch);
  scene_run (&s, 20, 0);
  run_black (&s, 20);
  scene_run (&s, 20, 0);
  ck_assert (scene_message (&s, "gandiscriminate-covered") == NULL);
  run_black (&s, 60);
  expect_covered (&s, TRUE);
  ck_assert (scene_message (&s, "gandiscriminate-covered") == NULL);
  scene_run (&s, 20, 0);
  expect_covered (&s, FALSE);
  scene_set (&s, "post-messages", "none");
  run_black (&s, 60);
  ck_assert (scene_message (&s, "gandiscriminate-covered") == NULL);
  scene_close (&s);
  ck_assert_uint_eq (count_in_file (path, "\"covered\":true"), 2);
  ck_assert_uint_eq (count_in_file (path, "\"covered\":false"), 1);
  g_remove (path);
  g_free (launch);
  g_free (path);
}
GST_END_TEST;

/* Black frames: scored as any others, and told by their contrast. */
GST_START_TEST (test_black_frames_have_no_contrast)
{
  Scene s;

  scene_open (&s, EACH "post-messages=all");
  for (guint i = 0; i < 60; i++) {
    GstBuffer *in = scene_picture (&s, 0, -1, -1);
    gdouble contrast = -1;
    gst_buffer_memset (in, 0, 0, -1);
    scene_score (scene_push (&s, in), NULL);
    GstStructure *m = scene_message (&s, "gandiscriminate");
    ck_assert (gst_structure_get_double (m, "contrast", &contrast));
    ck_assert (contrast >= 0 && contrast < 0.1);
    gst_structure_free (m);
  }
  scene_expect_no_trouble (&s);
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_one_frame_and_none_are_streams_too)
{
  for (guint n = 0; n < 2; n++) {
    Scene s;
    scene_open (&s, EACH);
    scene_run (&s, n, 0);
    g_signal_emit_by_name (s.element, "recalibrate", 1);
    ck_assert (gst_harness_push_event (s.h, gst_event_new_eos ()));
    scene_expect_events (&s, "");
    scene_expect_no_trouble (&s); /* the request came after the last frame */
    scene_close (&s);
  }
}
GST_END_TEST;

GST_START_TEST (test_frames_without_times_are_scored)
{
  Scene s;

  scene_open (&s, EACH);
  for (guint i = 0; i < 30; i++) {
    GstBuffer *in = i < 20 ? scene_picture (&s, 60, -1, -1)
                           : scene_picture (&s, 60, 4, (i % 2) * 70);
    GST_BUFFER_PTS (in) = GST_BUFFER_DURATION (in) = GST_CLOCK_TIME_NONE;
    gst_buffer_unref (scene_push (&s, in));
  }
  gchar *events = scene_events (&s);
  ck_assert_int_eq (events[0], 'b');
  g_free (events);
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_buffers_that_are_no_pictures_pass_with_one_warning)
{
  Scene s;

  scene_open (&s, EACH "overlay=score");
  for (guint i = 0; i < 10; i++) {
    GstBuffer *bad = gst_buffer_new_allocate (NULL, i * 100, NULL);
    gst_buffer_unref (scene_push (&s, bad));
  }
  scene_run (&s, 2, 0);
  ck_assert_uint_eq (scene_stat (&s, "unusable"), 10);
  ck_assert_uint_eq (scene_stat (&s, "processed"), 2);
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FORMAT, "128 x 128");
  scene_expect_no_trouble (&s);
  scene_close (&s);
}
GST_END_TEST;

/* Whoever is late: all frames pass. */
GST_START_TEST (test_quality_of_service_drops_nothing)
{
  Scene s;

  scene_open (&s, EACH "qos=true");
  scene_run (&s, 2, 0);
  ck_assert (gst_harness_push_upstream_event (s.h,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2.0, GST_SECOND, 0)));
  scene_run (&s, 20, 0); /* asserts that each comes out */
  ck_assert_uint_eq (scene_stat (&s, "dropped"), 0);
  GstEvent *event = NULL;
  gboolean upstream = FALSE;
  while ((event = gst_harness_try_pull_upstream_event (s.h))) {
    upstream = upstream || GST_EVENT_TYPE (event) == GST_EVENT_QOS;
    gst_event_unref (event);
  }
  ck_assert (upstream);
  scene_close (&s);
}
GST_END_TEST;

static gboolean
answer_not_live (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

/* A recording: every frame is scored, but those that come too late anyway. */
GST_START_TEST (test_a_late_recording_passes_with_the_last_score)
{
  Scene s;

  scene_open (&s, "gandiscriminate");
  gst_pad_set_query_function (s.h->srcpad, answer_not_live);
  scene_run (&s, 30, 0);
  ck_assert_uint_eq (scene_stat (&s, "processed"), 30);
  ck_assert (gst_harness_push_upstream_event (s.h,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2.0, GST_SECOND / 2,
          GST_SECOND)));
  scene_run (&s, 30, 0); /* to 2 s */
  ck_assert_uint_eq (scene_stat (&s, "processed"), 30);
  scene_run (&s, 10, 0);
  ck_assert_uint_eq (scene_stat (&s, "processed"), 40);
  ck_assert_uint_ge (scene_stat (&s, "skipped"), 30);
  scene_close (&s);
}
GST_END_TEST;

/* Frames of which each takes longer to score than it lasts. */
GST_START_TEST (test_slow_scoring_neither_stalls_nor_drops_a_live_stream)
{
  Scene s;
  const guint n = 100;

  scene_open_bare (&s, "gandiscriminate n-threads=1");
  scene_caps (&s, "GRAY8", 4096, 4096);
  GstBuffer *one = scene_picture (&s, 60, -1, -1);
  gint64 start = g_get_monotonic_time ();
  for (guint i = 0; i < n; i++) {
    GstBuffer *in = gst_buffer_copy (one);
    GST_BUFFER_PTS (in) = i * GST_MSECOND;
    GST_BUFFER_DURATION (in) = GST_MSECOND;
    GstBuffer *out = scene_push (&s, in);
    ck_assert_ptr_eq (gst_buffer_peek_memory (out, 0),
        gst_buffer_peek_memory (one, 0));
    gst_buffer_unref (out);
  }
  gint64 took = g_get_monotonic_time () - start;
  guint64 processed = scene_stat (&s, "processed");
  ck_assert_uint_lt (processed, n);
  /* Half a frame's time for each, not a scoring. */
  ck_assert_msg (took < n * 500 + 2 * G_USEC_PER_SEC, "%" G_GINT64_FORMAT,
      took);
  gst_harness_push_event (s.h, gst_event_new_eos ());
  gst_buffer_unref (one);
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_latency_is_that_of_upstream)
{
  Scene s;

  scene_open (&s, EACH);
  gst_harness_set_upstream_latency (s.h, 40 * GST_MSECOND);
  ck_assert_uint_eq (gst_harness_query_latency (s.h), 40 * GST_MSECOND);
  scene_close (&s);
}
GST_END_TEST;

static gpointer
storm (gpointer data)
{
  static const struct {
    const gchar *property, *value;
  } settings[] = { { "zones", "" }, { "zones", "a:0,0 1,0 1,1" },
    { "zones", "wrong" }, { "n-threads", "1" }, { "n-threads", "2" },
    { "score", "motion" }, { "score", "fused" }, { "threshold", "0" },
    { "threshold", "0.7" }, { "inference-interval", "0" },
    { "inference-interval", "1" }, { "inference-interval", "7" },
    { "overlay", "heatmap" }, { "overlay", "none" },
    { "post-messages", "all" }, { "post-messages", "none" },
    { "json-location", "/dev/null" }, { "json-location", "/dev/full" },
    { "json-location", "" }, { "mask-file", "/not/there" },
    { "mask-file", "" }, { "model-file", "/not/there" },
    { "model-file", "" }, { "false-alarms-per-hour", "10" },
    { "hold-time", "0" }, { "min-duration", "100000000" } };
  GRand *rand = g_rand_new_with_seed (42);

  for (guint i = 0; i < 500; i++) {
    guint which = g_rand_int_range (rand, 0, G_N_ELEMENTS (settings));
    gst_util_set_object_arg (
        data, settings[which].property, settings[which].value);
    if (i % 50 == 0)
      g_signal_emit_by_name (data, "recalibrate", 1);
    g_usleep (500);
  }
  g_rand_free (rand);
  return NULL;
}

GST_START_TEST (test_settings_may_change_at_any_time)
{
  Scene s;

  scene_open (&s, EACH);
  GThread *thread = g_thread_new ("storm", storm, s.element);
  for (guint i = 0; i < 40; i++)
    scene_run (&s, 5, 5);
  g_thread_join (thread);
  scene_run (&s, 5, 5);
  ck_assert_uint_eq (scene_stat (&s, "dropped"), 0);
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_the_element_works_again_after_eos_and_after_ready)
{
  Scene s;

  scene_open (&s, EACH);
  scene_run (&s, 3, 0);
  ck_assert (gst_harness_push_event (s.h, gst_event_new_eos ()));
  for (int i = 0; i < 3; i++) {
    GstSegment segment;
    gst_element_set_state (s.h->element, GST_STATE_READY);
    ck_assert_int_eq (gst_element_set_state (s.h->element, GST_STATE_PLAYING),
        GST_STATE_CHANGE_SUCCESS);
    gst_harness_push_event (s.h, gst_event_new_stream_start ("again"));
    GstCaps *caps = gst_video_info_to_caps (&s.info);
    gst_harness_push_event (s.h, gst_event_new_caps (caps));
    gst_caps_unref (caps);
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (s.h, gst_event_new_segment (&segment));
    scene_run (&s, 20, 5);
    ck_assert_uint_eq (scene_stat (&s, "processed"), 25);
    GstStructure *m = scene_message (&s, "gandiscriminate");
    guint64 id = 0;
    ck_assert (gst_structure_get_uint64 (m, "event-id", &id));
    ck_assert_uint_eq (id, 1);
    gst_structure_free (m);
  }
  scene_close (&s);
}
GST_END_TEST;

static Suite *
discriminate_stream_suite (void)
{
  Suite *s = suite_create ("discriminate_stream");
  TCase *tc = tcase_create ("stream");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_without_a_model_the_error_says_where_it_looked);
  tcase_add_test (tc, test_wrong_models_are_errors_at_the_start);
  tcase_add_test (tc, test_wrong_zones_are_an_error_at_the_start);
  tcase_add_test (tc, test_unusable_mask_files_are_errors_at_the_start);
  tcase_add_test (
      tc, test_an_unwritable_json_location_is_an_error_at_the_start);
  tcase_add_test (tc, test_other_proportions_are_one_error);
  tcase_add_test (tc, test_a_mask_that_does_not_fit_is_an_error);
  tcase_add_test (tc, test_zones_that_leave_nothing_are_named);
  tcase_add_test (tc, test_wrong_settings_while_running_change_nothing);
  tcase_add_test (tc, test_a_model_is_exchanged_while_the_stream_runs);
  tcase_add_test (tc, test_a_full_disk_does_not_hold_the_stream);
  tcase_add_test (tc, test_a_pipe_without_reader_does_not_hold_the_stream);
  tcase_add_test (
      tc, test_the_json_location_may_change_while_the_stream_runs);
  tcase_add_test (tc, test_an_interrupted_stream_forgets_earlier_frames);
  tcase_add_test (tc, test_the_end_and_new_caps_end_an_event);
  tcase_add_test (tc, test_size_and_format_change_with_every_few_frames);
  tcase_add_test (tc, test_black_frames_have_no_contrast);
  tcase_add_test (tc, test_a_covered_camera_is_told_once_and_so_is_its_end);
  tcase_add_test (tc, test_one_frame_and_none_are_streams_too);
  tcase_add_test (tc, test_frames_without_times_are_scored);
  tcase_add_test (
      tc, test_buffers_that_are_no_pictures_pass_with_one_warning);
  tcase_add_test (tc, test_quality_of_service_drops_nothing);
  tcase_add_test (tc, test_a_late_recording_passes_with_the_last_score);
  tcase_add_test (
      tc, test_slow_scoring_neither_stalls_nor_drops_a_live_stream);
  tcase_add_test (tc, test_latency_is_that_of_upstream);
  tcase_add_test (tc, test_settings_may_change_at_any_time);
  tcase_add_test (tc, test_the_element_works_again_after_eos_and_after_ready);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, discriminate_stream_suite);
}
