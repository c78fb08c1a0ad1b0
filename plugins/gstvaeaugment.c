/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-vaeaugment
 * @title: vaeaugment
 * @short_description: makes a stream larger by variations of its frames
 *
 * Each frame is followed by variations of it: an autoencoder's encoder finds its
 * code, others are drawn from around that, and the decoder makes pictures of
 * them. So a few labelled pictures become many before something is trained on
 * them. Of a variational autoencoder the deviations are those of the frame's
 * code; of any other they are what the codes of its pictures differ by, of which
 * a #GstVaeAugment:temperature of 0.1 or 0.2 is enough.
 *
 * Frames of any size and format are scaled to the model's size, and variations
 * back. A grey model varies the luma of colour video and keeps its colours. All
 * frames share the time of the one that they come from, evenly; the frame rate
 * is as many times higher. Labels and other metas of a frame are on its
 * variations too.
 *
 * Copies depend on the seed and the number of the frame alone. Model, seed and
 * temperature can change while the stream runs. A frame that cannot be varied,
 * because it has no label where the model wants one or its code is no number, is
 * passed on without variations, with one warning.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 idxsrc location=train-images-idx3-ubyte.gz num-buffers=100 ! vaeaugment model-file=vae-digits.onnx copies=9 ! pngenc ! multifilesink location=%04d.png
 * ]|
 * A thousand digits of a hundred.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! vaeaugment model-file=faces.onnx copies=1 pass-original=false temperature=2 ! videoconvert ! autovideosink
 * ]|
 * What a camera sees, as a model of faces knows it.
 *
 * ## Buffers
 * Variations carry a custom meta `GstAeGeneratedMeta`: strings `element`, `model`
 * (the model's id) and `mode` ("variation"), #guint64 `seed` and `index` (of the
 * draw). Frames that are passed on do not.
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstvaeaugment.h"

#include "aeerror.h"
#include "aeframe.h"
#include "augmentsettings.h"
#include "generatedmeta.h"
#include "labelmeta.h"
#include "variation.h"

GST_DEBUG_CATEGORY_STATIC (gst_vae_augment_debug);
#define GST_CAT_DEFAULT gst_vae_augment_debug

#define MOST_RATE G_MAXINT

struct _GstVaeAugment {
  GstBaseTransform parent;

  /* Object lock. */
  GstVaeAugmentSettings settings;

  /* Object lock; not NULL while started. */
  GstAeSetupLoader *loader;

  /* Streaming thread; start and stop. */
  GstAeSamplerSetup *setup;
  GstAeVariation variation;
  GstVideoInfo info; /* of frames; no format: not negotiated */
  guint made_of_each; /* frames; what was set at the start */
  gboolean passes;
  guint64 frame;     /* number of the current one */
  GstBuffer *current; /* that variations are made of; NULL: none */
  guint place;       /* of the next frame among those of the current one */
  gboolean refused;  /* the last frame could not be varied */
};

G_DEFINE_TYPE (GstVaeAugment, gst_vae_augment, GST_TYPE_BASE_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (
    vaeaugment, "vaeaugment", GST_RANK_NONE, gst_vae_augment_get_type ());

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));

/* Properties. */

/* With the object lock held. */
static void
request_load (GstVaeAugment *self)
{
  if (self->loader != NULL
      && !gst_ae_setup_loader_request (
          self->loader, gst_ae_sampler_request_copy (&self->settings.request)))
    GST_ERROR_OBJECT (self, "no thread to load a model with: it stays");
}

