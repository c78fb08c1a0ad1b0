/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "aecodecs.h"

#include "aeerror.h"

gboolean
gst_ae_codec_load (GstAeCodec *codec, const gchar *file,
    const gchar *bundled, AeError *error)
{
  gchar *path = file != NULL && file[0] != '\0'
      ? g_strdup (file)
      : gst_ae_models_find (bundled, error);

  gst_ae_codec_clear (codec);
  if (path == NULL)
    return FALSE;
  codec->model = gst_ae_model_acquire (path, error);
  if (codec->model != NULL
      && ae_codec_new (
             &codec->codec, gst_ae_model_get (codec->model), error)
          != AE_OK) {
    gst_ae_error_prefix (error, path);
    gst_ae_codec_clear (codec);
  }
  g_free (path);
  return codec->codec != NULL;
}

gboolean
gst_ae_codec_find (GstAeCodec *codec, const gchar *id)
{
  static const gchar *const names[]
      = { GST_AE_CODEC_MODEL, GST_AE_CODEC_MS_SSIM_MODEL };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    GstAeCodec found = { NULL, NULL };
    AeError error;
    if (gst_ae_codec_load (&found, NULL, names[i], &error)
        && gst_ae_codec_has_id (&found, id)) {
      gst_ae_codec_clear (codec);
      *codec = found;
      return TRUE;
    }
    gst_ae_codec_clear (&found);
  }
  return FALSE;
}

void
gst_ae_codec_clear (GstAeCodec *codec)
{
  ae_codec_unref (&codec->codec);
  gst_ae_model_release (&codec->model);
}

gchar *
gst_ae_codec_id_text (const guint8 id[8])
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < 8; i++)
    g_string_append_printf (text, "%02x", id[i]);
  return g_string_free (text, FALSE);
}

gboolean
gst_ae_codec_has_id (const GstAeCodec *codec, const gchar *id)
{
  guint8 bytes[8];

  ae_codec_id (codec->codec, bytes);
  gchar *own = gst_ae_codec_id_text (bytes);
  gboolean has = g_str_equal (id, own);
  g_free (own);
  return has;
}

GstCaps *
gst_ae_codec_caps (const AePacketInfo *info)
{
  gchar *id = gst_ae_codec_id_text (info->model_id);
  GstVideoColorimetry colorimetry;
  GstCaps *caps = gst_caps_new_simple ("video/x-ae",
      "version", G_TYPE_INT, 1,
      "model-id", G_TYPE_STRING, id,
      "format", G_TYPE_STRING,
      info->pixels == AE_PIXELS_GRAY8 ? "GRAY8" : "I420",
      "width", G_TYPE_INT, info->width,
      "height", G_TYPE_INT, info->height, NULL);

  gst_ae_codec_colorimetry (&colorimetry, info->colour);
  gchar *text = gst_video_colorimetry_to_string (&colorimetry);
  if (text != NULL)
    gst_caps_set_simple (caps, "colorimetry", G_TYPE_STRING, text, NULL);
  g_free (text);
  g_free (id);
  return caps;
}

void
gst_ae_codec_add_header (GstCaps *caps, GstBuffer *header)
{
  GValue array = G_VALUE_INIT, value = G_VALUE_INIT;

  g_value_init (&array, GST_TYPE_ARRAY);
  g_value_init (&value, GST_TYPE_BUFFER);
  gst_value_set_buffer (&value, header);
  gst_value_array_append_and_take_value (&array, &value);
  gst_caps_set_value (caps, "streamheader", &array);
  g_value_unset (&array);
}

GstBuffer *
gst_ae_codec_find_header (const GstCaps *caps, AePacketInfo *info)
{
  const GValue *all = gst_structure_get_value (
      gst_caps_get_structure (caps, 0), "streamheader");
  GstMapInfo map;

  if (all == NULL || !GST_VALUE_HOLDS_ARRAY (all)
      || gst_value_array_get_size (all) == 0)
    return NULL;
  const GValue *value = gst_value_array_get_value (all, 0);
  GstBuffer *buffer
      = GST_VALUE_HOLDS_BUFFER (value) ? gst_value_get_buffer (value) : NULL;
  if (buffer == NULL || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return NULL;
  AeStatus status = ae_packet_info (info, NULL, map.data, map.size, NULL);
  gst_buffer_unmap (buffer, &map);
  return status == AE_OK && info->header ? buffer : NULL;
}

/* 2 stands for "unspecified" in ISO/IEC 23091-2. */
void
gst_ae_codec_colour (guint8 to[4], const GstVideoColorimetry *from)
{
  to[0] = from->range == GST_VIDEO_COLOR_RANGE_0_255;
  to[1] = (guint8) gst_video_color_matrix_to_iso (from->matrix);
  to[2] = (guint8) gst_video_transfer_function_to_iso (from->transfer);
  to[3] = (guint8) gst_video_color_primaries_to_iso (from->primaries);
}

void
gst_ae_codec_colorimetry (GstVideoColorimetry *to, const guint8 from[4])
{
  to->range = from[0] ? GST_VIDEO_COLOR_RANGE_0_255
                      : GST_VIDEO_COLOR_RANGE_16_235;
  to->matrix = gst_video_color_matrix_from_iso (from[1]);
  to->transfer = gst_video_transfer_function_from_iso (from[2]);
  to->primaries = gst_video_color_primaries_from_iso (from[3]);
}

static void
find_type (GstTypeFind *find, gpointer user)
{
  const guint8 *data = gst_type_find_peek (find, 0, AE_PACKET_INFO_SIZE);
  AePacketInfo info;

  (void) user;
  if (data == NULL
      || ae_packet_info (&info, NULL, data, AE_PACKET_INFO_SIZE, NULL) != AE_OK)
    return;
  GstCaps *caps = info.width > 0 ? gst_ae_codec_caps (&info)
                                 : gst_caps_from_string (GST_AE_CODED_CAPS);
  gst_type_find_suggest (find, GST_TYPE_FIND_MAXIMUM, caps);
  gst_caps_unref (caps);
}

gboolean
gst_ae_codec_register_typefind (GstPlugin *plugin)
{
  GstCaps *caps = gst_caps_from_string ("video/x-ae");
  gboolean done = gst_type_find_register (plugin, "video/x-ae",
      GST_RANK_PRIMARY, find_type, "aev", caps, NULL, NULL);

  gst_caps_unref (caps);
  return done;
}
