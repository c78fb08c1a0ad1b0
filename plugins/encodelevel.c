/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "encodelevel.h"

#define MOST_TRIES 4 /* more, of a key frame whose PSNR is wanted */

GstAeEncodeWanted
gst_ae_encode_wanted (const GstAeEncodeSettings *s)
{
  GstAeEncodeWanted wanted = { s->quality, s->psnr, s->bitrate,
    s->key_int_max, s->vbv_buf_capacity, 0 };

  if (s->intra_refresh) {
    wanted.refresh
        = s->key_int_max > 0 ? s->key_int_max : GST_AE_ENCODE_REFRESH;
    wanted.key_int_max = 0;
  }
  if (wanted.bitrate > 0)
    wanted.psnr = 0;
  return wanted;
}

static void
set_size (const GstAeEncodeWanted *wanted, GstAeLevelControl *control,
    gdouble fps, AePacketInfo *info)
{
  info->level = gst_ae_level_control_level (
      control, wanted->bitrate * 1000.0 / fps, info->key);
  gdouble room = gst_ae_level_control_room (
      control, (gdouble) wanted->bitrate * wanted->vbv_buf_capacity);
  info->most_size = (gsize) MAX (room / 8, 1);
}

void
gst_ae_encode_set_level (const GstAeEncodeWanted *wanted,
    GstAeLevelControl *control, gdouble fps, AePacketInfo *info)
{
  if (wanted->bitrate > 0) {
    set_size (wanted, control, fps, info);
  } else if (wanted->psnr > 0) {
    info->level = gst_ae_level_control_psnr_level (control, info->key);
    info->measure = true;
  } else {
    info->level = (gint) (wanted->quality * 2.55 + 0.5);
    if (info->key && wanted->key_int_max != 1)
      info->level = ae_encoder_key_level (info->level);
  }
}

AeStatus
gst_ae_encode_image (const GstAeEncodeWanted *wanted,
    GstAeLevelControl *control, AeEncoder *encoder, const AeImage *image,
    AePacketInfo *info, const guint8 **packet, AeError *error)
{
  AePacketInfo asked = *info;

  for (guint tries = 0;; tries++) {
    *info = asked;
    AeStatus status
        = ae_encoder_encode (encoder, image, info, packet, error);
    if (status != AE_OK || !info->measure)
      return status;
    gboolean done = gst_ae_level_control_measured (
        control, info->psnr, wanted->psnr, info->key);
    if (done || !info->key || tries == MOST_TRIES)
      return status;
    asked.key = true;
    asked.level = gst_ae_level_control_psnr_level (control, TRUE);
  }
}
