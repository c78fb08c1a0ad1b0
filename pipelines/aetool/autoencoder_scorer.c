/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "autoencoder_scorer.h"

#include <ae/recipe_trainer.h>
#include <ae/session.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aetool.h"
#include "canvas.h"
#include "gradient_energy.h"

#define SHOWN 16 /* pictures in a row of the sheet */
#define ZOOM 2
#define LEAST 1e-7f /* probability of a pixel */

struct AutoencoderScorer {
  AeModel *model;
  AeSession *whole, *decoder; /* one picture; samples of codes */
  int width, height, channels, latent, classes, samples;
  gboolean variational, binarise;
  gboolean normal; /* codes are, of all pictures together */
  double knocked_out; /* share of the codes' numbers */
  GRand *rand;
  float *wanted;       /* the picture, black and white where that is drawn */
  double *log_weights; /* of each sample */
  double *sum, *squares; /* of the codes' numbers */
  AutoencoderScores total;
  double energy, made_energy; /* of gradients */
  GPtrArray *shown; /* floats: originals and reconstructions in turn */
};

static gboolean
refuse (GError **error, AeStatus status, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, AETOOL_DOMAIN, status, text);
  return FALSE;
}

static gsize
n_values (const AutoencoderScorer *s)
{
  return (gsize) s->width * s->height * s->channels;
}

static int
fact (const AutoencoderScorer *s, const char *key)
{
  const char *text = ae_model_meta (s->model, key);
  return text ? atoi (text) : 0;
}

static gboolean
says (const AutoencoderScorer *s, const char *key, const char *wanted)
{
  return g_strcmp0 (ae_model_meta (s->model, key), wanted) == 0;
}

static gboolean
read_facts (AutoencoderScorer *s, const char *path, GError **error)
{
  const char *size = ae_model_meta (s->model, "ae.autoencoder.size");
  s->channels = fact (s, "ae.autoencoder.channels");
  s->latent = fact (s, "ae.autoencoder.latent");
  s->classes = fact (s, "ae.autoencoder.classes");
  s->variational = says (s, "ae.autoencoder.code", "variational");
  s->normal
      = s->variational || says (s, "ae.autoencoder.adversary", "codes");
  s->binarise = says (s, "ae.autoencoder.binarise", "yes");
  if (!says (s, "ae.task", "autoencoder") || !size
      || sscanf (size, "%dx%d", &s->width, &s->height) != 2)
    return refuse (error, AE_ERROR_FORMAT,
        "%s: found the task '%s', wanted an autoencoder", path,
        ae_model_meta (s->model, "ae.task") ? ae_model_meta (s->model, "ae.task")
                                            : "none");
  if (s->width < 1 || s->height < 1 || s->width > 512 || s->height > 512
      || (s->channels != 1 && s->channels != 3) || s->latent < 1
      || s->latent > 4096 || s->classes < 0 || s->classes > 1000)
    return refuse (error, AE_ERROR_FORMAT,
        "%s: pictures of %s, %d channels, codes of %d numbers and %d classes",
        path, size, s->channels, s->latent, s->classes);
  if (s->samples > 0 && !(s->variational && s->binarise))
    return refuse (error, AE_ERROR_ARGUMENT,
        "%s: likelihoods are of VAEs of black and white pictures, with "
        "`binarise' in their recipes",
        path);
  return TRUE;
}

/* Codes that are maps have as many numbers as there are in all places; `shape`
 * becomes theirs. */
static gboolean
take_maps (AutoencoderScorer *s, AeShape *shape)
{
  int at = ae_session_find_output (s->whole, "latent");
  if (at < 0 || !says (s, "ae.autoencoder.net", "fully-conv"))
    return TRUE;
  *shape = ae_session_output (s->whole, (size_t) at)->shape;
  for (int i = 2; i < shape->rank; i++)
    s->latent *= (int) shape->dim[i];
  shape->dim[0] = MAX (s->samples, 1);
  return TRUE;
}

static gboolean
open_sessions (AutoencoderScorer *s, int threads, GError **error)
{
  AeError err;
  const char *inputs[] = { "latent", "class" };
  const char *outputs[] = { "reconstruction" };
  size_t n = s->classes > 0 ? 2 : 1;
  int codes = MAX (s->samples, 1);
  AeSessionOptions all = { .n_threads = threads };
  AeSessionOptions part = { .n_threads = threads, .inputs = inputs,
    .n_inputs = n, .outputs = outputs, .n_outputs = 1 };
  AeTensor frame[2] = { { .type = AE_F32,
                            .shape = { 4, { 1, s->channels, s->height,
                                               s->width } } },
    { .type = AE_F32, .shape = { 2, { 1, s->classes } } } };
  AeTensor code[2] = { { .type = AE_F32, .shape = { 2, { codes, s->latent } } },
    { .type = AE_F32, .shape = { 2, { codes, s->classes } } } };
  if (ae_session_new (&s->whole, s->model, &all, &err) == AE_OK
      && ae_session_bind (s->whole, frame, n, &err) == AE_OK
      && take_maps (s, &code[0].shape)
      && ae_session_new (&s->decoder, s->model, &part, &err) == AE_OK
      && ae_session_bind (s->decoder, code, n, &err) == AE_OK)
    return TRUE;
  aetool_set_error (error, &err);
  return FALSE;
}

