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
 * done; a warning, why it was not.
 *
 * A slow model does not hold back a live stream: a frame waits for its score
 * for half its duration, 15 ms at most, and passes with the last score when
 * that is not there; the new one comes with a later frame. `inferred` is true
 * where the score is new. A recording that is too late for its display passes
 * unscored until it is in time again. See
 * #GstGanDiscriminate:inference-interval. The first frames, from which nothing
 * can be told yet, have score 0 and `inferred` false.
 *
 * Black frames are scored like others; `contrast` tells them. Buffers that do
 * not hold the picture that the caps say pass unscored, with one warning.
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
 * and `gandiscriminate-calibration`: #gdouble `seconds`, #guint `scores`,
 * #gdouble `raw-threshold` of the channel that is scored.
 *
 * ## Buffers
 * Each frame carries a custom meta `GstAeAnomalyMeta`: #gdouble `score`,
 * `raw-score`, #gchararray `model-id`, #gboolean `inferred`, #gint `columns`,
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
 * `pts`, `running-time` (ns, or null), `score`, `raw-score`, `threshold`,
 * `anomaly`, `inferred`, `channels` (the score of each), `light` (how much the
 * light of the whole picture changed: 1 = twice or half as bright), `contrast`,
 * `zone`, `x`, `y`, `w`, `h`; and one for each event message: `type` "event",
 * `pts`, `running-time`, `event`, `event-id`, `event-start`, `event-duration`,
 * `score`, `peak-score`, `zone`, `x`, `y`, `w`, `h`.
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstgandiscriminate.h"

#include "aeerror.h"
#include "aeframe.h"
#include "anomalyreport.h"
#include "discriminatesettings.h"
#include "framestats.h"
#include "jsonlines.h"
#include "recalibration.h"
#include "scorejob.h"
#include "scoreoverlay.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_gan_discriminate_debug);
#define GST_CAT_DEFAULT gst_gan_discriminate_debug

/* Frames further apart than this do not follow each other (and not further
 * apart than four frames at less than 4 frames per second). */
#define TIME_JUMP GST_SECOND

/* A live frame waits for its score for half its duration, and no longer than
 * this: less than what sinks allow for processing (20 ms). */
#define MAX_PATIENCE (15 * GST_MSECOND)

/* Light that changes by more than this (a quarter of the way to twice as
 * bright) jumps; a picture of less contrast than this, in grey levels, is
 * black. */
#define LIGHT_JUMP 0.25f
#define BLACK_CONTRAST 2.0f

/* Between two update messages of an event. */
#define UPDATE_INTERVAL GST_SECOND

enum { SIGNAL_RECALIBRATE, N_SIGNALS };

struct _GstGanDiscriminate {
  GstBaseTransform parent;

  /* Object lock. */
  GstAeDiscriminateSettings settings;
  gboolean json_changed;     /* json_location is not what is open */
  guint recalibrate;         /* seconds; 0 = not asked for */
  GstAeFrameStats stats;
  guint64 unusable;          /* frames that are no pictures */
  GstClockTime earliest;     /* QoS: frames before are late anyway */
  GstAeSetupLoader *loader;  /* not NULL while started */
  GstAeJsonLines *json;      /* changed by the streaming thread only */
  guint64 json_dropped;      /* of earlier writers */

  /* Streaming thread; start and stop. */
  GstVideoInfo info;
  gboolean have_info;
  gboolean live, live_known;
  GstAeDiscriminateSetup *setup; /* the job's while that is busy */
  GstAeScoreJob *job;
  GstClockTime last_pts, last_duration, last_running, scored_running;
  gboolean discont;        /* the next frame does not follow the last one */
  gboolean reset;          /* ... nor the one scored last */
  guint until_next;        /* frames to pass before the next is scored */
  gboolean bad_buffer;     /* the last one was no picture */
  gboolean has_score;
  AeDetection detection;   /* the last one that was ready */
  AeRegion peak;
  GstAeAnomalyEvents events;
  GstClockTime last_update; /* message */
  GstAeAnomalyReport report; /* of the last frame */
  GstAeRecalibration *recalibration; /* NULL = none runs */
  guint recalibration_seconds;
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
}

