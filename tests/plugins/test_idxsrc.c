/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* idxsrc: pictures, labels and times of files in MNIST's format, and files that
 * are none. */
#include "plugin_test.h"

#include "idxfile.h"

#include <gio/gio.h>
#include <string.h>

enum { N = 7, WIDTH = 5, HEIGHT = 3, HEADER = 16, BYTES = WIDTH * HEIGHT };

static guint8
pixel (guint picture, guint at)
{
  return (guint8) (picture * 31 + at * 7);
}

static guint
label_of (guint picture)
{
  return (picture * 3) % 10;
}

static GByteArray *
make_pictures (guint channels)
{
  guint8 head[20] = { 0, 0, 8, channels == 3 ? 4 : 3, 0, 0, 0, N, 0, 0, 0,
    HEIGHT, 0, 0, 0, WIDTH, 0, 0, 0, (guint8) channels };
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, head, channels == 3 ? 20 : 16);
  for (guint p = 0; p < N; p++)
    for (guint i = 0; i < BYTES * channels; i++) {
      guint8 value = pixel (p, i);
      g_byte_array_append (bytes, &value, 1);
    }
  return bytes;
}

static GByteArray *
make_labels (guint n)
{
  guint8 head[8] = { 0, 0, 8, 1, 0, 0, 0, (guint8) n };
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, head, sizeof head);
  for (guint p = 0; p < n; p++) {
    guint8 value = (guint8) label_of (p);
    g_byte_array_append (bytes, &value, 1);
  }
  return bytes;
}

/* Frees the bytes; the path is to be freed. */
static gchar *
write_file (const gchar *name, GByteArray *bytes)
{
  gchar *path = plugin_test_path (name);

  ck_assert (g_file_set_contents (
      path, (const gchar *) bytes->data, (gssize) bytes->len, NULL));
  g_byte_array_unref (bytes);
  return path;
}

static gchar *
write_packed (const gchar *name, GByteArray *bytes)
{
  gchar *path = plugin_test_path (name);
  GFile *file = g_file_new_for_path (path);
  GOutputStream *plain = G_OUTPUT_STREAM (g_file_replace (
      file, NULL, FALSE, G_FILE_CREATE_NONE, NULL, NULL));
  GConverter *gzip = G_CONVERTER (
      g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9));
  GOutputStream *packed = g_converter_output_stream_new (plain, gzip);

  ck_assert (g_output_stream_write_all (
      packed, bytes->data, bytes->len, NULL, NULL, NULL));
  ck_assert (g_output_stream_close (packed, NULL, NULL));
  g_object_unref (packed);
  g_object_unref (gzip);
  g_object_unref (plain);
  g_object_unref (file);
  g_byte_array_unref (bytes);
  return path;
}

/* With labels beside it. */
static gchar *
write_set (gboolean packed)
{
  gchar *labels = write_file ("some-labels-idx1-ubyte", make_labels (N));

  g_free (labels);
  return packed ? write_packed ("some-images-idx3-ubyte", make_pictures (1))
                : write_file ("some-images-idx3-ubyte", make_pictures (1));
}

static GstHarness *
open_source (const gchar *path, const gchar *rest)
{
  gchar *line = g_strdup_printf ("idxsrc location=%s %s", path, rest);
  GstHarness *h = gst_harness_new_parse (line);

  g_free (line);
  gst_harness_set_sink_caps_str (h, "video/x-raw, framerate = (fraction) 10/1");
  gst_harness_play (h);
  return h;
}

static gint
check_picture (GstBuffer *buffer, guint channels)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstAeLabelMeta");
  GstMapInfo map;
  guint64 index;
  gint label;

  ck_assert (meta != NULL);
  const GstStructure *s = gst_custom_meta_get_structure (meta);
  ck_assert (gst_structure_get_uint64 (s, "index", &index));
  ck_assert (gst_structure_get_int (s, "label", &label));
  ck_assert_int_eq (label, label_of ((guint) index));
  ck_assert (gst_buffer_map (buffer, &map, GST_MAP_READ));
  /* rows of video are multiples of 4 bytes */
  gsize row = WIDTH * channels, stride = (row + 3) / 4 * 4;
  ck_assert_uint_eq (map.size, stride * HEIGHT);
  for (gsize y = 0; y < HEIGHT; y++)
    for (gsize x = 0; x < row; x++)
      ck_assert_int_eq (map.data[y * stride + x],
          pixel ((guint) index, (guint) (y * row + x)));
  gst_buffer_unmap (buffer, &map);
  return (gint) index;
}

/* The next picture's index; -1 at the end. */
static gint
next_index (GstHarness *h)
{
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (h)) == NULL) {
    GstEvent *event = gst_harness_try_pull_event (h);
    gboolean end = event != NULL && GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    if (end && gst_harness_buffers_in_queue (h) == 0) {
      gst_event_unref (event);
      return -1;
    }
    g_clear_pointer (&event, gst_event_unref);
    g_usleep (100);
  }
  gint index = check_picture (buffer, 1);
  gst_buffer_unref (buffer);
  return index;
}

