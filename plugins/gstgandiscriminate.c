/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-gandiscriminate
 * @title: gandiscriminate
 * @short_description: tells what is unusual before a fixed camera
 *
 * Scores how unusual the frames of a fixed camera are, and where, with a model
 * that was trained on normal footage (`aetool train`, task anomaly). Frames
 * pass through untouched, none is dropped, and their pixels are only read,
 * unless #GstGanDiscriminate:overlay is asked for.
 *
 * A score of 0.5 is where normal footage gives
 * #GstGanDiscriminate:false-alarms-per-hour; the model knows from its training
 * how often that is. Scores make events: one begins when the score was at
 * #GstGanDiscriminate:threshold or above for #GstGanDiscriminate:min-duration,
 * and ends when it was below two thirds of that for
 * #GstGanDiscriminate:hold-time. The end of the stream, a change of caps, a
 * flush, a new segment, a buffer with the DISCONT flag and a jump in time end
 * it too; earlier frames are forgotten then.
 *
 * On a new place, or when a place has changed, the signal `recalibrate` sets
 * the scale anew: with so many seconds of the running stream, in which nothing
 * unusual may happen. A message `gandiscriminate-calibration` says when that is
 * done; a warning, why it was not. It lasts until the element stops; the
 * signal `save-calibration` writes a model file that has it.
 *
 * A slow model does not hold back a live stream: a frame waits for its score
 * for half its duration, 15 ms at most, and passes with the last score when
 * that is not there; the new one comes with a later frame. `inferred` is true
 * where the score is new. A recording that is too late for its display passes
 * unscored until it is in time again. See
 * #GstGanDiscriminate:inference-interval. A model looks at as many frames per
 * second as it was trained with; those between have the last score, too. The
 * first frames, from which nothing
 * can be told yet, have score 0 and `inferred` false.
 *
 * The light of the whole picture may change: within a second its gain and offset
 * are followed by what most of the place shows. Motion that is noisier than in
 * the footage of the training counts less.
 *
 * Black frames are scored like others, and what does not move may have a low
 * score. A camera that shows nothing for a second, because it is covered,
 * blinded or in the dark, is told by a message of its own,
 * `gandiscriminate-covered`. Buffers that do not hold the picture that the caps
 * say pass unscored, with one warning.
 *
 * Model, zones and mask may change while the stream runs: the new ones are
 * loaded beside it. When they cannot be used a warning message says why, and
 * the old ones go on; at the start that is an error.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m v4l2src ! videoconvert ! gandiscriminate ! videoconvert ! autovideosink
 * ]|
 * Prints a message when something unusual begins and ends.
 * |[
 * gst-launch-1.0 filesrc location=night.mp4 ! decodebin ! videoconvert ! gandiscriminate inference-interval=1 post-messages=none json-location=scores.jsonl ! fakesink
 * ]|
 * Scores every frame of a recording, to a file.
 * |[
 * gst-launch-1.0 -m v4l2src ! videoconvert ! gandiscriminate zones="door:0.1,0.2 0.5,0.2 0.5,0.9" overlay=heatmap ! videoconvert ! autovideosink
 * ]|
 * Looks at a part of the picture only, and shows what it finds there.
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=30 ! tee name=t t. ! queue ! gandiscriminate ! fakesink t. ! queue ! autovideosink
 * ]|
 * Beside another branch, which gets the same pixels in memory.
 * |[
 * gst-launch-1.0 -m rtspsrc location=rtsp://192.168.1.20/stream latency=200 ! decodebin ! videoconvert ! gandiscriminate model-file=camera.onnx min-duration=500000000 ! fakesink
 * ]|
 * A camera in the network; what lasts less than half a second is no event.
 * |[
 * gst-launch-1.0 -m v4l2src ! videoconvert ! denoise ! gandiscriminate model-file=camera.onnx ! fakesink
 * ]|
 * At night: what is left of the noise does not move. The model may be of the
 * footage by day, without denoise.
 * |[
 * gst-launch-1.0 -m v4l2src device=/dev/video0 ! videoconvert ! gandiscriminate name=door model-file=camera.onnx n-threads=1 ! fakesink v4l2src device=/dev/video1 ! videoconvert ! gandiscriminate name=yard model-file=camera.onnx n-threads=1 ! fakesink
 * ]|
 * Two cameras; messages name the element that posts them. Elements of one
 * process that name the same model file share it in memory.
 *
 * ## Messages
 * Element messages named `gandiscriminate`, see
 * #GstGanDiscriminate:post-messages:
 *
 * * #guint64 `timestamp`, `stream-time`, `running-time`, `duration`: of the
 *   frame, in ns
 * * #gdouble `score`, `threshold`: 0 to 1
 * * #gdouble `raw-score`: as the model gives it; the larger, the less usual
 * * #gdouble `generated`: how much the whole frame looks as if a generator had
 *   made it: what the discriminator says of its middle cell, in deviations from
 *   what is usual; a camera's frames are near 0
 * * #gboolean `anomaly`: the score is not below the threshold
 * * #gboolean `inferred`: the score is new with this frame
 * * #gdouble `contrast`: deviation of the luma in 8-bit grey levels; next to 0
 *   for a black picture or a covered camera
 * * #gchararray `event`: begin, update, end; none
 * * #guint64 `event-id`: 1, 2, ... since the element started; 0 = none yet
 * * #guint64 `event-start`: running time of the first high score, in ns; -1 =
 *   no event is on
 * * #guint64 `event-duration`: to the last high score so far, in ns
 * * #gdouble `peak-score`: the event's highest score so far
 * * #gchararray `zone`: where it is; empty = in none
 * * #gint `x`, `y`, `w`, `h`: the least usual place, in pixels; in an `end`,
 *   that of the event's highest score; all 0 while there is no score
 *
 * `gandiscriminate-covered`, unless no messages are posted: #guint64 `timestamp`,
 * `stream-time`, `running-time`, #gboolean `covered`: the camera has shown
 * nothing for a second, or shows something again, #gdouble `contrast`;
 *
 * and `gandiscriminate-calibration`: #gdouble `seconds`, #guint `scores`,
 * #gdouble `raw-threshold` of the channel that is scored.
 *
 * ## Buffers
 * Each frame carries a custom meta `GstAeAnomalyMeta`: #gdouble `score`,
 * `raw-score`, `generated`, #gchararray `model-id`, #gboolean `inferred`, #gint `columns`,
 * `rows`, #GBytes `grid`: the scores of columns x rows cells, row by row, as
 * floats of the machine; missing while there is no score. In Python:
 * `numpy.frombuffer(buffer.get_custom_meta("GstAeAnomalyMeta").get_structure().get_value("grid").get_data(),
 * "f4")`. While an event is on, a #GstVideoRegionOfInterestMeta of type
 * `anomaly` holds the least usual place, with a parameter structure
 * `detection`: `label_id`, `confidence`, `x_min`, `x_max`, `y_min`, `y_max`
 * (shares of the picture), `event_id`. Elements that make new frames, such as
 * videoconvert, may keep that meta without its parameter. Where GStreamer has
 * them (1.24), analytics metas say the same.
 *
 * ## JSON lines
 * #GstGanDiscriminate:json-location gets one object per frame: `type` "frame",
 * `pts`, `running-time` (ns, or null), `score`, `raw-score`, `generated`,
 * `threshold`, `anomaly`, `inferred`, `channels` (the score of each), `light` (how much the
 * light of the whole picture changed: 1 = twice or half as bright), `contrast`,
 * `zone`, `x`, `y`, `w`, `h`; one for each event message: `type` "event",
 * `pts`, `running-time`, `event`, `event-id`, `event-start`, `event-duration`,
 * `score`, `peak-score`, `zone`, `x`, `y`, `w`, `h`; and one when the camera is
 * covered or no more: `type` "covered", `pts`, `running-time`, `covered`,
 * `contrast`.
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstgandiscriminate.h"

