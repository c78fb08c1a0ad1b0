/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "anomalyreport.h"

#include <json-glib/json-glib.h>
#include <math.h>

#ifdef HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

void
gst_ae_anomaly_report_clear (GstAeAnomalyReport *report)
{
  g_free (report->zone);
  g_clear_pointer (&report->grid, g_bytes_unref);
  *report = (GstAeAnomalyReport){ 0 };
}

static GstAeBox
box_of (const AeRegion *region, gint width, gint height)
{
  gint x = (gint) (region->x * width + 0.5f);
  gint y = (gint) (region->y * height + 0.5f);
  gint right = (gint) ((region->x + region->width) * width + 0.5f);
  gint bottom = (gint) ((region->y + region->height) * height + 0.5f);

  x = CLAMP (x, 0, width - 1);
  y = CLAMP (y, 0, height - 1);
  return (GstAeBox){ x, y, CLAMP (right - x, 1, width - x),
    CLAMP (bottom - y, 1, height - y) };
}

void
gst_ae_anomaly_report_set_place (GstAeAnomalyReport *r,
    const AeRegion *region, const GstAeZones *zones)
{
  g_clear_pointer (&r->zone, g_free);
  r->box = (GstAeBox){ 0 };
  if (region == NULL)
    return;
  r->box = box_of (region, r->width, r->height);
  r->zone = g_strdup (gst_ae_zones_at (zones,
      region->x + region->width / 2, region->y + region->height / 2));
}

static const gchar *
zone_of (const GstAeAnomalyReport *r)
{
  return r->zone != NULL ? r->zone : "";
}

GstStructure *
gst_ae_anomaly_report_message (const GstAeAnomalyReport *r)
{
  return gst_structure_new ("gandiscriminate",
      "timestamp", G_TYPE_UINT64, r->timestamp,
      "stream-time", G_TYPE_UINT64, r->stream_time,
      "running-time", G_TYPE_UINT64, r->running_time,
      "duration", G_TYPE_UINT64, r->duration,
      "score", G_TYPE_DOUBLE, r->score,
      "raw-score", G_TYPE_DOUBLE, (gdouble) r->raw,
      "generated", G_TYPE_DOUBLE, (gdouble) r->generated,
      "threshold", G_TYPE_DOUBLE, r->threshold,
      "anomaly", G_TYPE_BOOLEAN, r->anomaly,
      "inferred", G_TYPE_BOOLEAN, r->inferred,
      "contrast", G_TYPE_DOUBLE, (gdouble) r->contrast,
      "event", G_TYPE_STRING, gst_ae_event_step_name (r->event),
      "event-id", G_TYPE_UINT64, r->event_id,
      "event-start", G_TYPE_UINT64, r->event_start,
      "event-duration", G_TYPE_UINT64, r->event_duration,
      "peak-score", G_TYPE_DOUBLE, r->peak_score,
      "zone", G_TYPE_STRING, zone_of (r),
      "x", G_TYPE_INT, r->box.x,
      "y", G_TYPE_INT, r->box.y,
      "w", G_TYPE_INT, r->box.w,
      "h", G_TYPE_INT, r->box.h,
      NULL);
}

GstStructure *
gst_ae_anomaly_report_covered_message (const GstAeAnomalyReport *r)
{
  return gst_structure_new ("gandiscriminate-covered",
      "timestamp", G_TYPE_UINT64, r->timestamp,
      "stream-time", G_TYPE_UINT64, r->stream_time,
      "running-time", G_TYPE_UINT64, r->running_time,
      "covered", G_TYPE_BOOLEAN, r->covered,
      "contrast", G_TYPE_DOUBLE, (gdouble) r->contrast,
      NULL);
}

/* JSON. */

static void
add_time (JsonBuilder *b, const gchar *name, GstClockTime time)
{
  json_builder_set_member_name (b, name);
  if (GST_CLOCK_TIME_IS_VALID (time) && time <= G_MAXINT64)
    json_builder_add_int_value (b, (gint64) time);
  else
    json_builder_add_null_value (b);
}

/* JSON has no infinity. */
static void
add_number (JsonBuilder *b, const gchar *name, gdouble value)
{
  json_builder_set_member_name (b, name);
  if (isfinite (value))
    json_builder_add_double_value (b, value);
  else
    json_builder_add_null_value (b);
}

static void
add_bool (JsonBuilder *b, const gchar *name, gboolean value)
{
  json_builder_set_member_name (b, name);
  json_builder_add_boolean_value (b, value);
}

static void
add_text (JsonBuilder *b, const gchar *name, const gchar *value)
{
  json_builder_set_member_name (b, name);
  json_builder_add_string_value (b, value);
}

static void
add_int (JsonBuilder *b, const gchar *name, gint64 value)
{
  json_builder_set_member_name (b, name);
  json_builder_add_int_value (b, value);
}

static void
add_box (JsonBuilder *b, const GstAeAnomalyReport *r)
{
  add_text (b, "zone", zone_of (r));
  add_int (b, "x", r->box.x);
  add_int (b, "y", r->box.y);
  add_int (b, "w", r->box.w);
  add_int (b, "h", r->box.h);
}

