/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_DISCRIMINATE_SETTINGS_H
#define GST_AE_DISCRIMINATE_SETTINGS_H

/* What the user of `gandiscriminate` asks for: the element's properties as a
 * plain struct. */

#include <ae/detector.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
  GST_AE_POST_NONE,
  GST_AE_POST_EVENTS,
  GST_AE_POST_ALL
} GstAePostMessages;

typedef enum {
  GST_AE_OVERLAY_NONE,
  GST_AE_OVERLAY_SCORE,
  GST_AE_OVERLAY_HEATMAP
} GstAeOverlay;

/* Each member is the property of that name. */
typedef struct {
  gchar *model_file;
  gint score; /* an AeChannel */
  gdouble threshold;
  gdouble false_alarms_per_hour;
  guint inference_interval;
  GstClockTime min_duration, hold_time;
  gchar *zones, *mask_file;
  gboolean light_change_guard;
  gint post_messages;
  gchar *json_location;
  gint overlay;
  gint n_threads;
  gint precision;
} GstAeDiscriminateSettings;

/* Installs the properties, ids 1 to the returned number. */
guint gst_ae_discriminate_settings_install (GObjectClass *object_class);

/* The value of a property that was installed above. Not locked. */
void gst_ae_discriminate_settings_set (
    GstAeDiscriminateSettings *settings, guint id, const GValue *value);
void gst_ae_discriminate_settings_get (
    const GstAeDiscriminateSettings *settings, guint id, GValue *value);

/* Whether the property decides what is loaded: model, threads, zones, mask. */
gboolean gst_ae_discriminate_settings_is_setup (guint id);

void gst_ae_discriminate_settings_init (GstAeDiscriminateSettings *settings);
void gst_ae_discriminate_settings_clear (GstAeDiscriminateSettings *settings);

G_END_DECLS

#endif
