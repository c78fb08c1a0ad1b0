/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames through `denoise`: formats, sizes, layouts, events, settings. */

#include "plugin_test.h"

#include <ae/cpu.h>
#include <gst/base/gstbasetransform.h>
#include <math.h>

static const gchar *const formats[] = { "I420", "YV12", "NV12", "NV21", "Y42B",
  "Y444", "GRAY8", "RGB", "BGR", "RGBx", "BGRx", "xRGB", "xBGR", "RGBA",
  "BGRA", "ARGB", "ABGR", "I420_10LE", "P010_10LE" };

static const struct {
  gint width, height;
} sizes[] = { { 1, 1 }, { 1, 9 }, { 7, 1 }, { 13, 7 }, { 33, 18 },
  { 64, 48 } };

static GstHarness *
new_harness (const gchar *launch, const gchar *format, gint width, gint height,
    GstVideoInfo *info)
{
  GstHarness *h = gst_harness_new_parse (launch);
  GstCaps *caps = plugin_test_caps (format, width, height);

  ck_assert (gst_video_info_from_caps (info, caps));
  gst_harness_set_src_caps (h, caps);
  return h;
}

static void
set_time (GstBuffer *buffer, guint frame)
{
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (frame, GST_SECOND, 30);
  GST_BUFFER_DURATION (buffer) = GST_SECOND / 30;
}

static GstBuffer *
push_pull (GstHarness *h, GstBuffer *buffer)
{
  ck_assert_int_eq (gst_harness_push (h, buffer), GST_FLOW_OK);
  GstBuffer *out = gst_harness_try_pull (h);
  ck_assert (out != NULL);
  return out;
}

/* The first frame of a stream after denoising. */
static GstBuffer *
denoise_one (const gchar *format, gint width, gint height, guint seed,
    GstVideoInfo *info)
{
  GstHarness *h = new_harness (
      "denoise n-threads=1 noise-level=10", format, width, height, info);
  GstBuffer *out = push_pull (h, plugin_test_picture (info, seed));

  gst_harness_teardown (h);
  return out;
}

static GstStructure *
stats_of (GstHarness *h)
{
  GstElement *denoise = gst_harness_find_element (h, "denoise");
  GstStructure *stats = NULL;

  g_object_get (denoise, "stats", &stats, NULL);
  gst_object_unref (denoise);
  return stats;
}

static guint64
stat_of (GstHarness *h, const gchar *field)
{
  GstStructure *stats = stats_of (h);
  guint64 value = 0;

  ck_assert (gst_structure_get_uint64 (stats, field, &value));
  gst_structure_free (stats);
  return value;
}

static void
set (GstHarness *h, const gchar *property, const gchar *value)
{
  GstElement *denoise = gst_harness_find_element (h, "denoise");

  gst_util_set_object_arg (G_OBJECT (denoise), property, value);
  gst_object_unref (denoise);
}

GST_START_TEST (test_every_format_and_size_is_changed_and_keeps_its_shape)
{
  GstVideoInfo info;

  for (gsize f = 0; f < G_N_ELEMENTS (formats); f++) {
    for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++) {
      GstBuffer *out = denoise_one (
          formats[f], sizes[s].width, sizes[s].height, 3, &info);
      ck_assert_uint_eq (gst_buffer_get_size (out), info.size);
      if (sizes[s].width >= 33) {
        GstBuffer *in = plugin_test_picture (&info, 3);
        GByteArray *a = plugin_test_pixels (in, &info);
        GByteArray *b = plugin_test_pixels (out, &info);
        ck_assert_msg (memcmp (a->data, b->data, a->len) != 0,
            "%s: nothing happened", formats[f]);
        g_byte_array_unref (a);
        g_byte_array_unref (b);
        gst_buffer_unref (in);
      }
      gst_buffer_unref (out);
    }
  }
}
GST_END_TEST;

GST_START_TEST (test_padded_rows_and_separate_planes_give_the_same_bits)
{
  for (gsize f = 0; f < G_N_ELEMENTS (formats); f++) {
    for (guint way = 0; way < 3; way++) {
      GstVideoInfo info;
      GstBuffer *wanted = denoise_one (formats[f], 35, 21, 5, &info);
      GstHarness *h = new_harness (
          "denoise n-threads=1 noise-level=10", formats[f], 35, 21, &info);
      GstBuffer *in = plugin_test_pad (plugin_test_picture (&info, 5), &info,
          way == 0 ? 0 : 14, way != 1);
      GstBuffer *out = push_pull (h, in);
      plugin_test_assert_same (out, wanted, &info, formats[f]);
      gst_buffer_unref (out);
      gst_buffer_unref (wanted);
      gst_harness_teardown (h);
    }
  }
}
GST_END_TEST;

