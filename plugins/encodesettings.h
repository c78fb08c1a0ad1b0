/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_ENCODE_SETTINGS_H
#define GST_AE_ENCODE_SETTINGS_H

/* What the user of `aeencode` asks for: the element's properties as a plain
 * struct. */

#include "codecsettings.h"

G_BEGIN_DECLS

/* Each member is the property of that name. */
typedef struct {
  GstAeCodecSettings codec; /* and, by tune, its bundled model */
  gdouble quality, psnr;
  guint bitrate, key_int_max, vbv_buf_capacity;
  gboolean intra_refresh;
  AeCodecSpeed speed_preset;
} GstAeEncodeSettings;

/* Frames in which the picture is refreshed where key-int-max is 0. */
#define GST_AE_ENCODE_REFRESH 60

void gst_ae_encode_settings_init (GstAeEncodeSettings *settings);
void gst_ae_encode_settings_clear (GstAeEncodeSettings *settings);

void gst_ae_encode_settings_install (GObjectClass *object);

/* FALSE: the number is none of these. Not locked. */
gboolean gst_ae_encode_settings_set (
    GstAeEncodeSettings *settings, guint id, const GValue *value);
gboolean gst_ae_encode_settings_get (
    const GstAeEncodeSettings *settings, guint id, GValue *value);

G_END_DECLS

#endif
