/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "framestats.h"

/* Frames per second are counted over windows of this length. */
#define WINDOW_US G_USEC_PER_SEC

void
gst_ae_frame_stats_add (GstAeFrameStats *stats, gint64 start, gint64 end)
{
  stats->processed++;
  stats->total_us += end - start;
  stats->max_us = MAX (stats->max_us, end - start);

  if (stats->window_start == 0)
    stats->window_start = start;
  stats->window_frames++;
  gint64 length = end - stats->window_start;
  gboolean full = length >= WINDOW_US;
  /* Until the first window is full, what there is of it counts. */
  if (full || stats->processed == stats->window_frames)
    stats->fps = stats->window_frames * (gdouble) G_USEC_PER_SEC
        / MAX (length, 1);
  if (full) {
    stats->window_start = end;
    stats->window_frames = 0;
  }
}

GstStructure *
gst_ae_frame_stats_structure (const GstAeFrameStats *stats, const gchar *name)
{
  guint64 avg = stats->processed > 0
      ? (guint64) stats->total_us / stats->processed
      : 0;

  return gst_structure_new (name,
      "processed", G_TYPE_UINT64, stats->processed,
      "skipped", G_TYPE_UINT64, stats->skipped,
      "dropped", G_TYPE_UINT64, stats->dropped,
      "avg-us", G_TYPE_UINT64, avg,
      "max-us", G_TYPE_UINT64, (guint64) stats->max_us,
      "fps", G_TYPE_DOUBLE, stats->fps,
      NULL);
}
