/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_IDX_FILE_H
#define GST_AE_IDX_FILE_H

/* Files in the format that the MNIST database has (LeCun, Cortes and Burges,
 * 1998): two bytes of 0, a type, the number of dimensions, those as big-endian
 * 32-bit numbers, and the data, the last dimension fastest. Here of unsigned
 * bytes, compressed by gzip or not. Wholly in memory. */

#include <ae/types.h>
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_AE_IDX_MOST_BYTES (G_GUINT64_CONSTANT (2) << 30)

/* Grey or, with a fourth dimension of 3, RGB pictures; or labels, which are
 * "pictures" of one byte. */
typedef struct {
  guint n, height, width, channels;
  GBytes *data; /* n x height x width x channels */
} GstAeIdxFile;

/* Errors name the file, what was found and what was wanted; nothing is to be
 * cleared then. */
gboolean gst_ae_idx_file_read_pictures (
    GstAeIdxFile *idx, const gchar *path, AeError *error);
gboolean gst_ae_idx_file_read_labels (
    GstAeIdxFile *idx, const gchar *path, AeError *error);
void gst_ae_idx_file_clear (GstAeIdxFile *idx);

/* Bytes of one picture. */
gsize gst_ae_idx_file_size (const GstAeIdxFile *idx);

/* Where the labels of a file of pictures usually are: "images" and "idx3" or
 * "idx4" in its name become "labels" and "idx1". NULL: it is not called so. */
gchar *gst_ae_idx_labels_path (const gchar *path);

G_END_DECLS

#endif
