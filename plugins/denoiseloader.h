/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_DENOISE_LOADER_H
#define GST_AE_DENOISE_LOADER_H

/* Loads models beside the stream. Requests come from any thread, results are
 * taken by the streaming thread between two frames. */

#include "denoisesetup.h"

G_BEGIN_DECLS

/* What to load. */
typedef struct {
  gchar *model_file;    /* NULL or empty = the bundled one */
  const gchar *bundled; /* its name: "denoise-fast.onnx"; static */
  AeDenoiserOptions options;
} GstAeDenoiseRequest;

/* Loads at once. NULL on failure; the text names the file. */
GstAeDenoiseSetup *gst_ae_denoise_request_load (
    const GstAeDenoiseRequest *request, AeError *error);

/* Called by the loader's thread, with no lock held. */
typedef void (*GstAeDenoiseLoaderFailed) (gpointer user, const AeError *error);

typedef struct _GstAeDenoiseLoader GstAeDenoiseLoader;

/* The thread starts with the first request. */
GstAeDenoiseLoader *gst_ae_denoise_loader_new (
    GstAeDenoiseLoaderFailed failed, gpointer user);

/* Waits for the load that runs. Sets *loader to NULL; NULL is accepted. */
void gst_ae_denoise_loader_free (GstAeDenoiseLoader **loader);

/* Replaces a request that still waits. FALSE: there is no thread to be had. */
gboolean gst_ae_denoise_loader_request (
    GstAeDenoiseLoader *loader, const GstAeDenoiseRequest *request);

/* What loaded models are to be planned for, so that the streaming thread need
 * not do it. */
void gst_ae_denoise_loader_set_format (
    GstAeDenoiseLoader *loader, const AeImage *format);

/* The latest result, which then belongs to the caller, or NULL. */
GstAeDenoiseSetup *gst_ae_denoise_loader_take (GstAeDenoiseLoader *loader);

G_END_DECLS

#endif
