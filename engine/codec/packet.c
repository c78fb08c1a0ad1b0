/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/packet.h"

#include <string.h>
#include <zlib.h>

/* Of both kinds; the others are of key frames. */
enum { VERSION = 4, FLAGS = 5, LEVEL = 6, SHORT_NUMBER = 7 };
enum {
  FORMAT = 7,
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
enum { KEY = 1, HAS_PTS = 2, REFRESHES = 8 };

#define PLACE 16 /* pixels */

#define MOST_VARIED 10 /* bytes of a number of varied size */
#define SHORT_FIXED 9  /* bytes before them in a delta frame's header */
#define MOST_SHORT (SHORT_FIXED + 4 * MOST_VARIED + 1 + 2)

static const uint8_t mark[4] = { 0xa5, 'A', 'E', 'V' };

static uint64_t
get (const uint8_t *at, int bytes)
{
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++)
    value |= (uint64_t) at[i] << 8 * i;
  return value;
}

static uint8_t *
put (uint8_t *at, int bytes, uint64_t value)
{
  for (int i = 0; i < bytes; i++)
    at[i] = (uint8_t) (value >> 8 * i);
  return at + bytes;
}

static uint8_t *
put_varied (uint8_t *at, uint64_t value)
{
  for (; value >= 128; value >>= 7)
    *at++ = (uint8_t) (value | 128);
  *at++ = (uint8_t) value;
  return at;
}

/* Bytes as they are read; `short_of` them when there are too few. */
typedef struct {
  const uint8_t *at, *end;
  bool short_of;
} Reader;

static uint64_t
get_varied (Reader *r)
{
  uint64_t value = 0;
  for (int i = 0; i < MOST_VARIED; i++) {
    if (r->at == r->end) {
      r->short_of = true;
      return 0;
    }
    value |= (uint64_t) (*r->at & 127) << 7 * i;
    if (*r->at++ < 128)
      break;
  }
  return value;
}

static uint32_t
checksum (const uint8_t *bytes, size_t size)
{
  return (uint32_t) crc32_z (0, bytes, size);
}

static AeStatus
too_short (size_t size, AeError *err)
{
  return ae_fail (err, AE_ERROR_NEEDS_DATA,
      "%zu bytes, which are less than a packet's header", size);
}

/* What can be said before the checksum is looked at. */
static AeStatus
check_begin (const uint8_t *bytes, size_t size, AeError *err)
{
  if (memcmp (bytes, mark, size < sizeof mark ? size : sizeof mark) != 0)
    return ae_fail (err, AE_ERROR_FORMAT,
        "no packet: it does not begin with a5 41 45 56");
  if (size > VERSION && bytes[VERSION] != AE_PACKET_VERSION)
    return ae_fail (err, AE_ERROR_FORMAT,
        "the stream has version %d, wanted %d", bytes[VERSION],
        AE_PACKET_VERSION);
  return size > FLAGS ? AE_OK : too_short (size, err);
}

static AeStatus
check_sum (uint32_t found, uint32_t wanted, AeError *err)
{
  if (found == wanted)
    return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "a damaged packet header: checksum %08x instead of %08x", found, wanted);
}

static AeStatus
check_size (const AePacket *p, AeError *err)
{
  size_t least
      = p->header + (p->n_slices > 0 ? 5 * (size_t) p->n_slices - 1 : 0);
  if (p->size >= least && p->size <= AE_PACKET_MAX_SIZE)
    return AE_OK;
  return ae_fail (err, AE_ERROR_LIMIT,
      "a packet of %u bytes, wanted %zu to %zu", p->size, least,
      AE_PACKET_MAX_SIZE);
}

AeStatus
ae_packet_check_size (int width, int height, AeError *err)
{
  if (width < 1 || width > AE_PACKET_MAX_SIDE || height < 1
      || height > AE_PACKET_MAX_SIDE)
    return ae_fail (err, AE_ERROR_LIMIT,
        "pictures of %dx%d, wanted 1x1 to %dx%d", width, height,
        AE_PACKET_MAX_SIDE, AE_PACKET_MAX_SIDE);
  if ((long) width * height > AE_PACKET_MAX_PIXELS)
    return ae_fail (err, AE_ERROR_LIMIT,
        "pictures of %dx%d have %ld pixels, wanted at most %ld", width, height,
        (long) width * height, AE_PACKET_MAX_PIXELS);
  return AE_OK;
}

static AeStatus
check_values (const AePacket *p, AeError *err)
{
  if (p->format > AE_PACKET_GREY)
    return ae_fail (err, AE_ERROR_FORMAT,
        "format %d, wanted 0 (4:2:0) or 1 (grey)", p->format);
  AeStatus status = ae_packet_check_size (p->width, p->height, err);
  if (status != AE_OK)
    return status;
  if (p->n_slices > AE_PACKET_MAX_SLICES)
    return ae_fail (err, AE_ERROR_LIMIT, "%d slices, wanted at most %d",
        p->n_slices, AE_PACKET_MAX_SLICES);
  return check_size (p, err);
}