#include "aeerror.h"
#include "aeframe.h"
#include "anomalyreport.h"
#include "anomalyscorer.h"
#include "coverwatch.h"
#include "frametimes.h"
#include "jsonoutlet.h"
#include "scoreoverlay.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_gan_discriminate_debug);
#define GST_CAT_DEFAULT gst_gan_discriminate_debug

/* Light that changes by more than this (a quarter of the way to twice as
 * bright) jumps. */
#define LIGHT_JUMP 0.25f

/* Between two update messages of an event. */
#define UPDATE_INTERVAL GST_SECOND

enum { SIGNAL_RECALIBRATE, SIGNAL_SAVE_CALIBRATION, N_SIGNALS };

struct _GstGanDiscriminate {
  GstBaseTransform parent;
  GstAeAnomalyScorer *scorer;
  GstAeJsonOutlet *json;

  /* Object lock. */
  GstAeDiscriminateSettings settings;
  gboolean json_changed; /* json_location is not what is open */
  GstClockTime earliest; /* QoS: frames before are late anyway */

  /* Streaming thread; start and stop. */
  GstVideoInfo info;
  gboolean have_info;
  gboolean refused; /* the last caps, with an error message */
  gboolean live, live_known;
  GstAeFrameTimes times;
  GstAeAnomalyEvents events;
  GstAeCoverWatch cover;
  GstClockTime last_update;  /* message */
  GstAeAnomalyReport report; /* of the last frame */
};

