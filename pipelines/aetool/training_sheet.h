/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_TRAINING_SHEET_H
#define AETOOL_TRAINING_SHEET_H

/* What a model makes while it is trained, as PNG files. */

#include <ae/recipe_trainer.h>
#include <glib.h>

G_BEGIN_DECLS

/* Writes the trainer's contact sheet to `path`, replacing it, and (may be NULL)
 * to a file with the number of the step in the folder `all`, which is made. */
gboolean training_sheet_write (AeRecipeTrainer *trainer, const char *path,
    const char *all, GError **error);

G_END_DECLS

#endif