static void
gst_vae_augment_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  GstVaeAugment *self = GST_VAE_AUGMENT (object);

  GST_OBJECT_LOCK (self);
  gst_vae_augment_settings_set (&self->settings, id, value);
  if (gst_vae_augment_settings_is_setup (id))
    request_load (self);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_vae_augment_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  GstVaeAugment *self = GST_VAE_AUGMENT (object);

  GST_OBJECT_LOCK (self);
  gst_vae_augment_settings_get (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_vae_augment_finalize (GObject *object)
{
  gst_vae_augment_settings_clear (&GST_VAE_AUGMENT (object)->settings);
  G_OBJECT_CLASS (gst_vae_augment_parent_class)->finalize (object);
}

/* Life cycle. */

/* From the loader's thread. */
static void
on_load_failed (gpointer user, const AeError *error)
{
  GST_AE_WARNING (user, GST_AE_READING, error);
}

static GstAeSamplerSetup *
load_first (GstVaeAugment *self, AeError *error)
{
  GST_OBJECT_LOCK (self);
  GstAeSamplerRequest *request = gst_ae_sampler_request_copy (&self->settings.request);
  GST_OBJECT_UNLOCK (self);
  GstAeSamplerSetup *setup = gst_ae_sampler_setup_new (request, error);
  gst_ae_sampler_request_free (request);
  return setup;
}

static gboolean
gst_vae_augment_stop (GstBaseTransform *trans)
{
  GstVaeAugment *self = GST_VAE_AUGMENT (trans);

  GST_OBJECT_LOCK (self);
  GstAeSetupLoader *loader = g_steal_pointer (&self->loader);
  GST_OBJECT_UNLOCK (self);
  gst_ae_setup_loader_free (&loader);
  gst_ae_sampler_setup_free (&self->setup);
  gst_ae_variation_clear (&self->variation);
  gst_clear_buffer (&self->current);
  return TRUE;
}

static gboolean
gst_vae_augment_start (GstBaseTransform *trans)
{
  GstVaeAugment *self = GST_VAE_AUGMENT (trans);
  AeError error = { 0 };

  GST_OBJECT_LOCK (self);
  self->passes = self->settings.pass_original;
  self->made_of_each = self->settings.copies + (self->passes ? 1 : 0);
  self->loader = gst_ae_setup_loader_new (
      &gst_ae_sampler_setup_type, on_load_failed, self);
  GST_OBJECT_UNLOCK (self);
  self->frame = 0;
  self->refused = FALSE;
  gst_video_info_init (&self->info);
  self->setup = load_first (self, &error);
  if (self->setup == NULL) {
    gst_vae_augment_stop (trans);
    GST_AE_ERROR (self, GST_AE_READING, &error);
    return FALSE;
  }
  gst_ae_variation_init (&self->variation, self->setup);
  GST_INFO_OBJECT (
      self, "loaded %s", gst_ae_model_path (self->setup->model));
  return TRUE;
}

/* Takes over what the loader left, if anything, between two frames. */
static void
adopt_loaded (GstVaeAugment *self)
{
  AeError error = { 0 };
  GstAeSamplerSetup *setup = gst_ae_setup_loader_take (self->loader);

  if (setup == NULL)
    return;
  AeImage format = self->setup->format;
  gboolean good = gst_ae_sampler_setup_bind (setup, &format, &error);
  if (good) {
    GstAeSamplerSetup *older = self->setup;
    self->setup = setup;
    setup = older;
    gst_ae_variation_init (&self->variation, self->setup);
  }
  gst_ae_sampler_setup_free (&setup);
  if (!good)
    GST_AE_WARNING (self, GST_AE_READING, &error);
}

/* Caps. */

/* A rate of one side as that of the other; FALSE: there is none. */
static gboolean
convert_rate (
    gint n, gint d, guint factor, GstPadDirection direction, GValue *to)
{
  gint by_n = direction == GST_PAD_SINK ? (gint) factor : 1;
  gint by_d = direction == GST_PAD_SINK ? 1 : (gint) factor;
  gint new_n, new_d;

  if (!gst_util_fraction_multiply (n, d, by_n, by_d, &new_n, &new_d))
    return FALSE;
  g_value_init (to, GST_TYPE_FRACTION);
  gst_value_set_fraction (to, new_n, new_d);
  return TRUE;
}

/* What is no single rate may become any. */
static gboolean
convert_structure (
    GstStructure *s, guint factor, GstPadDirection direction)
{
  GValue to = G_VALUE_INIT;
  gint n, d;

  if (!gst_structure_get_fraction (s, "framerate", &n, &d)) {
    if (gst_structure_has_field (s, "framerate"))
      gst_structure_set (s, "framerate", GST_TYPE_FRACTION_RANGE, 0, 1,
          MOST_RATE, 1, NULL);
    return TRUE;
  }
  if (!convert_rate (n, d, factor, direction, &to))
    return FALSE;
  gst_structure_take_value (s, "framerate", &to);
  return TRUE;
}

static guint
frames_of_each (GstVaeAugment *self)
{
  if (self->setup != NULL)
    return self->made_of_each;
  GST_OBJECT_LOCK (self);
  guint n = self->settings.copies + (self->settings.pass_original ? 1 : 0);
  GST_OBJECT_UNLOCK (self);
  return n;
}

static GstCaps *
gst_vae_augment_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  guint factor = frames_of_each (GST_VAE_AUGMENT (trans));
  GstCaps *other = gst_caps_new_empty ();

  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    GstStructure *s = gst_structure_copy (gst_caps_get_structure (caps, i));
    if (convert_structure (s, factor, direction))
      gst_caps_append_structure_full (other, s,
          gst_caps_features_copy (gst_caps_get_features (caps, i)));
    else
      gst_structure_free (s);
  }
  if (filter != NULL) {
    GstCaps *both = gst_caps_intersect_full (
        filter, other, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (other);
    other = both;
  }
  return other;
}