static guint signals[N_SIGNALS];
static guint stats_id; /* the ids before are those of the settings */

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));

G_DEFINE_TYPE (
    GstGanDiscriminate, gst_gan_discriminate, GST_TYPE_BASE_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (gandiscriminate, "gandiscriminate",
    GST_RANK_NONE, GST_TYPE_GAN_DISCRIMINATE);

static void gst_gan_discriminate_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec);
static void gst_gan_discriminate_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec);
static void gst_gan_discriminate_finalize (GObject *object);
static void gst_gan_discriminate_recalibrate (
    GstGanDiscriminate *self, guint seconds);
static gboolean gst_gan_discriminate_save_calibration (
    GstGanDiscriminate *self, const gchar *location);
static gboolean gst_gan_discriminate_start (GstBaseTransform *trans);
static gboolean gst_gan_discriminate_stop (GstBaseTransform *trans);
static gboolean gst_gan_discriminate_set_caps (
    GstBaseTransform *trans, GstCaps *in_caps, GstCaps *out_caps);
static gboolean gst_gan_discriminate_sink_event (
    GstBaseTransform *trans, GstEvent *event);
static gboolean gst_gan_discriminate_src_event (
    GstBaseTransform *trans, GstEvent *event);
static GstFlowReturn gst_gan_discriminate_generate_output (
    GstBaseTransform *trans, GstBuffer **out);

/**
 * GstGanDiscriminate::save-calibration:
 * @gandiscriminate: the element
 * @location: path of a file, which is replaced as a whole
 *
 * Writes a copy of the model that is in use, with the scale that is in use, for
 * #GstGanDiscriminate:model-file of the next time. To be called when the message
 * `gandiscriminate-calibration` has come. Returns when the file is written.
 *
 * Returns: %FALSE if it was not: a warning message says why
 *
 * Since: 0.1
 */

/**
 * GstGanDiscriminate::recalibrate:
 * @gandiscriminate: the element
 * @seconds: how long, 1 or more
 *
 * Takes what the stream shows from now on, for so long, for normal, and sets
 * the scale of the scores by it. Returns at once; a message says when it is
 * done. Another call begins anew.
 *
 * Since: 0.1
 */
static void
make_signals (GObjectClass *object_class)
{
  signals[SIGNAL_RECALIBRATE] = g_signal_new_class_handler ("recalibrate",
      G_OBJECT_CLASS_TYPE (object_class),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gst_gan_discriminate_recalibrate), NULL, NULL, NULL,
      G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_SAVE_CALIBRATION] = g_signal_new_class_handler (
      "save-calibration", G_OBJECT_CLASS_TYPE (object_class),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gst_gan_discriminate_save_calibration), NULL, NULL, NULL,
      G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
}

