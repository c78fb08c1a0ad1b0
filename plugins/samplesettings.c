/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "samplesettings.h"

#include "aeprecision.h"
#include "properties.h"

#define BUNDLED "digits.onnx"
#define MAX_THREADS 256
#define MOST_PLACES 64 /* of a grid, each way */
#define DEFAULT_PERIOD 30
#define DEFAULT_ROWS 10
#define DEFAULT_COLUMNS 10

#define RW_READY \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define RW_PLAYING \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

#define MAKE GST_AE_MAKE_PROPERTY

/* The model. */

MAKE (model_file,
    g_param_spec_string ("model-file", "Model file",
        "ONNX file of a model that makes pictures of codes; not set = the "
        "bundled one of handwritten digits. Setting it while the stream runs "
        "loads the file and exchanges the model between two frames",
        NULL, RW_PLAYING))
MAKE (normal_prior,
    g_param_spec_boolean ("normal-prior", "Normal prior",
        "Draw codes from the standard normal distribution also where the "
        "model tells what its codes are distributed as",
        FALSE, RW_READY))
MAKE (n_threads,
    g_param_spec_int ("n-threads", "Number of threads",
        "Threads that share the work on a frame; 0 = one per core", 0,
        MAX_THREADS, 0, RW_READY))
MAKE (precision, gst_ae_precision_spec (RW_READY))

/* Codes. */

MAKE (mode,
    g_param_spec_enum ("mode", "Mode", "Which codes frames are made of",
        GST_TYPE_AE_SAMPLE_MODE, GST_AE_SAMPLE_DRAWS, RW_READY))
MAKE (seed,
    g_param_spec_uint64 ("seed", "Seed",
        "Of what is drawn: the same seed gives the same frames", 0,
        G_MAXUINT64, 1, RW_PLAYING))
MAKE (temperature,
    g_param_spec_float ("temperature", "Temperature",
        "How far codes lie from the mean: 1 = as those of pictures do; less = "
        "more ordinary pictures, more = stranger ones; of mode=reconstruct in "
        "deviations of the picture's code",
        0, 10, 1, RW_PLAYING))
MAKE (label,
    g_param_spec_int ("class", "Class",
        "What a model with classes is told to make; of mode=morph and "
        "mode=reconstruct also what the pictures show; -1 = any",
        -1, G_MAXINT, -1, RW_PLAYING))
MAKE (attributes,
    g_param_spec_string ("attributes", "Attributes",
        "Shifts along directions that the model knows by name, as "
        "\"slant=1,thickness=-0.5\", in standard deviations of them",
        NULL, RW_PLAYING))
MAKE (from,
    g_param_spec_string ("from", "From",
        "Picture to morph from, or to reconstruct: a file that GStreamer can "
        "decode, stretched to the model's size (not set = mode=morph draws "
        "one)",
        NULL, RW_READY))
MAKE (to,
    g_param_spec_string ("to", "To",
        "Picture to morph to (not set = one is drawn)", NULL, RW_READY))
MAKE (period,
    g_param_spec_uint ("period", "Period",
        "Frames from one code to the next of mode=walk, and from one picture "
        "to the other of mode=morph, both included: these change evenly",
        1, 100000, DEFAULT_PERIOD, RW_PLAYING))
MAKE (rows,
    g_param_spec_uint ("rows", "Rows", "Rows of pictures of mode=grid", 1,
        MOST_PLACES, DEFAULT_ROWS, RW_READY))
MAKE (columns,
    g_param_spec_uint ("columns", "Columns",
        "Columns of pictures of mode=grid", 1, MOST_PLACES, DEFAULT_COLUMNS,
        RW_READY))
MAKE (timestamp_offset,
    g_param_spec_int64 ("timestamp-offset", "Timestamp offset",
        "Added to frames' times, in ns; times are not less than 0",
        G_MININT64, G_MAXINT64, 0, RW_PLAYING))

#define PROPERTY(member, name, role) \
  GST_AE_PROPERTY ( \
      GstVaeSampleSettings, member, make_##name, GST_VAE_SAMPLE_##role)
#define CODES(name) PROPERTY (codes.name, name, CODES)

static const GstAeProperty properties[] = {
  PROPERTY (request.model_file, model_file, MODEL),
  CODES (mode),
  CODES (seed),
  CODES (temperature),
  CODES (label),
  CODES (attributes),
  PROPERTY (from, from, READ),
  PROPERTY (to, to, READ),
  CODES (period),
  CODES (rows),
  CODES (columns),
  PROPERTY (request.options.normal_prior, normal_prior, READ),
  PROPERTY (timestamp_offset, timestamp_offset, READ),
  PROPERTY (request.options.n_threads, n_threads, READ),
  PROPERTY (request.options.precision, precision, READ),
};

static const GstAePropertyTable table
    = { properties, G_N_ELEMENTS (properties) };

guint
gst_vae_sample_settings_install (GObjectClass *object_class)
{
  gst_ae_properties_install (&table, object_class);
  return table.n;
}

GstVaeSampleRole
gst_vae_sample_settings_role (guint id)
{
  return properties[id - 1].role;
}

void
gst_vae_sample_settings_set (
    GstVaeSampleSettings *settings, guint id, const GValue *value)
{
  gst_ae_properties_set (&table, settings, id, value);
}

void
gst_vae_sample_settings_get (
    const GstVaeSampleSettings *settings, guint id, GValue *value)
{
  gst_ae_properties_get (&table, settings, id, value);
}

void
gst_vae_sample_settings_init (GstVaeSampleSettings *settings)
{
  *settings = (GstVaeSampleSettings){ .request.bundled = BUNDLED };
  gst_ae_properties_init (&table, settings);
}

void
gst_vae_sample_settings_clear (GstVaeSampleSettings *settings)
{
  gst_ae_properties_clear (&table, settings);
}
