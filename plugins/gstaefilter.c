/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-aefilter
 * @title: aefilter
 * @short_description: runs any ONNX model that makes a picture of a picture
 *
 * Style, restoration, super-resolution, translation: any model with one input
 * (1,C,H,W) of 32-bit floats and a picture of as many channels as its first
 * output, R, G, B or grey. Whatever it needs is done inside. Frames of all
 * formats become R, G, B with the stream's colorimetry; a grey model changes
 * the luma of colour video and leaves its colours. Everything runs on the CPU;
 * no frame is held back, so the element adds no latency but its computing time.
 *
 * A model that leaves H and W open sees frames at their own size, with
 * mirrored margins where its graph needs sides that are multiples of something,
 * and its results are as large as the frames or a whole number of times larger.
 * For a model that fixes its size frames are scaled, and results are scaled
 * back unless #GstAeFilter:scale-output is off.
 *
 * What numbers stand for black and white differs from model to model and is
 * mostly not in the file: see #GstAeFilter:input-range, #GstAeFilter:mean,
 * #GstAeFilter:deviation and #GstAeFilter:output-range. A model may say it
 * itself, by the metadata `ae.input_range`, `ae.output_range`, `ae.mean` and
 * `ae.deviation`, with the words of these properties.
 *
 * Every setting can change while the stream runs: the model is loaded beside
 * the stream and takes over between two frames, with a new size of results
 * where it has one. When that cannot be done, a warning message says why and
 * what was there goes on. At the start it is an error. While a model's numbers
 * are no picture (infinite or undefined), frames pass as they are, scaled where
 * results are of another size, with one warning.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=in.mp4 ! decodebin ! videoconvert ! aefilter model-file=style.onnx input-range=0-255 ! videoconvert ! autovideosink
 * ]|
 * A film in the style of a painting, by a model that works with 0 to 255.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! aefilter model-file=enhance.onnx mean=0.485,0.456,0.406 deviation=0.229,0.224,0.225 ! videoconvert ! autovideosink
 * ]|
 * A camera, by a model whose inputs are normalised and results are 0 to 1.
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=30 ! video/x-raw,format=GRAY8 ! aefilter model-file=enhance.onnx scale-output=false ! videoconvert ! autovideosink
 * ]|
 * Results at the model's own size.
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstaefilter.h"

#include "aeerror.h"
#include "aeframe.h"
#include "filtercaps.h"
#include "filtersettings.h"
#include "framestats.h"

GST_DEBUG_CATEGORY_STATIC (gst_ae_filter_debug);
#define GST_CAT_DEFAULT gst_ae_filter_debug

struct _GstAeFilter {
  GstVideoFilter parent;

  /* Object lock. */
  GstAeFilterSettings settings;
  GstAeFrameStats stats;
  AeImageFilterSize size; /* of the setup's results */
  gboolean has_size;

  /* Object lock; not NULL while started. */
  GstAeSetupLoader *loader;

  /* Streaming thread; start and stop. */
  GstAeFilterSetup *setup;
  gboolean bad_buffer; /* the last buffer could not be used */
  gboolean bad_result; /* the model's last result could not */
};

static guint stats_id; /* the ids before are those of the settings */

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));

G_DEFINE_TYPE (GstAeFilter, gst_ae_filter, GST_TYPE_VIDEO_FILTER);
GST_ELEMENT_REGISTER_DEFINE (
    aefilter, "aefilter", GST_RANK_NONE, GST_TYPE_AE_FILTER);

static void gst_ae_filter_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec);
static void gst_ae_filter_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec);
static void gst_ae_filter_finalize (GObject *object);
static gboolean gst_ae_filter_start (GstBaseTransform *trans);
static gboolean gst_ae_filter_stop (GstBaseTransform *trans);
static GstCaps *gst_ae_filter_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter);
static gboolean gst_ae_filter_set_info (GstVideoFilter *filter,
    GstCaps *in_caps, GstVideoInfo *in, GstCaps *out_caps, GstVideoInfo *out);
static GstFlowReturn gst_ae_filter_submit (
    GstBaseTransform *trans, gboolean discont, GstBuffer *buffer);
static GstFlowReturn gst_ae_filter_transform (
    GstBaseTransform *trans, GstBuffer *in, GstBuffer *out);
