/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_SETUP_LOADER_H
#define GST_AE_SETUP_LOADER_H

/* Makes what an element works with - a model and what runs it, a "setup" -
 * beside the stream. Requests come from any thread, results are taken by the
 * streaming thread between two frames. */

#include "aeerror.h"

#include <ae/image.h>

G_BEGIN_DECLS

/* What an element's setup is. Called with no lock held. */
typedef struct {
  /* NULL on failure. The request stays the caller's. */
  gpointer (*load) (gconstpointer request, AeError *error);
  /* Plans the setup for pictures like `format`. */
  gboolean (*bind) (gpointer setup, const AeImage *format, AeError *error);
  void (*free_setup) (gpointer setup); /* never called with NULL */
  void (*free_request) (gpointer request);
} GstAeSetupType;

/* Called by the loader's thread, with no lock held. */
typedef void (*GstAeSetupLoaderFailed) (gpointer user, const AeError *error);

typedef struct _GstAeSetupLoader GstAeSetupLoader;

/* The thread starts with the first request. `type` must outlive the loader. */
GstAeSetupLoader *gst_ae_setup_loader_new (const GstAeSetupType *type,
    GstAeSetupLoaderFailed failed, gpointer user);

/* Waits for the load that runs. Sets *loader to NULL; NULL is accepted. */
void gst_ae_setup_loader_free (GstAeSetupLoader **loader);

/* Takes the request, which replaces one that still waits. FALSE: there is no
 * thread to be had. */
gboolean gst_ae_setup_loader_request (
    GstAeSetupLoader *loader, gpointer request);

/* What setups are to be planned for, so that the streaming thread need not do
 * it. */
void gst_ae_setup_loader_set_format (
    GstAeSetupLoader *loader, const AeImage *format);

/* The latest result, which then belongs to the caller, or NULL. */
gpointer gst_ae_setup_loader_take (GstAeSetupLoader *loader);

G_END_DECLS

#endif
