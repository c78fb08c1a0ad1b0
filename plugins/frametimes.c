/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "frametimes.h"

/* Frames further apart than this do not follow each other (and not further
 * apart than four frames at less than 4 frames per second). */
#define TIME_JUMP GST_SECOND

void
gst_ae_frame_times_init (GstAeFrameTimes *t)
{
  *t = (GstAeFrameTimes){ .pts = GST_CLOCK_TIME_NONE,
    .duration = GST_CLOCK_TIME_NONE,
    .cut = TRUE };
}

gboolean
gst_ae_frame_times_follows (GstAeFrameTimes *t, const GstBuffer *buffer)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer), last = t->pts;
  GstClockTime limit = TIME_JUMP;

  if (GST_CLOCK_TIME_IS_VALID (t->duration))
    limit = MAX (limit, 4 * MIN (t->duration, 60 * GST_SECOND));
  t->pts = pts;
  t->duration = GST_BUFFER_DURATION (buffer);

  if (t->cut || GST_BUFFER_IS_DISCONT (buffer))
    return FALSE;
  if (!GST_CLOCK_TIME_IS_VALID (pts) || !GST_CLOCK_TIME_IS_VALID (last))
    return TRUE;
  return pts >= last && pts - last <= limit;
}

void
gst_ae_frame_times_run (
    GstAeFrameTimes *t, GstClockTime running, GstClockTime duration)
{
  if (GST_CLOCK_TIME_IS_VALID (running))
    t->running = running;
  else
    t->running += duration;
  t->cut = FALSE;
}

GstClockTime
gst_ae_frame_duration (const GstBuffer *buffer, const GstVideoInfo *info)
{
  if (GST_BUFFER_DURATION_IS_VALID (buffer)
      && GST_BUFFER_DURATION (buffer) > 0)
    return GST_BUFFER_DURATION (buffer);
  if (info->fps_n > 0)
    return gst_util_uint64_scale (GST_SECOND, info->fps_d, info->fps_n);
  return GST_SECOND / 30;
}
