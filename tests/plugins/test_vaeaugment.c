/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* vaeaugment: how many frames become of one, their times, labels and pictures,
 * and what cannot be varied. */
#include "sampler_harness.h"

static GstHarness *
open_filter (const gchar *kind, const gchar *rest, const gchar *caps)
{
  gchar *path = sampler_model (kind);
  gchar *line = g_strdup_printf ("vaeaugment model-file=%s %s", path, rest);
  GstHarness *h = gst_harness_new_parse (line);

  g_free (line);
  g_free (path);
  gst_harness_set_src_caps_str (h, caps);
  return h;
}

#define GREY "video/x-raw,format=GRAY8,width=8,height=6,framerate=10/1"

/* Quarters of 40, 90, 140 and 190. */
static GstBuffer *
make_picture (gint width, guint number)
{
  GstVideoInfo info;
  GstVideoFrame frame;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, (guint) width,
      (guint) (width * H / W));
  GstBuffer *buffer
      = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&info), NULL);
  ck_assert (gst_video_frame_map (&frame, &info, buffer, GST_MAP_WRITE));
  for (gint y = 0; y < width * H / W; y++)
    for (gint x = 0; x < width; x++)
      ((guint8 *) GST_VIDEO_FRAME_PLANE_DATA (
          &frame, 0))[y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0) + x]
          = (guint8) (40
              + 50 * (y / (width * H / W / 2) * 2 + x / (width / 2)));
  gst_video_frame_unmap (&frame);
  GST_BUFFER_PTS (buffer) = number * 100 * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = 100 * GST_MSECOND;
  return buffer;
}

static void
add_label (GstBuffer *buffer, gint label)
{
  static const gchar *tags[] = { NULL };

  if (gst_meta_get_info ("GstAeLabelMeta") == NULL)
    gst_meta_register_custom ("GstAeLabelMeta", tags, NULL, NULL, NULL);
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, "GstAeLabelMeta");
  gst_structure_set (gst_custom_meta_get_structure (meta), "label", G_TYPE_INT,
      label, "index", G_TYPE_UINT64, (guint64) 9, NULL);
}

static gboolean
is_generated (GstBuffer *buffer)
{
  return gst_buffer_get_custom_meta (buffer, "GstAeGeneratedMeta") != NULL;
}

