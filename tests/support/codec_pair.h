/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CODEC_PAIR_H
#define CODEC_PAIR_H

/* An encoder and a decoder of one codec. */

#include "ae_test.h"

#include <ae/codec.h>

#include "util/mem.h"

typedef struct {
  AeModel *model;
  AeCodec *codec;
  AeEncoder *encoder;
  AeDecoder *decoder;
} CodecPair;

/* Takes the model. */
static inline CodecPair
codec_pair_open (AeModel *model, const AeImage *format)
{
  CodecPair p = { .model = model };
  AeError err;
  AeCodecOptions options = { .n_threads = 2 };
  ck_assert_msg (
      ae_codec_new (&p.codec, p.model, &err) == AE_OK, "%s", err.text);
  ck_assert_int_eq (
      ae_encoder_new (&p.encoder, p.codec, &options, &err), AE_OK);
  ck_assert_int_eq (
      ae_decoder_new (&p.decoder, p.codec, &options, &err), AE_OK);
  ck_assert_msg (ae_encoder_bind (p.encoder, format, &err) == AE_OK, "%s",
      err.text);
  return p;
}

static inline void
codec_pair_close (CodecPair *p)
{
  ae_encoder_free (&p->encoder);
  ae_decoder_free (&p->decoder);
  ae_codec_unref (&p->codec);
  ae_model_unref (&p->model);
  ck_assert_int_eq (ae_mem_live (), 0);
}

/* Codes a picture, which comes back whole. */
static inline void
codec_pair_code (
    const CodecPair *p, const AeImage *in, AePacketInfo *info, AeImage *out)
{
  const uint8_t *packet;
  int damaged;
  AeError err;
  ck_assert_msg (
      ae_encoder_encode (p->encoder, in, info, &packet, &err) == AE_OK, "%s",
      err.text);
  ck_assert_msg (ae_decoder_decode (p->decoder, packet, info->size, out,
                     &damaged, &err)
          == AE_OK,
      "%s", err.text);
  ck_assert_int_eq (damaged, 0);
}

#endif
