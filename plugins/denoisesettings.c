/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "denoisesettings.h"

#include "aeprecision.h"
#include "properties.h"

#define MAX_THREADS 256

#define RW \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define RW_CONTROLLED (RW | GST_PARAM_CONTROLLABLE)

GType
gst_denoise_speed_preset_get_type (void)
{
  static const GEnumValue values[] = {
    { GST_DENOISE_FAST, "Fewest operations per pixel", "fast" },
    { GST_DENOISE_BALANCED, "Real time on two cores", "balanced" },
    { GST_DENOISE_QUALITY, "Best picture", "quality" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstDenoiseSpeedPreset", values));
  return type;
}

#define MAKE GST_AE_MAKE_PROPERTY

MAKE (model_file,
    g_param_spec_string ("model-file", "Model file",
        "ONNX file of a denoising model; NULL or empty = the bundled model "
        "that speed-preset names. Setting it while the stream runs loads the "
        "file and exchanges the model between two frames",
        NULL, RW))
MAKE (speed_preset,
    g_param_spec_enum ("speed-preset", "Speed preset",
        "Bundled model to use when model-file is not set",
        GST_TYPE_DENOISE_SPEED_PRESET, GST_DENOISE_BALANCED, RW))
MAKE (strength,
    g_param_spec_float ("strength", "Strength",
        "Share of the found noise to remove, 0 to 1; 0 = pass frames through "
        "untouched",
        0.0f, 1.0f, 1.0f, RW_CONTROLLED))
MAKE (noise_level,
    g_param_spec_float ("noise-level", "Noise level",
        "Standard deviation of the noise in 8-bit grey levels, 0 to 100; "
        "-1 = estimate it from the stream",
        -1.0f, 100.0f, -1.0f, RW_CONTROLLED))
MAKE (temporal,
    g_param_spec_boolean ("temporal", "Temporal",
        "Use earlier frames too; off = every frame by itself", TRUE, RW))
MAKE (n_threads,
    g_param_spec_int ("n-threads", "Number of threads",
        "Threads that share the work on a frame; 0 = one per core", 0,
        MAX_THREADS, 0, RW))
MAKE (precision, gst_ae_precision_spec (RW))

#define PROPERTY(member, name, role) \
  GST_AE_PROPERTY (GstDenoiseSettings, member, make_##name, role)

static const GstAeProperty properties[] = {
  PROPERTY (model_file, model_file, TRUE),
  PROPERTY (speed_preset, speed_preset, TRUE),
  PROPERTY (params.strength, strength, FALSE),
  PROPERTY (params.noise_level, noise_level, FALSE),
  PROPERTY (params.temporal, temporal, FALSE),
  PROPERTY (options.n_threads, n_threads, TRUE),
  PROPERTY (options.precision, precision, TRUE),
};

static const GstAePropertyTable table
    = { properties, G_N_ELEMENTS (properties) };

guint
gst_denoise_settings_install (GObjectClass *object_class)
{
  gst_ae_properties_install (&table, object_class);
  return table.n;
}

gboolean
gst_denoise_settings_is_setup (guint id)
{
  return properties[id - 1].role;
}

void
gst_denoise_settings_set (
    GstDenoiseSettings *settings, guint id, const GValue *value)
{
  gst_ae_properties_set (&table, settings, id, value);
}

void
gst_denoise_settings_get (
    const GstDenoiseSettings *settings, guint id, GValue *value)
{
  gst_ae_properties_get (&table, settings, id, value);
}

void
gst_denoise_settings_init (GstDenoiseSettings *settings)
{
  *settings = (GstDenoiseSettings){ 0 };
  gst_ae_properties_init (&table, settings);
}

void
gst_denoise_settings_clear (GstDenoiseSettings *settings)
{
  gst_ae_properties_clear (&table, settings);
}

GstAeDenoiseRequest
gst_denoise_settings_request (const GstDenoiseSettings *settings)
{
  static const gchar *const bundled[] = {
    [GST_DENOISE_FAST] = "denoise-fast.onnx",
    [GST_DENOISE_BALANCED] = "denoise-balanced.onnx",
    [GST_DENOISE_QUALITY] = "denoise-quality.onnx",
  };

  return (GstAeDenoiseRequest){
    .model_file = settings->model_file,
    .bundled = bundled[settings->speed_preset],
    .options = settings->options,
  };
}
