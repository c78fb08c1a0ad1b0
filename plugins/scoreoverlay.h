/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_SCORE_OVERLAY_H
#define GST_AE_SCORE_OVERLAY_H

/* Draws scores into frames of every format of aeframe.h, in place. */

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Reddens the cells the more, the higher their score: columns x rows of them
 * over the picture, row by row, 0 to 1. */
void gst_ae_overlay_heatmap (
    GstVideoFrame *frame, const gfloat *grid, gint columns, gint rows);

/* A bar with the score (0 to 1) and a mark at the threshold in the upper left
 * corner, the number beside it where there is room; red at the threshold and
 * above, else green. */
void gst_ae_overlay_score (
    GstVideoFrame *frame, gdouble score, gdouble threshold);

G_END_DECLS

#endif
