/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-aeencode
 * @title: aeencode
 * @short_description: codes video with an autoencoder
 *
 * Codes key frames as rounded latents of an autoencoder, and the frames between
 * as changes: places of 16x16 pixels that moved, and what is left of them. A new
 * scene becomes a key frame. Nothing is delayed: each frame is one packet, which
 * depends on the one before. Any decoder with the same model reads the packets'
 * integers on any processor; what two of them show may differ by one grey level.
 * The stream is described in engine/codec/BITSTREAM.md. The bundled model will
 * still change, and with it the streams that it makes.
 *
 * With intra-refresh no frame is much larger than others, and receivers that lost
 * something, or came late, need no key frame: what they show is right again after
 * two times key-int-max frames at most.
 *
 * Where other/tensors is wanted, the output is the network's latents as floats,
 * as NNStreamer takes them, for each frame by itself.
 *
 * Matroska and MP4 take a closed list of codecs, which this is not on: keep
 * streams in files of their own (.aev), or send them by rtpgstpay or gdppay.
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=90 ! aeencode quality=60 ! filesink location=a.aev
 * ]|
 *
 * Over a network that loses packets, with a key frame every second:
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=60 ! aeencode bitrate=500 key-int-max=30 ! rtpgstpay config-interval=1 ! identity drop-probability=0.05 ! rtpgstdepay ! aedecode ! videoconvert ! autovideosink
 * ]|
 *
 * The same without key frames, each part of the picture anew every second:
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=60 ! aeencode bitrate=500 intra-refresh=true key-int-max=30 ! rtpgstpay config-interval=1 ! identity drop-probability=0.05 ! rtpgstdepay ! aedecode ! videoconvert ! autovideosink
 * ]|
 *
 * At a bitrate, with a key frame every second. Receivers need to buffer no more
 * than vbv-buf-capacity milliseconds of it:
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=90 ! aeencode bitrate=800 key-int-max=30 ! aeparse ! fakesink
 * ]|
 */

#include "config.h"

#include "gstaeencode.h"

#include "aecodecs.h"
#include "aeerror.h"
#include "aeframe.h"
#include "aetensors.h"
#include "encodelevel.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_ae_encode_debug);
#define GST_CAT_DEFAULT gst_ae_encode_debug

struct _GstAeEncode {
  GstVideoEncoder parent;

  GstAeEncodeSettings settings; /* with the object lock */

  /* Of the streaming thread: */
  GstAeCodec codec;
  AeEncoder *encoder;
  GstVideoCodecState *input;
  gboolean tensors; /* the output is plain latents */
  guint since_key; /* frames since the last key frame, it included */
  GstClockTime last_pts;
  GstAeLevelControl control;
};

G_DEFINE_TYPE (GstAeEncode, gst_ae_encode, GST_TYPE_VIDEO_ENCODER);
GST_ELEMENT_REGISTER_DEFINE (
    aeencode, "aeencode", GST_RANK_NONE, gst_ae_encode_get_type ());

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_AE_CODED_CAPS "; " GST_AE_TENSORS_CAPS));

