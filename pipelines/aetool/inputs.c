/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inputs.h"

#include <glob.h>
#include <gst/gst.h>
#include <string.h>

#include "aetool.h"

static const char *const picture_endings[]
    = { ".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tif",
        ".tiff", ".webp", NULL };

static const char *const video_endings[]
    = { ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg",
        ".mpg", ".ogv", ".ts", ".webm", ".wmv", ".y4m", NULL };

static gboolean
has_ending (const char *name, const char *const *endings)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  for (; *endings; endings++)
    if (g_str_has_suffix (lower, *endings))
      return TRUE;
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Adds the pictures and videos below `folder`. */
static gboolean
walk_folder (const char *folder, GPtrArray *files, int depth, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  if (!dir)
    return FALSE;
  for (const char *name; (name = g_dir_read_name (dir));) {
    if (name[0] == '.')
      continue;
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
      /* A depth limit ends loops of symbolic links. */
      if (depth < 16 && !walk_folder (path, files, depth + 1, error))
        return FALSE;
    } else if (has_ending (name, picture_endings)
               || has_ending (name, video_endings))
      g_ptr_array_add (files, g_steal_pointer (&path));
  }
  return TRUE;
}

/* Files that one argument stands for; empty when it stands for none. */
static GPtrArray *
argument_files (const char *argument, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  if (g_file_test (argument, G_FILE_TEST_IS_DIR)) {
    if (!walk_folder (argument, files, 0, error))
      return NULL;
  } else if (g_file_test (argument, G_FILE_TEST_EXISTS)) {
    g_ptr_array_add (files, g_strdup (argument));
  } else {
    glob_t found;
    if (glob (argument, GLOB_NOSORT, NULL, &found) == 0) {
      for (size_t i = 0; i < found.gl_pathc; i++)
        g_ptr_array_add (files, g_strdup (found.gl_pathv[i]));
      globfree (&found);
    }
  }
  g_ptr_array_sort (files, compare_names);
  return g_steal_pointer (&files);
}

char *
inputs_to_uri (const char *argument, GError **error)
{
  if (gst_uri_is_valid (argument))
    return g_strdup (argument);
  if (g_str_has_prefix (argument, "/dev/video"))
    return g_strconcat ("v4l2://", argument, NULL);
  return gst_filename_to_uri (argument, error);
}

gboolean
inputs_is_live (const char *uri)
{
  return g_str_has_prefix (uri, "v4l2:") || g_str_has_prefix (uri, "rtsp:")
         || g_str_has_prefix (uri, "udp:");
}

static gboolean
add_argument (GPtrArray *uris, const char *argument, GError **error)
{
  char *uri;
  if (gst_uri_is_valid (argument) || g_str_has_prefix (argument, "/dev/")) {
    if (!(uri = inputs_to_uri (argument, error)))
      return FALSE;
    g_ptr_array_add (uris, uri);
    return TRUE;
  }
  g_autoptr (GPtrArray) files = argument_files (argument, error);
  if (!files)
    return FALSE;
  if (files->len == 0) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_NOT_FOUND,
        "%s: no such file or pattern, or a folder without pictures and videos",
        argument);
    return FALSE;
  }
  for (guint i = 0; i < files->len; i++) {
    if (!(uri = inputs_to_uri (g_ptr_array_index (files, i), error)))
      return FALSE;
    g_ptr_array_add (uris, uri);
  }
  return TRUE;
}

GPtrArray *
inputs_expand (char **arguments, int n, GError **error)
{
  g_autoptr (GPtrArray) uris = g_ptr_array_new_with_free_func (g_free);
  for (int i = 0; i < n; i++)
    if (!add_argument (uris, arguments[i], error))
      return NULL;
  return g_steal_pointer (&uris);
}

GPtrArray *
inputs_pictures (const char *folder, const char *suffix, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  if (!dir)
    return NULL;
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  for (const char *name; (name = g_dir_read_name (dir));) {
    const char *dot = strrchr (name, '.');
    if (!dot || !has_ending (name, picture_endings))
      continue;
    g_autofree char *stem = g_strndup (name, dot - name);
    if (!suffix || g_str_has_suffix (stem, suffix))
      g_ptr_array_add (files, g_build_filename (folder, name, NULL));
  }
  if (files->len == 0) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_NOT_FOUND,
        "%s: no picture named *%s.png (or .jpg, ...)", folder,
        suffix ? suffix : "");
    return NULL;
  }
  g_ptr_array_sort (files, compare_names);
  return g_steal_pointer (&files);
}

char *
inputs_base_name (const char *uri)
{
  char *name = g_path_get_basename (uri);
  char *dot = strrchr (name, '.');
  if (dot && dot != name)
    *dot = '\0';
  return name;
}
