/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_figures.h"

#include <math.h>

#include "aetool.h"

static void
pool_ready (AnomalyPooled *p, const AnomalyTrack *t, AeChannel channel)
{
  for (guint i = 0; i < anomaly_track_length (t); i++) {
    if (!t->ready->data[i])
      continue;
    g_array_append_val (p->scores, anomaly_track_score (t, channel, i));
    g_byte_array_append (p->labels, &t->unusual->data[i], 1);
  }
}

AnomalyPooled
anomaly_pool (const GPtrArray *tracks, AeChannel channel, AnomalyPool how)
{
  AnomalyPooled p = { g_array_new (FALSE, FALSE, sizeof (float)),
    g_byte_array_new () };
  for (guint i = 0; i < tracks->len; i++) {
    const AnomalyTrack *t = g_ptr_array_index (tracks, i);
    if (how == ANOMALY_READY) {
      pool_ready (&p, t, channel);
      continue;
    }
    g_autoptr (GArray) scores = how == ANOMALY_SMOOTH
                                    ? anomaly_track_smooth (t, channel)
                                    : g_array_ref (t->score[channel]);
    g_array_append_vals (p.scores, scores->data, scores->len);
    g_byte_array_append (p.labels, t->unusual->data, t->unusual->len);
  }
  return p;
}

void
anomaly_pooled_clear (AnomalyPooled *p)
{
  g_array_unref (p->scores);
  g_byte_array_unref (p->labels);
}

gboolean
anomaly_pooled_has_both (const AnomalyPooled *p)
{
  guint unusual = 0;
  for (guint i = 0; i < p->labels->len; i++)
    unusual += p->labels->data[i] != 0;
  return unusual > 0 && unusual < p->labels->len;
}

/* All figures are NaN where there is no curve. */
static gboolean
measure (AeRoc *roc, const GPtrArray *tracks, AeChannel channel,
    AnomalyPool how, GError **error)
{
  *roc = (AeRoc) { .area = NAN, .average_precision = NAN, .equal_error = NAN,
    .best_f1 = { .threshold = NAN, .f1 = NAN } };
  AnomalyPooled p = anomaly_pool (tracks, channel, how);
  AeError err;
  AeStatus status = AE_OK;
  if (anomaly_pooled_has_both (&p))
    status = ae_roc_measure (roc, (const float *) (void *) p.scores->data,
        p.labels->data, p.labels->len, &err);
  anomaly_pooled_clear (&p);
  if (status != AE_OK)
    g_set_error (error, AETOOL_DOMAIN, status, "%s: %s",
        ae_channel_name (channel), err.text);
  return status == AE_OK;
}

gboolean
anomaly_figures (AnomalyFigures *f, const GPtrArray *tracks,
    AeChannel channel, double threshold, GError **error)
{
  AeRoc raw, smooth, ready;
  if (!measure (&raw, tracks, channel, ANOMALY_RAW, error)
      || !measure (&smooth, tracks, channel, ANOMALY_SMOOTH, error)
      || !measure (&ready, tracks, channel, ANOMALY_READY, error))
    return FALSE;
  *f = (AnomalyFigures) { .area = raw.area, .area_smooth = smooth.area,
    .area_ready = ready.area, .average_precision = raw.average_precision,
    .equal_error = raw.equal_error, .f1 = raw.best_f1.f1,
    .f1_threshold = raw.best_f1.threshold };
  anomaly_events (&f->events, tracks, channel, threshold);
  return TRUE;
}
