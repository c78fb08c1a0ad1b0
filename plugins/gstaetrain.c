/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-aetrain
 * @title: aetrain
 * @short_description: trains a model from the video that passes through
 *
 * Trains what #GstAeTrain:recipe says: a denoising model from clean video, a codec
 * for aeencode and aedecode, a detector for gandiscriminate, an autoencoder or GAN
 * for vaesample, a classifier. Frames pass through untouched, a copy of each
 * goes into a bounded memory, and a thread of its own draws from there and
 * trains. The stream never waits for it. Further frames replace random earlier
 * ones when the memory is full.
 *
 * The training ends after the recipe's steps (or #GstAeTrain:steps,
 * #GstAeTrain:epochs, #GstAeTrain:duration, #GstAeTrain:early-stop), on the
 * `stop` signal, or when the element goes to READY; then the model is written
 * to #GstAeTrain:model-file, whole or not at all. The end of the stream is held
 * back until then: see #GstAeTrain:drain-at-eos. An element trains once each
 * time it leaves READY.
 *
 * To make a codec of what was trained, contexts and tables are fitted to the
 * frames in memory, which takes minutes (state `saving`). An element that goes to
 * READY does not wait for it: the model is then not written, with a warning;
 * #GstAeTrain:checkpoint-file keeps what was learned. `gst-launch-1.0 -e` ends the
 * stream at Ctrl-C.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m filesrc location=clean.mp4 ! decodebin ! videoconvert ! aetrain recipe=denoise-fast model-file=own.onnx ! fakesink
 * ]|
 * Trains on a file and prints the progress.
 * |[
 * gst-launch-1.0 -m v4l2src ! videoconvert ! tee name=t t. ! queue ! autovideosink t. ! queue leaky=downstream ! aetrain base-model=denoise-fast.onnx recipe=denoise-fast steps=2000 model-file=own.onnx ! fakesink
 * ]|
 * Goes on with a bundled model, on a camera in good light.
 * |[
 * gst-launch-1.0 -m -e v4l2src ! videoconvert ! aetrain recipe=codec base-model=codec steps=2000 model-file=mine.onnx ! fakesink
 * ]|
 * The bundled codec goes on to learn from one's own camera; Ctrl-C ends the
 * training, and the model is written some minutes later.
 * |[
 * gst-launch-1.0 -m videotestsrc num-buffers=40 ! video/x-raw,width=96,height=64 ! aetrain recipe=denoise-fast steps=3 model-file=own.onnx ! fakesink
 * ]|
 * Three steps, to see that everything is in place.
 *
 * ## Messages
 * Element messages named `aetrain`, one per #GstAeTrain:report-interval and one
 * at the end:
 *
 * * #guint64 `timestamp`, `stream-time`, `running-time`, `duration`: of the
 *   last frame, in ns
 * * #guint64 `step`, `steps`: done, and to do
 * * #gdouble `epoch`: how often each frame in memory was drawn, on average
 * * #gdouble `loss`: mean since the last message
 * * #gdouble `psnr`: of the held-out frames, in dB, when a denoiser is trained;
 *   missing until known
 * * #gdouble `rate-distortion`: -10 log10 of the loss of the held-out frames, in
 *   dB, when a codec is trained; likewise
 * * #gdouble `elbo`: the evidence lower bound of a VAE on the held-out frames, in
 *   nats of a picture, when an autoencoder is trained; of other codes `psnr`
 * * #gdouble `accuracy`: per cent of the held-out frames that a classifier tells
 *   right, when one is trained
 * * #gdouble `coverage`: percent of the held-out frames that have a made one near
 *   them, when a GAN is trained
 * * #gdouble `reconstruction`: minus the cross-entropy of the held-out frames, in
 *   nats of a picture, when a restricted Boltzmann machine is trained
 * * #GstStructure `figures`: #gdouble each, means over about 100 steps: of an
 *   autoencoder `mse` and `active` (numbers of its code that say something), of a
 *   VAE `reconstruction` and `divergence` in nats too; of a codec `quality` in dB
 *   and `rate` in bits per pixel; of a classifier `batch-accuracy` in per cent; of
 *   a GAN `discriminator` (its loss; `loss` is the generator's), `margin` (between
 *   its answers to real frames and made ones) and `spread` (of made frames over
 *   that of real ones, within a class), and how often it `returns`; of an
 *   autoencoder with an adversary all of these but `spread` too; of a Boltzmann
 *   machine `active` (hidden units that are on) in per cent and `energy-gap` (of
 *   held-out frames over others) in nats; missing where there are none
 * * #GstSample `sheet`: with #GstAeTrain:post-sheets, a picture of what the model
 *   makes
 * * #gdouble `learning-rate`
 * * #gdouble `samples-per-second`: sequences or pictures trained on
 * * #guint64 `eta`: time to the last step in ns, -1 = not yet known
 * * #guint64 `skipped-steps`: whose loss or gradient was not a number
 * * #guint `frames`: in memory
 * * #gchararray `state`: see #GstAeTrain:state
 *
 * Of an autoencoder, a GAN or a Boltzmann machine #GstAeTrain:sheet-file shows what
 * the model makes so far: held-out pictures in rows, what comes back below each,
 * and pictures of codes that are drawn, the same ones each time.
 * |[
 * gst-launch-1.0 -m idxsrc location=train-images-idx3-ubyte.gz num-buffers=20000 ! aetrain recipe=digits model-file=own.onnx sheet-file=own.png report-interval=10000 ! fakesink
 * ]|
 * Digits that a GAN makes, ten seconds older in each picture.
 *
 * The training of a GAN, or against an adversary, that goes wrong comes back to
 * where it went well and goes on with half the rates; a warning message says so
 * each time.
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstaetrain.h"

