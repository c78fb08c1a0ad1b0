/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Streams through `denoise`: times, events, settings, what it tells. */

#include "denoise_harness.h"

#include <ae/cpu.h>
#include <gst/base/gstbasetransform.h>
#include <math.h>

GST_START_TEST (test_strength_zero_passes_the_same_buffer)
{
  GstVideoInfo info;
  GstHarness *h = denoise_harness ("denoise strength=0", "I420", 64, 48, &info);
  GstBuffer *in = plugin_test_picture (&info, 1);
  GstBuffer *kept = gst_buffer_ref (in);
  GstBuffer *out = denoise_push_pull (h, in);

  ck_assert_ptr_eq (out, kept);
  gst_buffer_unref (out);
  gst_buffer_unref (kept);
  ck_assert_uint_eq (denoise_stat (h, "skipped"), 1);

  /* ... until it is wanted again, in the middle of the stream. */
  denoise_set (h, "strength", "1");
  in = plugin_test_picture (&info, 1);
  denoise_set_time (in, 1);
  gst_buffer_unref (denoise_push_pull (h, in));
  ck_assert_uint_eq (denoise_stat (h, "skipped"), 1);
  ck_assert_uint_eq (denoise_stat (h, "processed"), 1);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_times_flags_and_metas_are_kept)
{
  GstVideoInfo info;
  GstHarness *h = denoise_harness ("denoise", "I420", 32, 32, &info);
  GstBuffer *in = plugin_test_picture (&info, 1);

  denoise_set_time (in, 7);
  GST_BUFFER_OFFSET (in) = 123;
  GST_BUFFER_FLAG_SET (in, GST_VIDEO_BUFFER_FLAG_INTERLACED);
  gst_buffer_add_video_region_of_interest_meta (in, "face", 1, 2, 3, 4);
  GstBuffer *out = denoise_push_pull (h, in);
  ck_assert_uint_eq (GST_BUFFER_PTS (out), 7 * GST_SECOND / 30);
  ck_assert_uint_eq (GST_BUFFER_DURATION (out), GST_SECOND / 30);
  ck_assert_uint_eq (GST_BUFFER_OFFSET (out), 123);
  ck_assert (GST_BUFFER_FLAG_IS_SET (out, GST_VIDEO_BUFFER_FLAG_INTERLACED));
  ck_assert (gst_buffer_get_video_region_of_interest_meta (out) != NULL);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_colorimetry_and_aspect_ratio_pass)
{
  GstHarness *h = gst_harness_new ("denoise");
  GstCaps *caps = plugin_test_caps ("I420", 32, 32);

  gst_caps_set_simple (caps, "colorimetry", G_TYPE_STRING, "bt709",
      "pixel-aspect-ratio", GST_TYPE_FRACTION, 12, 11, NULL);
  gst_harness_set_src_caps (h, gst_caps_ref (caps));
  GstCaps *out = gst_pad_get_current_caps (h->sinkpad);
  ck_assert (gst_caps_is_equal (caps, out));
  gst_caps_unref (out);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}
GST_END_TEST;

typedef void (*Interruption) (GstHarness *h, GstBuffer *next);

static void
interrupt_flush (GstHarness *h, GstBuffer *next)
{
  GstSegment segment;

  ck_assert (gst_harness_push_event (h, gst_event_new_flush_start ()));
  ck_assert (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  ck_assert (gst_harness_push_event (h, gst_event_new_segment (&segment)));
}

static void
interrupt_segment (GstHarness *h, GstBuffer *next)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = GST_SECOND;
  ck_assert (gst_harness_push_event (h, gst_event_new_segment (&segment)));
}

static void
interrupt_stream (GstHarness *h, GstBuffer *next)
{
  ck_assert (gst_harness_push_event (h, gst_event_new_stream_start ("other")));
  interrupt_segment (h, next);
}

static void
interrupt_discont (GstHarness *h, GstBuffer *next)
{
  GST_BUFFER_FLAG_SET (next, GST_BUFFER_FLAG_DISCONT);
}

static void
interrupt_jump (GstHarness *h, GstBuffer *next)
{
  GST_BUFFER_PTS (next) += 10 * GST_SECOND;
}

static void
interrupt_back (GstHarness *h, GstBuffer *next)
{
  GST_BUFFER_PTS (next) = 0;
}

static void
interrupt_off (GstHarness *h, GstBuffer *next)
{
  GstVideoInfo info;
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);

  ck_assert (gst_video_info_from_caps (&info, caps));
  gst_caps_unref (caps);
  denoise_set (h, "strength", "0");
  GstBuffer *passed = plugin_test_picture (&info, 8);
  denoise_set_time (passed, 5);
  gst_buffer_unref (denoise_push_pull (h, passed));
  denoise_set (h, "strength", "1");
}

