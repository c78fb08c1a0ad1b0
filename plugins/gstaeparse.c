/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-aeparse
 * @title: aeparse
 * @short_description: splits a coded stream into frames
 *
 * Finds the packets in a stream of bytes that aeencode made, as a file or a
 * socket has it, skips what is damaged, and tells key frames, times and sizes. Of
 * files it tells the duration, and seeks to the key frame before.
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=30 ! aeencode ! aeparse ! aedecode ! videoconvert ! autovideosink
 * ]|
 *
 * A file that aeencode's first line wrote, found by its first bytes (`gst-play-1.0
 * a.aev` does it too):
 *
 * |[
 * gst-launch-1.0 filesrc location=a.aev ! decodebin ! videoconvert ! autovideosink
 * ]|
 *
 * A live stream that was cut anywhere begins with the next key frame:
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=30 ! aeencode key-int-max=10 ! aeparse ! queue leaky=downstream ! aedecode ! fakesink
 * ]|
 */

#include "config.h"

#include "gstaeparse.h"

#include "aecodecs.h"
#include "aekeyindex.h"
#include "aestreamend.h"

GST_DEBUG_CATEGORY_STATIC (gst_ae_parse_debug);
#define GST_CAT_DEFAULT gst_ae_parse_debug

struct _GstAeParse {
  GstBaseParse parent;
  GstCaps *caps;    /* that the source pad has */
  AePacketInfo key; /* of the last key frame, or of a header; size 0: none yet */
  AePacketInfo info; /* of the frame at work */
  GstBuffer *header; /* the last packet without a frame */
  gboolean has_begun;
  GstAeKeyIndex keys;
};

G_DEFINE_TYPE (GstAeParse, gst_ae_parse, GST_TYPE_BASE_PARSE);
GST_ELEMENT_REGISTER_DEFINE (
    aeparse, "aeparse", GST_RANK_PRIMARY + 1, gst_ae_parse_get_type ());

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-ae"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_AE_CODED_CAPS ", parsed = (boolean) true"));

static gboolean
start (GstBaseParse *base)
{
  gst_base_parse_set_min_frame_size (base, AE_PACKET_LEAST_SIZE);
  GST_AE_PARSE (base)->key.size = 0;
  GST_AE_PARSE (base)->has_begun = FALSE;
  /* Packets tell their times; what upstream tells goes before. */
  gst_base_parse_set_infer_ts (base, FALSE);
  gst_base_parse_set_pts_interpolation (base, FALSE);
  return TRUE;
}

static gboolean
stop (GstBaseParse *base)
{
  gst_clear_caps (&GST_AE_PARSE (base)->caps);
  gst_clear_buffer (&GST_AE_PARSE (base)->header);
  gst_ae_key_index_reset (&GST_AE_PARSE (base)->keys);
  return TRUE;
}

/* A framerate that upstream knows, or that durations tell. */
static void
add_framerate (GstBaseParse *base, GstCaps *caps, const AePacketInfo *info)
{
  GstCaps *in = gst_pad_get_current_caps (GST_BASE_PARSE_SINK_PAD (base));
  gint n = 0, d = 1;

  if (in != NULL)
    gst_structure_get_fraction (
        gst_caps_get_structure (in, 0), "framerate", &n, &d);
  gst_clear_caps (&in);
  if (n == 0 && info->duration > 0)
    gst_video_guess_framerate (info->duration, &n, &d);
  if (n > 0) {
    gst_caps_set_simple (
        caps, "framerate", GST_TYPE_FRACTION, n, d, NULL);
    gst_base_parse_set_frame_rate (base, (guint) n, (guint) d, 0, 0);
  }
}

/* At the first packet. */
static void
tell_duration (GstAeParse *self)
{
  GstBaseParse *base = GST_BASE_PARSE (self);
  GstClockTime end;

  self->has_begun = TRUE;
  if (gst_ae_stream_end (GST_BASE_PARSE_SINK_PAD (base), &end))
    gst_base_parse_set_duration (base, GST_FORMAT_TIME, (gint64) end, 0);
}

static void
announce (GstAeParse *self, const AePacketInfo *info)
{
  GstBaseParse *base = GST_BASE_PARSE (self);
  GstCaps *caps = gst_ae_codec_caps (info);

  gst_caps_set_simple (caps, "parsed", G_TYPE_BOOLEAN, TRUE, NULL);
  add_framerate (base, caps, info);
  if (self->header != NULL)
    gst_ae_codec_add_header (caps, self->header);
  if (self->caps == NULL || !gst_caps_is_equal (caps, self->caps)) {
    gst_pad_set_caps (GST_BASE_PARSE_SRC_PAD (base), caps);
    gst_caps_replace (&self->caps, caps);
  }
  gst_caps_unref (caps);
}

static void
set_times (GstBuffer *buffer, const AePacketInfo *info)
{
  if (info->has_pts && !GST_BUFFER_PTS_IS_VALID (buffer))
    GST_BUFFER_PTS (buffer) = info->pts;
  if (info->duration > 0)
    GST_BUFFER_DURATION (buffer) = info->duration;
  if (info->key || info->header)
    GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  else
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

/* What the caps' streamheader tells stands for a key frame until one comes. */
static gboolean
set_sink_caps (GstBaseParse *base, GstCaps *caps)
{
  GstAeParse *self = GST_AE_PARSE (base);
  AePacketInfo info;
  GstBuffer *header = gst_ae_codec_find_header (caps, &info);

  if (header != NULL && !self->key.key) {
    self->key = info;
    gst_buffer_replace (&self->header, header);
  }
  return TRUE;
}

static void
keep_header (GstAeParse *self, GstBaseParseFrame *frame, gsize size)
{
  gst_clear_buffer (&self->header);
  self->header
      = gst_buffer_copy_region (frame->buffer, GST_BUFFER_COPY_MEMORY, 0, size);
  GST_BUFFER_FLAG_SET (self->header, GST_BUFFER_FLAG_HEADER);
  frame->flags |= GST_BASE_PARSE_FRAME_FLAG_NO_FRAME;
}

/* Whether what is needed came before: a key frame, or for delta frames that
 * refresh, a header. */
static gboolean
can_be_used (const GstAeParse *self)
{
  return self->info.key || self->info.header
      || (self->info.width > 0 && (self->key.key || self->info.refreshes));
}

/* A frame of `wanted` bytes that begins the data. Delta frames that no key frame
 * came before are skipped. */
static GstFlowReturn
take_frame (GstAeParse *self, GstBaseParseFrame *frame, gsize wanted,
    gint *skip)
{
  GstBaseParse *base = GST_BASE_PARSE (self);

  if (!self->has_begun)
    tell_duration (self);
  if (self->info.key || (self->info.header && !self->key.key))
    self->key = self->info;
  if (!can_be_used (self)) {
    GST_DEBUG_OBJECT (self, "skipping a frame before any key frame");
    *skip = (gint) wanted;
    return GST_FLOW_OK;
  }
  if (self->info.header)
    keep_header (self, frame, wanted);
  if (self->info.key || self->info.header || self->caps == NULL)
    announce (self, &self->info);
  return gst_base_parse_finish_frame (base, frame, (gint) wanted);
}

static GstFlowReturn
handle_frame (GstBaseParse *base, GstBaseParseFrame *frame, gint *skip)
{
  GstAeParse *self = GST_AE_PARSE (base);
  const AePacketInfo *key = self->key.size > 0 ? &self->key : NULL;
  GstMapInfo map;

  if (!gst_buffer_map (frame->buffer, &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  gsize size = map.size, at = ae_packet_search (map.data, size);
  AeStatus status = AE_ERROR_FORMAT;
  if (at == 0)
    status = ae_packet_info (&self->info, key, map.data, size, NULL);
  gst_buffer_unmap (frame->buffer, &map);

  if (at > 0) {
    GST_DEBUG_OBJECT (base, "skipping %" G_GSIZE_FORMAT " bytes", at);
    *skip = (gint) at;
    return GST_FLOW_OK;
  }
  gsize wanted = status == AE_OK ? self->info.size : AE_PACKET_INFO_SIZE;
  if (status != AE_OK || wanted > size) {
    gst_base_parse_set_min_frame_size (base, (guint) wanted);
    if (status != AE_OK || !GST_BASE_PARSE_DRAINING (base))
      return GST_FLOW_OK;
    wanted = size; /* the end is cut off: the decoder makes do */
  }
  gst_base_parse_set_min_frame_size (base, AE_PACKET_LEAST_SIZE);
  return take_frame (self, frame, wanted, skip);
}

/* Here the base class has set what it knows of times. */
static GstFlowReturn
pre_push_frame (GstBaseParse *base, GstBaseParseFrame *frame)
{
  GstAeParse *self = GST_AE_PARSE (base);

  frame->buffer = gst_buffer_make_writable (frame->buffer);
  set_times (frame->buffer, &self->info);
  if (self->info.header)
    GST_BUFFER_FLAG_SET (frame->buffer, GST_BUFFER_FLAG_HEADER);
  return GST_FLOW_OK;
}

/* A seek begins with the key frame before; its place is put into the base
 * class's index. */
static GstEvent *
to_key_frame (GstAeParse *self, GstEvent *seek)
{
  GstBaseParse *base = GST_BASE_PARSE (self);
  GstPad *pad = GST_BASE_PARSE_SINK_PAD (base);
  gdouble rate;
  GstFormat format;
  GstSeekFlags flags;
  GstSeekType start_type, stop_type;
  gint64 start, stop;
  GstAeKey key;

  gst_event_parse_seek (
      seek, &rate, &format, &flags, &start_type, &start, &stop_type, &stop);
  if (GST_PAD_MODE (pad) != GST_PAD_MODE_PULL || format != GST_FORMAT_TIME
      || start_type != GST_SEEK_TYPE_SET || start < 0 || rate <= 0
      || !gst_ae_key_index_find (&self->keys, pad, start, &key))
    return seek;
  gst_base_parse_add_index_entry (base, key.offset, key.time, TRUE, TRUE);
  if (!(flags & GST_SEEK_FLAG_KEY_UNIT))
    return seek;
  guint32 number = gst_event_get_seqnum (seek);
  gst_event_unref (seek);
  seek = gst_event_new_seek (rate, format, flags, start_type, key.time,
      stop_type, stop);
  gst_event_set_seqnum (seek, number);
  return seek;
}

static gboolean
src_event (GstBaseParse *base, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEEK)
    event = to_key_frame (GST_AE_PARSE (base), event);
  return GST_BASE_PARSE_CLASS (gst_ae_parse_parent_class)
      ->src_event (base, event);
}

static void
finalize (GObject *object)
{
  gst_ae_key_index_clear (&GST_AE_PARSE (object)->keys);
  G_OBJECT_CLASS (gst_ae_parse_parent_class)->finalize (object);
}

static void
gst_ae_parse_class_init (GstAeParseClass *klass)
{
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstBaseParseClass *parse = GST_BASE_PARSE_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_ae_parse_debug, "aeparse", 0, "splits coded streams into frames");
  G_OBJECT_CLASS (klass)->finalize = finalize;
  parse->start = start;
  parse->stop = stop;
  parse->set_sink_caps = set_sink_caps;
  parse->handle_frame = handle_frame;
  parse->pre_push_frame = pre_push_frame;
  parse->src_event = src_event;
  gst_element_class_add_static_pad_template (element, &sink_template);
  gst_element_class_add_static_pad_template (element, &src_template);
  gst_element_class_set_static_metadata (element,
      "Autoencoder stream parser", "Codec/Parser/Converter/Video",
      "Splits a stream that aeencode made into frames", GST_AE_AUTHOR);
}

static void
gst_ae_parse_init (GstAeParse *self)
{
  gst_ae_key_index_init (&self->keys);
}
