/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-aetrain
 * @title: aetrain
 * @short_description: trains a model from the video that passes through
 *
 * Trains a denoising model from clean video: frames pass through untouched, a
 * copy of each goes into a bounded memory, and a thread of its own draws from
 * there, adds noise and trains. The stream never waits for it. Further frames
 * replace random earlier ones when the memory is full.
 *
 * The training ends after the recipe's steps (or #GstAeTrain:steps,
 * #GstAeTrain:epochs, #GstAeTrain:duration, #GstAeTrain:early-stop), on the
 * `stop` signal, or when the element goes to READY; then the model is written
 * to #GstAeTrain:model-file, whole or not at all. The end of the stream is held
 * back until then: see #GstAeTrain:drain-at-eos. An element trains once each
 * time it leaves READY.
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
 * * #gdouble `psnr`: of the held-out frames, in dB; missing until known
 * * #gdouble `learning-rate`
 * * #gdouble `samples-per-second`: sequences trained on
 * * #guint64 `eta`: time to the last step in ns, -1 = not yet known
 * * #guint64 `skipped-steps`: whose loss or gradient was not a number
 * * #guint `frames`: in memory
 * * #gchararray `state`: see #GstAeTrain:state
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstaetrain.h"

#include "aeframe.h"
#include "aemodels.h"
#include "trainworker.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

GST_DEBUG_CATEGORY_STATIC (gst_ae_train_debug);
#define GST_CAT_DEFAULT gst_ae_train_debug

#define DEFAULT_RECIPE "denoise-balanced"
#define DEFAULT_REPORT_INTERVAL 1000
#define DEFAULT_DRAIN_AT_EOS TRUE

/* Frames further apart than this do not belong to one shot. */
#define TIME_JUMP GST_SECOND

enum {
  PROP_0,
  PROP_RECIPE,
  PROP_MODEL_FILE,
  PROP_BASE_MODEL,
  PROP_CHECKPOINT_FILE,
  PROP_STEPS,
  PROP_EPOCHS,
  PROP_DURATION,
  PROP_NUM_FRAMES,
  PROP_REPORT_INTERVAL,
  PROP_EARLY_STOP,
  PROP_MAX_MEMORY,
  PROP_DRAIN_AT_EOS,
  PROP_EOS_AT_DONE,
  PROP_STATE,
  N_PROPS
};

enum { SIGNAL_SAVE, SIGNAL_STOP, N_SIGNALS };

/* What the user asks for. */
typedef struct {
  gchar *recipe, *model_file, *base_model, *checkpoint_file;
  gint64 steps;
  gdouble epochs;
  GstClockTime duration;
  guint64 num_frames;
  guint report_interval; /* ms */
  gint early_stop;
  guint max_memory; /* MiB */
  gboolean drain_at_eos, eos_at_done;
} Settings;

struct _GstAeTrain {
  GstBaseTransform parent;

  /* Object lock. */
  Settings settings;
  GstAeTrainState state;
  GstAeTrainWorker *worker; /* set in start, cleared in stop */
  GstClockTime timestamp, stream_time, running_time, duration;

  /* Streaming thread; start and stop. */
  GstVideoInfo info;
  gboolean have_info;
  guint64 num_frames, n_frames; /* limit (0 = none) and count so far */
  gboolean discont, bad_buffer;
};

static GParamSpec *properties[N_PROPS];
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

#define RW (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)
#define RW_READY (RW | GST_PARAM_MUTABLE_READY)
#define RW_PLAYING (RW | GST_PARAM_MUTABLE_PLAYING)

static void
make_file_properties (void)
{
  properties[PROP_RECIPE] = g_param_spec_string ("recipe", "Recipe",
      "Training recipe: a file, or the name of a bundled one "
      "(denoise-fast, denoise-balanced, denoise-quality)",
      DEFAULT_RECIPE, RW_READY);
  properties[PROP_MODEL_FILE] = g_param_spec_string ("model-file",
      "Model file",
      "ONNX file to write the model to; must be set. An existing file is "
      "replaced whole, or kept when writing fails",
      NULL, RW_READY);
  properties[PROP_BASE_MODEL] = g_param_spec_string ("base-model",
      "Base model",
      "ONNX file with weights to start from: a file, or the name of a bundled "
      "one (denoise-fast.onnx); its structure must fit the recipe. "
      "NULL = start from random weights",
      NULL, RW_READY);
  properties[PROP_CHECKPOINT_FILE] = g_param_spec_string ("checkpoint-file",
      "Checkpoint file",
      "File to resume from when it exists, written every checkpoint_every "
      "steps of the recipe and at the end; NULL = none",
      NULL, RW_READY);
}

