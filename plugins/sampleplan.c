/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sampleplan.h"

#include "aeerror.h"
#include "aeframe.h"

#include <math.h>
#include <string.h>

#define MOST_PACED 100000 /* frames of a morph */

static const GEnumValue modes[] = {
  { GST_AE_SAMPLE_DRAWS, "A new picture each frame", "sample" },
  { GST_AE_SAMPLE_WALK, "From one drawn code to the next, without end",
      "walk" },
  { GST_AE_SAMPLE_MORPH, "From one picture to another and back", "morph" },
  { GST_AE_SAMPLE_GRID,
      "Many pictures in one frame: each row another class where there are "
      "any; even steps through the code where it is of two numbers",
      "grid" },
  { GST_AE_SAMPLE_RECONSTRUCT,
      "Variations of a picture: drawn from around its code", "reconstruct" },
  { 0, NULL, NULL },
};

GType
gst_ae_sample_mode_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstAeSampleMode", modes));
  return type;
}

const gchar *
gst_ae_sample_mode_nick (GstAeSampleMode mode)
{
  return modes[mode].value_nick;
}

void
gst_ae_sample_settings_copy (
    GstAeSampleSettings *to, const GstAeSampleSettings *from)
{
  gchar *older = to->attributes;

  *to = *from;
  to->attributes = g_strdup (from->attributes);
  g_free (older);
}

void
gst_ae_sample_settings_clear (GstAeSampleSettings *settings)
{
  g_clear_pointer (&settings->attributes, g_free);
}

/* Settings. */

static gboolean
check_label (gint label, const GstAeSamplerSetup *setup, AeError *error)
{
  gint classes = setup->facts.classes;

  if (label < classes || label < 0)
    return TRUE;
  if (classes == 0)
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "class is %d, expected -1: the model has no classes", label);
  else
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "class is %d, expected one of the model's: 0 to %d, or -1 for any",
        label, classes - 1);
  return FALSE;
}

static gboolean
read_attribute (const gchar *part, const GstAeSamplerSetup *setup,
    gfloat *amounts, AeError *error)
{
  const gchar *equals = strchr (part, '=');
  gchar *name = g_strstrip (
      equals ? g_strndup (part, (gsize) (equals - part)) : g_strdup (part));
  gchar *end = NULL;
  gdouble amount = equals ? g_ascii_strtod (equals + 1, &end) : 0;
  gint at = ae_sampler_find_attribute (setup->sampler, name);
  gboolean number = equals && end != equals + 1 && *g_strchug (end) == '\0'
      && isfinite (amount) && fabs (amount) <= 1000;

  if (at >= 0 && number)
    amounts[at] = (gfloat) amount;
  else if (at >= 0)
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "attributes has \"%s\", expected NAME=AMOUNT with an amount of -1000 "
        "to 1000",
        part);
  else {
    gchar *names = gst_ae_sampler_setup_attributes (setup);
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "attributes names \"%s\"; the model has %s", name,
        *names ? names : "none");
    g_free (names);
  }
  g_free (name);
  return at >= 0 && number;
}

static gboolean
read_attributes (const gchar *text, const GstAeSamplerSetup *setup,
    gfloat *amounts, AeError *error)
{
  if (text == NULL || *text == '\0')
    return TRUE;
  gchar **parts = g_strsplit (text, ",", -1);
  gboolean good = TRUE;

  for (guint i = 0; good && parts[i] != NULL; i++)
    good = read_attribute (parts[i], setup, amounts, error);
  g_strfreev (parts);
  return good;
}

gboolean
gst_ae_sample_plan_set (GstAeSamplePlan *plan, const GstAeSamplerSetup *setup,
    const GstAeSampleSettings *settings, AeError *error)
{
  gfloat *amounts = g_new0 (gfloat, setup->facts.attributes + 1);

  if (!check_label (settings->label, setup, error)
      || !read_attributes (settings->attributes, setup, amounts, error)) {
    g_free (amounts);
    return FALSE;
  }
  g_free (plan->amounts);
  plan->amounts = amounts;
  gst_ae_sample_settings_copy (&plan->settings, settings);
  return TRUE;
}

/* Pictures to morph between. */

