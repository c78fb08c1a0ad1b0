/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_PACKET_H
#define AE_CODEC_PACKET_H

/* The syntax of the coded stream: packets, one for each frame, one after the
 * other. Numbers are little-endian. A key frame's packet:
 *
 *  offset size
 *       0    4  sync: A5 41 45 56
 *       4    1  version: 1
 *       5    1  flags: 1 key frame (needs no other), 2 PTS is known
 *       6    1  quality level, 0 (least) to 255, which scales the latents
 *       7    1  format: 0 is Y, U and V of 4:2:0, 1 is Y alone
 *       8    4  size of the packet, this header included
 *      12    8  the model's id, its first eight bytes
 *      20    2  width in pixels
 *      22    2  height
 *      24    4  number of the frame
 *      28    8  PTS in nanoseconds, 0 when it is not known
 *      36    4  duration of frames in nanoseconds, 0 when it is not known
 *      40    4  colour range, matrix, transfer and primaries as numbered by
 *               ISO/IEC 23091-2 (range: 1 full, 0 limited)
 *      44    2  number of slices; 0: there is no frame, these bytes only tell
 *               what key frames to come will be like
 *      46    2  zero
 *      48    4  CRC-32 (of ISO 3309) of the 48 bytes before
 *      52       slices
 *
 * That of a delta frame, which needs the frame before and what the last key
 * frame's packet says:
 *
 *       0    6  as above; flags: 8 the frame refreshes a part of the picture
 *       6    1  quality level
 *       7    2  number of the frame, its low 16 bits
 *       9    n  size of the packet, 7 bits in a byte, the lowest first, with 128
 *               added to all but the last byte
 *            n  when PTS is known: twice the difference d of the PTS from
 *               key frame's PTS + frames since then * duration, or -2 d - 1
 *               when it is negative, written as the size is
 *            n  with flag 8: the first column of the band that is refreshed, in
 *               places of 16 pixels, written so too
 *            n  with flag 8: the band's columns, 0 or more
 *            1  with flag 8: the band's quality level
 *            2  the low half of the CRC-32 of the bytes before
 *               slices, as many as the key frame has
 *
 * A slice is its size, written as above, its CRC-32 (4) and its payload; the
 * last one has no size, it is what is left. Slices are entropy-coded each by
 * itself, so that a damaged one costs no other. BITSTREAM.md says what is in
 * them. */

#include "util/error.h"

#define AE_PACKET_HEADER 52      /* of a key frame: the longest one */
#define AE_PACKET_LEAST_HEADER 12 /* of a delta frame */
#define AE_PACKET_VERSION 1
#define AE_PACKET_MAX_SIZE ((size_t) 64 << 20)
#define AE_PACKET_MAX_SLICES 1024
#define AE_PACKET_MAX_SIDE 16384
#define AE_PACKET_MAX_PIXELS (8192L * 4352)

typedef enum { AE_PACKET_YUV420 = 0, AE_PACKET_GREY = 1 } AePacketFormat;

/* Columns of places, `begin` to before `end`, that a delta frame codes without
 * any other frame; those before `begin` were refreshed by the frames before. */
typedef struct {
  bool on; /* all that follows is 0 without */
  uint8_t level;
  int begin, end;
} AeRefresh;

typedef struct {
  bool key, has_pts;
  uint8_t header; /* its bytes */
  AePacketFormat format;
  uint8_t level;
  uint32_t size; /* of the packet; filled by ae_packet_write */
  uint8_t model_id[8];
  int width, height;
  uint32_t number;
  uint64_t pts;
  uint32_t duration;
  uint8_t colour[4]; /* range, matrix, transfer, primaries */
  int n_slices;
  AeRefresh refresh; /* of a delta frame */
} AePacket;

/* A slice's payload; data is NULL where it was damaged. */
typedef struct {
  const uint8_t *data;
  size_t size;
} AeSlice;

/* Reads a header. `key`: what the last key frame's packet said, or NULL, and
 * then what delta frames leave to it is 0. Errors: NEEDS_DATA (too few bytes for
 * a header), FORMAT (no packet, damaged, another version), LIMIT. */
AeStatus ae_packet_read (AePacket *p, const AePacket *key,
    const uint8_t *bytes, size_t size, AeError *err);

/* Whether pictures may be of this size. Errors: LIMIT. */
AeStatus ae_packet_check_size (int width, int height, AeError *err);

/* The slices of a packet whose header was read, p->n_slices of them; those that
 * are cut off or damaged have no data. The number of whole ones. */
int ae_packet_slices (
    const AePacket *p, const uint8_t *bytes, size_t size, AeSlice *slices);

/* Where the next packet begins: the offset of the first whole header that can
 * be read, or of the last bytes that may be the begin of one; `size` when there
 * is neither. */
size_t ae_packet_find (const uint8_t *bytes, size_t size);

/* Bytes that a packet with these slices has at most. */
size_t ae_packet_bound (const AeSlice *slices, int n_slices);

/* Writes header and slices to `to`, which has room for ae_packet_bound (); fills
 * in p->header and p->size. `key`: the last key frame's packet, for a delta
 * frame. */
void ae_packet_write (AePacket *p, const AePacket *key, const AeSlice *slices,
    uint8_t *to);

#endif
