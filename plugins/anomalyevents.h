/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_ANOMALY_EVENTS_H
#define GST_AE_ANOMALY_EVENTS_H

/* From scores over time to events: when one begins, goes on and ends. Plain
 * numbers; one thread at a time. */

#include <ae/detector.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* An event that has begun goes on while the score is not below this share of
 * the threshold. */
#define GST_AE_EVENT_RELEASE (2.0 / 3.0)

typedef struct {
  gdouble threshold;         /* an event begins at this score */
  GstClockTime min_duration; /* which the score must have had for so long */
  GstClockTime hold_time;    /* an event ends so long after the last score
                                above the release; shorter gaps are merged */
  gboolean may_begin;        /* FALSE: no event begins now */
} GstAeEventRules;

typedef enum {
  GST_AE_EVENT_NONE,
  GST_AE_EVENT_BEGIN,
  GST_AE_EVENT_UPDATE, /* one is on */
  GST_AE_EVENT_END
} GstAeEventStep;

/* All zero: nothing has happened yet. */
typedef struct {
  gboolean rising;   /* above the threshold, not yet for min_duration */
  gboolean on;
  guint64 id;        /* of the last event: 1, 2, ... */
  GstClockTime start; /* of the last event, or of what rises */
  GstClockTime last_above, last;
  gdouble peak_score; /* the event's highest score, and where that was */
  AeRegion peak;
} GstAeAnomalyEvents;

/* The next score and its place, at a running time that does not fall. */
GstAeEventStep gst_ae_anomaly_events_step (GstAeAnomalyEvents *events,
    const GstAeEventRules *rules, GstClockTime time, gdouble score,
    const AeRegion *region);

/* The stream ends here, or does not go on from here: END when an event was on,
 * else NONE. Ids go on. */
GstAeEventStep gst_ae_anomaly_events_stop (GstAeAnomalyEvents *events);

/* How long the event is, or was: to the last score that made it one. */
GstClockTime gst_ae_anomaly_events_length (const GstAeAnomalyEvents *events);

/* "none", "begin", "update", "end". */
const gchar *gst_ae_event_step_name (GstAeEventStep step);

G_END_DECLS

#endif
