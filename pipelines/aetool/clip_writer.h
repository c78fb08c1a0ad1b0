/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_CLIP_WRITER_H
#define AETOOL_CLIP_WRITER_H

/* Writes pictures as a lossless video: FFV1 in Matroska. */

#include "frames.h"

G_BEGIN_DECLS

typedef struct ClipWriter ClipWriter;

/* Pictures of this size as I420 at `fps` frames per second. NULL and an error
 * when an element is missing or the file cannot be written. */
ClipWriter *clip_writer_new (
    const char *path, int width, int height, int fps, GError **error);

gboolean clip_writer_add (
    ClipWriter *writer, const Picture *picture, GError **error);

/* Ends the file; frees the writer in any case. */
gboolean clip_writer_finish (ClipWriter *writer, GError **error);

G_END_DECLS

#endif