static JsonBuilder *
begin_line (const GstAeAnomalyReport *r, const gchar *type)
{
  JsonBuilder *b = json_builder_new ();

  json_builder_begin_object (b);
  add_text (b, "type", type);
  add_time (b, "pts", r->timestamp);
  add_time (b, "running-time", r->running_time);
  return b;
}

static gchar *
end_line (JsonBuilder *b)
{
  json_builder_end_object (b);
  JsonNode *root = json_builder_get_root (b);
  gchar *text = json_to_string (root, FALSE);
  json_node_unref (root);
  g_object_unref (b);
  return text;
}

gchar *
gst_ae_anomaly_report_json (const GstAeAnomalyReport *r)
{
  JsonBuilder *b = begin_line (r, "frame");

  add_number (b, "score", r->score);
  add_number (b, "raw-score", r->raw);
  add_number (b, "generated", r->generated);
  add_number (b, "threshold", r->threshold);
  add_bool (b, "anomaly", r->anomaly);
  add_bool (b, "inferred", r->inferred);
  json_builder_set_member_name (b, "channels");
  json_builder_begin_object (b);
  for (int i = 0; i < AE_N_CHANNELS; i++)
    add_number (b, ae_channel_name (i), r->channel[i]);
  json_builder_end_object (b);
  add_number (b, "light", r->light);
  add_number (b, "contrast", r->contrast);
  add_box (b, r);
  return end_line (b);
}

gchar *
gst_ae_anomaly_report_event_json (const GstAeAnomalyReport *r)
{
  JsonBuilder *b = begin_line (r, "event");

  add_text (b, "event", gst_ae_event_step_name (r->event));
  add_int (b, "event-id", (gint64) r->event_id);
  add_time (b, "event-start", r->event_start);
  add_time (b, "event-duration", r->event_duration);
  add_number (b, "score", r->score);
  add_number (b, "peak-score", r->peak_score);
  add_box (b, r);
  return end_line (b);
}

gchar *
gst_ae_anomaly_report_covered_json (const GstAeAnomalyReport *r)
{
  JsonBuilder *b = begin_line (r, "covered");

  add_bool (b, "covered", r->covered);
  add_number (b, "contrast", r->contrast);
  return end_line (b);
}

/* Metas. */

void
gst_ae_anomaly_report_register (void)
{
  static gsize once;
  static const gchar *tags[] = { NULL }; /* it stays whatever is done to the
                                            picture */

  if (g_once_init_enter (&once)) {
    gst_meta_register_custom (GST_AE_ANOMALY_META, tags, NULL, NULL, NULL);
    g_once_init_leave (&once, 1);
  }
}

static void
attach_region (const GstAeAnomalyReport *r, GstBuffer *buffer)
{
  GstVideoRegionOfInterestMeta *meta
      = gst_buffer_add_video_region_of_interest_meta (buffer, "anomaly",
          (guint) r->box.x, (guint) r->box.y, (guint) r->box.w,
          (guint) r->box.h);

  gst_video_region_of_interest_meta_add_param (meta,
      gst_structure_new ("detection",
          "label_id", G_TYPE_INT, 0,
          "confidence", G_TYPE_DOUBLE, r->score,
          "x_min", G_TYPE_DOUBLE, (gdouble) r->box.x / r->width,
          "x_max", G_TYPE_DOUBLE, (gdouble) (r->box.x + r->box.w) / r->width,
          "y_min", G_TYPE_DOUBLE, (gdouble) r->box.y / r->height,
          "y_max", G_TYPE_DOUBLE,
          (gdouble) (r->box.y + r->box.h) / r->height,
          "event_id", G_TYPE_UINT64, r->event_id,
          NULL));
#ifdef HAVE_GST_ANALYTICS
  GstAnalyticsRelationMeta *relations
      = gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsODMtd found;
  if (relations == NULL)
    relations = gst_buffer_add_analytics_relation_meta (buffer);
  gst_analytics_relation_meta_add_od_mtd (relations,
      g_quark_from_static_string ("anomaly"), r->box.x, r->box.y, r->box.w,
      r->box.h, (gfloat) r->score, &found);
#endif
}

void
gst_ae_anomaly_report_attach (const GstAeAnomalyReport *r, GstBuffer *buffer)
{
  GstCustomMeta *meta
      = gst_buffer_add_custom_meta (buffer, GST_AE_ANOMALY_META);

  if (meta != NULL) {
    GstStructure *s = gst_custom_meta_get_structure (meta);
    gst_structure_set (s,
        "score", G_TYPE_DOUBLE, r->score,
        "raw-score", G_TYPE_DOUBLE, (gdouble) r->raw,
        "generated", G_TYPE_DOUBLE, (gdouble) r->generated,
        "model-id", G_TYPE_STRING, r->model_id,
        "inferred", G_TYPE_BOOLEAN, r->inferred,
        "columns", G_TYPE_INT, r->columns,
        "rows", G_TYPE_INT, r->rows,
        NULL);
    if (r->grid != NULL)
      gst_structure_set (s, "grid", G_TYPE_BYTES, r->grid, NULL);
  }
  if ((r->event == GST_AE_EVENT_BEGIN || r->event == GST_AE_EVENT_UPDATE)
      && r->box.w > 0)
    attach_region (r, buffer);
}
