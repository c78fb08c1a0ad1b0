/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_FIGURES_H
#define AETOOL_ANOMALY_FIGURES_H

/* How well a channel's scores tell unusual frames from usual ones. Figures that
 * cannot be had (no unusual frame, no mask, ...) are NaN. */

#include <ae/roc.h>

#include "anomaly_track.h"

G_BEGIN_DECLS

/* What a threshold finds: events are runs of unusual frames in a clip. */
typedef struct {
  double threshold;
  guint n_events, n_found; /* with a frame of that score or above */
  double latency;          /* median of the found ones: seconds from their first
                              frame to the first found */
  double usual_hours;      /* of usual frames, the not ready ones left out */
  guint false_alarms;      /* among them: clusters, as calibrations count */
  double false_per_hour;
} AnomalyEvents;

typedef struct {
  double area;        /* under the curve, frames of all clips together */
  double area_smooth; /* the same after anomaly_track_smooth */
  double area_ready;  /* without frames that came before the detector was
                         ready, which have the score 0 elsewhere */
  double average_precision, equal_error, f1;
  double f1_threshold;
  AnomalyEvents events;
} AnomalyFigures;

/* tracks: of AnomalyTrack. Errors: a score is not a number, memory. */
gboolean anomaly_figures (AnomalyFigures *figures, const GPtrArray *tracks,
    AeChannel channel, double threshold, GError **error);

/* Events only. */
void anomaly_events (AnomalyEvents *events, const GPtrArray *tracks,
    AeChannel channel, double threshold);

/* Scores of all tracks behind each other. */
typedef enum { ANOMALY_RAW, ANOMALY_SMOOTH, ANOMALY_READY } AnomalyPool;

typedef struct {
  GArray *scores;     /* of float */
  GByteArray *labels; /* as many */
} AnomalyPooled;

AnomalyPooled anomaly_pool (
    const GPtrArray *tracks, AeChannel channel, AnomalyPool how);
void anomaly_pooled_clear (AnomalyPooled *pooled);

/* Whether it has both usual and unusual ones: a curve. */
gboolean anomaly_pooled_has_both (const AnomalyPooled *pooled);

G_END_DECLS

#endif
