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
#include "codecsettings.h"
#include "levelcontrol.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_ae_encode_debug);
#define GST_CAT_DEFAULT gst_ae_encode_debug

#define DEFAULT_QUALITY 50
#define DEFAULT_BITRATE 0
#define DEFAULT_KEY_INT_MAX 60
#define DEFAULT_INTRA_REFRESH FALSE
#define DEFAULT_PSNR 0
#define DEFAULT_VBV_BUF_CAPACITY 1000
#define MOST_TRIES 4 /* more, of a key frame whose PSNR is wanted */

enum {
  PROP_QUALITY = GST_AE_CODEC_N_PROPS,
  PROP_BITRATE,
  PROP_KEY_INT_MAX,
  PROP_INTRA_REFRESH,
  PROP_PSNR,
  PROP_VBV_BUF_CAPACITY,
  PROP_SPEED_PRESET,
  PROP_TUNE
};

enum { TUNE_PSNR, TUNE_MS_SSIM };

/* The bundled one of each. */
static const gchar *const models[]
    = { GST_AE_CODEC_MODEL, GST_AE_CODEC_MS_SSIM_MODEL };

struct _GstAeEncode {
  GstVideoEncoder parent;

  /* With the object lock: */
  GstAeCodecSettings settings;
  gdouble quality, psnr;
  guint bitrate, key_int_max, vbv_buf_capacity;
  gboolean intra_refresh;
  AeCodecSpeed speed;