#include "aeframe.h"
#include "labelmeta.h"
#include "trainsettings.h"
#include "trainsheet.h"

#include <math.h>

GST_DEBUG_CATEGORY_STATIC (gst_ae_train_debug);
#define GST_CAT_DEFAULT gst_ae_train_debug

/* Frames further apart than this do not belong to one shot. */
#define TIME_JUMP GST_SECOND
/* Between frames of which nothing is known. */
#define USUAL_SECONDS (1.0 / 25)

enum { SIGNAL_SAVE, SIGNAL_STOP, N_SIGNALS };

struct _GstAeTrain {
  GstBaseTransform parent;

  /* Object lock. */
  GstAeTrainSettings settings;
  GstAeTrainState state;
  GstAeTrainWorker *worker; /* set in start, cleared in stop */
  GstClockTime timestamp, stream_time, running_time, duration;

  /* Worker's thread. */
  GstSample *sheet; /* for the next message; NULL: none */
  gboolean sheet_failed; /* writing it was complained about */

  /* Streaming thread; start and stop. */
  GstVideoInfo info;
  gboolean have_info;
  guint64 num_frames, n_frames; /* limit (0 = none) and count so far */
  gboolean discont, bad_buffer;
};

static GParamSpec *state_property;
static guint state_id; /* the ids before are those of the settings */
static guint signals[N_SIGNALS];

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_AE_VIDEO_CAPS));

#define GST_TYPE_AE_TRAIN_STATE (gst_ae_train_state_get_type ())

static const GEnumValue state_values[] = {
  { GST_AE_TRAIN_IDLE, "Not started", "idle" },
  { GST_AE_TRAIN_COLLECTING, "Waiting for frames", "collecting" },
  { GST_AE_TRAIN_TRAINING, "Training", "training" },
  { GST_AE_TRAIN_SAVING, "Writing the model", "saving" },
  { GST_AE_TRAIN_DONE, "The model is written", "done" },
  { GST_AE_TRAIN_ERROR, "Given up", "error" },
  { 0, NULL, NULL },
};

