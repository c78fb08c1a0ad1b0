/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* dladdr() */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "config.h"

#include "aemodels.h"

#include "aeerror.h"

#include <dlfcn.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

struct _GstAeModel {
  gint shares;
  gchar *path;
  struct stat file; /* as it was before loading: tells a replaced file */
  AeModel *model;
};

/* Guards `loaded` and every share count. It is held while a file loads, so
 * that elements that start together load it once. */
static GMutex lock;
static GSList *loaded;

static void
add_folder (GPtrArray *folders, gchar *folder)
{
  if (folder[0] != '\0'
      && !g_ptr_array_find_with_equal_func (folders, folder, g_str_equal, NULL))
    g_ptr_array_add (folders, folder);
  else
    g_free (folder);
}

/* Beside an uninstalled plugin (build/plugins/) and beside a moved
 * installation (lib/ARCH/gstreamer-1.0/ or lib/gstreamer-1.0/). */
static void
add_folders_of_plugin (GPtrArray *folders)
{
  static const gchar *const relative[] = {
    "../models",
    "../../share/" MODEL_SUBFOLDER,
    "../../../share/" MODEL_SUBFOLDER,
  };
  Dl_info info;

  if (dladdr (&lock, &info) == 0 || info.dli_fname == NULL)
    return;
  gchar *folder = g_path_get_dirname (info.dli_fname);
  for (gsize i = 0; i < G_N_ELEMENTS (relative); i++) {
    gchar *joined = g_build_filename (folder, relative[i], NULL);
    add_folder (folders, g_canonicalize_filename (joined, NULL));
    g_free (joined);
  }
  g_free (folder);
}

static GPtrArray *
search_folders (void)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  const gchar *path = g_getenv ("AE_MODEL_PATH");

  if (path != NULL) {
    gchar **parts = g_strsplit (path, G_SEARCHPATH_SEPARATOR_S, -1);
    for (gsize i = 0; parts[i] != NULL; i++)
      add_folder (folders, g_strdup (parts[i]));
    g_strfreev (parts);
  }
  add_folders_of_plugin (folders);
  add_folder (folders, g_strdup (MODEL_FOLDER));
  return folders;
}

gchar *
gst_ae_models_find (const gchar *name, AeError *error)
{
  GPtrArray *folders = search_folders ();
  gchar *found = NULL;

  for (guint i = 0; i < folders->len && found == NULL; i++) {
    found = g_build_filename (g_ptr_array_index (folders, i), name, NULL);
    if (!g_file_test (found, G_FILE_TEST_IS_REGULAR))
      g_clear_pointer (&found, g_free);
  }
  if (found == NULL) {
    g_ptr_array_add (folders, NULL);
    gchar *list = g_strjoinv (", ", (gchar **) folders->pdata);
    gst_ae_error_set (error, AE_ERROR_NOT_FOUND, "%s is in none of: %s; "
        "install the models, or name their folder in AE_MODEL_PATH", name,
        list);
    g_free (list);
  }
  g_ptr_array_unref (folders);
  return found;
}

/* Only plain files are opened: a named pipe would wait for ever. */
static gboolean
check_file (const gchar *path, struct stat *file, AeError *error)
{
  if (g_stat (path, file) != 0) {
    gst_ae_error_set (error,
        errno == ENOENT || errno == ENOTDIR ? AE_ERROR_NOT_FOUND : AE_ERROR_IO,
        "%s: expected an ONNX model: %s", path, g_strerror (errno));
    return FALSE;
  }
  if (!S_ISREG (file->st_mode)) {
    gst_ae_error_set (error, AE_ERROR_IO,
        "%s: expected an ONNX model, found a %s", path,
        S_ISDIR (file->st_mode) ? "folder" : "pipe, socket or device");
    return FALSE;
  }
  return TRUE;
}

static gboolean
same_file (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino
      && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec
      && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The file loads although it may have been seen under another name: then the
 * copy that is already in use is kept and the new one goes. */
static AeModel *
load_or_share (const gchar *path, AeError *error)
{
  AeModel *model = NULL;

  if (ae_model_load (&model, path, error) != AE_OK) {
    gst_ae_error_prefix (error, path);
    return NULL;
  }
  for (GSList *l = loaded; l != NULL; l = l->next) {
    GstAeModel *other = l->data;
    if (strcmp (ae_model_id (other->model), ae_model_id (model)) == 0) {
      ae_model_unref (&model);
      return ae_model_ref (other->model);
    }
  }
  return model;
}

static GstAeModel *
acquire_locked (const gchar *path, const struct stat *file, AeError *error)
{
  for (GSList *l = loaded; l != NULL; l = l->next) {
    GstAeModel *share = l->data;
    if (same_file (&share->file, file)) {
      share->shares++;
      return share;
    }
  }

  AeModel *model = load_or_share (path, error);
  if (model == NULL)
    return NULL;
  GstAeModel *share = g_new0 (GstAeModel, 1);
  share->shares = 1;
  share->path = g_strdup (path);
  share->file = *file;
  share->model = model;
  loaded = g_slist_prepend (loaded, share);
  return share;
}

GstAeModel *
gst_ae_model_acquire (const gchar *path, AeError *error)
{
  struct stat file;

  if (!check_file (path, &file, error))
    return NULL;
  g_mutex_lock (&lock);
  GstAeModel *share = acquire_locked (path, &file, error);
  g_mutex_unlock (&lock);
  return share;
}

void
gst_ae_model_release (GstAeModel **model)
{
  GstAeModel *share = *model;

  *model = NULL;
  if (share == NULL)
    return;
  g_mutex_lock (&lock);
  if (--share->shares == 0)
    loaded = g_slist_remove (loaded, share);
  else
    share = NULL;
  g_mutex_unlock (&lock);
  if (share == NULL)
    return;
  ae_model_unref (&share->model);
  g_free (share->path);
  g_free (share);
}

AeModel *
gst_ae_model_get (const GstAeModel *model)
{
  return model->model;
}

const gchar *
gst_ae_model_path (const GstAeModel *model)
{
  return model->path;
}
