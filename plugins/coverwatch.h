/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_COVER_WATCH_H
#define GST_AE_COVER_WATCH_H

/* Whether a camera shows anything at all: one that is covered, blinded or
 * without light gives pictures of one grey. Plain numbers; one thread at a
 * time. */

#include <gst/gst.h>

G_BEGIN_DECLS

/* A picture of less contrast (deviation of its luma in 8-bit grey levels) shows
 * nothing; a camera that shows nothing for so long is covered. */
#define GST_AE_COVER_CONTRAST 2.0
#define GST_AE_COVER_TIME GST_SECOND

/* All zero: nothing was seen yet. */
typedef struct {
  gboolean covered;
  gboolean empty;     /* the last picture showed nothing */
  GstClockTime since; /* running time of the first of these */
} GstAeCoverWatch;

/* The next picture's contrast, at a running time that does not fall. TRUE:
 * `covered` is another now. */
gboolean gst_ae_cover_watch_step (
    GstAeCoverWatch *watch, gdouble contrast, GstClockTime time);

/* The next picture does not follow; what is covered stays so until one shows
 * something. */
void gst_ae_cover_watch_cut (GstAeCoverWatch *watch);

G_END_DECLS

#endif