static GType
gst_ae_train_state_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstAeTrainState", state_values));
  return type;
}

G_DEFINE_TYPE (GstAeTrain, gst_ae_train, GST_TYPE_BASE_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (
    aetrain, "aetrain", GST_RANK_NONE, GST_TYPE_AE_TRAIN);

static void gst_ae_train_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec);
static void gst_ae_train_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec);
static void gst_ae_train_finalize (GObject *object);
static void gst_ae_train_save (GstAeTrain *self);
static void gst_ae_train_stop_training (GstAeTrain *self);
static GstStateChangeReturn gst_ae_train_change_state (
    GstElement *element, GstStateChange transition);
static gboolean gst_ae_train_start (GstBaseTransform *trans);
static gboolean gst_ae_train_stop (GstBaseTransform *trans);
static gboolean gst_ae_train_set_caps (
    GstBaseTransform *trans, GstCaps *in_caps, GstCaps *out_caps);
static gboolean gst_ae_train_sink_event (
    GstBaseTransform *trans, GstEvent *event);
static GstFlowReturn gst_ae_train_transform_ip (
    GstBaseTransform *trans, GstBuffer *buffer);

/**
 * GstAeTrain::save:
 * @aetrain: the element
 *
 * Writes the model as it is after the step that runs, and trains on. Returns
 * at once.
 *
 * Since: 0.1
 */

/**
 * GstAeTrain::stop:
 * @aetrain: the element
 *
 * Ends the training after the step that runs and writes the model. Returns at
 * once.
 *
 * Since: 0.1
 */
static void
make_signals (GObjectClass *object_class)
{
  GType type = G_OBJECT_CLASS_TYPE (object_class);
  const GSignalFlags flags = G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION;

  signals[SIGNAL_SAVE] = g_signal_new_class_handler ("save", type, flags,
      G_CALLBACK (gst_ae_train_save), NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_STOP] = g_signal_new_class_handler ("stop", type, flags,
      G_CALLBACK (gst_ae_train_stop_training), NULL, NULL, NULL, G_TYPE_NONE,
      0);
}

static void
gst_ae_train_class_init (GstAeTrainClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_ae_train_debug, "aetrain", 0, "training from a stream");

  object_class->set_property = gst_ae_train_set_property;
  object_class->get_property = gst_ae_train_get_property;
  object_class->finalize = gst_ae_train_finalize;
  state_id = gst_ae_train_settings_install (object_class) + 1;
  state_property = g_param_spec_enum ("state", "State",
      "What the training does now; changes are notified",
      GST_TYPE_AE_TRAIN_STATE, GST_AE_TRAIN_IDLE,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property (object_class, state_id, state_property);
  make_signals (object_class);

  element_class->change_state = gst_ae_train_change_state;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Model trainer",
      "Filter/Analyzer/Video",
      "Trains a neural network from the video that passes through",
      GST_AE_AUTHOR);

  trans_class->start = gst_ae_train_start;
  trans_class->stop = gst_ae_train_stop;
  trans_class->set_caps = gst_ae_train_set_caps;
  trans_class->sink_event = gst_ae_train_sink_event;
  trans_class->transform_ip = gst_ae_train_transform_ip;
  trans_class->transform_ip_on_passthrough = TRUE;
  trans_class->passthrough_on_same_caps = TRUE;

  gst_type_mark_as_plugin_api (GST_TYPE_AE_TRAIN_STATE, 0);
}

static void
gst_ae_train_init (GstAeTrain *self)
{
  gst_ae_train_settings_init (&self->settings);
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
}

static void
gst_ae_train_finalize (GObject *object)
{
  gst_ae_train_settings_clear (&GST_AE_TRAIN (object)->settings);
  G_OBJECT_CLASS (gst_ae_train_parent_class)->finalize (object);
}

/* Properties. */