static void
install_stats (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, stats_id,
      g_param_spec_boxed ("stats", "Statistics",
          "Since the element started: processed (scored), skipped (passed "
          "with the last score), unusable (no picture as the caps say), "
          "dropped (always 0) in frames; avg-us, max-us per scored frame in "
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
  gst_ae_discriminate_settings_init (&self->settings);
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
}

static void
gst_gan_discriminate_finalize (GObject *object)
{
  gst_ae_discriminate_settings_clear (&GST_GAN_DISCRIMINATE (object)->settings);
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
  if (gst_ae_discriminate_settings_is_setup (id) && self->loader != NULL
      && !gst_ae_setup_loader_request (self->loader, current_request (self)))
    GST_ERROR_OBJECT (self, "no thread to load with: all stays as it was");
  GST_OBJECT_UNLOCK (self);
}

/* With the object lock held. */
static GstStructure *
stats_structure (GstGanDiscriminate *self)
{
  GstStructure *stats
      = gst_ae_frame_stats_structure (&self->stats, "gandiscriminate-stats");
  guint64 dropped = self->json_dropped;

  if (self->json != NULL)
    dropped += gst_ae_json_lines_dropped (self->json);
  gst_structure_set (stats,
      "unusable", G_TYPE_UINT64, self->unusable,
      "json-dropped", G_TYPE_UINT64, dropped,
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
  GST_OBJECT_LOCK (self);
  gboolean running = self->loader != NULL;
  if (running)
    self->recalibrate = seconds;
  GST_OBJECT_UNLOCK (self);
  if (!running || seconds == 0)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("recalibration: expected %s, found %s",
            running ? "1 second or more" : "a stream that runs",
            running ? "0" : "none"),
        (NULL));
}

/* Messages and lines. */

static void
post (GstGanDiscriminate *self, GstStructure *structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

static void
write_line (GstGanDiscriminate *self, gchar *line)
{
  gst_ae_json_lines_add (self->json, line);
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
  gboolean due = is_due (self, self->last_running);

  if (self->json != NULL && is_frame)
    write_line (self, gst_ae_anomaly_report_json (r));
  if (self->json != NULL && due)
    write_line (self, gst_ae_anomaly_report_event_json (r));
  if (what == GST_AE_POST_ALL || (what == GST_AE_POST_EVENTS && due))
    post (self, gst_ae_anomaly_report_message (r));
}

/* From the writer's thread. */
static void
on_json_trouble (gpointer user, const AeError *error)
{
  GST_AE_WARNING (user, GST_AE_WRITING, error);
}

typedef struct {
  GstGanDiscriminate *self;
  GstAeJsonLines *lines;
} Closing;

static gpointer
close_json_main (gpointer data)
{
  Closing *closing = data;

  gst_ae_json_lines_free (&closing->lines);
  gst_object_unref (closing->self);
  g_free (closing);
  return NULL;
}

/* Beside the stream: it may take a second to write what waits. */
static void
close_json_beside (GstGanDiscriminate *self, GstAeJsonLines *lines)
{
  Closing *closing = g_new (Closing, 1);

  *closing = (Closing){ gst_object_ref (self), lines };
  GThread *thread
      = g_thread_try_new ("json-close", close_json_main, closing, NULL);
  if (thread != NULL)
    g_thread_unref (thread);
  else
    close_json_main (closing);
}

/* The writer that is asked for now takes the place of the one there is, if any.
 * FALSE: it cannot be; then all stays. */
static gboolean
open_json (GstGanDiscriminate *self, AeError *error)
{
  GstAeJsonLines *lines = NULL;

  GST_OBJECT_LOCK (self);
  gchar *location = g_strdup (self->settings.json_location);
  self->json_changed = FALSE;
  GST_OBJECT_UNLOCK (self);
  gboolean wanted = location != NULL && location[0] != '\0';
  if (wanted)
    lines = gst_ae_json_lines_new (location, on_json_trouble, self, error);
  g_free (location);
  if (wanted && lines == NULL)
    return FALSE;

  GST_OBJECT_LOCK (self);
  GstAeJsonLines *older = self->json;
  self->json = lines;
  if (older != NULL)
    self->json_dropped += gst_ae_json_lines_dropped (older);
  GST_OBJECT_UNLOCK (self);
  if (older != NULL)
    close_json_beside (self, older);
  return TRUE;
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

/* Recalibration. */

static void
end_recalibration (GstGanDiscriminate *self)
{
  AeError error = { 0 };
  guint n = gst_ae_recalibration_count (self->recalibration);
  gboolean good = gst_ae_recalibration_fit (
      self->recalibration, self->setup->calibration, &error);

  gst_ae_recalibration_free (&self->recalibration);
  if (!good) {
    GST_AE_WARNING (self, GST_AE_RUNNING, &error);
    return;
  }
  GstAeDiscriminateSettings now = settings_now (self);
  post (self,
      gst_structure_new ("gandiscriminate-calibration",
          "seconds", G_TYPE_DOUBLE, (gdouble) self->recalibration_seconds,
          "scores", G_TYPE_UINT, n,
          "raw-threshold", G_TYPE_DOUBLE,
          ae_calibration_threshold (
              &self->setup->calibration[now.score], now.false_alarms_per_hour),
          NULL));
}

static void
update_recalibration (GstGanDiscriminate *self)
{
  GST_OBJECT_LOCK (self);
  guint seconds = self->recalibrate;
  self->recalibrate = 0;
  GST_OBJECT_UNLOCK (self);
  if (seconds == 0)
    return;
  gst_ae_recalibration_free (&self->recalibration);
  self->recalibration = gst_ae_recalibration_new (seconds);
  self->recalibration_seconds = seconds;
}

/* Places. */

static GstAeBox
box_of (GstGanDiscriminate *self, const AeRegion *region)
{
  gint width = GST_VIDEO_INFO_WIDTH (&self->info);
  gint height = GST_VIDEO_INFO_HEIGHT (&self->info);
  gint x = (gint) (region->x * width + 0.5f);
  gint y = (gint) (region->y * height + 0.5f);
  gint right = (gint) ((region->x + region->width) * width + 0.5f);
  gint bottom = (gint) ((region->y + region->height) * height + 0.5f);

  x = CLAMP (x, 0, width - 1);
  y = CLAMP (y, 0, height - 1);
  return (GstAeBox){ x, y, CLAMP (right - x, 1, width - x),
    CLAMP (bottom - y, 1, height - y) };
}

/* NULL: nowhere. */
static void
report_place (GstGanDiscriminate *self, const AeRegion *region)
{
  GstAeAnomalyReport *r = &self->report;

  g_clear_pointer (&r->zone, g_free);
  r->box = (GstAeBox){ 0 };
  if (region == NULL)
    return;
  r->box = box_of (self, region);
  r->zone = g_strdup (gst_ae_zones_at (self->setup->zones,
      region->x + region->width / 2, region->y + region->height / 2));
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
  self->reset = TRUE;
  self->discont = TRUE;
  self->has_score = FALSE;
  self->until_next = 0;
}

/* Life cycle. */

/* From the loader's thread. */
static void
on_load_failed (gpointer user, const AeError *error)
{
  GST_AE_WARNING (user, GST_AE_READING, error);
}

static void
forget_stream (GstGanDiscriminate *self)
{
  GST_OBJECT_LOCK (self);
  self->stats = (GstAeFrameStats){ 0 };
  self->unusable = self->json_dropped = 0;
  self->earliest = GST_CLOCK_TIME_NONE;
  self->recalibrate = 0;
  gst_ae_anomaly_report_clear (&self->report);
  GST_OBJECT_UNLOCK (self);
  self->have_info = self->live_known = FALSE;
  self->last_pts = self->last_duration = GST_CLOCK_TIME_NONE;
  self->last_running = self->scored_running = 0;
  self->bad_buffer = self->has_score = FALSE;
  self->discont = self->reset = TRUE;
  self->until_next = 0;
  self->events = (GstAeAnomalyEvents){ 0 };
  self->last_update = 0;
}

/* The loader is there before the settings are read, so that no change after
 * that is lost. */
static gboolean
open_parts (GstGanDiscriminate *self, GstAeActivity *activity, AeError *error)
{
  GST_OBJECT_LOCK (self);
  self->loader = gst_ae_setup_loader_new (
      &gst_ae_discriminate_setup_type, on_load_failed, self);
  GstAeDiscriminateRequest *request = current_request (self);
  GST_OBJECT_UNLOCK (self);
  self->job = gst_ae_score_job_new ();
  self->setup = gst_ae_discriminate_setup_new (request, error);
  gst_ae_discriminate_request_free (request);
  *activity = GST_AE_READING;
  if (self->setup == NULL)
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
  GST_INFO_OBJECT (
      self, "loaded %s", gst_ae_model_path (self->setup->model));
  return TRUE;
}

static gboolean
gst_gan_discriminate_stop (GstBaseTransform *trans)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (trans);

  gst_ae_score_job_free (&self->job);
  interrupt (self);
  GST_OBJECT_LOCK (self);
  GstAeSetupLoader *loader = g_steal_pointer (&self->loader);
  GstAeJsonLines *json = g_steal_pointer (&self->json);
  gst_ae_anomaly_report_clear (&self->report);
  GST_OBJECT_UNLOCK (self);
  gst_ae_setup_loader_free (&loader);
  gst_ae_json_lines_free (&json);
  gst_ae_recalibration_free (&self->recalibration);
  gst_ae_discriminate_setup_free (&self->setup);
  return TRUE;
}

/* Negotiation. */

/* A place that was calibrated stays so when only zones or mask change. */
static void
keep_calibration (
    GstGanDiscriminate *self, GstAeDiscriminateSetup *newer)
{
  if (strcmp (gst_ae_discriminate_setup_id (newer),
          gst_ae_discriminate_setup_id (self->setup))
      == 0)
    memcpy (newer->calibration, self->setup->calibration,
        sizeof newer->calibration);
  else if (self->recalibration != NULL) {
    gst_ae_recalibration_free (&self->recalibration);
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("recalibration given up: another model took over"), (NULL));
  }
}

/* Takes over what the loader left, if anything; nothing may be scored. What
 * cannot be planned for these pictures leaves the old one in place. */
static void
adopt_loaded (GstGanDiscriminate *self, const AeImage *format)
{
  AeError error = { 0 };
  GstAeDiscriminateSetup *setup = gst_ae_setup_loader_take (self->loader);

  if (setup == NULL)
    return;
  gboolean good = gst_ae_discriminate_setup_bind (setup, format, &error);
  if (good) {
    keep_calibration (self, setup);
    GstAeDiscriminateSetup *older = self->setup;
    self->setup = setup;
    setup = older;
    self->reset = TRUE;
    self->has_score = FALSE;
  }
  gst_ae_discriminate_setup_free (&setup);
  if (!good)
    GST_AE_WARNING (self, GST_AE_READING, &error);
}

static gboolean
gst_gan_discriminate_set_caps (
    GstBaseTransform *trans, GstCaps *in_caps, GstCaps *out_caps)
{
  GstGanDiscriminate *self = GST_GAN_DISCRIMINATE (trans);
  AeError error = { 0 };
  AeImage format;

  gst_ae_score_job_cancel (self->job);
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
  gst_ae_setup_loader_set_format (self->loader, &format);
  adopt_loaded (self, &format);
  self->have_info
      = gst_ae_discriminate_setup_bind (self->setup, &format, &error);
  if (!self->have_info)
    GST_AE_ERROR (self, GST_AE_RUNNING, &error);
  return self->have_info;
}

static void
end_stream (GstGanDiscriminate *self)
{
  if (self->job != NULL)
    gst_ae_score_job_cancel (self->job);
  interrupt (self);
  if (self->recalibration != NULL)
    end_recalibration (self);
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

/* Whether the frame follows the one before in time. */
static gboolean
follows (GstGanDiscriminate *self, GstBuffer *buffer)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer), last = self->last_pts;
  GstClockTime limit = TIME_JUMP;

  if (GST_CLOCK_TIME_IS_VALID (self->last_duration))
    limit = MAX (limit, 4 * MIN (self->last_duration, 60 * GST_SECOND));
  self->last_pts = pts;
  self->last_duration = GST_BUFFER_DURATION (buffer);

  if (self->discont || GST_BUFFER_IS_DISCONT (buffer))
    return FALSE;
  if (!GST_CLOCK_TIME_IS_VALID (pts) || !GST_CLOCK_TIME_IS_VALID (last))
    return TRUE;
  return pts >= last && pts - last <= limit;
}

