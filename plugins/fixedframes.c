/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixedframes.h"

#define USUAL_RATE 30

GstCaps *
gst_ae_fixed_frames_caps (GstBaseSrc *source, gint channels, gint width,
    gint height, GstCaps *filter)
{
  GstCaps *caps = gst_pad_get_pad_template_caps (GST_BASE_SRC_PAD (source));

  if (channels > 0) {
    caps = gst_caps_make_writable (caps);
    gst_caps_set_simple (caps, "format", G_TYPE_STRING,
        channels == 3 ? "RGB" : "GRAY8", "width", G_TYPE_INT, width, "height",
        G_TYPE_INT, height, "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1,
        NULL);
  }
  if (filter != NULL) {
    GstCaps *both = gst_caps_intersect_full (
        filter, caps, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (caps);
    caps = both;
  }
  return caps;
}

GstCaps *
gst_ae_fixed_frames_fixate (GstCaps *caps)
{
  caps = gst_caps_make_writable (caps);
  gst_structure_fixate_field_nearest_fraction (
      gst_caps_get_structure (caps, 0), "framerate", USUAL_RATE, 1);
  return caps;
}

static void
explain (GstBaseSrc *source, const GstCaps *own, const GstCaps *wanted)
{
  gchar *found = gst_caps_to_string (own), *text = gst_caps_to_string (wanted);

  GST_ELEMENT_ERROR (source, CORE, NEGOTIATION,
      ("frames are %s, which what follows does not take: it wants %s; put "
       "videoscale and videoconvert between",
          found, text),
      (NULL));
  g_free (text);
  g_free (found);
}

gboolean
gst_ae_fixed_frames_negotiate (GstBaseSrc *source, GstBaseSrcClass *parent)
{
  GstPad *pad = GST_BASE_SRC_PAD (source);

  if (parent->negotiate (source))
    return TRUE;
  GstCaps *own = gst_pad_query_caps (pad, NULL);
  GstCaps *wanted = gst_pad_peer_query_caps (pad, NULL);
  if (wanted != NULL && !GST_PAD_IS_FLUSHING (pad)
      && !gst_caps_can_intersect (own, wanted))
    explain (source, own, wanted);
  g_clear_pointer (&wanted, gst_caps_unref);
  gst_caps_unref (own);
  return FALSE;
}

GstClockTime
gst_ae_fixed_frames_time (const GstVideoInfo *info, guint64 frame)
{
  gint n = GST_VIDEO_INFO_FPS_N (info), d = GST_VIDEO_INFO_FPS_D (info);

  return n > 0 ? gst_util_uint64_scale (frame, GST_SECOND * (guint64) d,
                     (guint64) n)
               : 0;
}

void
gst_ae_fixed_frames_get_times (GstBaseSrc *source, GstBuffer *buffer,
    GstClockTime *start, GstClockTime *end)
{
  *start = *end = GST_CLOCK_TIME_NONE;
  if (!gst_base_src_is_live (source))
    return;
  *start = GST_BUFFER_PTS (buffer);
  *end = *start + GST_BUFFER_DURATION (buffer);
}

gboolean
gst_ae_fixed_frames_is_seekable (GstBaseSrc *source)
{
  return !gst_base_src_is_live (source);
}

gboolean
gst_ae_fixed_frames_seek (
    const GstVideoInfo *info, GstSegment *segment, guint64 *frame)
{
  gint n = GST_VIDEO_INFO_FPS_N (info), d = GST_VIDEO_INFO_FPS_D (info);

  segment->time = segment->start;
  *frame = n > 0 ? gst_util_uint64_scale_ceil (segment->position, (guint64) n,
                       GST_SECOND * (guint64) d)
                 : 0;
  return segment->rate > 0;
}
