/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SAMPLER_HARNESS_H
#define SAMPLER_HARNESS_H

/* What the tests of vaesample and vaeaugment share: models whose codes are how
 * bright the quarters of a picture of 8 x 6 are. */

#include "plugin_test.h"

#include <math.h>
#include <string.h>

enum { W = 8, H = 6, QUARTERS = 4 };

/* Of a kind that make_sampler makes; to be freed. */
static inline gchar *
sampler_model (const gchar *kind)
{
  gchar *name = g_strdup_printf ("sampler_%s.onnx", kind);
  gchar *path = g_build_filename (g_getenv ("AE_TEST_SAMPLERS"), name, NULL);

  g_free (name);
  return path;
}

/* The pixel in the middle of a quarter, of a grey frame of `width`. */
static inline guint8
quarter_at (GstBuffer *buffer, gint width, guint quarter)
{
  GstVideoInfo info;
  GstVideoFrame frame;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, (guint) width,
      (guint) (width * H / W));
  ck_assert (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  gint x = width / 4 + (quarter % 2 ? width / 2 : 0);
  gint y = width * H / W / 4 + (quarter / 2 ? width * H / W / 2 : 0);
  guint8 value = ((guint8 *) GST_VIDEO_FRAME_PLANE_DATA (
      &frame, 0))[y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0) + x];
  gst_video_frame_unmap (&frame);
  return value;
}

static inline void
assert_near (gdouble value, gdouble wanted, gdouble slack)
{
  ck_assert_msg (fabs (value - wanted) <= slack, "%g, wanted %g +- %g", value,
      wanted, slack);
}

/* Fails unless a frame says that `element` made it up. */
static inline void
assert_generated (
    GstBuffer *buffer, const gchar *element, const gchar *mode, guint64 index)
{
  GstCustomMeta *meta
      = gst_buffer_get_custom_meta (buffer, "GstAeGeneratedMeta");
  guint64 found;

  ck_assert (meta != NULL);
  const GstStructure *s = gst_custom_meta_get_structure (meta);
  ck_assert_str_eq (gst_structure_get_string (s, "element"), element);
  ck_assert_str_eq (gst_structure_get_string (s, "mode"), mode);
  ck_assert_uint_eq (strlen (gst_structure_get_string (s, "model")), 32);
  ck_assert (gst_structure_get_uint64 (s, "index", &found));
  ck_assert_uint_eq (found, index);
}

static inline gint
label_of (GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstAeLabelMeta");
  gint label;

  ck_assert (meta != NULL);
  ck_assert (gst_structure_get_int (
      gst_custom_meta_get_structure (meta), "label", &label));
  return label;
}

/* The text of the next warning or error on a bus; to be freed. */
static inline gchar *
message_on (GstBus *bus, GstMessageType type)
{
  GstMessage *message = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND, type);
  GError *error = NULL;

  ck_assert_msg (message != NULL, "no message");
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  gchar *text = g_strdup (error->message);
  g_error_free (error);
  gst_message_unref (message);
  return text;
}

#endif
