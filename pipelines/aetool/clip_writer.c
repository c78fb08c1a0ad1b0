/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "clip_writer.h"

#include <gst/app/app.h>

#include "aetool.h"

struct ClipWriter {
  GstElement *pipeline;
  GstAppSrc *source;
  char *path;
  int fps;
  guint64 count;
};

/* Waits for the end or an error; FALSE and *error on the latter. */
static gboolean
wait_for_end (ClipWriter *writer, GstClockTime timeout, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (writer->pipeline);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, timeout, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  if (!message || GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    return TRUE;
  GError *found = NULL;
  gst_message_parse_error (message, &found, NULL);
  g_propagate_prefixed_error (error, found, "%s: ", writer->path);
  return FALSE;
}

static void
free_writer (ClipWriter *writer)
{
  gst_element_set_state (writer->pipeline, GST_STATE_NULL);
  gst_clear_object (&writer->source);
  gst_clear_object (&writer->pipeline);
  g_free (writer->path);
  g_free (writer);
}

ClipWriter *
clip_writer_new (
    const char *path, int width, int height, int fps, GError **error)
{
  GstElement *pipeline = gst_parse_launch (
      "appsrc name=in format=time block=true max-buffers=8 ! avenc_ffv1 ! "
      "matroskamux ! filesink name=out",
      error);
  if (!pipeline)
    return NULL;
  ClipWriter *writer = g_new0 (ClipWriter, 1);
  writer->pipeline = pipeline;
  writer->path = g_strdup (path);
  writer->fps = fps;
  writer->source
      = GST_APP_SRC (gst_bin_get_by_name (GST_BIN (pipeline), "in"));
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  GstVideoInfo info;
  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, width, height);
  info.fps_n = fps;
  info.fps_d = 1;
  g_autoptr (GstCaps) caps = gst_video_info_to_caps (&info);
  gst_app_src_set_caps (writer->source, caps);
  g_object_set (out, "location", path, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  if (wait_for_end (writer, 0, error))
    return writer;
  free_writer (writer);
  return NULL;
}

gboolean
clip_writer_add (ClipWriter *writer, const Picture *picture, GError **error)
{
  g_autoptr (Picture) planes
      = picture_convert (picture, GST_VIDEO_FORMAT_I420);
  GstBuffer *buffer = picture_buffer (planes);
  GST_BUFFER_PTS (buffer) = writer->count * GST_SECOND / writer->fps;
  GST_BUFFER_DURATION (buffer) = GST_SECOND / writer->fps;
  writer->count++;
  gst_app_src_push_buffer (writer->source, buffer);
  return wait_for_end (writer, 0, error);
}

gboolean
clip_writer_finish (ClipWriter *writer, GError **error)
{
  gst_app_src_end_of_stream (writer->source);
  gboolean ok = wait_for_end (writer, GST_CLOCK_TIME_NONE, error);
  free_writer (writer);
  return ok;
}
