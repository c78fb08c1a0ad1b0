/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_LEVEL_CONTROL_H
#define GST_AE_LEVEL_CONTROL_H

/* Which level of quality makes packets of a given mean size: what the last ones
 * took is the guess for the next, and what is owed is paid back over some
 * frames. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gdouble level[2]; /* of the next delta frame, and key frame */
  gdouble owed;     /* bits taken beyond the mean so far */
  gdouble wanted;   /* bits for the frame that is coded now */
  gdouble mean;     /* bits that a frame may take */
  gboolean key;     /* it is one */
} GstAeLevelControl;

void gst_ae_level_control_start (GstAeLevelControl *control);

/* The level, 0..255, for the next frame, when frames may take so many bits on
 * the mean. */
gint gst_ae_level_control_level (
    GstAeLevelControl *control, gdouble bits_per_frame, gboolean key);

/* What it took, and whether it became a key frame; without the call above
 * before, nothing happens. */
void gst_ae_level_control_coded (
    GstAeLevelControl *control, gdouble bits, gboolean key);

G_END_DECLS

#endif
