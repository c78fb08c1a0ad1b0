/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_PACKET_H
#define AE_CODEC_PACKET_H

/* The syntax of the coded stream: packets, one for each frame, one after the
 * other. Numbers are little-endian.
 *
 *  offset size
 *       0    4  sync: A5 41 45 56
 *       4    1  version: 1
 *       5    1  flags: 1 key frame (needs no other), 2 PTS is known
 *       6    1  format: 0 is Y, U and V of 4:2:0, 1 is Y alone
 *       7    1  quality level, 0 (least) to 255, which scales the latents
 *       8    4  size of the packet, this header included
 *      12    8  the model's id, its first eight bytes
 *      20    2  width in pixels
 *      22    2  height
 *      24    4  number of the frame; a delta frame needs the one before
 *      28    8  PTS in nanoseconds, 0 when it is not known
 *      36    4  duration in nanoseconds, 0 when it is not known
 *      40    4  colour range, matrix, transfer and primaries as numbered by
 *               ISO/IEC 23091-2 (range: 1 full, 0 limited)
 *      44    2  number of slices
 *      46    2  zero
 *      48    4  CRC-32 (of ISO 3309) of the 48 bytes before
 *      52       slices: size of the payload (4), its CRC-32 (4), payload
 *
 * A slice is entropy-coded by itself, so that a damaged one costs no other.
 * BITSTREAM.md says what is in it. */

#include "util/error.h"

#define AE_PACKET_HEADER 52
#define AE_SLICE_HEADER 8
#define AE_PACKET_VERSION 1
#define AE_PACKET_MAX_SIZE ((size_t) 64 << 20)
#define AE_PACKET_MAX_SLICES 1024
#define AE_PACKET_MAX_SIDE 16384

typedef enum { AE_PACKET_YUV420 = 0, AE_PACKET_GREY = 1 } AePacketFormat;

typedef struct {
  bool key, has_pts;
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
} AePacket;

/* A slice's payload; data is NULL where it was damaged. */
typedef struct {
  const uint8_t *data;
  size_t size;
} AeSlice;

/* Reads a header. Errors: FORMAT (no packet, damaged, another version), LIMIT.
 * With fewer than AE_PACKET_HEADER bytes: FORMAT. */
AeStatus ae_packet_read (
    AePacket *p, const uint8_t *bytes, size_t size, AeError *err);

/* The slices of a packet whose header was read, p->n_slices of them; those that
 * are cut off or damaged have no data. The number of whole ones. */
int ae_packet_slices (
    const AePacket *p, const uint8_t *bytes, size_t size, AeSlice *slices);

/* Where the next packet begins: the offset of the first whole header that can
 * be read, or of the last bytes that may be the begin of one; `size` when there
 * is neither. */
size_t ae_packet_find (const uint8_t *bytes, size_t size);

/* Bytes of a packet with these slices. */
size_t ae_packet_bytes (const AeSlice *slices, int n_slices);

/* Writes header and slices to `to`, which has room for ae_packet_bytes (). */
void ae_packet_write (AePacket *p, const AeSlice *slices, uint8_t *to);

#endif
