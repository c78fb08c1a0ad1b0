/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-denoise
 * @title: denoise
 * @short_description: removes camera noise with a neural network, in real time
 *
 * Removes noise from video: a small convolutional network cleans each frame,
 * and a recurrent state that follows motion lets still parts of the scene get
 * cleaner from frame to frame. The strength of the noise is estimated from the
 * stream itself. Before a camera that stands still, what stands still in the
 * picture becomes an average of up to 64 frames, which is also remembered while
 * something passes in front of it. No frame is held back, so the element adds
 * no latency but its computing time. Everything runs on the CPU; where that has
 * AMX, convolutions multiply bfloat16 (see #GstDenoise:precision), which is
 * faster; PSNR stays the same to 0.01 dB.
 *
 * Without #GstDenoise:model-file one of three models that come with the plugin
 * is used: see #GstDenoise:speed-preset. A model can be exchanged while the
 * stream runs: the new one is loaded beside the stream and takes over between
 * two frames. When it cannot be loaded, a warning message says why and the old
 * one goes on. A model that cannot be loaded when the element starts is an
 * error.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=in.mp4 ! decodebin ! videoconvert ! denoise ! videoconvert ! autovideosink
 * ]|
 * Plays a file, with its noise removed.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! denoise speed-preset=fast ! videoconvert ! autovideosink
 * ]|
 * The same for a camera, with the least computing.
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=60 pattern=snow ! denoise noise-level=30 strength=0.7 ! fakesink
 * ]|
 * A known noise level, and three tenths of the noise left in the picture.
 *
 * Temporal fusion starts anew after a change of caps, a flush, a new segment, a
 * buffer with the DISCONT flag, a jump in time and a scene cut.
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstdenoise.h"

#include "aeerror.h"
#include "aeframe.h"
#include "denoisesettings.h"
#include "framestats.h"

GST_DEBUG_CATEGORY_STATIC (gst_denoise_debug);
#define GST_CAT_DEFAULT gst_denoise_debug

/* Frames further apart than this do not follow each other (and not further
 * apart than four frames at less than 4 frames per second). */
#define TIME_JUMP GST_SECOND

struct _GstDenoise {
  GstVideoFilter parent;

  /* Object lock. */
  GstDenoiseSettings settings;
  GstAeFrameStats stats;
  gfloat measured_noise;

  /* Object lock; not NULL while started. */
  GstAeSetupLoader *loader;

  /* Streaming thread; start and stop. */
  GstAeDenoiseSetup *setup;
  GstClockTime last_pts, last_duration;
  gboolean bad_buffer; /* the last buffer could not be used */
  gboolean bad_result; /* the model's last result could not */

  gint reset; /* atomic: forget earlier frames before the next one */
};

static guint stats_id; /* the ids before are those of the settings */

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));

G_DEFINE_TYPE (GstDenoise, gst_denoise, GST_TYPE_VIDEO_FILTER);
GST_ELEMENT_REGISTER_DEFINE (
    denoise, "denoise", GST_RANK_NONE, GST_TYPE_DENOISE);

static void gst_denoise_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec);
static void gst_denoise_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec);
static void gst_denoise_finalize (GObject *object);
static gboolean gst_denoise_start (GstBaseTransform *trans);
static gboolean gst_denoise_stop (GstBaseTransform *trans);
static gboolean gst_denoise_set_info (GstVideoFilter *filter, GstCaps *in_caps,
    GstVideoInfo *in, GstCaps *out_caps, GstVideoInfo *out);
static gboolean gst_denoise_sink_event (
    GstBaseTransform *trans, GstEvent *event);
static void gst_denoise_before_transform (
    GstBaseTransform *trans, GstBuffer *buffer);
static GstFlowReturn gst_denoise_submit (
    GstBaseTransform *trans, gboolean discont, GstBuffer *buffer);
static GstFlowReturn gst_denoise_transform_ip (
    GstBaseTransform *trans, GstBuffer *buffer);
static GstFlowReturn gst_denoise_transform_frame_ip (
    GstVideoFilter *filter, GstVideoFrame *frame);