static void
install_stats (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, stats_id,
      g_param_spec_boxed ("stats", "Statistics",
          "Since the element started: processed (looked at), skipped (passed "
          "with the last score, or before the first), unusable (no picture as "
          "the caps say), dropped (always 0) in frames; avg-us, max-us per scored frame in "
          "microseconds; fps that were scored over the last second; "
          "json-dropped lines; score of the last frame",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_gan_discriminate_class_init (GstGanDiscriminateClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_gan_discriminate_debug, "gandiscriminate", 0,
      "anomaly detection");
  gst_ae_anomaly_report_register ();

  object_class->set_property = gst_gan_discriminate_set_property;
  object_class->get_property = gst_gan_discriminate_get_property;
  object_class->finalize = gst_gan_discriminate_finalize;
  stats_id = gst_ae_discriminate_settings_install (object_class) + 1;
  install_stats (object_class);
  make_signals (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Anomaly detector",
      "Filter/Analyzer/Video",
      "Tells what is unusual before a fixed camera with a neural network",
      GST_AE_AUTHOR);

  trans_class->start = gst_gan_discriminate_start;
  trans_class->stop = gst_gan_discriminate_stop;
  trans_class->set_caps = gst_gan_discriminate_set_caps;
  trans_class->sink_event = gst_gan_discriminate_sink_event;
  trans_class->src_event = gst_gan_discriminate_src_event;
  trans_class->generate_output = gst_gan_discriminate_generate_output;
  trans_class->passthrough_on_same_caps = TRUE;
}

static void
gst_gan_discriminate_init (GstGanDiscriminate *self)
{
  self->scorer = gst_ae_anomaly_scorer_new (GST_ELEMENT (self));
  self->json = gst_ae_json_outlet_new (GST_ELEMENT (self));
  gst_ae_discriminate_settings_init (&self->settings);
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
}

static void
gst_gan_discriminate_finalize (GObject *object)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (object);

  gst_ae_anomaly_scorer_free (&self->scorer);
  gst_ae_json_outlet_free (&self->json);
  gst_ae_discriminate_settings_clear (&self->settings);
  G_OBJECT_CLASS (gst_gan_discriminate_parent_class)->finalize (object);
}

/* Properties. */

/* With the object lock held; to be freed. */
static GstAeDiscriminateRequest *
current_request (GstGanDiscriminate *self)
{
  const GstAeDiscriminateRequest now = {
    .model_file = self->settings.model_file,
    .zones = self->settings.zones,
    .mask_file = self->settings.mask_file,
    .options = { .n_threads = self->settings.n_threads,
        .precision = (AePrecision) self->settings.precision },
  };
  return gst_ae_discriminate_request_copy (&now);
}

static void
gst_gan_discriminate_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (object);

  GST_OBJECT_LOCK (self);
  gst_ae_discriminate_settings_set (&self->settings, id, value);
  if (strcmp (pspec->name, "json-location") == 0)
    self->json_changed = TRUE;
  if (gst_ae_discriminate_settings_is_setup (id)
      && !gst_ae_anomaly_scorer_request (
          self->scorer, current_request (self)))
    GST_ERROR_OBJECT (self, "no thread to load with: all stays as it was");
  GST_OBJECT_UNLOCK (self);
}

/* With the object lock held. */
static GstStructure *
stats_structure (GstGanDiscriminate *self)
{
  GstStructure *stats = gst_ae_anomaly_scorer_stats (
      self->scorer, "gandiscriminate-stats");

  gst_structure_set (stats,
      "json-dropped", G_TYPE_UINT64, gst_ae_json_outlet_dropped (self->json),
      "score", G_TYPE_DOUBLE, self->report.score,
      NULL);
  return stats;
}

