/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames through `aefilter` with models whose results can be told. */

#include "plugin_test.h"

#include <string.h>

static const gchar *const formats[] = { "I420", "YV12", "NV12", "NV21", "Y42B",
  "Y444", "GRAY8", "RGB", "BGR", "RGBx", "BGRx", "xRGB", "xBGR", "RGBA",
  "BGRA", "ARGB", "ABGR", "I420_10LE", "P010_10LE" };

static const struct {
  gint width, height;
} sizes[] = { { 1, 1 }, { 1, 9 }, { 7, 1 }, { 13, 7 }, { 33, 18 },
  { 64, 48 } };

static gchar *
model_path (const gchar *model)
{
  return g_strdup_printf (
      "%s/filter_%s.onnx", g_getenv ("AE_TEST_FILTERS"), model);
}

/* An element with that model and further properties. */
static GstHarness *
filter_harness (const gchar *model, const gchar *properties)
{
  gchar *path = model_path (model);
  gchar *launch = g_strdup_printf (
      "aefilter n-threads=1 precision=f32 model-file=%s %s", path, properties);
  GstHarness *h = gst_harness_new_parse (launch);

  g_free (launch);
  g_free (path);
  return h;
}

static void
set_caps (GstHarness *h, const gchar *format, gint width, gint height,
    GstVideoInfo *info)
{
  GstCaps *caps = plugin_test_caps (format, width, height);

  ck_assert (gst_video_info_from_caps (info, caps));
  gst_harness_set_src_caps (h, caps);
}

static GstBuffer *
push_pull (GstHarness *h, GstBuffer *buffer)
{
  ck_assert_int_eq (gst_harness_push (h, buffer), GST_FLOW_OK);
  GstBuffer *out = gst_harness_try_pull (h);
  ck_assert (out != NULL);
  return out;
}

/* A picture through a model. */
static GstBuffer *
filter_one (const gchar *model, const gchar *properties, const gchar *format,
    gint width, gint height, GstVideoInfo *info)
{
  GstHarness *h = filter_harness (model, properties);

  set_caps (h, format, width, height, info);
  GstBuffer *out = push_pull (h, plugin_test_picture (info, 3));
  gst_harness_teardown (h);
  return out;
}

static void
out_info (GstHarness *h, GstVideoInfo *info)
{
  GstCaps *caps = gst_pad_get_current_caps (h->sinkpad);

  ck_assert (gst_video_info_from_caps (info, caps));
  gst_caps_unref (caps);
}

static void
set_model (GstHarness *h, const gchar *model)
{
  GstElement *filter = gst_harness_find_element (h, "aefilter");
  gchar *path = model_path (model);

  g_object_set (filter, "model-file", path, NULL);
  g_free (path);
  gst_object_unref (filter);
}

static guint64
stat_of (GstHarness *h, const gchar *field)
{
  GstElement *filter = gst_harness_find_element (h, "aefilter");
  GstStructure *stats = NULL;
  guint64 value = 0;

  g_object_get (filter, "stats", &stats, NULL);
  ck_assert (gst_structure_get_uint64 (stats, field, &value));
  gst_structure_free (stats);
  gst_object_unref (filter);
  return value;
}

/* Its text, to be freed, or NULL when there is none within the time. */
static gchar *
message_text (GstBus *bus, GstMessageType type, GstClockTime wait)
{
  GstMessage *message = gst_bus_timed_pop_filtered (bus, wait, type);
  GError *error = NULL;

  if (message == NULL)
    return NULL;
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  gchar *text = g_strdup (error->message);
  g_error_free (error);
  gst_message_unref (message);
  return text;
}

