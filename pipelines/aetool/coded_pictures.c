/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "coded_pictures.h"

#include "aetool.h"
#include "frames.h"
#include "idx_pictures.h"
#include "inputs.h"
#include "paths.h"

typedef struct {
  AeSampler *sampler;
  AeSamplerFacts facts;
  int width, height; /* that the sampler is bound to */
  AePixels pixels;
  float *code;
  guint n, most;
  const char *uri;
  CodedPictureFunc func;
  gpointer user_data;
} Reading;

AeSampler *
coded_pictures_open (
    const char *name, int threads, AeModel **model, GError **error)
{
  AeError err;
  AeSampler *sampler = NULL;
  AeSamplerOptions options = { .n_threads = threads };
  g_autofree char *path = paths_find (name, ".onnx", error);
  *model = NULL;
  if (!path)
    return NULL;
  if (ae_model_load (model, path, &err) != AE_OK
      || ae_sampler_new (&sampler, *model, &options, &err) != AE_OK)
    aetool_set_error (error, &err);
  else if (!ae_sampler_facts (sampler).encodes) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_UNSUPPORTED,
        "%s makes no codes of pictures, wanted an autoencoder", path);
    ae_sampler_free (&sampler);
  }
  if (!sampler)
    ae_model_unref (model);
  return sampler;
}

static gboolean
bind (Reading *r, const AeImage *image, GError **error)
{
  AeError err;
  if (r->width == image->width && r->height == image->height
      && r->pixels == image->pixels)
    return TRUE;
  if (ae_sampler_bind (r->sampler, image, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  r->width = image->width;
  r->height = image->height;
  r->pixels = image->pixels;
  return TRUE;
}

static gboolean
add (Reading *r, const AeImage *image, int label, const char *name,
    GError **error)
{
  AeError err;
  if (!bind (r, image, error))
    return FALSE;
  if (ae_sampler_encode (r->sampler, image, label, r->code, NULL, &err)
      != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  r->n++;
  return r->func (image, r->code, label, name, r->user_data, error)
      && (r->most == 0 || r->n < r->most);
}

/* In files of this format 0 is black and 255 white. */
static gboolean
add_idx (const AeImage *image, guint index, int label, gpointer user_data,
    GError **error)
{
  g_autofree char *name = g_strdup_printf ("%u", index);
  AeImage full = *image;
  full.full_range = TRUE;
  return add (user_data, &full, label, name, error);
}

static gboolean
add_frame (
    const GstVideoFrame *frame, guint index, gpointer user_data, GError **error)
{
  Reading *r = user_data;
  AeImage image;
  g_autofree char *name = inputs_base_name (r->uri);
  frames_image (frame, &image);
  image.full_range = TRUE;
  return add (r, &image, -1, name, error);
}

static gboolean
read_all (Reading *r, GPtrArray *uris, GError **error)
{
  GstVideoFormat format
      = r->facts.channels == 3 ? GST_VIDEO_FORMAT_RGB : GST_VIDEO_FORMAT_GRAY8;
  for (guint i = 0; i < uris->len; i++) {
    GError *wrong = NULL;
    if (r->most > 0 && r->n >= r->most)
      break;
    r->uri = g_ptr_array_index (uris, i);
    gboolean good = idx_pictures_named (r->uri)
        ? idx_pictures_read (r->uri, add_idx, r, &wrong)
        : frames_decode (r->uri, format, add_frame, r, &wrong);
    if (!good && wrong) {
      g_propagate_error (error, wrong);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
coded_pictures_read (AeSampler *sampler, char **arguments, int n_arguments,
    guint most, CodedPictureFunc func, gpointer user_data, GError **error)
{
  g_autoptr (GPtrArray) uris = inputs_expand (arguments, n_arguments, error);
  if (!uris)
    return FALSE;
  Reading r = { .sampler = sampler,
    .facts = ae_sampler_facts (sampler),
    .most = most,
    .func = func,
    .user_data = user_data };
  r.code = g_new (float, (gsize) r.facts.latent);
  gboolean good = read_all (&r, uris, error);
  g_free (r.code);
  return good;
}
