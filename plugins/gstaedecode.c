/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-aedecode
 * @title: aedecode
 * @short_description: decodes what aeencode coded
 *
 * Decodes packets with the model that coded them: where no model-file is named,
 * with that of the bundled ones which the stream names. A damaged part of a packet is
 * shown as it was in the frame before; frames that were lost are asked for
 * again as a key frame.
 *
 * Streams of aeencode's intra-refresh are decoded whatever was lost, and from the
 * caps' streamheader on, without a key frame. They are whole again two periods after
 * a loss at the latest; where requests for key frames reach the sender, with the
 * next one. Pictures that are not as they were
 * sent have the flag CORRUPTED; discard-corrupted-frames leaves them out.
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=30 ! aeencode bitrate=500 ! aedecode ! videoconvert ! autovideosink
 * ]|
 *
 * Latents as other/tensors, which aeencode makes where they are wanted, become
 * pictures too:
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=30 ! aeencode ! other/tensors ! aedecode ! videoconvert ! autovideosink
 * ]|
 *
 * With a codec of one's own, which both ends must have:
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=30 ! aeencode model-file=codec.onnx ! aedecode model-file=codec.onnx ! videoconvert ! autovideosink
 * ]|
 */

#include "config.h"

#include "gstaedecode.h"

#include "aecodecs.h"
#include "aeerror.h"
#include "aeframe.h"
#include "aetensors.h"
#include "codecsettings.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_ae_decode_debug);
#define GST_CAT_DEFAULT gst_ae_decode_debug

#define TENSORS_AS_VIDEO "video/x-ae-latents"

struct _GstAeDecode {
  GstVideoDecoder parent;

  /* With the object lock: */
  GstAeCodecSettings settings;

  /* Of the streaming thread: */
  GstAeCodec codec;
  gchar unknown[17]; /* id of a model that was looked for and is not there */
  AeDecoder *decoder;
  GstVideoCodecState *input;
  gboolean tensors;      /* the input is plain latents, */
  AeLatentImage latents; /* these, of pictures */
  gint width, height;    /* of that size */
  AePacketInfo format; /* that the output has; width 0: none yet */
  AePacketInfo key;    /* of the last key frame, or of a header; size 0: none
                          yet */
  gboolean whole;      /* nothing is missing in the last picture */
};

G_DEFINE_TYPE (GstAeDecode, gst_ae_decode, GST_TYPE_VIDEO_DECODER);
GST_ELEMENT_REGISTER_DEFINE (
    aedecode, "aedecode", GST_RANK_PRIMARY, gst_ae_decode_get_type ());

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/x-ae; " GST_AE_TENSORS_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE ("{ I420, GRAY8 }")));

