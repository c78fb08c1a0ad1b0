/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_H
#define AE_CODEC_H

/* A learned video codec: pictures to packets and back, with a model of task
 * "codec". The syntax of packets is described in engine/codec/packet.h; the
 * latents in them are integers, read by integers, so that a packet means the
 * same on every machine. Encoders and decoders serve one stream each and are
 * used by one thread at a time. */

#include <ae/cpu.h>
#include <ae/image.h>
#include <ae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A model as a codec: shared by any number of encoders and decoders. */
typedef struct AeCodec AeCodec;

/* Keeps a reference to `model`. Errors: FORMAT, SHAPE (no codec, with what was
 * found and wanted), MEMORY. */
AE_API AeStatus ae_codec_new (AeCodec **out, AeModel *model, AeError *err);
AE_API AeCodec *ae_codec_ref (AeCodec *codec);
AE_API void ae_codec_unref (AeCodec **codec);

/* The first eight bytes of the model's id, which every packet holds. */
AE_API void ae_codec_id (const AeCodec *codec, uint8_t id[8]);

/* How long encoders look for movement. */
typedef enum {
  AE_SPEED_MEDIUM, /* to quarters of a pixel */
  AE_SPEED_FAST,   /* to halves */
  AE_SPEED_SLOW    /* further away, and longer */
} AeCodecSpeed;

typedef struct {
  int n_threads; /* 0 = all cores */
  AePrecision precision;
  AeCodecSpeed speed;
} AeCodecOptions;

/* What a packet says of its frame. */
typedef struct {
  bool key;           /* needs no other frame */
  bool header;        /* there is no frame: see ae_encoder_header */
  bool has_pts;
  uint64_t pts;       /* nanoseconds */
  uint32_t duration;  /* nanoseconds, 0 = not known */
  uint8_t colour[4];  /* range (1 = full), matrix, transfer, primaries, as
                         numbered by ISO/IEC 23091-2 */
  int level;          /* quality, 0 .. 255 */
  AePixels pixels;    /* AE_PIXELS_I420 or AE_PIXELS_GRAY8 */
  int width, height;
  uint32_t number;    /* counts frames */
  uint8_t model_id[8];
  size_t size;        /* bytes of the packet */
  size_t most_size;   /* that it may have, 0 = any number: see
                         ae_encoder_encode */
  int refresh;        /* frames of a sweep, 0 = none: see ae_encoder_encode */
  bool refreshes;     /* a part of the picture; of delta frames */
  bool measure;       /* whether psnr is wanted */
  float psnr;         /* dB, of luma as decoders show it; 99 at most */
} AePacketInfo;

typedef struct AeEncoder AeEncoder;

/* Keeps a reference to `codec`. options may be NULL. Errors: UNSUPPORTED (the
 * precision), MEMORY. */
AE_API AeStatus ae_encoder_new (AeEncoder **out, AeCodec *codec,
    const AeCodecOptions *options, AeError *err);
AE_API void ae_encoder_free (AeEncoder **encoder);

/* Plans for pictures of this size and pixel kind, any of AePixels; the next
 * frame is a key frame. Errors: LIMIT (a side above 16384, or more pixels than
 * 8192x4352 has), MEMORY. */
AE_API AeStatus ae_encoder_bind (
    AeEncoder *encoder, const AeImage *format, AeError *err);

/* Codes a picture of the bound format. Of `info`, key (asks for a key frame),
 * has_pts, pts, duration, colour, level, most_size, refresh and measure are read,
 * the rest is filled in. The level becomes less until the packet has no more than most_size
 * bytes; a frame that cannot have so few is as the one before, but a key frame
 * may be larger at level 0.
 *
 * With refresh, delta frames code a band of the picture without the frames before,
 * which moves across it from the left to the right in so many frames: a sweep,
 * after which another one follows. Decoders that see one whole sweep need no key
 * frame. It may be another number for each frame, and counts from the next sweep
 * on; 0 counts at once. Frames at the end of most_size let the band wait.
 * *packet has info->size bytes, owned by the encoder and valid until the next
 * call. Errors: MEMORY, NUMERIC (the network's numbers are no latents; the next
 * frame is a key frame). */
AE_API AeStatus ae_encoder_encode (AeEncoder *encoder, const AeImage *in,
    AePacketInfo *info, const uint8_t **packet, AeError *err);

