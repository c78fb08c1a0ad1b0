/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* aeencode, aedecode, aeparse. The models are small and not trained
 * (support/make_codec.c); AE_TEST_CODEC and AE_TEST_CODEC_OTHER name them. */
#include "plugin_test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const gchar *
model_file (void)
{
  return g_getenv ("AE_TEST_CODEC");
}

static GstHarness *
encoder (const gchar *properties, const gchar *format, gint width,
    gint height)
{
  gchar *line = g_strdup_printf (
      "aeencode name=e model-file=%s %s", model_file (), properties);
  GstHarness *h = gst_harness_new_parse (line);
  gst_harness_set_src_caps (h, plugin_test_caps (format, width, height));
  g_free (line);
  return h;
}

static GstBuffer *
picture (const gchar *format, gint width, gint height, guint n)
{
  GstVideoInfo info;
  GstCaps *caps = plugin_test_caps (format, width, height);

  gst_video_info_from_caps (&info, caps);
  gst_caps_unref (caps);
  GstBuffer *buffer = plugin_test_picture (&info, n / 3);
  GST_BUFFER_PTS (buffer) = n * GST_SECOND / 30;
  GST_BUFFER_DURATION (buffer) = GST_SECOND / 30;
  return buffer;
}

/* The frame that a picture becomes; headers before it are not looked at. */
static GstBuffer *
push_and_pull (GstHarness *h, GstBuffer *picture)
{
  GstBuffer *coded = gst_harness_push_and_pull (h, picture);

  while (GST_BUFFER_FLAG_IS_SET (coded, GST_BUFFER_FLAG_HEADER)) {
    gst_buffer_unref (coded);
    coded = gst_harness_pull (h);
  }
  return coded;
}

static GstBuffer *
code (GstHarness *h, const gchar *format, gint width, gint height, guint n)
{
  return push_and_pull (h, picture (format, width, height, n));
}

/* Decodes to nothing but what is asked of the last buffer. */
static GstHarness *
decoder (GstHarness *from)
{
  gchar *line = g_strdup_printf ("aedecode model-file=%s", model_file ());
  GstHarness *h = gst_harness_new_parse (line);
  GstCaps *caps = gst_pad_get_current_caps (from->sinkpad);
  gst_harness_set_src_caps (h, caps);
  g_free (line);
  return h;
}

static const gchar *const formats[] = { "I420", "GRAY8", "NV12", "RGB" };