static AeStatus
read_key (AePacket *p, const uint8_t *bytes, size_t size, AeError *err)
{
  if (size < AE_PACKET_HEADER)
    return too_short (size, err);
  AeStatus status = check_sum ((uint32_t) get (bytes + CHECKSUM, 4),
      checksum (bytes, CHECKSUM), err);
  if (status != AE_OK)
    return status;
  *p = (AePacket){ .key = true,
    .header = AE_PACKET_HEADER,
    .format = (AePacketFormat) bytes[FORMAT],
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

/* The PTS that a frame has when all last equally long; sums wrap. */
static uint64_t
expected_pts (const AePacket *key, uint32_t number)
{
  return key->pts + (uint64_t) (uint32_t) (number - key->number) * key->duration;
}

static void
take_from_key (AePacket *p, const AePacket *key, uint64_t twice)
{
  uint64_t difference = twice & 1 ? ~(twice >> 1) : twice >> 1;
  p->format = key->format;
  p->width = key->width;
  p->height = key->height;
  p->duration = key->duration;
  p->n_slices = key->n_slices;
  p->number = key->number + (uint16_t) (p->number - key->number);
  p->has_pts = p->has_pts && key->has_pts;
  if (p->has_pts)
    p->pts = expected_pts (key, p->number) + difference;
  memcpy (p->model_id, key->model_id, sizeof p->model_id);
  memcpy (p->colour, key->colour, sizeof p->colour);
}

/* Columns as they are in the packet. */
typedef struct {
  uint64_t begin, n;
  uint8_t level;
} Band;

static Band
get_band (Reader *r)
{
  Band band = { .begin = get_varied (r) };
  band.n = get_varied (r);
  if (r->at == r->end)
    r->short_of = true;
  else
    band.level = *r->at++;
  return band;
}

static AeStatus
set_refresh (AePacket *p, const Band *band, AeError *err)
{
  int width = p->width > 0 ? p->width : AE_PACKET_MAX_SIDE;
  uint64_t most = (uint64_t) (width + PLACE - 1) / PLACE;
  if (band->begin > most || band->n > most - band->begin)
    return ae_fail (err, AE_ERROR_LIMIT,
        "a refresh of %llu columns from column %llu on, of %llu",
        (unsigned long long) band->n, (unsigned long long) band->begin,
        (unsigned long long) most);
  p->refresh = (AeRefresh){ .on = true,
    .level = band->level,
    .begin = (int) band->begin,
    .end = (int) (band->begin + band->n) };
  return AE_OK;
}

static AeStatus
read_delta (AePacket *p, const AePacket *key, const uint8_t *bytes,
    size_t size, AeError *err)
{
  Reader r = { bytes + SHORT_FIXED, bytes + size, false };
  if (size < AE_PACKET_LEAST_HEADER)
    return too_short (size, err);
  uint64_t packet = get_varied (&r);
  uint64_t twice = bytes[FLAGS] & HAS_PTS ? get_varied (&r) : 0;
  bool refreshes = bytes[FLAGS] & REFRESHES;
  Band band = refreshes ? get_band (&r) : (Band){ 0 };
  if (r.short_of || r.end - r.at < 2)
    return too_short (size, err);
  size_t before = (size_t) (r.at - bytes);
  AeStatus status = check_sum ((uint32_t) get (r.at, 2),
      checksum (bytes, before) & 0xffff, err);
  if (status != AE_OK)
    return status;
  *p = (AePacket){ .has_pts = bytes[FLAGS] & HAS_PTS,
    .header = (uint8_t) (before + 2),
    .size = packet > UINT32_MAX ? UINT32_MAX : (uint32_t) packet,
    .number = (uint32_t) get (bytes + SHORT_NUMBER, 2) };
  if (key)
    take_from_key (p, key, twice);
  else
    p->has_pts = false;
  status = refreshes ? set_refresh (p, &band, err) : AE_OK;
  return status == AE_OK ? check_size (p, err) : status;
}

AeStatus
ae_packet_read (AePacket *p, const AePacket *key, const uint8_t *bytes,
    size_t size, AeError *err)
{
  AeStatus status = check_begin (bytes, size, err);
  if (status != AE_OK)
    return status;
  status = bytes[FLAGS] & KEY ? read_key (p, bytes, size, err)
                              : read_delta (p, key, bytes, size, err);
  if (status == AE_OK && p->key)
    p->has_pts = bytes[FLAGS] & HAS_PTS;
  if (status == AE_OK)
    p->level = bytes[LEVEL];
  return status;
}

/* The slice that r is at; to the end where it is cut off. */
static AeSlice
next_slice (Reader *r, bool last, bool whole)
{
  size_t size = last ? 0 : get_varied (r), left = (size_t) (r->end - r->at);
  if (last)
    size = left < 4 ? 0 : left - 4;
  if (left < 4 || size > left - 4 || (last && !whole)) {
    r->at = r->end;
    return (AeSlice){ NULL, 0 };
  }
  uint32_t wanted = (uint32_t) get (r->at, 4);
  const uint8_t *data = r->at + 4;
  r->at = data + size;
  return checksum (data, size) == wanted ? (AeSlice){ data, size }
                                         : (AeSlice){ NULL, 0 };
}

int
ae_packet_slices (
    const AePacket *p, const uint8_t *bytes, size_t size, AeSlice *slices)
{
  bool complete = size >= p->size;
  Reader r = { bytes + (p->header < size ? p->header : size),
    bytes + (complete ? p->size : size), false };
  int whole = 0;
  for (int i = 0; i < p->n_slices; i++) {
    slices[i] = next_slice (&r, i == p->n_slices - 1, complete);
    whole += slices[i].data != NULL;
  }
  return whole;
}

static bool
may_begin (const uint8_t *bytes, size_t size)
{
  AePacket p;
  AeStatus status = ae_packet_read (&p, NULL, bytes, size, NULL);
  return status == AE_OK || status == AE_ERROR_NEEDS_DATA;
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
ae_packet_bound (const AeSlice *slices, int n_slices)
{
  size_t bytes = AE_PACKET_HEADER;
  for (int i = 0; i < n_slices; i++)
    bytes += MOST_VARIED + 4 + slices[i].size;
  return bytes;
}

static size_t
slices_bytes (const AeSlice *slices, int n)
{
  uint8_t number[MOST_VARIED];
  size_t bytes = 0;
  for (int i = 0; i < n; i++) {
    bytes += 4 + slices[i].size;
    if (i < n - 1)
      bytes += (size_t) (put_varied (number, slices[i].size) - number);
  }
  return bytes;
}

static uint8_t *
put_slices (uint8_t *to, const AeSlice *slices, int n)
{
  for (int i = 0; i < n; i++) {
    if (i < n - 1)
      to = put_varied (to, slices[i].size);
    to = put (to, 4, checksum (slices[i].data, slices[i].size));
    memcpy (to, slices[i].data, slices[i].size);
    to += slices[i].size;
  }
  return to;
}

static void
write_key (AePacket *p, uint8_t *to)
{
  to[FORMAT] = (uint8_t) p->format;
  put (to + SIZE, 4, p->size);
  memcpy (to + MODEL, p->model_id, sizeof p->model_id);
  put (to + WIDTH, 2, (uint64_t) p->width);
  put (to + HEIGHT, 2, (uint64_t) p->height);
  put (to + NUMBER, 4, p->number);
  put (to + PTS, 8, p->has_pts ? p->pts : 0);
  put (to + DURATION, 4, p->duration);
  memcpy (to + COLOUR, p->colour, sizeof p->colour);
  put (to + SLICES, 2, (uint64_t) p->n_slices);
  put (to + CHECKSUM, 4, checksum (to, CHECKSUM));
}

/* Behind the bytes that all packets have; the end. */
static uint8_t *
write_delta (const AePacket *p, const AePacket *key, uint8_t *to)
{
  uint64_t difference = p->pts - expected_pts (key, p->number);
  uint8_t *at = put (to + SHORT_NUMBER, 2, p->number);
  at = put_varied (at, p->size);
  if (p->has_pts)
    at = put_varied (
        at, difference >> 63 ? (~difference << 1) + 1 : difference << 1);
  if (p->refresh.on) {
    at = put_varied (at, (uint64_t) p->refresh.begin);
    at = put_varied (at, (uint64_t) (p->refresh.end - p->refresh.begin));
    *at++ = p->refresh.level;
  }
  return put (at, 2, checksum (to, (size_t) (at - to)) & 0xffff);
}

/* The size counts itself. */
static void
set_size (AePacket *p, const AePacket *key, size_t payload)
{
  uint8_t header[MOST_SHORT] = { 0 };
  p->header = AE_PACKET_HEADER;
  p->size = (uint32_t) (p->header + payload);
  for (int i = 0; i < 2 && !p->key; i++) {
    p->header = (uint8_t) (write_delta (p, key, header) - header);
    p->size = (uint32_t) (p->header + payload);
  }
}

static uint8_t
flags_of (const AePacket *p)
{
  return (uint8_t) ((p->key ? KEY : 0) | (p->has_pts ? HAS_PTS : 0)
      | (!p->key && p->refresh.on ? REFRESHES : 0));
}

void
ae_packet_write (AePacket *p, const AePacket *key, const AeSlice *slices,
    uint8_t *to)
{
  if (!p->key)
    p->has_pts = p->has_pts && key->has_pts;
  set_size (p, key, slices_bytes (slices, p->n_slices));
  memset (to, 0, p->header);
  memcpy (to, mark, sizeof mark);
  to[VERSION] = AE_PACKET_VERSION;
  to[FLAGS] = flags_of (p);
  to[LEVEL] = p->level;
  if (p->key)
    write_key (p, to);
  else
    write_delta (p, key, to);
  put_slices (to + p->header, slices, p->n_slices);
}
