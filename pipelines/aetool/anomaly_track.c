/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SMOOTH_SECONDS 0.5

AnomalyTrack *
anomaly_track_new (const char *name, double seconds)
{
  AnomalyTrack *t = g_new0 (AnomalyTrack, 1);
  t->name = g_strdup (name);
  t->seconds = seconds;
  for (int c = 0; c < AE_N_CHANNELS; c++)
    t->score[c] = g_array_new (FALSE, FALSE, sizeof (float));
  t->sure = g_array_new (FALSE, FALSE, sizeof (float));
  t->ready = g_byte_array_new ();
  t->unusual = g_byte_array_new ();
  return t;
}

void
anomaly_track_free (AnomalyTrack *t)
{
  g_free (t->name);
  for (int c = 0; c < AE_N_CHANNELS; c++)
    g_array_unref (t->score[c]);
  g_array_unref (t->sure);
  g_byte_array_unref (t->ready);
  g_byte_array_unref (t->unusual);
  g_free (t);
}

void
anomaly_track_add (
    AnomalyTrack *t, const AeDetection *detection, gboolean unusual)
{
  guint8 label = unusual != 0, ready = detection->ready;
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    float score = ready ? detection->score[c] : 0;
    g_array_append_val (t->score[c], score);
  }
  g_array_append_val (t->sure, detection->sure);
  g_byte_array_append (t->ready, &ready, 1);
  g_byte_array_append (t->unusual, &label, 1);
}

static int
compare (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;
  return (x > y) - (x < y);
}

GArray *
anomaly_track_smooth (const AnomalyTrack *t, AeChannel channel)
{
  guint length = anomaly_track_length (t), window = 1;
  if (t->seconds > 0)
    window = (guint) CLAMP (SMOOTH_SECONDS / t->seconds + 0.5, 1, 500);
  GArray *smooth = g_array_sized_new (FALSE, FALSE, sizeof (float), length);
  g_autofree float *sorted = g_new (float, window);
  for (guint i = 0; i < length; i++) {
    guint n = MIN (i + 1, window);
    memcpy (sorted, &anomaly_track_score (t, channel, i + 1 - n),
        n * sizeof *sorted);
    qsort (sorted, n, sizeof *sorted, compare);
    g_array_append_val (smooth, sorted[n / 2]);
  }
  return smooth;
}

guint
anomaly_track_run_end (const AnomalyTrack *t, guint from)
{
  guint length = anomaly_track_length (t), end = from;
  while (end < length && t->unusual->data[end] == t->unusual->data[from])
    end++;
  return end;
}