static gboolean
gst_vae_augment_get_unit_size (
    GstBaseTransform *trans, GstCaps *caps, gsize *size)
{
  GstVideoInfo info;

  if (!gst_video_info_from_caps (&info, caps))
    return FALSE;
  *size = GST_VIDEO_INFO_SIZE (&info);
  return TRUE;
}

static gboolean
gst_vae_augment_set_caps (
    GstBaseTransform *trans, GstCaps *in_caps, GstCaps *out_caps)
{
  GstVaeAugment *self = GST_VAE_AUGMENT (trans);
  AeError error = { 0 };
  AeImage format;

  gst_clear_buffer (&self->current);
  if (!gst_video_info_from_caps (&self->info, in_caps)
      || !gst_ae_image_format (&format, &self->info)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("expected one of the formats %s", GST_AE_VIDEO_FORMATS), (NULL));
    return FALSE;
  }
  gst_ae_setup_loader_set_format (self->loader, &format);
  if (gst_ae_sampler_setup_bind (self->setup, &format, &error))
    return TRUE;
  GST_AE_ERROR (self, GST_AE_RUNNING, &error);
  return FALSE;
}

/* Upstream's pool is for frames that pass; nothing else is asked of it. */
static gboolean
gst_vae_augment_propose_allocation (
    GstBaseTransform *trans, GstQuery *decide, GstQuery *query)
{
  if (!GST_BASE_TRANSFORM_CLASS (gst_vae_augment_parent_class)
           ->propose_allocation (trans, decide, query))
    return FALSE;
  if (gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL))
    return TRUE;
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  return TRUE;
}

/* Frames. */

/* Said once, until a frame can be varied again. */
static void
refuse (GstVaeAugment *self, const AeError *error)
{
  if (!self->refused)
    GST_AE_WARNING (self, GST_AE_RUNNING, error);
  self->refused = TRUE;
}

static gboolean
find_label (GstVaeAugment *self, GstBuffer *buffer, gint *label)
{
  if (gst_ae_label_meta_get (buffer, label))
    return TRUE;
  GST_OBJECT_LOCK (self);
  *label = self->settings.label;
  GST_OBJECT_UNLOCK (self);
  return *label >= 0 || self->setup->facts.classes == 0;
}

/* The code of the current frame. FALSE: it has none. */
static gboolean
take_current (GstVaeAugment *self)
{
  GstVideoFrame frame;
  AeImage image;
  AeError error = { 0 };
  gint label = 0;

  if (!find_label (self, self->current, &label)) {
    gst_ae_error_set (&error, AE_ERROR_ARGUMENT,
        "%s is told what frames show, but they have no labels: set class, or "
        "use a source that labels them",
        gst_ae_model_path (self->setup->model));
    refuse (self, &error);
    return FALSE;
  }
  if (!gst_ae_frame_map (&frame, &self->info, self->current, GST_MAP_READ)) {
    if (!self->refused)
      gst_ae_frame_report (GST_ELEMENT (self), &self->info, self->current);
    self->refused = TRUE;
    return FALSE;
  }
  gst_ae_image_from_frame (&image, &frame);
  gboolean good = gst_ae_variation_take (
      &self->variation, self->setup, &image, label, &error);
  gst_video_frame_unmap (&frame);
  if (good)
    self->refused = FALSE;
  else
    refuse (self, &error);
  return good;
}

/* Part `place` of the time of the current frame. */
static void
set_time (GstVaeAugment *self, GstBuffer *buffer)
{
  GstClockTime start = GST_BUFFER_PTS (self->current);
  GstClockTime duration = GST_BUFFER_DURATION (self->current);
  guint n = self->made_of_each, i = self->place;

  if (!GST_CLOCK_TIME_IS_VALID (duration)
      && GST_VIDEO_INFO_FPS_N (&self->info) > 0)
    duration = gst_util_uint64_scale (GST_SECOND,
        (guint64) GST_VIDEO_INFO_FPS_D (&self->info),
        (guint64) GST_VIDEO_INFO_FPS_N (&self->info));
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  if (!GST_CLOCK_TIME_IS_VALID (start)
      || !GST_CLOCK_TIME_IS_VALID (duration))
    return;
  GstClockTime begin = gst_util_uint64_scale (duration, i, n);
  GstClockTime end = gst_util_uint64_scale (duration, i + 1, n);
  GST_BUFFER_PTS (buffer) = start + begin;
  GST_BUFFER_DURATION (buffer) = end - begin;
}

/* Paints the variation that is next into `buffer`. */
static gboolean
paint (GstVaeAugment *self, GstBuffer *buffer)
{
  GstVideoFrame in, out;
  AeImage like, to;

  if (!gst_ae_frame_map (&in, &self->info, self->current, GST_MAP_READ))
    return FALSE;
  if (!gst_ae_frame_map (&out, &self->info, buffer, GST_MAP_READWRITE)) {
    gst_video_frame_unmap (&in);
    return FALSE;
  }
  gst_ae_image_from_frame (&like, &in);
  gst_ae_image_from_frame (&to, &out);
  ae_sampler_paint (self->setup->sampler, self->variation.made, &like, &to);
  gst_video_frame_unmap (&out);
  gst_video_frame_unmap (&in);
  return TRUE;
}