static void
gst_denoise_class_init (GstDenoiseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);
  GstVideoFilterClass *filter_class = GST_VIDEO_FILTER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_denoise_debug, "denoise", 0, "neural video denoiser");

  object_class->set_property = gst_denoise_set_property;
  object_class->get_property = gst_denoise_get_property;
  object_class->finalize = gst_denoise_finalize;
  stats_id = gst_denoise_settings_install (object_class) + 1;
  g_object_class_install_property (object_class, stats_id,
      g_param_spec_boxed ("stats", "Statistics",
          "Since the element started: processed, skipped (strength 0), "
          "dropped (too late, or not a picture) in frames; avg-us, max-us per "
          "processed frame in microseconds; fps over the last second; "
          "noise-level of the last frame in 8-bit grey levels, -1 = not yet "
          "known",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Video denoiser",
      "Filter/Effect/Video",
      "Removes noise from video with a neural network, in real time",
      GST_AE_AUTHOR);

  trans_class->start = gst_denoise_start;
  trans_class->stop = gst_denoise_stop;
  trans_class->sink_event = gst_denoise_sink_event;
  trans_class->before_transform = gst_denoise_before_transform;
  trans_class->submit_input_buffer = gst_denoise_submit;
  trans_class->transform_ip = gst_denoise_transform_ip;
  trans_class->transform_ip_on_passthrough = FALSE;
  filter_class->set_info = gst_denoise_set_info;
  filter_class->transform_frame_ip = gst_denoise_transform_frame_ip;

  gst_type_mark_as_plugin_api (GST_TYPE_DENOISE_SPEED_PRESET, 0);
}

static void
gst_denoise_init (GstDenoise *self)
{
  gst_denoise_settings_init (&self->settings);
  self->measured_noise = -1.0f;
}

static void
gst_denoise_finalize (GObject *object)
{
  gst_denoise_settings_clear (&GST_DENOISE (object)->settings);
  G_OBJECT_CLASS (gst_denoise_parent_class)->finalize (object);
}

/* Properties. */

/* With the object lock held. */
static void
request_load (GstDenoise *self)
{
  GstAeDenoiseRequest request = gst_denoise_settings_request (&self->settings);

  if (self->loader != NULL
      && !gst_ae_setup_loader_request (
          self->loader, gst_ae_denoise_request_copy (&request)))
    GST_ERROR_OBJECT (self, "no thread to load a model with: it stays");
}

static void
gst_denoise_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstDenoise *self = GST_DENOISE (object);

  GST_OBJECT_LOCK (self);
  gst_denoise_settings_set (&self->settings, id, value);
  if (gst_denoise_settings_is_setup (id))
    request_load (self);
  GST_OBJECT_UNLOCK (self);
}

/* With the object lock held. */
static GstStructure *
stats_structure (GstDenoise *self)
{
  GstStructure *stats
      = gst_ae_frame_stats_structure (&self->stats, "denoise-stats");

  gst_structure_set (
      stats, "noise-level", G_TYPE_FLOAT, self->measured_noise, NULL);
  return stats;
}

static void
gst_denoise_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstDenoise *self = GST_DENOISE (object);

  GST_OBJECT_LOCK (self);
  if (id == stats_id)
    g_value_take_boxed (value, stats_structure (self));
  else
    gst_denoise_settings_get (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
}

/* Life cycle. */

/* From the loader's thread. */
static void
on_load_failed (gpointer user, const AeError *error)
{
  GST_AE_WARNING (user, GST_AE_READING, error);
}

static GstAeDenoiseSetup *
load_first (GstDenoise *self, AeError *error)
{
  GST_OBJECT_LOCK (self);
  GstAeDenoiseRequest now = gst_denoise_settings_request (&self->settings);
  GstAeDenoiseRequest *request = gst_ae_denoise_request_copy (&now);
  GST_OBJECT_UNLOCK (self);
  GstAeDenoiseSetup *setup = gst_ae_denoise_setup_new (request, error);
  gst_ae_denoise_request_free (request);
  return setup;
}

/* The loader is there before the settings are read, so that no change after
 * that is lost. */
