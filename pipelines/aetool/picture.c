/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gst/app/app.h>
#include <string.h>

#include "aetool.h"
#include "frames.h"
#include "inputs.h"

/* Bytes per row and rows of each plane, without padding. */
static void
set_planes (Picture *p)
{
  p->n_planes = p->format == GST_VIDEO_FORMAT_I420
                        || p->format == GST_VIDEO_FORMAT_Y444
                    ? 3
                    : 1;
  for (int i = 0; i < p->n_planes; i++) {
    gboolean half = i > 0 && p->format == GST_VIDEO_FORMAT_I420;
    p->plane_width[i] = half ? (p->width + 1) / 2 : p->width;
    p->plane_height[i] = half ? (p->height + 1) / 2 : p->height;
  }
  if (p->format == GST_VIDEO_FORMAT_RGB)
    p->plane_width[0] *= 3;
}

Picture *
picture_new (GstVideoFormat format, int width, int height)
{
  Picture *p = g_new0 (Picture, 1);
  p->format = format;
  p->width = width;
  p->height = height;
  set_planes (p);
  for (int i = 0; i < p->n_planes; i++)
    p->size += (gsize) p->plane_width[i] * p->plane_height[i];
  p->data = g_malloc0 (p->size);
  guint8 *at = p->data;
  for (int i = 0; i < p->n_planes; i++) {
    p->plane[i] = at;
    at += (gsize) p->plane_width[i] * p->plane_height[i];
  }
  return p;
}

void
picture_free (Picture *picture)
{
  if (!picture)
    return;
  g_free (picture->data);
  g_free (picture);
}

Picture *
picture_copy (const Picture *picture)
{
  Picture *copy
      = picture_new (picture->format, picture->width, picture->height);
  memcpy (copy->data, picture->data, picture->size);
  return copy;
}

AeImage
picture_image (const Picture *picture)
{
  AeImage image = { .width = picture->width, .height = picture->height };
  image.pixels = picture->format == GST_VIDEO_FORMAT_GRAY8  ? AE_PIXELS_GRAY8
                 : picture->format == GST_VIDEO_FORMAT_Y444 ? AE_PIXELS_Y444
                 : picture->format == GST_VIDEO_FORMAT_RGB  ? AE_PIXELS_PACKED
                                                            : AE_PIXELS_I420;
  image.pixel_stride = 3;
  image.g = 1;
  image.b = 2;
  for (int i = 0; i < picture->n_planes; i++) {
    image.plane[i] = picture->plane[i];
    image.stride[i] = picture->plane_width[i];
  }
  return image;
}

Picture *
picture_from_frame (const GstVideoFrame *frame)
{
  Picture *p = picture_new (GST_VIDEO_FRAME_FORMAT (frame),
      GST_VIDEO_FRAME_WIDTH (frame), GST_VIDEO_FRAME_HEIGHT (frame));
  for (int i = 0; i < p->n_planes; i++) {
    const guint8 *from = GST_VIDEO_FRAME_PLANE_DATA (frame, i);
    gsize stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, i);
    for (int y = 0; y < p->plane_height[i]; y++)
      memcpy (p->plane[i] + (gsize) y * p->plane_width[i], from + y * stride,
          p->plane_width[i]);
  }
  return p;
}

typedef struct {
  GPtrArray *pictures;
  guint max_frames;
} Loading;

static gboolean
keep_frame (const GstVideoFrame *frame, guint index, gpointer user_data,
    GError **error)
{
  Loading *loading = user_data;
  g_ptr_array_add (loading->pictures, picture_from_frame (frame));
  return loading->max_frames == 0 || index + 1 < loading->max_frames;
}

GPtrArray *
picture_load (const char *location, GstVideoFormat format, guint max_frames,
    GError **error)
{
  g_autofree char *uri = inputs_to_uri (location, error);
  if (!uri)
    return NULL;
  g_autoptr (GPtrArray) pictures
      = g_ptr_array_new_with_free_func ((GDestroyNotify) picture_free);
  Loading loading = { pictures, max_frames };
  if (!frames_decode (uri, format, keep_frame, &loading, error))
    return NULL;
  return g_steal_pointer (&pictures);
}

/* The picture as a buffer, and its format, with the plane layout that GStreamer expects. */
static GstBuffer *
to_buffer (const Picture *p, GstVideoInfo *info)
{
  gst_video_info_set_format (info, p->format, p->width, p->height);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  GstVideoFrame frame;
  if (!gst_video_frame_map (&frame, info, buffer, GST_MAP_WRITE)) {
    gst_buffer_unref (buffer);
    return NULL;
  }
  for (int i = 0; i < p->n_planes; i++) {
    guint8 *to = GST_VIDEO_FRAME_PLANE_DATA (&frame, i);
    for (int y = 0; y < p->plane_height[i]; y++)
      memcpy (to + (gsize) y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, i),
          p->plane[i] + (gsize) y * p->plane_width[i], p->plane_width[i]);
  }
  gst_video_frame_unmap (&frame);
  return buffer;
}

static gboolean
push_picture (
    GstElement *pipeline, const Picture *picture, const char *path,
    GError **error)
{
  g_autoptr (GstElement) in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  GstVideoInfo info;
  GstBuffer *buffer = to_buffer (picture, &info);
  if (!buffer) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_MEMORY,
        "%s: no memory for a picture of %dx%d", path, picture->width,
        picture->height);
    return FALSE;
  }
  g_autoptr (GstCaps) caps = gst_video_info_to_caps (&info);
  g_object_set (in, "caps", caps, "format", GST_FORMAT_TIME, NULL);
  g_object_set (out, "location", path, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_app_src_push_buffer (GST_APP_SRC (in), buffer);
  gst_app_src_end_of_stream (GST_APP_SRC (in));

  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    return TRUE;
  GError *found = NULL;
  gst_message_parse_error (message, &found, NULL);
  g_propagate_prefixed_error (error, found, "%s: ", path);
  return FALSE;
}

GstBuffer *
picture_buffer (const Picture *picture)
{
  GstVideoInfo info;
  return to_buffer (picture, &info);
}

Picture *
picture_convert (const Picture *picture, GstVideoFormat format)
{
  GstVideoInfo in_info, out_info;
  GstVideoFrame in, out;
  g_autoptr (GstBuffer) from = to_buffer (picture, &in_info);
  gst_video_info_set_format (
      &out_info, format, picture->width, picture->height);
  g_autoptr (GstBuffer) to
      = gst_buffer_new_allocate (NULL, out_info.size, NULL);
  GstVideoConverter *converter = gst_video_converter_new (&in_info, &out_info,
      gst_structure_new ("options", GST_VIDEO_CONVERTER_OPT_DITHER_METHOD,
          GST_TYPE_VIDEO_DITHER_METHOD, GST_VIDEO_DITHER_NONE, NULL));
  Picture *converted = NULL;
  if (from && converter
      && gst_video_frame_map (&in, &in_info, from, GST_MAP_READ)) {
    if (gst_video_frame_map (&out, &out_info, to, GST_MAP_READWRITE)) {
      gst_video_converter_frame (converter, &in, &out);
      converted = picture_from_frame (&out);
      gst_video_frame_unmap (&out);
    }
    gst_video_frame_unmap (&in);
  }
  g_clear_pointer (&converter, gst_video_converter_free);
  return converted ? converted : picture_copy (picture);
}

gboolean
picture_save (const Picture *picture, const char *path, GError **error)
{
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      "appsrc name=in ! videoconvert dither=none ! pngenc ! filesink name=out",
      error);
  return pipeline && push_picture (pipeline, picture, path, error);
}
