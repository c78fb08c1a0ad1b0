/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "coder.h"

#include "aetool.h"

static const double levels[]
    = { 0, 30, 60, 90, 120, 150, 180, 210, 235, 255, -1 };

void
coded_clear (Coded *coded)
{
  g_clear_pointer (&coded->decoded, g_ptr_array_unref);
}

void
coder_free (Coder *coder)
{
  g_free (coder->name);
  ae_codec_unref (&coder->codec);
  g_free (coder);
}

typedef struct {
  AeEncoder *encoder;
  AeDecoder *decoder;
} Pair;

static AeStatus
code_picture (const Pair *pair, const Picture *picture, AePacketInfo *info,
    Coded *coded, AeError *err)
{
  const uint8_t *packet;
  int damaged;
  AeImage in = picture_image (picture);
  gint64 start = g_get_monotonic_time ();
  AeStatus status
      = ae_encoder_encode (pair->encoder, &in, info, &packet, err);
  gint64 middle = g_get_monotonic_time ();
  if (status != AE_OK)
    return status;
  Picture *out
      = picture_new (picture->format, picture->width, picture->height);
  AeImage to = picture_image (out);
  g_ptr_array_add (coded->decoded, out);
  coded->bytes += info->size;
  coded->encode_ms += (double) (middle - start) / 1e3;
  status = ae_decoder_decode (
      pair->decoder, packet, info->size, &to, &damaged, err);
  coded->decode_ms += (double) (g_get_monotonic_time () - middle) / 1e3;
  return status;
}

static AeStatus
code_all (Coder *coder, const Pair *pair, const Pictures *pictures, int level,
    Coded *coded, AeError *err)
{
  AeImage format = picture_image (g_ptr_array_index (pictures, 0));
  AeStatus status = ae_encoder_bind (pair->encoder, &format, err);
  for (guint i = 0; status == AE_OK && i < pictures->len; i++) {
    AePacketInfo info
        = { .level = level, .key = i % coder->key_interval == 0 };
    if (info.key && pictures->len > 1 && coder->key_interval > 1)
      info.level = ae_encoder_key_level (level);
    status = code_picture (
        pair, g_ptr_array_index (pictures, i), &info, coded, err);
  }
  coded->encode_ms /= pictures->len;
  coded->decode_ms /= pictures->len;
  return status;
}

static gboolean
run_ours (Coder *coder, const Pictures *pictures, double quality,
    Coded *coded, GError **error)
{
  Pair pair = { NULL, NULL };
  AeError err;
  *coded = (Coded){ .decoded = pictures_new () };
  AeStatus status
      = ae_encoder_new (&pair.encoder, coder->codec, &coder->options, &err);
  if (status == AE_OK)
    status
        = ae_decoder_new (&pair.decoder, coder->codec, &coder->options, &err);
  if (status == AE_OK)
    status = code_all (coder, &pair, pictures, (int) quality, coded, &err);
  ae_encoder_free (&pair.encoder);
  ae_decoder_free (&pair.decoder);
  if (status == AE_OK)
    return TRUE;
  coded_clear (coded);
  aetool_set_error (error, &err);
  return FALSE;
}

Coder *
coder_ours (const char *name, AeCodec *codec, const AeCodecOptions *options,
    guint key_interval)
{
  Coder *coder = g_new0 (Coder, 1);
  coder->name = g_strdup (name);
  coder->qualities = levels;
  coder->run = run_ours;
  coder->codec = ae_codec_ref (codec);
  coder->options = *options;
  coder->key_interval = key_interval;
  return coder;
}
