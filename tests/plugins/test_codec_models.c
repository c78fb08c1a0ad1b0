/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the bundled models codes, and which one decodes. */
#include "plugin_test.h"

#include <glib/gstdio.h>

enum { WIDTH = 64, HEIGHT = 48 };

/* Models as if they were bundled: AE_TEST_CODEC_OTHER as the one for MS-SSIM. */
static void
bundle_other (void)
{
  gchar *path = plugin_test_path ("codec-ms-ssim.onnx"), *bytes;
  gsize size;

  ck_assert (g_file_get_contents (
      g_getenv ("AE_TEST_CODEC_OTHER"), &bytes, &size, NULL));
  ck_assert (g_file_set_contents (path, bytes, (gssize) size, NULL));
  g_free (bytes);
  g_free (path);
}

static void
unbundle_other (void)
{
  gchar *path = plugin_test_path ("codec-ms-ssim.onnx");

  g_remove (path);
  g_free (path);
}

static GstHarness *
encoder (const gchar *line)
{
  GstHarness *e = gst_harness_new_parse (line);

  gst_harness_set_src_caps (e, plugin_test_caps ("I420", WIDTH, HEIGHT));
  return e;
}

static GstBuffer *
picture (guint n)
{
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, WIDTH, HEIGHT);
  GstBuffer *buffer = plugin_test_picture (&info, n);
  GST_BUFFER_PTS (buffer) = n * GST_SECOND / 30;
  return buffer;
}

/* Two frames, the second one a change. */
static void
code (GstHarness *e, GstBuffer *coded[2])
{
  for (guint n = 0; n < 2; n++) {
    coded[n] = gst_harness_push_and_pull (e, picture (n));
    while (GST_BUFFER_FLAG_IS_SET (coded[n], GST_BUFFER_FLAG_HEADER)) {
      gst_buffer_unref (coded[n]);
      coded[n] = gst_harness_pull (e);
    }
  }
}

static const gchar *
model_id (GstHarness *e)
{
  GstCaps *caps = gst_pad_get_current_caps (e->sinkpad);
  const gchar *id = g_intern_string (gst_structure_get_string (
      gst_caps_get_structure (caps, 0), "model-id"));

  gst_caps_unref (caps);
  return id;
}

static GstBuffer *
decode (GstHarness *d, GstBuffer *coded[2])
{
  GstBuffer *shown = NULL;

  for (guint n = 0; n < 2; n++) {
    gst_clear_buffer (&shown);
    shown = gst_harness_push_and_pull (d, gst_buffer_ref (coded[n]));
    ck_assert (shown != NULL);
  }
  return shown;
}

/* The same frames by a decoder to which the model was named. */
static GstBuffer *
decode_by (const gchar *model, GstHarness *e, GstBuffer *coded[2])
{
  gchar *line = g_strdup_printf ("aedecode model-file=%s", model);
  GstHarness *d = gst_harness_new_parse (line);

  gst_harness_set_src_caps (d, gst_pad_get_current_caps (e->sinkpad));
  GstBuffer *shown = decode (d, coded);
  gst_harness_teardown (d);
  g_free (line);
  return shown;
}

static void
assert_same (GstBuffer *a, GstBuffer *b)
{
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, WIDTH, HEIGHT);
  plugin_test_assert_same (a, b, &info, "decoders of one model");
}

/* tune chooses the model, and decoders follow the stream: by its caps, or, where
 * these say nothing, by its packets. */
GST_START_TEST (test_decoders_follow)
{
  gboolean by_caps = __i__;
  GstHarness *first = encoder ("aeencode");
  GstHarness *e = encoder ("aeencode tune=ms-ssim");
  GstHarness *d = gst_harness_new ("aedecode");
  GstBuffer *coded[2], *others[2];

  code (first, others);
  code (e, coded);
  ck_assert_str_ne (model_id (first), model_id (e));
  gst_harness_set_src_caps (d, by_caps
          ? gst_pad_get_current_caps (e->sinkpad)
          : gst_caps_from_string ("video/x-ae"));
  GstBuffer *shown = NULL;
  if (by_caps) {
    shown = decode (d, coded);
  } else {
    for (guint n = 0; n < 2; n++)
      gst_harness_push (d, gst_buffer_ref (coded[n]));
    gst_harness_push_event (d, gst_event_new_eos ());
    gst_buffer_unref (gst_harness_pull (d));
    shown = gst_harness_pull (d);
  }
  GstBuffer *wanted
      = decode_by (g_getenv ("AE_TEST_CODEC_OTHER"), e, coded);
  assert_same (shown, wanted);
  gst_buffer_unref (shown);
  gst_buffer_unref (wanted);
  for (guint n = 0; n < 2; n++) {
    gst_buffer_unref (coded[n]);
    gst_buffer_unref (others[n]);
  }
  gst_harness_teardown (first);
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

/* A stream whose model changes on the way: decoders change with it. */
GST_START_TEST (test_decoders_follow_a_change)
{
  GstHarness *encoders[]
      = { encoder ("aeencode"), encoder ("aeencode tune=ms-ssim") };
  const gchar *const models[]
      = { g_getenv ("AE_TEST_CODEC"), g_getenv ("AE_TEST_CODEC_OTHER") };
  GstHarness *d = gst_harness_new ("aedecode");

  for (guint i = 0; i < 4; i++) {
    GstHarness *e = encoders[i % 2];
    GstBuffer *coded[2];
    gst_harness_push_upstream_event (e,
        gst_video_event_new_upstream_force_key_unit (
            GST_CLOCK_TIME_NONE, FALSE, i));
    code (e, coded);
    gst_harness_set_src_caps (d, gst_pad_get_current_caps (e->sinkpad));
    GstBuffer *shown = decode (d, coded);
    GstBuffer *wanted = decode_by (models[i % 2], e, coded);
    assert_same (shown, wanted);
    gst_buffer_unref (shown);
    gst_buffer_unref (wanted);
    gst_buffer_unref (coded[0]);
    gst_buffer_unref (coded[1]);
  }
  gst_harness_teardown (encoders[0]);
  gst_harness_teardown (encoders[1]);
  gst_harness_teardown (d);
}
GST_END_TEST;

static Suite *
codec_models_suite (void)
{
  Suite *suite = suite_create ("codec models");
  TCase *tcase = tcase_create ("codec models");

  tcase_add_checked_fixture (tcase, bundle_other, unbundle_other);
  tcase_add_loop_test (tcase, test_decoders_follow, 0, 2);
  tcase_add_test (tcase, test_decoders_follow_a_change);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, codec_models_suite);
}
