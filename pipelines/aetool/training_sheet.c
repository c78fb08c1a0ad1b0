/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "training_sheet.h"

#include <errno.h>
#include <string.h>

#include "aetool.h"
#include "frames.h"

static Picture *
to_picture (const AeTrainingSheet *sheet)
{
  Picture *picture = picture_new (
      sheet->channels == 3 ? GST_VIDEO_FORMAT_RGB : GST_VIDEO_FORMAT_GRAY8,
      sheet->width, sheet->height);
  memcpy (picture->data, sheet->pixels, picture->size);
  return picture;
}

static gboolean
keep (const Picture *picture, const char *folder, gint64 step, GError **error)
{
  if (g_mkdir_with_parents (folder, 0777) != 0) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_IO,
        "%s: cannot make the folder: %s", folder, g_strerror (errno));
    return FALSE;
  }
  g_autofree char *name = g_strdup_printf (
      "%s/step-%08" G_GINT64_FORMAT ".png", folder, step);
  return picture_save (picture, name, error);
}

gboolean
training_sheet_write (AeRecipeTrainer *trainer, const char *path,
    const char *all, GError **error)
{
  AeError err;
  AeTrainingSheet sheet;
  if (ae_recipe_trainer_sheet (trainer, &sheet, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  g_autoptr (Picture) picture = to_picture (&sheet);
  ae_training_sheet_clear (&sheet);
  return picture_save (picture, path, error)
      && (!all
          || keep (picture, all, ae_recipe_trainer_steps (trainer), error));
}
