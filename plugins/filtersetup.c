/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "filtersetup.h"

#include "aeerror.h"
#include "aeframe.h"

GstAeFilterRequest *
gst_ae_filter_request_copy (const GstAeFilterRequest *request)
{
  GstAeFilterRequest *copy = g_new (GstAeFilterRequest, 1);

  *copy = *request;
  copy->model_file = g_strdup (request->model_file);
  copy->mean = g_strdup (request->mean);
  copy->deviation = g_strdup (request->deviation);
  return copy;
}

void
gst_ae_filter_request_clear (GstAeFilterRequest *request)
{
  g_clear_pointer (&request->model_file, g_free);
  g_clear_pointer (&request->mean, g_free);
  g_clear_pointer (&request->deviation, g_free);
}

void
gst_ae_filter_request_free (GstAeFilterRequest *request)
{
  gst_ae_filter_request_clear (request);
  g_free (request);
}

static gboolean
is_set (const gchar *text)
{
  return text != NULL && text[0] != '\0';
}

/* One number, which is for all colours, or three with commas. */
static gboolean
read_numbers (
    const gchar *text, const gchar *property, gfloat to[3], AeError *error)
{
  gchar **parts = g_strsplit (text, ",", 4);
  guint n = g_strv_length (parts);
  gboolean good = n == 1 || n == 3;

  for (guint i = 0; good && i < 3; i++) {
    const gchar *part = parts[n == 1 ? 0 : i];
    gchar *end;
    to[i] = (gfloat) g_ascii_strtod (part, &end);
    good = end != part && *end == '\0';
  }
  g_strfreev (parts);
  if (!good)
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "%s is \"%s\", expected a number, or three for R, G, B as "
        "\"0.485,0.456,0.406\"",
        property, text);
  return good;
}

static GstAeFilterSetup *
setup_from_file (
    const gchar *path, const AeImageFilterOptions *options, AeError *error)
{
  GstAeModel *model = gst_ae_model_acquire (path, error);

  if (model == NULL)
    return NULL;
  GstAeFilterSetup *setup = g_new0 (GstAeFilterSetup, 1);
  setup->model = model;
  if (ae_image_filter_new (
          &setup->filter, gst_ae_model_get (model), options, error)
      != AE_OK) {
    /* A file that is a model, but not one for this work, is of a wrong type
     * whichever way the engine found out. */
    if (error->status == AE_ERROR_FORMAT)
      error->status = AE_ERROR_UNSUPPORTED;
    gst_ae_error_prefix (error, path);
    gst_ae_filter_setup_free (&setup);
  }
  return setup;
}

GstAeFilterSetup *
gst_ae_filter_setup_new (const GstAeFilterRequest *request, AeError *error)
{
  AeImageFilterOptions options = request->options;
  gfloat mean[3], deviation[3];

  if (!is_set (request->model_file)) {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "model-file is not set: expected the path of an ONNX model that "
        "makes a picture of a picture");
    return NULL;
  }
  if (is_set (request->mean)) {
    if (!read_numbers (request->mean, "mean", mean, error))
      return NULL;
    options.mean = mean;
  }
  if (is_set (request->deviation)) {
    if (!read_numbers (request->deviation, "deviation", deviation, error))
      return NULL;
    options.deviation = deviation;
  }
  return setup_from_file (request->model_file, &options, error);
}

void
gst_ae_filter_setup_free (GstAeFilterSetup **setup)
{
  if (*setup == NULL)
    return;
  ae_image_filter_free (&(*setup)->filter);
  gst_ae_model_release (&(*setup)->model);
  g_clear_pointer (setup, g_free);
}

gboolean
gst_ae_filter_setup_bind (
    GstAeFilterSetup *setup, const AeImage *format, AeError *error)
{
  if (gst_ae_image_same_format (&setup->format, format))
    return TRUE;
  setup->format.width = 0;
  if (ae_image_filter_bind (setup->filter, format, error) != AE_OK) {
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
  return gst_ae_filter_setup_new (request, error);
}

static gboolean
bind (gpointer setup, const AeImage *format, AeError *error)
{
  return gst_ae_filter_setup_bind (setup, format, error);
}

static void
free_setup (gpointer data)
{
  GstAeFilterSetup *setup = data;

  gst_ae_filter_setup_free (&setup);
}

static void
free_request (gpointer request)
{
  gst_ae_filter_request_free (request);
}

const GstAeSetupType gst_ae_filter_setup_type
    = { load, bind, free_setup, free_request };