static GstClockTime
frame_duration (GstGanDiscriminate *self, GstBuffer *buffer)
{
  if (GST_BUFFER_DURATION_IS_VALID (buffer)
      && GST_BUFFER_DURATION (buffer) > 0)
    return GST_BUFFER_DURATION (buffer);
  if (self->info.fps_n > 0)
    return gst_util_uint64_scale (
        GST_SECOND, self->info.fps_d, self->info.fps_n);
  return GST_SECOND / 30;
}

/* Sets the report's times. Frames without any are taken to be at the stream's
 * rate. */
static void
note_times (GstGanDiscriminate *self, GstBuffer *buffer)
{
  const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;
  GstAeAnomalyReport *r = &self->report;
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  if (!follows (self, buffer))
    interrupt (self);
  self->discont = FALSE;
  r->timestamp = pts;
  r->duration = GST_BUFFER_DURATION (buffer);
  r->stream_time
      = gst_segment_to_stream_time (segment, GST_FORMAT_TIME, pts);
  r->running_time
      = gst_segment_to_running_time (segment, GST_FORMAT_TIME, pts);
  if (GST_CLOCK_TIME_IS_VALID (r->running_time))
    self->last_running = r->running_time;
  else
    self->last_running += frame_duration (self, buffer);
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
      && self->last_running < self->earliest;
  GST_OBJECT_UNLOCK (self);
  return late;
}

