/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Coded streams over a network of this machine: packets that are lost, those who
 * join late. The model is small and not trained (AE_TEST_CODEC). */
#include "plugin_test.h"

static const gchar *
model_file (void)
{
  return g_getenv ("AE_TEST_CODEC");
}

static GstElement *
play (const gchar *format, ...) G_GNUC_PRINTF (1, 2);

static GstElement *
play (const gchar *format, ...)
{
  va_list args;
  GError *error = NULL;

  va_start (args, format);
  gchar *line = g_strdup_vprintf (format, args);
  va_end (args);
  GstElement *pipeline = gst_parse_launch (line, &error);
  ck_assert_msg (error == NULL, "%s: %s", line, error ? error->message : "");
  ck_assert (gst_element_set_state (pipeline, GST_STATE_PLAYING)
      != GST_STATE_CHANGE_FAILURE);
  g_free (line);
  return pipeline;
}

/* Until the end, or for some seconds; there is no error. */
static void
wait_for (GstElement *pipeline, GstClockTime time)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (
      bus, time, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  gchar *text = NULL;
  GError *error = NULL;

  if (message != NULL && GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, &text);
  ck_assert_msg (error == NULL, "%s (%s)", error ? error->message : "", text);
  if (message != NULL)
    gst_message_unref (message);
  gst_object_unref (bus);
}

static void
stop (GstElement *pipeline)
{
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static gint
number_of (GstElement *pipeline, const gchar *element, const gchar *property)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (pipeline), element);
  gint number;

  g_object_get (e, property, &number, NULL);
  gst_object_unref (e);
  return number;
}

static void
count (GstElement *sink, GstBuffer *buffer, GstPad *pad, gint *frames)
{
  (void) sink;
  (void) buffer;
  (void) pad;
  g_atomic_int_inc (frames);
}

static void
count_frames (GstElement *pipeline, gint *frames)
{
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");

  g_object_set (sink, "signal-handoffs", TRUE, NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (count), frames);
  gst_object_unref (sink);
}

/* The receiver shows what it can, and begins again with each key frame. */
GST_START_TEST (test_a_network_loses_packets)
{
  gint frames = 0;
  GstElement *receiver
      = play ("udpsrc name=in port=0 address=127.0.0.1 "
              "caps=\"application/x-rtp,media=application,clock-rate=90000,"
              "encoding-name=X-GST\" ! rtpgstdepay ! aedecode model-file=%s ! "
              "fakesink name=sink sync=false",
          model_file ());
  count_frames (receiver, &frames);
  GstElement *sender = play (
      "videotestsrc is-live=true num-buffers=120 pattern=ball ! "
      "video/x-raw,width=160,height=120,framerate=60/1 ! "
      "aeencode key-int-max=15 model-file=%s ! "
      "rtpgstpay config-interval=1 ! identity drop-probability=0.05 ! "
      "udpsink host=127.0.0.1 port=%d",
      model_file (), number_of (receiver, "in", "port"));

  wait_for (sender, 20 * GST_SECOND);
  wait_for (receiver, GST_SECOND / 5);
  stop (sender);
  stop (receiver);
  ck_assert_int_ge (frames, 40);
  ck_assert_int_lt (frames, 121);
}
GST_END_TEST;

static const gchar *const joiners[] = { "aeparse", "gdpdepay" };

/* Who comes a second after the stream's begin sees the last key frame at once;
 * behind gdppay, which does not tell which buffers these are, the next one. */
GST_START_TEST (test_late_joiners)
{
  gint frames = 0;
  if (__i__ == 1
      && gst_registry_check_feature_version (
             gst_registry_get (), "gdppay", 1, 0, 0)
          == FALSE) {
    GST_INFO ("there is no gdppay");
    return;
  }
  GstElement *sender
      = play ("videotestsrc is-live=true pattern=ball ! "
              "video/x-raw,width=160,height=120,framerate=30/1 ! "
              "aeencode key-int-max=%d model-file=%s ! %s ! tcpserversink "
              "name=out port=0 host=127.0.0.1 sync-method=latest-keyframe "
              "recover-policy=keyframe",
          __i__ == 1 ? 15 : 0, model_file (),
          __i__ == 1 ? "gdppay" : "queue");

  wait_for (sender, GST_SECOND);
  GstElement *receiver
      = play ("tcpclientsrc host=127.0.0.1 port=%d ! %s ! aedecode "
              "model-file=%s ! fakesink name=sink sync=false",
          number_of (sender, "out", "current-port"), joiners[__i__],
          model_file ());
  count_frames (receiver, &frames);
  wait_for (receiver, GST_SECOND);
  stop (receiver);
  stop (sender);
  ck_assert_int_ge (frames, __i__ == 1 ? 10 : 30);
}
GST_END_TEST;

static Suite *
network_suite (void)
{
  Suite *s = suite_create ("codec network");
  TCase *tc = tcase_create ("network");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_a_network_loses_packets);
  tcase_add_loop_test (tc, test_late_joiners, 0, G_N_ELEMENTS (joiners));
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, network_suite);
}