/* The sessions have the outputs and sizes that the metadata tells of. */
static gboolean
check_outputs (const AutoencoderScorer *s, const char *path, GError **error)
{
  static const char *const names[]
      = { "reconstruction", "latent", "deviation" };
  for (int i = 0; i < (s->variational ? 3 : 2); i++) {
    int at = ae_session_find_output (s->whole, names[i]);
    gsize wanted = i == 0 ? n_values (s) : (gsize) s->latent, n = 1;
    const AeTensor *x
        = at >= 0 ? ae_session_output (s->whole, (size_t) at) : NULL;
    for (int k = 0; x && k < x->shape.rank; k++)
      n *= (gsize) x->shape.dim[k];
    if (!x || at != i || n != wanted)
      return refuse (error, AE_ERROR_FORMAT,
          "%s: wanted `%s' of %zu numbers as output %d", path, names[i], wanted,
          i);
  }
  return TRUE;
}

AutoencoderScorer *
autoencoder_scorer_new (
    const char *path, int samples, int threads, guint32 seed, GError **error)
{
  AeError err;
  g_autoptr (AutoencoderScorer) s = g_new0 (AutoencoderScorer, 1);
  s->samples = samples;
  s->rand = g_rand_new_with_seed (seed);
  s->shown = g_ptr_array_new_with_free_func (g_free);
  if (ae_model_load (&s->model, path, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return NULL;
  }
  if (!read_facts (s, path, error) || !open_sessions (s, threads, error)
      || !check_outputs (s, path, error))
    return NULL;
  s->wanted = g_new0 (float, n_values (s));
  s->log_weights = g_new0 (double, MAX (samples, 1));
  s->sum = g_new0 (double, s->latent);
  s->squares = g_new0 (double, s->latent);
  s->total.likely = samples > 0;
  return g_steal_pointer (&s);
}

void
autoencoder_scorer_free (AutoencoderScorer *s)
{
  if (!s)
    return;
  ae_session_free (&s->whole);
  ae_session_free (&s->decoder);
  ae_model_unref (&s->model);
  g_rand_free (s->rand);
  g_ptr_array_unref (s->shown);
  g_free (s->wanted);
  g_free (s->log_weights);
  g_free (s->sum);
  g_free (s->squares);
  g_free (s);
}

static double
draw_normal (GRand *rand)
{
  double radius = sqrt (-2 * log (1 - g_rand_double (rand)));
  return radius * cos (2 * G_PI * g_rand_double (rand));
}

gsize
autoencoder_scorer_n_values (const AutoencoderScorer *s)
{
  return n_values (s);
}

int
autoencoder_scorer_latent (const AutoencoderScorer *s)
{
  return s->latent;
}

AutoencoderSize
autoencoder_scorer_size (const AutoencoderScorer *s)
{
  return (AutoencoderSize){ s->width, s->height, s->channels };
}

gboolean
autoencoder_scorer_values (const AutoencoderScorer *s, const AeImage *image,
    float *to, GError **error)
{
  int channels = image->pixels == AE_PIXELS_GRAY8 ? 1 : 3;
  if (image->width != s->width || image->height != s->height
      || channels != s->channels)
    return refuse (error, AE_ERROR_FORMAT,
        "a picture of %dx%d and %d channels, wanted %dx%d and %d",
        image->width, image->height, channels, s->width, s->height,
        s->channels);
  for (int c = 0; c < channels; c++)
    for (int y = 0; y < s->height; y++)
      for (int x = 0; x < s->width; x++)
        *to++ = image->plane[0][y * image->stride[0] + x * channels + c]
                / 255.0f;
  return TRUE;
}

gboolean
autoencoder_scorer_columns (AutoencoderScorer *s, float *columns)
{
  gsize n = n_values (s);
  if (!says (s, "ae.autoencoder.net", "linear")
      || !says (s, "ae.autoencoder.likelihood", "gaussian") || s->classes > 0)
    return FALSE;
  float *code = ae_session_input (s->decoder, 0)->data;
  const float *made = ae_session_output (s->decoder, 0)->data;
  g_autofree float *zero = g_new (float, n);
  memset (code, 0, s->latent * sizeof *code);
  ae_session_run (s->decoder);
  memcpy (zero, made, n * sizeof *zero);
  for (int i = 0; i < s->latent; i++) {
    code[i] = 1;
    ae_session_run (s->decoder);
    for (gsize k = 0; k < n; k++)
      *columns++ = made[k] - zero[k];
    code[i] = 0;
  }
  return TRUE;
}

static gboolean
fill_classes (AutoencoderScorer *s, int label, GError **error)
{
  if (s->classes == 0)
    return TRUE;
  if (label < 0 || label >= s->classes)
    return refuse (error, AE_ERROR_ARGUMENT,
        "a picture with %s %d, wanted a label of 0 to %d",
        label == AE_NO_LABEL ? "no label:" : "the label", label,
        s->classes - 1);
  float *one = ae_session_input (s->whole, 1)->data;
  float *all = ae_session_input (s->decoder, 1)->data;
  for (int i = 0; i < s->classes; i++)
    one[i] = i == label;
  for (int k = 0; k < MAX (s->samples, 1); k++)
    memcpy (all + (gsize) k * s->classes, one, s->classes * sizeof *one);
  return TRUE;
}

void
autoencoder_scorer_knock_out (AutoencoderScorer *s, double share)
{
  s->knocked_out = share;
}

/* Mean over the values of what was made, clipped, against s->wanted. */
static double
squared_error (const AutoencoderScorer *s, const float *made)
{
  double sum = 0;
  for (gsize i = 0; i < n_values (s); i++) {
    double value = CLAMP (made[i], 0, 1) - s->wanted[i];
    sum += value * value;
  }
  return sum / n_values (s);
}

/* As many numbers of the code as the share says become 0, the others larger by as
 * much, as dropout has it; which, is drawn for each picture. */
static void
count_damage (AutoencoderScorer *s, const float *code)
{
  float *damaged = ae_session_input (s->decoder, 0)->data;
  int left = s->latent;
  int n = (int) (s->knocked_out * s->latent + 0.5);
  float rest = n < s->latent ? (float) s->latent / (float) (s->latent - n) : 1;
  for (int i = 0; i < s->latent; i++, left--) {
    gboolean out = g_rand_double (s->rand) * left < n;
    damaged[i] = out ? 0 : rest * code[i];
    n -= out;
  }
  ae_session_run (s->decoder);
  s->total.damaged
      += squared_error (s, ae_session_output (s->decoder, 0)->data);
}

/* Of the values of the picture; not 0. */
static double
variance (const AutoencoderScorer *s)
{
  double sum = 0, squares = 0, n = (double) n_values (s);
  for (gsize i = 0; i < n_values (s); i++) {
    sum += s->wanted[i];
    squares += (double) s->wanted[i] * s->wanted[i];
  }
  return MAX (squares / n - sum / n * sum / n, 1e-9);
}

/* Of the grey picture; what it was is in s->wanted. */
static void
count_error (AutoencoderScorer *s)
{
  const float *made = ae_session_output (s->whole, 0)->data;
  const float *code = ae_session_output (s->whole, 1)->data;
  s->total.last = squared_error (s, made);
  s->total.last_share = s->total.last / variance (s);
  s->total.squared_error += s->total.last;
  s->energy
      += gradient_energy (s->wanted, s->width, s->height, s->channels);
  s->made_energy
      += gradient_energy (made, s->width, s->height, s->channels);
  for (int i = 0; i < s->latent; i++) {
    s->sum[i] += code[i];
    s->squares[i] += (double) code[i] * code[i];
    s->total.active += code[i] != 0;
  }
  if (s->knocked_out > 0)
    count_damage (s, code);
  if (s->shown->len >= 2 * SHOWN)
    return;
  g_ptr_array_add (
      s->shown, g_memdup2 (s->wanted, n_values (s) * sizeof *made));
  g_ptr_array_add (s->shown, g_memdup2 (made, n_values (s) * sizeof *made));
}

/* Codes around the picture's, and log p(z) - log q(z|x) of each. */
static void
draw_codes (AutoencoderScorer *s)
{
  const float *mean = ae_session_output (s->whole, 1)->data;
  const float *deviation = ae_session_output (s->whole, 2)->data;
  float *code = ae_session_input (s->decoder, 0)->data;
  for (int k = 0; k < s->samples; k++) {
    double weight = 0;
    for (int i = 0; i < s->latent; i++) {
      double normal = draw_normal (s->rand);
      double z = mean[i] + deviation[i] * normal;
      *code++ = (float) z;
      weight += 0.5 * (normal * normal - z * z) + log (deviation[i]);
    }
    s->log_weights[k] = weight;
  }
}

static double
log_probability (const AutoencoderScorer *s, const float *made)
{
  double sum = 0;
  for (gsize i = 0; i < n_values (s); i++) {
    float p = CLAMP (made[i], LEAST, 1 - LEAST);
    sum += s->wanted[i] > 0.5f ? log (p) : log1p (-p);
  }
  return sum;
}

/* log of the mean of the samples' weights, and the mean of their logs. */
static void
count_likelihood (AutoencoderScorer *s)
{
  float *frame = ae_session_input (s->whole, 0)->data;
  for (gsize i = 0; i < n_values (s); i++)
    frame[i] = s->wanted[i] = g_rand_double (s->rand) < s->wanted[i];
  ae_session_run (s->whole);
  draw_codes (s);
  ae_session_run (s->decoder);
  const float *made = ae_session_output (s->decoder, 0)->data;
  double bound = 0, most = -INFINITY, sum = 0;
  for (int k = 0; k < s->samples; k++) {
    double *weight = &s->log_weights[k];
    *weight += log_probability (s, made + k * n_values (s));
    bound += *weight / s->samples;
    most = MAX (most, *weight);
  }
  for (int k = 0; k < s->samples; k++)
    sum += exp (s->log_weights[k] - most);
  s->total.bound += bound;
  s->total.likelihood += most + log (sum / s->samples);
}

gboolean
autoencoder_scorer_add (AutoencoderScorer *s, const AeImage *image, int label,
    GError **error)
{
  float *frame = ae_session_input (s->whole, 0)->data;
  if (!autoencoder_scorer_values (s, image, frame, error)
      || !fill_classes (s, label, error))
    return FALSE;
  memcpy (s->wanted, frame, n_values (s) * sizeof *s->wanted);
  ae_session_run (s->whole);
  count_error (s);
  if (s->samples > 0) {
    fill_classes (s, label, NULL);
    count_likelihood (s);
  }
  s->total.n++;
  return TRUE;
}

AutoencoderScores
autoencoder_scorer_result (const AutoencoderScorer *s)
{
  AutoencoderScores mean = s->total;
  double n = MAX (mean.n, 1);
  mean.squared_error /= n;
  mean.damaged /= n;
  mean.active /= n * s->latent;
  mean.sharpness = s->energy > 0 ? s->made_energy / s->energy : 0;
  mean.latent = s->latent;
  mean.bound /= n;
  mean.likelihood /= n;
  return mean;
}

/* The sheet. */

static void
put (const AutoencoderScorer *s, Picture *sheet, const float *values,
    int column, int row)
{
  g_autoptr (Picture) p
      = picture_new (GST_VIDEO_FORMAT_RGB, s->width, s->height);
  gsize plane = (gsize) s->width * s->height;
  for (gsize i = 0; i < 3 * plane; i++) {
    gsize from = i / 3 + (s->channels == 3 ? i % 3 * plane : 0);
    p->data[i] = (guint8) (CLAMP (values[from], 0, 1) * 255 + 0.5f);
  }
  canvas_picture (sheet, 2 + column * (ZOOM * s->width + 2),
      2 + row * (ZOOM * s->height + 2), p, ZOOM);
}

/* The first of the decoder's batch. */
static const float *
decode_random (AutoencoderScorer *s, int label)
{
  float *code = ae_session_input (s->decoder, 0)->data;
  double n = MAX (s->total.n, 1);
  for (int i = 0; i < s->latent; i++) {
    double mean = s->sum[i] / n, normal = draw_normal (s->rand);
    double variance = MAX (s->squares[i] / n - mean * mean, 0);
    code[i]
        = (float) (s->normal ? normal : mean + sqrt (variance) * normal);
  }
  if (s->classes > 0)
    fill_classes (s, label % s->classes, NULL);
  ae_session_run (s->decoder);
  return ae_session_output (s->decoder, 0)->data;
}

Picture *
autoencoder_scorer_sheet (AutoencoderScorer *s)
{
  Canvas *sheet = canvas_new (2 + SHOWN * (ZOOM * s->width + 2),
      2 + 4 * (ZOOM * s->height + 2));
  for (guint i = 0; i < s->shown->len; i++)
    put (s, sheet, g_ptr_array_index (s->shown, i), (int) i / 2, (int) i % 2);
  for (int i = 0; i < 2 * SHOWN; i++)
    put (s, sheet, decode_random (s, i), i % SHOWN, 2 + i / SHOWN);
  return sheet;
}
