/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_chart.h"

#include <math.h>

#include "aetool.h"
#include "svg.h"

#define GRID "#ccc"
#define SHADE "#f6d5d0"
#define ALARM "#c0392b"
#define LINE "#2f6f9f"

static const char *const colours[AE_N_CHANNELS]
    = { "#c0392b", "#2f6f9f", "#27865a", "#8e5ea2", "#b8860b" };

/* Where the curves are, in pixels. */
typedef struct {
  double left, top, width, height;
} Plot;

/* The plot of shares, 0 to 1 both ways. */
static const Plot roc_plot = { 60, 50, 460, 460 };

static void
add_roc_grid (GString *svg)
{
  const Plot *p = &roc_plot;
  for (int i = 0; i <= 5; i++) {
    g_autofree char *text = g_strdup_printf ("%g", i / 5.0);
    double x = p->left + i / 5.0 * p->width;
    double y = p->top + (1 - i / 5.0) * p->height;
    svg_line (svg, x, p->top, x, p->top + p->height, GRID);
    svg_line (svg, p->left, y, p->left + p->width, y, GRID);
    svg_text (svg, x, p->top + p->height + 18, "middle", text);
    svg_text (svg, p->left - 6, y + 4, "end", text);
  }
  svg_line (
      svg, p->left, p->top + p->height, p->left + p->width, p->top, GRID);
  svg_text (svg, p->left + p->width / 2, p->top + p->height + 40, "middle",
      "share of usual frames found");
  svg_text (svg, p->left, p->top - 12, "start", "share of unusual frames found");
}

/* Points closer than a third of a pixel are one. */
static void
add_roc_curve (GString *svg, const AeRocPoint *points, size_t n, int channel)
{
  const Plot *p = &roc_plot;
  double last_x = -INFINITY, last_y = -INFINITY;
  svg_open_curve (svg);
  for (size_t i = 0; i < n; i++) {
    double x = p->left + points[i].false_positive * p->width;
    double y = p->top + (1 - points[i].true_positive) * p->height;
    if (i + 1 < n && fabs (x - last_x) + fabs (y - last_y) < 0.3)
      continue;
    svg_add_point (svg, x, y);
    last_x = x;
    last_y = y;
  }
  svg_close_curve (svg, colours[channel], channel == 0 ? 4 : 2);
}

static void
add_roc_legend (GString *svg, int line, int channel, double area)
{
  const Plot *p = &roc_plot;
  double x = p->left + p->width - 220, y = p->top + p->height - 110 + 20 * line;
  g_autofree char *text = g_strdup_printf (
      "%s, area %.3f", ae_channel_name ((AeChannel) channel), area);
  svg_box (svg, x, y - 6, 22, 4, colours[channel]);
  svg_text (svg, x + 30, y, "start", text);
}

