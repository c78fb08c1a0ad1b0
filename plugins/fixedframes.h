/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_FIXED_FRAMES_H
#define GST_AE_FIXED_FRAMES_H

/* What sources share whose frames have a size and format of their own, and whose
 * times follow from their numbers. */

#include <gst/base/gstbasesrc.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

/* Of the source's pad: frames of that size, grey (1 channel) or RGB (3), or any
 * where channels is 0, as far as `filter` (may be NULL) takes them. */
GstCaps *gst_ae_fixed_frames_caps (GstBaseSrc *source, gint channels,
    gint width, gint height, GstCaps *filter);

/* 30 frames per second where that is open; takes the caps. */
GstCaps *gst_ae_fixed_frames_fixate (GstCaps *caps);

/* Negotiates as the parent class does. Where that fails because what follows
 * does not take such frames, an error message says what they are and what was
 * wanted. */
gboolean gst_ae_fixed_frames_negotiate (
    GstBaseSrc *source, GstBaseSrcClass *parent);

/* When a frame begins. 0 fps: all have the time 0. */
GstClockTime gst_ae_fixed_frames_time (
    const GstVideoInfo *info, guint64 frame);

/* As GstBaseSrc's get_times: live frames wait for their time. */
void gst_ae_fixed_frames_get_times (GstBaseSrc *source, GstBuffer *buffer,
    GstClockTime *start, GstClockTime *end);

/* As GstBaseSrc's is_seekable. */
gboolean gst_ae_fixed_frames_is_seekable (GstBaseSrc *source);

/* As GstBaseSrc's do_seek: *frame is the first that begins in the segment. */
gboolean gst_ae_fixed_frames_seek (
    const GstVideoInfo *info, GstSegment *segment, guint64 *frame);

G_END_DECLS

#endif
