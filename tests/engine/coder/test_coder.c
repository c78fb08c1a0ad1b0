/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "codec_net.h"
#include "codec_pair.h"

#include "codec/packet.h"
#include "util/rng.h"

#include <ae/codec.h>

#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LATENTS 200

/* A picture that owns its planes. */
typedef struct {
  AeImage image;
  uint8_t *bytes;
} Owned;

static Owned
make_picture (AePixels pixels, int width, int height, int shift)
{
  Owned o = { .image = { .pixels = pixels, .width = width,
                  .height = height } };
  int cw = (width + 1) / 2, ch = (height + 1) / 2;
  size_t luma = (size_t) width * height, chroma = (size_t) cw * ch;
  o.bytes = calloc (luma + 2 * chroma, 1);
  o.image.plane[0] = o.bytes;
  o.image.stride[0] = width;
  for (int i = 1; i < 3; i++) {
    o.image.plane[i] = o.bytes + luma + (size_t) (i - 1) * chroma;
    o.image.stride[i] = cw;
  }
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      o.bytes[y * width + x] = (uint8_t) (128
          + 60 * sin ((x + shift) * 0.11) * cos (y * 0.07)
          + ((x + shift) / 24 + y / 24) % 2 * 30);
  for (size_t i = 0; i < 2 * chroma; i++)
    o.bytes[luma + i] = (uint8_t) (110 + 20 * sin ((double) i * 0.01));
  return o;
}

static double
psnr (const Owned *a, const Owned *b)
{
  double sum = 0;
  int n = a->image.width * a->image.height;
  for (int i = 0; i < n; i++)
    sum += (a->bytes[i] - b->bytes[i]) * (a->bytes[i] - b->bytes[i]);
  return sum > 0 ? 10 * log10 (65025.0 * n / sum) : 99;
}

static CodecPair
open_pair (AePixels pixels, int width, int height)
{
  AeImage format = { .pixels = pixels, .width = width, .height = height };
  return codec_pair_open (codec_net (LATENTS), &format);
}

static const int sizes[][2]
    = { { 1, 1 }, { 16, 16 }, { 37, 129 }, { 64, 48 }, { 160, 145 } };

/* A cosine transform at fine steps keeps pictures; what the networks beside it
 * add is noise, as they were not trained. */
START_TEST (test_pictures_come_back)
{
  for (int grey = 0; grey < 2; grey++) {
    AePixels pixels = grey ? AE_PIXELS_GRAY8 : AE_PIXELS_I420;
    int width = sizes[_i][0], height = sizes[_i][1];
    CodecPair p = open_pair (pixels, width, height);
    for (int frame = 0; frame < 4; frame++) {
      Owned in = make_picture (pixels, width, height, 3 * frame);
      Owned out = make_picture (pixels, width, height, 50);
      AePacketInfo info = { .level = 255, .has_pts = true,
        .pts = 40000000ull * (uint64_t) frame, .colour = { 1, 6, 1, 1 } };
      codec_pair_code (&p, &in.image, &info, &out.image);
      ck_assert (info.key == (frame == 0));
      ck_assert_uint_eq (info.number, frame);
      ck_assert_int_eq (info.width, width);
      ck_assert (info.pixels == pixels);
      ck_assert_double_gt (psnr (&in, &out), 29);
      free (in.bytes);
      free (out.bytes);
    }
    codec_pair_close (&p);
  }
}
END_TEST

/* Bytes grow with the level; a still picture costs next to nothing after the
 * key frame. */
START_TEST (test_levels_and_still_pictures)
{
  CodecPair p = open_pair (AE_PIXELS_I420, 160, 145);
  Owned in = make_picture (AE_PIXELS_I420, 160, 145, 0);
  size_t before = 0;
  AeError err;
  for (int level = 0; level <= 255; level += 255) {
    AePacketInfo info = { .key = true, .level = level };
    const uint8_t *packet;
    ck_assert_int_eq (ae_encoder_encode (
        p.encoder, &in.image, &info, &packet, &err), AE_OK);
    ck_assert_uint_gt (info.size, before);
    before = info.size;
    AePacketInfo still = { .level = level };
    for (int i = 0; i < 2; i++) { /* the first mends the key frame */
      ck_assert_int_eq (ae_encoder_encode (
          p.encoder, &in.image, &still, &packet, &err), AE_OK);
      ck_assert (!still.key);
    }
    ck_assert_uint_lt (still.size, 52 + 2 * 60);
  }
  free (in.bytes);
  codec_pair_close (&p);
}
END_TEST

/* Another level rescales what is predicted, on both sides alike. */
START_TEST (test_levels_change_between_deltas)
{
  static const int levels[] = { 120, 140, 90, 255, 0, 130 };
  CodecPair p = open_pair (AE_PIXELS_I420, 64, 48);
  for (int i = 0; i < 6; i++) {
    Owned in = make_picture (AE_PIXELS_I420, 64, 48, i);
    Owned out = make_picture (AE_PIXELS_I420, 64, 48, 99);
    AePacketInfo info = { .level = levels[i] };
    codec_pair_code (&p, &in.image, &info, &out.image);
    ck_assert_double_gt (psnr (&in, &out), 18 + levels[i] * 0.04);
    free (in.bytes);
    free (out.bytes);
  }
  codec_pair_close (&p);
}
END_TEST

