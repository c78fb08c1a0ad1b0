/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CODEC_WALK_H
#define CODEC_WALK_H

/* Bytes that may be packets, decoded as a reader of files does it: what is no
 * packet is skipped, what cannot be decoded is left out. */

#include "codec_clip.h"

typedef struct {
  int pictures, damaged; /* damaged: slices */
  int refused;           /* packets */
  AeStatus last;         /* the last packet's answer; NEEDS_DATA: there is none */
  uint32_t sum;          /* of the last picture's pixels */
} CodecWalk;

/* Reads every pixel: a checker of memory sees those that were not written. */
static inline uint32_t
codec_walk_sum (const AeImage *p)
{
  int chroma = (p->width + 1) / 2 * ((p->height + 1) / 2);
  int n = p->width * p->height
      + (p->pixels == AE_PIXELS_GRAY8 ? 0 : 2 * chroma);
  uint32_t sum = 1;
  for (int i = 0; i < n; i++)
    sum = sum * 31 + p->plane[0][i];
  return sum;
}

static inline void
codec_walk_packet (CodecWalk *walk, AeDecoder *d, const AePacketInfo *info,
    const uint8_t *packet, size_t size)
{
  AeError err = { 0 };
  int damaged = 0;
  /* Frames that no key frame came before have no size. */
  AeImage out = codec_clip_picture (
      info->pixels, info->width ? info->width : 16,
      info->height ? info->height : 16);
  walk->last = ae_decoder_decode (d, packet, size, &out, &damaged, &err);
  if (walk->last == AE_OK) {
    walk->pictures++;
    walk->damaged += damaged;
    walk->sum = codec_walk_sum (&out);
  } else {
    walk->refused++;
    if (!err.text[0])
      abort ();
  }
  free (out.plane[0]);
}

/* Pictures of more pixels than `most` are left out. */
static inline CodecWalk
codec_walk (AeDecoder *d, const uint8_t *bytes, size_t size, int64_t most)
{
  CodecWalk walk = { .last = AE_ERROR_NEEDS_DATA };
  AePacketInfo info, key = { 0 };
  for (size_t at = 0; (at += ae_packet_search (bytes + at, size - at)) < size;) {
    if (ae_packet_info (&info, key.size > 0 ? &key : NULL, bytes + at,
            size - at, NULL)
        != AE_OK) {
      at++;
      continue;
    }
    size_t n = info.size < size - at ? info.size : size - at;
    if ((int64_t) info.width * info.height <= most)
      codec_walk_packet (&walk, d, &info, bytes + at, n);
    if (info.header)
      (void) ae_decoder_header (d, bytes + at, n, NULL);
    if (info.key || info.header)
      key = info;
    at += n;
  }
  return walk;
}

#endif
