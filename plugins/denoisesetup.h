/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_DENOISE_SETUP_H
#define GST_AE_DENOISE_SETUP_H

/* A model with a denoiser planned for one picture format: what `denoise`
 * replaces as a whole when its settings change. One thread at a time. */

#include "aemodels.h"
#include "setuploader.h"

#include <ae/denoiser.h>

G_BEGIN_DECLS

typedef struct {
  GstAeModel *model;
  AeDenoiser *denoiser;
  AeImage format; /* what the denoiser is planned for; width 0 = nothing */
} GstAeDenoiseSetup;

/* What to load. */
typedef struct {
  gchar *model_file;    /* NULL or empty = the bundled one */
  const gchar *bundled; /* its name: "denoise-fast.onnx"; static */
  AeDenoiserOptions options;
} GstAeDenoiseRequest;

/* Copies and frees as g_new() does. */
GstAeDenoiseRequest *gst_ae_denoise_request_copy (
    const GstAeDenoiseRequest *request);
void gst_ae_denoise_request_free (GstAeDenoiseRequest *request);

/* For a loader of setups from requests. */
extern const GstAeSetupType gst_ae_denoise_setup_type;

/* Loads at once. NULL on failure; the text names the file. */
GstAeDenoiseSetup *gst_ae_denoise_setup_new (
    const GstAeDenoiseRequest *request, AeError *error);

/* Sets *setup to NULL; NULL is accepted. */
void gst_ae_denoise_setup_free (GstAeDenoiseSetup **setup);

/* Plans for `format`, or only forgets earlier frames when that is the format
 * already. FALSE: the text names the model and the format. */
gboolean gst_ae_denoise_setup_bind (
    GstAeDenoiseSetup *setup, const AeImage *format, AeError *error);

G_END_DECLS

#endif