static void
make_limit_properties (void)
{
  properties[PROP_STEPS] = g_param_spec_int64 ("steps", "Steps",
      "Length of the training in steps, 0 = as the recipe says", 0,
      1000000000, 0, RW_READY);
  properties[PROP_EPOCHS] = g_param_spec_double ("epochs", "Epochs",
      "End when each frame in memory was drawn so often on average; "
      "0 = no such limit",
      0, 1e9, 0, RW_READY);
  properties[PROP_DURATION] = g_param_spec_uint64 ("duration", "Duration",
      "End after so much time of training, in ns; 0 = no such limit", 0,
      G_MAXUINT64, 0, RW_READY);
  properties[PROP_NUM_FRAMES] = g_param_spec_uint64 ("num-frames",
      "Number of frames",
      "Take so many frames from the stream and let the others pass by; "
      "0 = take all",
      0, G_MAXUINT64, 0, RW_READY);
  properties[PROP_EARLY_STOP] = g_param_spec_int ("early-stop", "Early stop",
      "End after so many validations without a gain and write the best "
      "model; 0 = never, -1 = as the recipe says",
      -1, 1000000, -1, RW_READY);
  properties[PROP_MAX_MEMORY] = g_param_spec_uint ("max-memory",
      "Maximum memory",
      "Frames to keep at most, in MiB; 0 = as the recipe says", 0, 1 << 20, 0,
      RW_READY);
}

