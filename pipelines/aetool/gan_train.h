/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_GAN_TRAIN_H
#define AETOOL_GAN_TRAIN_H

/* How well a classifier that learned from made pictures alone tells real ones
 * (GAN-train: Shmelkov et al., "How good is my GAN?", 2018). */

#include <glib.h>

#include "confusion.h"
#include "picture_set.h"

G_BEGIN_DECLS

/* recipe: a file, or a bundled one's name, of a classifier; steps: instead of its
 * own (0: those); seed, threads: likewise. NULL and an error when it is none, or
 * its pictures are others. */
Confusion *gan_train (const char *recipe, const PictureSet *made,
    const PictureSet *test, gint64 steps, guint64 seed, int threads,
    GError **error);

G_END_DECLS

#endif
