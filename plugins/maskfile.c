/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "maskfile.h"

#include "aeerror.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <png.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_SIDE 16384
#define TOLERANCE 0.02

struct _GstAeMaskFile {
  gchar *path;
  gint width, height;
  guint8 *grey; /* width x height */
};

/* A named pipe would wait for ever. */
static gboolean
check_file (const gchar *path, AeError *error)
{
  struct stat st;

  if (g_stat (path, &st) != 0) {
    gst_ae_error_set (error,
        errno == ENOENT || errno == ENOTDIR ? AE_ERROR_NOT_FOUND : AE_ERROR_IO,
        "%s: expected a PNG picture as mask: %s", path, g_strerror (errno));
    return FALSE;
  }
  if (!S_ISREG (st.st_mode)) {
    gst_ae_error_set (error, AE_ERROR_IO,
        "%s: expected a PNG picture as mask, found a %s", path,
        S_ISDIR (st.st_mode) ? "folder" : "pipe, socket or device");
    return FALSE;
  }
  return TRUE;
}

/* Colours become grey; what is transparent becomes black. */
static gboolean
read_pixels (GstAeMaskFile *mask, png_image *image, AeError *error)
{
  png_color black = { 0, 0, 0 };

  if (image->width > MAX_SIDE || image->height > MAX_SIDE) {
    gst_ae_error_set (error, AE_ERROR_LIMIT,
        "%s: expected a mask of at most %d x %d, found %u x %u", mask->path,
        MAX_SIDE, MAX_SIDE, image->width, image->height);
    return FALSE;
  }
  image->format = PNG_FORMAT_GRAY;
  mask->width = (gint) image->width;
  mask->height = (gint) image->height;
  mask->grey = g_try_malloc ((gsize) mask->width * mask->height);
  if (mask->grey == NULL) {
    gst_ae_error_set (error, AE_ERROR_MEMORY, "%s: no memory for a mask",
        mask->path);
    return FALSE;
  }
  if (!png_image_finish_read (image, &black, mask->grey, 0, NULL)) {
    gst_ae_error_set (error, AE_ERROR_FORMAT,
        "%s: expected a PNG picture as mask: %s", mask->path, image->message);
    return FALSE;
  }
  return TRUE;
}

GstAeMaskFile *
gst_ae_mask_file_read (const gchar *path, AeError *error)
{
  png_image image = { .version = PNG_IMAGE_VERSION };

  if (!check_file (path, error))
    return NULL;
  GstAeMaskFile *mask = g_new0 (GstAeMaskFile, 1);
  mask->path = g_strdup (path);
  gboolean good = png_image_begin_read_from_file (&image, path);
  if (!good)
    gst_ae_error_set (error, AE_ERROR_FORMAT,
        "%s: expected a PNG picture as mask: %s", path, image.message);
  else
    good = read_pixels (mask, &image, error);
  png_image_free (&image);
  if (!good)
    gst_ae_mask_file_free (&mask);
  return mask;
}

void
gst_ae_mask_file_free (GstAeMaskFile **mask)
{
  if (*mask == NULL)
    return;
  g_free ((*mask)->grey);
  g_free ((*mask)->path);
  g_clear_pointer (mask, g_free);
}

/* The exact size may be off by half a pixel each way. */
static gboolean
fits (const GstAeMaskFile *mask, gint width, gint height)
{
  gdouble a = (gdouble) mask->width * height;
  gdouble b = (gdouble) mask->height * width;
  gdouble slack = TOLERANCE * MAX (a, b)
      + 0.5 * (MAX (mask->width, width) + MAX (mask->height, height));

  return ABS (a - b) <= slack;
}

gboolean
gst_ae_mask_file_limit (const GstAeMaskFile *mask, guint8 *pixels, gint width,
    gint height, AeError *error)
{
  if (!fits (mask, width, height)) {
    gst_ae_error_set (error, AE_ERROR_SHAPE,
        "%s: expected a mask with the proportions of the video, %d x %d, "
        "found %d x %d",
        mask->path, width, height, mask->width, mask->height);
    return FALSE;
  }
  for (gint y = 0; y < height; y++) {
    const guint8 *row
        = mask->grey + (gint64) y * mask->height / height * mask->width;
    guint8 *out = pixels + (gsize) y * width;
    for (gint x = 0; x < width; x++)
      if (row[(gint64) x * mask->width / width] < 128)
        out[x] = 0;
  }
  return TRUE;
}
