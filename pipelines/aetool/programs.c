/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "programs.h"

#include <string.h>

#include "aetool.h"

gboolean
program_run (const char *const *argv, GError **error)
{
  g_autofree char *said = NULL;
  int status;
  if (!g_spawn_sync (NULL, (char **) argv, NULL,
          G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
          &said, &status, error))
    return FALSE;
  if (g_spawn_check_wait_status (status, NULL))
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_UNSUPPORTED, "%s: %.300s",
      argv[0], g_strstrip (said));
  return FALSE;
}

gboolean
program_has_ffmpeg (void)
{
  g_autofree char *path = g_find_program_in_path ("ffmpeg");
  return path != NULL;
}

gboolean
program_has_opencv (void)
{
  const char *const argv[] = { PROGRAMS_PYTHON, "-c", "import cv2", NULL };
  return program_run (argv, NULL);
}

const char *
program_pixels (GstVideoFormat format)
{
  switch (format) {
    case GST_VIDEO_FORMAT_GRAY8:
      return "gray";
    case GST_VIDEO_FORMAT_I420:
      return "yuv420p";
    case GST_VIDEO_FORMAT_RGB:
      return "rgb24";
    default:
      return "yuv444p";
  }
}

gboolean
raw_write (const Pictures *pictures, const char *path, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  for (guint i = 0; i < pictures->len; i++) {
    const Picture *p = g_ptr_array_index (pictures, i);
    g_byte_array_append (bytes, p->data, p->size);
  }
  return g_file_set_contents (
      path, (const char *) bytes->data, bytes->len, error);
}

Pictures *
raw_read (
    const Picture *format, guint count, const char *path, GError **error)
{
  g_autofree char *bytes = NULL;
  gsize size;
  if (!g_file_get_contents (path, &bytes, &size, error))
    return NULL;
  if (size < count * format->size) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "gave %zu bytes for %u frames of %zu", size, count, format->size);
    return NULL;
  }
  Pictures *out = pictures_new ();
  for (guint i = 0; i < count; i++) {
    Picture *p = picture_new (format->format, format->width, format->height);
    memcpy (p->data, bytes + i * format->size, format->size);
    g_ptr_array_add (out, p);
  }
  return out;
}