static void
make_other_properties (void)
{
  properties[PROP_REPORT_INTERVAL] = g_param_spec_uint ("report-interval",
      "Report interval",
      "Time between two progress messages in ms; 0 = one per step", 0,
      G_MAXUINT, DEFAULT_REPORT_INTERVAL, RW_READY);
  properties[PROP_DRAIN_AT_EOS] = g_param_spec_boolean ("drain-at-eos",
      "Drain at EOS",
      "At the end of the stream, hold it back until the training has reached "
      "its own end; off = end the training with the stream",
      DEFAULT_DRAIN_AT_EOS, RW_PLAYING);
  properties[PROP_EOS_AT_DONE] = g_param_spec_boolean ("eos-at-done",
      "EOS at done", "End the stream when the training has ended", FALSE,
      RW_PLAYING);
  properties[PROP_STATE] = g_param_spec_enum ("state", "State",
      "What the training does now; changes are notified",
      GST_TYPE_AE_TRAIN_STATE, GST_AE_TRAIN_IDLE,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

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
  make_file_properties ();
  make_limit_properties ();
  make_other_properties ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
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
  self->settings.recipe = g_strdup (DEFAULT_RECIPE);
  self->settings.report_interval = DEFAULT_REPORT_INTERVAL;
  self->settings.early_stop = -1;
  self->settings.drain_at_eos = DEFAULT_DRAIN_AT_EOS;
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
}

static void
clear_settings (Settings *settings)
{
  g_free (settings->recipe);
  g_free (settings->model_file);
  g_free (settings->base_model);
  g_free (settings->checkpoint_file);
}

static void
gst_ae_train_finalize (GObject *object)
{
  clear_settings (&GST_AE_TRAIN (object)->settings);
  G_OBJECT_CLASS (gst_ae_train_parent_class)->finalize (object);
}

/* Properties. */

static void
set_string (gchar **where, const GValue *value)
{
  g_free (*where);
  *where = g_value_dup_string (value);
}

static void
gst_ae_train_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstAeTrain *self = GST_AE_TRAIN (object);
  Settings *s = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_RECIPE:
      set_string (&s->recipe, value);
      break;
    case PROP_MODEL_FILE:
      set_string (&s->model_file, value);
      break;
    case PROP_BASE_MODEL:
      set_string (&s->base_model, value);
      break;
    case PROP_CHECKPOINT_FILE:
      set_string (&s->checkpoint_file, value);
      break;
    case PROP_STEPS:
      s->steps = g_value_get_int64 (value);
      break;
    case PROP_EPOCHS:
      s->epochs = g_value_get_double (value);
      break;
    case PROP_DURATION:
      s->duration = g_value_get_uint64 (value);
      break;
    case PROP_NUM_FRAMES:
      s->num_frames = g_value_get_uint64 (value);
      break;
    case PROP_REPORT_INTERVAL:
      s->report_interval = g_value_get_uint (value);
      break;
    case PROP_EARLY_STOP:
      s->early_stop = g_value_get_int (value);
      break;
    case PROP_MAX_MEMORY:
      s->max_memory = g_value_get_uint (value);
      break;
    case PROP_DRAIN_AT_EOS:
      s->drain_at_eos = g_value_get_boolean (value);
      break;
    case PROP_EOS_AT_DONE:
      s->eos_at_done = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_ae_train_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstAeTrain *self = GST_AE_TRAIN (object);
  Settings *s = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_RECIPE:
      g_value_set_string (value, s->recipe);
      break;
    case PROP_MODEL_FILE:
      g_value_set_string (value, s->model_file);
      break;
    case PROP_BASE_MODEL:
      g_value_set_string (value, s->base_model);
      break;
    case PROP_CHECKPOINT_FILE:
      g_value_set_string (value, s->checkpoint_file);
      break;
    case PROP_STEPS:
      g_value_set_int64 (value, s->steps);
      break;
    case PROP_EPOCHS:
      g_value_set_double (value, s->epochs);
      break;
    case PROP_DURATION:
      g_value_set_uint64 (value, s->duration);
      break;
    case PROP_NUM_FRAMES:
      g_value_set_uint64 (value, s->num_frames);
      break;
    case PROP_REPORT_INTERVAL:
      g_value_set_uint (value, s->report_interval);
      break;
    case PROP_EARLY_STOP:
      g_value_set_int (value, s->early_stop);
      break;
    case PROP_MAX_MEMORY:
      g_value_set_uint (value, s->max_memory);
      break;
    case PROP_DRAIN_AT_EOS:
      g_value_set_boolean (value, s->drain_at_eos);
      break;
    case PROP_EOS_AT_DONE:
      g_value_set_boolean (value, s->eos_at_done);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
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
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
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
  if (!isnan (p->psnr))
    gst_structure_set (s, "psnr", G_TYPE_DOUBLE, p->psnr, NULL);
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

/* Trouble with the place for a file should show before hours of training. */
static gboolean
check_writable (const gchar *path, const gchar *what, AeError *error)
{
  struct stat file;

  if (path == NULL || path[0] == '\0') {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "%s is not set: expected the name of a file to write", what);
    return FALSE;
  }
  if (g_stat (path, &file) == 0 && !S_ISREG (file.st_mode)) {
    gst_ae_error_set (error, AE_ERROR_NOT_FOUND,
        "%s: expected a file to write or replace, found a %s", path,
        S_ISDIR (file.st_mode) ? "folder" : "pipe, socket or device");
    return FALSE;
  }
  gchar *folder = g_path_get_dirname (path);
  gboolean good = g_access (folder, W_OK | X_OK) == 0;
  if (!good)
    gst_ae_error_set (error, AE_ERROR_NOT_FOUND,
        "%s: cannot write into the folder: %s", path, g_strerror (errno));
  g_free (folder);
  return good;
}

/* A file by its path, or a bundled one by its name. */
static gchar *
find_file (const gchar *name, const gchar *suffix, AeError *error)
{
  if (strchr (name, G_DIR_SEPARATOR) != NULL
      || g_file_test (name, G_FILE_TEST_EXISTS))
    return g_strdup (name);
  gchar *file = g_str_has_suffix (name, suffix)
      ? g_strdup (name)
      : g_strconcat (name, suffix, NULL);
  gchar *path = gst_ae_models_find (file, error);
  g_free (file);
  if (path == NULL)
    gst_ae_error_prefix (error, name);
  return path;
}

static AeStatus
override (AeRecipe *recipe, const char *key, gint64 value, AeError *error)
{
  gchar text[32];

  g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT, value);
  return ae_recipe_set (recipe, "training", key, text, error);
}

static AeRecipe *
load_recipe (const Settings *s, AeError *error)
{
  AeRecipe *recipe = NULL;
  gchar *path = find_file (s->recipe != NULL ? s->recipe : DEFAULT_RECIPE,
      ".ini", error);

  if (path == NULL)
    return NULL;
  if (ae_recipe_load (&recipe, path, error) != AE_OK)
    gst_ae_error_prefix (error, path);
  else if ((s->steps > 0
               && override (recipe, "steps", s->steps, error) != AE_OK)
      || (s->early_stop >= 0
          && override (recipe, "early_stop", s->early_stop, error) != AE_OK)
      || (s->max_memory > 0
          && override (recipe, "memory", s->max_memory, error) != AE_OK))
    ae_recipe_free (&recipe);
  g_free (path);
  return recipe;
}

