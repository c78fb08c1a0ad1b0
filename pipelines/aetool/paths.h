/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_PATHS_H
#define AETOOL_PATHS_H

/* Files and folders that commands need. */

#include <glib.h>

G_BEGIN_DECLS

/* A bundled model by its file's name: in the folders of AE_MODEL_PATH, of the
 * source tree or of the installation. Caller frees. */
char *paths_bundled (const char *name, GError **error);

/* What a user names: a file, or a bundled one by its name without `suffix`.
 * Caller frees. */
char *paths_find (const char *name, const char *suffix, GError **error);

/* The bundled denoiser "fast", "balanced" or "quality". */
char *paths_bundled_denoiser (const char *preset, GError **error);

/* Removes a folder and the files in it. */
void paths_remove_folder (const char *folder);

G_END_DECLS

#endif
