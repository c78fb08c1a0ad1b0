/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "aeframe.h"

#include <string.h>

static const struct {
  GstVideoFormat format;
  AePixels pixels;
} formats[] = {
  { GST_VIDEO_FORMAT_I420, AE_PIXELS_I420 },
  { GST_VIDEO_FORMAT_YV12, AE_PIXELS_I420 },
  { GST_VIDEO_FORMAT_NV12, AE_PIXELS_NV12 },
  { GST_VIDEO_FORMAT_NV21, AE_PIXELS_NV21 },
  { GST_VIDEO_FORMAT_Y42B, AE_PIXELS_Y42B },
  { GST_VIDEO_FORMAT_Y444, AE_PIXELS_Y444 },
  { GST_VIDEO_FORMAT_GRAY8, AE_PIXELS_GRAY8 },
  { GST_VIDEO_FORMAT_RGB, AE_PIXELS_PACKED },
  { GST_VIDEO_FORMAT_BGR, AE_PIXELS_PACKED },
  { GST_VIDEO_FORMAT_RGBx, AE_PIXELS_PACKED },
  { GST_VIDEO_FORMAT_BGRx, AE_PIXELS_PACKED },
  { GST_VIDEO_FORMAT_xRGB, AE_PIXELS_PACKED },
  { GST_VIDEO_FORMAT_xBGR, AE_PIXELS_PACKED },
  { GST_VIDEO_FORMAT_RGBA, AE_PIXELS_PACKED },
  { GST_VIDEO_FORMAT_BGRA, AE_PIXELS_PACKED },
  { GST_VIDEO_FORMAT_ARGB, AE_PIXELS_PACKED },
  { GST_VIDEO_FORMAT_ABGR, AE_PIXELS_PACKED },
  { GST_VIDEO_FORMAT_I420_10LE, AE_PIXELS_I420_10 },
  { GST_VIDEO_FORMAT_P010_10LE, AE_PIXELS_P010 },
};

static AeMatrix
matrix_of (const GstVideoInfo *info)
{
  switch (info->colorimetry.matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT709:
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M: /* differs by less than 0.01 */
      return AE_MATRIX_BT709;
    case GST_VIDEO_COLOR_MATRIX_BT2020:
      return AE_MATRIX_BT2020;
    default:
      return AE_MATRIX_BT601;
  }
}

gboolean
gst_ae_image_format (AeImage *image, const GstVideoInfo *info)
{
  gsize i = 0;

  while (i < G_N_ELEMENTS (formats)
      && formats[i].format != GST_VIDEO_INFO_FORMAT (info))
    i++;
  if (i == G_N_ELEMENTS (formats))
    return FALSE;

  memset (image, 0, sizeof *image);
  image->pixels = formats[i].pixels;
  image->width = GST_VIDEO_INFO_WIDTH (info);
  image->height = GST_VIDEO_INFO_HEIGHT (info);
  image->matrix = matrix_of (info);
  image->full_range = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
  if (image->pixels == AE_PIXELS_PACKED) {
    image->pixel_stride = GST_VIDEO_INFO_COMP_PSTRIDE (info, 0);
    image->r = GST_VIDEO_INFO_COMP_POFFSET (info, GST_VIDEO_COMP_R);
    image->g = GST_VIDEO_INFO_COMP_POFFSET (info, GST_VIDEO_COMP_G);
    image->b = GST_VIDEO_INFO_COMP_POFFSET (info, GST_VIDEO_COMP_B);
  }
  return TRUE;
}

gboolean
gst_ae_image_same_format (const AeImage *a, const AeImage *b)
{
  return a->pixels == b->pixels && a->width == b->width
      && a->height == b->height && a->matrix == b->matrix
      && a->full_range == b->full_range
      && a->pixel_stride == b->pixel_stride && a->r == b->r && a->g == b->g
      && a->b == b->b;
}

static gboolean
meta_agrees (const GstVideoMeta *meta, const GstVideoInfo *info)
{
  return meta->format == GST_VIDEO_INFO_FORMAT (info)
      && meta->width == (guint) GST_VIDEO_INFO_WIDTH (info)
      && meta->height == (guint) GST_VIDEO_INFO_HEIGHT (info)
      && meta->n_planes == GST_VIDEO_INFO_N_PLANES (info);
}

/* Whether a component's rows lie within what is mapped for its plane. */
static gboolean
component_fits (const GstVideoFrame *frame, guint component)
{
  guint plane = GST_VIDEO_FRAME_COMP_PLANE (frame, component);
  const GstMapInfo *map = &frame->map[plane];
  gint64 stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  gint64 rows = GST_VIDEO_FRAME_COMP_HEIGHT (frame, component) - 1;
  gint64 row = (gint64) (GST_VIDEO_FRAME_COMP_WIDTH (frame, component) - 1)
          * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component)
      + (GST_VIDEO_FRAME_COMP_DEPTH (frame, component) + 7) / 8;
  gint64 first = (guint8 *) GST_VIDEO_FRAME_COMP_DATA (frame, component)
      - map->data;
  /* GStreamer 1.22 gives the place of V in P010 in samples, not in bytes. */
  if (GST_VIDEO_FRAME_COMP_DEPTH (frame, component) > 8
      && GST_VIDEO_FRAME_COMP_POFFSET (frame, component) == 1)
    first++;

  /* A row's bytes may not reach into the next row either. */
  return ABS (stride) >= row && first + MIN (rows * stride, 0) >= 0
      && first + MAX (rows * stride, 0) + row <= (gint64) map->size;
}

/* gst_video_frame_map() checks the buffer's size only where there is no meta,
 * and takes a meta of another format for a programmer's mistake. */
gboolean
gst_ae_frame_map (GstVideoFrame *frame, const GstVideoInfo *info,
    GstBuffer *buffer, GstMapFlags flags)
{
  const GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  gboolean fits = TRUE;

  if (meta != NULL && !meta_agrees (meta, info))
    return FALSE;
  if (!gst_video_frame_map (
          frame, info, buffer, flags | GST_VIDEO_FRAME_MAP_FLAG_NO_REF))
    return FALSE;
  if (meta == NULL)
    return TRUE;
  for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++)
    fits = fits && component_fits (frame, c);
  if (!fits)
    gst_video_frame_unmap (frame);
  return fits;
}

void
gst_ae_frame_report (
    GstElement *element, const GstVideoInfo *info, GstBuffer *buffer)
{
  GST_ELEMENT_WARNING (element, STREAM, FORMAT,
      ("buffer of %" G_GSIZE_FORMAT " bytes dropped: it does not hold a "
       "picture of %d x %d as the caps say",
          gst_buffer_get_size (buffer), GST_VIDEO_INFO_WIDTH (info),
          GST_VIDEO_INFO_HEIGHT (info)),
      (NULL));
}

/* Planar pictures go component by component, so that YV12 arrives in Y, U, V
 * order; the others have their planes where the engine wants them. */
void
gst_ae_image_from_frame (AeImage *image, const GstVideoFrame *frame)
{
  gboolean known = gst_ae_image_format (image, &frame->info);
  g_assert (known);

  guint n = GST_VIDEO_FRAME_N_PLANES (frame);
  gboolean planar = n == GST_VIDEO_FRAME_N_COMPONENTS (frame);
  for (guint i = 0; i < n; i++) {
    guint plane = planar ? (guint) GST_VIDEO_FRAME_COMP_PLANE (frame, i) : i;
    image->plane[i] = GST_VIDEO_FRAME_PLANE_DATA (frame, plane);
    image->stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  }
}