static gboolean
encode_frame (GstAeSamplerSetup *setup, const GstVideoFrame *frame, gint label,
    gfloat *mean, gfloat *deviation, AeError *error)
{
  AeImage image;

  gst_ae_image_from_frame (&image, frame);
  return gst_ae_sampler_setup_bind (setup, &image, error)
      && ae_sampler_encode (
             setup->sampler, &image, label, mean, deviation, error)
             == AE_OK;
}

static gboolean
encode_sample (GstAeSamplerSetup *setup, GstSample *sample, gint label,
    gfloat *mean, gfloat *deviation, AeError *error)
{
  GstVideoInfo info;
  GstVideoFrame frame;
  gboolean good = FALSE;

  if (gst_video_info_from_caps (&info, gst_sample_get_caps (sample))
      && gst_ae_frame_map (
          &frame, &info, gst_sample_get_buffer (sample), GST_MAP_READ)) {
    good = encode_frame (setup, &frame, label, mean, deviation, error);
    gst_video_frame_unmap (&frame);
  } else
    gst_ae_error_set (
        error, AE_ERROR_FORMAT, "a picture's decoder gave no picture");
  if (!good)
    gst_ae_error_prefix (error, gst_ae_model_path (setup->model));
  return good;
}

gboolean
gst_ae_sample_plan_encode (GstAeSamplePlan *plan, GstAeSamplerSetup *setup,
    GstSample *from, GstSample *to, AeError *error)
{
  gsize n = (gsize) setup->facts.latent;
  gint label = setup->facts.classes > 0 ? MAX (plan->settings.label, 0) : 0;

  g_clear_pointer (&plan->from, g_free);
  g_clear_pointer (&plan->deviation, g_free);
  g_clear_pointer (&plan->to, g_free);
  plan->n_shares = 0;
  if (from != NULL) {
    plan->from = g_new (gfloat, n);
    plan->deviation = g_new (gfloat, n);
    if (!encode_sample (
            setup, from, label, plan->from, plan->deviation, error))
      return FALSE;
  }
  if (to == NULL)
    return TRUE;
  plan->to = g_new (gfloat, n);
  return encode_sample (setup, to, label, plan->to, NULL, error);
}

void
gst_ae_sample_plan_clear (GstAeSamplePlan *plan)
{
  gst_ae_sample_settings_clear (&plan->settings);
  g_free (plan->from);
  g_free (plan->deviation);
  g_free (plan->to);
  g_free (plan->shares);
  g_free (plan->amounts);
  g_free (plan->scratch);
  *plan = (GstAeSamplePlan){ 0 };
}

/* Codes. */

guint
gst_ae_sample_plan_pictures (const GstAeSamplePlan *plan)
{
  const GstAeSampleSettings *s = &plan->settings;

  return s->mode == GST_AE_SAMPLE_GRID ? s->rows * s->columns : 1;
}

static gint
draw (const GstAeSamplePlan *plan, const GstAeSamplerSetup *setup,
    guint64 index, gfloat *code)
{
  const GstAeSampleSettings *s = &plan->settings;
  gint any;

  ae_sampler_draw (
      setup->sampler, s->seed, index, s->temperature, code, &any);
  return s->label >= 0 ? s->label : any;
}

static gint
walk (GstAeSamplePlan *plan, const GstAeSamplerSetup *setup, guint64 frame,
    gfloat *code)
{
  guint period = plan->settings.period;
  gint label = draw (plan, setup, frame / period, code);

  draw (plan, setup, frame / period + 1, plan->scratch);
  ae_sampler_between (setup->sampler, code, plan->scratch,
      (gfloat) (frame % period) / (gfloat) period, code);
  return label;
}

/* Of `period` frames that go to and fro, those at the ends included. */
static guint
to_and_fro (guint64 frame, guint period)
{
  guint last = period - 1;
  guint at = (guint) (frame % (2 * last));

  return at <= last ? at : 2 * last - at;
}

/* Whether the way has to be paced anew. */
static gboolean
is_stale (const GstAeSamplePlan *plan, guint period, gint label)
{
  const GstAeSampleSettings *s = &plan->settings;
  gboolean drawn = plan->from == NULL || plan->to == NULL;

  return plan->n_shares != period || plan->paced_label != label
      || (drawn
          && (plan->paced_seed != s->seed
              || plan->paced_temperature != s->temperature));
}