/* Formats that say the same in another order of bytes. */
GST_START_TEST (test_formats_of_one_family_agree)
{
  static const gchar *const families[][10] = {
    { "I420", "YV12", "NV12", "NV21" },
    { "RGB", "BGR", "RGBx", "BGRx", "xRGB", "xBGR", "RGBA", "BGRA", "ARGB",
        "ABGR" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (families); i++) {
    GByteArray *first = NULL;
    for (gsize j = 0; j < 10 && families[i][j] != NULL; j++) {
      GstVideoInfo info;
      GstBuffer *out = denoise_one (families[i][j], 37, 23, 9, &info);
      GByteArray *pixels = plugin_test_pixels (out, &info);
      if (first == NULL)
        first = g_byte_array_ref (pixels);
      /* Alpha, where there is one, comes last. */
      ck_assert_msg (memcmp (first->data, pixels->data, first->len) == 0,
          "%s differs from %s", families[i][j], families[i][0]);
      g_byte_array_unref (pixels);
      gst_buffer_unref (out);
    }
    g_byte_array_unref (first);
  }
}
GST_END_TEST;

GST_START_TEST (test_alpha_and_padding_bytes_stay)
{
  static const struct {
    const gchar *format;
    guint byte;
  } cases[] = { { "RGBA", 3 }, { "BGRA", 3 }, { "ARGB", 0 }, { "ABGR", 0 },
    { "RGBx", 3 }, { "xBGR", 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstVideoInfo info;
    GstMapInfo before, after;
    GstBuffer *out = denoise_one (cases[i].format, 19, 11, 2, &info);
    GstBuffer *in = plugin_test_picture (&info, 2);

    ck_assert (gst_buffer_map (in, &before, GST_MAP_READ));
    ck_assert (gst_buffer_map (out, &after, GST_MAP_READ));
    for (gsize b = cases[i].byte; b < before.size; b += 4)
      ck_assert_uint_eq (after.data[b], before.data[b]);
    gst_buffer_unmap (in, &before);
    gst_buffer_unmap (out, &after);
    gst_buffer_unref (in);
    gst_buffer_unref (out);
  }
}
GST_END_TEST;

GST_START_TEST (test_strength_zero_passes_the_same_buffer)
{
  GstVideoInfo info;
  GstHarness *h = new_harness ("denoise strength=0", "I420", 64, 48, &info);
  GstBuffer *in = plugin_test_picture (&info, 1);
  GstBuffer *kept = gst_buffer_ref (in);
  GstBuffer *out = push_pull (h, in);

  ck_assert_ptr_eq (out, kept);
  gst_buffer_unref (out);
  gst_buffer_unref (kept);
  ck_assert_uint_eq (stat_of (h, "skipped"), 1);

  /* ... until it is wanted again, in the middle of the stream. */
  set (h, "strength", "1");
  in = plugin_test_picture (&info, 1);
  set_time (in, 1);
  gst_buffer_unref (push_pull (h, in));
  ck_assert_uint_eq (stat_of (h, "skipped"), 1);
  ck_assert_uint_eq (stat_of (h, "processed"), 1);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_a_shared_buffer_is_not_written)
{
  GstVideoInfo info;
  GstBuffer *wanted = denoise_one ("NV12", 40, 30, 4, &info);
  GstHarness *h = new_harness (
      "denoise n-threads=1 noise-level=10", "NV12", 40, 30, &info);
  GstBuffer *in = plugin_test_picture (&info, 4);
  GstBuffer *untouched = plugin_test_picture (&info, 4);
  GstBuffer *out = push_pull (h, gst_buffer_ref (in));

  plugin_test_assert_same (in, untouched, &info, "input");
  plugin_test_assert_same (out, wanted, &info, "output");
  gst_buffer_unref (out);
  gst_buffer_unref (in);
  gst_buffer_unref (untouched);
  gst_buffer_unref (wanted);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_read_only_memory_is_not_written)
{
  GstVideoInfo info;
  GstBuffer *wanted = denoise_one ("GRAY8", 32, 16, 4, &info);
  GstHarness *h = new_harness (
      "denoise n-threads=1 noise-level=10", "GRAY8", 32, 16, &info);
  GstBuffer *source = plugin_test_picture (&info, 4);
  GstMapInfo map;

  ck_assert (gst_buffer_map (source, &map, GST_MAP_READ));
  guint8 *bytes = g_memdup2 (map.data, map.size);
  GstBuffer *in = gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, bytes,
      map.size, 0, map.size, NULL, NULL);
  GstBuffer *out = push_pull (h, in);
  ck_assert_int_eq (memcmp (bytes, map.data, map.size), 0);
  plugin_test_assert_same (out, wanted, &info, "output");
  gst_buffer_unmap (source, &map);
  gst_buffer_unref (source);
  gst_buffer_unref (out);
  gst_buffer_unref (wanted);
  gst_harness_teardown (h);
  g_free (bytes);
}
GST_END_TEST;

GST_START_TEST (test_times_flags_and_metas_are_kept)
{
  GstVideoInfo info;
  GstHarness *h = new_harness ("denoise", "I420", 32, 32, &info);
  GstBuffer *in = plugin_test_picture (&info, 1);

  set_time (in, 7);
  GST_BUFFER_OFFSET (in) = 123;
  GST_BUFFER_FLAG_SET (in, GST_VIDEO_BUFFER_FLAG_INTERLACED);
  gst_buffer_add_video_region_of_interest_meta (in, "face", 1, 2, 3, 4);
  GstBuffer *out = push_pull (h, in);
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

GST_START_TEST (test_size_and_format_change_with_every_frame)
{
  GstHarness *h = gst_harness_new_parse ("denoise n-threads=1 noise-level=10");
  guint32 random = 12345;

  for (guint i = 0; i < 200; i++) {
    GstVideoInfo info;
    random = random * 1664525 + 1013904223;
    const gchar *format = formats[(random >> 8) % G_N_ELEMENTS (formats)];
    gint width = 1 + (random >> 16) % 48, height = 1 + (random >> 24) % 48;
    GstCaps *caps = plugin_test_caps (format, width, height);
    ck_assert (gst_video_info_from_caps (&info, caps));
    gst_harness_set_src_caps (h, caps);
    GstBuffer *in = plugin_test_picture (&info, i);
    set_time (in, i);
    GstBuffer *out = push_pull (h, in);
    if (i % 10 == 0) {
      GstBuffer *wanted = denoise_one (format, width, height, i, &info);
      plugin_test_assert_same (out, wanted, &info, format);
      gst_buffer_unref (wanted);
    }
    gst_buffer_unref (out);
  }
  ck_assert_uint_eq (stat_of (h, "processed"), 200);
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
  set (h, "strength", "0");
  GstBuffer *passed = plugin_test_picture (&info, 8);
  set_time (passed, 5);
  gst_buffer_unref (push_pull (h, passed));
  set (h, "strength", "1");
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
    GstHarness *h = new_harness (
        "denoise n-threads=1 noise-level=10", "I420", 64, 48, &info);
    for (guint frame = 0; frame < 5; frame++) {
      GstBuffer *in = plugin_test_picture (&info, frame);
      set_time (in, frame);
      gst_buffer_unref (push_pull (h, in));
    }
    GstBuffer *in = plugin_test_picture (&info, 99);
    set_time (in, 5);
    if (ways[i] != NULL)
      ways[i](h, in);
    GstBuffer *out = push_pull (h, in);
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
  GstHarness *h = new_harness ("denoise n-threads=1 noise-level=10 "
                               "temporal=false",
      "I420", 64, 48, &info);

  for (guint frame = 0; frame < 3; frame++) {
    GstBuffer *in = plugin_test_picture (&info, frame == 2 ? 99 : frame);
    set_time (in, frame);
    GstBuffer *out = push_pull (h, in);
    if (frame == 2)
      plugin_test_assert_same (out, first, &info, "third frame");
    gst_buffer_unref (out);
  }
  gst_buffer_unref (first);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_bad_buffers_are_dropped_with_one_warning)
{
  GstVideoInfo info;
  GstHarness *h = new_harness ("denoise", "I420", 64, 48, &info);
  GstBus *bus = gst_bus_new ();
  guint warnings = 0;

  gst_element_set_bus (h->element, bus);
  for (guint i = 0; i < 10; i++) {
    GstBuffer *bad = i == 0
        ? gst_buffer_new ()
        : gst_buffer_new_allocate (NULL, info.size * i / 10, NULL);
    ck_assert_int_eq (gst_harness_push (h, bad), GST_FLOW_OK);
  }
  ck_assert_uint_eq (gst_harness_buffers_in_queue (h), 0);
  gst_buffer_unref (push_pull (h, plugin_test_picture (&info, 1)));
  ck_assert_uint_eq (stat_of (h, "dropped"), 10);
  ck_assert_uint_eq (stat_of (h, "processed"), 1);

  GstMessage *message;
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING))) {
    warnings++;
    gst_message_unref (message);
  }
  ck_assert_uint_eq (warnings, 1);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* GStreamer itself does not compare a meta's strides and offsets with what the
 * memory holds. */
