/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_FILTER_SETUP_H
#define GST_AE_FILTER_SETUP_H

/* A model with a filter planned for one picture format: what `aefilter`
 * replaces as a whole when its settings change. One thread at a time. */

#include "aemodels.h"
#include "setuploader.h"

#include <ae/image_filter.h>

G_BEGIN_DECLS

typedef struct {
  GstAeModel *model;
  AeImageFilter *filter;
  AeImage format; /* what the filter is planned for; width 0 = nothing */
} GstAeFilterSetup;

/* What to load. */
typedef struct {
  gchar *model_file;
  gchar *mean, *deviation; /* "0.5" or "0.5,0.5,0.5"; NULL or empty = not set */
  AeImageFilterOptions options; /* mean and deviation come from the texts */
} GstAeFilterRequest;

/* Copies and frees as g_new() does; clear frees only the texts. */
GstAeFilterRequest *gst_ae_filter_request_copy (
    const GstAeFilterRequest *request);
void gst_ae_filter_request_clear (GstAeFilterRequest *request);
void gst_ae_filter_request_free (GstAeFilterRequest *request);

/* For a loader of setups from requests. */
extern const GstAeSetupType gst_ae_filter_setup_type;

/* Loads at once. NULL on failure; the text names the file. */
GstAeFilterSetup *gst_ae_filter_setup_new (
    const GstAeFilterRequest *request, AeError *error);

/* Sets *setup to NULL; NULL is accepted. */
void gst_ae_filter_setup_free (GstAeFilterSetup **setup);

/* Plans for `format` unless that is done. FALSE: the text names the model and
 * the format. */
gboolean gst_ae_filter_setup_bind (
    GstAeFilterSetup *setup, const AeImage *format, AeError *error);

G_END_DECLS

#endif
