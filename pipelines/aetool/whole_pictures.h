/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_WHOLE_PICTURES_H
#define AETOOL_WHOLE_PICTURES_H

/* What a fully convolutional autoencoder gives back of pictures and videos of any
 * size. */

#include <glib.h>

#include "json.h"

G_BEGIN_DECLS

typedef struct WholePictures WholePictures;

/* NULL and an error when the model takes pictures of one size only, or is no
 * autoencoder. */
WholePictures *whole_pictures_new (
    const char *path, int threads, GError **error);
void whole_pictures_free (WholePictures *pictures);

/* Reads what is at `uri`, `most` frames of it (0: all). */
gboolean whole_pictures_add (
    WholePictures *pictures, const char *uri, guint most, GError **error);

/* Frames of each size that there was, with the mean error of values of 0..1,
 * rounded to 8 bits and clipped. */
void whole_pictures_print (const WholePictures *pictures);
void whole_pictures_json (const WholePictures *pictures, Json *json);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WholePictures, whole_pictures_free)

G_END_DECLS

#endif
