/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "aestreamend.h"

#define FIRST_CHUNK (64 * 1024)
#define MOST_CHUNK (16 * 1024 * 1024)

/* The last frame of some bytes; width 0: no key frame is among them. */
static AePacketInfo
last_frame (const guint8 *data, gsize size)
{
  AePacketInfo key = { 0 }, info, last = { 0 };
  gsize at = 0;

  while (at < size) {
    at += ae_packet_search (data + at, size - at);
    if (at >= size
        || ae_packet_info (&info, key.width > 0 ? &key : NULL, data + at,
               size - at, NULL)
            != AE_OK)
      break;
    if (info.key)
      key = info;
    if (info.width > 0 && !info.header)
      last = info;
    at += info.size;
  }
  return last;
}

static gboolean
last_of_chunk (GstPad *pad, guint64 from, guint size, AePacketInfo *last)
{
  GstBuffer *buffer = NULL;
  GstMapInfo map;

  if (gst_pad_pull_range (pad, from, size, &buffer) != GST_FLOW_OK)
    return FALSE;
  if (gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    *last = last_frame (map.data, map.size);
    gst_buffer_unmap (buffer, &map);
  }
  gst_buffer_unref (buffer);
  return last->width > 0;
}

gboolean
gst_ae_stream_end (GstPad *pad, GstClockTime *end)
{
  AePacketInfo last = { 0 };
  gint64 size;

  if (GST_PAD_MODE (pad) != GST_PAD_MODE_PULL
      || !gst_pad_peer_query_duration (pad, GST_FORMAT_BYTES, &size))
    return FALSE;
  for (gint64 chunk = FIRST_CHUNK; last.width == 0; chunk *= 8) {
    chunk = MIN (chunk, size);
    if (!last_of_chunk (pad, size - chunk, chunk, &last)
        && (chunk == size || chunk >= MOST_CHUNK))
      return FALSE;
  }
  if (!last.has_pts)
    return FALSE;
  *end = last.pts + last.duration;
  return TRUE;
}