/* Odd sizes, all kinds of pixels: times, flags and sizes stay. */
GST_START_TEST (test_pictures_pass)
{
  GstHarness *e = encoder ("quality=90 key-int-max=4", formats[__i__], 51, 37);
  GstHarness *d = NULL;

  for (guint n = 0; n < 9; n++) {
    GstBuffer *coded = code (e, formats[__i__], 51, 37, n);
    gboolean delta
        = GST_BUFFER_FLAG_IS_SET (coded, GST_BUFFER_FLAG_DELTA_UNIT);
    ck_assert (delta == (n % 4 != 0));
    if (d == NULL)
      d = decoder (e);
    GstBuffer *out = gst_harness_push_and_pull (d, coded);
    GstVideoInfo info;
    GstCaps *caps = gst_pad_get_current_caps (d->sinkpad);
    gst_video_info_from_caps (&info, caps);
    gst_caps_unref (caps);
    ck_assert_int_eq (GST_VIDEO_INFO_WIDTH (&info), 51);
    ck_assert_int_eq (GST_VIDEO_INFO_HEIGHT (&info), 37);
    ck_assert_str_eq (gst_video_format_to_string (info.finfo->format),
        __i__ == 1 ? "GRAY8" : "I420");
    ck_assert_uint_eq (gst_buffer_get_size (out), info.size);
    ck_assert (GST_BUFFER_PTS (out) == n * GST_SECOND / 30);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

GST_START_TEST (test_caps_and_colorimetry_are_kept)
{
  GstHarness *e = encoder ("", "I420", 64, 48);
  GstCaps *caps = plugin_test_caps ("I420", 64, 48);
  gst_caps_set_simple (
      caps, "colorimetry", G_TYPE_STRING, "bt709", NULL);
  gst_harness_set_src_caps (e, caps);
  GstBuffer *coded = code (e, "I420", 64, 48, 0);
  GstHarness *d = decoder (e);
  gst_buffer_unref (gst_harness_push_and_pull (d, coded));
  GstCaps *out = gst_pad_get_current_caps (d->sinkpad);
  const GstStructure *s = gst_caps_get_structure (out, 0);
  gint fps_n, fps_d;
  ck_assert_str_eq (gst_structure_get_string (s, "colorimetry"), "bt709");
  ck_assert (gst_structure_get_fraction (s, "framerate", &fps_n, &fps_d));
  ck_assert_int_eq (fps_n, 30);
  gst_caps_unref (out);
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

/* RGB comes out as I420 whose colorimetry tells how it was made. */
GST_START_TEST (test_rgb_tells_its_matrix)
{
  GstHarness *e = encoder ("", "RGB", 64, 48);
  GstVideoInfo info;

  GstBuffer *coded = code (e, "RGB", 64, 48, 0);
  GstHarness *d = decoder (e);
  gst_buffer_unref (gst_harness_push_and_pull (d, coded));
  GstCaps *caps = gst_pad_get_current_caps (d->sinkpad);
  ck_assert (gst_video_info_from_caps (&info, caps));
  ck_assert_int_eq (info.colorimetry.matrix, GST_VIDEO_COLOR_MATRIX_BT601);
  ck_assert_int_eq (info.colorimetry.range, GST_VIDEO_COLOR_RANGE_0_255);
  gst_caps_unref (caps);
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

/* I420 of 160x120: stripes and squares that move, and noise. */
static GstBuffer *
moving_picture (guint n)
{
  enum { WIDTH = 160, HEIGHT = 120, SIZE = WIDTH * HEIGHT * 3 / 2 };
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, SIZE, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  memset (map.data, 128, SIZE);
  for (guint i = 0; i < WIDTH * HEIGHT; i++) {
    guint x = i % WIDTH + 2 * n, y = i / WIDTH;
    guint noise = (i * 2654435761u ^ n * 40503u * 65537u) * 2246822519u;
    map.data[i] = (guint8) (60 + ABS ((gint) (x * 3 % 128) - 64)
        + (x / 20 + y / 15) % 2 * 40 + (noise >> 16) % 24);
  }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = n * GST_SECOND / 30;
  return buffer;
}

/* Of luma, I420 of 160x120. */
static gdouble
psnr_of (GstBuffer *a, GstBuffer *b)
{
  GstMapInfo p, q;
  gdouble sum = 0;

  gst_buffer_map (a, &p, GST_MAP_READ);
  gst_buffer_map (b, &q, GST_MAP_READ);
  for (guint i = 0; i < 160 * 120; i++)
    sum += (p.data[i] - q.data[i]) * (p.data[i] - q.data[i]);
  gst_buffer_unmap (a, &p);
  gst_buffer_unmap (b, &q);
  return 10 * log10 (65025.0 * 160 * 120 / sum);
}

/* Plain latents, and pictures of them. */
GST_START_TEST (test_latents_as_tensors)
{
  gchar *line = g_strdup_printf (
      "aeencode model-file=%s ! capsfilter caps=other/tensors", model_file ());
  GstHarness *e = gst_harness_new_parse (line), *d;
  gint rows, columns, channels, one;

  gst_harness_set_src_caps (e, plugin_test_caps ("I420", 160, 120));
  GstBuffer *in = moving_picture (3);
  GstBuffer *coded = gst_harness_push_and_pull (e, gst_buffer_ref (in));
  GstCaps *caps = gst_pad_get_current_caps (e->sinkpad);
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  ck_assert_str_eq (gst_structure_get_name (s), "other/tensors");
  ck_assert_str_eq (gst_structure_get_string (s, "types"), "float32");
  ck_assert_int_eq (sscanf (gst_structure_get_string (s, "dimensions"),
                        "%d:%d:%d:%d", &columns, &rows, &channels, &one),
      4);
  ck_assert_int_eq (columns, 10);
  ck_assert_int_eq (rows, 8);
  ck_assert_uint_eq (gst_buffer_get_size (coded), 320 * channels);
  gst_caps_unref (caps);
  d = decoder (e);
  GstBuffer *out = gst_harness_push_and_pull (d, gst_buffer_ref (coded));
  ck_assert_uint_eq (gst_buffer_get_size (out), 160 * 120 * 3 / 2);
  ck_assert (psnr_of (in, out) > 26);
  gst_buffer_unref (out);
  gst_buffer_unref (coded);
  coded = gst_buffer_new_memdup ("too short", 9);
  ck_assert_int_eq (gst_harness_push (d, coded), GST_FLOW_OK);
  ck_assert (gst_harness_try_pull (d) == NULL);
  gst_buffer_unref (in);
  g_free (line);
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

GST_START_TEST (test_a_key_frame_can_be_forced)
{
  GstHarness *e = encoder ("key-int-max=0", "I420", 64, 48);

  for (guint n = 0; n < 6; n++) {
    if (n == 3)
      gst_harness_push_upstream_event (e,
          gst_video_event_new_upstream_force_key_unit (
              GST_CLOCK_TIME_NONE, TRUE, 1));
    GstBuffer *coded = code (e, "I420", 64, 48, n);
    ck_assert (GST_BUFFER_FLAG_IS_SET (coded, GST_BUFFER_FLAG_DELTA_UNIT)
        == (n != 0 && n != 3));
    gst_buffer_unref (coded);
  }
  gst_harness_teardown (e);
}
GST_END_TEST;

/* A frame that is lost stops the picture until the next key frame, which is
 * asked for. */
GST_START_TEST (test_lost_frames_ask_for_a_key_frame)
{
  GstHarness *e = encoder ("key-int-max=0", "I420", 64, 48), *d = NULL;
  guint shown = 0;

  for (guint n = 0; n < 8; n++) {
    GstBuffer *coded = code (e, "I420", 64, 48, n);
    if (d == NULL)
      d = decoder (e);
    if (n == 2) {
      gst_buffer_unref (coded);
      continue;
    }
    ck_assert_int_eq (gst_harness_push (d, coded), GST_FLOW_OK);
    GstBuffer *out = gst_harness_try_pull (d);
    shown += out != NULL;
    gst_clear_buffer (&out);
    GstEvent *event;
    while ((event = gst_harness_try_pull_upstream_event (d)) != NULL)
      if (gst_video_event_is_force_key_unit (event))
        gst_harness_push_upstream_event (e, event);
      else
        gst_event_unref (event);
  }
  /* 0, 1; 3 is the one that asks; 4 to 7 */
  ck_assert_uint_eq (shown, 6);
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

/* A stream of bytes in pieces of any size, with noise before it and within. */
GST_START_TEST (test_bytes_are_split_into_frames)
{
  static const gsize pieces[] = { 1, 13, 52, 1000, 100000 };
  GstHarness *e = encoder ("key-int-max=3", "GRAY8", 48, 32);
  GByteArray *bytes = g_byte_array_new ();
  GstHarness *p = gst_harness_new ("aeparse");
  guint frames = 0, keys = 0;

  g_byte_array_append (bytes, (const guint8 *) "\xa5"
                                               "AEVnoise",
      9);
  for (guint n = 0; n < 7; n++) {
    GstMapInfo map;
    GstBuffer *coded = code (e, "GRAY8", 48, 32, n);
    gst_buffer_map (coded, &map, GST_MAP_READ);
    g_byte_array_append (bytes, map.data, (guint) map.size);
    gst_buffer_unmap (coded, &map);
    gst_buffer_unref (coded);
    if (n == 4)
      g_byte_array_append (bytes, (const guint8 *) "lost\xa5\xa5", 6);
  }
  gst_harness_set_src_caps_str (p, "video/x-ae");
  for (gsize at = 0; at < bytes->len; at += pieces[__i__]) {
    gsize n = MIN (pieces[__i__], bytes->len - at);
    GstBuffer *piece = gst_buffer_new_memdup (bytes->data + at, n);
    ck_assert_int_eq (gst_harness_push (p, piece), GST_FLOW_OK);
  }
  gst_harness_push_event (p, gst_event_new_eos ());
  for (GstBuffer *out; (out = gst_harness_try_pull (p)) != NULL; frames++) {
    keys += !GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_DELTA_UNIT);
    ck_assert_uint_eq (GST_BUFFER_PTS (out), frames * GST_SECOND / 30);
    gst_buffer_unref (out);
  }
  ck_assert_uint_eq (frames, 7);
  ck_assert_uint_eq (keys, 3);
  GstCaps *caps = gst_pad_get_current_caps (p->sinkpad);
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gint width;
  ck_assert (gst_structure_get_int (s, "width", &width) && width == 48);
  ck_assert_str_eq (gst_structure_get_string (s, "format"), "GRAY8");
  gst_caps_unref (caps);
  g_byte_array_unref (bytes);
  gst_harness_teardown (e);
  gst_harness_teardown (p);
}
GST_END_TEST;

/* Sources of bytes know what they are, but not of what size. */
GST_START_TEST (test_caps_may_tell_no_size)
{
  GstHarness *e = encoder ("", "I420", 64, 48);
  gchar *line = g_strdup_printf ("aedecode model-file=%s", model_file ());
  GstHarness *d = gst_harness_new_parse (line);

  gst_harness_set_src_caps_str (d, "video/x-ae");
  for (guint n = 0; n < 3; n++)
    gst_buffer_unref (
        gst_harness_push_and_pull (d, code (e, "I420", 64, 48, n)));
  g_free (line);
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

/* Bits of a picture in a leaky bucket, which `kbps` empties in 33 ms; it never
 * runs over, but by what a picture takes in which nothing changes. */
static void
pour (gdouble *bucket, gsize size, guint kbps)
{
  gdouble before = MAX (*bucket - kbps * 1000 / 30.0, 0);

  *bucket = before + size * 8;
  ck_assert_msg (*bucket <= MAX (kbps * 1000.0, before + 70 * 8),
      "%.0f bits at %u kbit/s", *bucket, kbps);
}

/* The bitrate asked for, changed ten times while running, is met within 5 %
 * over two seconds. */
GST_START_TEST (test_bitrate_is_kept)
{
  GstHarness *e = encoder ("bitrate=900 key-int-max=30", "I420", 160, 120);
  GstElement *element = gst_harness_find_element (e, "aeencode");
  static const guint rates[]
      = { 900, 600, 1200, 300, 2000, 450, 800, 1500, 350, 1000 };
  gdouble bucket = 0;

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    gdouble bits = 0;
    g_object_set (element, "bitrate", rates[r], NULL);
    for (guint n = 0; n < 120; n++) {
      GstBuffer *coded
          = push_and_pull (e, moving_picture (r * 120 + n));
      gsize size = gst_buffer_get_size (coded);
      if (n >= 60)
        bits += size * 8;
      pour (&bucket, size, rates[r]);
      gst_buffer_unref (coded);
    }
    gdouble found = bits / 2 / 1000;
    ck_assert_msg (ABS (found - rates[r]) < 0.05 * rates[r],
        "%.1f kbit/s instead of %u", found, rates[r]);
  }
  gst_object_unref (element);
  gst_harness_teardown (e);
}
GST_END_TEST;

/* Where caps tell no framerate, timestamps do: ten pictures a second. */
GST_START_TEST (test_bitrate_by_timestamps)
{
  GstHarness *e = encoder ("bitrate=300", "I420", 160, 120);
  gdouble bits = 0;

  gst_harness_set_src_caps_str (e,
      "video/x-raw,format=I420,width=160,height=120,framerate=0/1");
  for (guint n = 0; n < 60; n++) {
    GstBuffer *picture = moving_picture (n);
    GST_BUFFER_PTS (picture) = n * GST_SECOND / 10;
    GST_BUFFER_DURATION (picture) = GST_CLOCK_TIME_NONE;
    GstBuffer *coded = push_and_pull (e, picture);
    if (n >= 30)
      bits += gst_buffer_get_size (coded) * 8;
    gst_buffer_unref (coded);
  }
  gdouble found = bits / 3 / 1000;
  ck_assert_msg (ABS (found - 300) < 0.1 * 300, "%.1f kbit/s", found);
  gst_harness_teardown (e);
}
GST_END_TEST;

/* A new scene at each second picture, in a bucket of a fifth of a second. */
GST_START_TEST (test_bursts_fit_the_bucket)
{
  GstHarness *e = encoder (
      "bitrate=600 vbv-buf-capacity=200 key-int-max=0", "I420", 160, 120);
  gdouble bucket = 0;

  for (guint n = 0; n < 60; n++) {
    GstBuffer *coded = push_and_pull (e, moving_picture (n * (n % 2 ? 1 : 57)));
    bucket = MAX (bucket - 600 * 1000 / 30.0, 0)
        + gst_buffer_get_size (coded) * 8;
    ck_assert_msg (bucket <= 600 * 200 + 70 * 8, "%.0f bits", bucket);
    gst_buffer_unref (coded);
  }
  gst_harness_teardown (e);
}
GST_END_TEST;

/* Constant PSNR, key frames and others, each within half a dB once it has been
 * found. */
GST_START_TEST (test_psnr_is_kept)
{
  static const gint wanted[] = { 27, 28, 29 };
  gchar *properties
      = g_strdup_printf ("psnr=%d key-int-max=10", wanted[__i__]);
  GstHarness *e = encoder (properties, "I420", 160, 120), *d = NULL;
  gdouble mean = 0;

  for (guint n = 0; n < 40; n++) {
    GstBuffer *in = moving_picture (n);
    GstBuffer *coded = push_and_pull (e, gst_buffer_ref (in));
    if (d == NULL)
      d = decoder (e);
    GstBuffer *out = gst_harness_push_and_pull (d, coded);
    gdouble found = psnr_of (in, out);
    if (n >= 10)
      mean += found / 30;
    ck_assert_msg (n < 10 || ABS (found - wanted[__i__]) < 1,
        "picture %u: %.2f dB instead of %d", n, found, wanted[__i__]);
    gst_buffer_unref (in);
    gst_buffer_unref (out);
  }
  ck_assert_msg (ABS (mean - wanted[__i__]) < 0.5, "%.2f dB instead of %d",
      mean, wanted[__i__]);
  g_free (properties);
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

/* Slower presets find what faster ones do not. */
GST_START_TEST (test_speed_presets)
{
  static const gchar *const presets[] = { "fast", "medium", "slow" };
  gsize sizes[3] = { 0 };

  for (guint i = 0; i < 3; i++) {
    gchar *properties = g_strdup_printf ("speed-preset=%s", presets[i]);
    GstHarness *e = encoder (properties, "I420", 160, 120);
    for (guint n = 0; n < 8; n++) {
      GstBuffer *coded = push_and_pull (e, moving_picture (9 * n));
      sizes[i] += gst_buffer_get_size (coded);
      gst_buffer_unref (coded);
    }
    g_free (properties);
    gst_harness_teardown (e);
  }
  ck_assert_uint_lt (sizes[2], sizes[0]);
  ck_assert_uint_ne (sizes[1], sizes[0]);
}
GST_END_TEST;

/* 200 of them, from 1x1 on. */
GST_START_TEST (test_sizes_may_change)
{
  GstHarness *e = encoder ("", "I420", 64, 48), *d = NULL;

  for (guint n = 0; n < 200; n++) {
    gint width = 1 + (gint) (n * 37 % 90), height = 1 + (gint) (n * 23 % 70);
    gst_harness_set_src_caps (e, plugin_test_caps ("I420", width, height));
    GstBuffer *coded = code (e, "I420", width, height, n);
    if (d == NULL)
      d = decoder (e);
    GstCaps *caps = gst_pad_get_current_caps (e->sinkpad);
    gst_harness_set_src_caps (d, caps);
    GstBuffer *out = gst_harness_push_and_pull (d, coded);
    ck_assert (out != NULL);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

/* The text of the error that a pipeline ends with; NULL at its end. */
static gchar *
error_of (const gchar *line)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  gchar *text = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  GstMessage *message = gst_bus_timed_pop_filtered (
      bus, 20 * GST_SECOND, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  ck_assert (message != NULL);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    text = g_strdup (error->message);
    g_error_free (error);
  }
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  return text;
}

static void
expect_error (const gchar *line, const gchar *part)
{
  gchar *text = error_of (line);
  ck_assert_msg (text != NULL && strstr (text, part) != NULL,
      "%s: found \"%s\", wanted \"%s\"", line, text, part);
  g_free (text);
}

GST_START_TEST (test_wrong_models_are_one_error)
{
  gchar *path = plugin_test_path ("denoise-fast.onnx");
  gchar *line = g_strdup_printf (
      "videotestsrc num-buffers=2 ! aeencode model-file=%s ! fakesink", path);
  expect_error (line, "not a codec");
  g_free (line);
  g_free (path);
  expect_error ("videotestsrc num-buffers=2 ! aeencode "
                "model-file=/not/there.onnx ! fakesink",
      "/not/there.onnx");
  line = g_strdup_printf ("videotestsrc num-buffers=2 ! aeencode "
                          "model-file=%s ! aedecode model-file=%s ! fakesink",
      model_file (), g_getenv ("AE_TEST_CODEC_OTHER"));
  expect_error (line, "the stream was coded by model ");
  g_free (line);
}
GST_END_TEST;

/* Where caps do not tell the model, packets do. */
GST_START_TEST (test_wrong_models_of_files_are_one_error)
{
  gchar *path = plugin_test_path ("other.aev");
  gchar *line = g_strdup_printf ("videotestsrc num-buffers=2 ! aeencode "
                                 "model-file=%s ! filesink location=%s",
      model_file (), path);
  ck_assert (error_of (line) == NULL);
  g_free (line);
  line = g_strdup_printf (
      "filesrc location=%s ! aedecode model-file=%s ! fakesink", path,
      g_getenv ("AE_TEST_CODEC_OTHER"));
  expect_error (line, "the stream was coded by model ");
  g_free (line);
  g_free (path);
}
GST_END_TEST;

/* From a file, with and without a parser, and found by its first bytes. */
GST_START_TEST (test_files_play)
{
  static const gchar *const middles[]
      = { "aedecode model-file=%s", "aeparse ! aedecode model-file=%s",
          "typefind ! aeparse ! aedecode model-file=%s" };
  gchar *path = plugin_test_path ("clip.aev");
  gchar *line = g_strdup_printf ("videotestsrc num-buffers=20 ! "
                                 "video/x-raw,width=80,height=60 ! aeencode "
                                 "model-file=%s ! filesink location=%s",
      model_file (), path);
  ck_assert (error_of (line) == NULL);
  g_free (line);
  for (gsize i = 0; i < G_N_ELEMENTS (middles); i++) {
    gchar *middle = g_strdup_printf (middles[i], model_file ());
    line = g_strdup_printf (
        "filesrc location=%s ! %s ! fakesink", path, middle);
    ck_assert (error_of (line) == NULL);
    g_free (line);
    g_free (middle);
  }
  g_free (path);
}
GST_END_TEST;

/* A file of `frames` pictures at 30 a second, with a key frame every 15. */
static gchar *
write_clip (const gchar *name, guint frames)
{
  gchar *path = plugin_test_path (name);
  gchar *line = g_strdup_printf (
      "videotestsrc num-buffers=%u pattern=ball ! "
      "video/x-raw,width=80,height=60,framerate=30/1 ! "
      "aeencode key-int-max=15 model-file=%s ! filesink location=%s",
      frames, model_file (), path);
  ck_assert (error_of (line) == NULL);
  g_free (line);
  return path;
}

/* The buffer at which a paused pipeline's sink stands. */
static GstBuffer *
prerolled (GstElement *pipeline)
{
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstSample *sample = NULL;

  ck_assert_int_eq (gst_element_get_state (
                        pipeline, NULL, NULL, 20 * GST_SECOND),
      GST_STATE_CHANGE_SUCCESS);
  g_object_get (sink, "last-sample", &sample, NULL);
  ck_assert (sample != NULL);
  GstBuffer *buffer = gst_buffer_ref (gst_sample_get_buffer (sample));
  gst_sample_unref (sample);
  gst_object_unref (sink);
  return buffer;
}

/* Seconds into the clip, the key frame before it, and back. */
static const struct {
  gdouble to, found;
} seeks[] = { { 2.2, 2.0 }, { 0.7, 0.5 }, { 2.9, 2.5 }, { 0, 0 } };

static void
check_seeks (const gchar *line)
{
  GstElement *pipeline = gst_parse_launch (line, NULL);
  gint64 duration;

  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  gst_buffer_unref (prerolled (pipeline));
  ck_assert (gst_element_query_duration (
      pipeline, GST_FORMAT_TIME, &duration));
  ck_assert_int_le (ABS (duration - 3 * (gint64) GST_SECOND),
      GST_SECOND / 30 + 1);
  for (gsize i = 0; i < G_N_ELEMENTS (seeks); i++) {
    ck_assert (gst_element_seek_simple (pipeline, GST_FORMAT_TIME,
        GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT,
        (gint64) (seeks[i].to * GST_SECOND)));
    GstBuffer *buffer = prerolled (pipeline);
    ck_assert_msg (GST_BUFFER_PTS (buffer)
            == (GstClockTime) (seeks[i].found * GST_SECOND),
        "%" GST_TIME_FORMAT " instead of %.1f s",
        GST_TIME_ARGS (GST_BUFFER_PTS (buffer)), seeks[i].found);
    gst_buffer_unref (buffer);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

GST_START_TEST (test_files_tell_their_duration_and_seek)
{
  gchar *path = write_clip ("seek.aev", 90);
  gchar *line = g_strdup_printf (
      "filesrc location=%s ! aeparse ! fakesink name=sink", path);
  check_seeks (line);
  g_free (line);
  line = g_strdup_printf ("filesrc location=%s ! aeparse ! "
                          "aedecode model-file=%s ! fakesink name=sink",
      path, model_file ());
  check_seeks (line);
  g_free (line);
  g_free (path);
}
GST_END_TEST;

/* As players do it, which name no model: the one in AE_MODEL_PATH is taken. */
GST_START_TEST (test_decodebin_plays_files)
{
  gchar *path = write_clip ("any.aev", 20), *contents;
  gchar *model = plugin_test_path ("codec.onnx");
  gchar *folder = g_path_get_dirname (model);
  gsize size;
  GError *error = NULL;

  ck_assert (g_file_get_contents (model_file (), &contents, &size, &error));
  ck_assert (g_file_set_contents (model, contents, (gssize) size, &error));
  g_setenv ("AE_MODEL_PATH", folder, TRUE);
  gchar *line = g_strdup_printf ("filesrc location=%s ! decodebin ! "
                                 "video/x-raw,width=80 ! fakesink",
      path);
  gchar *text = error_of (line);
  ck_assert_msg (text == NULL, "%s", text);
  g_free (line);
  g_free (contents);
  g_free (folder);
  g_free (model);
  g_free (path);
}
GST_END_TEST;

static Suite *
codec_suite (void)
{
  Suite *s = suite_create ("codec");
  TCase *tc = tcase_create ("codec");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_pictures_pass, 0, G_N_ELEMENTS (formats));
  tcase_add_test (tc, test_caps_and_colorimetry_are_kept);
  tcase_add_test (tc, test_rgb_tells_its_matrix);
  tcase_add_test (tc, test_latents_as_tensors);
  tcase_add_test (tc, test_a_key_frame_can_be_forced);
  tcase_add_test (tc, test_lost_frames_ask_for_a_key_frame);
  tcase_add_loop_test (tc, test_bytes_are_split_into_frames, 0, 5);
  tcase_add_test (tc, test_caps_may_tell_no_size);
  tcase_add_test (tc, test_bitrate_is_kept);
  tcase_add_test (tc, test_bitrate_by_timestamps);
  tcase_add_test (tc, test_bursts_fit_the_bucket);
  tcase_add_loop_test (tc, test_psnr_is_kept, 0, 3);
  tcase_add_test (tc, test_speed_presets);
  tcase_add_test (tc, test_sizes_may_change);
  tcase_add_test (tc, test_wrong_models_are_one_error);
  tcase_add_test (tc, test_wrong_models_of_files_are_one_error);
  tcase_add_test (tc, test_files_play);
  tcase_add_test (tc, test_files_tell_their_duration_and_seek);
  tcase_add_test (tc, test_decodebin_plays_files);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, codec_suite);
}
