/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_ANOMALY_SCORER_H
#define GST_AE_ANOMALY_SCORER_H

/* Scores the frames of a stream: which ones and when, by which model, on which
 * scale. Of the streaming thread, and of who starts and stops that, but for
 * what says otherwise. */

#include "anomalyfinding.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct _GstAeAnomalyScorer GstAeAnomalyScorer;

/* Belongs to the element, on which it posts warnings and the message that a
 * recalibration is done. */
GstAeAnomalyScorer *gst_ae_anomaly_scorer_new (GstElement *element);

/* Stops. Sets *scorer to NULL; NULL is accepted. */
void gst_ae_anomaly_scorer_free (GstAeAnomalyScorer **scorer);

/* Counts from 0 and takes requests from now on. */
void gst_ae_anomaly_scorer_start (GstAeAnomalyScorer *scorer);

/* Loads at once, once started. FALSE: the text names the file. */
gboolean gst_ae_anomaly_scorer_load (GstAeAnomalyScorer *scorer,
    const GstAeDiscriminateRequest *request, AeError *error);

/* Waits for what runs. */
void gst_ae_anomaly_scorer_stop (GstAeAnomalyScorer *scorer);

/* Takes a request for another setup, which will be loaded beside the stream;
 * goes unheard while stopped. Any thread. FALSE: there is no thread to load
 * with. */
gboolean gst_ae_anomaly_scorer_request (
    GstAeAnomalyScorer *scorer, GstAeDiscriminateRequest *request);

/* Sets the scale anew by the next so many seconds. Any thread. FALSE: it is
 * stopped. */
gboolean gst_ae_anomaly_scorer_recalibrate (
    GstAeAnomalyScorer *scorer, guint seconds);

/* Writes the model with the calibrations in use to a file. Any thread. FALSE: the
 * text names the file, or it is stopped. */
gboolean gst_ae_anomaly_scorer_save (
    GstAeAnomalyScorer *scorer, const gchar *path, AeError *error);

/* A new structure with processed, skipped, unusable, dropped, avg-us, max-us
 * and fps, since the start. Any thread. */
GstStructure *gst_ae_anomaly_scorer_stats (
    GstAeAnomalyScorer *scorer, const gchar *name);

/* Plans for pictures of that format. */
gboolean gst_ae_anomaly_scorer_set_format (
    GstAeAnomalyScorer *scorer, const AeImage *format, AeError *error);

/* The next frame does not follow the last one. */
void gst_ae_anomaly_scorer_forget (GstAeAnomalyScorer *scorer);

/* There is no next frame: a recalibration ends with what it has. */
void gst_ae_anomaly_scorer_finish (
    GstAeAnomalyScorer *scorer, const GstAeDiscriminateSettings *now);

typedef struct {
  GstBuffer *buffer; /* pixels are only read */
  const GstVideoInfo *info;
  GstClockTime running, duration;
  gboolean live; /* does not wait for its score, or hardly */
  gboolean late; /* too late for its display */
} GstAeScorerFrame;

/* TRUE: there is a new score, of this frame or, live, of an earlier one. */
gboolean gst_ae_anomaly_scorer_score (GstAeAnomalyScorer *scorer,
    const GstAeScorerFrame *frame, const GstAeDiscriminateSettings *now);

const GstAeFinding *gst_ae_anomaly_scorer_finding (
    const GstAeAnomalyScorer *scorer);

/* Model, zones and calibrations in use. */
const GstAeDiscriminateSetup *gst_ae_anomaly_scorer_setup (
    const GstAeAnomalyScorer *scorer);

G_END_DECLS

#endif
