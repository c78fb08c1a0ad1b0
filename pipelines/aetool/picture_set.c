/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "picture_set.h"

#include <ae/thumbnail.h>

#include "aetool.h"
#include "idx_pictures.h"
#include "inputs.h"

#define MOST_BYTES G_MAXINT

PictureSet *
picture_set_new (int width, int height, int channels)
{
  PictureSet *set = g_new0 (PictureSet, 1);
  set->width = width;
  set->height = height;
  set->channels = channels;
  set->pixels = g_byte_array_new ();
  set->labels = g_array_new (FALSE, FALSE, sizeof (int));
  return set;
}

void
picture_set_free (PictureSet *set)
{
  if (!set)
    return;
  g_byte_array_unref (set->pixels);
  g_array_unref (set->labels);
  g_free (set);
}

gsize
picture_set_values (const PictureSet *set)
{
  return (gsize) set->width * set->height * set->channels;
}

typedef struct {
  PictureSet *set; /* NULL before the first picture */
  guint most;
} Reading;

static void
append (PictureSet *set, const AeImage *image, int label)
{
  guint at = set->pixels->len;
  g_byte_array_set_size (set->pixels, at + (guint) picture_set_values (set));
  guint8 *to = set->pixels->data + at;
  for (int c = 0; c < set->channels; c++)
    for (int y = 0; y < set->height; y++)
      for (int x = 0; x < set->width; x++)
        *to++ = image->plane[0][y * image->stride[0] + x * set->channels + c];
  g_array_append_val (set->labels, label);
  set->n++;
}

static gboolean
too_many (GError **error)
{
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_LIMIT,
      "more than 2 GiB of pictures: see --max-pictures");
  return FALSE;
}

static gboolean
take (const AeImage *image, guint index, int label, gpointer user_data,
    GError **error)
{
  Reading *r = user_data;
  int channels = image->pixels == AE_PIXELS_GRAY8 ? 1 : 3;
  if (!r->set)
    r->set = picture_set_new (image->width, image->height, channels);
  if (image->width != r->set->width || image->height != r->set->height
      || channels != r->set->channels) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "a picture of %dx%d and %d channels, wanted %dx%d and %d as those "
        "before",
        image->width, image->height, channels, r->set->width, r->set->height,
        r->set->channels);
    return FALSE;
  }
  if (r->set->pixels->len > MOST_BYTES)
    return too_many (error);
  append (r->set, image, label);
  return r->most == 0 || index + 1 < r->most;
}

static gboolean
read_uri (Reading *r, const char *uri, GError **error)
{
  if (idx_pictures_named (uri))
    return idx_pictures_read (uri, take, r, error);
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
      "%s: wanted pictures in MNIST's format, with -idx3-ubyte or .idx in the "
      "name",
      uri);
  return FALSE;
}

PictureSet *
picture_set_read (
    char *const *files, guint n_files, guint most, GError **error)
{
  Reading r = { .most = most };
  g_autoptr (GPtrArray) uris
      = inputs_expand ((char **) files, (int) n_files, error);
  gboolean ok = uris != NULL;
  for (guint i = 0; ok && i < uris->len; i++)
    ok = read_uri (&r, g_ptr_array_index (uris, i), error);
  if (ok && !r.set)
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "no picture in %s%s", files[0], n_files > 1 ? ", ..." : "");
  if (!ok)
    g_clear_pointer (&r.set, picture_set_free);
  return r.set;
}

/* Another picture, of `picture` scaled to the size of the set. */
static gboolean
append_scaled (
    PictureSet *set, const Picture *picture, int label, GError **error)
{
  AeError err;
  AeThumbnailSize size = { set->width, set->height, set->channels };
  AeImage image = picture_image (picture);
  guint at = set->pixels->len;
  g_byte_array_set_size (set->pixels, at + (guint) picture_set_values (set));
  if (ae_thumbnail_make (&size, &image, set->pixels->data + at, &err)
      != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  g_array_append_val (set->labels, label);
  set->n++;
  return TRUE;
}

PictureSet *
picture_set_scaled (const PictureSet *set, int width, int height,
    int channels, GError **error)
{
  g_autoptr (PictureSet) scaled = picture_set_new (width, height, channels);
  if (picture_set_values (scaled) * set->n > MOST_BYTES) {
    too_many (error);
    return NULL;
  }
  for (guint i = 0; i < set->n; i++) {
    g_autoptr (Picture) from = picture_set_picture (set, i);
    if (!append_scaled (scaled, from, picture_set_label (set, i), error))
      return NULL;
  }
  return g_steal_pointer (&scaled);
}

void
picture_set_get (const PictureSet *set, guint first, guint n, float *to)
{
  gsize values = picture_set_values (set);
  const guint8 *from = set->pixels->data + first * values;
  for (gsize i = 0; i < n * values; i++)
    to[i] = from[i] / 255.0f;
}

void
picture_set_add (PictureSet *set, const float *values, int label)
{
  gsize n = picture_set_values (set);
  guint at = set->pixels->len;
  g_byte_array_set_size (set->pixels, at + (guint) n);
  for (gsize i = 0; i < n; i++)
    set->pixels->data[at + i]
        = (guint8) (CLAMP (values[i], 0, 1) * 255 + 0.5f);
  g_array_append_val (set->labels, label);
  set->n++;
}

int
picture_set_label (const PictureSet *set, guint index)
{
  return g_array_index (set->labels, int, index);
}

gboolean
picture_set_check_labels (const PictureSet *set, int classes, GError **error)
{
  for (guint i = 0; i < set->n; i++) {
    int label = picture_set_label (set, i);
    if (label >= 0 && label < classes)
      continue;
    if (label < 0)
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
          "picture %u has no label, wanted one of 0 to %d", i, classes - 1);
    else
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
          "picture %u has the label %d, wanted 0 to %d", i, label,
          classes - 1);
    return FALSE;
  }
  return TRUE;
}

int
picture_set_classes (const PictureSet *set)
{
  int classes = 0;
  for (guint i = 0; i < set->n; i++) {
    int label = picture_set_label (set, i);
    if (label < 0)
      return 0;
    classes = MAX (classes, label + 1);
  }
  return classes;
}

Picture *
picture_set_picture (const PictureSet *set, guint index)
{
  gsize plane = (gsize) set->width * set->height;
  const guint8 *from = set->pixels->data + index * picture_set_values (set);
  Picture *p = picture_new (
      set->channels == 3 ? GST_VIDEO_FORMAT_RGB : GST_VIDEO_FORMAT_GRAY8,
      set->width, set->height);
  for (gsize i = 0; i < plane; i++)
    for (int c = 0; c < set->channels; c++)
      p->data[i * set->channels + c] = from[c * plane + i];
  return p;
}
