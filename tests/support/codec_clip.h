/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CODEC_CLIP_H
#define CODEC_CLIP_H

/* A texture that moves, coded: packets, one after the other. */

#include "codec_net.h"
#include "texture.h"

#include <ae/codec.h>

#include <string.h>

#define CODEC_CLIP_FRAMES 16

typedef struct {
  AePixels pixels;
  int width, height;
  int frames, key_every;
  int level;
  bool header; /* a packet without a frame comes first */
  int refresh; /* frames of a sweep, 0 = there is none */
} CodecClipShape;

typedef struct {
  uint8_t *bytes;
  size_t size;
  size_t at[CODEC_CLIP_FRAMES + 2]; /* where packets begin, and the end */
  int n;                            /* packets */
} CodecClip;

/* A picture of I420 or GRAY8 that owns its planes: to be freed with free of
 * plane[0]. */
static inline AeImage
codec_clip_picture (AePixels pixels, int width, int height)
{
  AeImage p = { .pixels = pixels, .width = width, .height = height };
  int cw = (width + 1) / 2, ch = (height + 1) / 2;
  size_t luma = (size_t) width * height, chroma = (size_t) cw * ch;
  bool grey = pixels == AE_PIXELS_GRAY8;
  p.plane[0] = malloc (luma + (grey ? 0 : 2 * chroma));
  p.stride[0] = width;
  for (int i = 1; i < 3 && !grey; i++) {
    p.plane[i] = p.plane[0] + luma + (size_t) (i - 1) * chroma;
    p.stride[i] = cw;
  }
  return p;
}

/* By integers but for the texture's own arithmetic; the lower half moves the
 * other way. */
static inline void
codec_clip_draw (const AeImage *p, int frame)
{
  int planes = p->pixels == AE_PIXELS_GRAY8 ? 1 : 3;
  for (int i = 0; i < planes; i++) {
    int w = i ? (p->width + 1) / 2 : p->width;
    int h = i ? (p->height + 1) / 2 : p->height;
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++) {
        int shift = y < h / 2 ? 2 * frame : -3 * frame;
        float value = texture_at (x + shift, y + frame, 7 + (uint32_t) i);
        p->plane[i][y * w + x] = (uint8_t) (255 * value);
      }
  }
}

static inline void
codec_clip_add (CodecClip *clip, const uint8_t *packet, size_t size)
{
  clip->bytes = realloc (clip->bytes, clip->size + size);
  memcpy (clip->bytes + clip->size, packet, size);
  clip->size += size;
  clip->at[++clip->n] = clip->size;
}

static inline CodecClip
codec_clip (AeCodec *codec, const CodecClipShape *s)
{
  CodecClip clip = { .n = 0 };
  AeCodecOptions options = { .n_threads = 1 };
  AeImage p = codec_clip_picture (s->pixels, s->width, s->height);
  AeEncoder *encoder;
  const uint8_t *packet;
  codec_net_must (ae_encoder_new (&encoder, codec, &options, NULL));
  codec_net_must (ae_encoder_bind (encoder, &p, NULL));
  for (int i = s->header ? -1 : 0; i < s->frames; i++) {
    AePacketInfo info = { .level = s->level, .key = i % s->key_every == 0,
      .has_pts = true, .pts = 40000000ull * (uint64_t) (i < 0 ? 0 : i),
      .duration = 40000000, .colour = { 1, 6, 1, 1 },
      .refresh = s->refresh };
    if (i < 0) {
      codec_net_must (ae_encoder_header (encoder, &info, &packet, NULL));
    } else {
      codec_clip_draw (&p, i);
      codec_net_must (ae_encoder_encode (encoder, &p, &info, &packet, NULL));
    }
    codec_clip_add (&clip, packet, info.size);
  }
  ae_encoder_free (&encoder);
  free (p.plane[0]);
  return clip;
}

#endif