GST_START_TEST (test_pictures_come_in_order_with_labels_and_times)
{
  gchar *path = write_set (__i__);
  GstHarness *h = open_source (path, "");

  for (guint i = 0; i < N; i++) {
    GstBuffer *buffer = gst_harness_pull (h);
    ck_assert_int_eq (check_picture (buffer, 1), i);
    ck_assert_uint_eq (GST_BUFFER_PTS (buffer), i * 100 * GST_MSECOND);
    ck_assert_uint_eq (GST_BUFFER_DURATION (buffer), 100 * GST_MSECOND);
    gst_buffer_unref (buffer);
  }
  ck_assert_int_eq (next_index (h), -1);
  gst_harness_teardown (h);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_labels_are_called_like_their_pictures)
{
  static const gchar *const names[][2] = {
    { "a/train-images-idx3-ubyte.gz", "a/train-labels-idx1-ubyte.gz" },
    { "a/train-images-idx4-ubyte", "a/train-labels-idx1-ubyte" },
    { "a/images.idx", "a/labels.idx" },
    { "images/pictures-idx4-ubyte", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    gchar *found = gst_ae_idx_labels_path (names[i][0]);
    ck_assert_msg (g_strcmp0 (found, names[i][1]) == 0, "%s", found);
    g_free (found);
  }
}
GST_END_TEST;

GST_START_TEST (test_colours)
{
  gchar *path = write_file ("rgb", make_pictures (3));
  gchar *labels = write_file ("rgb-l", make_labels (N));
  gchar *rest = g_strdup_printf ("labels-location=%s", labels);
  GstHarness *h = open_source (path, rest);
  GstBuffer *buffer = gst_harness_pull (h);
  GstCaps *caps = gst_pad_get_current_caps (h->sinkpad);

  ck_assert_str_eq (gst_structure_get_string (
      gst_caps_get_structure (caps, 0), "format"), "RGB");
  check_picture (buffer, 3);
  gst_caps_unref (caps);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
  g_free (rest);
  g_free (labels);
  g_free (path);
}
GST_END_TEST;

static void
read_rounds (const gchar *path, const gchar *rest, gint order[2 * N])
{
  GstHarness *h = open_source (path, rest);
  guint seen[2] = { 0, 0 };

  for (guint i = 0; i < 2 * N; i++) {
    order[i] = next_index (h);
    seen[i / N] |= 1u << order[i];
  }
  /* each of them once in each round */
  ck_assert_uint_eq (seen[0], (1u << N) - 1);
  ck_assert_uint_eq (seen[1], (1u << N) - 1);
  gst_harness_teardown (h);
}

#define LOOP "loop=true num-buffers=14 "

GST_START_TEST (test_random_order_is_of_the_seed_and_the_round)
{
  gchar *path = write_set (FALSE);
  gint a[2 * N], b[2 * N], c[2 * N];

  read_rounds (path, LOOP "shuffle=true seed=5", a);
  read_rounds (path, LOOP "shuffle=true seed=5", b);
  read_rounds (path, LOOP "shuffle=true seed=6", c);
  ck_assert (memcmp (a, b, sizeof a) == 0);
  ck_assert (memcmp (a, c, sizeof a) != 0);
  ck_assert (memcmp (a, a + N, sizeof a / 2) != 0);
  read_rounds (path, LOOP, a);
  for (gint i = 0; i < 2 * N; i++)
    ck_assert_int_eq (a[i], i % N);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_seeks_to_the_picture_of_a_time)
{
  gchar *path = write_set (FALSE);
  GstHarness *h = open_source (path, "");
  gint64 duration;

  next_index (h);
  ck_assert (gst_element_query_duration (
      h->element, GST_FORMAT_TIME, &duration));
  ck_assert_int_eq (duration, N * 100 * GST_MSECOND);
  ck_assert (gst_element_seek_simple (h->element, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH, 350 * GST_MSECOND));
  gint index;
  do /* what was on its way before the seek */
    index = next_index (h);
  while (index >= 0 && index < 4);
  ck_assert_int_eq (index, 4);
  gst_harness_teardown (h);
  g_free (path);
}
GST_END_TEST;

/* Errors. */

static void
expect_refused (const gchar *path, gboolean labels, const gchar *words)
{
  GstAeIdxFile idx = { 0 };
  AeError error = { 0 };
  gboolean good
      = labels ? gst_ae_idx_file_read_labels (&idx, path, &error)
               : gst_ae_idx_file_read_pictures (&idx, path, &error);

  ck_assert (!good && idx.data == NULL);
  ck_assert_msg (strstr (error.text, words) != NULL, "%s: wanted \"%s\"",
      error.text, words);
  ck_assert_msg (strstr (error.text, "wanted") != NULL, "%s", error.text);
  ck_assert_msg (strstr (error.text, path) != NULL, "%s", error.text);
}

GST_START_TEST (test_every_truncation_is_refused)
{
  GByteArray *whole = make_pictures (1);

  for (guint n = 0; n < whole->len; n++) {
    GByteArray *part = g_byte_array_new ();
    g_byte_array_append (part, whole->data, n);
    gchar *path = write_file ("part", part);
    expect_refused (path, FALSE, "found");
    g_free (path);
  }
  g_byte_array_append (whole, (const guint8 *) "x", 1);
  gchar *path = write_file ("more", whole);
  expect_refused (path, FALSE, "more data");
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_packed_files_that_are_cut_are_refused)
{
  gchar *path = write_packed ("packed", make_pictures (1));
  gchar *bytes;
  gsize length;

  ck_assert (g_file_get_contents (path, &bytes, &length, NULL));
  for (gsize n = 2; n + 8 < length; n++) {
    ck_assert (g_file_set_contents (path, bytes, (gssize) n, NULL));
    expect_refused (path, FALSE, path);
  }
  g_free (bytes);
  g_free (path);
}
GST_END_TEST;

/* One byte of the header is another. */
static const struct {
  guint at;
  guint8 value;
  const gchar *words;
} headers[] = {
  { 0, 1, "01 00 08 03" },
  { 2, 0x0d, "00 00 0d 03" },
  { 3, 1, "1 as the number of dimensions" },
  { 3, 9, "9 as the number of dimensions" },
  { 7, 0, "which is nothing" },
  { 4, 0xff, "bytes, more than" },
  { 8, 1, "more than 16384 to a side" },
  { 11, 0, "which is nothing" },
};

GST_START_TEST (test_wrong_headers_are_named)
{
  GByteArray *bytes = make_pictures (1);

  bytes->data[headers[__i__].at] = headers[__i__].value;
  gchar *path = write_file ("wrong", bytes);
  expect_refused (path, FALSE, headers[__i__].words);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_what_is_no_file_is_named)
{
  gchar *missing = plugin_test_path ("missing");
  gchar *folder = g_path_get_dirname (missing);
  gchar *pictures = write_set (FALSE);

  expect_refused (missing, FALSE, "found no such file");
  expect_refused (folder, FALSE, "folder");
  expect_refused (pictures, TRUE, "3 as the number of dimensions");
  g_free (pictures);
  g_free (folder);
  g_free (missing);
}
GST_END_TEST;

/* Words of the error that stops it. */
static void
expect_error (const gchar *line, const gchar *words)
{
  GstElement *source = gst_parse_launch (line, NULL);
  GstBus *bus = gst_bus_new ();
  GError *error = NULL;

  gst_element_set_bus (source, bus);
  ck_assert_int_eq (gst_element_set_state (source, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  ck_assert (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  ck_assert_msg (strstr (error->message, words) != NULL, "%s", error->message);
  g_error_free (error);
  gst_message_unref (message);
  gst_element_set_state (source, GST_STATE_NULL);
  gst_element_set_bus (source, NULL);
  gst_object_unref (bus);
  gst_object_unref (source);
}

GST_START_TEST (test_what_is_missing_stops_it_with_an_error)
{
  gchar *pictures = write_set (FALSE);
  gchar *labels = write_file ("few", make_labels (N - 1));
  gchar *line = g_strdup_printf (
      "idxsrc location=%s labels-location=%s", pictures, labels);

  expect_error ("idxsrc", "location is not set");
  expect_error (line, "has 6 labels, wanted one for each of the 7 pictures");
  g_free (line);
  g_free (labels);
  g_free (pictures);
}
GST_END_TEST;

static Suite *
idxsrc_suite (void)
{
  Suite *suite = suite_create ("idxsrc");
  TCase *t = tcase_create ("idxsrc");

  suite_add_tcase (suite, t);
  tcase_add_loop_test (
      t, test_pictures_come_in_order_with_labels_and_times, 0, 2);
  tcase_add_test (t, test_labels_are_called_like_their_pictures);
  tcase_add_test (t, test_colours);
  tcase_add_test (t, test_random_order_is_of_the_seed_and_the_round);
  tcase_add_test (t, test_seeks_to_the_picture_of_a_time);
  tcase_add_test (t, test_every_truncation_is_refused);
  tcase_add_test (t, test_packed_files_that_are_cut_are_refused);
  tcase_add_loop_test (
      t, test_wrong_headers_are_named, 0, G_N_ELEMENTS (headers));
  tcase_add_test (t, test_what_is_no_file_is_named);
  tcase_add_test (t, test_what_is_missing_stops_it_with_an_error);
  return suite;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, idxsrc_suite);
}