static void
gst_gan_discriminate_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (object);

  GST_OBJECT_LOCK (self);
  if (id == stats_id)
    g_value_take_boxed (value, stats_structure (self));
  else
    gst_ae_discriminate_settings_get (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
}

/* What a frame is treated by; without the strings. */
static GstAeDiscriminateSettings
settings_now (GstGanDiscriminate *self)
{
  GST_OBJECT_LOCK (self);
  GstAeDiscriminateSettings now = self->settings;
  GST_OBJECT_UNLOCK (self);
  now.model_file = now.zones = now.mask_file = now.json_location = NULL;
  return now;
}

static void
gst_gan_discriminate_recalibrate (GstGanDiscriminate *self, guint seconds)
{
  gboolean running
      = gst_ae_anomaly_scorer_recalibrate (self->scorer, seconds);

  if (!running || seconds == 0)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("recalibration: expected %s, found %s",
            running ? "1 second or more" : "a stream that runs",
            running ? "0" : "none"),
        (NULL));
}

static gboolean
gst_gan_discriminate_save_calibration (
    GstGanDiscriminate *self, const gchar *location)
{
  AeError error = { 0 };

  if (gst_ae_anomaly_scorer_save (self->scorer, location, &error))
    return TRUE;
  GST_AE_WARNING (self, GST_AE_WRITING, &error);
  return FALSE;
}

/* Messages and lines. */

