/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_RECALIBRATION_H
#define GST_AE_RECALIBRATION_H

/* Collects scores of a stream that shows nothing unusual, and fits calibrations
 * to them. One thread at a time. */

#include <ae/detector.h>
#include <glib.h>

G_BEGIN_DECLS

/* Fewer scores tell too little. */
#define GST_AE_RECALIBRATION_FEWEST 30
/* It ends with so many, however long was asked for. */
#define GST_AE_RECALIBRATION_MOST (1 << 20)

typedef struct _GstAeRecalibration GstAeRecalibration;

GstAeRecalibration *gst_ae_recalibration_new (guint seconds);

/* Sets *r to NULL; NULL is accepted. */
void gst_ae_recalibration_free (GstAeRecalibration **r);

/* Scores, so many seconds after the ones before; 0: they do not follow those.
 * TRUE when that is enough. */
gboolean gst_ae_recalibration_add (GstAeRecalibration *r,
    const float scores[AE_N_CHANNELS], gdouble seconds);

guint gst_ae_recalibration_count (const GstAeRecalibration *r);

/* One calibration per channel; untouched on failure. Errors: ARGUMENT (too few
 * scores), those of ae_calibration_fit(). */
gboolean gst_ae_recalibration_fit (const GstAeRecalibration *r,
    AeCalibration calibration[AE_N_CHANNELS], AeError *error);

G_END_DECLS

#endif
