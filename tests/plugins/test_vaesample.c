/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* vaesample: which frames it makes of a seed and its settings, what they carry,
 * what changes while it runs, and what it refuses. */
#include "sampler_harness.h"

#include <png.h>

static GstHarness *
open_source (const gchar *kind, const gchar *rest)
{
  gchar *path = sampler_model (kind);
  gchar *line = g_strdup_printf ("vaesample model-file=%s %s", path, rest);
  GstHarness *h = gst_harness_new_parse (line);

  g_free (line);
  g_free (path);
  gst_harness_set_sink_caps_str (h, "video/x-raw, framerate = (fraction) 10/1");
  gst_harness_play (h);
  return h;
}

/* The element in what gst_parse_launch() made. */
static GstElement *
source_of (GstHarness *h)
{
  GstPad *peer = gst_pad_get_peer (h->sinkpad);
  GstPad *target = GST_IS_GHOST_PAD (peer)
      ? gst_ghost_pad_get_target (GST_GHOST_PAD (peer))
      : gst_object_ref (peer);
  GstElement *element = gst_pad_get_parent_element (target);

  gst_object_unref (target);
  gst_object_unref (peer);
  return element;
}

static void
set_and_drop (GstHarness *h, const gchar *property, const gchar *value)
{
  GstElement *source = source_of (h);

  gst_util_set_object_arg (G_OBJECT (source), property, value);
  gst_object_unref (source);
}

/* Brightness of the quarters of the next frame. */
static void
next_quarters (GstHarness *h, gint q[QUARTERS])
{
  GstBuffer *buffer = gst_harness_pull (h);

  for (guint i = 0; i < QUARTERS; i++)
    q[i] = quarter_at (buffer, W, i);
  gst_buffer_unref (buffer);
}

GST_START_TEST (test_frames_have_times_sizes_and_say_what_they_are)
{
  GstHarness *h = open_source ("vae", "num-buffers=3 timestamp-offset=7");

  for (guint i = 0; i < 3; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    ck_assert_uint_eq (GST_BUFFER_PTS (buffer), i * 100 * GST_MSECOND + 7);
    ck_assert_uint_eq (GST_BUFFER_DURATION (buffer), 100 * GST_MSECOND);
    ck_assert_uint_eq (GST_BUFFER_OFFSET (buffer), i);
    assert_generated (buffer, "vaesample", "sample", i);
    ck_assert (gst_buffer_get_custom_meta (buffer, "GstAeLabelMeta") == NULL);
    gst_buffer_unref (buffer);
  }
  GstCaps *caps = gst_pad_get_current_caps (h->sinkpad);
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gint width, height;
  ck_assert_str_eq (gst_structure_get_string (s, "format"), "GRAY8");
  ck_assert (gst_structure_get_int (s, "width", &width));
  ck_assert (gst_structure_get_int (s, "height", &height));
  ck_assert_int_eq (width, W);
  ck_assert_int_eq (height, H);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_the_same_seed_gives_the_same_frames)
{
  GstHarness *a = open_source ("vae", "seed=5");
  GstHarness *b = open_source ("vae", "seed=5");
  GstHarness *c = open_source ("vae", "seed=6");
  guint differ = 0;

  for (guint i = 0; i < 10; i++) {
    gint p[QUARTERS], q[QUARTERS], r[QUARTERS];
    next_quarters (a, p);
    next_quarters (b, q);
    next_quarters (c, r);
    ck_assert (memcmp (p, q, sizeof p) == 0);
    differ += memcmp (p, r, sizeof p) != 0;
  }
  ck_assert_uint_gt (differ, 5);
  gst_harness_teardown (a);
  gst_harness_teardown (b);
  gst_harness_teardown (c);
}
GST_END_TEST;

