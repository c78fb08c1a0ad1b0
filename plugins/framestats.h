/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_FRAME_STATS_H
#define GST_AE_FRAME_STATS_H

/* Counters behind an element's `stats` property. Not locked: the element
 * guards them with its object lock. */

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  guint64 processed; /* frames through the network */
  guint64 skipped;   /* frames passed on as they came */
  guint64 dropped;   /* frames not passed on */
  gint64 total_us, max_us;
  gint64 window_start; /* monotonic time, us; 0 = no window yet */
  guint window_frames;
  gdouble fps; /* of the last full window */
} GstAeFrameStats;

/* A frame took from `start` to `end` (g_get_monotonic_time()). */
void gst_ae_frame_stats_add (GstAeFrameStats *stats, gint64 start, gint64 end);

/* A new structure with processed, skipped, dropped (uint64), avg-us, max-us
 * (uint64) and fps (double). */
GstStructure *gst_ae_frame_stats_structure (
    const GstAeFrameStats *stats, const gchar *name);

G_END_DECLS

#endif
