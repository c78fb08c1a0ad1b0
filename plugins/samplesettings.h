/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_SAMPLE_SETTINGS_H
#define GST_AE_SAMPLE_SETTINGS_H

/* What the user of `vaesample` asks for: the element's properties as a plain
 * struct, but for `is-live`, which the base class has. */

#include "sampleplan.h"

G_BEGIN_DECLS

typedef struct {
  GstAeSamplerRequest request;
  GstAeSampleSettings codes;
  gchar *from, *to; /* paths of pictures; NULL: none */
  gint64 timestamp_offset;
} GstVaeSampleSettings;

/* What a change of a property means. */
typedef enum {
  GST_VAE_SAMPLE_READ,  /* it is looked at when it is needed */
  GST_VAE_SAMPLE_CODES, /* frames from now on have other codes */
  GST_VAE_SAMPLE_MODEL  /* another model is to be loaded */
} GstVaeSampleRole;

/* Installs the properties, ids 1 to the returned number. */
guint gst_vae_sample_settings_install (GObjectClass *object_class);

GstVaeSampleRole gst_vae_sample_settings_role (guint id);

/* The value of a property that was installed above. Not locked. */
void gst_vae_sample_settings_set (
    GstVaeSampleSettings *settings, guint id, const GValue *value);
void gst_vae_sample_settings_get (
    const GstVaeSampleSettings *settings, guint id, GValue *value);

void gst_vae_sample_settings_init (GstVaeSampleSettings *settings);
void gst_vae_sample_settings_clear (GstVaeSampleSettings *settings);

G_END_DECLS

#endif
