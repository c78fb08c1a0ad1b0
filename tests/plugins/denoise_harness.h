/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DENOISE_HARNESS_H
#define DENOISE_HARNESS_H

/* What the tests of `denoise` share: frames through one element. */

#include "plugin_test.h"

static inline GstHarness *
denoise_harness (const gchar *launch, const gchar *format, gint width,
    gint height, GstVideoInfo *info)
{
  GstHarness *h = gst_harness_new_parse (launch);
  GstCaps *caps = plugin_test_caps (format, width, height);

  ck_assert (gst_video_info_from_caps (info, caps));
  gst_harness_set_src_caps (h, caps);
  return h;
}

static inline void
denoise_set_time (GstBuffer *buffer, guint frame)
{
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (frame, GST_SECOND, 30);
  GST_BUFFER_DURATION (buffer) = GST_SECOND / 30;
}

static inline GstBuffer *
denoise_push_pull (GstHarness *h, GstBuffer *buffer)
{
  ck_assert_int_eq (gst_harness_push (h, buffer), GST_FLOW_OK);
  GstBuffer *out = gst_harness_try_pull (h);
  ck_assert (out != NULL);
  return out;
}

/* The first frame of a stream after denoising. */
static inline GstBuffer *
denoise_one (const gchar *format, gint width, gint height, guint seed,
    GstVideoInfo *info)
{
  GstHarness *h = denoise_harness (
      "denoise n-threads=1 noise-level=10", format, width, height, info);
  GstBuffer *out = denoise_push_pull (h, plugin_test_picture (info, seed));

  gst_harness_teardown (h);
  return out;
}

static inline GstStructure *
denoise_stats (GstHarness *h)
{
  GstElement *denoise = gst_harness_find_element (h, "denoise");
  GstStructure *stats = NULL;

  g_object_get (denoise, "stats", &stats, NULL);
  gst_object_unref (denoise);
  return stats;
}

static inline guint64
denoise_stat (GstHarness *h, const gchar *field)
{
  GstStructure *stats = denoise_stats (h);
  guint64 value = 0;

  ck_assert (gst_structure_get_uint64 (stats, field, &value));
  gst_structure_free (stats);
  return value;
}

static inline void
denoise_set (GstHarness *h, const gchar *property, const gchar *value)
{
  GstElement *denoise = gst_harness_find_element (h, "denoise");

  gst_util_set_object_arg (G_OBJECT (denoise), property, value);
  gst_object_unref (denoise);
}

#endif
