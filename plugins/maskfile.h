/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_MASK_FILE_H
#define GST_AE_MASK_FILE_H

/* A PNG picture that says which parts of video count: white does, black does
 * not. Immutable once read. */

#include <ae/types.h>
#include <glib.h>

G_BEGIN_DECLS

typedef struct _GstAeMaskFile GstAeMaskFile;

/* NULL on failure; the text names the file. Errors: NOT_FOUND, IO, FORMAT,
 * LIMIT (more than 16384 pixels wide or high). */
GstAeMaskFile *gst_ae_mask_file_read (const gchar *path, AeError *error);

/* Sets *mask to NULL; NULL is accepted. */
void gst_ae_mask_file_free (GstAeMaskFile **mask);

/* Clears to 0 the pixels of width x height bytes that lie where the file is
 * darker than the middle grey. FALSE, with a text that names both sizes, when
 * the proportions differ by more than 2 %. Errors: SHAPE. */
gboolean gst_ae_mask_file_limit (const GstAeMaskFile *mask, guint8 *pixels,
    gint width, gint height, AeError *error);

G_END_DECLS

#endif
