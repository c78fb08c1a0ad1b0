/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_BLEND_H
#define AETOOL_BLEND_H

/* Small pictures blended with pieces of photographs, as MNIST-M was made of
 * MNIST (Ganin et al., "Domain-adversarial training of neural networks", JMLR
 * 17, 2016, section 5.2.3). */

#include <glib.h>

G_BEGIN_DECLS

typedef struct Blend Blend;

/* The photographs that are named, files, folders or patterns, all in memory;
 * pieces of width x height are taken of them. The same seed gives the same
 * pieces. NULL and an error when one cannot be read or is too small. */
Blend *blend_new (char **photographs, int width, int height, guint32 seed,
    GError **error);
void blend_free (Blend *blend);

guint blend_n_photographs (const Blend *blend);

/* |piece - picture| of a piece drawn anew, per colour. picture: (channels,
 * height, width), of 1 or 3 channels; to: (height, width, 3). */
void blend_next (
    Blend *blend, const guint8 *picture, int channels, guint8 *to);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Blend, blend_free)

G_END_DECLS

#endif