/* After the interruption a frame must come out as if it were the first; and
 * without one it must not, or this test shows nothing. */
GST_START_TEST (test_an_interrupted_stream_forgets_earlier_frames)
{
  static const Interruption ways[] = { NULL, interrupt_flush,
    interrupt_segment, interrupt_stream, interrupt_discont, interrupt_jump,
    interrupt_back, interrupt_off };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++) {
    GstVideoInfo info;
    GstBuffer *first = denoise_one ("I420", 64, 48, 99, &info);
    GstHarness *h = denoise_harness (
        "denoise n-threads=1 noise-level=10", "I420", 64, 48, &info);
    for (guint frame = 0; frame < 5; frame++) {
      GstBuffer *in = plugin_test_picture (&info, frame);
      denoise_set_time (in, frame);
      gst_buffer_unref (denoise_push_pull (h, in));
    }
    GstBuffer *in = plugin_test_picture (&info, 99);
    denoise_set_time (in, 5);
    if (ways[i] != NULL)
      ways[i](h, in);
    GstBuffer *out = denoise_push_pull (h, in);
    if (ways[i] != NULL) {
      plugin_test_assert_same (out, first, &info, "after an interruption");
    } else {
      GByteArray *a = plugin_test_pixels (out, &info);
      GByteArray *b = plugin_test_pixels (first, &info);
      ck_assert_int_ne (memcmp (a->data, b->data, a->len), 0);
      g_byte_array_unref (a);
      g_byte_array_unref (b);
    }
    gst_buffer_unref (out);
    gst_buffer_unref (first);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

GST_START_TEST (test_without_temporal_every_frame_stands_alone)
{
  GstVideoInfo info;
  GstBuffer *first = denoise_one ("I420", 64, 48, 99, &info);
  GstHarness *h = denoise_harness ("denoise n-threads=1 noise-level=10 "
                               "temporal=false",
      "I420", 64, 48, &info);

  for (guint frame = 0; frame < 3; frame++) {
    GstBuffer *in = plugin_test_picture (&info, frame == 2 ? 99 : frame);
    denoise_set_time (in, frame);
    GstBuffer *out = denoise_push_pull (h, in);
    if (frame == 2)
      plugin_test_assert_same (out, first, &info, "third frame");
    gst_buffer_unref (out);
  }
  gst_buffer_unref (first);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_not_a_number_is_no_setting)
{
  GstElement *denoise = gst_element_factory_make ("denoise", NULL);
  gfloat strength = 0, level = 0;

  g_object_set (denoise, "strength", 0.25f, "noise-level", 12.0f, NULL);
  ASSERT_WARNING (g_object_set (denoise, "strength", NAN, NULL));
  ASSERT_WARNING (g_object_set (denoise, "noise-level", NAN, NULL));
  g_object_get (denoise, "strength", &strength, "noise-level", &level, NULL);
  ck_assert (strength == 0.25f);
  ck_assert (level == 12.0f);
  gst_object_unref (denoise);
}
GST_END_TEST;

/* Where the processor has no tiles, auto and f32 are the same; bf16 there is an
 * error that names it. */
GST_START_TEST (test_precision_is_a_setting)
{
  bool bf16 = false;
  GstVideoInfo info;
  GByteArray *pixels[2];

  ae_precision_is_bf16 (AE_PRECISION_AUTO, &bf16, NULL);
  for (int i = 0; i < 2; i++) {
    GstHarness *h = denoise_harness (i ? "denoise noise-level=10 precision=f32"
                                   : "denoise noise-level=10",
        "GRAY8", 65, 50, &info);
    GstBuffer *out = denoise_push_pull (h, plugin_test_picture (&info, 1));
    pixels[i] = plugin_test_pixels (out, &info);
    gst_buffer_unref (out);
    gst_harness_teardown (h);
  }
  for (guint i = 0; i < pixels[0]->len; i++)
    ck_assert_int_le (
        ABS (pixels[0]->data[i] - pixels[1]->data[i]), bf16 ? 3 : 0);
  g_byte_array_unref (pixels[0]);
  g_byte_array_unref (pixels[1]);

  GstElement *denoise = gst_element_factory_make ("denoise", NULL);
  gst_util_set_object_arg (G_OBJECT (denoise), "precision", "bf16");
  ck_assert_int_eq (gst_element_set_state (denoise, GST_STATE_PAUSED),
      bf16 ? GST_STATE_CHANGE_SUCCESS : GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (denoise, GST_STATE_NULL);
  gst_object_unref (denoise);
}
GST_END_TEST;

GST_START_TEST (test_late_frames_are_dropped_and_counted)
{
  GstVideoInfo info;
  GstHarness *h = denoise_harness ("denoise", "I420", 32, 32, &info);
  GstBuffer *in = plugin_test_picture (&info, 1);

  denoise_set_time (in, 0);
  gst_buffer_unref (denoise_push_pull (h, in));
  ck_assert (gst_harness_push_upstream_event (h,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2.0, GST_SECOND, 0)));
  in = plugin_test_picture (&info, 1);
  denoise_set_time (in, 1);
  ck_assert_int_eq (gst_harness_push (h, in), GST_FLOW_OK);
  ck_assert_uint_eq (gst_harness_buffers_in_queue (h), 0);
  ck_assert_uint_eq (denoise_stat (h, "dropped"), 1);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_latency_is_that_of_upstream)
{
  GstVideoInfo info;
  GstHarness *h = denoise_harness ("denoise", "I420", 32, 32, &info);

  gst_harness_set_upstream_latency (h, 40 * GST_MSECOND);
  ck_assert_uint_eq (gst_harness_query_latency (h), 40 * GST_MSECOND);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_stats_tell_what_happened)
{
  GstVideoInfo info;
  GstHarness *h
      = denoise_harness ("denoise noise-level=17", "I420", 64, 48, &info);
  GstStructure *stats = denoise_stats (h);
  gdouble fps = 0;
  gfloat noise = 0;

  ck_assert (gst_structure_get (stats, "noise-level", G_TYPE_FLOAT, &noise,
      NULL));
  ck_assert (noise == -1.0f);
  gst_structure_free (stats);
  for (guint i = 0; i < 4; i++) {
    GstBuffer *in = plugin_test_picture (&info, i);
    denoise_set_time (in, i);
    gst_buffer_unref (denoise_push_pull (h, in));
  }
  stats = denoise_stats (h);
  ck_assert (gst_structure_get (stats, "fps", G_TYPE_DOUBLE, &fps,
      "noise-level", G_TYPE_FLOAT, &noise, NULL));
  ck_assert (fps > 0);
  ck_assert (fabsf (noise - 17.0f) <= 0.5f);
  gst_structure_free (stats);
  ck_assert_uint_eq (denoise_stat (h, "processed"), 4);
  ck_assert (denoise_stat (h, "max-us") >= denoise_stat (h, "avg-us"));
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_the_element_works_again_after_eos_and_after_ready)
{
  GstVideoInfo info;
  GstHarness *h = denoise_harness ("denoise", "I420", 32, 32, &info);

  gst_buffer_unref (denoise_push_pull (h, plugin_test_picture (&info, 1)));
  ck_assert (gst_harness_push_event (h, gst_event_new_eos ()));
  ck_assert_int_eq (gst_harness_push (h, plugin_test_picture (&info, 1)),
      GST_FLOW_EOS);
  for (int i = 0; i < 3; i++) {
    GstSegment segment;
    ck_assert_int_eq (gst_element_set_state (h->element, GST_STATE_READY),
        GST_STATE_CHANGE_SUCCESS);
    ck_assert_int_eq (gst_element_set_state (h->element, GST_STATE_PLAYING),
        GST_STATE_CHANGE_SUCCESS);
    gst_harness_push_event (h, gst_event_new_stream_start ("again"));
    GstCaps *caps = gst_video_info_to_caps (&info);
    gst_harness_push_event (h, gst_event_new_caps (caps));
    gst_caps_unref (caps);
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (h, gst_event_new_segment (&segment));
    gst_buffer_unref (denoise_push_pull (h, plugin_test_picture (&info, 1)));
    ck_assert_uint_eq (denoise_stat (h, "processed"), 1);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
denoise_stream_suite (void)
{
  Suite *s = suite_create ("denoise_stream");
  TCase *tc = tcase_create ("denoise_stream");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_strength_zero_passes_the_same_buffer);
  tcase_add_test (tc, test_times_flags_and_metas_are_kept);
  tcase_add_test (tc, test_colorimetry_and_aspect_ratio_pass);
  tcase_add_test (tc, test_an_interrupted_stream_forgets_earlier_frames);
  tcase_add_test (tc, test_without_temporal_every_frame_stands_alone);
  tcase_add_test (tc, test_not_a_number_is_no_setting);
  tcase_add_test (tc, test_precision_is_a_setting);
  tcase_add_test (tc, test_late_frames_are_dropped_and_counted);
  tcase_add_test (tc, test_latency_is_that_of_upstream);
  tcase_add_test (tc, test_stats_tell_what_happened);
  tcase_add_test (tc, test_the_element_works_again_after_eos_and_after_ready);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, denoise_stream_suite);
}