static void
post (GstGanDiscriminate *self, GstStructure *structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

/* Events' updates not for each frame, but by and by. */
static gboolean
is_due (GstGanDiscriminate *self, GstClockTime time)
{
  const GstAeAnomalyReport *r = &self->report;

  if (r->event == GST_AE_EVENT_NONE)
    return FALSE;
  if (r->event == GST_AE_EVENT_UPDATE
      && time < self->last_update + UPDATE_INTERVAL)
    return FALSE;
  self->last_update = time;
  return TRUE;
}

/* is_frame: the report is of a frame that passes, not only of an end. */
static void
tell (GstGanDiscriminate *self, GstAePostMessages what, gboolean is_frame)
{
  const GstAeAnomalyReport *r = &self->report;
  gboolean due = is_due (self, self->times.running);

  if (is_frame && gst_ae_json_outlet_is_open (self->json))
    gst_ae_json_outlet_add (self->json, gst_ae_anomaly_report_json (r));
  if (due && gst_ae_json_outlet_is_open (self->json))
    gst_ae_json_outlet_add (self->json, gst_ae_anomaly_report_event_json (r));
  if (what == GST_AE_POST_ALL || (what == GST_AE_POST_EVENTS && due))
    post (self, gst_ae_anomaly_report_message (r));
}

/* Of frames that were looked at. */
static void
watch_cover (GstGanDiscriminate *self, GstAePostMessages what)
{
  GstAeAnomalyReport *r = &self->report;

  if (!r->inferred
      || !gst_ae_cover_watch_step (
          &self->cover, r->contrast, self->times.running))
    return;
  r->covered = self->cover.covered;
  if (gst_ae_json_outlet_is_open (self->json))
    gst_ae_json_outlet_add (
        self->json, gst_ae_anomaly_report_covered_json (r));
  if (what != GST_AE_POST_NONE)
    post (self, gst_ae_anomaly_report_covered_message (r));
}

/* FALSE: it cannot be opened where that is asked for. */
static gboolean
open_json (GstGanDiscriminate *self, AeError *error)
{
  GST_OBJECT_LOCK (self);
  gchar *location = g_strdup (self->settings.json_location);
  self->json_changed = FALSE;
  GST_OBJECT_UNLOCK (self);
  gboolean good = gst_ae_json_outlet_open (self->json, location, error);
  g_free (location);
  return good;
}

static void
update_json (GstGanDiscriminate *self)
{
  AeError error = { 0 };

  GST_OBJECT_LOCK (self);
  gboolean changed = self->json_changed;
  GST_OBJECT_UNLOCK (self);
  if (changed && !open_json (self, &error))
    GST_AE_WARNING (self, GST_AE_WRITING, &error);
}

/* NULL: nowhere. */
static void
report_place (GstGanDiscriminate *self, const AeRegion *region)
{
  gst_ae_anomaly_report_set_place (&self->report, region,
      gst_ae_anomaly_scorer_setup (self->scorer)->zones);
}

/* Interruptions. */

/* Nothing is known any more of what the camera shows; an event that is on ends
 * with the last frame. */
static void
interrupt (GstGanDiscriminate *self)
{
  GstAeAnomalyReport *r = &self->report;

  r->event = gst_ae_anomaly_events_stop (&self->events);
  if (r->event == GST_AE_EVENT_END) {
    r->inferred = FALSE;
    report_place (self, &self->events.peak);
    tell (self, settings_now (self).post_messages, FALSE);
    r->event = GST_AE_EVENT_NONE;
  }
  gst_ae_anomaly_scorer_forget (self->scorer);
  gst_ae_cover_watch_cut (&self->cover);
  self->times.cut = TRUE;
}

/* Life cycle. */

static void
forget_stream (GstGanDiscriminate *self)
{
  GST_OBJECT_LOCK (self);
  self->earliest = GST_CLOCK_TIME_NONE;
  gst_ae_anomaly_report_clear (&self->report);
  GST_OBJECT_UNLOCK (self);
  gst_ae_json_outlet_reset (self->json);
  self->have_info = self->refused = self->live_known = FALSE;
  gst_ae_frame_times_init (&self->times);
  self->events = (GstAeAnomalyEvents){ 0 };
  self->cover = (GstAeCoverWatch){ 0 };
  self->last_update = 0;
}

/* The scorer takes requests before the settings are read, so that no change
 * after that is lost. */
static gboolean
open_parts (GstGanDiscriminate *self, GstAeActivity *activity, AeError *error)
{
  gst_ae_anomaly_scorer_start (self->scorer);
  GST_OBJECT_LOCK (self);
  GstAeDiscriminateRequest *request = current_request (self);
  GST_OBJECT_UNLOCK (self);
  gboolean good
      = gst_ae_anomaly_scorer_load (self->scorer, request, error);
  gst_ae_discriminate_request_free (request);
  *activity = GST_AE_READING;
  if (!good)
    return FALSE;
  *activity = GST_AE_WRITING;
  return open_json (self, error);
}

static gboolean
gst_gan_discriminate_start (GstBaseTransform *trans)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (trans);
  GstAeActivity activity;
  AeError error = { 0 };

  forget_stream (self);
  if (!open_parts (self, &activity, &error)) {
    gst_gan_discriminate_stop (trans);
    GST_AE_ERROR (self, activity, &error);
    return FALSE;
  }
  GST_INFO_OBJECT (self, "loaded %s",
      gst_ae_model_path (gst_ae_anomaly_scorer_setup (self->scorer)->model));
  return TRUE;
}

static gboolean
gst_gan_discriminate_stop (GstBaseTransform *trans)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (trans);

  interrupt (self);
  GST_OBJECT_LOCK (self);
  gst_ae_anomaly_report_clear (&self->report);
  GST_OBJECT_UNLOCK (self);
  gst_ae_anomaly_scorer_stop (self->scorer);
  gst_ae_json_outlet_close (self->json);
  return TRUE;
}

/* Negotiation. */

static gboolean
gst_gan_discriminate_set_caps (
    GstBaseTransform *trans, GstCaps *in_caps, GstCaps *out_caps)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (trans);
  AeError error = { 0 };
  AeImage format;

  interrupt (self);
  self->live_known = FALSE;
  self->have_info = gst_video_info_from_caps (&self->info, in_caps);
  if (!self->have_info)
    return FALSE;
  if (!gst_ae_image_format (&format, &self->info)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("expected one of the formats %s, found %s", GST_AE_VIDEO_FORMATS,
            GST_VIDEO_INFO_NAME (&self->info)),
        (NULL));
    return FALSE;
  }
  self->have_info
      = gst_ae_anomaly_scorer_set_format (self->scorer, &format, &error);
  if (!self->have_info && !self->refused)
    GST_AE_ERROR (self, GST_AE_RUNNING, &error);
  self->refused = !self->have_info; /* sources try the same caps again */
  return self->have_info;
}