static void
draw_next (GstVaeAugment *self, GstAeGenerated *generated)
{
  GST_OBJECT_LOCK (self);
  guint64 seed = self->settings.seed;
  gfloat temperature = self->settings.temperature;
  GST_OBJECT_UNLOCK (self);
  *generated = (GstAeGenerated){ .element = "vaeaugment",
    .mode = "variation",
    .model = ae_model_id (gst_ae_model_get (self->setup->model)),
    .seed = seed,
    .index = self->frame * self->made_of_each + self->place };
  gst_ae_variation_draw (&self->variation, self->setup, seed,
      generated->index, temperature);
}

static GstFlowReturn
make_variation (GstVaeAugment *self, GstBuffer **out)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  GstAeGenerated generated;
  GstFlowReturn flow
      = GST_BASE_TRANSFORM_CLASS (gst_vae_augment_parent_class)
            ->prepare_output_buffer (trans, self->current, out);

  if (flow != GST_FLOW_OK)
    return flow;
  draw_next (self, &generated);
  if (!paint (self, *out)) {
    gst_clear_buffer (out);
    GST_ELEMENT_ERROR (self, RESOURCE, WRITE,
        ("a buffer of downstream's pool cannot hold a variation"), (NULL));
    return GST_FLOW_ERROR;
  }
  gst_ae_generated_meta_attach (*out, &generated);
  if (self->place > 0)
    GST_BUFFER_FLAG_UNSET (*out, GST_BUFFER_FLAG_DISCONT);
  return GST_FLOW_OK;
}

/* The next frame that waits for its variations, or none. */
static gboolean
begin (GstVaeAugment *self)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);

  if (self->current != NULL)
    return TRUE;
  if (trans->queued_buf == NULL)
    return FALSE;
  adopt_loaded (self);
  self->current = trans->queued_buf;
  trans->queued_buf = NULL;
  self->place = 0;
  return TRUE;
}

static void
end (GstVaeAugment *self)
{
  gst_clear_buffer (&self->current);
  self->frame++;
}

static GstFlowReturn
gst_vae_augment_generate (GstBaseTransform *trans, GstBuffer **out)
{
  GstVaeAugment *self = GST_VAE_AUGMENT (trans);
  GstFlowReturn flow = GST_FLOW_OK;

  *out = NULL;
  if (!begin (self))
    return GST_FLOW_OK;
  gboolean varies = self->place > 0 || take_current (self);
  if (self->place == 0 && (self->passes || !varies))
    *out = gst_buffer_copy (self->current);
  else
    flow = make_variation (self, out);
  if (*out != NULL && varies)
    set_time (self, *out);
  self->place++;
  if (flow != GST_FLOW_OK || !varies || self->place == self->made_of_each)
    end (self);
  return flow;
}

static gboolean
gst_vae_augment_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstVaeAugment *self = GST_VAE_AUGMENT (trans);

  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    gst_clear_buffer (&self->current);
  return GST_BASE_TRANSFORM_CLASS (gst_vae_augment_parent_class)
      ->sink_event (trans, event);
}

static void
gst_vae_augment_class_init (GstVaeAugmentClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_vae_augment_debug, "vaeaugment", 0, "variations of frames");
  object->set_property = gst_vae_augment_set_property;
  object->get_property = gst_vae_augment_get_property;
  object->finalize = gst_vae_augment_finalize;
  gst_vae_augment_settings_install (object);
  gst_element_class_add_static_pad_template (element, &sink_template);
  gst_element_class_add_static_pad_template (element, &src_template);
  gst_element_class_set_static_metadata (element, "Video augmenter",
      "Filter/Effect/Video", "Makes a stream larger by variations of its frames",
      GST_AE_AUTHOR);
  trans->start = gst_vae_augment_start;
  trans->stop = gst_vae_augment_stop;
  trans->transform_caps = gst_vae_augment_transform_caps;
  trans->get_unit_size = gst_vae_augment_get_unit_size;
  trans->set_caps = gst_vae_augment_set_caps;
  trans->propose_allocation = gst_vae_augment_propose_allocation;
  trans->generate_output = gst_vae_augment_generate;
  trans->sink_event = gst_vae_augment_sink_event;
  gst_ae_generated_meta_register ();
  gst_ae_label_meta_register ();
}

static void
gst_vae_augment_init (GstVaeAugment *self)
{
  gst_vae_augment_settings_init (&self->settings);
  /* A frame that is late is as good for training as any. */
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), FALSE);
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), FALSE);
}
