/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/sampler.h>

#include "sample/attributes.h"
#include "sample/class_shares.h"
#include "sample/generator_model.h"
#include "sample/prior.h"
#include "tensor/tensor.h"
#include "util/mem.h"
#include "util/pool.h"
#include "video/image_tensor.h"
#include "video/pixel_rows.h"

#include <math.h>
#include <string.h>

#define MOST_BATCH 4096

struct AeSampler {
  AeModel *model;
  AeSessionOptions options;
  AeGeneratorModel found;
  AeSession *decoder, *encoder; /* the latter from the first bind on */
  AePrior prior;
  AeClassShares shares;
  float *spread; /* of its codes */
  AeAttributes attributes;
  AeImagePlanes planes; /* one picture */
  int batch;

  AeImage format; /* bound; width 0: none */
  AeScaling in, out, own; /* to the model's size, back, and none */
  int width;              /* of the widest row */
  void *scratch;
};

static AeStatus
measure_spread (AeSampler *s, AeError *err)
{
  s->spread = ae_calloc ((size_t) s->found.latent, sizeof *s->spread);
  return s->spread ? ae_prior_spread (&s->prior, s->spread, err)
                   : ae_fail (err, AE_ERROR_MEMORY, "no memory for a sampler");
}

static AeStatus
set_up (AeSampler *s, bool normal, AeError *err)
{
  AeStatus status = ae_generator_model_learn (&s->found, s->model, err);
  if (status == AE_OK)
    status = ae_generator_model_decoder (
        &s->decoder, &s->found, s->model, s->batch, &s->options, err);
  if (status == AE_OK)
    status
        = ae_prior_read (&s->prior, s->model, s->found.latent, normal, err);
  if (status == AE_OK)
    status = ae_class_shares_read (
        &s->shares, s->model, s->found.classes, err);
  if (status == AE_OK)
    status = measure_spread (s, err);
  if (status == AE_OK)
    status = ae_attributes_read (
        &s->attributes, s->model, s->found.latent, err);
  if (status != AE_OK)
    return status;
  const int64_t *dim = ae_session_output (s->decoder, 0)->shape.dim;
  s->planes = (AeImagePlanes){ .channels = (int) dim[1], .h = (int) dim[2],
    .w = (int) dim[3], .used_h = (int) dim[2], .used_w = (int) dim[3],
    .gain = { 1, 1, 1 } };
  return AE_OK;
}

AeStatus
ae_sampler_new (AeSampler **out, AeModel *model,
    const AeSamplerOptions *options, AeError *err)
{
  AeSamplerOptions o = options ? *options : (AeSamplerOptions){ 0 };
  *out = NULL;
  if (o.batch < 0 || o.batch > MOST_BATCH)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "batches of %d pictures, wanted 1 to %d", o.batch, MOST_BATCH);
  AeSampler *s = ae_calloc (1, sizeof *s);
  if (!s)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a sampler");
  s->model = ae_model_ref (model);
  s->batch = o.batch ? o.batch : 1;
  s->options = (AeSessionOptions){
    .n_threads = o.n_threads, .precision = o.precision };
  AeStatus status = set_up (s, o.normal_prior, err);
  if (status != AE_OK)
    ae_sampler_free (&s);
  *out = s;
  return status;
}

static void
unbind (AeSampler *s)
{
  ae_scaling_clear (&s->in);
  ae_scaling_clear (&s->out);
  ae_scaling_clear (&s->own);
  ae_free (s->scratch);
  s->scratch = NULL;
  s->format = (AeImage){ 0 };
}

void
ae_sampler_free (AeSampler **sampler)
{
  AeSampler *s = *sampler;
  if (!s)
    return;
  unbind (s);
  ae_session_free (&s->decoder);
  ae_session_free (&s->encoder);
  ae_prior_clear (&s->prior);
  ae_class_shares_clear (&s->shares);
  ae_free (s->spread);
  ae_attributes_clear (&s->attributes);
  ae_model_unref (&s->model);
  ae_free (s);
  *sampler = NULL;
}

