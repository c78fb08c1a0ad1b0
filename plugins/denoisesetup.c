/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "denoisesetup.h"

#include "aeerror.h"
#include "aeframe.h"

GstAeDenoiseRequest *
gst_ae_denoise_request_copy (const GstAeDenoiseRequest *request)
{
  GstAeDenoiseRequest *copy = g_new (GstAeDenoiseRequest, 1);

  *copy = *request;
  copy->model_file = g_strdup (request->model_file);
  return copy;
}

void
gst_ae_denoise_request_free (GstAeDenoiseRequest *request)
{
  g_free (request->model_file);
  g_free (request);
}

static GstAeDenoiseSetup *
setup_from_file (
    const gchar *path, const AeDenoiserOptions *options, AeError *error)
{
  GstAeModel *model = gst_ae_model_acquire (path, error);

  if (model == NULL)
    return NULL;
  GstAeDenoiseSetup *setup = g_new0 (GstAeDenoiseSetup, 1);
  setup->model = model;
  if (ae_denoiser_new (&setup->denoiser, gst_ae_model_get (model), options,
          error)
      != AE_OK) {
    /* A file that is a model, but not one for this work, is of a wrong type
     * whichever way the engine found out. */
    if (error->status == AE_ERROR_FORMAT)
      error->status = AE_ERROR_UNSUPPORTED;
    gst_ae_error_prefix (error, path);
    gst_ae_denoise_setup_free (&setup);
  }
  return setup;
}

GstAeDenoiseSetup *
gst_ae_denoise_setup_new (const GstAeDenoiseRequest *request, AeError *error)
{
  const gchar *file = request->model_file;
  gchar *path = file != NULL && file[0] != '\0'
      ? g_strdup (file)
      : gst_ae_models_find (request->bundled, error);

  if (path == NULL)
    return NULL;
  GstAeDenoiseSetup *setup = setup_from_file (path, &request->options, error);
  g_free (path);
  return setup;
}

void
gst_ae_denoise_setup_free (GstAeDenoiseSetup **setup)
{
  if (*setup == NULL)
    return;
  ae_denoiser_free (&(*setup)->denoiser);
  gst_ae_model_release (&(*setup)->model);
  g_clear_pointer (setup, g_free);
}

gboolean
gst_ae_denoise_setup_bind (
    GstAeDenoiseSetup *setup, const AeImage *format, AeError *error)
{
  if (gst_ae_image_same_format (&setup->format, format)) {
    ae_denoiser_reset (setup->denoiser);
    return TRUE;
  }
  setup->format.width = 0;
  if (ae_denoiser_bind (setup->denoiser, format, error) != AE_OK) {
    gchar *where = g_strdup_printf ("%s, for pictures of %d x %d",
        gst_ae_model_path (setup->model), format->width, format->height);
    gst_ae_error_prefix (error, where);
    g_free (where);
    return FALSE;
  }
  setup->format = *format;
  for (int i = 0; i < 3; i++)
    setup->format.plane[i] = NULL;
  return TRUE;
}

/* As the loader calls them. */

static gpointer
load (gconstpointer request, AeError *error)
{
  return gst_ae_denoise_setup_new (request, error);
}

static gboolean
bind (gpointer setup, const AeImage *format, AeError *error)
{
  return gst_ae_denoise_setup_bind (setup, format, error);
}

static void
free_setup (gpointer data)
{
  GstAeDenoiseSetup *setup = data;

  gst_ae_denoise_setup_free (&setup);
}

static void
free_request (gpointer request)
{
  gst_ae_denoise_request_free (request);
}

const GstAeSetupType gst_ae_denoise_setup_type
    = { load, bind, free_setup, free_request };