static void
end_stream (GstGanDiscriminate *self)
{
  GstAeDiscriminateSettings now = settings_now (self);

  interrupt (self);
  gst_ae_anomaly_scorer_finish (self->scorer, &now);
}

static gboolean
gst_gan_discriminate_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (trans);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_STOP:
      GST_OBJECT_LOCK (self);
      self->earliest = GST_CLOCK_TIME_NONE;
      GST_OBJECT_UNLOCK (self);
      interrupt (self);
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
      interrupt (self);
      break;
    case GST_EVENT_EOS:
      end_stream (self);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_gan_discriminate_parent_class)
      ->sink_event (trans, event);
}

/* Quality of service goes past the base class, which would drop frames. */
static gboolean
gst_gan_discriminate_src_event (GstBaseTransform *trans, GstEvent *event)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (trans);
  GstClockTimeDiff diff;
  GstClockTime timestamp;

  if (GST_EVENT_TYPE (event) != GST_EVENT_QOS)
    return GST_BASE_TRANSFORM_CLASS (gst_gan_discriminate_parent_class)
        ->src_event (trans, event);
  gst_event_parse_qos (event, NULL, NULL, &diff, &timestamp);
  GST_OBJECT_LOCK (self);
  self->earliest = GST_CLOCK_TIME_NONE;
  if (GST_CLOCK_TIME_IS_VALID (timestamp) && diff > 0)
    self->earliest = timestamp + 2 * (GstClockTime) diff;
  GST_OBJECT_UNLOCK (self);
  return gst_pad_push_event (trans->sinkpad, event);
}

/* Times. */

/* Sets the report's times. */
static void
note_times (GstGanDiscriminate *self, GstBuffer *buffer)
{
  const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;
  GstAeAnomalyReport *r = &self->report;
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  if (!gst_ae_frame_times_follows (&self->times, buffer))
    interrupt (self);
  r->timestamp = pts;
  r->duration = GST_BUFFER_DURATION (buffer);
  r->stream_time
      = gst_segment_to_stream_time (segment, GST_FORMAT_TIME, pts);
  r->running_time
      = gst_segment_to_running_time (segment, GST_FORMAT_TIME, pts);
  gst_ae_frame_times_run (&self->times, r->running_time,
      gst_ae_frame_duration (buffer, &self->info));
}

/* Scoring. */

static gboolean
is_live (GstGanDiscriminate *self)
{
  if (!self->live_known) {
    GstQuery *query = gst_query_new_latency ();
    self->live = FALSE;
    if (gst_pad_peer_query (GST_BASE_TRANSFORM_SINK_PAD (self), query))
      gst_query_parse_latency (query, &self->live, NULL, NULL);
    gst_query_unref (query);
    self->live_known = TRUE;
  }
  return self->live;
}

static gboolean
is_late (GstGanDiscriminate *self)
{
  GST_OBJECT_LOCK (self);
  gboolean late = GST_CLOCK_TIME_IS_VALID (self->earliest)
      && self->times.running < self->earliest;
  GST_OBJECT_UNLOCK (self);
  return late;
}

static gboolean
score (GstGanDiscriminate *self, GstBuffer *buffer,
    const GstAeDiscriminateSettings *now)
{
  const GstAeScorerFrame frame = {
    .buffer = buffer,
    .info = &self->info,
    .running = self->times.running,
    .duration = gst_ae_frame_duration (buffer, &self->info),
    .live = is_live (self),
    .late = is_late (self),
  };

  return gst_ae_anomaly_scorer_score (self->scorer, &frame, now);
}

/* Reports. */