static GstFlowReturn gst_ae_filter_transform_frame (
    GstVideoFilter *filter, GstVideoFrame *in, GstVideoFrame *out);

static void
gst_ae_filter_class_init (GstAeFilterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);
  GstVideoFilterClass *filter_class = GST_VIDEO_FILTER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_ae_filter_debug, "aefilter", 0, "picture to picture models");

  object_class->set_property = gst_ae_filter_set_property;
  object_class->get_property = gst_ae_filter_get_property;
  object_class->finalize = gst_ae_filter_finalize;
  stats_id = gst_ae_filter_settings_install (object_class) + 1;
  g_object_class_install_property (object_class, stats_id,
      g_param_spec_boxed ("stats", "Statistics",
          "Since the element started: processed, skipped (always 0), dropped "
          "(too late, or not a picture) in frames; avg-us, max-us per "
          "processed frame in microseconds; fps over the last second",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Neural video filter",
      "Filter/Effect/Converter/Scaler/Video",
      "Runs any ONNX model that makes a picture of a picture",
      GST_AE_AUTHOR);

  trans_class->start = gst_ae_filter_start;
  trans_class->stop = gst_ae_filter_stop;
  trans_class->transform_caps = gst_ae_filter_transform_caps;
  trans_class->submit_input_buffer = gst_ae_filter_submit;
  trans_class->transform = gst_ae_filter_transform;
  filter_class->set_info = gst_ae_filter_set_info;
  filter_class->transform_frame = gst_ae_filter_transform_frame;

  gst_type_mark_as_plugin_api (GST_TYPE_AE_VALUES, 0);
}

static void
gst_ae_filter_init (GstAeFilter *self)
{
  gst_ae_filter_settings_init (&self->settings);
}

static void
gst_ae_filter_finalize (GObject *object)
{
  gst_ae_filter_settings_clear (&GST_AE_FILTER (object)->settings);
  G_OBJECT_CLASS (gst_ae_filter_parent_class)->finalize (object);
}

/* Properties. */

/* With the object lock held. */
static void
request_load (GstAeFilter *self)
{
  if (self->loader != NULL
      && !gst_ae_setup_loader_request (
          self->loader, gst_ae_filter_settings_request (&self->settings)))
    GST_ERROR_OBJECT (self, "no thread to load a model with: it stays");
}

static void
gst_ae_filter_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstAeFilter *self = GST_AE_FILTER (object);

  GST_OBJECT_LOCK (self);
  gst_ae_filter_settings_set (&self->settings, id, value);
  request_load (self);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_ae_filter_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstAeFilter *self = GST_AE_FILTER (object);

  GST_OBJECT_LOCK (self);
  if (id == stats_id)
    g_value_take_boxed (value,
        gst_ae_frame_stats_structure (&self->stats, "aefilter-stats"));
  else
    gst_ae_filter_settings_get (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
}

/* Life cycle. */

/* From the loader's thread. */
static void
on_load_failed (gpointer user, const AeError *error)
{
  GST_AE_WARNING (user, GST_AE_READING, error);
}

static GstAeFilterSetup *
load_first (GstAeFilter *self, AeError *error)
{
  GST_OBJECT_LOCK (self);
  GstAeFilterRequest *request
      = gst_ae_filter_settings_request (&self->settings);
  GST_OBJECT_UNLOCK (self);
  GstAeFilterSetup *setup = gst_ae_filter_setup_new (request, error);
  gst_ae_filter_request_free (request);
  return setup;
}

/* From now on the setup decides how large results are. */
static void
publish_size (GstAeFilter *self)
{
  GST_OBJECT_LOCK (self);
  self->has_size = self->setup != NULL;
  if (self->has_size)
    self->size = ae_image_filter_size (self->setup->filter);
  GST_OBJECT_UNLOCK (self);
}

/* The loader is there before the settings are read, so that no change after
 * that is lost. */
static gboolean
gst_ae_filter_start (GstBaseTransform *trans)
{
  GstAeFilter *self = GST_AE_FILTER (trans);
  AeError error = { 0 };

  self->bad_buffer = self->bad_result = FALSE;
  GST_OBJECT_LOCK (self);
  self->stats = (GstAeFrameStats){ 0 };
  self->loader = gst_ae_setup_loader_new (
      &gst_ae_filter_setup_type, on_load_failed, self);
  GST_OBJECT_UNLOCK (self);

  self->setup = load_first (self, &error);
  if (self->setup == NULL) {
    gst_ae_filter_stop (trans);
    GST_AE_ERROR (self, GST_AE_READING, &error);
    return FALSE;
  }
  publish_size (self);
  GST_INFO_OBJECT (
      self, "loaded %s", gst_ae_model_path (self->setup->model));
  return TRUE;
}

