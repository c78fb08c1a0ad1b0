/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_ANOMALY_REPORT_H
#define GST_AE_ANOMALY_REPORT_H

/* What `gandiscriminate` says of a frame: as a message, as JSON, as metas of
 * the buffer. */

#include "anomalyevents.h"
#include "zones.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

/* The custom meta, and the structure in it. */
#define GST_AE_ANOMALY_META "GstAeAnomalyMeta"

/* A rectangle in pixels. */
typedef struct {
  gint x, y, w, h;
} GstAeBox;

typedef struct {
  /* Of the frame; GST_CLOCK_TIME_NONE = not known. */
  GstClockTime timestamp, stream_time, running_time, duration;

  gdouble score, threshold; /* calibrated */
  gfloat raw;
  gfloat generated; /* see AeDetection */
  gboolean anomaly;  /* the score is not below the threshold */
  gboolean inferred; /* the score is new with this frame */
  gdouble channel[AE_N_CHANNELS]; /* calibrated */
  gfloat light, contrast;
  gboolean covered; /* the camera shows nothing, see coverwatch.h */

  gint width, height; /* of the frame */
  GstAeBox box;       /* around what is least usual */
  gchar *zone;        /* which holds its centre; "" = none; owned */

  GstAeEventStep event;
  guint64 event_id; /* 0 = there was none yet */
  GstClockTime event_start, event_duration;
  gdouble peak_score;

  gchar model_id[33];
  gint columns, rows;
  GBytes *grid; /* float, columns x rows, calibrated; NULL = none; owned */
} GstAeAnomalyReport;

/* Frees what it owns and forgets all. */
void gst_ae_anomaly_report_clear (GstAeAnomalyReport *report);

/* Sets box and zone of a report whose size is set; NULL: nowhere. */
void gst_ae_anomaly_report_set_place (GstAeAnomalyReport *report,
    const AeRegion *region, const GstAeZones *zones);

/* A new structure "gandiscriminate". */
GstStructure *gst_ae_anomaly_report_message (const GstAeAnomalyReport *report);

/* A new structure "gandiscriminate-covered". */
GstStructure *gst_ae_anomaly_report_covered_message (
    const GstAeAnomalyReport *report);

/* A JSON object in one line, without its end: of the frame, of the event, of a
 * camera that was covered or is no more. */
gchar *gst_ae_anomaly_report_json (const GstAeAnomalyReport *report);
gchar *gst_ae_anomaly_report_event_json (const GstAeAnomalyReport *report);
gchar *gst_ae_anomaly_report_covered_json (const GstAeAnomalyReport *report);

/* Once in a process, before metas are added. */
void gst_ae_anomaly_report_register (void);

/* Adds metas to a writable buffer; pixels are not touched. */
void gst_ae_anomaly_report_attach (
    const GstAeAnomalyReport *report, GstBuffer *buffer);

G_END_DECLS

#endif
