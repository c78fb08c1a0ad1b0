/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* aeencode's intra-refresh, and aedecode after losses in such streams. The model
 * is small and not trained (AE_TEST_CODEC). */
#include "plugin_test.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 80, HEIGHT = 60, PERIOD = 6 };

static GstHarness *
harness (const gchar *element, const gchar *properties)
{
  gchar *line = g_strdup_printf ("%s model-file=%s %s", element,
      g_getenv ("AE_TEST_CODEC"), properties);
  GstHarness *h = gst_harness_new_parse (line);

  g_free (line);
  return h;
}

static GstHarness *
encoder (const gchar *properties)
{
  GstHarness *e = harness ("aeencode intra-refresh=true", properties);

  gst_harness_set_src_caps (e, plugin_test_caps ("I420", WIDTH, HEIGHT));
  return e;
}

/* A decoder of what the encoder sends; its caps have the header. */
static GstHarness *
decoder (GstHarness *from)
{
  GstHarness *d = harness ("aedecode", "");

  gst_harness_set_src_caps (d, gst_pad_get_current_caps (from->sinkpad));
  return d;
}

/* Stripes that move and squares that do not, and noise. */
static GstBuffer *
picture (guint n)
{
  gsize size = WIDTH * HEIGHT * 3 / 2;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  memset (map.data, 128, size);
  for (guint i = 0; i < WIDTH * HEIGHT; i++) {
    guint x = i % WIDTH, y = i / WIDTH;
    guint noise = (i * 2654435761u ^ n * 40503u * 65537u) * 2246822519u;
    map.data[i] = (guint8) (60 + ABS ((gint) ((x + 2 * n) * 5 % 128) - 64)
        + (x / 20 + y / 15) % 2 * 40 + (noise >> 16) % 16);
  }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = n * GST_SECOND / 30;
  GST_BUFFER_DURATION (buffer) = GST_SECOND / 30;
  return buffer;
}

/* The next frame; headers before it are left out. */
static GstBuffer *
code (GstHarness *e, guint n)
{
  GstBuffer *coded = gst_harness_push_and_pull (e, picture (n));

  while (GST_BUFFER_FLAG_IS_SET (coded, GST_BUFFER_FLAG_HEADER)) {
    gst_buffer_unref (coded);
    coded = gst_harness_pull (e);
  }
  return coded;
}

static gboolean
is_key (GstBuffer *coded)
{
  return !GST_BUFFER_FLAG_IS_SET (coded, GST_BUFFER_FLAG_DELTA_UNIT);
}

static gboolean
is_corrupted (GstBuffer *shown)
{
  return GST_BUFFER_FLAG_IS_SET (shown, GST_BUFFER_FLAG_CORRUPTED);
}

static gboolean
same (GstBuffer *a, GstBuffer *b)
{
  GstMapInfo map;

  gst_buffer_map (a, &map, GST_MAP_READ);
  gboolean equal = gst_buffer_get_size (b) == map.size
      && gst_buffer_memcmp (b, 0, map.data, map.size) == 0;
  gst_buffer_unmap (a, &map);
  return equal;
}

static guint
key_requests (GstHarness *d)
{
  GstEvent *event;
  guint n = 0;

  while ((event = gst_harness_try_pull_upstream_event (d)) != NULL) {
    n += gst_video_event_is_force_key_unit (event);
    gst_event_unref (event);
  }
  return n;
}

/* A key frame at first and where one is asked for; none in between. */
GST_START_TEST (test_key_frames_are_few)
{
  GstHarness *e = encoder ("key-int-max=6");

  for (guint n = 0; n < 40; n++) {
    if (n == 20)
      gst_harness_push_upstream_event (e,
          gst_video_event_new_upstream_force_key_unit (
              GST_CLOCK_TIME_NONE, TRUE, 1));
    GstBuffer *coded = code (e, n);
    ck_assert (is_key (coded) == (n == 0 || n == 20));
    gst_buffer_unref (coded);
  }
  gst_harness_teardown (e);
}
GST_END_TEST;

