/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames through `denoise`: formats, sizes, layouts in memory. */

#include "denoise_harness.h"


static const gchar *const formats[] = { "I420", "YV12", "NV12", "NV21", "Y42B",
  "Y444", "GRAY8", "RGB", "BGR", "RGBx", "BGRx", "xRGB", "xBGR", "RGBA",
  "BGRA", "ARGB", "ABGR", "I420_10LE", "P010_10LE" };

static const struct {
  gint width, height;
} sizes[] = { { 1, 1 }, { 1, 9 }, { 7, 1 }, { 13, 7 }, { 33, 18 },
  { 64, 48 } };

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
      GstHarness *h = denoise_harness (
          "denoise n-threads=1 noise-level=10", formats[f], 35, 21, &info);
      GstBuffer *in = plugin_test_pad (plugin_test_picture (&info, 5), &info,
          way == 0 ? 0 : 14, way != 1);
      GstBuffer *out = denoise_push_pull (h, in);
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

GST_START_TEST (test_a_shared_buffer_is_not_written)
{
  GstVideoInfo info;
  GstBuffer *wanted = denoise_one ("NV12", 40, 30, 4, &info);
  GstHarness *h = denoise_harness (
      "denoise n-threads=1 noise-level=10", "NV12", 40, 30, &info);
  GstBuffer *in = plugin_test_picture (&info, 4);
  GstBuffer *untouched = plugin_test_picture (&info, 4);
  GstBuffer *out = denoise_push_pull (h, gst_buffer_ref (in));

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
  GstHarness *h = denoise_harness (
      "denoise n-threads=1 noise-level=10", "GRAY8", 32, 16, &info);
  GstBuffer *source = plugin_test_picture (&info, 4);
  GstMapInfo map;

  ck_assert (gst_buffer_map (source, &map, GST_MAP_READ));
  guint8 *bytes = g_memdup2 (map.data, map.size);
  GstBuffer *in = gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, bytes,
      map.size, 0, map.size, NULL, NULL);
  GstBuffer *out = denoise_push_pull (h, in);
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
    denoise_set_time (in, i);
    GstBuffer *out = denoise_push_pull (h, in);
    if (i % 10 == 0) {
      GstBuffer *wanted = denoise_one (format, width, height, i, &info);
      plugin_test_assert_same (out, wanted, &info, format);
      gst_buffer_unref (wanted);
    }
    gst_buffer_unref (out);
  }
  ck_assert_uint_eq (denoise_stat (h, "processed"), 200);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_bad_buffers_are_dropped_with_one_warning)
{
  GstVideoInfo info;
  GstHarness *h = denoise_harness ("denoise", "I420", 64, 48, &info);
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
  gst_buffer_unref (denoise_push_pull (h, plugin_test_picture (&info, 1)));
  ck_assert_uint_eq (denoise_stat (h, "dropped"), 10);
  ck_assert_uint_eq (denoise_stat (h, "processed"), 1);

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
  GstHarness *h = denoise_harness ("denoise", "I420", 64, 48, &info);

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
  gst_buffer_unref (denoise_push_pull (h, plugin_test_picture (&info, 1)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* The last byte of V, which GStreamer 1.22 does not know the place of. */
GST_START_TEST (test_a_short_ten_bit_picture_is_refused)
{
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0, 32 * 2 * 16 };
  gint stride[GST_VIDEO_MAX_PLANES] = { 32 * 2, 32 * 2 };
  gsize whole = 32 * 2 * 24;
  GstVideoInfo info;
  GstHarness *h = denoise_harness ("denoise", "P010_10LE", 32, 16, &info);

  for (guint missing = 0; missing < 2; missing++) {
    GstBuffer *in = gst_buffer_new_allocate (NULL, whole - missing, NULL);
    gst_buffer_memset (in, 0, 0x40, -1);
    gst_buffer_add_video_meta_full (in, GST_VIDEO_FRAME_FLAG_NONE,
        GST_VIDEO_FORMAT_P010_10LE, 32, 16, 2, offset, stride);
    ck_assert_int_eq (gst_harness_push (h, in), GST_FLOW_OK);
    ck_assert_uint_eq (gst_harness_buffers_in_queue (h), missing ? 0 : 1);
    if (!missing)
      gst_buffer_unref (gst_harness_pull (h));
  }
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
  GstHarness *h = denoise_harness (
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

  GstBuffer *out = denoise_push_pull (h, in);
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
  GstHarness *h = denoise_harness ("denoise", "I420", 64, 48, &info);
  GstCaps *caps = plugin_test_caps ("GRAY8", 16, 16);

  ck_assert (gst_video_info_from_caps (&small, caps));
  gst_caps_unref (caps);
  GstBuffer *in
      = plugin_test_pad (plugin_test_picture (&small, 1), &small, 0, FALSE);
  ck_assert_int_eq (gst_harness_push (h, in), GST_FLOW_OK);
  ck_assert_uint_eq (gst_harness_buffers_in_queue (h), 0);
  gst_buffer_unref (denoise_push_pull (h, plugin_test_picture (&info, 1)));
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
denoise_suite (void)
{
  Suite *s = suite_create ("denoise");
  TCase *tc = tcase_create ("denoise");

  suite_add_tcase (s, tc);
  tcase_add_test (
      tc, test_every_format_and_size_is_changed_and_keeps_its_shape);
  tcase_add_test (tc, test_padded_rows_and_separate_planes_give_the_same_bits);
  tcase_add_test (tc, test_formats_of_one_family_agree);
  tcase_add_test (tc, test_alpha_and_padding_bytes_stay);
  tcase_add_test (tc, test_a_shared_buffer_is_not_written);
  tcase_add_test (tc, test_read_only_memory_is_not_written);
  tcase_add_test (tc, test_size_and_format_change_with_every_frame);
  tcase_add_test (tc, test_bad_buffers_are_dropped_with_one_warning);
  tcase_add_test (tc, test_a_video_meta_that_leaves_the_memory_is_refused);
  tcase_add_test (tc, test_a_short_ten_bit_picture_is_refused);
  tcase_add_test (tc, test_a_negative_stride_gives_the_same_bits);
  tcase_add_test (tc, test_a_contradicting_video_meta_is_refused);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, denoise_suite);
}