/* A packet without a frame, which tells what key frames of the bound format will
 * be like; of `info` as for ae_encoder_encode. *packet has info->size bytes, as
 * there. Errors: MEMORY. */
AE_API AeStatus ae_encoder_header (AeEncoder *encoder, AePacketInfo *info,
    const uint8_t **packet, AeError *err);

/* Latents of a picture as the network has them, in floats [channel][row][column]:
 * for retrieval, or for ae_decoder_synthesise. */
typedef struct {
  int channels, rows, columns;
  const float *values;
} AeLatentImage;

/* What those of the bound format will be, without values. */
AE_API void ae_encoder_latent_shape (
    const AeEncoder *encoder, AeLatentImage *to);

/* Of a picture of the bound format; to->values are the encoder's, valid until the
 * next call. Coded frames are not touched, but the next one is a key frame. */
AE_API void ae_encoder_analyse (
    AeEncoder *encoder, const AeImage *in, AeLatentImage *to);

/* The level for key frames from which frames of `level` are predicted: what
 * they take more, the others save. */
AE_API int ae_encoder_key_level (int level);

/* Reads what a packet says of itself. Delta frames leave the format, the model,
 * the duration and part of the PTS to the key frame before: `key` is what that
 * one said, or NULL when it is not known, and then these are 0. Errors:
 * NEEDS_DATA (fewer bytes than AE_PACKET_INFO_SIZE, too few to tell), FORMAT,
 * LIMIT. */
AE_API AeStatus ae_packet_info (AePacketInfo *info, const AePacketInfo *key,
    const uint8_t *packet, size_t size, AeError *err);

/* Offset of the next packet's begin in `bytes`, or of what may be its begin at
 * their end; `size` when there is none. */
AE_API size_t ae_packet_search (const uint8_t *bytes, size_t size);

/* Bytes with which ae_packet_info can tell, and the fewest of a packet. */
#define AE_PACKET_INFO_SIZE 52
#define AE_PACKET_LEAST_SIZE 16

typedef struct AeDecoder AeDecoder;

AE_API AeStatus ae_decoder_new (AeDecoder **out, AeCodec *codec,
    const AeCodecOptions *options, AeError *err);
AE_API void ae_decoder_free (AeDecoder **decoder);

/* Forgets earlier frames (a seek, packets were lost). */
AE_API void ae_decoder_reset (AeDecoder *decoder);

/* Takes a packet without a frame, or a key frame's: what deltas that refresh need
 * to begin with. If it tells of other pictures than before, these are forgotten.
 * Errors: NEEDS_DATA, FORMAT (a delta frame, another model, no packet), LIMIT. */
AE_API AeStatus ae_decoder_header (AeDecoder *decoder, const uint8_t *packet,
    size_t size, AeError *err);

/* Memory is taken by the first frame of a size, about 50 bytes a pixel, if one
 * of its slices is whole.
 *
 * Decodes a packet into `out`, which has the packet's size and pixel kind. Delta
 * frames that refresh are decoded whatever is missing before them, at first from
 * grey: see ae_decoder_is_whole.
 * *damaged: slices that were missing and taken from the frame before. Errors:
 * FORMAT (no packet, a header without a frame, another model: both ids are
 * named; no whole slice, in pictures of another size than before), SHAPE (`out` is of
 * another format), NEEDS_DATA (a delta frame whose frame before is not there
 * and which does not refresh, or that comes after a later one),
 * MEMORY. */
AE_API AeStatus ae_decoder_decode (AeDecoder *decoder, const uint8_t *packet,
    size_t size, const AeImage *out, int *damaged, AeError *err);

/* Whether the last frame was the encoder's picture: nothing was missing since the
 * last key frame, or since then all of it was refreshed. */
AE_API bool ae_decoder_is_whole (const AeDecoder *decoder);

/* The picture of such latents, into the upper left of `out`, I420 or GRAY8 of at
 * most 16 times as many columns and rows; earlier frames are forgotten. Errors:
 * SHAPE (the channels, the size), MEMORY. */
AE_API AeStatus ae_decoder_synthesise (AeDecoder *decoder,
    const AeLatentImage *latents, const AeImage *out, AeError *err);

#ifdef __cplusplus
}
#endif

#endif
