/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "encodesettings.h"

#include <gst/gst.h>

#define DEFAULT_QUALITY 50
#define DEFAULT_BITRATE 0
#define DEFAULT_KEY_INT_MAX GST_AE_ENCODE_REFRESH
#define DEFAULT_INTRA_REFRESH FALSE
#define DEFAULT_PSNR 0
#define DEFAULT_VBV_BUF_CAPACITY 1000

enum {
  PROP_QUALITY = GST_AE_CODEC_N_PROPS,
  PROP_BITRATE,
  PROP_KEY_INT_MAX,
  PROP_INTRA_REFRESH,
  PROP_PSNR,
  PROP_VBV_BUF_CAPACITY,
  PROP_SPEED_PRESET,
  PROP_TUNE
};

enum { TUNE_PSNR, TUNE_MS_SSIM };

/* The bundled one of each. */
static const gchar *const models[]
    = { GST_AE_CODEC_MODEL, GST_AE_CODEC_MS_SSIM_MODEL };

void
gst_ae_encode_settings_init (GstAeEncodeSettings *settings)
{
  *settings = (GstAeEncodeSettings) { .quality = DEFAULT_QUALITY,
    .psnr = DEFAULT_PSNR,
    .bitrate = DEFAULT_BITRATE,
    .key_int_max = DEFAULT_KEY_INT_MAX,
    .vbv_buf_capacity = DEFAULT_VBV_BUF_CAPACITY,
    .intra_refresh = DEFAULT_INTRA_REFRESH,
    .speed_preset = AE_SPEED_MEDIUM };
  gst_ae_codec_settings_init (&settings->codec);
}

void
gst_ae_encode_settings_clear (GstAeEncodeSettings *settings)
{
  gst_ae_codec_settings_clear (&settings->codec);
}

static GType
speed_type (void)
{
  static const GEnumValue values[] = {
    { AE_SPEED_FAST, "To halves of a pixel", "fast" },
    { AE_SPEED_MEDIUM, "To quarters of a pixel", "medium" },
    { AE_SPEED_SLOW, "Further away, and longer", "slow" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstAeEncodeSpeed", values));
  return type;
}

static GType
tune_type (void)
{
  static const GEnumValue values[] = {
    { TUNE_PSNR, "The squared error of samples", "psnr" },
    { TUNE_MS_SSIM, "Structure as it is seen: busy places take fewer bits",
        "ms-ssim" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstAeEncodeTune", values));
  return type;
}

void
gst_ae_encode_settings_install (GObjectClass *object)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags live = flags | GST_PARAM_MUTABLE_PLAYING;

  gst_type_mark_as_plugin_api (speed_type (), 0);
  gst_type_mark_as_plugin_api (tune_type (), 0);
  gst_ae_codec_settings_install (object);
  g_object_class_install_property (object, PROP_QUALITY,
      g_param_spec_double ("quality", "Quality",
          "Constant quality, from few bits to good pictures; not used with a "
          "bitrate or psnr",
          0, 100, DEFAULT_QUALITY, live));
  g_object_class_install_property (object, PROP_BITRATE,
      g_param_spec_uint ("bitrate", "Bitrate",
          "kbit/s to keep to by changing the quality (0 = constant quality)",
          0, 2000000, DEFAULT_BITRATE, live));
  g_object_class_install_property (object, PROP_KEY_INT_MAX,
      g_param_spec_uint ("key-int-max", "Key frame interval",
          "Frames from a key frame to the next at most (0 = no limit); with "
          "intra-refresh, frames in which the picture is refreshed (0 = 60)",
          0, G_MAXINT, DEFAULT_KEY_INT_MAX, live));
  g_object_class_install_property (object, PROP_INTRA_REFRESH,
      g_param_spec_boolean ("intra-refresh", "Intra refresh",
          "Refresh the picture by a band that moves across it instead of by "
          "key frames; there is one at first and at new scenes",
          DEFAULT_INTRA_REFRESH, live));
  g_object_class_install_property (object, PROP_PSNR,
      g_param_spec_double ("psnr", "PSNR",
          "Constant PSNR of luma in dB, by changing the quality (0 = constant "
          "quality); not used with a bitrate",
          0, 60, DEFAULT_PSNR, live));
  g_object_class_install_property (object, PROP_VBV_BUF_CAPACITY,
      g_param_spec_uint ("vbv-buf-capacity", "VBV buffer capacity",
          "What receivers buffer, in milliseconds of the bitrate: frames that "
          "would not fit are coded with less quality",
          50, 10000, DEFAULT_VBV_BUF_CAPACITY, live));
  g_object_class_install_property (object, PROP_SPEED_PRESET,
      g_param_spec_enum ("speed-preset", "Speed preset",
          "How long movement is looked for", speed_type (), AE_SPEED_MEDIUM,
          flags | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (object, PROP_TUNE,
      g_param_spec_enum ("tune", "Tune",
          "What the bundled model keeps most; not used with a model-file",
          tune_type (), TUNE_PSNR, flags | GST_PARAM_MUTABLE_READY));
}

gboolean
gst_ae_encode_settings_set (
    GstAeEncodeSettings *settings, guint id, const GValue *value)
{
  switch (id) {
    case PROP_QUALITY:
      settings->quality = g_value_get_double (value);
      break;
    case PROP_BITRATE:
      settings->bitrate = g_value_get_uint (value);
      break;
    case PROP_KEY_INT_MAX:
      settings->key_int_max = g_value_get_uint (value);
      break;
    case PROP_INTRA_REFRESH:
      settings->intra_refresh = g_value_get_boolean (value);
      break;
    case PROP_PSNR:
      settings->psnr = g_value_get_double (value);
      break;
    case PROP_VBV_BUF_CAPACITY:
      settings->vbv_buf_capacity = g_value_get_uint (value);
      break;
    case PROP_SPEED_PRESET:
      settings->speed_preset = (AeCodecSpeed) g_value_get_enum (value);
      break;
    case PROP_TUNE:
      settings->codec.bundled = models[g_value_get_enum (value)];
      break;
    default:
      return gst_ae_codec_settings_set (&settings->codec, id, value);
  }
  return TRUE;
}

gboolean
gst_ae_encode_settings_get (
    const GstAeEncodeSettings *settings, guint id, GValue *value)
{
  switch (id) {
    case PROP_QUALITY:
      g_value_set_double (value, settings->quality);
      break;
    case PROP_BITRATE:
      g_value_set_uint (value, settings->bitrate);
      break;
    case PROP_KEY_INT_MAX:
      g_value_set_uint (value, settings->key_int_max);
      break;
    case PROP_INTRA_REFRESH:
      g_value_set_boolean (value, settings->intra_refresh);
      break;
    case PROP_PSNR:
      g_value_set_double (value, settings->psnr);
      break;
    case PROP_VBV_BUF_CAPACITY:
      g_value_set_uint (value, settings->vbv_buf_capacity);
      break;
    case PROP_SPEED_PRESET:
      g_value_set_enum (value, settings->speed_preset);
      break;
    case PROP_TUNE:
      g_value_set_enum (value, settings->codec.bundled == models[TUNE_MS_SSIM]
              ? TUNE_MS_SSIM : TUNE_PSNR);
      break;
    default:
      return gst_ae_codec_settings_get (&settings->codec, id, value);
  }
  return TRUE;
}