static void
set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  GstAeDecode *self = GST_AE_DECODE (object);

  GST_OBJECT_LOCK (self);
  if (!gst_ae_codec_settings_set (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  GstAeDecode *self = GST_AE_DECODE (object);

  GST_OBJECT_LOCK (self);
  if (!gst_ae_codec_settings_get (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
load (GstAeDecode *self)
{
  AeError error = { 0 };
  AeCodecOptions options;

  gboolean ok = gst_ae_codec_settings_load (GST_ELEMENT (self),
                    &self->settings, &self->codec, &options, &error)
      && ae_decoder_new (
             &self->decoder, self->codec.codec, &options, &error)
          == AE_OK;
  self->format.width = 0;
  self->key.size = 0;
  self->unknown[0] = '\0';
  self->whole = TRUE;
  if (!ok)
    GST_AE_ERROR (self, GST_AE_READING, &error);
  return ok;
}

static void
unload (GstAeDecode *self)
{
  ae_decoder_free (&self->decoder);
  gst_ae_codec_clear (&self->codec);
  g_clear_pointer (&self->input, gst_video_codec_state_unref);
}

/* Not in start(): the base class would add an error of its own. */
static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstAeDecode *self = GST_AE_DECODE (element);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !load (self)) {
    unload (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  GstStateChangeReturn done = GST_ELEMENT_CLASS (gst_ae_decode_parent_class)
                                  ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    unload (self);
  return done;
}

/* The base class takes nothing but video. */
static gboolean
sink_event (GstVideoDecoder *base, GstEvent *event)
{
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    gst_event_parse_caps (event, &caps);
    if (gst_structure_has_name (
            gst_caps_get_structure (caps, 0), GST_AE_TENSORS)) {
      caps = gst_caps_copy (caps);
      gst_structure_set_name (
          gst_caps_get_structure (caps, 0), TENSORS_AS_VIDEO);
      gst_event_unref (event);
      event = gst_event_new_caps (caps);
      gst_caps_unref (caps);
    }
  }
  return GST_VIDEO_DECODER_CLASS (gst_ae_decode_parent_class)
      ->sink_event (base, event);
}

static gboolean
set_tensors (GstAeDecode *self, const GstCaps *caps)
{
  AeError error = { 0 };

  if (gst_ae_tensors_parse (
          caps, &self->latents, &self->width, &self->height, &error))
    return TRUE;
  GST_AE_ERROR (self, GST_AE_RUNNING, &error);
  return FALSE;
}

/* Where no model was named: the bundled one of that id. FALSE: there is none, and
 * everything is as before. */
static gboolean
find_model (GstAeDecode *self, const gchar *id)
{
  GstAeCodec found = { NULL, NULL };
  AeDecoder *decoder = NULL;
  AeCodecOptions options;
  AeError error;

  GST_OBJECT_LOCK (self);
  gboolean named
      = self->settings.model_file != NULL && self->settings.model_file[0];
  gst_ae_codec_settings_options (&self->settings, &options);
  GST_OBJECT_UNLOCK (self);
  if (named || g_str_equal (id, self->unknown))
    return FALSE;
  if (!gst_ae_codec_find (&found, id)) {
    g_strlcpy (self->unknown, id, sizeof self->unknown);
    return FALSE;
  }
  if (ae_decoder_new (&decoder, found.codec, &options, &error) != AE_OK) {
    gst_ae_codec_clear (&found);
    return FALSE;
  }
  ae_decoder_free (&self->decoder);
  gst_ae_codec_clear (&self->codec);
  self->decoder = decoder;
  self->codec = found;
  return TRUE;
}

static void
refuse_model (GstAeDecode *self, const gchar *id)
{
  AeError error = { 0 };
  guint8 bytes[8];

  ae_codec_id (self->codec.codec, bytes);
  gchar *own = gst_ae_codec_id_text (bytes);
  gst_ae_error_set (&error, AE_ERROR_FORMAT,
      "the stream was coded by model %s, the decoder has model %s", id, own);
  g_free (own);
  GST_AE_ERROR (self, GST_AE_RUNNING, &error);
}

/* Caps that name a model do so before any packet comes. */
static gboolean
check_model (GstAeDecode *self, GstVideoCodecState *state)
{
  const gchar *id = gst_structure_get_string (
      gst_caps_get_structure (state->caps, 0), "model-id");

  if (id == NULL || gst_ae_codec_has_id (&self->codec, id)
      || find_model (self, id))
    return TRUE;
  refuse_model (self, id);
  return FALSE;
}

/* A key frame's packet names its model too, where caps do not. A stream that
 * begins with another one is refused; later such packets are left out. */
static gboolean
check_packet_model (GstAeDecode *self, const AePacketInfo *info)
{
  gchar *id = gst_ae_codec_id_text (info->model_id);
  gboolean fits = gst_ae_codec_has_id (&self->codec, id)
      || find_model (self, id);

  if (!fits && self->format.width == 0)
    refuse_model (self, id);
  else
    fits = TRUE;
  g_free (id);
  return fits;
}

static gboolean
same_format (const AePacketInfo *a, const AePacketInfo *b)
{
  return a->width == b->width && a->height == b->height
      && a->pixels == b->pixels
      && memcmp (a->colour, b->colour, sizeof a->colour) == 0;
}

/* A packet without a frame: what deltas that refresh need, where no key frame told
 * more. */
static AeStatus
take_header (GstAeDecode *self, const AePacketInfo *info, const guint8 *packet,
    gsize size, AeError *error)
{
  AeStatus status = ae_decoder_header (self->decoder, packet, size, error);

  if (status == AE_OK
      && (self->key.size == 0 || !same_format (info, &self->key)))
    self->key = *info;
  return status;
}

static void
take_stream_header (GstAeDecode *self, const GstCaps *caps)
{
  AePacketInfo info;
  GstMapInfo map;
  GstBuffer *header = gst_ae_codec_find_header (caps, &info);

  if (header == NULL || !gst_buffer_map (header, &map, GST_MAP_READ))
    return;
  take_header (self, &info, map.data, map.size, NULL);
  gst_buffer_unmap (header, &map);
}

static gboolean
set_format (GstVideoDecoder *base, GstVideoCodecState *state)
{
  GstAeDecode *self = GST_AE_DECODE (base);
  const GstStructure *s = gst_caps_get_structure (state->caps, 0);

  g_clear_pointer (&self->input, gst_video_codec_state_unref);
  self->input = gst_video_codec_state_ref (state);
  self->tensors = gst_structure_has_name (s, TENSORS_AS_VIDEO);
  gst_video_decoder_set_packetized (
      base, self->tensors || gst_structure_has_field (s, "model-id"));
  if (self->tensors)
    return set_tensors (self, state->caps);
  if (!check_model (self, state))
    return FALSE;
  take_stream_header (self, state->caps);
  return TRUE;
}

static gboolean
flush (GstVideoDecoder *base)
{
  ae_decoder_reset (GST_AE_DECODE (base)->decoder);
  GST_AE_DECODE (base)->whole = TRUE;
  return TRUE;
}

/* Every frame comes out at once: nothing is left. */
static GstFlowReturn
drain (GstVideoDecoder *base)
{
  (void) base;
  return GST_FLOW_OK;
}

/* Streams of bytes, as a file has them. */
static GstFlowReturn
parse (GstVideoDecoder *base, GstVideoCodecFrame *frame, GstAdapter *adapter,
    gboolean at_eos)
{
  gsize size = gst_adapter_available (adapter);
  AePacketInfo info;

  (void) frame;
  if (size == 0)
    return GST_VIDEO_DECODER_FLOW_NEED_DATA;
  const guint8 *data = gst_adapter_map (adapter, size);
  gsize at = ae_packet_search (data, size);
  gboolean whole
      = at == 0 && ae_packet_info (&info, NULL, data, size, NULL) == AE_OK;
  gst_adapter_unmap (adapter);
  if (at > 0) {
    gst_adapter_flush (adapter, at);
    return GST_FLOW_OK;
  }
  if (!whole || (info.size > size && !at_eos))
    return GST_VIDEO_DECODER_FLOW_NEED_DATA;
  gst_video_decoder_add_to_frame (base, (int) MIN (info.size, size));
  return gst_video_decoder_have_frame (base);
}

static gboolean
set_output (GstAeDecode *self, const AePacketInfo *info)
{
  GstVideoDecoder *base = GST_VIDEO_DECODER (self);

  if (same_format (info, &self->format))
    return TRUE;
  GstVideoCodecState *state = gst_video_decoder_set_output_state (base,
      info->pixels == AE_PIXELS_GRAY8 ? GST_VIDEO_FORMAT_GRAY8
                                      : GST_VIDEO_FORMAT_I420,
      (guint) info->width, (guint) info->height, self->input);
  gst_ae_codec_colorimetry (&state->info.colorimetry, info->colour);
  if (GST_VIDEO_INFO_FPS_N (&state->info) == 0 && info->duration > 0)
    gst_video_guess_framerate (info->duration,
        &GST_VIDEO_INFO_FPS_N (&state->info),
        &GST_VIDEO_INFO_FPS_D (&state->info));
  gst_video_codec_state_unref (state);
  self->format = *info;
  return gst_video_decoder_negotiate (base);
}

static AeStatus
decode_image (GstAeDecode *self, const GstMapInfo *data, const AeImage *image,
    gint *damaged, AeError *error)
{
  if (!self->tensors)
    return ae_decoder_decode (
        self->decoder, data->data, data->size, image, damaged, error);
  self->latents.values = (const float *) data->data;
  return ae_decoder_synthesise (
      self->decoder, &self->latents, image, error);
}

/* After a picture was decoded: one that is not whole is marked, and a key frame
 * asked for where it was before, or more is missing. The base class would mark
 * all until that comes. */
static void
check_whole (GstAeDecode *self, GstVideoCodecFrame *frame, gint damaged)
{
  gboolean was_whole = self->whole;

  self->whole = self->tensors || ae_decoder_is_whole (self->decoder);
  if (!self->whole)
    GST_BUFFER_FLAG_SET (frame->output_buffer, GST_BUFFER_FLAG_CORRUPTED);
  if (damaged > 0)
    GST_WARNING_OBJECT (self, "%d damaged slices", damaged);
  if (damaged > 0 || (was_whole && !self->whole))
    gst_video_decoder_request_sync_point (
        GST_VIDEO_DECODER (self), frame, 0);
}

static GstFlowReturn
decode_into (GstAeDecode *self, GstVideoCodecFrame *frame,
    const GstMapInfo *packet, AeStatus *status, AeError *error)
{
  GstVideoDecoder *base = GST_VIDEO_DECODER (self);
  GstFlowReturn flow = gst_video_decoder_allocate_output_frame (base, frame);
  GstVideoFrame picture;
  AeImage image;
  int damaged = 0;

  if (flow != GST_FLOW_OK)
    return flow;
  GstVideoCodecState *state = gst_video_decoder_get_output_state (base);
  gboolean mapped = gst_video_frame_map (
      &picture, &state->info, frame->output_buffer, GST_MAP_WRITE);
  gst_video_codec_state_unref (state);
  if (!mapped)
    return GST_FLOW_ERROR;
  gst_ae_image_from_frame (&image, &picture);
  *status = decode_image (self, packet, &image, &damaged, error);
  gst_video_frame_unmap (&picture);
  if (*status == AE_OK)
    check_whole (self, frame, damaged);
  return GST_FLOW_OK;
}

/* What could not be decoded is dropped; frames that are lost are asked for. Those
 * that come next need them, unless the stream refreshes. */
static GstFlowReturn
give_up (GstAeDecode *self, GstVideoCodecFrame *frame, gboolean refreshes,
    AeStatus status, const AeError *error)
{
  GstVideoDecoder *base = GST_VIDEO_DECODER (self);
  GstFlowReturn flow = GST_FLOW_OK;

  if (status == AE_ERROR_NEEDS_DATA) {
    GST_DEBUG_OBJECT (self, "%s", error->text);
    gst_video_decoder_request_sync_point (base, frame,
        refreshes ? 0 : GST_VIDEO_DECODER_REQUEST_SYNC_POINT_DISCARD_INPUT);
  } else {
    GST_VIDEO_DECODER_ERROR (base, 1, STREAM, DECODE,
        ("A packet cannot be decoded."), ("%s", error->text), flow);
  }
  gst_video_decoder_release_frame (base, frame);
  return flow;
}

/* As if a packet said it. */
static AeStatus
read_tensors (
    GstAeDecode *self, AePacketInfo *info, gsize size, AeError *error)
{
  gsize wanted = gst_ae_tensors_size (&self->latents);

  *info = (AePacketInfo) { .key = true, .colour = { 0, 6, 6, 6 },
    .pixels = AE_PIXELS_I420, .width = self->width, .height = self->height };
  if (size == wanted)
    return AE_OK;
  gst_ae_error_set (error, AE_ERROR_SHAPE,
      "a buffer of %" G_GSIZE_FORMAT " bytes, the caps tell %" G_GSIZE_FORMAT,
      size, wanted);
  return AE_ERROR_SHAPE;
}

/* What a packet says; of delta frames, after the key frame that they need. */
static AeStatus
read_packet (GstAeDecode *self, AePacketInfo *info, const GstMapInfo *packet,
    AeError *error)
{
  const AePacketInfo *key = self->key.size > 0 ? &self->key : NULL;

  if (self->tensors)
    return read_tensors (self, info, packet->size, error);
  AeStatus status
      = ae_packet_info (info, key, packet->data, packet->size, error);

  if (status == AE_OK && info->header)
    return take_header (self, info, packet->data, packet->size, error);
  if (status != AE_OK)
    return status;
  if (!info->key && key == NULL) {
    gst_ae_error_set (error, AE_ERROR_NEEDS_DATA,
        "a delta frame before any key frame");
    return AE_ERROR_NEEDS_DATA;
  }
  if (!info->key)
    return AE_OK;
  self->key = *info;
  return AE_OK;
}

static void
describe (GstVideoCodecFrame *frame, const AePacketInfo *info)
{
  if (info->key)
    GST_VIDEO_CODEC_FRAME_SET_SYNC_POINT (frame);
  if (info->has_pts && !GST_CLOCK_TIME_IS_VALID (frame->pts))
    frame->pts = info->pts;
  if (info->duration > 0 && !GST_CLOCK_TIME_IS_VALID (frame->duration))
    frame->duration = info->duration;
}

static GstFlowReturn
handle_frame (GstVideoDecoder *base, GstVideoCodecFrame *frame)
{
  GstAeDecode *self = GST_AE_DECODE (base);
  AeError error = { 0 };
  AePacketInfo info = { 0 };
  GstMapInfo packet;
  GstFlowReturn flow = GST_FLOW_OK;

  if (!gst_buffer_map (frame->input_buffer, &packet, GST_MAP_READ)) {
    gst_video_decoder_release_frame (base, frame);
    return GST_FLOW_ERROR;
  }
  AeStatus status = read_packet (self, &info, &packet, &error);
  if (status == AE_OK && info.header) {
    gst_buffer_unmap (frame->input_buffer, &packet);
    gst_video_decoder_release_frame (base, frame);
    return set_output (self, &info) ? GST_FLOW_OK : GST_FLOW_NOT_NEGOTIATED;
  }
  if (status == AE_OK && !self->tensors && info.key
      && !check_packet_model (self, &info)) {
    flow = GST_FLOW_ERROR;
  } else if (status == AE_OK) {
    describe (frame, &info);
    flow = set_output (self, &info)
        ? decode_into (self, frame, &packet, &status, &error)
        : GST_FLOW_NOT_NEGOTIATED;
  }
  gst_buffer_unmap (frame->input_buffer, &packet);
  if (flow != GST_FLOW_OK) {
    gst_video_decoder_release_frame (base, frame);
    return flow;
  }
  return status == AE_OK ? gst_video_decoder_finish_frame (base, frame)
                         : give_up (self, frame, info.refreshes, status, &error);
}

static void
finalize (GObject *object)
{
  gst_ae_codec_settings_clear (&GST_AE_DECODE (object)->settings);
  G_OBJECT_CLASS (gst_ae_decode_parent_class)->finalize (object);
}

static void
gst_ae_decode_class_init (GstAeDecodeClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstVideoDecoderClass *decoder = GST_VIDEO_DECODER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_ae_decode_debug, "aedecode", 0, "decodes what aeencode coded");
  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  gst_ae_codec_settings_install (object);
  element->change_state = change_state;
  decoder->sink_event = sink_event;
  decoder->set_format = set_format;
  decoder->flush = flush;
  decoder->drain = drain;
  decoder->parse = parse;
  decoder->handle_frame = handle_frame;
  gst_element_class_add_static_pad_template (element, &sink_template);
  gst_element_class_add_static_pad_template (element, &src_template);
  gst_element_class_set_static_metadata (element, "Autoencoder decoder",
      "Codec/Decoder/Video", "Decodes what aeencode coded", GST_AE_AUTHOR);
}

static void
gst_ae_decode_init (GstAeDecode *self)
{
  GstVideoDecoder *base = GST_VIDEO_DECODER (self);

  gst_ae_codec_settings_init (&self->settings);
  gst_video_decoder_set_packetized (base, FALSE);
  /* Caps of a stream of bytes tell no size, which those of frames do. */
  gst_video_decoder_set_use_default_pad_acceptcaps (base, TRUE);
  GST_PAD_SET_ACCEPT_TEMPLATE (GST_VIDEO_DECODER_SINK_PAD (base));
}
