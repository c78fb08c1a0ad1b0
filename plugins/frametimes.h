/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_FRAME_TIMES_H
#define GST_AE_FRAME_TIMES_H

/* Whether the frames of a stream follow each other, and when each is, also
 * where they have no times. One thread at a time. */

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct {
  GstClockTime pts, duration; /* of the last frame */
  GstClockTime running;       /* its running time, or what it is taken to be */
  gboolean cut;               /* the next frame does not follow it */
} GstAeFrameTimes;

void gst_ae_frame_times_init (GstAeFrameTimes *times);

/* Takes the next frame, first. FALSE: it does not follow the one before. */
gboolean gst_ae_frame_times_follows (
    GstAeFrameTimes *times, const GstBuffer *buffer);

/* Then its running time, GST_CLOCK_TIME_NONE where it has none: then it comes its
 * duration after the one before. */
void gst_ae_frame_times_run (
    GstAeFrameTimes *times, GstClockTime running, GstClockTime duration);

/* The buffer's, or by the stream's rate, or 1/30 s. */
GstClockTime gst_ae_frame_duration (
    const GstBuffer *buffer, const GstVideoInfo *info);

G_END_DECLS

#endif