AeSamplerFacts
ae_sampler_facts (const AeSampler *s)
{
  return (AeSamplerFacts){ .width = s->planes.w,
    .height = s->planes.h,
    .channels = s->planes.channels,
    .latent = s->found.latent,
    .classes = s->found.classes,
    .clusters = s->found.clusters,
    .batch = s->batch,
    .encodes = s->found.encodes,
    .variational = s->found.variational,
    .attributes = s->attributes.n };
}

/* Codes. */

/* Neighbouring numbers give streams that have nothing in common: seeding
 * spreads every bit. */
static void
start_draw (AeRng *rng, uint64_t seed, uint64_t index)
{
  ae_rng_seed (rng, seed);
  ae_rng_seed (rng, ae_rng_next (rng) ^ index);
}

void
ae_sampler_draw (const AeSampler *s, uint64_t seed, uint64_t index,
    float temperature, float *code, int *label)
{
  AeRng rng;
  start_draw (&rng, seed, index);
  int any = ae_class_shares_draw (&s->shares, &rng);
  if (label)
    *label = any;
  ae_prior_draw (&s->prior, &rng, temperature, code);
}

void
ae_sampler_draw_around (const AeSampler *s, uint64_t seed, uint64_t index,
    const float *mean, const float *deviation, float temperature, float *code)
{
  AeRng rng;
  start_draw (&rng, seed, index);
  for (int i = 0; i < s->found.latent; i++)
    code[i] = mean[i] + temperature * deviation[i] * ae_rng_normal (&rng);
}

void
ae_sampler_spread (const AeSampler *s, float *deviation)
{
  memcpy (deviation, s->spread, (size_t) s->found.latent * sizeof *deviation);
}

static double
dot (const float *a, const float *b, int n)
{
  double sum = 0;
  for (int i = 0; i < n; i++)
    sum += (double) a[i] * (double) b[i];
  return sum;
}

/* Shoemake, "Animating rotation with quaternion curves", 1985; lengths change
 * evenly. What points the same way, or the opposite one, has no arc. */
void
ae_sampler_between (const AeSampler *s, const float *from, const float *to,
    float share, float *code)
{
  int n = s->found.latent;
  double a = sqrt (dot (from, from, n)), b = sqrt (dot (to, to, n));
  double t = (double) share, first = 1 - t, second = t;
  double cosine = a > 0 && b > 0 ? dot (from, to, n) / (a * b) : 1;
  if (fabs (cosine) < 0.9995) {
    double angle = acos (cosine), length = a + t * (b - a);
    first = sin ((1 - t) * angle) / sin (angle) * length / a;
    second = sin (t * angle) / sin (angle) * length / b;
  }
  for (int i = 0; i < n; i++)
    code[i] = (float) (first * (double) from[i] + second * (double) to[i]);
}

const char *
ae_sampler_attribute (const AeSampler *s, size_t index)
{
  return s->attributes.name[index];
}

int
ae_sampler_find_attribute (const AeSampler *s, const char *name)
{
  return ae_attributes_find (&s->attributes, name);
}

void
ae_sampler_shift (
    const AeSampler *s, size_t attribute, float amount, float *code)
{
  ae_attributes_shift (&s->attributes, s->spread, attribute, amount, code);
}

/* Pictures. */

static void
fill_classes (AeTensor *to, const int *labels, size_t n)
{
  float *x = to->data;
  size_t classes = (size_t) to->shape.dim[1];
  memset (x, 0, ae_tensor_bytes (to));
  for (size_t i = 0; labels && i < n; i++)
    if (labels[i] >= 0 && (size_t) labels[i] < classes)
      x[i * classes + (size_t) labels[i]] = 1;
}

