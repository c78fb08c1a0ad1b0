/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_PACKET_INFO_H
#define AE_CODER_PACKET_INFO_H

#include <ae/codec.h>

#include "codec/packet.h"

/* A packet as applications see it. */
void ae_packet_info_of (AePacketInfo *info, const AePacket *p);

#endif