GST_START_TEST (test_a_video_meta_that_leaves_the_memory_is_refused)
{
  static const struct {
    gint luma_stride;
    gsize chroma_offset, size;
  } cases[] = {
    { 64, 64 * 48, 64 * 48 + 32 * 24 * 2 - 1 },  /* one byte short */
    { 640, 64 * 48, 64 * 48 + 32 * 24 * 2 },     /* rows too far apart */
    { 10, 64 * 48, 64 * 48 + 32 * 24 * 2 },      /* rows overlap */
    { -64, 64 * 48, 64 * 48 + 32 * 24 * 2 },     /* before the start */
    { 64, 64 * 48 * 2 - 20, 64 * 48 * 2 },       /* at the very end */
    { G_MININT, 64 * 48, 64 * 48 + 32 * 24 * 2 },
    { G_MAXINT, 64 * 48, 64 * 48 + 32 * 24 * 2 },
  };
  GstVideoInfo info;
  GstHarness *h = new_harness ("denoise", "I420", 64, 48, &info);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    gsize chroma = cases[i].chroma_offset;
    gsize offset[GST_VIDEO_MAX_PLANES] = { 0, chroma, chroma + 32 * 24 };
    gint stride[GST_VIDEO_MAX_PLANES] = { cases[i].luma_stride, 32, 32 };
    if (offset[2] >= cases[i].size)
      offset[2] = offset[1];
    GstBuffer *in = gst_buffer_new_allocate (NULL, cases[i].size, NULL);
    gst_buffer_add_video_meta_full (in, GST_VIDEO_FRAME_FLAG_NONE,
        GST_VIDEO_FORMAT_I420, 64, 48, 3, offset, stride);
    ck_assert_int_eq (gst_harness_push (h, in), GST_FLOW_OK);
    ck_assert_msg (gst_harness_buffers_in_queue (h) == 0, "case %u",
        (guint) i);
  }
  gst_buffer_unref (push_pull (h, plugin_test_picture (&info, 1)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* From the last row upward, as some capture cards give it. */
GST_START_TEST (test_a_negative_stride_gives_the_same_bits)
{
  gsize offset[GST_VIDEO_MAX_PLANES] = { 32 * 20 };
  gint stride[GST_VIDEO_MAX_PLANES] = { -32 };
  GstVideoInfo info;
  GstVideoFrame from, to;
  GstBuffer *wanted = denoise_one ("GRAY8", 30, 21, 6, &info);
  GstHarness *h = new_harness (
      "denoise n-threads=1 noise-level=10", "GRAY8", 30, 21, &info);
  GstBuffer *packed = plugin_test_picture (&info, 6);
  GstBuffer *in = gst_buffer_new_allocate (NULL, 32 * 21, NULL);

  gst_buffer_add_video_meta_full (in, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_FORMAT_GRAY8, 30, 21, 1, offset, stride);
  ck_assert (gst_video_frame_map (&from, &info, packed, GST_MAP_READ));
  ck_assert (gst_video_frame_map (&to, &info, in, GST_MAP_WRITE));
  for (gint y = 0; y < 21; y++)
    memcpy ((guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&to, 0) - 32 * y,
        (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&from, 0)
            + (gsize) y * GST_VIDEO_FRAME_PLANE_STRIDE (&from, 0),
        30);
  gst_video_frame_unmap (&to);
  gst_video_frame_unmap (&from);
  gst_buffer_unref (packed);

  GstBuffer *out = push_pull (h, in);
  plugin_test_assert_same (out, wanted, &info, "upside down");
  gst_buffer_unref (out);
  gst_buffer_unref (wanted);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* A meta that announces another picture than the caps. */
GST_START_TEST (test_a_contradicting_video_meta_is_refused)
{
  GstVideoInfo info, small;
  GstHarness *h = new_harness ("denoise", "I420", 64, 48, &info);
  GstCaps *caps = plugin_test_caps ("GRAY8", 16, 16);

  ck_assert (gst_video_info_from_caps (&small, caps));
  gst_caps_unref (caps);
  GstBuffer *in
      = plugin_test_pad (plugin_test_picture (&small, 1), &small, 0, FALSE);
  ck_assert_int_eq (gst_harness_push (h, in), GST_FLOW_OK);
  ck_assert_uint_eq (gst_harness_buffers_in_queue (h), 0);
  gst_buffer_unref (push_pull (h, plugin_test_picture (&info, 1)));
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
    GstHarness *h = new_harness (i ? "denoise noise-level=10 precision=f32"
                                   : "denoise noise-level=10",
        "GRAY8", 65, 50, &info);
    GstBuffer *out = push_pull (h, plugin_test_picture (&info, 1));
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
  GstHarness *h = new_harness ("denoise", "I420", 32, 32, &info);
  GstBuffer *in = plugin_test_picture (&info, 1);

  set_time (in, 0);
  gst_buffer_unref (push_pull (h, in));
  ck_assert (gst_harness_push_upstream_event (h,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2.0, GST_SECOND, 0)));
  in = plugin_test_picture (&info, 1);
  set_time (in, 1);
  ck_assert_int_eq (gst_harness_push (h, in), GST_FLOW_OK);
  ck_assert_uint_eq (gst_harness_buffers_in_queue (h), 0);
  ck_assert_uint_eq (stat_of (h, "dropped"), 1);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_latency_is_that_of_upstream)
{
  GstVideoInfo info;
  GstHarness *h = new_harness ("denoise", "I420", 32, 32, &info);

  gst_harness_set_upstream_latency (h, 40 * GST_MSECOND);
  ck_assert_uint_eq (gst_harness_query_latency (h), 40 * GST_MSECOND);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_stats_tell_what_happened)
{
  GstVideoInfo info;
  GstHarness *h
      = new_harness ("denoise noise-level=17", "I420", 64, 48, &info);
  GstStructure *stats = stats_of (h);
  gdouble fps = 0;
  gfloat noise = 0;

  ck_assert (gst_structure_get (stats, "noise-level", G_TYPE_FLOAT, &noise,
      NULL));
  ck_assert (noise == -1.0f);
  gst_structure_free (stats);
  for (guint i = 0; i < 4; i++) {
    GstBuffer *in = plugin_test_picture (&info, i);
    set_time (in, i);
    gst_buffer_unref (push_pull (h, in));
  }
  stats = stats_of (h);
  ck_assert (gst_structure_get (stats, "fps", G_TYPE_DOUBLE, &fps,
      "noise-level", G_TYPE_FLOAT, &noise, NULL));
  ck_assert (fps > 0);
  ck_assert (fabsf (noise - 17.0f) <= 0.5f);
  gst_structure_free (stats);
  ck_assert_uint_eq (stat_of (h, "processed"), 4);
  ck_assert (stat_of (h, "max-us") >= stat_of (h, "avg-us"));
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_the_element_works_again_after_eos_and_after_ready)
{
  GstVideoInfo info;
  GstHarness *h = new_harness ("denoise", "I420", 32, 32, &info);

  gst_buffer_unref (push_pull (h, plugin_test_picture (&info, 1)));
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
    gst_buffer_unref (push_pull (h, plugin_test_picture (&info, 1)));
    ck_assert_uint_eq (stat_of (h, "processed"), 1);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
denoise_suite (void)
{
  Suite *s = suite_create ("denoise");
  TCase *tc = tcase_create ("frames");

  suite_add_tcase (s, tc);
  tcase_add_test (
      tc, test_every_format_and_size_is_changed_and_keeps_its_shape);
  tcase_add_test (tc, test_padded_rows_and_separate_planes_give_the_same_bits);
  tcase_add_test (tc, test_formats_of_one_family_agree);
  tcase_add_test (tc, test_alpha_and_padding_bytes_stay);
  tcase_add_test (tc, test_strength_zero_passes_the_same_buffer);
  tcase_add_test (tc, test_a_shared_buffer_is_not_written);
  tcase_add_test (tc, test_read_only_memory_is_not_written);
  tcase_add_test (tc, test_times_flags_and_metas_are_kept);
  tcase_add_test (tc, test_colorimetry_and_aspect_ratio_pass);
  tcase_add_test (tc, test_size_and_format_change_with_every_frame);
  tcase_add_test (tc, test_an_interrupted_stream_forgets_earlier_frames);
  tcase_add_test (tc, test_without_temporal_every_frame_stands_alone);
  tcase_add_test (tc, test_bad_buffers_are_dropped_with_one_warning);
  tcase_add_test (tc, test_a_video_meta_that_leaves_the_memory_is_refused);
  tcase_add_test (tc, test_a_negative_stride_gives_the_same_bits);
  tcase_add_test (tc, test_a_contradicting_video_meta_is_refused);
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
  return plugin_test_run (argc, argv, denoise_suite);
}
