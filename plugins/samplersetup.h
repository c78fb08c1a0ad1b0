/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_SAMPLER_SETUP_H
#define GST_AE_SAMPLER_SETUP_H

/* A model with a sampler: what `vaesample` and `vaeaugment` replace as a whole
 * when their settings change. One thread at a time. */

#include "aemodels.h"
#include "setuploader.h"

#include <ae/sampler.h>

G_BEGIN_DECLS

typedef struct {
  GstAeModel *model;
  AeSampler *sampler;
  AeSamplerFacts facts;
  AeImage format; /* bound; width 0 = nothing */
} GstAeSamplerSetup;

/* What to load. */
typedef struct {
  gchar *model_file;     /* NULL or empty: the bundled model of this name */
  const gchar *bundled;
  gboolean encodes;      /* it has to make codes of pictures, too */
  AeSamplerOptions options;
} GstAeSamplerRequest;

/* Copies and frees as g_new() does; clear frees only the text. */
GstAeSamplerRequest *gst_ae_sampler_request_copy (
    const GstAeSamplerRequest *request);
void gst_ae_sampler_request_clear (GstAeSamplerRequest *request);
void gst_ae_sampler_request_free (GstAeSamplerRequest *request);

/* For a loader of setups from requests. */
extern const GstAeSetupType gst_ae_sampler_setup_type;

/* Loads at once. NULL on failure; the text names the file. */
GstAeSamplerSetup *gst_ae_sampler_setup_new (
    const GstAeSamplerRequest *request, AeError *error);

/* Sets *setup to NULL; NULL is accepted. */
void gst_ae_sampler_setup_free (GstAeSamplerSetup **setup);

/* Plans for pictures like `format` unless that is done. FALSE: the text names
 * the model. */
gboolean gst_ae_sampler_setup_bind (
    GstAeSamplerSetup *setup, const AeImage *format, AeError *error);

/* Names of the model's attributes with commas between them, to be freed. */
gchar *gst_ae_sampler_setup_attributes (const GstAeSamplerSetup *setup);

G_END_DECLS

#endif