void
ae_sampler_decode (AeSampler *s, const float *codes, const int *labels,
    size_t n, float *pictures)
{
  AeTensor *input = ae_session_input (s->decoder, 0);
  size_t used = n * (size_t) s->found.latent * sizeof *codes;
  memcpy (input->data, codes, used);
  memset ((char *) input->data + used, 0, ae_tensor_bytes (input) - used);
  if (s->found.class_name)
    fill_classes (ae_session_input (s->decoder, 1), labels, n);
  ae_session_run (s->decoder);
  const AeTensor *made = ae_session_output (s->decoder, 0);
  const float *x = made->data;
  size_t values = n * (ae_shape_count (&made->shape) / (size_t) s->batch);
  float gain = s->found.gain, offset = s->found.offset;
  for (size_t i = 0; i < values; i++) {
    float value = (x[i] - offset) / gain;
    pictures[i] = value > 0 ? fminf (value, 1) : 0;
  }
}

static AeStatus
open_encoder (AeSampler *s, AeError *err)
{
  const AeImagePlanes *p = &s->planes;
  if (s->encoder || !s->found.encodes)
    return AE_OK;
  return ae_generator_model_encoder (&s->encoder, &s->found, s->model,
      ae_shape (4, 1, p->channels, p->h, p->w), &s->options, err);
}

AeStatus
ae_sampler_bind (AeSampler *s, const AeImage *format, AeError *err)
{
  const AeImagePlanes *p = &s->planes;
  unbind (s);
  AeStatus status = ae_image_check (format, err);
  if (status == AE_OK)
    status = open_encoder (s, err);
  if (status != AE_OK)
    return status;
  int h = format->height, w = format->width;
  s->width = w > p->w ? w : p->w;
  s->scratch = ae_alloc (ae_image_scratch_size (
      s->width, ae_pool_threads (s->options.n_threads)));
  if (!s->scratch || !ae_scaling_make (&s->in, h, w, p->h, p->w)
      || !ae_scaling_make (&s->out, p->h, p->w, h, w)
      || !ae_scaling_make (&s->own, h, w, h, w)) {
    unbind (s);
    return ae_fail (err, AE_ERROR_MEMORY,
        "no memory to scale pictures of %d x %d", w, h);
  }
  s->format = *format;
  return AE_OK;
}

static AeImageWork
work_with (const AeSampler *s, const AeScaling *scaling)
{
  return (AeImageWork){ .scaling = scaling,
    .width = s->width,
    .n_threads = ae_pool_threads (s->options.n_threads),
    .scratch = s->scratch };
}

static AeStatus
check_encode (const AeSampler *s, int label, AeError *err)
{
  if (!s->found.encodes)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "the model makes no codes of pictures, wanted one of task autoencoder");
  if (s->format.width == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT, "no format of pictures is bound");
  if (s->found.classes > 0 && (label < 0 || label >= s->found.classes))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "the label %d, wanted 0 to %d: the model is told what pictures show",
        label, s->found.classes - 1);
  return AE_OK;
}

/* False: one of them is no number. */
static bool
take_code (const AeSession *session, size_t output, int n, float *to)
{
  bool finite = true;
  memcpy (to, ae_session_output (session, output)->data,
      (size_t) n * sizeof *to);
  for (int i = 0; i < n; i++)
    finite = finite && isfinite (to[i]);
  return finite;
}

AeStatus
ae_sampler_encode (AeSampler *s, const AeImage *picture, int label,
    float *mean, float *deviation, AeError *err)
{
  int n = s->found.latent;
  AeStatus status = check_encode (s, label, err);
  if (status != AE_OK)
    return status;
  ae_image_load (picture, &s->planes, ae_session_input (s->encoder, 0)->data,
      work_with (s, &s->in));
  if (s->found.class_name)
    fill_classes (ae_session_input (s->encoder, 1), &label, 1);
  ae_session_run (s->encoder);
  bool good = take_code (s->encoder, 0, n, mean);
  if (deviation && s->found.variational)
    good = take_code (s->encoder, 1, n, deviation) && good;
  else if (deviation)
    memset (deviation, 0, (size_t) n * sizeof *deviation);
  return good ? AE_OK
              : ae_fail (err, AE_ERROR_NUMERIC,
                    "the model's code of a picture has numbers that are "
                    "infinite or undefined");
}

void
ae_sampler_paint (AeSampler *s, const float *picture, const AeImage *like,
    const AeImage *out)
{
  ae_image_store (out, &s->planes, picture, work_with (s, &s->out), like,
      &s->own);
}
