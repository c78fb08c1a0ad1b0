/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Shows a camera twice, as it is and denoised, and turns the strength up and
 * down: an application that uses the element and controls it.
 *
 *   denoise_tee [SOURCE [SINK]]
 *
 * SOURCE and SINK are pipeline descriptions (default: v4l2src and
 * autovideosink). */

#include <gst/gst.h>
#include <math.h>

static GMainLoop *loop;
static int status;

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    GError *error;
    gst_message_parse_error (message, &error, NULL);
    g_printerr ("%s: %s\n", GST_OBJECT_NAME (message->src), error->message);
    g_error_free (error);
    status = 1;
    g_main_loop_quit (loop);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    g_main_loop_quit (loop);
  }
  return G_SOURCE_CONTINUE;
}

/* Strength goes up and down every four seconds. */
static gboolean
change_strength (gpointer denoise)
{
  double seconds = g_get_monotonic_time () / 1e6;
  g_object_set (
      denoise, "strength", 0.5 + 0.5 * sin (seconds * G_PI / 2), NULL);
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  const char *source = argc > 1 ? argv[1] : "v4l2src";
  const char *sink = argc > 2 ? argv[2] : "autovideosink";
  char *text = g_strdup_printf ("%s ! videoconvert ! tee name=t "
                                "t. ! queue ! videoconvert ! %s "
                                "t. ! queue ! denoise name=denoise ! "
                                "videoconvert ! %s",
      source, sink, sink);
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (text, &error);
  g_free (text);
  if (error) {
    g_printerr ("%s\n", error->message);
    g_error_free (error);
    return 1;
  }
  GstElement *denoise = gst_bin_get_by_name (GST_BIN (pipeline), "denoise");
  GstBus *bus = gst_element_get_bus (pipeline);
  loop = g_main_loop_new (NULL, FALSE);
  guint watch = gst_bus_add_watch (bus, on_message, NULL);
  guint timer = g_timeout_add (100, change_strength, denoise);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_main_loop_run (loop);
  g_source_remove (timer);
  g_source_remove (watch);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (denoise);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_main_loop_unref (loop);
  return status;
}
