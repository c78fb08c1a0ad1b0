/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_FILTER_SETTINGS_H
#define GST_AE_FILTER_SETTINGS_H

/* What the user of `aefilter` asks for: the element's properties as a plain
 * struct. */

#include "filtersetup.h"

G_BEGIN_DECLS

typedef struct {
  GstAeFilterRequest request;
  gboolean scale_output;
} GstAeFilterSettings;

/* Installs the properties, ids 1 to the returned number. */
guint gst_ae_filter_settings_install (GObjectClass *object_class);

/* The value of a property that was installed above. Not locked. */
void gst_ae_filter_settings_set (
    GstAeFilterSettings *settings, guint id, const GValue *value);
void gst_ae_filter_settings_get (
    const GstAeFilterSettings *settings, guint id, GValue *value);

void gst_ae_filter_settings_init (GstAeFilterSettings *settings);
void gst_ae_filter_settings_clear (GstAeFilterSettings *settings);

/* What is to be loaded, to be freed with gst_ae_filter_request_free(). */
GstAeFilterRequest *gst_ae_filter_settings_request (
    const GstAeFilterSettings *settings);

#define GST_TYPE_AE_VALUES (gst_ae_values_get_type ())
GType gst_ae_values_get_type (void); /* an enum of AeValues */

G_END_DECLS

#endif
