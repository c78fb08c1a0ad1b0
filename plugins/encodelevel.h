/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_ENCODE_LEVEL_H
#define GST_AE_ENCODE_LEVEL_H

/* How aeencode codes a frame so that it is as the properties ask: the level of
 * quality, the size that it may have, and coding again until it fits. */

#include "encodesettings.h"
#include "levelcontrol.h"

G_BEGIN_DECLS

/* What the properties ask of a frame. */
typedef struct {
  gdouble quality, psnr;
  guint bitrate, key_int_max, vbv_buf_capacity;
  guint refresh; /* frames of a sweep, 0 = there are key frames */
} GstAeEncodeWanted;

/* Not locked. */
GstAeEncodeWanted gst_ae_encode_wanted (const GstAeEncodeSettings *settings);

/* Sets info's level, most_size and measure; its `key` is read. fps: frames per
 * second. */
void gst_ae_encode_set_level (const GstAeEncodeWanted *wanted,
    GstAeLevelControl *control, gdouble fps, AePacketInfo *info);

/* As ae_encoder_encode; a key frame is coded until it has the PSNR that is
 * wanted. */
AeStatus gst_ae_encode_image (const GstAeEncodeWanted *wanted,
    GstAeLevelControl *control, AeEncoder *encoder, const AeImage *image,
    AePacketInfo *info, const guint8 **packet, AeError *error);

G_END_DECLS

#endif