/* Even steps; where there is no memory for them, even shares of the way. */
static void
pace (GstAeSamplePlan *plan, const GstAeSamplerSetup *setup,
    const gfloat *from, const gfloat *to, guint period, gint label)
{
  AeError error;

  if (!is_stale (plan, period, label))
    return;
  plan->shares = g_renew (gfloat, plan->shares, period);
  plan->n_shares = period;
  plan->paced_label = label;
  plan->paced_seed = plan->settings.seed;
  plan->paced_temperature = plan->settings.temperature;
  if (ae_sampler_pace (setup->sampler, from, to, label, plan->shares, period,
          &error)
      != AE_OK)
    for (guint i = 0; i < period; i++)
      plan->shares[i] = (gfloat) i / (gfloat) (period - 1);
}

static gint
morph (GstAeSamplePlan *plan, const GstAeSamplerSetup *setup, guint64 frame,
    gfloat *code)
{
  gsize bytes = (gsize) setup->facts.latent * sizeof *code;
  guint period = CLAMP (plan->settings.period, 2, MOST_PACED);
  gint label = draw (plan, setup, 0, code);

  draw (plan, setup, 1, plan->scratch);
  if (plan->from != NULL)
    memcpy (code, plan->from, bytes);
  if (plan->to != NULL)
    memcpy (plan->scratch, plan->to, bytes);
  if (plan->from != NULL)
    label = MAX (plan->settings.label, 0);
  pace (plan, setup, code, plan->scratch, period, label);
  ae_sampler_between (setup->sampler, code, plan->scratch,
      plan->shares[to_and_fro (frame, period)], code);
  return label;
}

/* Around the picture's code. */
static gint
reconstruct (GstAeSamplePlan *plan, const GstAeSamplerSetup *setup,
    guint64 frame, gfloat *code)
{
  const GstAeSampleSettings *s = &plan->settings;

  ae_sampler_draw_around (setup->sampler, s->seed, frame, plan->from,
      plan->deviation, s->temperature, code);
  return MAX (s->label, 0);
}

/* The number that a share of a standard normal distribution lies below: by
 * bisection. */
static gdouble
normal_quantile (gdouble share)
{
  gdouble low = -8, high = 8;

  for (guint i = 0; i < 60; i++) {
    gdouble middle = (low + high) / 2;
    if (0.5 * erfc (-middle / G_SQRT2) < share)
      low = middle;
    else
      high = middle;
  }
  return (low + high) / 2;
}

static gint
grid_place (GstAeSamplePlan *plan, const GstAeSamplerSetup *setup,
    guint64 frame, guint at, gfloat *code)
{
  const GstAeSampleSettings *s = &plan->settings;
  guint row = at / s->columns, column = at % s->columns;
  gint classes = setup->facts.classes;

  if (setup->facts.latent == 2) {
    code[0] = s->temperature
        * (gfloat) normal_quantile ((column + 0.5) / s->columns);
    code[1]
        = s->temperature * (gfloat) normal_quantile ((row + 0.5) / s->rows);
    return MAX (s->label, 0);
  }
  gint label = draw (plan, setup, frame * s->rows * s->columns + at, code);
  return s->label < 0 && classes > 0 ? (gint) row % classes : label;
}

static gint
code_of (GstAeSamplePlan *plan, const GstAeSamplerSetup *setup,
    guint64 frame, guint at, gfloat *code)
{
  switch (plan->settings.mode) {
    case GST_AE_SAMPLE_WALK:
      return walk (plan, setup, frame, code);
    case GST_AE_SAMPLE_MORPH:
      return morph (plan, setup, frame, code);
    case GST_AE_SAMPLE_GRID:
      return grid_place (plan, setup, frame, at, code);
    case GST_AE_SAMPLE_RECONSTRUCT:
      return reconstruct (plan, setup, frame, code);
    default:
      return draw (plan, setup, frame, code);
  }
}

void
gst_ae_sample_plan_codes (GstAeSamplePlan *plan,
    const GstAeSamplerSetup *setup, guint64 frame, gfloat *codes,
    gint *labels)
{
  gsize latent = (gsize) setup->facts.latent;
  guint n = gst_ae_sample_plan_pictures (plan);

  plan->scratch = g_renew (gfloat, plan->scratch, latent);
  for (guint i = 0; i < n; i++) {
    gfloat *code = codes + i * latent;
    labels[i] = code_of (plan, setup, frame, i, code);
    for (gsize a = 0; a < setup->facts.attributes; a++)
      ae_sampler_shift (setup->sampler, a, plan->amounts[a], code);
  }
}
