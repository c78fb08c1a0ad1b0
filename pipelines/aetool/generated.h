/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_GENERATED_H
#define AETOOL_GENERATED_H

/* Pictures that a generative model makes. */

#include <glib.h>

#include "picture_set.h"

G_BEGIN_DECLS

typedef struct {
  guint64 seed;
  float temperature;
  gboolean normal; /* codes of the standard normal distribution */
  int threads;
} GeneratedOptions;

/* `n` pictures of the model at `path`, the same for the same seed, with the
 * labels that it was told to make; *classes: how many there are, 0: it is not
 * told, or told clusters, which are no labels. NULL and an error when it makes no
 * pictures. */
PictureSet *generated_make (const char *path, guint n,
    const GeneratedOptions *options, int *classes, GError **error);

/* The first of them, in columns by label where there are classes. */
Picture *generated_sheet (const PictureSet *set, int classes);

G_END_DECLS

#endif
