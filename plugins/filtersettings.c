/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "filtersettings.h"

#include "aeprecision.h"
#include "properties.h"

#define MAX_THREADS 256

#define RW \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

GType
gst_ae_values_get_type (void)
{
  static const GEnumValue values[] = {
    { AE_VALUES_AUTO, "As the model's metadata says", "auto" },
    { AE_VALUES_0_1, "0 is black, 1 is white", "0-1" },
    { AE_VALUES_MINUS_1_1, "-1 is black, 1 is white", "-1-1" },
    { AE_VALUES_0_255, "0 is black, 255 is white", "0-255" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstAeValues", values));
  return type;
}

#define MAKE GST_AE_MAKE_PROPERTY

MAKE (model_file,
    g_param_spec_string ("model-file", "Model file",
        "ONNX file of a model that makes a picture of a picture; must be set. "
        "Setting it while the stream runs loads the file and exchanges the "
        "model between two frames",
        NULL, RW))
MAKE (input,
    g_param_spec_enum ("input-range", "Input range",
        "Black and white in the numbers that the model is given, before mean "
        "and deviation; auto without metadata: 0-1",
        GST_TYPE_AE_VALUES, AE_VALUES_AUTO, RW))
MAKE (output,
    g_param_spec_enum ("output-range", "Output range",
        "Black and white in the numbers that the model gives; auto without "
        "metadata: as input-range",
        GST_TYPE_AE_VALUES, AE_VALUES_AUTO, RW))
MAKE (mean,
    g_param_spec_string ("mean", "Mean",
        "What is subtracted from the model's input, in units of input-range: "
        "a number, or three with commas for R, G, B; NULL or empty = as the "
        "model's metadata says, or 0",
        NULL, RW))
MAKE (deviation,
    g_param_spec_string ("deviation", "Deviation",
        "What the model's input is divided by after that, likewise; NULL or "
        "empty = as the model's metadata says, or 1",
        NULL, RW))
MAKE (scale_output,
    g_param_spec_boolean ("scale-output", "Scale output",
        "Scale the results of a model that fixes its size back to the frames' "
        "size, times what the model enlarges; off = frames leave at the "
        "model's size",
        TRUE, RW))
MAKE (n_threads,
    g_param_spec_int ("n-threads", "Number of threads",
        "Threads that share the work on a frame; 0 = one per core", 0,
        MAX_THREADS, 0, RW))
MAKE (precision, gst_ae_precision_spec (RW))

#define PROPERTY(member, name) \
  GST_AE_PROPERTY (GstAeFilterSettings, member, make_##name, 0)

static const GstAeProperty properties[] = {
  PROPERTY (request.model_file, model_file),
  PROPERTY (request.options.input, input),
  PROPERTY (request.options.output, output),
  PROPERTY (request.mean, mean),
  PROPERTY (request.deviation, deviation),
  PROPERTY (scale_output, scale_output),
  PROPERTY (request.options.n_threads, n_threads),
  PROPERTY (request.options.precision, precision),
};

static const GstAePropertyTable table
    = { properties, G_N_ELEMENTS (properties) };

guint
gst_ae_filter_settings_install (GObjectClass *object_class)
{
  gst_ae_properties_install (&table, object_class);
  return table.n;
}

void
gst_ae_filter_settings_set (
    GstAeFilterSettings *settings, guint id, const GValue *value)
{
  gst_ae_properties_set (&table, settings, id, value);
}

void
gst_ae_filter_settings_get (
    const GstAeFilterSettings *settings, guint id, GValue *value)
{
  gst_ae_properties_get (&table, settings, id, value);
}

void
gst_ae_filter_settings_init (GstAeFilterSettings *settings)
{
  *settings = (GstAeFilterSettings){ 0 };
  gst_ae_properties_init (&table, settings);
}

void
gst_ae_filter_settings_clear (GstAeFilterSettings *settings)
{
  gst_ae_properties_clear (&table, settings);
}

GstAeFilterRequest *
gst_ae_filter_settings_request (const GstAeFilterSettings *settings)
{
  GstAeFilterRequest *request
      = gst_ae_filter_request_copy (&settings->request);

  request->options.keep_model_size = !settings->scale_output;
  return request;
}