static void
gst_ae_train_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstAeTrain *self = GST_AE_TRAIN (object);

  GST_OBJECT_LOCK (self);
  gst_ae_train_settings_set (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_ae_train_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstAeTrain *self = GST_AE_TRAIN (object);

  GST_OBJECT_LOCK (self);
  if (id == state_id)
    g_value_set_enum (value, self->state);
  else
    gst_ae_train_settings_get (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
}

/* The worker takes its own lock inside the object lock, never the other way
 * round. */
static void
gst_ae_train_save (GstAeTrain *self)
{
  GST_OBJECT_LOCK (self);
  if (self->worker != NULL)
    gst_ae_train_worker_save (self->worker);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_ae_train_stop_training (GstAeTrain *self)
{
  GST_OBJECT_LOCK (self);
  if (self->worker != NULL)
    gst_ae_train_worker_stop (self->worker);
  GST_OBJECT_UNLOCK (self);
}

/* From the worker. */

static void
on_state (gpointer user, GstAeTrainState state)
{
  GstAeTrain *self = user;

  GST_OBJECT_LOCK (self);
  gboolean changed = self->state != state;
  self->state = state;
  GST_OBJECT_UNLOCK (self);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), state_property);
}

static void
set_figures (GstStructure *s, const GstAeTrainProgress *p)
{
  if (p->n_figures == 0)
    return;
  GstStructure *figures = gst_structure_new_empty ("figures");
  for (guint i = 0; i < p->n_figures; i++)
    gst_structure_set (figures, p->figures[i].name, G_TYPE_DOUBLE,
        p->figures[i].value, NULL);
  gst_structure_set (s, "figures", GST_TYPE_STRUCTURE, figures, NULL);
  gst_structure_free (figures);
}

/* A disk that is full now may have room later: training goes on. */
static void
write_sheet (
    GstAeTrain *self, const gchar *path, const AeTrainingSheet *sheet)
{
  AeError error = { 0 };

  gboolean good = gst_ae_train_sheet_write (sheet, path, &error);
  if (!good && !self->sheet_failed)
    GST_AE_WARNING (self, GST_AE_WRITING, &error);
  self->sheet_failed = !good;
}

static void
on_sheet (gpointer user, const AeTrainingSheet *sheet)
{
  GstAeTrain *self = user;

  GST_OBJECT_LOCK (self);
  gchar *path = g_strdup (self->settings.sheet_file);
  gboolean post = self->settings.post_sheets;
  GST_OBJECT_UNLOCK (self);
  if (path != NULL && *path != '\0')
    write_sheet (self, path, sheet);
  if (post)
    self->sheet = gst_ae_train_sheet_sample (sheet);
  g_free (path);
}

static void
on_progress (gpointer user, const GstAeTrainProgress *p)
{
  GstAeTrain *self = user;

  GST_OBJECT_LOCK (self);
  GstStructure *s = gst_structure_new ("aetrain",
      "timestamp", G_TYPE_UINT64, self->timestamp,
      "stream-time", G_TYPE_UINT64, self->stream_time,
      "running-time", G_TYPE_UINT64, self->running_time,
      "duration", G_TYPE_UINT64, self->duration,
      "step", G_TYPE_UINT64, p->step,
      "steps", G_TYPE_UINT64, p->steps,
      "epoch", G_TYPE_DOUBLE, p->epoch,
      "learning-rate", G_TYPE_DOUBLE, p->learning_rate,
      "samples-per-second", G_TYPE_DOUBLE, p->samples_per_second,
      "eta", G_TYPE_UINT64, p->eta,
      "skipped-steps", G_TYPE_UINT64, p->skipped,
      "frames", G_TYPE_UINT, p->frames,
      "state", G_TYPE_STRING, state_values[self->state].value_nick,
      NULL);
  GST_OBJECT_UNLOCK (self);

  if (!isnan (p->loss))
    gst_structure_set (s, "loss", G_TYPE_DOUBLE, p->loss, NULL);
  if (p->score_name != NULL && !isnan (p->score))
    gst_structure_set (s, p->score_name, G_TYPE_DOUBLE, p->score, NULL);
  set_figures (s, p);
  if (self->sheet != NULL)
    gst_structure_set (s, "sheet", GST_TYPE_SAMPLE, self->sheet, NULL);
  g_clear_pointer (&self->sheet, gst_sample_unref);
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), s));
}

