/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "trainsettings.h"

#include "properties.h"

#define RW (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)
#define RW_READY (RW | GST_PARAM_MUTABLE_READY)
#define RW_PLAYING (RW | GST_PARAM_MUTABLE_PLAYING)

#define MAKE GST_AE_MAKE_PROPERTY

MAKE (recipe,
    g_param_spec_string ("recipe", "Recipe",
        "Training recipe: a file, or the name of a bundled one "
        "(denoise-fast, denoise-balanced, denoise-quality, codec, "
        "codec-ms-ssim, anomaly, digits, vae-digits, ...: those of "
        "models/README.md)",
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
  GST_AE_PROPERTY (GstAeTrainSettings, member, make_##member, 0)

static const GstAeProperty properties[] = {
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

static const GstAePropertyTable table
    = { properties, G_N_ELEMENTS (properties) };

guint
gst_ae_train_settings_install (GObjectClass *object_class)
{
  gst_ae_properties_install (&table, object_class);
  return table.n;
}

void
gst_ae_train_settings_set (
    GstAeTrainSettings *settings, guint id, const GValue *value)
{
  gst_ae_properties_set (&table, settings, id, value);
}

void
gst_ae_train_settings_get (
    const GstAeTrainSettings *settings, guint id, GValue *value)
{
  gst_ae_properties_get (&table, settings, id, value);
}

void
gst_ae_train_settings_init (GstAeTrainSettings *settings)
{
  gst_ae_properties_init (&table, settings);
}

void
gst_ae_train_settings_copy (
    GstAeTrainSettings *copy, const GstAeTrainSettings *settings)
{
  *copy = *settings;
  gst_ae_properties_own_texts (&table, copy);
}

void
gst_ae_train_settings_clear (GstAeTrainSettings *settings)
{
  gst_ae_properties_clear (&table, settings);
}
