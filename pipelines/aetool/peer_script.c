/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "peer_script.h"

#include <string.h>

#include "aetool.h"

/* The script beside the installed program or in the source tree. */
static char *
find_script (const char *name, GError **error)
{
  static const char *const folders[]
      = { AETOOL_DATA_DIR, AETOOL_SOURCE_DIR };
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++) {
    char *path = g_build_filename (folders[i], name, NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return path;
    g_free (path);
  }
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_NOT_FOUND,
      "%s is neither in %s nor in %s", name, AETOOL_DATA_DIR,
      AETOOL_SOURCE_DIR);
  return NULL;
}

gboolean
peer_script_number (const char *json, const char *key, double *value)
{
  g_autofree char *quoted = g_strdup_printf ("\"%s\":", key);
  const char *at = strstr (json, quoted);
  if (!at)
    return FALSE;
  *value = g_ascii_strtod (at + strlen (quoted), NULL);
  return TRUE;
}

char *
peer_script_run (const char *peer, const char *program, const char *script,
    const char *const *arguments, char **environment, GError **error)
{
  g_autofree char *path = find_script (script, error);
  if (!path)
    return NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_ptr_array_add (argv, (char *) program);
  g_ptr_array_add (argv, path);
  for (; *arguments; arguments++)
    g_ptr_array_add (argv, (char *) *arguments);
  g_ptr_array_add (argv, NULL);
  g_autofree char *out = NULL, *said = NULL;
  int status;
  if (!g_spawn_sync (NULL, (char **) argv->pdata, environment,
          G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &said, &status, error))
    return NULL;
  if (g_spawn_check_wait_status (status, NULL))
    return g_steal_pointer (&out);
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_UNSUPPORTED, "%s: %.300s", peer,
      *out ? g_strstrip (out) : g_strstrip (said));
  return NULL;
}