static gboolean
gst_ae_filter_stop (GstBaseTransform *trans)
{
  GstAeFilter *self = GST_AE_FILTER (trans);

  GST_OBJECT_LOCK (self);
  GstAeSetupLoader *loader = g_steal_pointer (&self->loader);
  GST_OBJECT_UNLOCK (self);
  gst_ae_setup_loader_free (&loader);
  gst_ae_filter_setup_free (&self->setup);
  publish_size (self);
  return TRUE;
}

/* Negotiation. */

static GstCaps *
gst_ae_filter_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  GstAeFilter *self = GST_AE_FILTER (trans);

  GST_OBJECT_LOCK (self);
  AeImageFilterSize size = self->size;
  gboolean has_size = self->has_size;
  GST_OBJECT_UNLOCK (self);
  GstCaps *other
      = gst_ae_filter_caps (has_size ? &size : NULL, direction, caps);
  if (filter != NULL) {
    GstCaps *both = gst_caps_intersect_full (
        filter, other, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (other);
    other = both;
  }
  return other;
}

/* Whether the setup makes pictures like `out` of those like `in`. */
static gboolean
makes (GstAeFilter *self, const GstVideoInfo *in, const GstVideoInfo *out)
{
  AeImageFilterSize size = ae_image_filter_size (self->setup->filter);
  gint width = size.width ? size.width
                          : GST_VIDEO_INFO_WIDTH (in) * size.scale_x;
  gint height = size.height ? size.height
                            : GST_VIDEO_INFO_HEIGHT (in) * size.scale_y;

  return GST_VIDEO_INFO_FORMAT (in) == GST_VIDEO_INFO_FORMAT (out)
      && GST_VIDEO_INFO_WIDTH (out) == width
      && GST_VIDEO_INFO_HEIGHT (out) == height;
}

static gboolean
gst_ae_filter_set_info (GstVideoFilter *filter, GstCaps *in_caps,
    GstVideoInfo *in, GstCaps *out_caps, GstVideoInfo *out)
{
  GstAeFilter *self = GST_AE_FILTER (filter);
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
  if (!gst_ae_filter_setup_bind (self->setup, &format, &error)) {
    GST_AE_ERROR (self, GST_AE_RUNNING, &error);
    return FALSE;
  }
  return makes (self, in, out);
}

static gboolean
same_size (const AeImageFilterSize *a, const AeImageFilterSize *b)
{
  return a->width == b->width && a->height == b->height
      && a->scale_x == b->scale_x && a->scale_y == b->scale_y;
}

/* Whether what follows takes results of another size than now. */
static gboolean
size_fits (GstAeFilter *self, const AeImageFilterSize *size, AeError *error)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  GstCaps *in = gst_pad_get_current_caps (trans->sinkpad);
  if (in == NULL)
    return TRUE;
  GstCaps *out = gst_ae_filter_caps (size, GST_PAD_SINK, in);
  GstCaps *peer = gst_pad_peer_query_caps (trans->srcpad, out);
  gboolean good = !gst_caps_is_empty (peer);

  if (!good) {
    gchar *text = gst_caps_to_string (out);
    gst_ae_error_set (error, AE_ERROR_SHAPE,
        "results would be %s, which the next element does not take", text);
    g_free (text);
  }
  gst_caps_unref (peer);
  gst_caps_unref (out);
  gst_caps_unref (in);
  return good;
}

static gboolean
can_adopt (GstAeFilter *self, GstAeFilterSetup *setup, AeError *error)
{
  AeImageFilterSize now = ae_image_filter_size (self->setup->filter);
  AeImageFilterSize next = ae_image_filter_size (setup->filter);
  AeImage format = self->setup->format;

  if (!gst_ae_filter_setup_bind (setup, &format, error))
    return FALSE;
  if (same_size (&now, &next) || size_fits (self, &next, error))
    return TRUE;
  gst_ae_error_prefix (error, gst_ae_model_path (setup->model));
  return FALSE;
}

