/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "paths.h"

#include <glib/gstdio.h>
#include <string.h>

#include "aetool.h"

char *
paths_bundled (const char *name, GError **error)
{
  const char *own = g_getenv ("AE_MODEL_PATH");
  g_autofree char *list = g_strjoin (":", own ? own : "",
      AETOOL_SOURCE_DIR "/../models", AETOOL_DATA_DIR "/models", NULL);
  g_auto (GStrv) folders = g_strsplit (list, ":", -1);
  for (char **folder = folders; *folder; folder++) {
    char *path = g_build_filename (*folder, name, NULL);
    if (**folder && g_file_test (path, G_FILE_TEST_IS_REGULAR))
      return path;
    g_free (path);
  }
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_NOT_FOUND,
      "%s is in none of %s; name its folder in AE_MODEL_PATH", name,
      list[0] == ':' ? list + 1 : list);
  return NULL;
}

char *
paths_find (const char *name, const char *suffix, GError **error)
{
  if (strchr (name, G_DIR_SEPARATOR)
      || g_file_test (name, G_FILE_TEST_EXISTS))
    return g_strdup (name);
  g_autofree char *file = g_str_has_suffix (name, suffix)
                              ? g_strdup (name)
                              : g_strconcat (name, suffix, NULL);
  return paths_bundled (file, error);
}

char *
paths_bundled_denoiser (const char *preset, GError **error)
{
  g_autofree char *name = g_strdup_printf ("denoise-%s.onnx", preset);
  return paths_bundled (name, error);
}

void
paths_remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_unlink (path);
  }
  g_rmdir (folder);
}