static gboolean
is_wanted (GstGanDiscriminate *self, const GstAeDiscriminateSettings *now)
{
  if (now->inference_interval == 0)
    return is_live (self) || !is_late (self);
  if (self->until_next > 0) {
    self->until_next = MIN (self->until_next, now->inference_interval) - 1;
    return FALSE;
  }
  self->until_next = now->inference_interval - 1;
  return TRUE;
}

/* FALSE: there is no score yet. */
static gboolean
use_scores (GstGanDiscriminate *self, const GstAeScores *s,
    const GstAeDiscriminateSettings *now)
{
  GstAeAnomalyReport *r = &self->report;

  r->light = s->detection.light;
  r->contrast = s->detection.contrast;
  g_clear_pointer (&r->grid, g_bytes_unref);
  self->has_score = s->detection.ready;
  if (!self->has_score)
    return FALSE;
  self->detection = s->detection;
  self->peak = s->peak;

  gsize n = (gsize) s->columns * (gsize) s->rows;
  gfloat *grid = g_new (gfloat, n);
  for (gsize i = 0; i < n; i++)
    grid[i] = (gfloat) ae_calibration_probability (
        &self->setup->calibration[now->score], s->grid[i],
        now->false_alarms_per_hour);
  r->columns = s->columns;
  r->rows = s->rows;
  r->grid = g_bytes_new_take (grid, n * sizeof *grid);

  if (self->recalibration != NULL
      && gst_ae_recalibration_add (
          self->recalibration, s->detection.score, s->seconds))
    end_recalibration (self);
  return TRUE;
}

