/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "picturefile.h"

#include "aeerror.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#define PATIENCE (20 * GST_SECOND)

/* A named pipe would wait for ever. */
static gboolean
check_file (const gchar *path, const gchar *what, AeError *error)
{
  struct stat st;

  if (g_stat (path, &st) != 0) {
    gst_ae_error_set (error,
        errno == ENOENT || errno == ENOTDIR ? AE_ERROR_NOT_FOUND : AE_ERROR_IO,
        "%s: expected %s: %s", path, what, g_strerror (errno));
    return FALSE;
  }
  if (!S_ISREG (st.st_mode)) {
    gst_ae_error_set (error, AE_ERROR_IO, "%s: expected %s, found a %s", path,
        what, S_ISDIR (st.st_mode) ? "folder" : "pipe, socket or device");
    return FALSE;
  }
  return TRUE;
}

static GstElement *
open_pipeline (const gchar *path)
{
  GstElement *pipeline = gst_parse_launch (
      "filesrc name=file ! decodebin ! videoconvert ! "
      "video/x-raw,format=RGB ! fakesink name=sink sync=false",
      NULL);

  if (pipeline == NULL)
    return NULL;
  GstElement *file = gst_bin_get_by_name (GST_BIN (pipeline), "file");
  g_object_set (file, "location", path, NULL);
  gst_object_unref (file);
  return pipeline;
}

static GstSample *
take_sample (GstElement *pipeline)
{
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstSample *sample = NULL;

  g_object_get (sink, "last-sample", &sample, NULL);
  gst_object_unref (sink);
  return sample;
}

static void
explain (GstElement *pipeline, const gchar *path, const gchar *what,
    AeError *error)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  GError *cause = NULL;

  if (message != NULL)
    gst_message_parse_error (message, &cause, NULL);
  gst_ae_error_set (error, AE_ERROR_FORMAT, "%s: expected %s: %s", path, what,
      cause != NULL ? cause->message : "no picture was found in it");
  g_clear_error (&cause);
  gst_clear_message (&message);
  gst_object_unref (bus);
}

GstSample *
gst_ae_picture_file_read (const gchar *path, const gchar *what, AeError *error)
{
  if (!check_file (path, what, error))
    return NULL;
  GstElement *pipeline = open_pipeline (path);
  if (pipeline == NULL) {
    gst_ae_error_set (error, AE_ERROR_UNSUPPORTED,
        "%s: expected %s: reading it takes GStreamer's decodebin and "
        "videoconvert (gst-plugins-base)",
        path, what);
    return NULL;
  }
  GstSample *sample = NULL;
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  if (gst_element_get_state (pipeline, NULL, NULL, PATIENCE)
      == GST_STATE_CHANGE_SUCCESS)
    sample = take_sample (pipeline);
  if (sample == NULL)
    explain (pipeline, path, what, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return sample;
}
