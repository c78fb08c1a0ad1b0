/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "trainsettings.h"

/* Every property: its specification and its place in the struct. */
typedef struct {
  GParamSpec *(*make) (void);
  gsize offset;
} Property;

#define RW (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)
#define RW_READY (RW | GST_PARAM_MUTABLE_READY)
#define RW_PLAYING (RW | GST_PARAM_MUTABLE_PLAYING)

#define MAKE(member, spec) \
  static GParamSpec *make_##member (void) \
  { \
    return spec; \
  }

MAKE (recipe,
    g_param_spec_string ("recipe", "Recipe",
        "Training recipe: a file, or the name of a bundled one "
        "(denoise-fast, denoise-balanced, denoise-quality, codec, "
        "codec-ms-ssim)",
        "denoise-balanced", RW_READY))
MAKE (model_file,
    g_param_spec_string ("model-file", "Model file",
        "ONNX file to write the model to; must be set. An existing file is "
        "replaced whole, or kept when writing fails",
        NULL, RW_READY))
MAKE (base_model,
    g_param_spec_string ("base-model", "Base model",
        "ONNX file with weights to start from: a file, or the name of a "
        "bundled one (denoise-fast, codec); its structure must fit the recipe. "
        "NULL or empty = start from random weights",
        NULL, RW_READY))
MAKE (checkpoint_file,
    g_param_spec_string ("checkpoint-file", "Checkpoint file",
        "File to resume from when it exists, written every checkpoint_every "
        "steps of the recipe and at the end; NULL or empty = none",
        NULL, RW_READY))
MAKE (steps,
    g_param_spec_int64 ("steps", "Steps",
        "Length of the training in steps; 0 = as the recipe says", 0,
        1000000000, 0, RW_READY))
MAKE (epochs,
    g_param_spec_double ("epochs", "Epochs",
        "End when each frame in memory was drawn so often on average; "
        "0 = no such limit",
        0, 1e9, 0, RW_READY))
MAKE (duration,
    g_param_spec_uint64 ("duration", "Duration",
        "End after so much time of training, in ns; 0 = no such limit", 0,
        G_MAXUINT64, 0, RW_READY))
MAKE (num_frames,
    g_param_spec_uint64 ("num-frames", "Number of frames",
        "Take so many frames from the stream and let the others pass by; "
        "0 = take all",
        0, G_MAXUINT64, 0, RW_READY))
MAKE (report_interval,
    g_param_spec_uint ("report-interval", "Report interval",
        "Time between two progress messages in ms; 0 = one per step", 0,
        G_MAXUINT, 1000, RW_READY))
MAKE (early_stop,
    g_param_spec_int ("early-stop", "Early stop",
        "End after so many validations without a gain and write the best "
        "model; 0 = never, -1 = as the recipe says",
        -1, 1000000, -1, RW_READY))
MAKE (max_memory,
    g_param_spec_uint ("max-memory", "Maximum memory",
        "Frames to keep at most, in MiB; 0 = as the recipe says", 0, 1 << 20,
        0, RW_READY))
MAKE (validation_split,
    g_param_spec_double ("validation-split", "Validation split",
        "Share of the frames, 0 to 0.5, held out to validate on (64 frames "
        "at most); -1 = as the recipe says",
        -1, 0.5, -1, RW_READY))
MAKE (n_threads,
    g_param_spec_int ("n-threads", "Number of threads",
        "Threads to train with; 0 = as the recipe says, which is one per "
        "core unless it names a number",
        0, 256, 0, RW_READY))
MAKE (drain_at_eos,
    g_param_spec_boolean ("drain-at-eos", "Drain at EOS",
        "At the end of the stream, hold it back until the training has "
        "reached its own end; off = end the training with the stream",
        TRUE, RW_PLAYING))
MAKE (eos_at_done,
    g_param_spec_boolean ("eos-at-done", "EOS at done",
        "End the stream when the training has ended", FALSE, RW_PLAYING))

MAKE (sheet_file,
    g_param_spec_string ("sheet-file", "Sheet file",
        "PNG file with a contact sheet of what the model makes, replaced with "
        "each progress message, of recipes of the tasks autoencoder, gan and "
        "rbm. NULL or empty = none",
        NULL, RW_READY))