/* TRUE: there is a new score. */
static gboolean
take_scores (GstGanDiscriminate *self, gint64 until,
    const GstAeDiscriminateSettings *now)
{
  GstAeScores scores;

  if (!gst_ae_score_job_take (self->job, until, &scores))
    return FALSE;
  GST_OBJECT_LOCK (self);
  gst_ae_frame_stats_add (&self->stats, scores.start, scores.end);
  GST_OBJECT_UNLOCK (self);
  gboolean fresh = use_scores (self, &scores, now);
  gst_ae_scores_clear (&scores);
  return fresh;
}

/* One message, not one for each when all are bad. */
static void
complain (GstGanDiscriminate *self, GstBuffer *buffer)
{
  GST_OBJECT_LOCK (self);
  self->unusable++;
  GST_OBJECT_UNLOCK (self);
  if (self->bad_buffer)
    return;
  self->bad_buffer = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FORMAT,
      ("buffer of %" G_GSIZE_FORMAT " bytes not scored: it does not hold a "
       "picture of %d x %d as the caps say",
          gst_buffer_get_size (buffer), GST_VIDEO_INFO_WIDTH (&self->info),
          GST_VIDEO_INFO_HEIGHT (&self->info)),
      (NULL));
}

static gboolean
start_scoring (GstGanDiscriminate *self, GstBuffer *buffer, gboolean beside,
    const GstAeDiscriminateSettings *now)
{
  gdouble seconds = (gdouble) (self->last_running - self->scored_running)
      / (gdouble) GST_SECOND;
  const GstAeScoreTask task = {
    .setup = self->setup,
    .info = &self->info,
    .buffer = buffer,
    .channel = (AeChannel) now->score,
    .seconds = self->reset || seconds <= 0 ? 0 : seconds,
    .reset = self->reset,
  };

  if (!gst_ae_score_job_start (self->job, &task, beside)) {
    complain (self, buffer);
    return FALSE;
  }
  self->bad_buffer = FALSE;
  self->reset = FALSE;
  self->scored_running = self->last_running;
  return TRUE;
}