static void
on_trouble (gpointer user, GstMessageType type, GstAeActivity activity,
    const AeError *error)
{
  gst_ae_post (GST_ELEMENT (user), type, activity, error, __FILE__,
      GST_FUNCTION, __LINE__);
}

/* Life cycle. */

static gboolean
gst_ae_train_start (GstBaseTransform *trans)
{
  GstAeTrain *self = GST_AE_TRAIN (trans);
  static const GstAeTrainCallbacks callbacks
      = { on_state, on_progress, on_sheet, on_trouble };
  GstAeTrainSettings settings;
  GstAeActivity activity;
  AeError error = { 0 };

  GST_OBJECT_LOCK (self);
  gst_ae_train_settings_copy (&settings, &self->settings);
  self->timestamp = self->stream_time = self->running_time = self->duration
      = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);
  self->have_info = FALSE;
  self->num_frames = settings.num_frames;
  self->n_frames = 0;
  self->discont = TRUE;
  self->bad_buffer = FALSE;
  self->sheet_failed = FALSE;

  GstAeTrainWorker *worker = gst_ae_train_settings_start (
      &settings, &callbacks, self, &activity, &error);
  gst_ae_train_settings_clear (&settings);
  if (worker == NULL) {
    on_state (self, GST_AE_TRAIN_ERROR);
    GST_AE_ERROR (self, activity, &error);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->worker = worker;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
gst_ae_train_stop (GstBaseTransform *trans)
{
  GstAeTrain *self = GST_AE_TRAIN (trans);

  GST_OBJECT_LOCK (self);
  GstAeTrainWorker *worker = g_steal_pointer (&self->worker);
  GST_OBJECT_UNLOCK (self);
  gst_ae_train_worker_free (&worker);
  on_state (self, GST_AE_TRAIN_IDLE);
  return TRUE;
}

/* A streaming thread that holds back the end of the stream has to go before
 * the pads can be deactivated. */
static GstStateChangeReturn
gst_ae_train_change_state (GstElement *element, GstStateChange transition)
{
  GstAeTrain *self = GST_AE_TRAIN (element);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    GST_OBJECT_LOCK (self);
    if (self->worker != NULL) {
      gst_ae_train_worker_quit (self->worker);
      gst_ae_train_worker_unblock (self->worker, TRUE);
    }
    GST_OBJECT_UNLOCK (self);
  }
  return GST_ELEMENT_CLASS (gst_ae_train_parent_class)
      ->change_state (element, transition);
}

/* Stream. */

static gboolean
gst_ae_train_set_caps (
    GstBaseTransform *trans, GstCaps *in_caps, GstCaps *out_caps)
{
  GstAeTrain *self = GST_AE_TRAIN (trans);

  self->have_info = gst_video_info_from_caps (&self->info, in_caps);
  self->discont = TRUE;
  return self->have_info;
}

/* FALSE: the end of the stream is not to be passed on, because a flush or the
 * way down took its place. */
static gboolean
drain (GstAeTrain *self)
{
  GST_OBJECT_LOCK (self);
  gboolean wait = self->settings.drain_at_eos;
  GST_OBJECT_UNLOCK (self);

  gst_ae_train_worker_end_of_input (self->worker);
  if (!wait)
    gst_ae_train_worker_stop (self->worker);
  return gst_ae_train_worker_wait (self->worker);
}

