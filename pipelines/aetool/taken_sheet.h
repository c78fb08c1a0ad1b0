/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_TAKEN_SHEET_H
#define AETOOL_TAKEN_SHEET_H

/* Pictures with what a classifier takes them for below, red where it is wrong,
 * as a PNG. */

#include "picture_set.h"

G_BEGIN_DECLS

/* The first pictures of a labelled set, TAKEN_SHEET_MOST at most; taken: the
 * class that each is taken for. */
#define TAKEN_SHEET_MOST 96
gboolean taken_sheet_save (const PictureSet *set, const int *taken,
    const char *path, GError **error);

G_END_DECLS

#endif
