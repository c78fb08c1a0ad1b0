/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_PICTURE_FILE_H
#define GST_AE_PICTURE_FILE_H

/* Pictures in files of any kind that GStreamer decodes. */

#include <ae/types.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* The picture in the file, of a video the first one, as R, G, B: a sample with
 * caps and a buffer. Waits for it, 20 s at most. NULL on failure; the text names
 * the file and `what` it was to be, as "a picture to start from". */
GstSample *gst_ae_picture_file_read (
    const gchar *path, const gchar *what, AeError *error);

G_END_DECLS

#endif