  /* Of the streaming thread: */
  GstAeCodec codec;
  AeEncoder *encoder;
  GstVideoCodecState *input;
  gboolean tensors; /* the output is plain latents */
  guint since_key; /* frames since the last key frame, it included */
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
  switch (id) {
    case PROP_QUALITY:
      self->quality = g_value_get_double (value);
      break;
    case PROP_BITRATE:
      self->bitrate = g_value_get_uint (value);
      break;
    case PROP_KEY_INT_MAX:
      self->key_int_max = g_value_get_uint (value);
      break;
    case PROP_INTRA_REFRESH:
      self->intra_refresh = g_value_get_boolean (value);
      break;
    case PROP_PSNR:
      self->psnr = g_value_get_double (value);
      break;
    case PROP_VBV_BUF_CAPACITY:
      self->vbv_buf_capacity = g_value_get_uint (value);
      break;
    case PROP_SPEED_PRESET:
      self->speed = (AeCodecSpeed) g_value_get_enum (value);
      break;
    case PROP_TUNE:
      self->settings.bundled = models[g_value_get_enum (value)];
      break;
    default:
      if (!gst_ae_codec_settings_set (&self->settings, id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  GstAeEncode *self = GST_AE_ENCODE (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_QUALITY:
      g_value_set_double (value, self->quality);
      break;
    case PROP_BITRATE:
      g_value_set_uint (value, self->bitrate);
      break;
    case PROP_KEY_INT_MAX:
      g_value_set_uint (value, self->key_int_max);
      break;
    case PROP_INTRA_REFRESH:
      g_value_set_boolean (value, self->intra_refresh);
      break;
    case PROP_PSNR:
      g_value_set_double (value, self->psnr);
      break;
    case PROP_VBV_BUF_CAPACITY:
      g_value_set_uint (value, self->vbv_buf_capacity);
      break;
    case PROP_SPEED_PRESET:
      g_value_set_enum (value, self->speed);
      break;
    case PROP_TUNE:
      g_value_set_enum (value, self->settings.bundled == models[TUNE_MS_SSIM]
              ? TUNE_MS_SSIM : TUNE_PSNR);
      break;
    default:
      if (!gst_ae_codec_settings_get (&self->settings, id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
  GST_OBJECT_UNLOCK (self);
}

static gboolean
load (GstAeEncode *self)
{
  AeError error = { 0 };
  AeCodecOptions options;

  GST_OBJECT_LOCK (self);
  AeCodecSpeed speed = self->speed;
  GST_OBJECT_UNLOCK (self);
  gboolean ok = gst_ae_codec_settings_load (GST_ELEMENT (self),
      &self->settings, &self->codec, &options, &error);
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
  if (self->bitrate > 0)
    gst_tag_list_add (tags, GST_TAG_MERGE_REPLACE, GST_TAG_BITRATE,
        MIN (self->bitrate, G_MAXUINT / 1000) * 1000, NULL);
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

/* What the properties ask of a frame. */
typedef struct {
  gdouble quality, psnr;
  guint bitrate, key_int_max, vbv_buf_capacity;
  guint refresh; /* frames of a sweep, 0 = there are key frames */
} Wanted;

static Wanted
wanted_of (GstAeEncode *self)
{
  GST_OBJECT_LOCK (self);
  Wanted wanted = { self->quality, self->psnr, self->bitrate,
    self->key_int_max, self->vbv_buf_capacity, 0 };
  gboolean refresh = self->intra_refresh;
  GST_OBJECT_UNLOCK (self);
  if (refresh) {
    wanted.refresh
        = wanted.key_int_max > 0 ? wanted.key_int_max : DEFAULT_KEY_INT_MAX;
    wanted.key_int_max = 0;
  }
  if (wanted.bitrate > 0)
    wanted.psnr = 0;
  return wanted;
}

/* Bits that a frame may take on the mean. */
static gdouble
bits_per_frame (const GstAeEncode *self, guint bitrate)
{
  const GstVideoInfo *info = &self->input->info;
  gdouble fps = GST_VIDEO_INFO_FPS_N (info) > 0
      ? (gdouble) GST_VIDEO_INFO_FPS_N (info) / GST_VIDEO_INFO_FPS_D (info)
      : 30;

  return bitrate * 1000.0 / fps;
}

static void
set_size (GstAeEncode *self, const Wanted *wanted, AePacketInfo *info)
{
  info->level = gst_ae_level_control_level (&self->control,
      bits_per_frame (self, wanted->bitrate), info->key);
  gdouble room = gst_ae_level_control_room (
      &self->control, (gdouble) wanted->bitrate * wanted->vbv_buf_capacity);
  info->most_size = (gsize) MAX (room / 8, 1);
}

static void
set_level (GstAeEncode *self, const Wanted *wanted, AePacketInfo *info)
{
  if (wanted->bitrate > 0) {
    set_size (self, wanted, info);
  } else if (wanted->psnr > 0) {
    info->level
        = gst_ae_level_control_psnr_level (&self->control, info->key);
    info->measure = true;
  } else {
    info->level = (gint) (wanted->quality * 2.55 + 0.5);
    if (info->key && wanted->key_int_max != 1)
      info->level = ae_encoder_key_level (info->level);
  }
}

static void
describe (GstAeEncode *self, const GstVideoCodecFrame *frame,
    const Wanted *wanted, AePacketInfo *info)
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
  set_level (self, wanted, info);
}

/* A key frame is coded until it has the PSNR that is wanted. */
static AeStatus
encode_image (GstAeEncode *self, const AeImage *image, const Wanted *wanted,
    AePacketInfo *info, const guint8 **packet, AeError *error)
{
  AePacketInfo asked = *info;

  for (guint tries = 0;; tries++) {
    *info = asked;
    AeStatus status
        = ae_encoder_encode (self->encoder, image, info, packet, error);
    if (status != AE_OK || !info->measure)
      return status;
    gboolean done = gst_ae_level_control_measured (
        &self->control, info->psnr, wanted->psnr, info->key);
    if (done || !info->key || tries == MOST_TRIES)
      return status;
    asked.key = true;
    asked.level = gst_ae_level_control_psnr_level (&self->control, TRUE);
  }
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
encode (GstAeEncode *self, GstVideoCodecFrame *frame, const Wanted *wanted,
    AePacketInfo *info, const guint8 **packet, AeError *error)
{
  GstVideoFrame picture;
  AeImage image;

  if (!map_picture (self, frame, &picture, &image, error))
    return FALSE;
  AeStatus status = encode_image (self, &image, wanted, info, packet, error);
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
  Wanted wanted = wanted_of (self);
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
  gst_ae_codec_settings_clear (&GST_AE_ENCODE (object)->settings);
  G_OBJECT_CLASS (gst_ae_encode_parent_class)->finalize (object);
}

static GType
speed_type (void)
{
  static const GEnumValue values[] = {
    { AE_SPEED_FAST, "To halves of a pixel", "fast" },
    { AE_SPEED_MEDIUM, "To quarters of a pixel", "medium" },
    { AE_SPEED_SLOW, "Further away, and longer", "slow" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstAeEncodeSpeed", values));
  return type;
}

static GType
tune_type (void)
{
  static const GEnumValue values[] = {
    { TUNE_PSNR, "The squared error of samples", "psnr" },
    { TUNE_MS_SSIM, "Structure as it is seen: busy places take fewer bits",
        "ms-ssim" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstAeEncodeTune", values));
  return type;
}

static void
install_properties (GObjectClass *object)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags live = flags | GST_PARAM_MUTABLE_PLAYING;

  gst_ae_codec_settings_install (object);
  g_object_class_install_property (object, PROP_QUALITY,
      g_param_spec_double ("quality", "Quality",
          "Constant quality, from few bits to good pictures; not used with a "
          "bitrate",
          0, 100, DEFAULT_QUALITY, live));
  g_object_class_install_property (object, PROP_BITRATE,
      g_param_spec_uint ("bitrate", "Bitrate",
          "kbit/s to keep to by changing the quality (0 = constant quality)",
          0, 2000000, DEFAULT_BITRATE, live));
  g_object_class_install_property (object, PROP_KEY_INT_MAX,
      g_param_spec_uint ("key-int-max", "Key frame interval",
          "Frames from a key frame to the next at most (0 = no limit); with "
          "intra-refresh, frames in which the picture is refreshed (0 = 60)",
          0, G_MAXINT, DEFAULT_KEY_INT_MAX, live));
  g_object_class_install_property (object, PROP_INTRA_REFRESH,
      g_param_spec_boolean ("intra-refresh", "Intra refresh",
          "Refresh the picture by a band that moves across it instead of by "
          "key frames; there is one at first and at new scenes",
          DEFAULT_INTRA_REFRESH, live));
  g_object_class_install_property (object, PROP_PSNR,
      g_param_spec_double ("psnr", "PSNR",
          "Constant PSNR of luma in dB, by changing the quality (0 = constant "
          "quality); not used with a bitrate",
          0, 60, DEFAULT_PSNR, live));
  g_object_class_install_property (object, PROP_VBV_BUF_CAPACITY,
      g_param_spec_uint ("vbv-buf-capacity", "VBV buffer capacity",
          "What receivers buffer, in milliseconds of the bitrate: frames that "
          "would not fit are coded with less quality",
          50, 10000, DEFAULT_VBV_BUF_CAPACITY, live));
  g_object_class_install_property (object, PROP_SPEED_PRESET,
      g_param_spec_enum ("speed-preset", "Speed preset",
          "How long movement is looked for", speed_type (), AE_SPEED_MEDIUM,
          flags | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (object, PROP_TUNE,
      g_param_spec_enum ("tune", "Tune",
          "What the bundled model keeps most; not used with a model-file",
          tune_type (), TUNE_PSNR, flags | GST_PARAM_MUTABLE_READY));
}

static void
gst_ae_encode_class_init (GstAeEncodeClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstVideoEncoderClass *encoder = GST_VIDEO_ENCODER_CLASS (klass);

  gst_type_mark_as_plugin_api (speed_type (), 0);
  gst_type_mark_as_plugin_api (tune_type (), 0);
  GST_DEBUG_CATEGORY_INIT (
      gst_ae_encode_debug, "aeencode", 0, "codes video with an autoencoder");
  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  install_properties (object);
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
  self->quality = DEFAULT_QUALITY;
  self->bitrate = DEFAULT_BITRATE;
  self->key_int_max = DEFAULT_KEY_INT_MAX;
  self->intra_refresh = DEFAULT_INTRA_REFRESH;
  self->psnr = DEFAULT_PSNR;
  self->vbv_buf_capacity = DEFAULT_VBV_BUF_CAPACITY;
  self->speed = AE_SPEED_MEDIUM;
  gst_ae_codec_settings_init (&self->settings);
}
