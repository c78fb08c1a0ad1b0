/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/packet.h"

#include <string.h>
#include <zlib.h>

enum {
  SYNC = 0,
  VERSION = 4,
  FLAGS = 5,
  FORMAT = 6,
  LEVEL = 7,
  SIZE = 8,
  MODEL = 12,
  WIDTH = 20,
  HEIGHT = 22,
  NUMBER = 24,
  PTS = 28,
  DURATION = 36,
  COLOUR = 40,
  SLICES = 44,
  CHECKSUM = 48
};
enum { KEY = 1, HAS_PTS = 2 };

static const uint8_t mark[4] = { 0xa5, 'A', 'E', 'V' };

static uint64_t
get (const uint8_t *at, int bytes)
{
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++)
    value |= (uint64_t) at[i] << 8 * i;
  return value;
}

static void
put (uint8_t *at, int bytes, uint64_t value)
{
  for (int i = 0; i < bytes; i++)
    at[i] = (uint8_t) (value >> 8 * i);
}

static uint32_t
checksum (const uint8_t *bytes, size_t size)
{
  return (uint32_t) crc32_z (0, bytes, size);
}

/* What can be said before the checksum is looked at. */
static AeStatus
check_begin (const uint8_t *bytes, size_t size, AeError *err)
{
  if (size < AE_PACKET_HEADER)
    return ae_fail (err, AE_ERROR_FORMAT,
        "%zu bytes instead of a packet's header of %d", size,
        AE_PACKET_HEADER);
  if (memcmp (bytes, mark, sizeof mark) != 0)
    return ae_fail (err, AE_ERROR_FORMAT,
        "no packet: it begins with %02x %02x %02x %02x instead of a5 41 45 56",
        bytes[0], bytes[1], bytes[2], bytes[3]);
  if (bytes[VERSION] != AE_PACKET_VERSION)
    return ae_fail (err, AE_ERROR_FORMAT,
        "the stream has version %d, wanted %d", bytes[VERSION],
        AE_PACKET_VERSION);
  uint32_t found = (uint32_t) get (bytes + CHECKSUM, 4);
  uint32_t wanted = checksum (bytes, CHECKSUM);
  if (found != wanted)
    return ae_fail (err, AE_ERROR_FORMAT,
        "a damaged packet header: checksum %08x instead of %08x", found,
        wanted);
  return AE_OK;
}

static AeStatus
check_values (const AePacket *p, AeError *err)
{
  if (p->format > AE_PACKET_GREY)
    return ae_fail (err, AE_ERROR_FORMAT,
        "format %d, wanted 0 (4:2:0) or 1 (grey)", p->format);
  if (p->width < 1 || p->width > AE_PACKET_MAX_SIDE || p->height < 1
      || p->height > AE_PACKET_MAX_SIDE)
    return ae_fail (err, AE_ERROR_LIMIT,
        "pictures of %dx%d, wanted 1x1 to %dx%d", p->width, p->height,
        AE_PACKET_MAX_SIDE, AE_PACKET_MAX_SIDE);
  size_t least = AE_PACKET_HEADER + (size_t) p->n_slices * AE_SLICE_HEADER;
  if (p->n_slices < 1 || p->n_slices > AE_PACKET_MAX_SLICES)
    return ae_fail (err, AE_ERROR_LIMIT, "%d slices, wanted 1 to %d",
        p->n_slices, AE_PACKET_MAX_SLICES);
  if (p->size < least || p->size > AE_PACKET_MAX_SIZE)
    return ae_fail (err, AE_ERROR_LIMIT,
        "a packet of %u bytes, wanted %zu to %zu", p->size, least,
        AE_PACKET_MAX_SIZE);
  return AE_OK;
}

AeStatus
ae_packet_read (
    AePacket *p, const uint8_t *bytes, size_t size, AeError *err)
{
  AeStatus status = check_begin (bytes, size, err);
  if (status != AE_OK)
    return status;
  *p = (AePacket){ .key = bytes[FLAGS] & KEY,
    .has_pts = bytes[FLAGS] & HAS_PTS,
    .format = (AePacketFormat) bytes[FORMAT],
    .level = bytes[LEVEL],
    .size = (uint32_t) get (bytes + SIZE, 4),
    .width = (int) get (bytes + WIDTH, 2),
    .height = (int) get (bytes + HEIGHT, 2),
    .number = (uint32_t) get (bytes + NUMBER, 4),
    .pts = get (bytes + PTS, 8),
    .duration = (uint32_t) get (bytes + DURATION, 4),
    .n_slices = (int) get (bytes + SLICES, 2) };
  memcpy (p->model_id, bytes + MODEL, sizeof p->model_id);
  memcpy (p->colour, bytes + COLOUR, sizeof p->colour);
  return check_values (p, err);
}

