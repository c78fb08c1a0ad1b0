/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_LEVEL_CONTROL_H
#define GST_AE_LEVEL_CONTROL_H

/* Which level of quality makes packets of a given mean size, or pictures of a
 * given PSNR: what the last ones took, or had, is the guess for the next.
 *
 * Sizes: what is owed is paid back over some frames. Packets go through a leaky
 * bucket, which the bitrate empties, and which never runs over. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gdouble level[2]; /* of the next delta frame, and key frame */
  gdouble cost[2];  /* bits that they take at level 0, about; 0: not known */
  gdouble owed;     /* bits taken beyond the mean so far */
  gdouble bucket;   /* bits in it */
  gdouble wanted;   /* bits for the frame that is coded now */
  gdouble mean;     /* bits that a frame may take */
  gboolean key;     /* it is one */
  gboolean measured; /* a delta frame's PSNR was told: how far its level is from
                        key frames' is known */
} GstAeLevelControl;

void gst_ae_level_control_start (GstAeLevelControl *control);

/* The level, 0..255, for the next frame, when frames may take so many bits on
 * the mean, which leave the bucket before each frame. */
gint gst_ae_level_control_level (
    GstAeLevelControl *control, gdouble bits_per_frame, gboolean key);

/* Bits that a bucket of that size has still room for. */
gdouble gst_ae_level_control_room (
    const GstAeLevelControl *control, gdouble bucket_size);

/* What it took at which level, and whether it became a key frame; without a level
 * that was asked for before, nothing happens. */
void gst_ae_level_control_coded (
    GstAeLevelControl *control, gdouble bits, gint level, gboolean key);

/* The level for the next frame when a PSNR is wanted. */
gint gst_ae_level_control_psnr_level (
    const GstAeLevelControl *control, gboolean key);

/* What its PSNR was. Whether the level is to be trusted: the difference is
 * small, or no level makes it smaller. */
gboolean gst_ae_level_control_measured (GstAeLevelControl *control,
    gdouble psnr, gdouble wanted, gboolean key);

G_END_DECLS

#endif
