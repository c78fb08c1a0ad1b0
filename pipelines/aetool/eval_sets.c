/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "eval_sets.h"

#include <string.h>

#include "aetool.h"
#include "inputs.h"

static GPtrArray *
items_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) eval_item_free);
}

GPtrArray *
eval_load_stills (char **folders, int max_frames, GError **error)
{
  g_autoptr (GPtrArray) items = items_new ();
  for (char **folder = folders; *folder; folder++) {
    g_autoptr (GPtrArray) files = inputs_pictures (*folder, NULL, error);
    if (!files)
      return NULL;
    for (guint i = 0; i < files->len; i++) {
      const char *path = g_ptr_array_index (files, i);
      Pictures *pictures
          = picture_load (path, GST_VIDEO_FORMAT_GRAY8, 1, error);
      if (!pictures)
        return NULL;
      g_autofree char *name = inputs_base_name (path);
      g_ptr_array_add (items, eval_item_new (name, pictures, NULL));
    }
  }
  return g_steal_pointer (&items);
}

GPtrArray *
eval_load_clips (char **names, int max_frames, GError **error)
{
  g_autoptr (GPtrArray) items = items_new ();
  g_autoptr (GPtrArray) uris
      = inputs_expand (names, g_strv_length (names), error);
  for (guint i = 0; uris && i < uris->len; i++) {
    const char *uri = g_ptr_array_index (uris, i);
    Pictures *pictures
        = picture_load (uri, GST_VIDEO_FORMAT_I420, max_frames, error);
    if (!pictures)
      return NULL;
    if (pictures->len < 6) {
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
          "%s: %u frames, wanted at least 6: scoring starts at the sixth",
          uri, pictures->len);
      g_ptr_array_unref (pictures);
      return NULL;
    }
    g_autofree char *name = inputs_base_name (uri);
    g_ptr_array_add (items, eval_item_new (name, pictures, NULL));
  }
  return uris ? g_steal_pointer (&items) : NULL;
}

/* The clean picture beside NAME_noisy.*, with any ending. */
static Pictures *
load_clean (const char *noisy_path, GError **error)
{
  const char *mark = g_strrstr (noisy_path, "_noisy.");
  g_autofree char *stem = g_strndup (noisy_path, mark - noisy_path);
  g_autofree char *path
      = g_strconcat (stem, "_clean.", mark + strlen ("_noisy."), NULL);
  return picture_load (path, GST_VIDEO_FORMAT_RGB, 1, error);
}

static gboolean
same_size (const Pictures *a, const Pictures *b)
{
  const Picture *x = g_ptr_array_index (a, 0), *y = g_ptr_array_index (b, 0);
  return x->width == y->width && x->height == y->height;
}

GPtrArray *
eval_load_pairs (char **folders, int max_frames, GError **error)
{
  g_autoptr (GPtrArray) items = items_new ();
  for (char **folder = folders; *folder; folder++) {
    g_autoptr (GPtrArray) files = inputs_pictures (*folder, "_noisy", error);
    if (!files)
      return NULL;
    for (guint i = 0; i < files->len; i++) {
      const char *path = g_ptr_array_index (files, i);
      g_autoptr (GPtrArray) clean = load_clean (path, error);
      g_autoptr (GPtrArray) noisy
          = clean ? picture_load (path, GST_VIDEO_FORMAT_RGB, 1, error) : NULL;
      if (!noisy)
        return NULL;
      if (!same_size (clean, noisy)) {
        g_set_error (error, AETOOL_DOMAIN, AE_ERROR_SHAPE,
            "%s and its clean picture have different sizes", path);
        return NULL;
      }
      g_autofree char *name = inputs_base_name (path);
      g_ptr_array_add (items,
          eval_item_new (
              name, g_steal_pointer (&clean), g_steal_pointer (&noisy)));
    }
  }
  return g_steal_pointer (&items);
}