static gboolean
gst_denoise_start (GstBaseTransform *trans)
{
  GstDenoise *self = GST_DENOISE (trans);
  AeError error = { 0 };

  self->last_pts = self->last_duration = GST_CLOCK_TIME_NONE;
  self->bad_buffer = self->bad_result = FALSE;
  GST_OBJECT_LOCK (self);
  self->stats = (GstAeFrameStats){ 0 };
  self->measured_noise = -1.0f;
  self->loader = gst_ae_setup_loader_new (
      &gst_ae_denoise_setup_type, on_load_failed, self);
  GST_OBJECT_UNLOCK (self);

  self->setup = load_first (self, &error);
  if (self->setup == NULL) {
    gst_denoise_stop (trans);
    GST_AE_ERROR (self, GST_AE_READING, &error);
    return FALSE;
  }
  GST_INFO_OBJECT (
      self, "loaded %s", gst_ae_model_path (self->setup->model));
  return TRUE;
}

static gboolean
gst_denoise_stop (GstBaseTransform *trans)
{
  GstDenoise *self = GST_DENOISE (trans);

  GST_OBJECT_LOCK (self);
  GstAeSetupLoader *loader = g_steal_pointer (&self->loader);
  GST_OBJECT_UNLOCK (self);
  gst_ae_setup_loader_free (&loader);
  gst_ae_denoise_setup_free (&self->setup);
  return TRUE;
}

/* Negotiation. */

/* Takes over what the loader left, if anything. A model that cannot be
 * planned for these pictures leaves the old one in place. */
static void
adopt_loaded (GstDenoise *self, const AeImage *format)
{
  AeError error = { 0 };
  GstAeDenoiseSetup *setup = gst_ae_setup_loader_take (self->loader);

  if (setup == NULL)
    return;

  gboolean good = gst_ae_denoise_setup_bind (setup, format, &error);
  if (good) {
    GstAeDenoiseSetup *older = self->setup;
    self->setup = setup;
    setup = older;
  }
  gst_ae_denoise_setup_free (&setup);
  if (!good)
    GST_AE_WARNING (self, GST_AE_READING, &error);
}

static gboolean
gst_denoise_set_info (GstVideoFilter *filter, GstCaps *in_caps,
    GstVideoInfo *in, GstCaps *out_caps, GstVideoInfo *out)
{
  GstDenoise *self = GST_DENOISE (filter);
  AeError error = { 0 };
  AeImage format;

  if (!gst_ae_image_format (&format, in)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("expected one of the formats %s, found %s", GST_AE_VIDEO_FORMATS,
            GST_VIDEO_INFO_NAME (in)),
        (NULL));
    return FALSE;
  }
  gst_ae_setup_loader_set_format (self->loader, &format);
  adopt_loaded (self, &format);
  if (!gst_ae_denoise_setup_bind (self->setup, &format, &error)) {
    GST_AE_ERROR (self, GST_AE_RUNNING, &error);
    return FALSE;
  }
  return TRUE;
}

static gboolean
gst_denoise_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstDenoise *self = GST_DENOISE (trans);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_FLUSH_STOP:
      g_atomic_int_set (&self->reset, TRUE);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_denoise_parent_class)
      ->sink_event (trans, event);
}

/* Data path. */

static void
gst_denoise_before_transform (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstDenoise *self = GST_DENOISE (trans);
  GstClockTime time = gst_segment_to_stream_time (
      &trans->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));

  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_object_sync_values (GST_OBJECT (self), time);

  GST_OBJECT_LOCK (self);
  gboolean passthrough = self->settings.params.strength <= 0.0f;
  GST_OBJECT_UNLOCK (self);
  if (passthrough != gst_base_transform_is_passthrough (trans))
    gst_base_transform_set_passthrough (trans, passthrough);
}

