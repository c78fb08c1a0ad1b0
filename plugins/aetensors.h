/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_TENSORS_H
#define GST_AE_TENSORS_H

/* Latents as "other/tensors", the caps of NNStreamer. */

#include <ae/codec.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

#define GST_AE_TENSORS "other/tensors"
#define GST_AE_TENSORS_CAPS                                                   \
  GST_AE_TENSORS ", format = (string) static, num_tensors = (int) 1, "        \
                 "types = (string) float32"

/* Caps of such latents of pictures like these: "dimensions" has the innermost
 * first, columns:rows:channels:1; width and height are those of the picture. */
GstCaps *gst_ae_tensors_caps (
    const AeLatentImage *latents, const GstVideoInfo *video);

/* What such caps say, but for the values; width and height of the picture are
 * what the latents hold where they are not told. FALSE: these dimensions are no
 * latents, see *error. */
gboolean gst_ae_tensors_parse (const GstCaps *caps, AeLatentImage *latents,
    gint *width, gint *height, AeError *error);

gsize gst_ae_tensors_size (const AeLatentImage *latents);

G_END_DECLS

#endif
