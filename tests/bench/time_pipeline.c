/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times the buffers of a pipeline's sinks:
 *
 *   time_pipeline SKIP "LAUNCH LINE"
 *
 * Prints JSON: frames that came after the first SKIP, how many a second, and how
 * many a second by the median time between two: what other programs on the machine
 * take away shows in the first. */
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  (void) pad;
  (void) info;
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  gint64 ns = t.tv_sec * G_GINT64_CONSTANT (1000000000) + t.tv_nsec;
  g_array_append_val ((GArray *) user_data, ns);
  return GST_PAD_PROBE_OK;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;
  return x < y ? -1 : x > y;
}

/* times: of all buffers, ns; more than `skip`. */
static void
print_rates (const GArray *times, guint skip)
{
  const gint64 *at = (const gint64 *) times->data;
  guint n = times->len - skip;
  g_autoptr (GArray) between = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = skip; i < times->len; i++) {
    gint64 ns = MAX (at[i] - at[i - 1], 1);
    g_array_append_val (between, ns);
  }
  g_array_sort (between, compare);
  gint64 all = MAX (at[times->len - 1] - at[skip - 1], 1);
  printf ("{\"frames\": %u, \"per_second\": %.3f, "
          "\"median_per_second\": %.3f}\n",
      n, n * 1e9 / (double) all,
      1e9 / (double) g_array_index (between, gint64, n / 2));
}

/* 0 and no message when it came to its end. */
static int
run (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    return 0;
  g_autoptr (GError) error = NULL;
  gst_message_parse_error (message, &error, NULL);
  fprintf (stderr, "time_pipeline: %s\n", error->message);
  return 1;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  gst_init (&argc, &argv);
  if (argc != 3 || atoi (argv[1]) < 1) {
    fprintf (stderr, "usage: time_pipeline SKIP \"... ! fakesink name=end\", "
                     "SKIP being 1 and up\n");
    return 2;
  }
  guint skip = (guint) atoi (argv[1]);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GstElement) pipeline = gst_parse_launch (argv[2], &error);
  if (error) {
    fprintf (stderr, "time_pipeline: %s\n", error->message);
    return 1;
  }
  g_autoptr (GstElement) end = GST_IS_BIN (pipeline)
      ? gst_bin_get_by_name (GST_BIN (pipeline), "end") : NULL;
  if (!end) {
    fprintf (stderr, "time_pipeline: no element is named end\n");
    return 1;
  }
  g_autoptr (GstPad) pad = gst_element_get_static_pad (end, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, times, NULL);
  if (run (pipeline) != 0)
    return 1;
  if (times->len <= skip) {
    fprintf (stderr, "time_pipeline: %u buffers, wanted more than %u\n",
        times->len, skip);
    return 1;
  }
  print_rates (times, skip);
  return 0;
}
