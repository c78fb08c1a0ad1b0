/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From settings to a worker: files are found, checked and read. */

#include "aemodels.h"
#include "trainsettings.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
is_set (const gchar *text)
{
  return text != NULL && text[0] != '\0';
}

/* Trouble with the place for a file should show before hours of training. */
static gboolean
check_writable (const gchar *path, AeError *error)
{
  struct stat file;

  if (g_stat (path, &file) == 0 && !S_ISREG (file.st_mode)) {
    gst_ae_error_set (error, AE_ERROR_NOT_FOUND,
        "%s: expected a file to write or replace, found a %s", path,
        S_ISDIR (file.st_mode) ? "folder" : "pipe, socket or device");
    return FALSE;
  }
  gchar *folder = g_path_get_dirname (path);
  gboolean good = g_access (folder, W_OK | X_OK) == 0;
  if (!good)
    gst_ae_error_set (error, AE_ERROR_NOT_FOUND,
        "%s: cannot write into the folder: %s", path, g_strerror (errno));
  g_free (folder);
  return good;
}

static gboolean
check_outputs (const GstAeTrainSettings *s, AeError *error)
{
  if (!is_set (s->model_file)) {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "model-file is not set: expected the name of a file to write");
    return FALSE;
  }
  return check_writable (s->model_file, error)
      && (!is_set (s->checkpoint_file)
          || check_writable (s->checkpoint_file, error))
      && (!is_set (s->sheet_file) || check_writable (s->sheet_file, error));
}

/* A file by its path, or a bundled one by its name. */
static gchar *
find_file (const gchar *name, const gchar *suffix, AeError *error)
{
  if (strchr (name, G_DIR_SEPARATOR) != NULL
      || g_file_test (name, G_FILE_TEST_IS_REGULAR))
    return g_strdup (name);
  gchar *file = g_str_has_suffix (name, suffix)
      ? g_strdup (name)
      : g_strconcat (name, suffix, NULL);
  gchar *path = gst_ae_models_find (file, error);
  g_free (file);
  return path;
}

/* Sets the recipe's value, when there is one to set. FALSE: the recipe refuses
 * it. */
static gboolean
override (AeRecipe *recipe, const char *key, gboolean asked, gdouble value,
    AeError *error)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_dtostr (text, sizeof text, value);
  return !asked
      || ae_recipe_set (recipe, "training", key, text, error) == AE_OK;
}

static gboolean
override_all (AeRecipe *recipe, const GstAeTrainSettings *s, AeError *error)
{
  return override (recipe, "steps", s->steps > 0, s->steps, error)
      && override (
          recipe, "early_stop", s->early_stop >= 0, s->early_stop, error)
      && override (recipe, "memory", s->max_memory > 0, s->max_memory, error)
      && override (recipe, "validation", s->validation_split >= 0,
          s->validation_split, error)
      && override (recipe, "threads", s->n_threads > 0, s->n_threads, error);
}

static AeRecipe *
load_recipe (const GstAeTrainSettings *s, AeError *error)
{
  AeRecipe *recipe = NULL;

  if (!is_set (s->recipe)) {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "recipe is not set: expected a file or denoise-fast, "
        "denoise-balanced, denoise-quality, codec, codec-ms-ssim");
    return NULL;
  }
  gchar *path = find_file (s->recipe, ".ini", error);
  if (path == NULL)
    return NULL;
  if (ae_recipe_load (&recipe, path, error) != AE_OK)
    gst_ae_error_prefix (error, path);
  else if (!override_all (recipe, s, error))
    ae_recipe_free (&recipe);
  g_free (path);
  return recipe;
}

/* FALSE: a base model is asked for and cannot be had. */
static gboolean
load_base (const GstAeTrainSettings *s, GstAeModel **base, AeError *error)
{
  if (!is_set (s->base_model))
    return TRUE;
  gchar *path = find_file (s->base_model, ".onnx", error);
  if (path != NULL)
    *base = gst_ae_model_acquire (path, error);
  g_free (path);
  return *base != NULL;
}

GstAeTrainWorker *
gst_ae_train_settings_start (const GstAeTrainSettings *s,
    const GstAeTrainCallbacks *callbacks, gpointer user,
    GstAeActivity *activity, AeError *error)
{
  GstAeTrainWorker *worker = NULL;
  GstAeModel *base = NULL;

  *activity = GST_AE_WRITING;
  if (!check_outputs (s, error))
    return NULL;

  *activity = GST_AE_READING;
  AeRecipe *recipe = load_recipe (s, error);
  if (recipe != NULL && load_base (s, &base, error)) {
    GstAeTrainConfig config = {
      .recipe = recipe,
      .base = base != NULL ? gst_ae_model_get (base) : NULL,
      .model_file = s->model_file,
      .checkpoint_file = is_set (s->checkpoint_file) ? s->checkpoint_file
                                                     : NULL,
      .epochs = s->epochs,
      .duration = s->duration,
      .report_interval = s->report_interval * (gint64) 1000,
      .sheets = s->post_sheets || is_set (s->sheet_file),
    };
    worker = gst_ae_train_worker_new (&config, callbacks, user, error);
    if (worker == NULL && base != NULL)
      gst_ae_error_prefix (error, gst_ae_model_path (base));
  }
  gst_ae_model_release (&base);
  ae_recipe_free (&recipe);
  return worker;
}