GST_START_TEST (test_frames_are_followed_by_variations)
{
  gboolean passes = __i__ == 0;
  GstHarness *h = open_filter (
      "vae", passes ? "copies=3" : "copies=4 pass-original=false", GREY);

  for (guint n = 0; n < 3; n++) {
    GstBuffer *in = make_picture (W, n);
    add_label (in, (gint) n);
    gst_harness_push (h, in);
    for (guint i = 0; i < 4; i++) {
      GstBuffer *buffer = gst_harness_pull (h);
      ck_assert_uint_eq (
          GST_BUFFER_PTS (buffer), (n * 100 + i * 25) * GST_MSECOND);
      ck_assert_uint_eq (GST_BUFFER_DURATION (buffer), 25 * GST_MSECOND);
      ck_assert_int_eq (label_of (buffer), n);
      if (passes && i == 0)
        ck_assert (!is_generated (buffer));
      else
        assert_generated (buffer, "vaeaugment", "variation", n * 4 + i);
      gst_buffer_unref (buffer);
    }
  }
  ck_assert_uint_eq (gst_harness_buffers_in_queue (h), 0);
  GstCaps *caps = gst_pad_get_current_caps (h->sinkpad);
  gint fps_n, fps_d;
  ck_assert (gst_structure_get_fraction (gst_caps_get_structure (caps, 0),
      "framerate", &fps_n, &fps_d));
  ck_assert_int_eq (fps_n, 40 * fps_d);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* At a temperature of 0 they are the picture that the code gives. */
GST_START_TEST (test_variations_lie_around_the_picture)
{
  GstHarness *h = open_filter (
      "vae", "copies=200 pass-original=false", GREY);
  GstHarness *still = open_filter ("vae", "temperature=0", GREY);
  gdouble squares = 0;

  gst_harness_push (h, make_picture (W, 0));
  for (guint i = 0; i < 200; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    gdouble off = quarter_at (buffer, W, 1) - 90.0;
    squares += off * off;
    gst_buffer_unref (buffer);
  }
  assert_near (sqrt (squares / 200), 25.5, 5);
  gst_harness_push (still, make_picture (W, 0));
  for (guint i = 0; i < 2; i++) {
    GstBuffer *buffer = gst_harness_pull (still);
    for (gint k = 0; k < QUARTERS; k++)
      ck_assert_int_le (
          ABS (quarter_at (buffer, W, (guint) k) - (40 + 50 * k)), 1);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (still);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* Of a plain code they are what codes differ by: 1 of a standard normal one. */
GST_START_TEST (test_plain_codes_vary_as_codes_do)
{
  GstHarness *h = open_filter ("plain",
      "copies=200 pass-original=false temperature=0.1", GREY);
  gdouble squares = 0;

  gst_harness_push (h, make_picture (W, 0));
  for (guint i = 0; i < 200; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    gdouble off = quarter_at (buffer, W, 1) - 90.0;
    squares += off * off;
    gst_buffer_unref (buffer);
  }
  assert_near (sqrt (squares / 200), 25.5, 6);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_the_same_seed_gives_the_same_variations)
{
  GstHarness *a = open_filter ("vae", "copies=5 seed=3", GREY);
  GstHarness *b = open_filter ("vae", "copies=5 seed=3", GREY);
  GstHarness *c = open_filter ("vae", "copies=5 seed=4", GREY);
  guint differ = 0;

  gst_harness_push (a, make_picture (W, 0));
  gst_harness_push (b, make_picture (W, 0));
  gst_harness_push (c, make_picture (W, 0));
  for (guint i = 0; i < 6; i++) {
    GstBuffer *x = gst_harness_pull (a), *y = gst_harness_pull (b);
    GstBuffer *z = gst_harness_pull (c);
    ck_assert_int_eq (quarter_at (x, W, 2), quarter_at (y, W, 2));
    differ += quarter_at (x, W, 2) != quarter_at (z, W, 2);
    gst_buffer_unref (x);
    gst_buffer_unref (y);
    gst_buffer_unref (z);
  }
  ck_assert_uint_ge (differ, 3);
  gst_harness_teardown (a);
  gst_harness_teardown (b);
  gst_harness_teardown (c);
}
GST_END_TEST;

/* What lies at the border of two quarters becomes a mixture: an eighth of a
 * column of four and a row of three. */
GST_START_TEST (test_frames_of_other_sizes_are_scaled)
{
  GstHarness *h = open_filter ("vae", "temperature=0",
      "video/x-raw,format=GRAY8,width=80,height=60,framerate=0/1");
  GstBuffer *in = make_picture (80, 0);

  GST_BUFFER_DURATION (in) = GST_CLOCK_TIME_NONE;
  gst_harness_push (h, in);
  for (guint i = 0; i < 2; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    ck_assert_uint_eq (GST_BUFFER_PTS (buffer), 0);
    for (gint k = 0; k < QUARTERS; k++)
      ck_assert_int_le (
          ABS (quarter_at (buffer, 80, (guint) k) - (40 + 50 * k)), 7);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* All formats, with their colours. */
GST_START_TEST (test_colours_are_kept)
{
  static const gchar *const formats[]
      = { "I420", "NV12", "YV12", "Y444", "BGRx", "RGB", "I420_10LE" };
  GstVideoInfo info;
  gchar *caps = g_strdup_printf (
      "video/x-raw,format=%s,width=16,height=12,framerate=10/1",
      formats[__i__]);
  GstHarness *h = open_filter ("vae", "temperature=0", caps);
  GstCaps *parsed = gst_caps_from_string (caps);

  ck_assert (gst_video_info_from_caps (&info, parsed));
  gst_harness_push (h, plugin_test_picture (&info, 1));
  for (guint i = 0; i < 2; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    ck_assert_uint_eq (
        gst_buffer_get_size (buffer), GST_VIDEO_INFO_SIZE (&info));
    gst_buffer_unref (buffer);
  }
  gst_caps_unref (parsed);
  gst_harness_teardown (h);
  g_free (caps);
}
GST_END_TEST;

static void
expect_warning (GstBus *bus, const gchar *words)
{
  gchar *text = message_on (bus, GST_MESSAGE_WARNING);

  ck_assert_msg (strstr (text, words) != NULL, "%s", text);
  g_free (text);
}

/* Frames without a label pass alone, with one warning; a class stands in. */
GST_START_TEST (test_labels_that_are_missing)
{
  GstHarness *h = open_filter ("labelled", "copies=2 temperature=0", GREY);
  GstElement *element = gst_harness_find_element (h, "vaeaugment");
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (element, bus);
  for (guint i = 0; i < 3; i++) {
    gst_harness_push (h, make_picture (W, i));
    GstBuffer *buffer = gst_harness_pull (h);
    ck_assert (!is_generated (buffer));
    ck_assert_uint_eq (GST_BUFFER_DURATION (buffer), 100 * GST_MSECOND);
    gst_buffer_unref (buffer);
  }
  expect_warning (bus, "they have no labels: set class");
  ck_assert (gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING) == NULL);
  g_object_set (element, "class", 1, NULL);
  gst_harness_push (h, make_picture (W, 3));
  for (guint i = 0; i < 3; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    ck_assert_int_le (
        ABS (quarter_at (buffer, W, 0) - (i > 0 ? 40 + 51 : 40)), 1);
    gst_buffer_unref (buffer);
  }
  GstBuffer *wrong = make_picture (W, 4);
  add_label (wrong, 3);
  gst_harness_push (h, wrong);
  gst_buffer_unref (gst_harness_pull (h));
  expect_warning (bus, "the label 3, wanted 0 to 2");
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

static void
expect_error (const gchar *kind, const gchar *words)
{
  gchar *path = sampler_model (kind);
  GstElement *element = gst_element_factory_make ("vaeaugment", NULL);
  GstBus *bus = gst_bus_new ();

  g_object_set (element, "model-file", path, NULL);
  gst_element_set_bus (element, bus);
  ck_assert_int_eq (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  gchar *text = message_on (bus, GST_MESSAGE_ERROR);
  ck_assert_msg (strstr (text, words) != NULL, "%s", text);
  ck_assert_msg (strstr (text, path) != NULL, "%s", text);
  g_free (text);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  gst_object_unref (element);
  g_free (path);
}

GST_START_TEST (test_models_that_do_not_encode_are_refused)
{
  expect_error ("colours", "too: an autoencoder");
  expect_error ("missing", "missing");
}
GST_END_TEST;

GST_START_TEST (test_flushes_forget_what_waits)
{
  GstHarness *h = open_filter ("vae", "copies=2", GREY);

  for (guint i = 0; i < 2; i++) {
    gst_harness_push (h, make_picture (W, i));
    for (guint k = 0; k < 3; k++)
      gst_buffer_unref (gst_harness_pull (h));
    ck_assert (gst_harness_push_event (h, gst_event_new_flush_start ()));
    ck_assert (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
    GstSegment segment;
    gst_segment_init (&segment, GST_FORMAT_TIME);
    ck_assert (
        gst_harness_push_event (h, gst_event_new_segment (&segment)));
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
vaeaugment_suite (void)
{
  Suite *suite = suite_create ("vaeaugment");
  TCase *t = tcase_create ("vaeaugment");

  suite_add_tcase (suite, t);
  tcase_add_loop_test (t, test_frames_are_followed_by_variations, 0, 2);
  tcase_add_test (t, test_variations_lie_around_the_picture);
  tcase_add_test (t, test_plain_codes_vary_as_codes_do);
  tcase_add_test (t, test_the_same_seed_gives_the_same_variations);
  tcase_add_test (t, test_frames_of_other_sizes_are_scaled);
  tcase_add_loop_test (t, test_colours_are_kept, 0, 7);
  tcase_add_test (t, test_labels_that_are_missing);
  tcase_add_test (t, test_models_that_do_not_encode_are_refused);
  tcase_add_test (t, test_flushes_forget_what_waits);
  return suite;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, vaeaugment_suite);
}
