/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_SHEET_H
#define AETOOL_SHEET_H

/* Pictures side by side with captions, as a PNG. */

#include "canvas.h"

G_BEGIN_DECLS

typedef struct {
  GPtrArray *captions, *pictures;
} Sheet;

void sheet_init (Sheet *sheet);

/* Takes the picture; all have one size. */
void sheet_add (Sheet *sheet, const char *caption, Picture *picture);

gboolean sheet_save (const Sheet *sheet, const char *path, GError **error);
void sheet_clear (Sheet *sheet);

G_END_DECLS

#endif