static void
set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  GstAeEncode *self = GST_AE_ENCODE (object);

  GST_OBJECT_LOCK (self);
  if (!gst_ae_encode_settings_set (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  GstAeEncode *self = GST_AE_ENCODE (object);

  GST_OBJECT_LOCK (self);
  if (!gst_ae_encode_settings_get (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
load (GstAeEncode *self)
{
  AeError error = { 0 };
  AeCodecOptions options;

  GST_OBJECT_LOCK (self);
  AeCodecSpeed speed = self->settings.speed_preset;
  GST_OBJECT_UNLOCK (self);
  gboolean ok = gst_ae_codec_settings_load (GST_ELEMENT (self),
      &self->settings.codec, &self->codec, &options, &error);
  options.speed = speed;
  ok = ok
      && ae_encoder_new (
             &self->encoder, self->codec.codec, &options, &error)
          == AE_OK;
  if (!ok)
    GST_AE_ERROR (self, GST_AE_READING, &error);
  return ok;
}

static void
unload (GstAeEncode *self)
{
  ae_encoder_free (&self->encoder);
  gst_ae_codec_clear (&self->codec);
  g_clear_pointer (&self->input, gst_video_codec_state_unref);
}

/* Not in start(): the base class would add an error of its own. */
static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstAeEncode *self = GST_AE_ENCODE (element);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !load (self)) {
    unload (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  GstStateChangeReturn done = GST_ELEMENT_CLASS (gst_ae_encode_parent_class)
                                  ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    unload (self);
  return done;
}

static void
add_tags (GstAeEncode *self)
{
  GstTagList *tags = gst_tag_list_new (GST_TAG_VIDEO_CODEC,
      "Autoencoder video", GST_TAG_ENCODER, "aeencode", NULL);

  GST_OBJECT_LOCK (self);
  if (self->settings.bitrate > 0)
    gst_tag_list_add (tags, GST_TAG_MERGE_REPLACE, GST_TAG_BITRATE,
        MIN (self->settings.bitrate, G_MAXUINT / 1000) * 1000, NULL);
  GST_OBJECT_UNLOCK (self);
  gst_video_encoder_merge_tags (
      GST_VIDEO_ENCODER (self), tags, GST_TAG_MERGE_REPLACE);
  gst_tag_list_unref (tags);
}

/* RGB is coded as Y, U, V of full range. */
static void
set_colour (AePacketInfo *info, const GstVideoInfo *video)
{
  GstVideoColorimetry colorimetry = video->colorimetry;

  if (GST_VIDEO_INFO_IS_RGB (video)) {
    colorimetry.range = GST_VIDEO_COLOR_RANGE_0_255;
    colorimetry.matrix = GST_VIDEO_COLOR_MATRIX_BT601;
  }
  gst_ae_codec_colour (info->colour, &colorimetry);
}

/* A packet that tells what frames will be like, for those who join late. */
static GstBuffer *
header_buffer (GstAeEncode *self, AePacketInfo *info, AeError *error)
{
  const guint8 *packet;

  if (ae_encoder_header (self->encoder, info, &packet, error) != AE_OK)
    return NULL;
  GstBuffer *buffer = gst_buffer_new_memdup (packet, info->size);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_HEADER);
  return buffer;
}

/* Whether what follows takes plain latents rather than a stream. */
static gboolean
wants_tensors (GstAeEncode *self)
{
  GstCaps *caps
      = gst_pad_get_allowed_caps (GST_VIDEO_ENCODER_SRC_PAD (self));
  gboolean wants = caps != NULL && !gst_caps_is_empty (caps)
      && !gst_caps_is_any (caps)
      && gst_structure_has_name (
          gst_caps_get_structure (caps, 0), GST_AE_TENSORS);

  gst_clear_caps (&caps);
  return wants;
}

static gboolean
announce_tensors (GstAeEncode *self, GstVideoCodecState *input)
{
  AeLatentImage latents;

  ae_encoder_latent_shape (self->encoder, &latents);
  gst_video_codec_state_unref (gst_video_encoder_set_output_state (
      GST_VIDEO_ENCODER (self), gst_ae_tensors_caps (&latents, &input->info),
      input));
  return TRUE;
}

/* Caps and headers of the output. */
static gboolean
announce (GstAeEncode *self, GstVideoCodecState *input)
{
  GstVideoEncoder *base = GST_VIDEO_ENCODER (self);
  AeError error = { 0 };
  AePacketInfo info = { 0 };

  set_colour (&info, &input->info);
  if (GST_VIDEO_INFO_FPS_N (&input->info) > 0)
    info.duration = (guint32) MIN (G_MAXUINT32,
        gst_util_uint64_scale_int (GST_SECOND,
            GST_VIDEO_INFO_FPS_D (&input->info),
            GST_VIDEO_INFO_FPS_N (&input->info)));
  GstBuffer *header = header_buffer (self, &info, &error);
  if (header == NULL) {
    GST_AE_ERROR (self, GST_AE_RUNNING, &error);
    return FALSE;
  }
  GstCaps *caps = gst_ae_codec_caps (&info);
  gst_ae_codec_add_header (caps, header);
  gst_video_codec_state_unref (
      gst_video_encoder_set_output_state (base, caps, input));
  gst_video_encoder_set_headers (base, g_list_append (NULL, header));
  return TRUE;
}

static gboolean
set_format (GstVideoEncoder *base, GstVideoCodecState *state)
{
  GstAeEncode *self = GST_AE_ENCODE (base);
  AeError error = { 0 };
  AeImage format;

  gst_ae_image_format (&format, &state->info);
  if (ae_encoder_bind (self->encoder, &format, &error) != AE_OK) {
    GST_AE_ERROR (self, GST_AE_RUNNING, &error);
    return FALSE;
  }
  g_clear_pointer (&self->input, gst_video_codec_state_unref);
  self->input = gst_video_codec_state_ref (state);
  self->since_key = 0;
  self->last_pts = GST_CLOCK_TIME_NONE;
  gst_ae_level_control_start (&self->control);

  self->tensors = wants_tensors (self);
  if (!(self->tensors ? announce_tensors (self, state)
                      : announce (self, state)))
    return FALSE;
  add_tags (self);
  return gst_video_encoder_negotiate (base);
}

static gboolean
flush (GstVideoEncoder *base)
{
  GST_AE_ENCODE (base)->since_key = 0;
  return TRUE;
}

/* By the caps, or where these tell none by the timestamps. */
static gdouble
frames_per_second (GstAeEncode *self, const GstVideoCodecFrame *frame)
{
  const GstVideoInfo *info = &self->input->info;
  GstClockTime before = self->last_pts;

  self->last_pts = frame->pts;
  if (GST_VIDEO_INFO_FPS_N (info) > 0)
    return (gdouble) GST_VIDEO_INFO_FPS_N (info) / GST_VIDEO_INFO_FPS_D (info);
  if (GST_CLOCK_TIME_IS_VALID (before) && GST_CLOCK_TIME_IS_VALID (frame->pts)
      && frame->pts > before)
    return CLAMP ((gdouble) GST_SECOND / (frame->pts - before), 0.1, 1000);
  return 30;
}

static void
describe (GstAeEncode *self, const GstVideoCodecFrame *frame,
    const GstAeEncodeWanted *wanted, AePacketInfo *info)
{
  *info = (AePacketInfo) { .refresh = (gint) wanted->refresh };
  info->key = self->since_key == 0
      || (wanted->key_int_max > 0 && self->since_key >= wanted->key_int_max)
      || GST_VIDEO_CODEC_FRAME_IS_FORCE_KEYFRAME (frame);
  info->has_pts = GST_CLOCK_TIME_IS_VALID (frame->pts);
  info->pts = frame->pts;
  if (GST_CLOCK_TIME_IS_VALID (frame->duration)
      && frame->duration <= G_MAXUINT32)
    info->duration = (guint32) frame->duration;
  set_colour (info, &self->input->info);
  gst_ae_encode_set_level (
      wanted, &self->control, frames_per_second (self, frame), info);
}

/* Maps a frame's picture; *image is it. */
static gboolean
map_picture (GstAeEncode *self, GstVideoCodecFrame *frame,
    GstVideoFrame *picture, AeImage *image, AeError *error)
{
  if (!gst_ae_frame_map (picture, &self->input->info, frame->input_buffer,
          GST_MAP_READ)) {
    gst_ae_error_set (error, AE_ERROR_FORMAT,
        "a buffer of %" G_GSIZE_FORMAT " bytes holds no %dx%d picture",
        gst_buffer_get_size (frame->input_buffer),
        GST_VIDEO_INFO_WIDTH (&self->input->info),
        GST_VIDEO_INFO_HEIGHT (&self->input->info));
    return FALSE;
  }
  gst_ae_image_from_frame (image, picture);
  return TRUE;
}

static gboolean
encode (GstAeEncode *self, GstVideoCodecFrame *frame,
    const GstAeEncodeWanted *wanted, AePacketInfo *info,
    const guint8 **packet, AeError *error)
{
  GstVideoFrame picture;
  AeImage image;

  if (!map_picture (self, frame, &picture, &image, error))
    return FALSE;
  AeStatus status = gst_ae_encode_image (wanted, &self->control,
      self->encoder, &image, info, packet, error);
  gst_video_frame_unmap (&picture);
  return status == AE_OK;
}

static GstFlowReturn
fail (GstAeEncode *self, GstVideoCodecFrame *frame, const AeError *error)
{
  gst_video_codec_frame_unref (frame);
  GST_AE_ERROR (self, GST_AE_RUNNING, error);
  return GST_FLOW_ERROR;
}

static GstFlowReturn
finish (GstAeEncode *self, GstVideoCodecFrame *frame, gconstpointer data,
    gsize size)
{
  GstVideoEncoder *base = GST_VIDEO_ENCODER (self);

  frame->dts = frame->pts;
  frame->output_buffer
      = gst_video_encoder_allocate_output_buffer (base, size);
  gst_buffer_fill (frame->output_buffer, 0, data, size);
  return gst_video_encoder_finish_frame (base, frame);
}

static GstFlowReturn
handle_tensors (GstAeEncode *self, GstVideoCodecFrame *frame)
{
  GstVideoFrame picture;
  AeError error = { 0 };
  AeImage image;
  AeLatentImage latents;

  if (!map_picture (self, frame, &picture, &image, &error))
    return fail (self, frame, &error);
  ae_encoder_analyse (self->encoder, &image, &latents);
  gst_video_frame_unmap (&picture);
  GST_VIDEO_CODEC_FRAME_SET_SYNC_POINT (frame);
  return finish (
      self, frame, latents.values, gst_ae_tensors_size (&latents));
}

static GstFlowReturn
handle_frame (GstVideoEncoder *base, GstVideoCodecFrame *frame)
{
  GstAeEncode *self = GST_AE_ENCODE (base);
  AeError error = { 0 };
  AePacketInfo info;
  const guint8 *packet;

  if (self->tensors)
    return handle_tensors (self, frame);
  GST_OBJECT_LOCK (self);
  GstAeEncodeWanted wanted = gst_ae_encode_wanted (&self->settings);
  GST_OBJECT_UNLOCK (self);
  describe (self, frame, &wanted, &info);
  if (!encode (self, frame, &wanted, &info, &packet, &error))
    return fail (self, frame, &error);
  gst_ae_level_control_coded (
      &self->control, info.size * 8.0, info.level, info.key);
  self->since_key = info.key ? 1 : self->since_key + 1;
  if (info.key)
    GST_VIDEO_CODEC_FRAME_SET_SYNC_POINT (frame);
  return finish (self, frame, packet, info.size);
}

static void
finalize (GObject *object)
{
  gst_ae_encode_settings_clear (&GST_AE_ENCODE (object)->settings);
  G_OBJECT_CLASS (gst_ae_encode_parent_class)->finalize (object);
}

static void
gst_ae_encode_class_init (GstAeEncodeClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstVideoEncoderClass *encoder = GST_VIDEO_ENCODER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_ae_encode_debug, "aeencode", 0, "codes video with an autoencoder");
  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  gst_ae_encode_settings_install (object);
  element->change_state = change_state;
  encoder->set_format = set_format;
  encoder->flush = flush;
  encoder->handle_frame = handle_frame;
  gst_element_class_add_static_pad_template (element, &sink_template);
  gst_element_class_add_static_pad_template (element, &src_template);
  gst_element_class_set_static_metadata (element, "Autoencoder encoder",
      "Codec/Encoder/Video", "Codes video with an autoencoder",
      GST_AE_AUTHOR);
}

static void
gst_ae_encode_init (GstAeEncode *self)
{
  gst_ae_encode_settings_init (&self->settings);
}
