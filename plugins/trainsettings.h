/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_TRAIN_SETTINGS_H
#define GST_AE_TRAIN_SETTINGS_H

/* What the user of `aetrain` asks for: the element's properties as a plain
 * struct, and what they make. */

#include "trainworker.h"

#include <gst/gst.h>

G_BEGIN_DECLS

/* Each member is the property of that name; 0 and NULL mean what the
 * property's blurb says. */
typedef struct {
  gchar *recipe, *model_file, *base_model, *checkpoint_file, *sheet_file;
  gint64 steps;
  gdouble epochs;
  GstClockTime duration;
  guint64 num_frames;
  guint report_interval; /* ms */
  gint early_stop;
  guint max_memory; /* MiB */
  gdouble validation_split;
  gint n_threads;
  gboolean drain_at_eos, eos_at_done, post_sheets;
} GstAeTrainSettings;

/* Installs the properties, ids 1 to the returned number. */
guint gst_ae_train_settings_install (GObjectClass *object_class);

/* The value of a property that was installed above. Not locked. */
void gst_ae_train_settings_set (
    GstAeTrainSettings *settings, guint id, const GValue *value);
void gst_ae_train_settings_get (
    const GstAeTrainSettings *settings, guint id, GValue *value);

void gst_ae_train_settings_init (GstAeTrainSettings *settings);
void gst_ae_train_settings_copy (
    GstAeTrainSettings *copy, const GstAeTrainSettings *settings);
void gst_ae_train_settings_clear (GstAeTrainSettings *settings);

/* A worker for these settings. NULL on failure; `activity` says at what. */
GstAeTrainWorker *gst_ae_train_settings_start (
    const GstAeTrainSettings *settings, const GstAeTrainCallbacks *callbacks,
    gpointer user, GstAeActivity *activity, AeError *error);

G_END_DECLS

#endif