/* Monotonic time until which a live frame waits for its score. */
static gint64
patience (GstGanDiscriminate *self, GstBuffer *buffer)
{
  GstClockTime time = MIN (frame_duration (self, buffer) / 2, MAX_PATIENCE);

  return g_get_monotonic_time () + (gint64) GST_TIME_AS_USECONDS (time);
}

/* TRUE: there is a new score, of this frame or of one that was still being
 * scored. */
static gboolean
score (GstGanDiscriminate *self, GstBuffer *buffer,
    const GstAeDiscriminateSettings *now)
{
  gboolean beside = now->inference_interval == 0 && is_live (self);
  AeImage format;

  if (self->reset) /* what runs is of before */
    gst_ae_score_job_cancel (self->job);
  gboolean fresh = take_scores (self, beside ? 0 : -1, now);
  if (gst_ae_score_job_busy (self->job))
    return fresh;
  gst_ae_image_format (&format, &self->info);
  adopt_loaded (self, &format);
  if (!is_wanted (self, now) || !start_scoring (self, buffer, beside, now))
    return fresh;
  return take_scores (self, beside ? patience (self, buffer) : -1, now)
      || fresh;
}

/* Reports. */

static void
report_scores (
    GstGanDiscriminate *self, const GstAeDiscriminateSettings *now)
{
  GstAeAnomalyReport *r = &self->report;

  for (int i = 0; i < AE_N_CHANNELS; i++)
    r->channel[i] = self->has_score
        ? ae_calibration_probability (&self->setup->calibration[i],
            self->detection.score[i], now->false_alarms_per_hour)
        : 0;
  r->raw = self->has_score ? self->detection.score[now->score] : 0;
  r->threshold = now->threshold;
  r->anomaly = self->has_score && r->channel[now->score] >= now->threshold;
  r->width = GST_VIDEO_INFO_WIDTH (&self->info);
  r->height = GST_VIDEO_INFO_HEIGHT (&self->info);
  g_strlcpy (r->model_id, gst_ae_discriminate_setup_id (self->setup),
      sizeof r->model_id);
  if (!self->has_score)
    g_clear_pointer (&r->grid, g_bytes_unref);
  if (r->grid == NULL)
    r->columns = r->rows = 0;
  report_place (self, self->has_score ? &self->peak : NULL);
  GST_OBJECT_LOCK (self); /* which is also read for the stats */
  r->score = r->channel[now->score];
  GST_OBJECT_UNLOCK (self);
}

static void
report_event (
    GstGanDiscriminate *self, const GstAeDiscriminateSettings *now)
{
  GstAeAnomalyReport *r = &self->report;
  gboolean jumps = now->light_change_guard && r->light > LIGHT_JUMP
      && r->contrast >= BLACK_CONTRAST;
  const GstAeEventRules rules = {
    .threshold = now->threshold,
    .min_duration = now->min_duration,
    .hold_time = now->hold_time,
    .may_begin = self->has_score && !jumps,
  };

  r->event = gst_ae_anomaly_events_step (
      &self->events, &rules, self->last_running, r->score, &self->peak);
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
  update_recalibration (self);
  GstAeDiscriminateSettings now = settings_now (self);

  note_times (self, buffer);
  self->report.inferred = score (self, buffer, &now);
  if (!self->report.inferred) {
    GST_OBJECT_LOCK (self);
    self->stats.skipped++;
    GST_OBJECT_UNLOCK (self);
  }
  report_scores (self, &now);
  report_event (self, &now);
  buffer = gst_buffer_make_writable (buffer);
  gst_ae_anomaly_report_attach (&self->report, buffer);
  if (now.overlay != GST_AE_OVERLAY_NONE)
    draw (self, buffer, now.overlay);
  tell (self, now.post_messages, TRUE);
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
