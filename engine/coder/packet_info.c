/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/packet_info.h"

#include <string.h>

void
ae_packet_info_of (AePacketInfo *info, const AePacket *p)
{
  *info = (AePacketInfo){ .key = p->key && p->n_slices > 0,
    .header = p->key && p->n_slices == 0,
    .has_pts = p->has_pts,
    .pts = p->pts,
    .duration = p->duration,
    .level = p->level,
    .pixels = p->format == AE_PACKET_GREY ? AE_PIXELS_GRAY8 : AE_PIXELS_I420,
    .width = p->width,
    .height = p->height,
    .number = p->number,
    .refreshes = p->refresh.on,
    .size = p->size };
  memcpy (info->colour, p->colour, sizeof info->colour);
  memcpy (info->model_id, p->model_id, sizeof info->model_id);
}

/* What delta frames need of it; slices do not matter here. */
static AePacket
packet_of (const AePacketInfo *info)
{
  AePacket p = { .key = true,
    .has_pts = info->has_pts,
    .format = info->pixels == AE_PIXELS_GRAY8 ? AE_PACKET_GREY
                                              : AE_PACKET_YUV420,
    .width = info->width,
    .height = info->height,
    .number = info->number,
    .pts = info->pts,
    .duration = info->duration };
  memcpy (p.colour, info->colour, sizeof p.colour);
  memcpy (p.model_id, info->model_id, sizeof p.model_id);
  return p;
}

AeStatus
ae_packet_info (AePacketInfo *info, const AePacketInfo *key,
    const uint8_t *packet, size_t size, AeError *err)
{
  AePacket p, last;
  if (key)
    last = packet_of (key);
  AeStatus status
      = ae_packet_read (&p, key ? &last : NULL, packet, size, err);
  if (status == AE_OK)
    ae_packet_info_of (info, &p);
  return status;
}

size_t
ae_packet_search (const uint8_t *bytes, size_t size)
{
  return ae_packet_find (bytes, size);
}
