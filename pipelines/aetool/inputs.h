/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_INPUTS_H
#define AETOOL_INPUTS_H

/* What a user names on the command line -> what GStreamer can open. */

#include <glib.h>

G_BEGIN_DECLS

/* Files, folders (searched with their subfolders for pictures and videos),
 * wildcard patterns, URIs and cameras (/dev/videoN) -> URIs, each argument's
 * sorted by name. NULL and an error that names the argument when one gives
 * nothing. Elements are freed with the array. */
GPtrArray *inputs_expand (char **arguments, int n, GError **error);

/* The pictures in a folder itself whose name ends in `suffix` (NULL = any),
 * sorted by name: file names. */
GPtrArray *inputs_pictures (
    const char *folder, const char *suffix, GError **error);

/* Whether the URI is a camera, which has no end. */
gboolean inputs_is_live (const char *uri);

/* The last part of a URI or path without folder and extension. */
char *inputs_base_name (const char *uri);

/* A path or URI as the user may write it -> URI. */
char *inputs_to_uri (const char *argument, GError **error);

G_END_DECLS

#endif
