/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "idx_pictures.h"

#include <string.h>

#include "aetool.h"
#include "idxfile.h"

gboolean
idx_pictures_named (const char *uri)
{
  g_autofree char *name = g_path_get_basename (uri);
  return g_str_has_prefix (uri, "file:")
         && (strstr (name, "-idx3-ubyte") || strstr (name, "-idx4-ubyte")
             || g_str_has_suffix (name, ".idx")
             || g_str_has_suffix (name, ".idx.gz"));
}

gboolean
idx_pictures_check (const char *uri, GError **error)
{
  if (idx_pictures_named (uri))
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
      "%s: wanted pictures in MNIST's format, with -idx3-ubyte or .idx in the "
      "name",
      uri);
  return FALSE;
}

/* Leaves `labels` empty when there is no such file. */
static gboolean
read_labels (GstAeIdxFile *labels, const GstAeIdxFile *pictures,
    const char *path, GError **error)
{
  AeError err = { 0 };
  g_autofree char *beside = gst_ae_idx_labels_path (path);
  if (!beside || !g_file_test (beside, G_FILE_TEST_IS_REGULAR))
    return TRUE;
  if (!gst_ae_idx_file_read_labels (labels, beside, &err)) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  if (labels->n == pictures->n)
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
      "%s: found %u labels, wanted one for each of the %u pictures of %s",
      beside, labels->n, pictures->n, path);
  return FALSE;
}

static AeImage
image_of (const GstAeIdxFile *idx, guint index)
{
  const guint8 *data = g_bytes_get_data (idx->data, NULL);
  return (AeImage){ .pixels
    = idx->channels == 3 ? AE_PIXELS_PACKED : AE_PIXELS_GRAY8,
    .width = (int) idx->width, .height = (int) idx->height,
    .pixel_stride = 3, .g = 1, .b = 2,
    .plane = { (guint8 *) data + gst_ae_idx_file_size (idx) * index },
    .stride = { (ptrdiff_t) idx->width * idx->channels } };
}

static gboolean
give_all (const GstAeIdxFile *pictures, const GstAeIdxFile *labels,
    IdxPicturesFunc func, gpointer user_data, GError **error)
{
  GError *local = NULL;
  const guint8 *label
      = labels->data ? g_bytes_get_data (labels->data, NULL) : NULL;
  gboolean more = TRUE;
  for (guint i = 0; more && i < pictures->n; i++) {
    AeImage image = image_of (pictures, i);
    more = func (&image, i, label ? label[i] : -1, user_data, &local);
  }
  if (!local)
    return TRUE;
  g_propagate_error (error, local);
  return FALSE;
}

gboolean
idx_pictures_read (const char *uri, IdxPicturesFunc func, gpointer user_data,
    GError **error)
{
  GstAeIdxFile pictures = { 0 }, labels = { 0 };
  AeError err = { 0 };
  g_autofree char *path = g_filename_from_uri (uri, NULL, error);
  if (!path)
    return FALSE;
  if (!gst_ae_idx_file_read_pictures (&pictures, path, &err)) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  gboolean ok = read_labels (&labels, &pictures, path, error)
                && give_all (&pictures, &labels, func, user_data, error);
  gst_ae_idx_file_clear (&pictures);
  gst_ae_idx_file_clear (&labels);
  return ok;
}
