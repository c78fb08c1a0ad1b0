/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_IDX_PICTURES_H
#define AETOOL_IDX_PICTURES_H

/* Pictures and labels of files in MNIST's format. */

#include <ae/image.h>
#include <glib.h>

G_BEGIN_DECLS

/* Whether the file is called so: "train-images-idx3-ubyte.gz", "x.idx". */
gboolean idx_pictures_named (const char *uri);

/* The same; when it is not, an error that says what was wanted. */
gboolean idx_pictures_check (const char *uri, GError **error);

/* Gets each picture; label: -1 where there are none. FALSE ends reading early,
 * which is no error unless *error is set. */
typedef gboolean (*IdxPicturesFunc) (const AeImage *image, guint index,
    int label, gpointer user_data, GError **error);

/* Labels are those of the file beside it, if there is one that is called like
 * it. FALSE and an error when a file cannot be read or they do not fit. */
gboolean idx_pictures_read (const char *uri, IdxPicturesFunc func,
    gpointer user_data, GError **error);

G_END_DECLS

#endif