/* Switched while it runs: then there are key frames again. */
GST_START_TEST (test_refresh_is_switched)
{
  GstHarness *e = encoder ("key-int-max=6");
  GstElement *element = gst_harness_find_element (e, "aeencode");
  GstHarness *d = NULL;
  guint keys = 0;

  for (guint n = 0; n < 40; n++) {
    g_object_set (element, "intra-refresh", n < 10 || n >= 30, NULL);
    GstBuffer *coded = code (e, n);
    keys += is_key (coded);
    if (d == NULL)
      d = decoder (e);
    GstBuffer *shown = gst_harness_push_and_pull (d, coded);
    ck_assert (!is_corrupted (shown));
    gst_buffer_unref (shown);
  }
  ck_assert_uint_eq (keys, 1 + 4);
  gst_object_unref (element);
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

/* One in twenty is lost: all is shown, what is not whole is marked, and after two
 * periods without a loss everything is as it was sent. */
GST_START_TEST (test_losses_heal)
{
  GstHarness *e = encoder ("key-int-max=6"), *all = NULL, *some = NULL;
  GRand *rand = g_rand_new_with_seed (7 + (guint) __i__);
  guint since = 0, lost = 0, corrupted = 0, requests = 0;

  for (guint n = 0; n < 240; n++) {
    GstBuffer *coded = code (e, n);
    ck_assert (is_key (coded) == (n == 0));
    if (all == NULL) {
      all = decoder (e);
      some = decoder (e);
    }
    GstBuffer *wanted
        = gst_harness_push_and_pull (all, gst_buffer_ref (coded));
    ck_assert (!is_corrupted (wanted));
    if (g_rand_double (rand) < 0.05 && n < 220) {
      gst_buffer_unref (coded);
      lost++;
      since = 0;
    } else {
      GstBuffer *shown = gst_harness_push_and_pull (some, coded);
      gboolean whole = same (shown, wanted);
      since++;
      ck_assert (since < 2 * PERIOD || lost == 0 || whole);
      ck_assert (is_corrupted (shown) || whole);
      ck_assert (!is_corrupted (shown) || since < 2 * PERIOD);
      corrupted += is_corrupted (shown);
      gst_buffer_unref (shown);
      requests += key_requests (some);
    }
    gst_buffer_unref (wanted);
  }
  ck_assert_uint_ge (lost, 4);
  ck_assert_uint_ge (corrupted, lost);
  ck_assert_uint_ge (requests, 1);
  ck_assert_uint_le (requests, lost);
  g_rand_free (rand);
  gst_harness_teardown (e);
  gst_harness_teardown (all);
  gst_harness_teardown (some);
}
GST_END_TEST;

/* From a stream of bytes behind a header. */
static GstHarness *
reader (GstHarness *from)
{
  GstHarness *h = harness ("aeparse ! aedecode", "");
  GstCaps *caps = gst_pad_get_current_caps (from->sinkpad);
  const GValue *headers = gst_structure_get_value (
      gst_caps_get_structure (caps, 0), "streamheader");

  gst_harness_set_src_caps_str (h, "video/x-ae");
  gst_harness_push (h,
      gst_buffer_copy (gst_value_get_buffer (
          gst_value_array_get_value (headers, 0))));
  gst_caps_unref (caps);
  return h;
}

static GstHarness *
parser (GstHarness *from)
{
  GstHarness *h = harness ("aeparse ! aedecode", "");

  gst_harness_set_src_caps (h, gst_pad_get_current_caps (from->sinkpad));
  return h;
}

static GstHarness *(*const receivers[]) (GstHarness *) = { decoder, parser,
  reader };

/* Nobody sends a key frame for those who come late. */
GST_START_TEST (test_late_joiners_need_no_key_frame)
{
  GstHarness *e = encoder ("key-int-max=6"), *all = NULL, *late = NULL;
  guint join = 3 + (guint) __i__ / 3;

  for (guint n = 0; n < join + 2 * PERIOD + 3; n++) {
    GstBuffer *coded = code (e, n);
    if (all == NULL)
      all = decoder (e);
    GstBuffer *wanted
        = gst_harness_push_and_pull (all, gst_buffer_ref (coded));
    if (n == join)
      late = receivers[__i__ % 3](e);
    if (n < join) {
      gst_buffer_unref (coded);
    } else {
      GstBuffer *shown = gst_harness_push_and_pull (late, coded);
      gboolean whole = n - join >= 2 * PERIOD - 1;
      ck_assert (is_corrupted (shown) || same (shown, wanted));
      ck_assert (!whole || !is_corrupted (shown));
      ck_assert (n > join || is_corrupted (shown));
      gst_buffer_unref (shown);
    }
    gst_buffer_unref (wanted);
  }
  gst_harness_teardown (e);
  gst_harness_teardown (all);
  gst_harness_teardown (late);
}
GST_END_TEST;

/* Without anything that tells what pictures are like, frames are left out until
 * a header comes. */
GST_START_TEST (test_headers_may_come_later)
{
  GstHarness *e = encoder ("key-int-max=6"), *d = harness ("aedecode", "");
  guint shown = 0;

  gst_harness_set_src_caps_str (d, "video/x-ae");
  gst_buffer_unref (code (e, 0));
  for (guint n = 1; n < 8; n++) {
    ck_assert_int_eq (gst_harness_push (d, code (e, n)), GST_FLOW_OK);
    ck_assert (gst_harness_try_pull (d) == NULL);
  }
  ck_assert_uint_ge (key_requests (d), 1);
  gst_harness_set_src_caps (d, gst_pad_get_current_caps (e->sinkpad));
  for (guint n = 8; n < 24; n++) {
    GstBuffer *out = gst_harness_push_and_pull (d, code (e, n));
    ck_assert (n < 20 || !is_corrupted (out));
    gst_buffer_unref (out);
    shown++;
  }
  ck_assert_uint_eq (shown, 16);
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

/* A bitrate is kept, and frames are of like sizes. */
GST_START_TEST (test_bitrate_is_kept)
{
  static const guint rates[] = { 300, 400, 150 };
  GstHarness *e = encoder ("key-int-max=6 vbv-buf-capacity=300");
  GstElement *element = gst_harness_find_element (e, "aeencode");

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    gdouble bits = 0, most = 0;
    g_object_set (element, "bitrate", rates[r], NULL);
    for (guint n = 0; n < 120; n++) {
      GstBuffer *coded = code (e, r * 120 + n);
      gsize size = gst_buffer_get_size (coded);
      if (n >= 60) {
        bits += size * 8.0;
        most = MAX (most, size * 8.0);
      }
      gst_buffer_unref (coded);
    }
    ck_assert_msg (ABS (bits / 2000 - rates[r]) < 0.05 * rates[r],
        "%.1f kbit/s instead of %u", bits / 2000, rates[r]);
    ck_assert_msg (
        most < 2.5 * bits / 60, "a frame of %.0f bits of %.0f", most, bits);
  }
  gst_object_unref (element);
  gst_harness_teardown (e);
}
GST_END_TEST;

/* Of luma. */
static gdouble
psnr_of (GstBuffer *a, GstBuffer *b)
{
  GstMapInfo p, q;
  gdouble sum = 0;

  gst_buffer_map (a, &p, GST_MAP_READ);
  gst_buffer_map (b, &q, GST_MAP_READ);
  for (guint i = 0; i < WIDTH * HEIGHT; i++)
    sum += (p.data[i] - q.data[i]) * (p.data[i] - q.data[i]);
  gst_buffer_unmap (a, &p);
  gst_buffer_unmap (b, &q);
  return 10 * log10 (65025.0 * WIDTH * HEIGHT / sum);
}

GST_START_TEST (test_psnr_is_kept)
{
  GstHarness *e = encoder ("key-int-max=6 psnr=30"), *d = NULL;
  gdouble mean = 0;

  for (guint n = 0; n < 50; n++) {
    GstBuffer *coded = code (e, n), *in = picture (n);
    if (d == NULL)
      d = decoder (e);
    GstBuffer *out = gst_harness_push_and_pull (d, coded);
    mean += n < 10 ? 0 : psnr_of (in, out) / 40;
    gst_buffer_unref (in);
    gst_buffer_unref (out);
  }
  ck_assert_msg (ABS (mean - 30) < 0.5, "%.2f dB instead of 30", mean);
  gst_harness_teardown (e);
  gst_harness_teardown (d);
}
GST_END_TEST;

static Suite *
refresh_suite (void)
{
  Suite *s = suite_create ("codec refresh");
  TCase *tc = tcase_create ("refresh");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_key_frames_are_few);
  tcase_add_test (tc, test_refresh_is_switched);
  tcase_add_loop_test (tc, test_losses_heal, 0, 3);
  tcase_add_loop_test (tc, test_late_joiners_need_no_key_frame, 0, 18);
  tcase_add_test (tc, test_headers_may_come_later);
  tcase_add_test (tc, test_bitrate_is_kept);
  tcase_add_test (tc, test_psnr_is_kept);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, refresh_suite);
}