/* Damaged slices are told and taken from before; a lost frame is told; a key
 * frame mends everything. */
START_TEST (test_damage_is_told_and_mended)
{
  CodecPair p = open_pair (AE_PIXELS_I420, 160, 300);
  Owned out = make_picture (AE_PIXELS_I420, 160, 300, 99);
  AeError err = { 0 };
  int damaged;
  for (int i = 0; i < 6; i++) {
    Owned in = make_picture (AE_PIXELS_I420, 160, 300, i);
    AePacketInfo info = { .level = 200, .key = i == 4 };
    const uint8_t *packet;
    ck_assert_int_eq (ae_encoder_encode (
        p.encoder, &in.image, &info, &packet, &err), AE_OK);
    uint8_t *copy = malloc (info.size);
    memcpy (copy, packet, info.size);
    AeStatus wanted = AE_OK;
    int bad = 0;
    if (i == 1) {
      copy[info.size - 3] ^= 1; /* in the last slice */
      bad = 1;
    }
    if (i == 3)
      wanted = AE_ERROR_NEEDS_DATA; /* the second was not decoded */
    if (i != 2) {
      ck_assert_int_eq (ae_decoder_decode (p.decoder, copy, info.size,
          &out.image, &damaged, &err), wanted);
      if (wanted == AE_OK)
        ck_assert_int_eq (damaged, bad);
    }
    if (i >= 4)
      ck_assert_double_gt (psnr (&in, &out), 27);
    free (copy);
    free (in.bytes);
  }
  free (out.bytes);
  codec_pair_close (&p);
}
END_TEST

START_TEST (test_other_models_and_sizes_are_refused)
{
  CodecPair p = open_pair (AE_PIXELS_I420, 64, 48);
  AeModel *other_model = codec_net (LATENTS - 16);
  AeCodec *other;
  AeDecoder *decoder;
  AeError err;
  ck_assert_int_eq (ae_codec_new (&other, other_model, &err), AE_OK);
  ck_assert_int_eq (ae_decoder_new (&decoder, other, NULL, &err), AE_OK);
  Owned in = make_picture (AE_PIXELS_I420, 64, 48, 0);
  Owned small = make_picture (AE_PIXELS_I420, 64, 46, 0);
  AePacketInfo info = { .level = 100 };
  const uint8_t *packet;
  int damaged;
  char id[17];
  ck_assert_int_eq (ae_encoder_encode (
      p.encoder, &in.image, &info, &packet, &err), AE_OK);
  ck_assert_int_eq (ae_decoder_decode (decoder, packet, info.size, &in.image,
      &damaged, &err), AE_ERROR_FORMAT);
  for (int i = 0; i < 2; i++) {
    memcpy (id, ae_model_id (i ? p.model : other_model), 16);
    id[16] = '\0';
    ck_assert_msg (strstr (err.text, id) != NULL, "%s", err.text);
  }
  ck_assert_int_eq (ae_decoder_decode (p.decoder, packet, info.size,
      &small.image, &damaged, &err), AE_ERROR_SHAPE);
  free (in.bytes);
  free (small.bytes);
  ae_decoder_free (&decoder);
  ae_codec_unref (&other);
  ae_model_unref (&other_model);
  codec_pair_close (&p);
}
END_TEST

/* Every truncation decodes to something or says what is wrong: at first that
 * there is no whole slice, from which no picture could begin. */
START_TEST (test_truncated_packets)
{
  bool whole = _i;
  CodecPair p = open_pair (AE_PIXELS_GRAY8, 48, 33);
  Owned in = make_picture (AE_PIXELS_GRAY8, 48, 33, 0);
  AePacketInfo info = { .level = 60 };
  const uint8_t *packet;
  int damaged;
  AeError err;
  ck_assert_int_eq (ae_encoder_encode (
      p.encoder, &in.image, &info, &packet, &err), AE_OK);
  if (whole)
    ck_assert_int_eq (ae_decoder_decode (p.decoder, packet, info.size,
        &in.image, &damaged, &err), AE_OK);
  for (size_t cut = 0; cut < info.size; cut++) {
    uint8_t *exact = malloc (cut + 1);
    memcpy (exact, packet, cut);
    AeStatus status = ae_decoder_decode (
        p.decoder, exact, cut, &in.image, &damaged, &err);
    ck_assert_int_eq (status,
        cut < AE_PACKET_INFO_SIZE ? AE_ERROR_NEEDS_DATA
            : whole               ? AE_OK
                                  : AE_ERROR_FORMAT);
    if (status == AE_OK)
      ck_assert_int_eq (damaged, 1);
    free (exact);
  }
  free (in.bytes);
  codec_pair_close (&p);
}
END_TEST

