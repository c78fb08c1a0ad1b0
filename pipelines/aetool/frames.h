/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_FRAMES_H
#define AETOOL_FRAMES_H

/* Pictures and videos in and out of memory, through GStreamer. */

#include <ae/image.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

/* Gets each frame; `index` counts from 0. FALSE ends decoding early, which is
 * no error unless *error is set. */
typedef gboolean (*FramesFunc) (const GstVideoFrame *frame, guint index,
    gpointer user_data, GError **error);

/* Decodes what is at `uri` and converts it to `format`. FALSE and an error
 * when it cannot be opened or decoded or has no frame. */
gboolean frames_decode (const char *uri, GstVideoFormat format,
    FramesFunc func, gpointer user_data, GError **error);

/* The same where the caller asks for each frame, as for two clips side by
 * side. */
typedef struct FramesReader FramesReader;

FramesReader *frames_reader_new (
    const char *uri, GstVideoFormat format, GError **error);

/* The next frame, valid until the next call; NULL at the end or, with *error
 * set, when it cannot be had. */
const GstVideoFrame *frames_reader_next (FramesReader *reader, GError **error);
void frames_reader_free (FramesReader *reader);

/* What the frame lasts; of 25 per second where its stream does not tell. */
double frames_seconds (const GstVideoFrame *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FramesReader, frames_reader_free)

/* Formats: GRAY8, I420, Y444, RGB. Planes of `frame` are not copied. */
void frames_image (const GstVideoFrame *frame, AeImage *image);

/* A picture in memory: 8-bit planes without padding, freed by picture_free. */
typedef struct {
  GstVideoFormat format;
  int width, height;
  int n_planes;
  int plane_width[3], plane_height[3]; /* RGB: width counts bytes */
  guint8 *plane[3];
  gsize size;
  guint8 *data; /* all planes, one after the other */
} Picture;

Picture *picture_new (GstVideoFormat format, int width, int height);
void picture_free (Picture *picture);
Picture *picture_copy (const Picture *picture);
Picture *picture_from_frame (const GstVideoFrame *frame);

/* The same picture in another format. */
Picture *picture_convert (const Picture *picture, GstVideoFormat format);

/* A new buffer with the plane layout that GStreamer expects; NULL without
 * memory. */
GstBuffer *picture_buffer (const Picture *picture);

AeImage picture_image (const Picture *picture);

/* All frames (at most max_frames, 0 = all) of a file, path or URI, as an array
 * of Picture that frees them. */
GPtrArray *picture_load (const char *location, GstVideoFormat format,
    guint max_frames, GError **error);

/* Writes a PNG, replacing `path`. Formats: GRAY8, RGB, I420, Y444. */
gboolean picture_save (
    const Picture *picture, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Picture, picture_free)

G_END_DECLS

#endif
