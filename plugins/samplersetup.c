/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "samplersetup.h"

#include "aeerror.h"
#include "aeframe.h"

GstAeSamplerRequest *
gst_ae_sampler_request_copy (const GstAeSamplerRequest *request)
{
  GstAeSamplerRequest *copy = g_new (GstAeSamplerRequest, 1);

  *copy = *request;
  copy->model_file = g_strdup (request->model_file);
  return copy;
}

void
gst_ae_sampler_request_clear (GstAeSamplerRequest *request)
{
  g_clear_pointer (&request->model_file, g_free);
}

void
gst_ae_sampler_request_free (GstAeSamplerRequest *request)
{
  gst_ae_sampler_request_clear (request);
  g_free (request);
}

static gboolean
check_encodes (
    const GstAeSamplerRequest *request, GstAeSamplerSetup *setup, AeError *error)
{
  if (!request->encodes || setup->facts.encodes)
    return TRUE;
  gst_ae_error_set (error, AE_ERROR_UNSUPPORTED,
      "%s makes pictures of codes, wanted one that makes codes of pictures, "
      "too: an autoencoder",
      gst_ae_model_path (setup->model));
  return FALSE;
}

static gboolean
open_sampler (
    const GstAeSamplerRequest *request, GstAeSamplerSetup *setup, AeError *error)
{
  if (ae_sampler_new (&setup->sampler, gst_ae_model_get (setup->model),
          &request->options, error)
      == AE_OK) {
    setup->facts = ae_sampler_facts (setup->sampler);
    return check_encodes (request, setup, error);
  }
  /* A file that is a model, but not one for this work, is of a wrong type
   * whichever way the engine found out. */
  if (error->status == AE_ERROR_FORMAT || error->status == AE_ERROR_NOT_FOUND)
    error->status = AE_ERROR_UNSUPPORTED;
  gst_ae_error_prefix (error, gst_ae_model_path (setup->model));
  return FALSE;
}

GstAeSamplerSetup *
gst_ae_sampler_setup_new (const GstAeSamplerRequest *request, AeError *error)
{
  gboolean own = request->model_file != NULL && *request->model_file != '\0';
  gchar *path = own ? g_strdup (request->model_file)
                    : gst_ae_models_find (request->bundled, error);
  GstAeModel *model = path ? gst_ae_model_acquire (path, error) : NULL;

  g_free (path);
  if (model == NULL)
    return NULL;
  GstAeSamplerSetup *setup = g_new0 (GstAeSamplerSetup, 1);
  setup->model = model;
  if (!open_sampler (request, setup, error))
    gst_ae_sampler_setup_free (&setup);
  return setup;
}

void
gst_ae_sampler_setup_free (GstAeSamplerSetup **setup)
{
  if (*setup == NULL)
    return;
  ae_sampler_free (&(*setup)->sampler);
  gst_ae_model_release (&(*setup)->model);
  g_clear_pointer (setup, g_free);
}

gboolean
gst_ae_sampler_setup_bind (
    GstAeSamplerSetup *setup, const AeImage *format, AeError *error)
{
  if (gst_ae_image_same_format (&setup->format, format))
    return TRUE;
  setup->format.width = 0;
  if (ae_sampler_bind (setup->sampler, format, error) != AE_OK) {
    gst_ae_error_prefix (error, gst_ae_model_path (setup->model));
    return FALSE;
  }
  setup->format = *format;
  return TRUE;
}

gchar *
gst_ae_sampler_setup_attributes (const GstAeSamplerSetup *setup)
{
  GString *names = g_string_new (NULL);

  for (gsize i = 0; i < setup->facts.attributes; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
        ae_sampler_attribute (setup->sampler, i));
  return g_string_free (names, FALSE);
}

static gpointer
load (gconstpointer request, AeError *error)
{
  return gst_ae_sampler_setup_new (request, error);
}

static gboolean
bind (gpointer setup, const AeImage *format, AeError *error)
{
  return gst_ae_sampler_setup_bind (setup, format, error);
}

static void
free_setup (gpointer data)
{
  GstAeSamplerSetup *setup = data;

  gst_ae_sampler_setup_free (&setup);
}

static void
free_request (gpointer request)
{
  gst_ae_sampler_request_free (request);
}

const GstAeSetupType gst_ae_sampler_setup_type
    = { load, bind, free_setup, free_request };
