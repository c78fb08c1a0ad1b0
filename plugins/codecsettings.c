/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "codecsettings.h"

#include "aeprecision.h"

void
gst_ae_codec_settings_init (GstAeCodecSettings *settings)
{
  *settings = (GstAeCodecSettings) { .precision = AE_PRECISION_AUTO,
    .bundled = GST_AE_CODEC_MODEL };
}

void
gst_ae_codec_settings_clear (GstAeCodecSettings *settings)
{
  g_clear_pointer (&settings->model_file, g_free);
}

void
gst_ae_codec_settings_install (GObjectClass *object)
{
  const GParamFlags ready
      = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (object, GST_AE_CODEC_PROP_MODEL_FILE,
      g_param_spec_string ("model-file", "Model file",
          "ONNX file of a codec, the same for coding and decoding; none: one "
          "that comes along, in the folders of AE_MODEL_PATH",
          NULL, ready));
  g_object_class_install_property (object, GST_AE_CODEC_PROP_N_THREADS,
      g_param_spec_uint ("n-threads", "Threads",
          "Threads to compute with (0 = all cores)", 0, 64, 0, ready));
  g_object_class_install_property (object, GST_AE_CODEC_PROP_PRECISION,
      gst_ae_precision_spec (ready));
}

gboolean
gst_ae_codec_settings_set (
    GstAeCodecSettings *settings, guint id, const GValue *value)
{
  switch (id) {
    case GST_AE_CODEC_PROP_MODEL_FILE:
      g_free (settings->model_file);
      settings->model_file = g_value_dup_string (value);
      return TRUE;
    case GST_AE_CODEC_PROP_N_THREADS:
      settings->n_threads = g_value_get_uint (value);
      return TRUE;
    case GST_AE_CODEC_PROP_PRECISION:
      settings->precision = (AePrecision) g_value_get_enum (value);
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
gst_ae_codec_settings_get (
    const GstAeCodecSettings *settings, guint id, GValue *value)
{
  switch (id) {
    case GST_AE_CODEC_PROP_MODEL_FILE:
      g_value_set_string (value, settings->model_file);
      return TRUE;
    case GST_AE_CODEC_PROP_N_THREADS:
      g_value_set_uint (value, settings->n_threads);
      return TRUE;
    case GST_AE_CODEC_PROP_PRECISION:
      g_value_set_enum (value, settings->precision);
      return TRUE;
    default:
      return FALSE;
  }
}

void
gst_ae_codec_settings_options (
    const GstAeCodecSettings *settings, AeCodecOptions *options)
{
  *options = (AeCodecOptions) { .n_threads = (int) settings->n_threads,
    .precision = settings->precision };
}

gboolean
gst_ae_codec_settings_load (GstElement *element,
    const GstAeCodecSettings *settings, GstAeCodec *codec,
    AeCodecOptions *options, AeError *error)
{
  GST_OBJECT_LOCK (element);
  gchar *file = g_strdup (settings->model_file);
  const gchar *bundled = settings->bundled;
  gst_ae_codec_settings_options (settings, options);
  GST_OBJECT_UNLOCK (element);
  gboolean ok = gst_ae_codec_load (codec, file, bundled, error);
  g_free (file);
  return ok;
}
