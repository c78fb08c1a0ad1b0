/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ae/calibration.h>
#include <math.h>

#include "anomaly_figures.h"

/* The first frame of from .. end-1 that the threshold finds, or `end`. */
static guint
first_found (const AnomalyTrack *t, AeChannel channel, guint from, guint end,
    double threshold)
{
  while (from < end
         && !(t->ready->data[from]
              && anomaly_track_sure_score (t, channel, from) >= threshold))
    from++;
  return from;
}

/* A run of usual frames: alarms among those that are ready. Pictures, which
 * have no time between them, give no alarms per hour. */
static void
count_alarms (AnomalyEvents *e, const AnomalyTrack *t, AeChannel channel,
    guint from, guint end)
{
  while (from < end && !t->ready->data[from])
    from++;
  if (from == end || !(t->seconds > 0))
    return;
  guint n = end - from;
  g_autofree float *scores = g_new (float, n);
  for (guint i = 0; i < n; i++)
    scores[i] = anomaly_track_sure_score (t, channel, from + i);
  e->usual_hours += n * t->seconds / 3600;
  e->false_alarms += (guint) ae_calibration_count (
      scores, n, NULL, 1, t->seconds, e->threshold);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static double
median (GArray *values)
{
  guint n = values->len;
  if (n == 0)
    return NAN;
  g_array_sort (values, compare);
  return (g_array_index (values, double, (n - 1) / 2)
             + g_array_index (values, double, n / 2))
         / 2;
}

static void
count_clip (AnomalyEvents *e, const AnomalyTrack *t, AeChannel channel,
    GArray *latencies)
{
  guint length = anomaly_track_length (t);
  for (guint from = 0, end; from < length; from = end) {
    end = anomaly_track_run_end (t, from);
    if (!t->unusual->data[from]) {
      count_alarms (e, t, channel, from, end);
      continue;
    }
    guint at = first_found (t, channel, from, end, e->threshold);
    double latency = (at - from) * t->seconds;
    e->n_events++;
    if (at < end)
      g_array_append_val (latencies, latency);
  }
}

void
anomaly_events (AnomalyEvents *e, const GPtrArray *tracks, AeChannel channel,
    double threshold)
{
  *e = (AnomalyEvents) { .threshold = threshold };
  g_autoptr (GArray) latencies = g_array_new (FALSE, FALSE, sizeof (double));
  for (guint i = 0; i < tracks->len; i++)
    count_clip (e, g_ptr_array_index (tracks, i), channel, latencies);
  e->n_found = latencies->len;
  e->latency = median (latencies);
  e->false_per_hour
      = e->usual_hours > 0 ? e->false_alarms / e->usual_hours : NAN;
}
