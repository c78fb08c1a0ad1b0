/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "frames.h"

#include <gst/app/app.h>
#include <string.h>

#include "aetool.h"
#include "inputs.h"

#define USUAL_RATE 25 /* frames per second, where a stream does not tell */

/* Moves the first error on the bus into *error; FALSE when there is none. */
static gboolean
take_error (GstElement *pipeline, const char *what, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message
      = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  if (!message)
    return FALSE;
  GError *found = NULL;
  gst_message_parse_error (message, &found, NULL);
  g_propagate_prefixed_error (error, found, "%s: ", what);
  return TRUE;
}

/* The next frame, or NULL at the end or (with *error) on failure. */
static GstSample *
pull (GstElement *pipeline, GstAppSink *sink, const char *uri, GError **error)
{
  for (;;) {
    GstSample *sample = gst_app_sink_try_pull_sample (sink, GST_SECOND / 10);
    if (sample)
      return sample;
    if (take_error (pipeline, uri, error) || gst_app_sink_is_eos (sink))
      return NULL;
  }
}

static GstElement *
decode_pipeline (const char *uri, GstVideoFormat format, GError **error)
{
  g_autofree char *text = g_strdup_printf (
      "uridecodebin name=in caps=video/x-raw(ANY) expose-all-streams=false ! "
      "videoconvert dither=none ! video/x-raw,format=%s ! "
      "appsink name=out sync=false max-buffers=4",
      gst_video_format_to_string (format));
  GstElement *pipeline = gst_parse_launch (text, error);
  if (!pipeline)
    return NULL;
  g_autoptr (GstElement) in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  g_object_set (in, "uri", uri, NULL);
  return pipeline;
}

struct FramesReader {
  char *uri;
  GstElement *pipeline;
  GstAppSink *sink;
  GstSample *sample; /* of the frame that is mapped */
  GstVideoFrame frame;
};

FramesReader *
frames_reader_new (const char *uri, GstVideoFormat format, GError **error)
{
  GstElement *pipeline = decode_pipeline (uri, format, error);
  if (!pipeline)
    return NULL;
  FramesReader *r = g_new0 (FramesReader, 1);
  r->uri = g_strdup (uri);
  r->pipeline = pipeline;
  r->sink = GST_APP_SINK (gst_bin_get_by_name (GST_BIN (pipeline), "out"));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return r;
}

static void
let_go (FramesReader *r)
{
  if (r->sample)
    gst_video_frame_unmap (&r->frame);
  g_clear_pointer (&r->sample, gst_sample_unref);
}

void
frames_reader_free (FramesReader *r)
{
  if (!r)
    return;
  let_go (r);
  gst_element_set_state (r->pipeline, GST_STATE_NULL);
  gst_object_unref (r->sink);
  gst_object_unref (r->pipeline);
  g_free (r->uri);
  g_free (r);
}

const GstVideoFrame *
frames_reader_next (FramesReader *r, GError **error)
{
  GstVideoInfo info;
  let_go (r);
  g_autoptr (GstSample) sample = pull (r->pipeline, r->sink, r->uri, error);
  if (!sample)
    return NULL;
  if (!gst_video_info_from_caps (&info, gst_sample_get_caps (sample))
      || !gst_video_frame_map (
          &r->frame, &info, gst_sample_get_buffer (sample), GST_MAP_READ)) {
    g_set_error_literal (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "a decoded frame could not be mapped");
    return NULL;
  }
  r->sample = g_steal_pointer (&sample);
  return &r->frame;
}

gboolean
frames_decode (const char *uri, GstVideoFormat format, FramesFunc func,
    gpointer user_data, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (FramesReader) reader = frames_reader_new (uri, format, error);
  if (!reader)
    return FALSE;
  guint count = 0;
  const GstVideoFrame *frame;
  for (gboolean more = TRUE;
       more && (frame = frames_reader_next (reader, &local)); count++)
    more = func (frame, count, user_data, &local);
  if (!local && count == 0)
    g_set_error (&local, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "%s: no video frame in it", uri);
  if (!local)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static AePixels
pixels_of (GstVideoFormat format)
{
  switch (format) {
    case GST_VIDEO_FORMAT_GRAY8:
      return AE_PIXELS_GRAY8;
    case GST_VIDEO_FORMAT_Y444:
      return AE_PIXELS_Y444;
    case GST_VIDEO_FORMAT_RGB:
      return AE_PIXELS_PACKED;
    default:
      return AE_PIXELS_I420;
  }
}

static AeMatrix
matrix_of (const GstVideoInfo *info)
{
  switch (info->colorimetry.matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT709:
      return AE_MATRIX_BT709;
    case GST_VIDEO_COLOR_MATRIX_BT2020:
      return AE_MATRIX_BT2020;
    default:
      return AE_MATRIX_BT601;
  }
}

void
frames_image (const GstVideoFrame *frame, AeImage *image)
{
  memset (image, 0, sizeof *image);
  image->pixels = pixels_of (GST_VIDEO_FRAME_FORMAT (frame));
  image->width = GST_VIDEO_FRAME_WIDTH (frame);
  image->height = GST_VIDEO_FRAME_HEIGHT (frame);
  image->matrix = matrix_of (&frame->info);
  image->pixel_stride = 3;
  image->g = 1;
  image->b = 2;
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES (frame); i++) {
    image->plane[i] = GST_VIDEO_FRAME_PLANE_DATA (frame, i);
    image->stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE (frame, i);
  }
}

double
frames_seconds (const GstVideoFrame *frame)
{
  int n = GST_VIDEO_INFO_FPS_N (&frame->info);
  int d = GST_VIDEO_INFO_FPS_D (&frame->info);
  return n > 0 && d > 0 ? (double) d / n : 1.0 / USUAL_RATE;
}
