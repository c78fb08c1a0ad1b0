/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_VAE_AUGMENT_SETTINGS_H
#define GST_VAE_AUGMENT_SETTINGS_H

/* What the user of `vaeaugment` asks for: the element's properties as a plain
 * struct. */

#include "samplersetup.h"

G_BEGIN_DECLS

#define GST_VAE_AUGMENT_MOST_COPIES 1000

typedef struct {
  GstAeSamplerRequest request;
  gfloat temperature;
  guint64 seed;
  gint label; /* of frames that have none; -1: not known */
  guint copies;
  gboolean pass_original;
} GstVaeAugmentSettings;

/* Installs the properties, ids 1 to the returned number. */
guint gst_vae_augment_settings_install (GObjectClass *object_class);

/* Whether the property decides what is loaded. */
gboolean gst_vae_augment_settings_is_setup (guint id);

/* The value of a property that was installed above. Not locked. */
void gst_vae_augment_settings_set (
    GstVaeAugmentSettings *settings, guint id, const GValue *value);
void gst_vae_augment_settings_get (
    const GstVaeAugmentSettings *settings, guint id, GValue *value);

void gst_vae_augment_settings_init (GstVaeAugmentSettings *settings);
void gst_vae_augment_settings_clear (GstVaeAugmentSettings *settings);

G_END_DECLS

#endif
