/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: any bytes are a coded stream. Packets that are found must
 * lie within it, and be the same when they are written and read again; then the
 * bytes are decoded, as they are and with right checksums. */
#include "fuzz_codec.h"

#include "codec/packet.h"
#include "codec_mend.h"
#include "codec_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PIXELS (256 * 256)

static void
require (bool ok, const char *what)
{
  if (ok)
    return;
  fprintf (stderr, "%s\n", what);
  abort ();
}

static bool
same_packets (const AePacket *a, const AePacket *b)
{
  return a->key == b->key && a->has_pts == b->has_pts
      && (!a->has_pts || a->pts == b->pts) && a->format == b->format
      && a->level == b->level && a->width == b->width
      && a->height == b->height && a->number == b->number
      && a->duration == b->duration && a->n_slices == b->n_slices
      && memcmp (a->model_id, b->model_id, sizeof a->model_id) == 0
      && a->refresh.on == b->refresh.on
      && a->refresh.level == b->refresh.level
      && a->refresh.begin == b->refresh.begin
      && a->refresh.end == b->refresh.end
      && memcmp (a->colour, b->colour, sizeof a->colour) == 0;
}

static void
write_and_read (const AePacket *p, const AePacket *key, const AeSlice *slices)
{
  static AeSlice back[AE_PACKET_MAX_SLICES];
  AePacket written = *p, read;
  uint8_t *to = malloc (ae_packet_bound (slices, p->n_slices));
  ae_packet_write (&written, key, slices, to);
  require (ae_packet_read (&read, key, to, written.size, NULL) == AE_OK
          && same_packets (p, &read),
      "a written packet reads back different");
  require (ae_packet_slices (&read, to, written.size, back) == p->n_slices,
      "a written slice is not read");
  for (int i = 0; i < p->n_slices; i++)
    require (back[i].size == slices[i].size
            && memcmp (back[i].data, slices[i].data, back[i].size) == 0,
        "a written slice reads back different");
  free (to);
}

static void
check_slices (const AePacket *p, const AePacket *key, const uint8_t *bytes,
    size_t size)
{
  static AeSlice slices[AE_PACKET_MAX_SLICES];
  int whole = 0;
  require (p->header <= size && p->n_slices <= AE_PACKET_MAX_SLICES,
      "a header is longer than what it was read from");
  int said = ae_packet_slices (p, bytes, size, slices);
  for (int i = 0; i < p->n_slices; i++) {
    const uint8_t *data = slices[i].data;
    whole += data != NULL;
    require (data ? data >= bytes + p->header && data <= bytes + size
                && slices[i].size <= (size_t) (bytes + size - data)
                  : slices[i].size == 0,
        "a slice lies outside its packet");
  }
  require (whole == said, "whole slices are counted wrong");
  if (whole == p->n_slices && (p->key || key))
    write_and_read (p, key, slices);
}

/* Every packet that can be found, also within others. */
static void
parse (const uint8_t *bytes, size_t size)
{
  AePacket p, key;
  bool has_key = false;
  for (size_t at = 0; at < size; at++) {
    size_t step = ae_packet_find (bytes + at, size - at);
    require (step <= size - at, "a packet is found behind the end");
    at += step;
    const AePacket *last = has_key ? &key : NULL;
    if (ae_packet_read (&p, last, bytes + at, size - at, NULL) != AE_OK)
      continue;
    check_slices (&p, last, bytes + at, size - at);
    if (p.key) {
      key = p;
      has_key = true;
    }
  }
}

static AeCodec *
shared_codec (void)
{
  static AeCodec *codec;
  if (!codec) {
    AeModel *model = codec_net (FUZZ_CODEC_LATENTS);
    codec_net_must (ae_codec_new (&codec, model, NULL));
    ae_model_unref (&model);
  }
  return codec;
}

static CodecWalk
decode (const uint8_t *bytes, size_t size, bool checksums)
{
  AeCodecOptions options = { .n_threads = 1 };
  CodecMend mend = { .checksums = checksums };
  AeDecoder *decoder;
  uint8_t *own = malloc (size + 1);
  memcpy (own, bytes, size);
  ae_codec_id (shared_codec (), mend.id);
  codec_mend (&mend, own, size);
  codec_net_must (ae_decoder_new (&decoder, shared_codec (), &options, NULL));
  CodecWalk walk = codec_walk (decoder, own, size, MAX_PIXELS);
  ae_decoder_free (&decoder);
  free (own);
  return walk;
}

AeStatus
fuzz_codec_answer (const uint8_t *bytes, size_t size)
{
  return decode (bytes, size, false).last;
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  parse (bytes, size);
  decode (bytes, size, false);
  decode (bytes, size, true);
  return 0;
}