MAKE (post_sheets,
    g_param_spec_boolean ("post-sheets", "Post sheets",
        "Let progress messages carry the contact sheet as `sheet`, a sample",
        FALSE, RW_READY))

#define PROPERTY(member) \
  { make_##member, G_STRUCT_OFFSET (GstAeTrainSettings, member) }

static const Property table[] = {
  PROPERTY (recipe),
  PROPERTY (model_file),
  PROPERTY (base_model),
  PROPERTY (checkpoint_file),
  PROPERTY (steps),
  PROPERTY (epochs),
  PROPERTY (duration),
  PROPERTY (num_frames),
  PROPERTY (report_interval),
  PROPERTY (early_stop),
  PROPERTY (max_memory),
  PROPERTY (validation_split),
  PROPERTY (n_threads),
  PROPERTY (drain_at_eos),
  PROPERTY (eos_at_done),
  PROPERTY (sheet_file),
  PROPERTY (post_sheets),
};

guint
gst_ae_train_settings_install (GObjectClass *object_class)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    g_object_class_install_property (object_class, i + 1, table[i].make ());
  return G_N_ELEMENTS (table);
}

void
gst_ae_train_settings_set (
    GstAeTrainSettings *settings, guint id, const GValue *value)
{
  gpointer place = G_STRUCT_MEMBER_P (settings, table[id - 1].offset);

  switch (G_VALUE_TYPE (value)) {
    case G_TYPE_STRING:
      g_free (*(gchar **) place);
      *(gchar **) place = g_value_dup_string (value);
      break;
    case G_TYPE_INT64:
      *(gint64 *) place = g_value_get_int64 (value);
      break;
    case G_TYPE_UINT64:
      *(guint64 *) place = g_value_get_uint64 (value);
      break;
    case G_TYPE_DOUBLE:
      *(gdouble *) place = g_value_get_double (value);
      break;
    case G_TYPE_INT:
      *(gint *) place = g_value_get_int (value);
      break;
    case G_TYPE_UINT:
      *(guint *) place = g_value_get_uint (value);
      break;
    case G_TYPE_BOOLEAN:
      *(gboolean *) place = g_value_get_boolean (value);
      break;
    default:
      g_assert_not_reached ();
  }
}

void
gst_ae_train_settings_get (
    const GstAeTrainSettings *settings, guint id, GValue *value)
{
  gconstpointer place = G_STRUCT_MEMBER_P (settings, table[id - 1].offset);

  switch (G_VALUE_TYPE (value)) {
    case G_TYPE_STRING:
      g_value_set_string (value, *(gchar *const *) place);
      break;
    case G_TYPE_INT64:
      g_value_set_int64 (value, *(const gint64 *) place);
      break;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, *(const guint64 *) place);
      break;
    case G_TYPE_DOUBLE:
      g_value_set_double (value, *(const gdouble *) place);
      break;
    case G_TYPE_INT:
      g_value_set_int (value, *(const gint *) place);
      break;
    case G_TYPE_UINT:
      g_value_set_uint (value, *(const guint *) place);
      break;
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, *(const gboolean *) place);
      break;
    default:
      g_assert_not_reached ();
  }
}

void
gst_ae_train_settings_init (GstAeTrainSettings *settings)
{
  *settings = (GstAeTrainSettings){ 0 };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    GParamSpec *spec = g_param_spec_ref_sink (table[i].make ());
    gst_ae_train_settings_set (
        settings, i + 1, g_param_spec_get_default_value (spec));
    g_param_spec_unref (spec);
  }
}

void
gst_ae_train_settings_copy (
    GstAeTrainSettings *copy, const GstAeTrainSettings *settings)
{
  *copy = *settings;
  copy->recipe = g_strdup (settings->recipe);
  copy->model_file = g_strdup (settings->model_file);
  copy->base_model = g_strdup (settings->base_model);
  copy->checkpoint_file = g_strdup (settings->checkpoint_file);
  copy->sheet_file = g_strdup (settings->sheet_file);
}

void
gst_ae_train_settings_clear (GstAeTrainSettings *settings)
{
  g_free (settings->recipe);
  g_free (settings->model_file);
  g_free (settings->base_model);
  g_free (settings->checkpoint_file);
  g_free (settings->sheet_file);
}
