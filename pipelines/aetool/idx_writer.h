/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_IDX_WRITER_H
#define AETOOL_IDX_WRITER_H

/* Writes files in MNIST's format, one picture after the other. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct IdxWriter IdxWriter;

/* PREFIX-images-idx3-ubyte, or -idx4-ubyte of 3 channels, of n pictures; and
 * with `labels` PREFIX-labels-idx1-ubyte. NULL and an error when they cannot be
 * written; or when labels lie there already that are not to be written anew, as
 * they would be taken for those of the pictures. */
IdxWriter *idx_writer_new (const char *prefix, guint n, int width, int height,
    int channels, gboolean labels, GError **error);

/* pixels: (height, width, channels). After the first failure the rest does
 * nothing. */
void idx_writer_add (IdxWriter *writer, const guint8 *pixels, int label);

/* Ends the files, which replace those of the same names only now. */
gboolean idx_writer_finish (IdxWriter *writer, GError **error);
void idx_writer_free (IdxWriter *writer);

/* The pictures' file. */
const char *idx_writer_path (const IdxWriter *writer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IdxWriter, idx_writer_free)

G_END_DECLS

#endif
