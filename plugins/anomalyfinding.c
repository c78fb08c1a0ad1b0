/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomalyfinding.h"

void
gst_ae_finding_clear (GstAeFinding *f)
{
  g_clear_pointer (&f->grid, g_bytes_unref);
  *f = (GstAeFinding){ 0 };
}

static gdouble
calibrated (const GstAeDiscriminateSetup *setup, int channel, gfloat raw,
    const GstAeDiscriminateSettings *now)
{
  return ae_calibration_probability (
      &setup->calibration[channel], raw, now->false_alarms_per_hour);
}

void
gst_ae_finding_set (GstAeFinding *f, const GstAeScores *scores,
    const GstAeDiscriminateSetup *setup, const GstAeDiscriminateSettings *now)
{
  f->light = scores->detection.light;
  f->contrast = scores->detection.contrast;
  f->known = scores->detection.ready;
  g_clear_pointer (&f->grid, g_bytes_unref);
  if (!f->known)
    return;
  f->detection = scores->detection;
  f->peak = scores->peak;

  gsize n = (gsize) scores->columns * (gsize) scores->rows;
  gfloat *grid = g_new (gfloat, n);
  for (gsize i = 0; i < n; i++)
    grid[i] = (gfloat) calibrated (setup, now->score, scores->grid[i], now);
  f->columns = scores->columns;
  f->rows = scores->rows;
  f->grid = g_bytes_new_take (grid, n * sizeof *grid);
}

static void
report_grid (const GstAeFinding *f, GstAeAnomalyReport *r)
{
  g_clear_pointer (&r->grid, g_bytes_unref);
  r->columns = r->rows = 0;
  if (!f->known || f->grid == NULL)
    return;
  r->grid = g_bytes_ref (f->grid);
  r->columns = f->columns;
  r->rows = f->rows;
}

void
gst_ae_finding_report (const GstAeFinding *f,
    const GstAeDiscriminateSetup *setup, const GstAeDiscriminateSettings *now,
    GstAeAnomalyReport *r)
{
  for (int i = 0; i < AE_N_CHANNELS; i++)
    r->channel[i]
        = f->known ? calibrated (setup, i, f->detection.score[i], now) : 0;
  r->score = r->channel[now->score];
  r->raw = f->known ? f->detection.score[now->score] : 0;
  r->generated = f->known ? f->detection.generated : 0;
  r->threshold = now->threshold;
  r->anomaly = f->known && r->score >= now->threshold;
  r->light = f->light;
  r->contrast = f->contrast;
  g_strlcpy (r->model_id, gst_ae_discriminate_setup_id (setup),
      sizeof r->model_id);
  report_grid (f, r);
  gst_ae_anomaly_report_set_place (r, f->known ? &f->peak : NULL, setup->zones);
}
