/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "augmentsettings.h"

#include "aeprecision.h"
#include "properties.h"

#define BUNDLED "vae-digits.onnx"
#define MAX_THREADS 256

#define RW_READY \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define RW_PLAYING \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

#define MAKE GST_AE_MAKE_PROPERTY

MAKE (model_file,
    g_param_spec_string ("model-file", "Model file",
        "ONNX file of an autoencoder; not set = the bundled one of "
        "handwritten digits. Setting it while the stream runs loads the file "
        "and exchanges the model between two frames",
        NULL, RW_PLAYING))
MAKE (copies,
    g_param_spec_uint ("copies", "Copies",
        "Variations that are made of each frame", 1,
        GST_VAE_AUGMENT_MOST_COPIES, 1, RW_READY))
MAKE (temperature,
    g_param_spec_float ("temperature", "Temperature",
        "How far variations lie from the frame, in deviations of its code; "
        "0 = the picture that its code gives",
        0, 10, 1, RW_PLAYING))
MAKE (pass_original,
    g_param_spec_boolean ("pass-original", "Pass original",
        "Frames come before their variations; off = variations alone", TRUE,
        RW_READY))
MAKE (label,
    g_param_spec_int ("class", "Class",
        "What frames without a label show, for a model with classes; -1 = "
        "not known",
        -1, G_MAXINT, -1, RW_PLAYING))
MAKE (seed,
    g_param_spec_uint64 ("seed", "Seed",
        "Of what is drawn: the same seed gives the same variations", 0,
        G_MAXUINT64, 1, RW_PLAYING))
MAKE (n_threads,
    g_param_spec_int ("n-threads", "Number of threads",
        "Threads that share the work on a frame; 0 = one per core", 0,
        MAX_THREADS, 0, RW_READY))
MAKE (precision, gst_ae_precision_spec (RW_READY))

#define PROPERTY(member, name, role) \
  GST_AE_PROPERTY (GstVaeAugmentSettings, member, make_##name, role)
#define PLAIN(name) PROPERTY (name, name, FALSE)

static const GstAeProperty properties[] = {
  PROPERTY (request.model_file, model_file, TRUE),
  PLAIN (copies),
  PLAIN (temperature),
  PLAIN (pass_original),
  PLAIN (label),
  PLAIN (seed),
  PROPERTY (request.options.n_threads, n_threads, FALSE),
  PROPERTY (request.options.precision, precision, FALSE),
};

static const GstAePropertyTable table
    = { properties, G_N_ELEMENTS (properties) };

guint
gst_vae_augment_settings_install (GObjectClass *object_class)
{
  gst_ae_properties_install (&table, object_class);
  return table.n;
}

gboolean
gst_vae_augment_settings_is_setup (guint id)
{
  return properties[id - 1].role;
}

void
gst_vae_augment_settings_set (
    GstVaeAugmentSettings *settings, guint id, const GValue *value)
{
  gst_ae_properties_set (&table, settings, id, value);
}

void
gst_vae_augment_settings_get (
    const GstVaeAugmentSettings *settings, guint id, GValue *value)
{
  gst_ae_properties_get (&table, settings, id, value);
}

void
gst_vae_augment_settings_init (GstVaeAugmentSettings *settings)
{
  *settings = (GstVaeAugmentSettings){ .request = { .bundled = BUNDLED, .encodes = TRUE } };
  gst_ae_properties_init (&table, settings);
}

void
gst_vae_augment_settings_clear (GstVaeAugmentSettings *settings)
{
  gst_ae_properties_clear (&table, settings);
}
