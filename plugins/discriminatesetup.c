/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "discriminatesetup.h"

#include "aeframe.h"

#include <string.h>

#define BUNDLED "anomaly.onnx"

GstAeDiscriminateRequest *
gst_ae_discriminate_request_copy (const GstAeDiscriminateRequest *request)
{
  GstAeDiscriminateRequest *copy = g_new (GstAeDiscriminateRequest, 1);

  copy->model_file = g_strdup (request->model_file);
  copy->zones = g_strdup (request->zones);
  copy->mask_file = g_strdup (request->mask_file);
  copy->options = request->options;
  return copy;
}

void
gst_ae_discriminate_request_free (GstAeDiscriminateRequest *request)
{
  g_free (request->model_file);
  g_free (request->zones);
  g_free (request->mask_file);
  g_free (request);
}

static gboolean
is_set (const gchar *text)
{
  return text != NULL && text[0] != '\0';
}

static gboolean
load_model (GstAeDiscriminateSetup *setup, const gchar *path,
    const AeDetectorOptions *options, AeError *error)
{
  setup->model = gst_ae_model_acquire (path, error);
  if (setup->model == NULL)
    return FALSE;
  if (ae_detector_new (&setup->detector, gst_ae_model_get (setup->model),
          options, error)
      != AE_OK) {
    /* A file that is a model, but not one for this work, is of a wrong type
     * whichever way the engine found out. */
    if (error->status == AE_ERROR_FORMAT)
      error->status = AE_ERROR_UNSUPPORTED;
    gst_ae_error_prefix (error, path);
    return FALSE;
  }
  for (int i = 0; i < AE_N_CHANNELS; i++)
    setup->calibration[i] = *ae_detector_calibration (setup->detector, i);
  return TRUE;
}

static gboolean
fill (GstAeDiscriminateSetup *setup, const GstAeDiscriminateRequest *request,
    AeError *error)
{
  setup->zones = gst_ae_zones_parse (request->zones, error);
  if (setup->zones == NULL)
    return FALSE;
  if (is_set (request->mask_file)) {
    setup->mask = gst_ae_mask_file_read (request->mask_file, error);
    if (setup->mask == NULL)
      return FALSE;
  }
  gchar *path = is_set (request->model_file)
      ? g_strdup (request->model_file)
      : gst_ae_models_find (BUNDLED, error);
  gboolean good = path != NULL
      && load_model (setup, path, &request->options, error);
  g_free (path);
  return good;
}

GstAeDiscriminateSetup *
gst_ae_discriminate_setup_new (
    const GstAeDiscriminateRequest *request, AeError *error)
{
  GstAeDiscriminateSetup *setup = g_new0 (GstAeDiscriminateSetup, 1);

  if (!fill (setup, request, error))
    gst_ae_discriminate_setup_free (&setup);
  return setup;
}

void
gst_ae_discriminate_setup_free (GstAeDiscriminateSetup **setup)
{
  if (*setup == NULL)
    return;
  ae_detector_free (&(*setup)->detector);
  gst_ae_model_release (&(*setup)->model);
  gst_ae_zones_free (&(*setup)->zones);
  gst_ae_mask_file_free (&(*setup)->mask);
  g_clear_pointer (setup, g_free);
}

/* The engine does not know what the mask was made of. */
static void
name_limits (const GstAeDiscriminateSetup *setup, AeError *error)
{
  gboolean zones = gst_ae_zones_count (setup->zones) > 0;

  gst_ae_error_prefix (error, setup->mask == NULL ? "zones"
          : zones ? "zones and mask-file"
                  : "mask-file");
}

static gboolean
set_mask (GstAeDiscriminateSetup *setup, const AeImage *format,
    AeError *error)
{
  gsize size = (gsize) format->width * format->height;

  if (setup->mask == NULL && gst_ae_zones_count (setup->zones) == 0)
    return TRUE;
  guint8 *mask = g_try_malloc (size);
  if (mask == NULL) {
    gst_ae_error_set (error, AE_ERROR_MEMORY,
        "no memory for a mask of %d x %d", format->width, format->height);
    return FALSE;
  }
  memset (mask, 255, size);
  gst_ae_zones_limit (setup->zones, mask, format->width, format->height);
  gboolean good = setup->mask == NULL
      || gst_ae_mask_file_limit (
          setup->mask, mask, format->width, format->height, error);
  if (good && ae_detector_set_mask (setup->detector, mask, error) != AE_OK) {
    name_limits (setup, error);
    good = FALSE;
  }
  g_free (mask);
  return good;
}

static gboolean
plan (GstAeDiscriminateSetup *setup, const AeImage *format, AeError *error)
{
  if (ae_detector_bind (setup->detector, format, error) == AE_OK)
    return TRUE;
  gchar *where = g_strdup_printf ("%s, for pictures of %d x %d",
      gst_ae_model_path (setup->model), format->width, format->height);
  gst_ae_error_prefix (error, where);
  g_free (where);
  return FALSE;
}

gboolean
gst_ae_discriminate_setup_bind (GstAeDiscriminateSetup *setup,
    const AeImage *format, AeError *error)
{
  if (gst_ae_image_same_format (&setup->format, format)) {
    ae_detector_reset (setup->detector);
    return TRUE;
  }
  setup->format.width = 0;
  if (!plan (setup, format, error) || !set_mask (setup, format, error))
    return FALSE;
  setup->format = *format;
  for (int i = 0; i < 3; i++)
    setup->format.plane[i] = NULL;
  return TRUE;
}

const gchar *
gst_ae_discriminate_setup_id (const GstAeDiscriminateSetup *setup)
{
  return ae_model_id (gst_ae_model_get (setup->model));
}

/* As the loader calls them. */

static gpointer
load (gconstpointer request, AeError *error)
{
  return gst_ae_discriminate_setup_new (request, error);
}

static gboolean
bind (gpointer setup, const AeImage *format, AeError *error)
{
  return gst_ae_discriminate_setup_bind (setup, format, error);
}

static void
free_setup (gpointer data)
{
  GstAeDiscriminateSetup *setup = data;

  gst_ae_discriminate_setup_free (&setup);
}

static void
free_request (gpointer request)
{
  gst_ae_discriminate_request_free (request);
}

const GstAeSetupType gst_ae_discriminate_setup_type
    = { load, bind, free_setup, free_request };
