/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "whole_pictures.h"

#include <ae/image_filter.h>
#include <stdio.h>
#include <string.h>

#include "aetool.h"
#include "frames.h"
#include "quality.h"

/* Of one size. */
typedef struct {
  int width, height;
  guint n;
  double squared_error; /* sum over frames */
} Size;

struct WholePictures {
  AeModel *model;
  AeImageFilter *filter;
  GstVideoFormat format;
  AeImage bound; /* width 0: nothing */
  Picture *made;
  GArray *sizes;
  guint most;
};

static gboolean
says (const AeModel *model, const char *key, const char *wanted)
{
  return g_strcmp0 (ae_model_meta (model, key), wanted) == 0;
}

static gboolean
check (const AeModel *model, const char *path, GError **error)
{
  if (says (model, "ae.task", "autoencoder")
      && says (model, "ae.autoencoder.net", "fully-conv"))
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
      "%s: its pictures have one size: wanted pictures in MNIST's format, with "
      "-idx3-ubyte or .idx in the name, or a model with net = fully-conv",
      path);
  return FALSE;
}

WholePictures *
whole_pictures_new (const char *path, int threads, GError **error)
{
  AeError err;
  g_autoptr (WholePictures) w = g_new0 (WholePictures, 1);
  AeImageFilterOptions options = { .n_threads = threads };
  w->sizes = g_array_new (FALSE, FALSE, sizeof (Size));
  if (ae_model_load (&w->model, path, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return NULL;
  }
  if (!check (w->model, path, error))
    return NULL;
  w->format = says (w->model, "ae.autoencoder.channels", "1")
      ? GST_VIDEO_FORMAT_GRAY8
      : GST_VIDEO_FORMAT_RGB;
  if (ae_image_filter_new (&w->filter, w->model, &options, &err) == AE_OK)
    return g_steal_pointer (&w);
  aetool_set_error (error, &err);
  return NULL;
}

void
whole_pictures_free (WholePictures *w)
{
  if (!w)
    return;
  ae_image_filter_free (&w->filter);
  ae_model_unref (&w->model);
  g_clear_pointer (&w->made, picture_free);
  g_array_unref (w->sizes);
  g_free (w);
}

static Size *
size_of (WholePictures *w, int width, int height)
{
  for (guint i = 0; i < w->sizes->len; i++) {
    Size *size = &g_array_index (w->sizes, Size, i);
    if (size->width == width && size->height == height)
      return size;
  }
  Size more = { .width = width, .height = height };
  g_array_append_val (w->sizes, more);
  return &g_array_index (w->sizes, Size, w->sizes->len - 1);
}

static gboolean
bind (WholePictures *w, const AeImage *image, GError **error)
{
  AeError err;
  if (w->bound.width == image->width && w->bound.height == image->height)
    return TRUE;
  g_clear_pointer (&w->made, picture_free);
  w->bound.width = 0;
  if (ae_image_filter_bind (w->filter, image, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  w->made = picture_new (w->format, image->width, image->height);
  w->bound = *image;
  return TRUE;
}

/* Mean over the values, of 0..1. */
static double
squared_error (const Picture *a, const Picture *b)
{
  double sum = 0;
  for (gsize i = 0; i < a->size; i++) {
    double off = (a->data[i] - b->data[i]) / 255.0;
    sum += off * off;
  }
  return sum / a->size;
}

static gboolean
add (const GstVideoFrame *frame, guint index, gpointer user_data,
    GError **error)
{
  WholePictures *w = user_data;
  g_autoptr (Picture) picture = picture_from_frame (frame);
  AeImage image = picture_image (picture);
  if (!bind (w, &image, error))
    return FALSE;
  AeImage out = picture_image (w->made);
  ae_image_filter_process (w->filter, &image, &out);
  Size *size = size_of (w, image.width, image.height);
  size->squared_error += squared_error (picture, w->made);
  size->n++;
  return w->most == 0 || index + 1 < w->most;
}

gboolean
whole_pictures_add (
    WholePictures *w, const char *uri, guint most, GError **error)
{
  w->most = most;
  return frames_decode (uri, w->format, add, w, error);
}

void
whole_pictures_print (const WholePictures *w)
{
  for (guint i = 0; i < w->sizes->len; i++) {
    const Size *size = &g_array_index (w->sizes, Size, i);
    double mse = size->squared_error / size->n;
    printf ("%u pictures of %dx%d: MSE %.5f, PSNR %.2f dB\n", size->n,
        size->width, size->height, mse, quality_psnr (mse * 255 * 255));
  }
}

void
whole_pictures_json (const WholePictures *w, Json *json)
{
  json_open (json, NULL, '[');
  for (guint i = 0; i < w->sizes->len; i++) {
    const Size *size = &g_array_index (w->sizes, Size, i);
    json_open (json, NULL, '{');
    json_number (json, "width", size->width);
    json_number (json, "height", size->height);
    json_number (json, "pictures", size->n);
    json_number (json, "mse", size->squared_error / size->n);
    json_close (json, '{');
  }
  json_close (json, '[');
}