static void
report_finding (
    GstGanDiscriminate *self, const GstAeDiscriminateSettings *now)
{
  GstAeAnomalyReport *r = &self->report;

  r->width = GST_VIDEO_INFO_WIDTH (&self->info);
  r->height = GST_VIDEO_INFO_HEIGHT (&self->info);
  GST_OBJECT_LOCK (self); /* the score is also read for the stats */
  gst_ae_finding_report (gst_ae_anomaly_scorer_finding (self->scorer),
      gst_ae_anomaly_scorer_setup (self->scorer), now, r);
  GST_OBJECT_UNLOCK (self);
}

static void
report_event (
    GstGanDiscriminate *self, const GstAeDiscriminateSettings *now)
{
  const GstAeFinding *f = gst_ae_anomaly_scorer_finding (self->scorer);
  GstAeAnomalyReport *r = &self->report;
  gboolean jumps = now->light_change_guard && r->light > LIGHT_JUMP
      && r->contrast >= GST_AE_COVER_CONTRAST;
  const GstAeEventRules rules = {
    .threshold = now->threshold,
    .min_duration = now->min_duration,
    .hold_time = now->hold_time,
    .may_begin = f->known && !jumps,
  };

  r->event = gst_ae_anomaly_events_step (
      &self->events, &rules, self->times.running, r->score, &f->peak);
  gboolean none = r->event == GST_AE_EVENT_NONE;
  r->event_id = self->events.id;
  r->event_start = none ? GST_CLOCK_TIME_NONE : self->events.start;
  r->event_duration = none ? 0 : gst_ae_anomaly_events_length (&self->events);
  r->peak_score = none ? 0 : self->events.peak_score;
  if (r->event == GST_AE_EVENT_END)
    report_place (self, &self->events.peak);
}

static void
draw (GstGanDiscriminate *self, GstBuffer *buffer, GstAeOverlay overlay)
{
  const GstAeAnomalyReport *r = &self->report;
  GstVideoFrame frame;

  if (!gst_ae_frame_map (&frame, &self->info, buffer, GST_MAP_READWRITE))
    return;
  if (overlay == GST_AE_OVERLAY_HEATMAP && r->grid != NULL)
    gst_ae_overlay_heatmap (
        &frame, g_bytes_get_data (r->grid, NULL), r->columns, r->rows);
  gst_ae_overlay_score (&frame, r->score, r->threshold);
  gst_video_frame_unmap (&frame);
}

static void
sync_controlled (GstGanDiscriminate *self, GstBuffer *buffer)
{
  GstClockTime time = gst_segment_to_stream_time (
      &GST_BASE_TRANSFORM (self)->segment, GST_FORMAT_TIME,
      GST_BUFFER_PTS (buffer));

  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_object_sync_values (GST_OBJECT (self), time);
}

/* The buffer that comes, with metas more. Where another holds it too it is a
 * new one with the same memory. */
static GstBuffer *
inspect (GstGanDiscriminate *self, GstBuffer *buffer)
{
  sync_controlled (self, buffer);
  update_json (self);
  GstAeDiscriminateSettings now = settings_now (self);

  note_times (self, buffer);
  self->report.inferred = score (self, buffer, &now);
  report_finding (self, &now);
  report_event (self, &now);
  buffer = gst_buffer_make_writable (buffer);
  gst_ae_anomaly_report_attach (&self->report, buffer);
  if (now.overlay != GST_AE_OVERLAY_NONE)
    draw (self, buffer, now.overlay);
  tell (self, now.post_messages, TRUE);
  watch_cover (self, now.post_messages);
  return buffer;
}

static GstFlowReturn
gst_gan_discriminate_generate_output (
    GstBaseTransform *trans, GstBuffer **out)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (trans);
  GstBuffer *buffer = g_steal_pointer (&trans->queued_buf);

  *out = NULL;
  if (buffer == NULL)
    return GST_FLOW_OK;
  if (!self->have_info) {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  *out = inspect (self, buffer);
  return GST_FLOW_OK;
}