GST_START_TEST (test_seeking_gives_the_frame_of_that_time)
{
  GstHarness *h = open_source ("vae", "seed=5");
  gint all[8][QUARTERS], q[QUARTERS];

  for (guint i = 0; i < 8; i++)
    next_quarters (h, all[i]);
  ck_assert (gst_element_seek_simple (h->element, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH, 450 * GST_MSECOND));
  GstBuffer *buffer;
  for (;;) { /* what was on its way before the seek */
    buffer = gst_harness_pull (h);
    if (GST_BUFFER_OFFSET (buffer) == 5)
      break;
    gst_buffer_unref (buffer);
  }
  for (guint i = 0; i < QUARTERS; i++)
    q[i] = quarter_at (buffer, W, i);
  ck_assert (memcmp (q, all[5], sizeof q) == 0);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_colours_are_rgb)
{
  GstHarness *h = open_source ("colours", "temperature=0");
  GstBuffer *buffer = gst_harness_pull (h);
  GstCaps *caps = gst_pad_get_current_caps (h->sinkpad);

  ck_assert_str_eq (gst_structure_get_string (
      gst_caps_get_structure (caps, 0), "format"), "RGB");
  ck_assert_uint_eq (gst_buffer_get_size (buffer), 4 * 12);
  gst_caps_unref (caps);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* The class adds 0.2 = 51 for each; code 0 is black. */
GST_START_TEST (test_classes_are_obeyed_live)
{
  GstHarness *h = open_source ("labelled", "class=2 temperature=0");
  GstBuffer *buffer = gst_harness_pull (h);
  gint first = quarter_at (buffer, W, 0);

  ck_assert_int_eq (first, 102);
  ck_assert_int_eq (label_of (buffer), 2);
  gst_buffer_unref (buffer);
  set_and_drop (h, "class", "1");
  for (;;) { /* what was on its way */
    buffer = gst_harness_pull (h);
    gint label = label_of (buffer);
    ck_assert_int_eq (quarter_at (buffer, W, 0), 51 * label);
    gst_buffer_unref (buffer);
    if (label == 1)
      break;
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_without_a_class_there_are_all)
{
  GstHarness *h = open_source ("labelled", "temperature=0");
  guint seen = 0;

  for (guint i = 0; i < 30; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    ck_assert_int_eq (quarter_at (buffer, W, 0), 51 * label_of (buffer));
    seen |= 1u << label_of (buffer);
    gst_buffer_unref (buffer);
  }
  ck_assert_uint_eq (seen, 7);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* Drawn by their shares, 0.75, 0.25 and 0; they are no labels. */
GST_START_TEST (test_clusters_are_drawn_by_their_shares)
{
  GstHarness *h = open_source ("clustered", "temperature=0");
  guint count[3] = { 0 };

  for (guint i = 0; i < 100; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    ck_assert (gst_buffer_get_custom_meta (buffer, "GstAeLabelMeta") == NULL);
    count[quarter_at (buffer, W, 0) / 51]++;
    gst_buffer_unref (buffer);
  }
  ck_assert_uint_gt (count[0], 50);
  ck_assert_uint_gt (count[1], 5);
  ck_assert_uint_eq (count[2], 0);
  gst_harness_teardown (h);
  h = open_source ("clustered", "temperature=0 class=2");
  GstBuffer *buffer = gst_harness_pull (h);
  ck_assert_int_eq (quarter_at (buffer, W, 0), 102);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_attributes_shift_frames)
{
  GstHarness *h = open_source (
      "vae", "temperature=0 attributes=\"bright=2, left=0.4\"");
  gint q[QUARTERS];

  next_quarters (h, q);
  ck_assert_int_eq (q[0], 179); /* 0.5 + 0.2 */
  ck_assert_int_eq (q[1], 128);
  ck_assert_int_eq (q[2], 179);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* A walk's codes are drawn ones at each `period`th frame, and steps between
 * them are small. */
GST_START_TEST (test_walks_go_from_one_sample_to_the_next)
{
  GstHarness *h = open_source ("vae", "seed=3 attributes=bright=2");
  GstHarness *w
      = open_source ("vae", "seed=3 mode=walk period=20 attributes=bright=2");
  gint samples[3][QUARTERS], q[QUARTERS], before[QUARTERS];

  for (guint i = 0; i < 3; i++)
    next_quarters (h, samples[i]);
  for (guint i = 0; i <= 40; i++) {
    next_quarters (w, q);
    for (guint k = 0; k < QUARTERS; k++) {
      if (i % 20 == 0)
        ck_assert_int_le (ABS (q[k] - samples[i / 20][k]), 1);
      if (i > 0)
        ck_assert_int_lt (ABS (q[k] - before[k]), 90);
    }
    memcpy (before, q, sizeof q);
  }
  gst_harness_teardown (h);
  gst_harness_teardown (w);
}
GST_END_TEST;

/* Pictures whose quarters are 10, 60, 110, 160 + more. */
static gchar *
write_picture (const gchar *name, gint more)
{
  guint8 pixels[W * H];
  png_image image = { .version = PNG_IMAGE_VERSION, .width = W, .height = H,
    .format = PNG_FORMAT_GRAY };
  gchar *path = plugin_test_path (name);

  for (gint i = 0; i < W * H; i++)
    pixels[i] = (guint8) (10 + more
        + 50 * (i / W / (H / 2) * 2 + i % W / (W / 2)));
  ck_assert (png_image_write_to_file (&image, path, 0, pixels, 0, NULL));
  return path;
}

GST_START_TEST (test_morphs_go_from_picture_to_picture_and_back)
{
  gchar *from = write_picture ("from.png", 0);
  gchar *to = write_picture ("to.png", 80);
  gchar *rest = g_strdup_printf (
      "mode=morph period=5 num-buffers=9 from=%s to=%s", from, to);
  GstHarness *h = open_source ("vae", rest);
  gint q[9][QUARTERS];

  for (guint i = 0; i < 9; i++)
    next_quarters (h, q[i]);
  for (gint k = 0; k < QUARTERS; k++) {
    ck_assert_int_le (ABS (q[0][k] - (10 + 50 * k)), 1);
    ck_assert_int_le (ABS (q[4][k] - (90 + 50 * k)), 1);
    for (gint i = 1; i < 5; i++) {
      ck_assert_int_gt (q[i][k], q[i - 1][k]);
      ck_assert_int_eq (q[4 + i][k], q[4 - i][k]);
    }
  }
  gst_harness_teardown (h);
  g_free (rest);
  g_free (from);
  g_free (to);
}
GST_END_TEST;

GST_START_TEST (test_reconstructions_vary_around_a_picture)
{
  gchar *from = write_picture ("from.png", 30);
  gchar *rest = g_strdup_printf ("mode=reconstruct from=%s", from);
  gchar *exact = g_strconcat (rest, " temperature=0", NULL);
  GstHarness *h = open_source ("vae", exact);
  gint q[QUARTERS];
  gdouble squares = 0;

  next_quarters (h, q);
  for (gint k = 0; k < QUARTERS; k++)
    ck_assert_int_le (ABS (q[k] - (40 + 50 * k)), 1);
  gst_harness_teardown (h);
  h = open_source ("vae", rest);
  for (guint i = 0; i < 200; i++) {
    next_quarters (h, q);
    squares += (q[1] - 90) * (q[1] - 90);
  }
  /* deviations of 0.1 = 25.5, 200 times */
  assert_near (sqrt (squares / 200), 25.5, 5);
  gst_harness_teardown (h);
  g_free (exact);
  g_free (rest);
  g_free (from);
}
GST_END_TEST;

/* Each row is another class; codes are 0. */
GST_START_TEST (test_grids_have_a_row_for_each_class)
{
  GstHarness *h
      = open_source ("labelled", "mode=grid rows=3 columns=2 temperature=0");
  GstBuffer *buffer = gst_harness_pull (h);
  GstMapInfo map;

  ck_assert (gst_buffer_map (buffer, &map, GST_MAP_READ));
  ck_assert_uint_eq (map.size, 2 * W * 3 * H);
  for (gsize i = 0; i < map.size; i++)
    ck_assert_int_eq (map.data[i], 51 * (i / (2 * W) / H));
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* Of a code of two numbers they are even steps through it: quantiles. */
GST_START_TEST (test_grids_of_two_numbers_are_a_map)
{
  GstHarness *h = open_source ("two", "mode=grid rows=3 columns=3");
  GstBuffer *buffer = gst_harness_pull (h);
  GstMapInfo map;

  ck_assert (gst_buffer_map (buffer, &map, GST_MAP_READ));
  for (gint row = 0; row < 3; row++)
    for (gint column = 0; column < 3; column++) {
      const guint8 *at = map.data + (row * H * 3 + column) * W;
      /* of shares 1/6, 1/2 and 5/6: -0.967, 0 and 0.967 */
      ck_assert_int_eq (at[0], column == 2 ? 247 : 0);
      ck_assert_int_eq (at[W - 1], row == 2 ? 247 : 0);
    }
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

static gint
width_on (GstHarness *h)
{
  GstCaps *caps = gst_pad_get_current_caps (h->sinkpad);
  gint width = 0;

  gst_structure_get_int (gst_caps_get_structure (caps, 0), "width", &width);
  gst_caps_unref (caps);
  return width;
}

/* Between two frames, also where frames are of another size then. */
GST_START_TEST (test_models_are_exchanged_while_it_runs)
{
  GstHarness *h = open_source ("vae", "temperature=0");
  gchar *other = sampler_model (__i__ ? "colours" : "plain");

  gst_buffer_unref (gst_harness_pull (h));
  set_and_drop (h, "model-file", other);
  gint64 end = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  for (;;) {
    GstBuffer *buffer = gst_harness_pull (h);
    gsize size = gst_buffer_get_size (buffer);
    gst_buffer_unref (buffer);
    if (__i__ ? size == 48 : width_on (h) == W)
      break;
    ck_assert_int_lt (g_get_monotonic_time (), end);
  }
  gst_harness_teardown (h);
  g_free (other);
}
GST_END_TEST;

/* The mode, and the pictures that it needs, are those of the start, whatever was
 * set since. */
GST_START_TEST (test_another_model_reconstructs_the_same_picture)
{
  gchar *from = write_picture ("from.png", 0);
  gchar *rest
      = g_strdup_printf ("mode=reconstruct temperature=0 from=%s", from);
  GstHarness *h = open_source ("vae", rest);
  gchar *other = sampler_model ("plain"), *missing = sampler_model ("none");
  gint q[QUARTERS];

  next_quarters (h, q);
  set_and_drop (h, "from", missing);
  set_and_drop (h, "mode", "sample");
  set_and_drop (h, "model-file", other);
  for (guint i = 0; i < 200; i++) {
    next_quarters (h, q);
    for (gint k = 0; k < QUARTERS; k++)
      ck_assert_int_le (ABS (q[k] - (10 + 50 * k)), 1);
    g_usleep (500);
  }
  gst_harness_teardown (h);
  g_free (missing);
  g_free (other);
  g_free (rest);
  g_free (from);
}
GST_END_TEST;

/* Live settings that do not fit are warned of, and what was there goes on. */
static const struct {
  const gchar *property, *value, *words;
} live[] = {
  { "class", "3", "class is 3, expected one of the model's: 0 to 2" },
  { "attributes", "old=1", "names \"old\"; the model has bright, left" },
  { "attributes", "left", "\"left\", expected NAME=AMOUNT" },
  { "attributes", "left=x", "expected NAME=AMOUNT" },
  { "model-file", "/nowhere.onnx", "/nowhere.onnx" },
};

GST_START_TEST (test_wrong_live_settings_are_warned_of)
{
  GstHarness *h = open_source ("labelled", "class=1 temperature=0");
  GstElement *source = source_of (h);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (source, bus);
  gst_buffer_unref (gst_harness_pull (h));
  set_and_drop (h, live[__i__].property, live[__i__].value);
  for (guint i = 0; i < 3; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    ck_assert_int_eq (quarter_at (buffer, W, 0), 51);
    gst_buffer_unref (buffer);
  }
  gchar *text = message_on (bus, GST_MESSAGE_WARNING);
  ck_assert_msg (strstr (text, live[__i__].words) != NULL, "%s", text);
  g_free (text);
  gst_element_set_bus (source, NULL);
  gst_object_unref (bus);
  gst_object_unref (source);
  gst_harness_teardown (h);
}
GST_END_TEST;

static const struct {
  const gchar *kind, *rest, *words;
} refused[] = {
  { "vae", "class=0", "class is 0, expected -1: the model has no classes" },
  { "labelled", "class=3", "expected one of the model's: 0 to 2" },
  { "vae", "attributes=glasses=1", "the model has bright, left" },
  { "colours", "attributes=glasses=1", "the model has none" },
  { "vae", "attributes=left=1e9", "an amount of -1000 to 1000" },
  { "vae", "mode=reconstruct", "from is not set" },
  { "vae", "mode=morph from=/nowhere.png", "/nowhere.png: expected a picture" },
  { "vae", "mode=morph from=/tmp", "found a folder" },
  { "vae", "mode=morph to=/dev/null", "found a pipe, socket or device" },
  { "colours", "mode=reconstruct from=SELF", "makes no codes of pictures" },
  { "vae", "mode=reconstruct from=MODEL", "expected a picture" },
};

static void
expect_error (const gchar *line, const gchar *words)
{
  GstElement *source = gst_parse_launch (line, NULL);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (source, bus);
  ck_assert_int_eq (gst_element_set_state (source, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  gchar *text = message_on (bus, GST_MESSAGE_ERROR);
  ck_assert_msg (strstr (text, words) != NULL, "%s: %s", line, text);
  g_free (text);
  gst_element_set_state (source, GST_STATE_NULL);
  gst_element_set_bus (source, NULL);
  gst_object_unref (bus);
  gst_object_unref (source);
}

GST_START_TEST (test_wrong_settings_stop_it_with_an_error)
{
  gchar *picture = write_picture ("some.png", 0);
  gchar *path = sampler_model (refused[__i__].kind);
  GString *line = g_string_new (NULL);

  g_string_printf (
      line, "vaesample model-file=%s %s", path, refused[__i__].rest);
  g_string_replace (line, "SELF", picture, 0);
  g_string_replace (line, "MODEL", path, 0);
  expect_error (line->str, refused[__i__].words);
  g_string_free (line, TRUE);
  g_free (path);
  g_free (picture);
}
GST_END_TEST;

GST_START_TEST (test_other_models_are_refused)
{
  gchar *filter = g_build_filename (
      g_getenv ("AE_TEST_FILTERS"), "filter_blur.onnx", NULL);
  gchar *line = g_strdup_printf ("vaesample model-file=%s", filter);
  gchar *denoiser = plugin_test_path ("denoise-fast.onnx");
  gchar *other = g_strdup_printf ("vaesample model-file=%s", denoiser);

  expect_error (line, "codes of pictures");
  expect_error (other, "task \"denoise\", wanted one that makes pictures");
  expect_error ("vaesample model-file=/nowhere.onnx", "/nowhere.onnx");
  g_free (other);
  g_free (denoiser);
  g_free (line);
  g_free (filter);
}
GST_END_TEST;

/* What follows wants another size: the message says which there is. */
GST_START_TEST (test_sizes_that_do_not_fit_are_named)
{
  gchar *path = sampler_model ("vae");
  gchar *line = g_strdup_printf ("vaesample name=s num-buffers=2 model-file=%s "
                                 "! video/x-raw,width=100 ! fakesink",
      path);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gchar *text = message_on (bus, GST_MESSAGE_ERROR);
  ck_assert_msg (strstr (text, "width=(int)8, height=(int)6") != NULL
          && strstr (text, "it wants video/x-raw, width=(int)100") != NULL,
      "%s", text);
  g_free (text);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_free (line);
  g_free (path);
}
GST_END_TEST;

static Suite *
vaesample_suite (void)
{
  Suite *suite = suite_create ("vaesample");
  TCase *t = tcase_create ("frames");

  suite_add_tcase (suite, t);
  tcase_add_test (t, test_frames_have_times_sizes_and_say_what_they_are);
  tcase_add_test (t, test_the_same_seed_gives_the_same_frames);
  tcase_add_test (t, test_seeking_gives_the_frame_of_that_time);
  tcase_add_test (t, test_colours_are_rgb);
  tcase_add_test (t, test_classes_are_obeyed_live);
  tcase_add_test (t, test_clusters_are_drawn_by_their_shares);
  tcase_add_test (t, test_without_a_class_there_are_all);
  tcase_add_test (t, test_attributes_shift_frames);
  tcase_add_test (t, test_walks_go_from_one_sample_to_the_next);
  tcase_add_test (t, test_morphs_go_from_picture_to_picture_and_back);
  tcase_add_test (t, test_reconstructions_vary_around_a_picture);
  tcase_add_test (t, test_grids_have_a_row_for_each_class);
  tcase_add_test (t, test_grids_of_two_numbers_are_a_map);
  tcase_add_loop_test (t, test_models_are_exchanged_while_it_runs, 0, 2);
  tcase_add_test (t, test_another_model_reconstructs_the_same_picture);
  TCase *w = tcase_create ("wrong use");
  suite_add_tcase (suite, w);
  tcase_add_loop_test (
      w, test_wrong_live_settings_are_warned_of, 0, G_N_ELEMENTS (live));
  tcase_add_loop_test (w, test_wrong_settings_stop_it_with_an_error, 0,
      G_N_ELEMENTS (refused));
  tcase_add_test (w, test_other_models_are_refused);
  tcase_add_test (w, test_sizes_that_do_not_fit_are_named);
  return suite;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, vaesample_suite);
}
