/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "discriminatesettings.h"

#include "aeprecision.h"
#include "properties.h"

#define RW \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define RW_CONTROLLED (RW | GST_PARAM_CONTROLLABLE)

static GType
make_enum (const gchar *name, const GEnumValue *values, gsize *type)
{
  if (g_once_init_enter (type)) {
    GType made = g_enum_register_static (name, values);
    gst_type_mark_as_plugin_api (made, 0);
    g_once_init_leave (type, made);
  }
  return *type;
}

static GType
channel_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { AE_CHANNEL_FUSED, "All of the others together", "fused" },
    { AE_CHANNEL_DISCRIMINATOR, "What the discriminator takes for made up",
        "discriminator" },
    { AE_CHANNEL_RECONSTRUCTION, "What the model did not foresee",
        "reconstruction" },
    { AE_CHANNEL_LATENT, "Codes that are rare in normal footage", "latent" },
    { AE_CHANNEL_MOTION, "Motion that is rare in normal footage", "motion" },
    { 0, NULL, NULL },
  };
  return make_enum ("GstGanDiscriminateScore", values, &type);
}

static GType
post_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { GST_AE_POST_NONE, "None", "none" },
    { GST_AE_POST_EVENTS,
        "When an event begins and ends, and each second between", "events" },
    { GST_AE_POST_ALL, "One for each frame", "all" },
    { 0, NULL, NULL },
  };
  return make_enum ("GstGanDiscriminatePostMessages", values, &type);
}

static GType
overlay_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { GST_AE_OVERLAY_NONE, "Frames stay untouched", "none" },
    { GST_AE_OVERLAY_SCORE, "A bar with the score, and its number", "score" },
    { GST_AE_OVERLAY_HEATMAP, "The same, and unusual parts reddened",
        "heatmap" },
    { 0, NULL, NULL },
  };
  return make_enum ("GstGanDiscriminateOverlay", values, &type);
}

#define MAKE GST_AE_MAKE_PROPERTY

MAKE (model_file,
    g_param_spec_string ("model-file", "Model file",
        "ONNX file of an anomaly detector, as `aetool train` makes it from "
        "normal footage of this camera; NULL or empty = the bundled "
        "anomaly.onnx. Setting it while the stream runs loads the file and "
        "exchanges the model between two frames",
        NULL, RW))
MAKE (score,
    g_param_spec_enum ("score", "Score",
        "Which of the model's channels is scored",
        channel_type (), AE_CHANNEL_FUSED, RW))
MAKE (threshold,
    g_param_spec_double ("threshold", "Threshold",
        "Scores from this on are anomalies, 0 to 1; 0.5 = as many false "
        "alarms as false-alarms-per-hour says",
        0, 1, 0.5, RW_CONTROLLED))
MAKE (false_alarms_per_hour,
    g_param_spec_double ("false-alarms-per-hour", "False alarms per hour",
        "How many false alarms in an hour of normal footage are put up with: "
        "the score that is that rare there becomes 0.5",
        1e-6, 1e6, 1, RW_CONTROLLED))
MAKE (inference_interval,
    g_param_spec_uint ("inference-interval", "Inference interval",
        "Frames from one that is scored to the next, 1 = every frame is; "
        "0 = every frame as long as the computer keeps up with the stream, "
        "else fewer. A frame that is not scored has the last score",
        0, 1000000, 0, RW))
MAKE (min_duration,
    g_param_spec_uint64 ("min-duration", "Minimum duration",
        "An event begins when the score was high for so long, in ns; 0 = at "
        "once",
        0, G_MAXUINT64, 0, RW))
MAKE (hold_time,
    g_param_spec_uint64 ("hold-time", "Hold time",
        "An event ends when the score was below two thirds of the threshold "
        "for so long, in ns; shorter gaps are part of it",
        0, G_MAXUINT64, GST_SECOND, RW))
MAKE (zones,
    g_param_spec_string ("zones", "Zones",
        "Named polygons, which alone count, as "
        "\"door:0.1,0.2 0.5,0.2 0.5,0.9;road:0,0.6 1,0.6 1,1 0,1\": points "
        "are shares of the picture's width and height; NULL or empty = "
        "everywhere",
        NULL, RW))
MAKE (mask_file,
    g_param_spec_string ("mask-file", "Mask file",
        "PNG picture of the video's proportions: what is darker than the "
        "middle grey, or transparent, does not count; NULL or empty = none",
        NULL, RW))
MAKE (light_change_guard,
    g_param_spec_boolean ("light-change-guard", "Light change guard",
        "No event begins while the light of the whole picture jumps, unless "
        "the picture goes black",
        TRUE, RW))
MAKE (post_messages,
    g_param_spec_enum ("post-messages", "Post messages",
        "Which element messages to post", post_type (), GST_AE_POST_EVENTS,
        RW))
MAKE (json_location,
    g_param_spec_string ("json-location", "JSON location",
        "File or named pipe to write JSON lines to, - = standard output; "
        "NULL or empty = none. Lines that it does not take in time are "
        "dropped",
        NULL, RW))
MAKE (overlay,
    g_param_spec_enum ("overlay", "Overlay", "What to draw into the frames",
        overlay_type (), GST_AE_OVERLAY_NONE, RW))
MAKE (n_threads,
    g_param_spec_int ("n-threads", "Number of threads",
        "Threads that share the work on a frame; 0 = one per core", 0, 256, 0,
        RW))
MAKE (precision, gst_ae_precision_spec (RW))

#define SETUP(member) \
  GST_AE_PROPERTY (GstAeDiscriminateSettings, member, make_##member, TRUE)
#define PLAIN(member) \
  GST_AE_PROPERTY (GstAeDiscriminateSettings, member, make_##member, FALSE)

static const GstAeProperty properties[] = {
  SETUP (model_file),
  PLAIN (score),
  PLAIN (threshold),
  PLAIN (false_alarms_per_hour),
  PLAIN (inference_interval),
  PLAIN (min_duration),
  PLAIN (hold_time),
  SETUP (zones),
  SETUP (mask_file),
  PLAIN (light_change_guard),
  PLAIN (post_messages),
  PLAIN (json_location),
  PLAIN (overlay),
  SETUP (n_threads),
  SETUP (precision),
};

static const GstAePropertyTable table
    = { properties, G_N_ELEMENTS (properties) };

guint
gst_ae_discriminate_settings_install (GObjectClass *object_class)
{
  gst_ae_properties_install (&table, object_class);
  return table.n;
}

gboolean
gst_ae_discriminate_settings_is_setup (guint id)
{
  return properties[id - 1].role;
}

void
gst_ae_discriminate_settings_set (
    GstAeDiscriminateSettings *settings, guint id, const GValue *value)
{
  gst_ae_properties_set (&table, settings, id, value);
}

void
gst_ae_discriminate_settings_get (
    const GstAeDiscriminateSettings *settings, guint id, GValue *value)
{
  gst_ae_properties_get (&table, settings, id, value);
}

void
gst_ae_discriminate_settings_init (GstAeDiscriminateSettings *settings)
{
  gst_ae_properties_init (&table, settings);
}

void
gst_ae_discriminate_settings_clear (GstAeDiscriminateSettings *settings)
{
  gst_ae_properties_clear (&table, settings);
}