/* The packet with other payloads of the same sizes, and right checksums. */
static void
write_payloads (AePacket *key, const uint8_t *packet, size_t size, AeRng *rng,
    uint8_t *to)
{
  AePacket p;
  AeSlice slices[AE_PACKET_MAX_SLICES];
  uint8_t *copy = malloc (size);
  ck_assert_int_eq (ae_packet_read (&p, key, packet, size, NULL), AE_OK);
  ae_packet_slices (&p, packet, size, slices);
  memcpy (copy, packet, size);
  for (int i = 0; i < p.n_slices; i++) {
    size_t at = (size_t) (slices[i].data - packet);
    for (int k = 0; k < 3; k++)
      copy[at + (size_t) (ae_rng_uniform (rng) * 0.999f
                    * (float) slices[i].size)]
          = (uint8_t) (ae_rng_uniform (rng) * 255);
    slices[i].data = copy + at;
  }
  ae_packet_write (&p, key, slices, to);
  ck_assert_uint_eq (p.size, size);
  if (p.key)
    *key = p;
  free (copy);
}

/* Whatever the entropy coder reads, of key frames and of changes, becomes a
 * picture. */
START_TEST (test_any_payload)
{
  CodecPair p = open_pair (AE_PIXELS_I420, 96, 112);
  AePacket key;
  AeError err;
  AeRng rng;
  ae_rng_seed (&rng, 8);
  Owned out = make_picture (AE_PIXELS_I420, 96, 112, 99);
  for (int frame = 0; frame < 60; frame++) {
    Owned in = make_picture (AE_PIXELS_I420, 96, 112, frame);
    AePacketInfo info = { .level = frame * 4, .key = frame % 3 == 0 };
    const uint8_t *packet;
    int damaged;
    ck_assert_int_eq (ae_encoder_encode (
        p.encoder, &in.image, &info, &packet, &err), AE_OK);
    uint8_t *other = malloc (info.size);
    write_payloads (&key, packet, info.size, &rng, other);
    ck_assert_msg (ae_decoder_decode (p.decoder, other, info.size,
                       &out.image, &damaged, &err)
            == AE_OK,
        "%s", err.text);
    free (other);
    free (in.bytes);
  }
  free (out.bytes);
  codec_pair_close (&p);
}
END_TEST

/* No packet is larger than asked for, from the quality that was asked for down
 * to nothing; decoders keep up. */
START_TEST (test_sizes_have_a_limit)
{
  static const size_t limits[] = { 0, 110, 100, 80, 60, 50 };
  CodecPair p = open_pair (AE_PIXELS_I420, 80, 64);
  Owned out = make_picture (AE_PIXELS_I420, 80, 64, 0);
  size_t free_size = 0;
  for (int frame = 0; frame < 14; frame++) {
    Owned in = make_picture (AE_PIXELS_I420, 80, 64, 3 * frame);
    AePacketInfo info = { .level = 200,
      .most_size = frame == 0 ? 0 : limits[frame % 6] };
    codec_pair_code (&p, &in.image, &info, &out.image);
    ck_assert (info.key == (frame == 0));
    if (info.most_size > 0)
      ck_assert_uint_le (info.size, info.most_size);
    else if (!info.key)
      free_size = info.size;
    free (in.bytes);
  }
  ck_assert_uint_gt (free_size, 110);
  free (out.bytes);
  codec_pair_close (&p);
}
END_TEST

/* Key frames and changes, odd sizes: what is measured is what decoders show. */
START_TEST (test_psnr_is_measured)
{
  CodecPair p = open_pair (AE_PIXELS_I420, 75, 61);
  Owned out = make_picture (AE_PIXELS_I420, 75, 61, 0);
  for (int frame = 0; frame < 8; frame++) {
    Owned in = make_picture (AE_PIXELS_I420, 75, 61, 3 * frame);
    AePacketInfo info = { .level = 30 * frame, .measure = true,
      .key = frame % 3 == 0 };
    codec_pair_code (&p, &in.image, &info, &out.image);
    ck_assert_double_le (fabs (info.psnr - psnr (&in, &out)), 0.01);
    free (in.bytes);
  }
  free (out.bytes);
  codec_pair_close (&p);
}
END_TEST

static Suite *
coder_suite (void)
{
  Suite *suite = suite_create ("coder");
  TCase *tcase = tcase_create ("coder");
  tcase_add_loop_test (tcase, test_pictures_come_back, 0, 5);
  tcase_add_test (tcase, test_levels_and_still_pictures);
  tcase_add_test (tcase, test_levels_change_between_deltas);
  tcase_add_test (tcase, test_damage_is_told_and_mended);
  tcase_add_test (tcase, test_other_models_and_sizes_are_refused);
  tcase_add_loop_test (tcase, test_truncated_packets, 0, 2);
  tcase_add_test (tcase, test_any_payload);
  tcase_add_test (tcase, test_sizes_have_a_limit);
  tcase_add_test (tcase, test_psnr_is_measured);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (coder_suite)
