/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `denoise` in a pipeline for a minute, with new sizes, formats and flushes
 * all the time: memory, threads and files must stay what they were. */

#include "plugin_test.h"

#include <malloc.h>
#include <unistd.h>

#define SECONDS 60
#define WARM_UP 5 /* rounds */
#define MIN_ROUNDS 12

/* What may come and go between rounds: pages of the heap that are partly in
 * use. One leaked frame of 320x240 in each of ten rounds is more. */
#ifdef __SANITIZE_ADDRESS__ /* which keeps 256 MiB of what was freed */
#define GROWTH_KIB (272 * 1024)
#else
#define GROWTH_KIB 1024
#endif

/* The last one is where the samples are taken. */
static const struct {
  const gchar *format;
  gint width, height;
} pictures[] = { { "I420", 320, 240 }, { "RGB", 64, 48 }, { "NV12", 33, 17 },
  { "GRAY8", 1, 1 }, { "P010_10LE", 160, 120 }, { "BGRx", 97, 201 },
  { "Y444", 240, 16 }, { "I420", 320, 240 } };

typedef struct {
  gsize resident_kib;
  guint threads, files;
} Sample;

static guint
entries (const gchar *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  ck_assert (dir != NULL);
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_dir_close (dir);
  return n;
}

static Sample
take_sample (void)
{
  gchar *text = NULL;
  gsize pages = 0;

  malloc_trim (0);
  ck_assert (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  ck_assert_int_eq (sscanf (text, "%*u %zu", &pages), 1);
  g_free (text);
  return (Sample){ pages * (gsize) sysconf (_SC_PAGESIZE) / 1024,
    entries ("/proc/self/task"), entries ("/proc/self/fd") };
}

typedef struct {
  GstElement *pipeline, *filter, *denoise;
  GstBus *bus;
} Stream;

static guint64
processed (const Stream *s)
{
  GstStructure *stats = NULL;
  guint64 n = 0;

  g_object_get (s->denoise, "stats", &stats, NULL);
  ck_assert (gst_structure_get_uint64 (stats, "processed", &n));
  gst_structure_free (stats);
  return n;
}

static void
check_bus (const Stream *s)
{
  GstMessage *message = gst_bus_pop_filtered (
      s->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING | GST_MESSAGE_EOS);

  ck_assert_msg (message == NULL, "%s",
      message ? gst_structure_to_string (gst_message_get_structure (message))
              : "");
}

static void
wait_for_frames (const Stream *s, guint n)
{
  guint64 target = processed (s) + n;

  while (processed (s) < target) {
    check_bus (s);
    g_usleep (2000);
  }
}

static void
open_stream (Stream *s)
{
  GError *error = NULL;

  s->pipeline = gst_parse_launch (
      "videotestsrc pattern=snow ! capsfilter name=filter ! "
      "denoise name=denoise n-threads=2 speed-preset=fast ! "
      "identity sleep-time=1000 ! fakesink",
      &error);
  ck_assert_msg (error == NULL, "%s", error ? error->message : "");
  s->filter = gst_bin_get_by_name (GST_BIN (s->pipeline), "filter");
  s->denoise = gst_bin_get_by_name (GST_BIN (s->pipeline), "denoise");
  s->bus = gst_element_get_bus (s->pipeline);
  gst_element_set_state (s->pipeline, GST_STATE_PLAYING);
}

static void
close_stream (Stream *s)
{
  gst_element_set_state (s->pipeline, GST_STATE_NULL);
  gst_object_unref (s->bus);
  gst_object_unref (s->filter);
  gst_object_unref (s->denoise);
  gst_object_unref (s->pipeline);
}

/* Every size once, a flush within each second one. */
static void
one_round (const Stream *s)
{
  for (gsize i = 0; i < G_N_ELEMENTS (pictures); i++) {
    GstCaps *caps = plugin_test_caps (
        pictures[i].format, pictures[i].width, pictures[i].height);
    g_object_set (s->filter, "caps", caps, NULL);
    gst_caps_unref (caps);
    wait_for_frames (s, 8);
    if (i % 2 == 0)
      ck_assert (gst_element_seek_simple (
          s->pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
    wait_for_frames (s, 4);
  }
}

GST_START_TEST (test_nothing_grows_in_a_minute)
{
  gint64 end = g_get_monotonic_time () + SECONDS * G_USEC_PER_SEC;
  Sample early = { 0 };
  gsize first_half = 0, second_half = 0;
  Stream s;
  guint n = 0;

  open_stream (&s);
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (Sample));
  for (; g_get_monotonic_time () < end; n++) {
    one_round (&s);
    Sample now = take_sample ();
    if (n == WARM_UP)
      early = now;
    if (n < WARM_UP)
      continue;
    ck_assert_uint_eq (now.threads, early.threads);
    ck_assert_uint_eq (now.files, early.files);
    g_array_append_val (samples, now);
  }
  close_stream (&s);
  ck_assert_uint_ge (n, MIN_ROUNDS);
  for (guint i = 0; i < samples->len; i++) {
    gsize kib = g_array_index (samples, Sample, i).resident_kib;
    gsize *half = i < samples->len / 2 ? &first_half : &second_half;
    *half = MAX (*half, kib);
  }
  g_print ("%u rounds: at most %zu KiB in the first half, %zu KiB in the "
           "second; %u threads, %u files\n",
      n, first_half, second_half, early.threads, early.files);
  ck_assert_uint_le (second_half, first_half + GROWTH_KIB);
  g_array_free (samples, TRUE);
}
GST_END_TEST;

static Suite *
soak_suite (void)
{
  Suite *s = suite_create ("soak");
  TCase *tc = tcase_create ("soak");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 5 * SECONDS);
  tcase_add_test (tc, test_nothing_grows_in_a_minute);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, soak_suite);
}
