/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_pictures.h"

#include <string.h>

#include "aetool.h"
#include "inputs.h"

#define GOOD "good"
#define FAR 10.0 /* seconds between shots: pictures do not follow each other */

gboolean
anomaly_pictures_is_set (const char *folder)
{
  g_autofree char *good = g_build_filename (folder, GOOD, NULL);
  return g_file_test (good, G_FILE_TEST_IS_DIR);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Names of the sub-folders, "good" first. */
static GPtrArray *
kind_names (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  if (!dir)
    return NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (const char *name; (name = g_dir_read_name (dir));) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (name[0] != '.' && strcmp (name, GOOD) != 0
        && g_file_test (path, G_FILE_TEST_IS_DIR))
      g_ptr_array_add (names, g_strdup (name));
  }
  g_ptr_array_sort (names, compare);
  if (names->len == 0 || !anomaly_pictures_is_set (folder)) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_NOT_FOUND,
        "%s: wanted a folder %s/ and one or more of defects beside it, the "
        "model is for pictures", folder, GOOD);
    return NULL;
  }
  g_ptr_array_insert (names, 0, g_strdup (GOOD));
  return g_steal_pointer (&names);
}

static FramesReader *
open_picture (const char *path, GstVideoFormat format, GError **error)
{
  g_autofree char *uri = inputs_to_uri (path, error);
  return uri ? frames_reader_new (uri, format, error) : NULL;
}

static const GstVideoFrame *
first_frame (FramesReader *reader, const char *path, GError **error)
{
  GError *local = NULL;
  const GstVideoFrame *frame = frames_reader_next (reader, &local);
  if (local)
    g_propagate_error (error, local);
  else if (!frame)
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT, "%s: no picture in it",
        path);
  return frame;
}

/* The file with the picture's mask; NULL: none. */
static char *
mask_path (const char *folder, const char *kind, const char *picture)
{
  g_autofree char *base = inputs_base_name (picture);
  g_autofree char *name = g_strconcat (base, ".png", NULL);
  g_autofree char *path
      = g_build_filename (folder, "..", "masks", kind, name, NULL);
  return g_file_test (path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&path)
                                                    : NULL;
}

static gboolean
has_masks (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "..", "masks", NULL);
  return g_file_test (path, G_FILE_TEST_IS_DIR);
}

/* Scores a picture, beside its mask when there is one. */
static gboolean
score_picture (AnomalyScorer *s, AnomalyTrack *track, const char *path,
    const char *mask, gboolean blank, gboolean unusual, GError **error)
{
  g_autofree char *name = inputs_base_name (path);
  g_autofree char *caption = g_strconcat (track->name, " ", name, NULL);
  AnomalyFrame f = { .path = path, .caption = caption, .blank = blank,
    .time = FAR * anomaly_track_length (track),
    .unusual = unusual };
  g_autoptr (FramesReader) masks = NULL;
  g_autoptr (FramesReader) frames
      = open_picture (path, GST_VIDEO_FORMAT_I420, error);
  if (!frames || !(f.frame = first_frame (frames, path, error)))
    return FALSE;
  if (mask
      && (!(masks = open_picture (mask, GST_VIDEO_FORMAT_GRAY8, error))
          || !(f.mask = first_frame (masks, mask, error))))
    return FALSE;
  return anomaly_score_frame (s, track, &f, error);
}

static AnomalyTrack *
score_kind (AnomalyScorer *s, const char *folder, const char *kind,
    GError **error)
{
  g_autofree char *path = g_build_filename (folder, kind, NULL);
  g_autoptr (GPtrArray) files = inputs_pictures (path, NULL, error);
  if (!files)
    return NULL;
  AnomalyTrack *track = anomaly_track_new (kind, 0);
  /* Good ones have no masks, and none is needed. */
  gboolean ok = TRUE, good = strcmp (kind, GOOD) == 0;
  gboolean blank = good && has_masks (folder);
  for (guint i = 0; ok && i < files->len; i++) {
    const char *picture = g_ptr_array_index (files, i);
    g_autofree char *mask = mask_path (folder, kind, picture);
    ok = score_picture (s, track, picture, mask, blank, !good, error);
  }
  anomaly_shots_end_clip (s->shots);
  if (!ok)
    g_clear_pointer (&track, anomaly_track_free);
  return track;
}

AnomalyTrack *
anomaly_pictures_score_normal (
    AnomalyScorer *s, const char *folder, GError **error)
{
  g_autoptr (GPtrArray) files = inputs_pictures (folder, NULL, error);
  if (!files)
    return NULL;
  g_autofree char *name = g_path_get_basename (folder);
  AnomalyTrack *track = anomaly_track_new (name, 0);
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < files->len; i++)
    ok = score_picture (s, track, g_ptr_array_index (files, i), NULL, FALSE,
        FALSE, error);
  anomaly_shots_end_clip (s->shots);
  if (!ok)
    g_clear_pointer (&track, anomaly_track_free);
  return track;
}

GPtrArray *
anomaly_pictures_score (
    AnomalyScorer *s, const char *folder, GError **error)
{
  g_autoptr (GPtrArray) names = kind_names (folder, error);
  if (!names)
    return NULL;
  g_autoptr (GPtrArray) tracks
      = g_ptr_array_new_with_free_func ((GDestroyNotify) anomaly_track_free);
  for (guint i = 0; i < names->len; i++) {
    AnomalyTrack *track
        = score_kind (s, folder, g_ptr_array_index (names, i), error);
    if (!track)
      return NULL;
    g_ptr_array_add (tracks, track);
  }
  return g_steal_pointer (&tracks);
}
