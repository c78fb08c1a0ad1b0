/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_CODECS_H
#define GST_AE_CODECS_H

/* What aeencode, aedecode and aeparse share: the codec of a model file, and
 * what packets say of their pictures, as GStreamer has it. */

#include <ae/codec.h>
#include <gst/video/video.h>

#include "aemodels.h"

G_BEGIN_DECLS

/* The models that are used when none is named. */
#define GST_AE_CODEC_MODEL "codec.onnx"
#define GST_AE_CODEC_MS_SSIM_MODEL "codec-ms-ssim.onnx"

#define GST_AE_CODED_CAPS "video/x-ae, version = (int) 1"

/* A codec and the share in its model. */
typedef struct {
  GstAeModel *model;
  AeCodec *codec;
} GstAeCodec;

/* Loads the file, or the bundled one of that name for NULL or "". */
gboolean gst_ae_codec_load (GstAeCodec *codec, const gchar *file,
    const gchar *bundled, AeError *error);

/* Loads the bundled model of that id; FALSE: there is none, and the codec stays
 * as it was. */
gboolean gst_ae_codec_find (GstAeCodec *codec, const gchar *id);

void gst_ae_codec_clear (GstAeCodec *codec);

/* Sixteen hexadecimal digits, as caps and messages have them. */
gchar *gst_ae_codec_id_text (const guint8 id[8]);
gboolean gst_ae_codec_has_id (const GstAeCodec *codec, const gchar *id);

/* Caps of packets like this one. Framerate and pixel aspect ratio are the
 * caller's to add. */
GstCaps *gst_ae_codec_caps (const AePacketInfo *info);

/* Adds a packet without a frame as the caps' "streamheader", which sinks send to
 * those who join late. */
void gst_ae_codec_add_header (GstCaps *caps, GstBuffer *header);

/* The packet that is there, and what it says; NULL if there is none. The caps'
 * own. */
GstBuffer *gst_ae_codec_find_header (
    const GstCaps *caps, AePacketInfo *info);

/* Colorimetry as packets hold it, and back. */
void gst_ae_codec_colour (guint8 to[4], const GstVideoColorimetry *from);
void gst_ae_codec_colorimetry (
    GstVideoColorimetry *to, const guint8 from[4]);

/* Finds "video/x-ae" in streams and files (*.aev). */
gboolean gst_ae_codec_register_typefind (GstPlugin *plugin);

G_END_DECLS

#endif