/* Takes over what the loader left, if anything, between two frames. A model
 * that cannot work on these pictures leaves the old one in place. */
static void
adopt_loaded (GstAeFilter *self)
{
  AeError error = { 0 };
  GstAeFilterSetup *setup = gst_ae_setup_loader_take (self->loader);

  if (setup == NULL)
    return;
  gboolean good = can_adopt (self, setup, &error);
  if (good) {
    GstAeFilterSetup *older = self->setup;
    self->setup = setup;
    setup = older;
    publish_size (self);
    gst_base_transform_reconfigure_src (GST_BASE_TRANSFORM (self));
  }
  gst_ae_filter_setup_free (&setup);
  if (!good)
    GST_AE_WARNING (self, GST_AE_READING, &error);
}

/* Data path. */

/* The base class negotiates anew where that was asked for, and drops frames
 * that would be too late. */
static GstFlowReturn
gst_ae_filter_submit (
    GstBaseTransform *trans, gboolean discont, GstBuffer *buffer)
{
  GstAeFilter *self = GST_AE_FILTER (trans);

  if (self->setup->format.width > 0)
    adopt_loaded (self);
  GstFlowReturn flow = GST_BASE_TRANSFORM_CLASS (gst_ae_filter_parent_class)
                           ->submit_input_buffer (trans, discont, buffer);
  if (flow == GST_BASE_TRANSFORM_FLOW_DROPPED) {
    GST_OBJECT_LOCK (self);
    self->stats.dropped++;
    GST_OBJECT_UNLOCK (self);
  }
  return flow;
}

/* The stream goes on without the buffer. One message says so, not one for
 * each when all are bad. */
static GstFlowReturn
refuse_buffer (GstAeFilter *self, GstBuffer *buffer)
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
report_result (GstAeFilter *self)
{
  gboolean refused = ae_image_filter_result_refused (self->setup->filter);

  if (refused && !self->bad_result)
    GST_ELEMENT_WARNING (self, STREAM, DECODE,
        ("%s: expected a picture, the model gave infinite or undefined "
         "numbers: frames stay as they are",
            gst_ae_model_path (self->setup->model)),
        (NULL));
  self->bad_result = refused;
}

static GstFlowReturn
gst_ae_filter_transform (
    GstBaseTransform *trans, GstBuffer *in_buffer, GstBuffer *out_buffer)
{
  GstAeFilter *self = GST_AE_FILTER (trans);
  GstVideoFilter *filter = GST_VIDEO_FILTER (trans);
  GstVideoFrame in, out;

  if (!filter->negotiated || self->setup->format.width == 0
      || !makes (self, &filter->in_info, &filter->out_info))
    return GST_FLOW_NOT_NEGOTIATED;
  if (!gst_ae_frame_map (&in, &filter->in_info, in_buffer, GST_MAP_READ))
    return refuse_buffer (self, in_buffer);
  if (!gst_ae_frame_map (
          &out, &filter->out_info, out_buffer, GST_MAP_READWRITE)) {
    gst_video_frame_unmap (&in);
    GST_ELEMENT_ERROR (self, RESOURCE, WRITE,
        ("the buffer that came for a result of %d x %d cannot hold it",
            GST_VIDEO_INFO_WIDTH (&filter->out_info),
            GST_VIDEO_INFO_HEIGHT (&filter->out_info)),
        (NULL));
    return GST_FLOW_ERROR;
  }
  GstFlowReturn flow = gst_ae_filter_transform_frame (filter, &in, &out);
  gst_video_frame_unmap (&out);
  gst_video_frame_unmap (&in);
  return flow;
}

static GstFlowReturn
gst_ae_filter_transform_frame (
    GstVideoFilter *filter, GstVideoFrame *in, GstVideoFrame *out)
{
  GstAeFilter *self = GST_AE_FILTER (filter);
  AeImage from, to;

  gst_ae_image_from_frame (&from, in);
  gst_ae_image_from_frame (&to, out);
  gint64 start = g_get_monotonic_time ();
  ae_image_filter_process (self->setup->filter, &from, &to);

  GST_OBJECT_LOCK (self);
  gst_ae_frame_stats_add (&self->stats, start, g_get_monotonic_time ());
  GST_OBJECT_UNLOCK (self);
  self->bad_buffer = FALSE;
  report_result (self);
  return GST_FLOW_OK;
}
