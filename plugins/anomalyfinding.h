/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_ANOMALY_FINDING_H
#define GST_AE_ANOMALY_FINDING_H

/* What is known of the frame that was scored last. One thread at a time. */

#include "anomalyreport.h"
#include "discriminatesettings.h"
#include "scorejob.h"

G_BEGIN_DECLS

/* All zero: nothing. */
typedef struct {
  gboolean known; /* FALSE: nothing, but for the light and the contrast */
  AeDetection detection;
  AeRegion peak;
  gint columns, rows;
  GBytes *grid; /* float, calibrated; NULL = none; owned */
  gfloat light, contrast;
} GstAeFinding;

/* Frees what it owns and forgets all. */
void gst_ae_finding_clear (GstAeFinding *finding);

/* Takes the setup's scores over, which are fresh, on the scale that is asked for now. */
void gst_ae_finding_set (GstAeFinding *finding, const GstAeScores *scores,
    const GstAeDiscriminateSetup *setup, const GstAeDiscriminateSettings *now);

/* Sets scores, grid and place of a report whose size is set, on the scale that
 * is asked for now. */
void gst_ae_finding_report (const GstAeFinding *finding,
    const GstAeDiscriminateSetup *setup, const GstAeDiscriminateSettings *now,
    GstAeAnomalyReport *report);

G_END_DECLS

#endif