/* FALSE: the base model is asked for and cannot be had. */
static gboolean
load_base (const Settings *s, GstAeModel **base, AeError *error)
{
  if (s->base_model == NULL || s->base_model[0] == '\0')
    return TRUE;
  gchar *path = find_file (s->base_model, ".onnx", error);
  if (path != NULL)
    *base = gst_ae_model_acquire (path, error);
  g_free (path);
  return *base != NULL;
}

static GstAeTrainWorker *
make_worker (GstAeTrain *self, const Settings *s, AeError *error)
{
  static const GstAeTrainCallbacks callbacks
      = { on_state, on_progress, on_trouble };
  GstAeTrainWorker *worker = NULL;
  GstAeModel *base = NULL;
  AeRecipe *recipe = load_recipe (s, error);

  if (recipe != NULL && load_base (s, &base, error)) {
    GstAeTrainConfig config = {
      .recipe = recipe,
      .base = base != NULL ? gst_ae_model_get (base) : NULL,
      .model_file = s->model_file,
      .checkpoint_file = s->checkpoint_file,
      .epochs = s->epochs,
      .duration = s->duration,
      .report_interval = s->report_interval * (gint64) 1000,
    };
    worker = gst_ae_train_worker_new (&config, &callbacks, self, error);
    if (worker == NULL && base != NULL)
      gst_ae_error_prefix (error, gst_ae_model_path (base));
  }
  gst_ae_model_release (&base);
  ae_recipe_free (&recipe);
  return worker;
}

static void
copy_settings (GstAeTrain *self, Settings *copy)
{
  GST_OBJECT_LOCK (self);
  *copy = self->settings;
  copy->recipe = g_strdup (copy->recipe);
  copy->model_file = g_strdup (copy->model_file);
  copy->base_model = g_strdup (copy->base_model);
  copy->checkpoint_file = g_strdup (copy->checkpoint_file);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gst_ae_train_start (GstBaseTransform *trans)
{
  GstAeTrain *self = GST_AE_TRAIN (trans);
  GstAeTrainWorker *worker = NULL;
  AeError error = { 0 };
  Settings settings;

  copy_settings (self, &settings);
  self->have_info = FALSE;
  self->num_frames = settings.num_frames;
  self->n_frames = 0;
  self->discont = TRUE;
  self->bad_buffer = FALSE;
  GST_OBJECT_LOCK (self);
  self->timestamp = self->stream_time = self->running_time = self->duration
      = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);

  GstAeActivity activity = GST_AE_WRITING;
  if (check_writable (settings.model_file, "model-file", &error)
      && (settings.checkpoint_file == NULL
          || check_writable (
              settings.checkpoint_file, "checkpoint-file", &error))) {
    activity = GST_AE_READING;
    worker = make_worker (self, &settings, &error);
  }
  clear_settings (&settings);
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

/* Remembers the frame's times for messages. Whether it follows the one before
 * in time. */
static gboolean
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
  if (GST_CLOCK_TIME_IS_VALID (pts) && GST_CLOCK_TIME_IS_VALID (last))
    follows = follows && pts >= last && pts - last <= TIME_JUMP;
  return follows;
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
take_frame (GstAeTrain *self, GstBuffer *buffer, gboolean follows)
{
  AeError error = { 0 };
  GstVideoFrame frame;
  AeImage image;

  if (!gst_ae_frame_map (&frame, &self->info, buffer, GST_MAP_READ)) {
    complain (self, "the buffer does not hold a picture as the caps say");
    return;
  }
  gst_ae_image_from_frame (&image, &frame);
  if (gst_ae_train_worker_add (self->worker, &image, follows, &error)
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
  gboolean follows = note_times (self, buffer);

  if (!self->have_info)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!gst_ae_train_worker_ended (self->worker)) {
    if (self->num_frames == 0 || self->n_frames < self->num_frames)
      take_frame (self, buffer, follows);
    return GST_FLOW_OK;
  }
  GST_OBJECT_LOCK (self);
  gboolean eos = self->settings.eos_at_done;
  GST_OBJECT_UNLOCK (self);
  return eos ? GST_FLOW_EOS : GST_FLOW_OK;
}
