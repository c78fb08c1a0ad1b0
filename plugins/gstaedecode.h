/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_DECODE_H
#define GST_AE_DECODE_H

#include <gst/video/gstvideodecoder.h>

G_BEGIN_DECLS

#define GST_TYPE_AE_DECODE (gst_ae_decode_get_type ())
G_DECLARE_FINAL_TYPE (GstAeDecode, gst_ae_decode, GST, AE_DECODE, GstVideoDecoder)

GST_ELEMENT_REGISTER_DECLARE (aedecode);

G_END_DECLS

#endif
