/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_DISCRIMINATE_SETUP_H
#define GST_AE_DISCRIMINATE_SETUP_H

/* A model with a detector planned for one picture format, zones and mask: what
 * `gandiscriminate` replaces as a whole when its settings change. One thread
 * at a time. */

#include "aemodels.h"
#include "maskfile.h"
#include "setuploader.h"
#include "zones.h"

#include <ae/detector.h>

G_BEGIN_DECLS

typedef struct {
  GstAeModel *model;
  AeDetector *detector;
  GstAeZones *zones;
  GstAeMaskFile *mask; /* NULL = none */
  AeCalibration calibration[AE_N_CHANNELS]; /* the model's, at first */
  AeImage format; /* what the detector is planned for; width 0 = nothing */
} GstAeDiscriminateSetup;

/* What to load; strings may be NULL. */
typedef struct {
  gchar *model_file; /* NULL or empty = the bundled one */
  gchar *zones, *mask_file;
  AeDetectorOptions options;
} GstAeDiscriminateRequest;

/* Copies and frees as g_new() does. */
GstAeDiscriminateRequest *gst_ae_discriminate_request_copy (
    const GstAeDiscriminateRequest *request);
void gst_ae_discriminate_request_free (GstAeDiscriminateRequest *request);

/* For a loader of setups from requests. */
extern const GstAeSetupType gst_ae_discriminate_setup_type;

/* Loads at once. NULL on failure; the text names the file. */
GstAeDiscriminateSetup *gst_ae_discriminate_setup_new (
    const GstAeDiscriminateRequest *request, AeError *error);

/* Sets *setup to NULL; NULL is accepted. */
void gst_ae_discriminate_setup_free (GstAeDiscriminateSetup **setup);

/* Plans for `format`, or only forgets earlier frames when that is the format
 * already. FALSE: the text names the file and the format. */
gboolean gst_ae_discriminate_setup_bind (GstAeDiscriminateSetup *setup,
    const AeImage *format, AeError *error);

/* 32 hexadecimal digits. */
const gchar *gst_ae_discriminate_setup_id (
    const GstAeDiscriminateSetup *setup);

G_END_DECLS

#endif
