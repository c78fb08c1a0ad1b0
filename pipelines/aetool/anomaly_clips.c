/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_clips.h"

#include <string.h>

#include "aetool.h"
#include "inputs.h"

static void
clip_free (AnomalyClip *clip)
{
  g_free (clip->name);
  g_free (clip->uri);
  g_free (clip->mask_uri);
  g_free (clip->labels_path);
  g_clear_pointer (&clip->labels, g_byte_array_unref);
  g_free (clip);
}

/* NAME.mask.mkv is no clip. */
static gboolean
is_mask (const char *uri)
{
  g_autofree char *name = inputs_base_name (uri);
  return g_str_has_suffix (name, ".mask");
}

/* The file beside the clip with another ending; NULL: there is none. */
static char *
file_beside (const char *uri, const char *ending)
{
  g_autofree char *path = g_filename_from_uri (uri, NULL, NULL);
  if (!path)
    return NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = inputs_base_name (path);
  g_autofree char *file = g_strconcat (name, ending, NULL);
  g_autofree char *beside = g_build_filename (folder, file, NULL);
  return g_file_test (beside, G_FILE_TEST_IS_REGULAR)
             ? g_steal_pointer (&beside)
             : NULL;
}

static GByteArray *
read_labels (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  g_auto (GStrv) lines = g_strsplit (g_strchomp (text), "\n", -1);
  g_autoptr (GByteArray) labels = g_byte_array_new ();
  for (guint i = 0; lines[i]; i++) {
    const char *line = g_strstrip (lines[i]);
    if (strcmp (line, "0") != 0 && strcmp (line, "1") != 0) {
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
          "%s: line %u is \"%.20s\", wanted 0 or 1", path, i + 1, line);
      return NULL;
    }
    guint8 label = line[0] == '1';
    g_byte_array_append (labels, &label, 1);
  }
  return g_steal_pointer (&labels);
}

/* Of two clips 01.mkv in two folders the second is 01-2. */
static char *
unique_name (const GPtrArray *clips, const char *uri)
{
  g_autofree char *base = inputs_base_name (uri);
  char *name = g_uri_unescape_string (base, "/");
  if (!name)
    name = g_strdup (base);
  g_autofree char *first = g_strdup (name);
  guint same = 1;
  for (guint i = 0; i < clips->len; i++) {
    const AnomalyClip *clip = g_ptr_array_index (clips, i);
    if (strcmp (clip->name, name) == 0) {
      g_free (name);
      name = g_strdup_printf ("%s-%u", first, ++same);
      i = -1; /* a later one may be called so as well */
    }
  }
  return name;
}

static gboolean
add_clip (GPtrArray *clips, const char *uri, GError **error)
{
  AnomalyClip *clip = g_new0 (AnomalyClip, 1);
  clip->name = unique_name (clips, uri);
  clip->uri = g_strdup (uri);
  g_ptr_array_add (clips, clip);
  clip->labels_path = file_beside (uri, ".labels.txt");
  if (clip->labels_path
      && !(clip->labels = read_labels (clip->labels_path, error)))
    return FALSE;
  g_autofree char *mask = file_beside (uri, ".mask.mkv");
  return !mask || (clip->mask_uri = inputs_to_uri (mask, error));
}

static gboolean
check_labels (const GPtrArray *clips, GError **error)
{
  for (guint i = 0; i < clips->len; i++) {
    const AnomalyClip *clip = g_ptr_array_index (clips, i);
    if (clip->labels)
      return TRUE;
  }
  const AnomalyClip *first = g_ptr_array_index (clips, 0);
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_NOT_FOUND,
      "none of the %u clips has labels: wanted a file %s.labels.txt (0 or 1 = "
      "unusual for each frame) beside %s, or one beside another",
      clips->len, first->name, first->uri);
  return FALSE;
}

GPtrArray *
anomaly_clips (char **inputs, int n, GError **error)
{
  g_autoptr (GPtrArray) uris = inputs_expand (inputs, n, error);
  if (!uris)
    return NULL;
  g_autoptr (GPtrArray) clips
      = g_ptr_array_new_with_free_func ((GDestroyNotify) clip_free);
  for (guint i = 0; i < uris->len; i++) {
    const char *uri = g_ptr_array_index (uris, i);
    if (inputs_is_live (uri)) {
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
          "%s has no end, wanted clips", uri);
      return NULL;
    }
    if (!is_mask (uri) && !add_clip (clips, uri, error))
      return NULL;
  }
  if (clips->len == 0) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_NOT_FOUND,
        "%s: masks only, wanted clips beside them", inputs[0]);
    return NULL;
  }
  return check_labels (clips, error) ? g_steal_pointer (&clips) : NULL;
}