static gboolean
add_roc (GString *svg, const AnomalyPooled *pooled, int channel,
    GError **error)
{
  AeError err;
  guint n = pooled->labels->len;
  g_autofree AeRocPoint *points = g_new (AeRocPoint, (gsize) n + 1);
  size_t n_points;
  if (ae_roc_curve (points, &n_points,
          (const float *) (void *) pooled->scores->data, pooled->labels->data,
          n, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  add_roc_curve (svg, points, n_points, channel);
  return TRUE;
}

gboolean
anomaly_chart_roc (const GPtrArray *tracks, const AnomalyFigures *figures,
    const char *path, GError **error)
{
  g_autoptr (GString) svg = svg_new (560, 570);
  svg_text (svg, 280, 22, "middle", "What is found at all thresholds");
  add_roc_grid (svg);
  int line = 0;
  for (int c = AE_N_CHANNELS - 1; c >= 0; c--) { /* the fused one on top */
    AnomalyPooled pooled = anomaly_pool (tracks, (AeChannel) c, ANOMALY_RAW);
    gboolean shown = !isnan (figures[c].area);
    gboolean ok = !shown || add_roc (svg, &pooled, c, error);
    anomaly_pooled_clear (&pooled);
    if (!ok)
      return FALSE;
  }
  for (int c = 0; c < AE_N_CHANNELS; c++)
    if (!isnan (figures[c].area))
      add_roc_legend (svg, line++, c, figures[c].area);
  return svg_save (svg, path, error);
}

/* Scores over time. */
static const Plot time_plot = { 60, 40, 780, 240 };

typedef struct {
  double seconds, low, high;
} Range;

static double
time_x (const Range *r, double seconds)
{
  return time_plot.left + seconds / r->seconds * time_plot.width;
}

static double
time_y (const Range *r, double score)
{
  return time_plot.top
         + (1 - (score - r->low) / (r->high - r->low)) * time_plot.height;
}

static Range
range_of (const AnomalyTrack *t, double threshold)
{
  guint n = anomaly_track_length (t);
  Range r = { MAX (n * t->seconds, 1e-6), MIN (0, threshold), threshold };
  for (guint i = 0; i < n; i++) {
    double score = anomaly_track_score (t, AE_CHANNEL_FUSED, i);
    r.low = MIN (r.low, score);
    r.high = MAX (r.high, score);
  }
  r.high += 0.05 * (r.high - r.low) + 1e-6;
  return r;
}

static void
add_spans (GString *svg, const AnomalyTrack *t, const Range *r)
{
  guint length = anomaly_track_length (t);
  for (guint from = 0, end; from < length; from = end) {
    end = anomaly_track_run_end (t, from);
    double x = time_x (r, from * t->seconds);
    if (t->unusual->data[from])
      svg_box (svg, x, time_plot.top, time_x (r, end * t->seconds) - x,
          time_plot.height, SHADE);
  }
}

static void
add_time_axes (GString *svg, const Range *r)
{
  double bottom = time_plot.top + time_plot.height;
  for (int i = 0; i <= 6; i++) {
    g_autofree char *text = g_strdup_printf ("%.3g s", r->seconds * i / 6);
    double x = time_x (r, r->seconds * i / 6);
    svg_line (svg, x, time_plot.top, x, bottom, GRID);
    svg_text (svg, x, bottom + 18, "middle", text);
  }
  for (int i = 0; i <= 4; i++) {
    double score = r->low + (r->high - r->low) * i / 4;
    g_autofree char *text = g_strdup_printf ("%.2f", score);
    double y = time_y (r, score);
    svg_line (svg, time_plot.left, y, time_plot.left + time_plot.width, y,
        GRID);
    svg_text (svg, time_plot.left - 6, y + 4, "end", text);
  }
}

/* Of frames within half a pixel the highest. */
static void
add_scores (GString *svg, const AnomalyTrack *t, const Range *r)
{
  guint length = anomaly_track_length (t), i = 0;
  svg_open_curve (svg);
  while (i < length) {
    double x = time_x (r, i * t->seconds);
    float highest = -INFINITY;
    for (; i < length && time_x (r, i * t->seconds) < x + 0.5; i++)
      highest = MAX (highest, anomaly_track_score (t, AE_CHANNEL_FUSED, i));
    svg_add_point (svg, x, time_y (r, highest));
  }
  svg_close_curve (svg, LINE, 2);
}

gboolean
anomaly_chart_time (const AnomalyTrack *track, double threshold,
    const char *path, GError **error)
{
  Range r = range_of (track, threshold);
  g_autoptr (GString) svg = svg_new (880, 320);
  g_autofree char *title = g_strdup_printf (
      "%s: fused score, threshold %.3g, unusual spans shaded", track->name,
      threshold);
  svg_text (svg, 440, 24, "middle", title);
  add_spans (svg, track, &r);
  add_time_axes (svg, &r);
  double y = time_y (&r, threshold);
  svg_line (svg, time_plot.left, y, time_plot.left + time_plot.width, y,
      ALARM);
  add_scores (svg, track, &r);
  return svg_save (svg, path, error);
}
