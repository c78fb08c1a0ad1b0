/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomalyevents.h"

static void
note_peak (GstAeAnomalyEvents *e, gdouble score, const AeRegion *region)
{
  if (score <= e->peak_score)
    return;
  e->peak_score = score;
  e->peak = *region;
}

static GstAeEventStep
step_quiet (GstAeAnomalyEvents *e, const GstAeEventRules *rules,
    GstClockTime time, gdouble score, const AeRegion *region)
{
  gdouble needed
      = rules->threshold * (e->rising ? GST_AE_EVENT_RELEASE : 1.0);

  if (!rules->may_begin || score < needed) {
    e->rising = FALSE;
    return GST_AE_EVENT_NONE;
  }
  if (!e->rising) {
    e->rising = TRUE;
    e->start = time;
    e->peak_score = -1;
  }
  e->last_above = time;
  note_peak (e, score, region);
  if (time - e->start < rules->min_duration)
    return GST_AE_EVENT_NONE;
  e->rising = FALSE;
  e->on = TRUE;
  e->id++;
  return GST_AE_EVENT_BEGIN;
}

GstAeEventStep
gst_ae_anomaly_events_step (GstAeAnomalyEvents *e,
    const GstAeEventRules *rules, GstClockTime time, gdouble score,
    const AeRegion *region)
{
  e->last = MAX (e->last, time);
  if (!e->on)
    return step_quiet (e, rules, e->last, score, region);
  if (score >= rules->threshold * GST_AE_EVENT_RELEASE) {
    e->last_above = e->last;
    note_peak (e, score, region);
    return GST_AE_EVENT_UPDATE;
  }
  if (e->last - e->last_above < rules->hold_time)
    return GST_AE_EVENT_UPDATE;
  e->on = FALSE;
  return GST_AE_EVENT_END;
}

GstAeEventStep
gst_ae_anomaly_events_stop (GstAeAnomalyEvents *e)
{
  gboolean was_on = e->on;

  e->on = e->rising = FALSE;
  e->last = 0;
  return was_on ? GST_AE_EVENT_END : GST_AE_EVENT_NONE;
}

GstClockTime
gst_ae_anomaly_events_length (const GstAeAnomalyEvents *e)
{
  return e->last_above - e->start;
}

const gchar *
gst_ae_event_step_name (GstAeEventStep step)
{
  static const gchar *const names[] = {
    [GST_AE_EVENT_NONE] = "none",
    [GST_AE_EVENT_BEGIN] = "begin",
    [GST_AE_EVENT_UPDATE] = "update",
    [GST_AE_EVENT_END] = "end",
  };
  return names[step];
}
