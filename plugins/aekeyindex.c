/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "aekeyindex.h"

#include <ae/codec.h>

#define LOST_CHUNK (64 * 1024)

void
gst_ae_key_index_init (GstAeKeyIndex *index)
{
  g_mutex_init (&index->lock);
  index->keys = g_array_new (FALSE, FALSE, sizeof (GstAeKey));
  index->next = 0;
}

void
gst_ae_key_index_clear (GstAeKeyIndex *index)
{
  g_array_unref (index->keys);
  g_mutex_clear (&index->lock);
}

void
gst_ae_key_index_reset (GstAeKeyIndex *index)
{
  g_mutex_lock (&index->lock);
  g_array_set_size (index->keys, 0);
  index->next = 0;
  g_mutex_unlock (&index->lock);
}

/* What begins there: *status as ae_packet_info has it. Bytes that are no packet
 * are skipped: *skip of them. FALSE at the end. */
static gboolean
look (GstPad *pad, guint64 at, guint size, AePacketInfo *info,
    AeStatus *status, gsize *skip)
{
  GstBuffer *buffer = NULL;
  GstMapInfo map;

  if (gst_pad_pull_range (pad, at, size, &buffer) != GST_FLOW_OK)
    return FALSE;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    gst_buffer_unref (buffer);
    return FALSE;
  }
  *skip = ae_packet_search (map.data, map.size);
  *status = AE_ERROR_FORMAT;
  if (*skip < map.size)
    *status = ae_packet_info (
        info, NULL, map.data + *skip, map.size - *skip, NULL);
  gboolean more = map.size > 0 && (*skip > 0 || *status == AE_OK);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  return more;
}

/* To the packet behind the next one; FALSE at the end. */
static gboolean
step (GstAeKeyIndex *index, GstPad *pad)
{
  AePacketInfo info;
  AeStatus status;
  gsize skip;

  if (!look (pad, index->next, AE_PACKET_INFO_SIZE, &info, &status, &skip))
    return FALSE;
  if (skip > 0
      && !look (pad, index->next, LOST_CHUNK, &info, &status, &skip))
    return FALSE;
  index->next += skip;
  if (status != AE_OK)
    return TRUE;
  if (info.key && info.has_pts) {
    GstAeKey key = { info.pts, index->next };
    g_array_append_val (index->keys, key);
  }
  index->next += info.size;
  return TRUE;
}

gboolean
gst_ae_key_index_find (
    GstAeKeyIndex *index, GstPad *pad, GstClockTime time, GstAeKey *key)
{
  const GstAeKey *keys;
  guint n;

  g_mutex_lock (&index->lock);
  do {
    keys = (const GstAeKey *) index->keys->data;
    n = index->keys->len;
  } while ((n == 0 || keys[n - 1].time <= time) && step (index, pad));
  keys = (const GstAeKey *) index->keys->data;
  n = index->keys->len;
  while (n > 0 && keys[n - 1].time > time)
    n--;
  if (n > 0)
    *key = keys[n - 1];
  g_mutex_unlock (&index->lock);
  return n > 0;
}
