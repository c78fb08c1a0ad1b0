/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_LIKENESS_H
#define AETOOL_LIKENESS_H

/* Whether made pictures are copies of those that were learned from: how near the
 * nearest of these is, beside how near it is to real pictures that were not
 * learned from. */

#include <glib.h>

#include "picture_set.h"

G_BEGIN_DECLS

typedef struct {
  guint n;        /* made ones, and real ones, that were looked at */
  double made;    /* median of the distances to the nearest, a value's root of
                     the mean square */
  double held_out;
  double closer;  /* share of the made ones that are closer than 99 % of the
                     held-out ones: 0.01 is usual, more is copying */
  guint32 *nearest; /* of each made one */
  float *distances;
} Likeness;

/* NULL members and an error when there are too few. Sizes are the same. */
gboolean likeness_find (Likeness *likeness, const PictureSet *train,
    const PictureSet *held_out, const PictureSet *made, int threads,
    GError **error);
void likeness_clear (Likeness *likeness);

/* The made ones that are nearest to one of `train`, each above that; in turn of
 * each class that they are taken for (said). */
Picture *likeness_draw (const Likeness *likeness, const PictureSet *train,
    const PictureSet *made, const int *said, int classes);

G_END_DECLS

#endif