GST_START_TEST (test_identity_keeps_every_pixel_of_every_format)
{
  static const gchar *const models[]
      = { "identity", "grey_identity", "fours", "open" };
  static const gchar *const properties[] = { "",
    "input-range=-1-1",
    "input-range=0-255 output-range=0-255",
  };

  for (gsize m = 0; m < G_N_ELEMENTS (models); m++)
    for (gsize f = 0; f < G_N_ELEMENTS (formats); f++)
      for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++) {
        GstVideoInfo info;
        GstBuffer *out = filter_one (models[m], properties[(m + f + s) % 3],
            formats[f], sizes[s].width, sizes[s].height, &info);
        GstBuffer *in = plugin_test_picture (&info, 3);
        plugin_test_assert_same (out, in, &info, formats[f]);
        gst_buffer_unref (in);
        gst_buffer_unref (out);
      }
}
GST_END_TEST;

GST_START_TEST (test_padded_rows_and_separate_planes_give_the_same_bits)
{
  for (gsize f = 0; f < G_N_ELEMENTS (formats); f++) {
    GstVideoInfo info;
    GstBuffer *wanted
        = filter_one ("negative", "", formats[f], 35, 21, &info);
    GstHarness *h = filter_harness ("negative", "");
    set_caps (h, formats[f], 35, 21, &info);
    GstBuffer *in
        = plugin_test_pad (plugin_test_picture (&info, 3), &info, 14, TRUE);
    GstBuffer *out = push_pull (h, in);
    plugin_test_assert_same (out, wanted, &info, formats[f]);
    gst_buffer_unref (out);
    gst_buffer_unref (wanted);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

GST_START_TEST (test_negative_is_exact_where_pixels_are_colours)
{
  static const gchar *const exact[] = { "RGB", "BGRA", "GRAY8" };

  for (gsize f = 0; f < G_N_ELEMENTS (exact); f++) {
    GstVideoInfo info;
    GstBuffer *out = filter_one ("negative", "", exact[f], 33, 18, &info);
    GstBuffer *in = plugin_test_picture (&info, 3);
    GByteArray *a = plugin_test_pixels (in, &info);
    GByteArray *b = plugin_test_pixels (out, &info);
    guint colours = MIN (3, GST_VIDEO_INFO_N_COMPONENTS (&info)) * 33 * 18;
    for (guint i = 0; i < a->len; i++)
      ck_assert_uint_eq (
          b->data[i], i < colours ? 255 - a->data[i] : a->data[i]);
    g_byte_array_unref (a);
    g_byte_array_unref (b);
    gst_buffer_unref (in);
    gst_buffer_unref (out);
  }
}
GST_END_TEST;

/* Of limited range: luma 16..235 turns over, and so do colour differences. */
GST_START_TEST (test_negative_of_yuv_keeps_to_its_range)
{
  GstVideoInfo info;
  GstVideoFrame frame;
  GstHarness *h = filter_harness ("negative", "");

  set_caps (h, "Y444", 4, 4, &info);
  GstBuffer *in = gst_buffer_new_allocate (NULL, info.size, NULL);
  gst_buffer_memset (in, 0, 16, 16); /* black */
  gst_buffer_memset (in, 16, 100, 16);
  gst_buffer_memset (in, 32, 140, 16);
  GstBuffer *out = push_pull (h, in);
  ck_assert (gst_video_frame_map (&frame, &info, out, GST_MAP_READ));
  ck_assert_uint_eq (*(guint8 *) GST_VIDEO_FRAME_COMP_DATA (&frame, 0), 235);
  ck_assert_uint_eq (*(guint8 *) GST_VIDEO_FRAME_COMP_DATA (&frame, 1), 156);
  ck_assert_uint_eq (*(guint8 *) GST_VIDEO_FRAME_COMP_DATA (&frame, 2), 116);
  gst_video_frame_unmap (&frame);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

static guint
blurred (const guint8 *pixels, gint width, gint height, gint x, gint y)
{
  gfloat sum = 0;

  for (gint j = MAX (y - 1, 0); j <= MIN (y + 1, height - 1); j++)
    for (gint i = MAX (x - 1, 0); i <= MIN (x + 1, width - 1); i++)
      sum += pixels[j * width + i];
  return (guint) (sum / 9 + 0.5f);
}

GST_START_TEST (test_blur_is_the_mean_of_nine)
{
  const gint w = 37, h = 23;
  GstVideoInfo info;
  GstBuffer *out = filter_one ("blur", "", "RGB", w, h, &info);
  GstBuffer *in = plugin_test_picture (&info, 3);
  GByteArray *a = plugin_test_pixels (in, &info);
  GByteArray *b = plugin_test_pixels (out, &info);

  for (gint c = 0; c < 3; c++)
    for (gint y = 0; y < h; y++)
      for (gint x = 0; x < w; x++)
        ck_assert_uint_eq (b->data[(c * h + y) * w + x],
            blurred (a->data + c * w * h, w, h, x, y));
  g_byte_array_unref (a);
  g_byte_array_unref (b);
  gst_buffer_unref (in);
  gst_buffer_unref (out);
}
GST_END_TEST;

/* All that is darker than the model's 0 becomes it. The middle of grey levels
 * lies between two of them: it counts as the lower one. */
static guint
rectified (const gchar *model, const gchar *properties, guint8 level)
{
  GstVideoInfo info;
  guint8 result;
  GstHarness *h = filter_harness (model, properties);

  set_caps (h, "GRAY8", 8, 8, &info);
  GstBuffer *in = gst_buffer_new_allocate (NULL, 64, NULL);
  gst_buffer_memset (in, 0, level, 64);
  GstBuffer *out = push_pull (h, in);
  gst_buffer_extract (out, 9, &result, 1);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
  return result == 128 ? 127 : result;
}

GST_START_TEST (test_ranges_and_normalisation)
{
  ck_assert_uint_eq (rectified ("rectify", "", 100), 100);
  ck_assert_uint_eq (rectified ("rectify", "input-range=-1-1", 100), 127);
  ck_assert_uint_eq (rectified ("rectify_signed", "", 100), 127);
  ck_assert_uint_eq (
      rectified ("rectify_signed", "input-range=0-1", 100), 100);
  ck_assert_uint_eq (
      rectified ("rectify", "mean=0.5 deviation=0.5", 153), 51);
  ck_assert_uint_eq (rectified ("rectify", "mean=0.5,0.5,0.5", 100), 0);
  ck_assert_uint_eq (
      rectified ("rectify", "input-range=0-255 output-range=0-1", 1), 255);
  ck_assert_uint_eq (
      rectified ("rectify", "input-range=0-1 output-range=0-255", 200), 1);
}
GST_END_TEST;

GST_START_TEST (test_a_grey_model_keeps_colours)
{
  GstVideoInfo info;
  GstBuffer *out = filter_one ("grey", "", "I420", 40, 30, &info);
  GstBuffer *in = plugin_test_picture (&info, 3);
  GByteArray *a = plugin_test_pixels (in, &info);
  GByteArray *b = plugin_test_pixels (out, &info);

  /* 0.1 of 219 levels */
  for (guint i = 0; i < 40 * 30; i++)
    ck_assert_uint_eq (b->data[i], MIN (a->data[i] + 22, 255));
  ck_assert_int_eq (memcmp (a->data + 1200, b->data + 1200, 600), 0);
  g_byte_array_unref (a);
  g_byte_array_unref (b);
  gst_buffer_unref (in);
  gst_buffer_unref (out);
}
GST_END_TEST;

GST_START_TEST (test_a_model_that_enlarges_sets_the_caps)
{
  GstVideoInfo info, twice;
  GstHarness *h = filter_harness ("twice", "");

  set_caps (h, "RGB", 21, 13, &info);
  GstBuffer *in = plugin_test_picture (&info, 3);
  GByteArray *a = plugin_test_pixels (in, &info);
  GstBuffer *out = push_pull (h, in);
  out_info (h, &twice);
  ck_assert_int_eq (twice.width, 42);
  ck_assert_int_eq (twice.height, 26);
  ck_assert_int_eq (twice.par_n, twice.par_d);
  GByteArray *b = plugin_test_pixels (out, &twice);
  for (guint c = 0; c < 3; c++)
    for (guint y = 0; y < 26; y++)
      for (guint x = 0; x < 42; x++)
        ck_assert_uint_eq (b->data[(c * 26 + y) * 42 + x],
            a->data[(c * 13 + y / 2) * 21 + x / 2]);
  g_byte_array_unref (a);
  g_byte_array_unref (b);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_enlarging_works_for_every_format)
{
  for (gsize f = 0; f < G_N_ELEMENTS (formats); f++) {
    GstVideoInfo info, twice;
    GstHarness *h = filter_harness ("twice", "");
    set_caps (h, formats[f], 21, 13, &info);
    GstBuffer *in = gst_buffer_new_allocate (NULL, info.size, NULL);
    gst_buffer_memset (in, 0, 0, -1);
    GstBuffer *out = push_pull (h, in);
    out_info (h, &twice);
    ck_assert_int_eq (twice.width, 42);
    GByteArray *pixels = plugin_test_pixels (out, &twice);
    for (guint i = 0; i < pixels->len; i++)
      ck_assert_msg (pixels->data[i] == 0, "%s: byte %u is %u", formats[f], i,
          pixels->data[i]);
    g_byte_array_unref (pixels);
    gst_buffer_unref (out);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* A ramp, which scaling leaves one but for its ends. */
static GstBuffer *
ramp (const GstVideoInfo *info)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  GstVideoFrame frame;

  ck_assert (gst_video_frame_map (&frame, info, buffer, GST_MAP_WRITE));
  for (gint y = 0; y < info->height; y++)
    for (gint x = 0; x < info->width; x++)
      ((guint8 *) frame.data[0])[y * info->stride[0] + x]
          = 20 + 200 * x / info->width;
  gst_video_frame_unmap (&frame);
  return buffer;
}

GST_START_TEST (test_a_fixed_size_is_scaled_to_and_back)
{
  static const struct {
    const gchar *model, *properties;
    gint width, height, par_n, par_d;
  } cases[] = { { "fixed", "", 64, 48, 1, 1 },
    { "fixed", "scale-output=false", 32, 24, 1, 1 },
    { "half_open", "", 64, 48, 1, 1 },
    { "half_open", "scale-output=false", 64, 24, 1, 2 },
    { "fixed_twice", "", 128, 96, 1, 1 },
    { "fixed_twice", "scale-output=false", 64, 48, 1, 1 } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstVideoInfo info, made;
    GstHarness *h = filter_harness (cases[i].model, cases[i].properties);
    set_caps (h, "GRAY8", 64, 48, &info);
    GstBuffer *out = push_pull (h, ramp (&info));
    out_info (h, &made);
    ck_assert_int_eq (made.width, cases[i].width);
    ck_assert_int_eq (made.height, cases[i].height);
    ck_assert_int_eq (made.par_n, cases[i].par_n);
    ck_assert_int_eq (made.par_d, cases[i].par_d);
    GByteArray *pixels = plugin_test_pixels (out, &made);
    for (gint x = made.width / 16; x < made.width * 15 / 16; x++)
      ck_assert_int_le (
          ABS (pixels->data[made.width * 5 + x]
               - (20 + 200 * (x * 2 + 1) / (made.width * 2))),
          5);
    g_byte_array_unref (pixels);
    gst_buffer_unref (out);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

GST_START_TEST (test_another_shape_changes_the_shape_of_pixels)
{
  GstVideoInfo info, made;
  GstHarness *h = filter_harness ("fixed", "scale-output=false");

  set_caps (h, "I420", 64, 24, &info);
  gst_buffer_unref (push_pull (h, plugin_test_picture (&info, 1)));
  out_info (h, &made);
  ck_assert_int_eq (made.width, 32);
  ck_assert_int_eq (made.height, 24);
  ck_assert_int_eq (made.par_n, 2);
  ck_assert_int_eq (made.par_d, 1);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* Pushes until results are `width` wide; the last one, or NULL. */
static GstBuffer *
push_until (GstHarness *h, const GstVideoInfo *info, gint width)
{
  for (guint i = 0; i < 500; i++) {
    GstVideoInfo made;
    GstBuffer *out = push_pull (h, plugin_test_picture (info, 3));
    out_info (h, &made);
    ck_assert_uint_eq (gst_buffer_get_size (out), made.size);
    if (made.width == width)
      return out;
    gst_buffer_unref (out);
    g_usleep (10000);
  }
  return NULL;
}

GST_START_TEST (test_models_of_other_sizes_take_over_in_the_stream)
{
  GstVideoInfo info;
  GstHarness *h = filter_harness ("identity", "");

  set_caps (h, "I420", 40, 30, &info);
  for (guint i = 0; i < 3; i++) {
    GstBuffer *out = push_until (h, &info, 40);
    ck_assert_msg (out != NULL, "the small model does not come");
    gst_buffer_unref (out);
    set_model (h, "twice");
    out = push_until (h, &info, 80);
    ck_assert_msg (out != NULL, "the enlarging model does not come");
    gst_buffer_unref (out);
    set_model (h, "identity");
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* Faster than they load, the sizes of results changing at any moment. */
GST_START_TEST (test_a_storm_of_models_harms_nothing)
{
  static const gchar *const models[] = { "twice", "two_inputs", "identity",
    "fixed_twice", "not_there", "grey" };
  GstVideoInfo info, made;
  GstHarness *h = filter_harness ("identity", "");

  for (guint i = 0; i < 300; i++) {
    if (i % 50 == 0)
      set_caps (h, i % 100 ? "NV12" : "RGBA", 20 + i % 37, 30, &info);
    set_model (h, models[i % G_N_ELEMENTS (models)]);
    if (i % 7 == 0)
      g_usleep (3000);
    GstBuffer *out = push_pull (h, plugin_test_picture (&info, i));
    out_info (h, &made);
    ck_assert_uint_eq (gst_buffer_get_size (out), made.size);
    ck_assert_int_eq (made.width % info.width, 0);
    gst_buffer_unref (out);
  }
  ck_assert_uint_eq (stat_of (h, "processed"), 300);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_a_size_that_is_not_taken_leaves_the_old_model)
{
  GstVideoInfo info;
  GstHarness *h = filter_harness ("identity", "");
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (h->element, bus);
  set_caps (h, "I420", 40, 30, &info);
  gst_harness_set_sink_caps (h, plugin_test_caps ("I420", 40, 30));
  gst_buffer_unref (push_pull (h, plugin_test_picture (&info, 1)));
  set_model (h, "twice");
  gchar *text = NULL;
  for (guint i = 0; i < 500 && text == NULL; i++) {
    gst_buffer_unref (push_pull (h, plugin_test_picture (&info, i)));
    text = message_text (bus, GST_MESSAGE_WARNING, 10 * GST_MSECOND);
  }
  ck_assert (text != NULL);
  ck_assert_msg (strstr (text, "filter_twice.onnx") != NULL
          && strstr (text, "80") != NULL,
      "%s", text);
  g_free (text);
  gst_buffer_unref (push_pull (h, plugin_test_picture (&info, 1)));
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* What a model is, and a word of the message that refuses it. */
static const struct {
  const gchar *model, *properties, *word;
} wrong[] = {
  { "two_inputs", "", "2 inputs" },
  { "one_colour", "", "1x1x" },
  { "one_pixel", "", "1x3x1x1" },
  { "vector", "", "wanted f32 1x3xHxW" },
  { "rank3", "", "wanted f32 1x3xHxW" },
  { "two_colours", "", "1x2x" },
  { "odd_range", "", "0-42" },
  { "not_there", "", "filter_not_there.onnx" },
  { "blur", "mean=blue", "blue" },
  { "blur", "mean=1,2", "1,2" },
  { "blur", "deviation=0", "deviation" },
  { "blur", "deviation=nan", "deviation" },
};

/* The error of an element that must not start; to be freed. */
static gchar *
start_error (const gchar *path, const gchar *properties)
{
  gchar *launch = path != NULL
      ? g_strdup_printf ("aefilter model-file=%s %s", path, properties)
      : g_strdup ("aefilter");
  GstElement *filter = gst_parse_launch (launch, NULL);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (filter, bus);
  ck_assert_int_eq (gst_element_set_state (filter, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  gchar *text = message_text (bus, GST_MESSAGE_ERROR, 0);
  ck_assert_msg (text != NULL, "%s: no error", launch);
  gchar *more = message_text (bus, GST_MESSAGE_ERROR, 0);
  ck_assert_msg (more == NULL, "%s: a second error: %s", launch, more);
  gst_element_set_state (filter, GST_STATE_NULL);
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_object_unref (filter);
  g_free (launch);
  return text;
}

GST_START_TEST (test_wrong_models_are_an_error_at_the_start)
{
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    gchar *path = model_path (wrong[i].model);
    gchar *text = start_error (path, wrong[i].properties);
    ck_assert_msg (strstr (text, wrong[i].word) != NULL, "%s: %s",
        wrong[i].model, text);
    g_free (text);
    g_free (path);
  }
}
GST_END_TEST;

GST_START_TEST (test_no_model_and_other_files_are_an_error)
{
  gchar *path = plugin_test_path ("text.onnx");
  gchar *denoiser = plugin_test_path ("denoise-fast.onnx");

  ck_assert (g_file_set_contents (path, "not a model", -1, NULL));
  gchar *text = start_error (NULL, "");
  ck_assert_msg (strstr (text, "model-file is not set") != NULL, "%s", text);
  g_free (text);
  text = start_error (path, "");
  ck_assert_msg (strstr (text, "text.onnx") != NULL, "%s", text);
  g_free (text);
  text = start_error (denoiser, "");
  ck_assert_msg (strstr (text, "4 inputs") != NULL, "%s", text);
  g_free (text);
  g_free (path);
  g_free (denoiser);
}
GST_END_TEST;

GST_START_TEST (test_wrong_models_leave_the_old_one)
{
  GstVideoInfo info;
  GstHarness *h = filter_harness ("negative", "");
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (h->element, bus);
  set_caps (h, "NV12", 40, 30, &info);
  GstBuffer *wanted = push_pull (h, plugin_test_picture (&info, 3));
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    if (wrong[i].properties[0] != '\0')
      continue;
    set_model (h, wrong[i].model);
    gchar *text = message_text (bus, GST_MESSAGE_WARNING, 20 * GST_SECOND);
    ck_assert_msg (text != NULL && strstr (text, wrong[i].word) != NULL,
        "%s: %s", wrong[i].model, text ? text : "no warning");
    g_free (text);
    GstBuffer *out = push_pull (h, plugin_test_picture (&info, 3));
    plugin_test_assert_same (out, wanted, &info, wrong[i].model);
    gst_buffer_unref (out);
  }
  gst_buffer_unref (wanted);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_undefined_results_pass_frames_with_one_warning)
{
  GstVideoInfo info;
  GstHarness *h = filter_harness ("undefined", "");
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (h->element, bus);
  set_caps (h, "I420", 33, 18, &info);
  for (guint i = 0; i < 5; i++) {
    GstBuffer *in = plugin_test_picture (&info, i);
    GstBuffer *out = push_pull (h, plugin_test_picture (&info, i));
    plugin_test_assert_same (out, in, &info, "undefined");
    gst_buffer_unref (in);
    gst_buffer_unref (out);
  }
  gchar *text = message_text (bus, GST_MESSAGE_WARNING, 0);
  ck_assert (text != NULL && strstr (text, "infinite or undefined") != NULL);
  g_free (text);
  ck_assert (message_text (bus, GST_MESSAGE_WARNING, 0) == NULL);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_bad_buffers_are_dropped_with_one_warning)
{
  GstVideoInfo info;
  GstHarness *h = filter_harness ("blur", "");
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (h->element, bus);
  set_caps (h, "I420", 64, 48, &info);
  for (guint i = 0; i < 10; i++)
    ck_assert_int_eq (
        gst_harness_push (h, gst_buffer_new_allocate (
                                 NULL, info.size * i / 10 + 1, NULL)),
        GST_FLOW_OK);
  ck_assert_uint_eq (gst_harness_buffers_in_queue (h), 0);
  gst_buffer_unref (push_pull (h, plugin_test_picture (&info, 1)));
  ck_assert_uint_eq (stat_of (h, "dropped"), 10);
  ck_assert_uint_eq (stat_of (h, "processed"), 1);
  gchar *text = message_text (bus, GST_MESSAGE_WARNING, 0);
  ck_assert (text != NULL);
  g_free (text);
  ck_assert (message_text (bus, GST_MESSAGE_WARNING, 0) == NULL);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_size_and_format_change_with_every_frame)
{
  GstHarness *h = filter_harness ("fours", "");
  guint32 random = 12345;

  for (guint i = 0; i < 100; i++) {
    GstVideoInfo info;
    random = random * 1664525 + 1013904223;
    const gchar *format = formats[(random >> 8) % G_N_ELEMENTS (formats)];
    set_caps (h, format, 1 + (random >> 16) % 48, 1 + (random >> 24) % 48,
        &info);
    GstBuffer *in = plugin_test_picture (&info, i);
    GstBuffer *out = push_pull (h, plugin_test_picture (&info, i));
    plugin_test_assert_same (out, in, &info, format);
    gst_buffer_unref (in);
    gst_buffer_unref (out);
  }
  ck_assert_uint_eq (stat_of (h, "processed"), 100);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* What is asked for behind the element decides what it asks for. */
GST_START_TEST (test_caps_are_asked_for_by_what_follows)
{
  static const struct {
    const gchar *model, *properties, *behind, *before;
  } cases[] = {
    { "identity", "", "width=80, height=60", "width=80, height=60" },
    { "twice", "", "width=80, height=60", "width=40, height=30" },
    { "twice", "", "width=[ 3, 80 ], height=[ 60, 20000 ]",
        "width=[ 2, 40 ], height=[ 30, 8192 ]" },
    { "twice", "", "width=81, height=60", NULL },
    { "fixed", "", "width=80, height=60", "width=80, height=60" },
    { "fixed", "scale-output=false", "width=32, height=24",
        "width=[ 1, 16384 ], height=[ 1, 16384 ]" },
    { "fixed", "scale-output=false", "width=80, height=60", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = filter_harness (cases[i].model, cases[i].properties);
    gchar *behind = g_strconcat (
        "video/x-raw, format=I420, framerate=30/1, ", cases[i].behind, NULL);
    gst_harness_set_sink_caps_str (h, behind);
    GstCaps *found = gst_pad_peer_query_caps (h->srcpad, NULL);
    if (cases[i].before == NULL) {
      ck_assert_msg (gst_caps_is_empty (found), "case %u", (guint) i);
    } else {
      gchar *before = g_strconcat ("video/x-raw, format=I420, framerate=30/1, ",
          cases[i].before, NULL);
      GstCaps *wanted = gst_caps_from_string (before);
      gchar *text = gst_caps_to_string (found);
      ck_assert_msg (gst_caps_is_equal (found, wanted), "case %u: %s",
          (guint) i, text);
      g_free (text);
      g_free (before);
      gst_caps_unref (wanted);
    }
    gst_caps_unref (found);
    g_free (behind);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* The base class sends back that a frame came too late, and drops those that
 * would come too late, too. */
GST_START_TEST (test_late_frames_are_dropped_and_counted)
{
  GstVideoInfo info;
  GstHarness *h = filter_harness ("blur", "qos=true");

  set_caps (h, "I420", 40, 30, &info);
  GstBuffer *in = plugin_test_picture (&info, 1);
  GST_BUFFER_PTS (in) = 0;
  gst_buffer_unref (push_pull (h, in));
  gst_harness_push_upstream_event (h,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2.0, GST_SECOND, 0));
  in = plugin_test_picture (&info, 2);
  GST_BUFFER_PTS (in) = GST_SECOND / 30;
  ck_assert_int_eq (gst_harness_push (h, in), GST_FLOW_OK);
  ck_assert_uint_eq (gst_harness_buffers_in_queue (h), 0);
  ck_assert_uint_eq (stat_of (h, "dropped"), 1);
  in = plugin_test_picture (&info, 3);
  GST_BUFFER_PTS (in) = 10 * GST_SECOND;
  gst_buffer_unref (push_pull (h, in));
  ck_assert_uint_eq (stat_of (h, "processed"), 2);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_times_flags_and_metas_are_kept)
{
  static const gchar *no_tags[] = { NULL };
  GstVideoInfo info;
  GstHarness *h = filter_harness ("twice", "");

  gst_meta_register_custom ("test-label", no_tags, NULL, NULL, NULL);
  set_caps (h, "RGB", 16, 16, &info);
  GstBuffer *in = plugin_test_picture (&info, 1);
  gst_buffer_add_custom_meta (in, "test-label");
  GST_BUFFER_PTS (in) = 7 * GST_SECOND;
  GST_BUFFER_DURATION (in) = GST_SECOND / 30;
  GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_MARKER);
  GstBuffer *out = push_pull (h, in);
  ck_assert_uint_eq (GST_BUFFER_PTS (out), 7 * GST_SECOND);
  ck_assert_uint_eq (GST_BUFFER_DURATION (out), GST_SECOND / 30);
  ck_assert (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_MARKER));
  ck_assert (gst_buffer_get_custom_meta (out, "test-label") != NULL);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
aefilter_suite (void)
{
  Suite *s = suite_create ("aefilter");
  TCase *tc = tcase_create ("aefilter");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_identity_keeps_every_pixel_of_every_format);
  tcase_add_test (tc, test_padded_rows_and_separate_planes_give_the_same_bits);
  tcase_add_test (tc, test_negative_is_exact_where_pixels_are_colours);
  tcase_add_test (tc, test_negative_of_yuv_keeps_to_its_range);
  tcase_add_test (tc, test_blur_is_the_mean_of_nine);
  tcase_add_test (tc, test_ranges_and_normalisation);
  tcase_add_test (tc, test_a_grey_model_keeps_colours);
  tcase_add_test (tc, test_a_model_that_enlarges_sets_the_caps);
  tcase_add_test (tc, test_enlarging_works_for_every_format);
  tcase_add_test (tc, test_a_fixed_size_is_scaled_to_and_back);
  tcase_add_test (tc, test_another_shape_changes_the_shape_of_pixels);
  tcase_add_test (tc, test_models_of_other_sizes_take_over_in_the_stream);
  tcase_add_test (tc, test_a_storm_of_models_harms_nothing);
  tcase_add_test (tc, test_a_size_that_is_not_taken_leaves_the_old_model);
  tcase_add_test (tc, test_wrong_models_are_an_error_at_the_start);
  tcase_add_test (tc, test_no_model_and_other_files_are_an_error);
  tcase_add_test (tc, test_wrong_models_leave_the_old_one);
  tcase_add_test (tc, test_undefined_results_pass_frames_with_one_warning);
  tcase_add_test (tc, test_bad_buffers_are_dropped_with_one_warning);
  tcase_add_test (tc, test_size_and_format_change_with_every_frame);
  tcase_add_test (tc, test_caps_are_asked_for_by_what_follows);
  tcase_add_test (tc, test_late_frames_are_dropped_and_counted);
  tcase_add_test (tc, test_times_flags_and_metas_are_kept);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, aefilter_suite);
}