/* The base class drops frames that would be too late. */
static GstFlowReturn
gst_denoise_submit (
    GstBaseTransform *trans, gboolean discont, GstBuffer *buffer)
{
  GstDenoise *self = GST_DENOISE (trans);
  GstFlowReturn flow = GST_BASE_TRANSFORM_CLASS (gst_denoise_parent_class)
                           ->submit_input_buffer (trans, discont, buffer);

  if (flow == GST_BASE_TRANSFORM_FLOW_DROPPED) {
    GST_OBJECT_LOCK (self);
    self->stats.dropped++;
    GST_OBJECT_UNLOCK (self);
  } else if (flow == GST_FLOW_OK && gst_base_transform_is_passthrough (trans)) {
    GST_OBJECT_LOCK (self);
    self->stats.skipped++;
    GST_OBJECT_UNLOCK (self);
    g_atomic_int_set (&self->reset, TRUE);
  }
  return flow;
}

/* Whether the frame follows the one before in time. */
static gboolean
follows (GstDenoise *self, GstBuffer *buffer)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer), last = self->last_pts;
  GstClockTime limit = TIME_JUMP;

  if (GST_CLOCK_TIME_IS_VALID (self->last_duration))
    limit = MAX (limit, 4 * MIN (self->last_duration, 60 * GST_SECOND));
  self->last_pts = pts;
  self->last_duration = GST_BUFFER_DURATION (buffer);

  if (GST_BUFFER_IS_DISCONT (buffer))
    return FALSE;
  if (!GST_CLOCK_TIME_IS_VALID (pts) || !GST_CLOCK_TIME_IS_VALID (last))
    return TRUE;
  return pts >= last && pts - last <= limit;
}

/* The stream goes on without the buffer. One message says so, not one for
 * each when all are bad. */
static GstFlowReturn
refuse_buffer (GstDenoise *self, GstBuffer *buffer)
{
  GST_OBJECT_LOCK (self);
  self->stats.dropped++;
  GST_OBJECT_UNLOCK (self);
  if (!self->bad_buffer)
    gst_ae_frame_report (GST_ELEMENT (self),
        &GST_VIDEO_FILTER (self)->in_info, buffer);
  self->bad_buffer = TRUE;
  return GST_BASE_TRANSFORM_FLOW_DROPPED;
}

/* Also said once: frames come as they are until the model makes sense. */
static void
report_result (GstDenoise *self)
{
  gboolean refused = ae_denoiser_result_refused (self->setup->denoiser);

  if (refused && !self->bad_result)
    GST_ELEMENT_WARNING (self, STREAM, DECODE,
        ("%s: expected a picture, the model gave infinite or undefined "
         "numbers: frames stay as they are",
            gst_ae_model_path (self->setup->model)),
        (NULL));
  self->bad_result = refused;
}

static GstFlowReturn
gst_denoise_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstDenoise *self = GST_DENOISE (trans);
  GstVideoFilter *filter = GST_VIDEO_FILTER (trans);
  GstVideoFrame frame;

  if (!filter->negotiated)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!follows (self, buffer))
    g_atomic_int_set (&self->reset, TRUE);
  if (!gst_ae_frame_map (
          &frame, &filter->in_info, buffer, GST_MAP_READWRITE))
    return refuse_buffer (self, buffer);
  GstFlowReturn flow = gst_denoise_transform_frame_ip (filter, &frame);
  gst_video_frame_unmap (&frame);
  return flow;
}

static GstFlowReturn
gst_denoise_transform_frame_ip (GstVideoFilter *filter, GstVideoFrame *frame)
{
  GstDenoise *self = GST_DENOISE (filter);
  AeImage image;

  gst_ae_image_from_frame (&image, frame);
  gint64 start = g_get_monotonic_time ();
  adopt_loaded (self, &image);
  if (g_atomic_int_compare_and_exchange (&self->reset, TRUE, FALSE))
    ae_denoiser_reset (self->setup->denoiser);

  GST_OBJECT_LOCK (self);
  AeDenoiseParams params = self->settings.params;
  GST_OBJECT_UNLOCK (self);
  ae_denoiser_process (self->setup->denoiser, &image, &image, &params);

  GST_OBJECT_LOCK (self);
  gst_ae_frame_stats_add (&self->stats, start, g_get_monotonic_time ());
  self->measured_noise = ae_denoiser_noise_level (self->setup->denoiser);
  GST_OBJECT_UNLOCK (self);
  self->bad_buffer = FALSE;
  report_result (self);
  return GST_FLOW_OK;
}
