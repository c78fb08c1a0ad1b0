/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_CODEC_SETTINGS_H
#define GST_AE_CODEC_SETTINGS_H

/* The properties that aeencode and aedecode have in common. */

#include "aecodecs.h"

G_BEGIN_DECLS

enum {
  GST_AE_CODEC_PROP_MODEL_FILE = 1,
  GST_AE_CODEC_PROP_N_THREADS,
  GST_AE_CODEC_PROP_PRECISION,
  GST_AE_CODEC_N_PROPS /* the first number for others */
};

/* Guarded by the element's object lock. */
typedef struct {
  gchar *model_file;
  const gchar *bundled; /* name of the model when there is no file: static */
  guint n_threads;
  AePrecision precision;
} GstAeCodecSettings;

void gst_ae_codec_settings_init (GstAeCodecSettings *settings);
void gst_ae_codec_settings_clear (GstAeCodecSettings *settings);

void gst_ae_codec_settings_install (GObjectClass *object);

/* FALSE: the number is none of these. */
gboolean gst_ae_codec_settings_set (
    GstAeCodecSettings *settings, guint id, const GValue *value);
gboolean gst_ae_codec_settings_get (
    const GstAeCodecSettings *settings, guint id, GValue *value);

/* What they tell of options; what they do not tell is the default. With the
 * lock. */
void gst_ae_codec_settings_options (
    const GstAeCodecSettings *settings, AeCodecOptions *options);

/* Loads the codec that the element's settings name; *options are the rest of
 * them. */
gboolean gst_ae_codec_settings_load (GstElement *element,
    const GstAeCodecSettings *settings, GstAeCodec *codec,
    AeCodecOptions *options, AeError *error);

G_END_DECLS

#endif
