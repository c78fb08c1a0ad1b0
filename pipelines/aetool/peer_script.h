/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_PEER_SCRIPT_H
#define AETOOL_PEER_SCRIPT_H

/* Scripts beside the program that run another engine and print JSON. */

#include <glib.h>

G_BEGIN_DECLS

/* Runs `program SCRIPT arguments...` (NULL-terminated) with the environment;
 * caller frees what it printed. NULL: it failed, and `peer` names whose
 * message that is. */
char *peer_script_run (const char *peer, const char *program,
    const char *script, const char *const *arguments, char **environment,
    GError **error);

/* The number after "key": in JSON. */
gboolean peer_script_number (const char *json, const char *key, double *value);

G_END_DECLS

#endif
