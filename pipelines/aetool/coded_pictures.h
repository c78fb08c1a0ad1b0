/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_CODED_PICTURES_H
#define AETOOL_CODED_PICTURES_H

/* Pictures with the codes that an autoencoder gives them. */

#include <ae/sampler.h>
#include <glib.h>

G_BEGIN_DECLS

/* The autoencoder of a file or bundled name. NULL and an error when it is none,
 * with its model in *model (which is to be dropped) otherwise. */
AeSampler *coded_pictures_open (
    const char *name, int threads, AeModel **model, GError **error);

/* Gets each picture; name: of its file without folder and extension, for those
 * in MNIST's format its number. label: -1 where it is not known. FALSE ends
 * reading early, which is no error unless *error is set. */
typedef gboolean (*CodedPictureFunc) (const AeImage *image, const float *code,
    int label, const char *name, gpointer user_data, GError **error);

/* What `arguments` name: files in MNIST's format, pictures, folders; `most` of
 * all of them (0: all). */
gboolean coded_pictures_read (AeSampler *sampler, char **arguments,
    int n_arguments, guint most, CodedPictureFunc func, gpointer user_data,
    GError **error);

G_END_DECLS

#endif
