/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CODEC_MEND_H
#define CODEC_MEND_H

/* Coded streams for another model than theirs, and with right checksums
 * whatever their bytes are: without that, decoders refuse what is tried on them
 * before they look at it. See codec/packet.h for the syntax. */

#include <ae/codec.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

typedef struct {
  uint8_t id[8];       /* of the model */
  bool checksums;      /* also those that are wrong; ids alone otherwise */
  int64_t most_pixels; /* filled in: those of the largest picture */
} CodecMend;

static inline void
codec_mend_put (uint8_t *at, int bytes, uint64_t value)
{
  for (int i = 0; i < bytes; i++)
    at[i] = (uint8_t) (value >> 8 * i);
}

static inline uint32_t
codec_mend_sum (const uint8_t *bytes, size_t size)
{
  return (uint32_t) crc32_z (0, bytes, size);
}

/* Bytes of a number of varied size; 0 where they end too soon. */
static inline size_t
codec_mend_varied (const uint8_t *at, size_t left, uint64_t *value)
{
  *value = 0;
  for (size_t i = 0; i < left && i < 10; i++) {
    *value |= (uint64_t) (at[i] & 127) << 7 * i;
    if (at[i] < 128 || i == 9)
      return i + 1;
  }
  return 0;
}

static inline size_t
codec_mend_key (const CodecMend *m, uint8_t *at, size_t left)
{
  if (left < 52)
    return 0;
  memcpy (at + 12, m->id, 8);
  codec_mend_put (at + 48, 4, codec_mend_sum (at, 48));
  return 52;
}

static inline size_t
codec_mend_delta (uint8_t *at, size_t left)
{
  uint64_t value;
  bool refreshes = at[5] & 8;
  size_t n = 9;
  for (int i = 0; i < (at[5] & 2 ? 2 : 1) + (refreshes ? 2 : 0); i++) {
    size_t used = left > n ? codec_mend_varied (at + n, left - n, &value) : 0;
    if (used == 0)
      return 0;
    n += used;
  }
  n += refreshes;
  if (left < n + 2)
    return 0;
  codec_mend_put (at + n, 2, codec_mend_sum (at, n) & 0xffff);
  return n + 2;
}

static inline void
codec_mend_slices (uint8_t *at, size_t left, int n, bool whole)
{
  for (int i = 0; i < n; i++) {
    bool last = i == n - 1;
    uint64_t size = 0;
    size_t used = last ? 0 : codec_mend_varied (at, left, &size);
    at += used;
    left -= used;
    if (last && left >= 4)
      size = left - 4;
    if (left < 4 || size > left - 4 || (last && !whole))
      return;
    codec_mend_put (at, 4, codec_mend_sum (at + 4, (size_t) size));
    at += 4 + size;
    left -= 4 + (size_t) size;
  }
}

/* The packet at `at`: its bytes; 1 where there is none. */
static inline size_t
codec_mend_packet (CodecMend *m, uint8_t *at, size_t left, int *n_slices)
{
  static const uint8_t mark[5] = { 0xa5, 'A', 'E', 'V', 1 };
  AePacketInfo info;
  if (left < 16 || memcmp (at, mark, sizeof mark) != 0
      || (!m->checksums
          && ae_packet_info (&info, NULL, at, left, NULL) != AE_OK))
    return 1;
  bool key = at[5] & 1;
  size_t header = key ? codec_mend_key (m, at, left)
                      : codec_mend_delta (at, left);
  if (header == 0 || ae_packet_info (&info, NULL, at, left, NULL) != AE_OK)
    return 1;
  if (info.key)
    *n_slices = at[44] | at[45] << 8;
  int64_t pixels = (int64_t) info.width * info.height;
  if (pixels > m->most_pixels)
    m->most_pixels = pixels;
  size_t n = info.size < left ? info.size : left;
  if (m->checksums && n > header)
    codec_mend_slices (
        at + header, n - header, info.header ? 0 : *n_slices, n == info.size);
  return n;
}

static inline void
codec_mend (CodecMend *m, uint8_t *bytes, size_t size)
{
  int n_slices = 0;
  m->most_pixels = 0;
  for (size_t at = 0; at < size;)
    at += codec_mend_packet (m, bytes + at, size - at, &n_slices);
}

#endif
