/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_FRAME_H
#define GST_AE_FRAME_H

/* GStreamer's video frames as the engine's pictures, without a copy. */

#include <ae/image.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

/* Every format that gst_ae_image_format() takes. */
#define GST_AE_VIDEO_FORMATS \
  "{ I420, YV12, NV12, NV21, Y42B, Y444, GRAY8, RGB, BGR, RGBx, BGRx, xRGB, " \
  "xBGR, RGBA, BGRA, ARGB, ABGR, I420_10LE, P010_10LE }"

#define GST_AE_VIDEO_CAPS \
  "video/x-raw, format = (string) " GST_AE_VIDEO_FORMATS ", " \
  "width = (int) [ 1, 16384 ], height = (int) [ 1, 16384 ], " \
  "framerate = (fraction) [ 0/1, max ]"

/* Fills everything but planes and strides. FALSE: the engine has no such
 * pixel format. */
gboolean gst_ae_image_format (AeImage *image, const GstVideoInfo *info);

/* TRUE when one plan serves both: same pixels, size, matrix and range. */
gboolean gst_ae_image_same_format (const AeImage *a, const AeImage *b);

/* Maps a buffer that holds a picture as `info` says. FALSE for any other: too
 * short, or with a video meta that contradicts `info`. The frame does not
 * keep a reference to the buffer. */
gboolean gst_ae_frame_map (GstVideoFrame *frame, const GstVideoInfo *info,
    GstBuffer *buffer, GstMapFlags flags);

/* Posts a warning that gst_ae_frame_map() refused the buffer, which is
 * dropped. Never call it with a lock held. */
void gst_ae_frame_report (
    GstElement *element, const GstVideoInfo *info, GstBuffer *buffer);

/* A view of a mapped frame whose format gst_ae_image_format() takes; valid
 * while the frame is mapped. */
void gst_ae_image_from_frame (AeImage *image, const GstVideoFrame *frame);

G_END_DECLS

#endif