static void
unblock (GstAeTrain *self, gboolean on)
{
  GST_OBJECT_LOCK (self);
  if (self->worker != NULL)
    gst_ae_train_worker_unblock (self->worker, on);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gst_ae_train_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstAeTrain *self = GST_AE_TRAIN (trans);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      unblock (self, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      unblock (self, FALSE);
      self->discont = TRUE;
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
      self->discont = TRUE;
      break;
    case GST_EVENT_EOS:
      if (!drain (self)) {
        gst_event_unref (event);
        return FALSE;
      }
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_ae_train_parent_class)
      ->sink_event (trans, event);
}

/* How long after the frame before it a frame comes that follows it; 0: it does
 * not. Without timestamps the caps say it. */
static gdouble
seconds_between (const GstAeTrain *self, GstClockTime last, GstClockTime pts)
{
  const GstVideoInfo *info = &self->info;

  if (GST_CLOCK_TIME_IS_VALID (pts) && GST_CLOCK_TIME_IS_VALID (last)
      && pts != last)
    return pts > last && pts - last <= TIME_JUMP
               ? (gdouble) (pts - last) / GST_SECOND
               : 0;
  if (!self->have_info || info->fps_n <= 0 || info->fps_d <= 0)
    return USUAL_SECONDS;
  return (gdouble) info->fps_d / info->fps_n;
}

/* Remembers the frame's times for messages. Seconds since the frame before, 0
 * when it does not follow that in time. */
static gdouble
note_times (GstAeTrain *self, GstBuffer *buffer)
{
  const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  GST_OBJECT_LOCK (self);
  GstClockTime last = self->timestamp;
  self->timestamp = pts;
  self->duration = GST_BUFFER_DURATION (buffer);
  self->stream_time
      = gst_segment_to_stream_time (segment, GST_FORMAT_TIME, pts);
  self->running_time
      = gst_segment_to_running_time (segment, GST_FORMAT_TIME, pts);
  GST_OBJECT_UNLOCK (self);

  gboolean follows = !self->discont && !GST_BUFFER_IS_DISCONT (buffer);
  self->discont = FALSE;
  return follows ? seconds_between (self, last, pts) : 0;
}

/* One message, not one for each when all buffers are bad. */
static void
complain (GstAeTrain *self, const gchar *text)
{
  if (self->bad_buffer)
    return;
  self->bad_buffer = TRUE;
  GST_ELEMENT_WARNING (
      self, STREAM, FORMAT, ("frame not used: %s", text), (NULL));
}

static void
take_frame (GstAeTrain *self, GstBuffer *buffer, gdouble seconds)
{
  AeError error = { 0 };
  GstVideoFrame frame;
  AeImage image;
  gint label;

  if (!gst_ae_frame_map (&frame, &self->info, buffer, GST_MAP_READ)) {
    complain (self, "the buffer does not hold a picture as the caps say");
    return;
  }
  gst_ae_image_from_frame (&image, &frame);
  if (!gst_ae_label_meta_get (buffer, &label))
    label = AE_NO_LABEL;
  if (gst_ae_train_worker_add (self->worker, &image, seconds, label, &error)
      != AE_OK)
    complain (self, error.text);
  else
    self->bad_buffer = FALSE;
  gst_video_frame_unmap (&frame);

  self->n_frames++;
  if (self->num_frames > 0 && self->n_frames >= self->num_frames)
    gst_ae_train_worker_end_of_input (self->worker);
}

static GstFlowReturn
gst_ae_train_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstAeTrain *self = GST_AE_TRAIN (trans);
  gdouble seconds = note_times (self, buffer);

  if (!self->have_info)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!gst_ae_train_worker_ended (self->worker)) {
    if (self->num_frames == 0 || self->n_frames < self->num_frames)
      take_frame (self, buffer, seconds);
    return GST_FLOW_OK;
  }
  GST_OBJECT_LOCK (self);
  gboolean eos = self->settings.eos_at_done;
  GST_OBJECT_UNLOCK (self);
  return eos ? GST_FLOW_EOS : GST_FLOW_OK;
}
