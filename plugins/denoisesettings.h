/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_DENOISE_SETTINGS_H
#define GST_DENOISE_SETTINGS_H

/* What the user of `denoise` asks for: the element's properties as a plain
 * struct. */

#include "denoisesetup.h"

G_BEGIN_DECLS

typedef enum {
  GST_DENOISE_FAST,
  GST_DENOISE_BALANCED,
  GST_DENOISE_QUALITY
} GstDenoiseSpeedPreset;

#define GST_TYPE_DENOISE_SPEED_PRESET (gst_denoise_speed_preset_get_type ())
GType gst_denoise_speed_preset_get_type (void);

typedef struct {
  gchar *model_file;
  GstDenoiseSpeedPreset speed_preset;
  AeDenoiserOptions options;
  AeDenoiseParams params;
} GstDenoiseSettings;

/* Installs the properties, ids 1 to the returned number. */
guint gst_denoise_settings_install (GObjectClass *object_class);

/* Whether the property decides what is loaded. */
gboolean gst_denoise_settings_is_setup (guint id);

/* The value of a property that was installed above. Not locked. */
void gst_denoise_settings_set (
    GstDenoiseSettings *settings, guint id, const GValue *value);
void gst_denoise_settings_get (
    const GstDenoiseSettings *settings, guint id, GValue *value);

void gst_denoise_settings_init (GstDenoiseSettings *settings);
void gst_denoise_settings_clear (GstDenoiseSettings *settings);

/* What is to be loaded; model_file stays the settings'. */
GstAeDenoiseRequest gst_denoise_settings_request (
    const GstDenoiseSettings *settings);

G_END_DECLS

#endif