/* The slice at *at, which moves behind it; to the end where it is cut off. */
static AeSlice
next_slice (const uint8_t *bytes, size_t end, size_t *at)
{
  AeSlice none = { NULL, 0 };
  if (end - *at < AE_SLICE_HEADER) {
    *at = end;
    return none;
  }
  size_t size = get (bytes + *at, 4);
  uint32_t wanted = (uint32_t) get (bytes + *at + 4, 4);
  const uint8_t *data = bytes + *at + AE_SLICE_HEADER;
  if (size > end - *at - AE_SLICE_HEADER) {
    *at = end;
    return none;
  }
  *at += AE_SLICE_HEADER + size;
  return checksum (data, size) == wanted ? (AeSlice){ data, size } : none;
}

int
ae_packet_slices (
    const AePacket *p, const uint8_t *bytes, size_t size, AeSlice *slices)
{
  size_t end = size < p->size ? size : p->size, at = AE_PACKET_HEADER;
  int whole = 0;
  for (int i = 0; i < p->n_slices; i++) {
    slices[i] = at < end ? next_slice (bytes, end, &at) : (AeSlice){ NULL, 0 };
    whole += slices[i].data != NULL;
  }
  return whole;
}

static bool
may_begin (const uint8_t *bytes, size_t size)
{
  AePacket p;
  if (size >= AE_PACKET_HEADER)
    return ae_packet_read (&p, bytes, size, NULL) == AE_OK;
  return memcmp (bytes, mark, size < sizeof mark ? size : sizeof mark) == 0;
}

size_t
ae_packet_find (const uint8_t *bytes, size_t size)
{
  size_t at = 0;
  while (at < size) {
    const uint8_t *found = memchr (bytes + at, mark[0], size - at);
    if (!found)
      return size;
    at = (size_t) (found - bytes);
    if (may_begin (found, size - at))
      return at;
    at++;
  }
  return size;
}

size_t
ae_packet_bytes (const AeSlice *slices, int n_slices)
{
  size_t bytes = AE_PACKET_HEADER;
  for (int i = 0; i < n_slices; i++)
    bytes += AE_SLICE_HEADER + slices[i].size;
  return bytes;
}

void
ae_packet_write (AePacket *p, const AeSlice *slices, uint8_t *to)
{
  p->size = (uint32_t) ae_packet_bytes (slices, p->n_slices);
  memset (to, 0, AE_PACKET_HEADER);
  memcpy (to + SYNC, mark, sizeof mark);
  to[VERSION] = AE_PACKET_VERSION;
  to[FLAGS] = (uint8_t) ((p->key ? KEY : 0) | (p->has_pts ? HAS_PTS : 0));
  to[FORMAT] = (uint8_t) p->format;
  to[LEVEL] = p->level;
  put (to + SIZE, 4, p->size);
  memcpy (to + MODEL, p->model_id, sizeof p->model_id);
  put (to + WIDTH, 2, (uint64_t) p->width);
  put (to + HEIGHT, 2, (uint64_t) p->height);
  put (to + NUMBER, 4, p->number);
  put (to + PTS, 8, p->pts);
  put (to + DURATION, 4, p->duration);
  memcpy (to + COLOUR, p->colour, sizeof p->colour);
  put (to + SLICES, 2, (uint64_t) p->n_slices);
  put (to + CHECKSUM, 4, checksum (to, CHECKSUM));
  to += AE_PACKET_HEADER;
  for (int i = 0; i < p->n_slices; i++) {
    put (to, 4, slices[i].size);
    put (to + 4, 4, checksum (slices[i].data, slices[i].size));
    memcpy (to + AE_SLICE_HEADER, slices[i].data, slices[i].size);
    to += AE_SLICE_HEADER + slices[i].size;
  }
}
