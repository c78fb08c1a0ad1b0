/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/codec_contexts.h"

#include <ae/trainer.h>

#include "train/codec_density.h"
#include "util/mem.h"
#include "util/rng.h"

#include <string.h>

#define BATCH 4
#define MOST_ROWS 10 /* of a crop, in places */
#define MOST_COLUMNS 16
#define LEARNING_RATE 0.002f

AeStatus
ae_context_samples_add (AeContextSamples *s, const AeLatents *latents,
    float level, AeError *err)
{
  size_t places = (size_t) latents->rows * latents->columns;
  size_t n = places * latents->channels;
  AeContextSample one = { .channels = latents->channels,
    .rows = latents->rows,
    .columns = latents->columns,
    .level = level };
  one.values = ae_alloc (n * sizeof *one.values);
  one.groups = ae_alloc (places);
  if (one.values && one.groups && s->n == s->room) {
    size_t room = 2 * s->room + 64;
    AeContextSample *grown
        = ae_realloc (s->sample, s->room, room, sizeof *grown);
    s->sample = grown ? grown : s->sample;
    s->room = grown ? room : s->room;
  }
  if (!one.values || !one.groups || s->n == s->room) {
    ae_free (one.values);
    ae_free (one.groups);
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for latents");
  }
  memcpy (one.values, latents->values, n * sizeof *one.values);
  memset (one.groups, 255, places);
  if (latents->groups)
    memcpy (one.groups, latents->groups, places);
  s->sample[s->n++] = one;
  return AE_OK;
}

void
ae_context_samples_clear (AeContextSamples *s)
{
  for (size_t i = 0; i < s->n; i++) {
    ae_free (s->sample[i].values);
    ae_free (s->sample[i].groups);
  }
  ae_free (s->sample);
  *s = (AeContextSamples){ NULL };
}

/* Crops of samples, all of one size. */
typedef struct {
  const AeContextSamples *samples;
  int channels, rows, columns;
  AeRng rng;
  AeTrainer *trainer;
} Fit;

static int
at_most (int x, int most)
{
  return x < most ? x : most;
}

static void
set_size (Fit *f)
{
  f->rows = MOST_ROWS;
  f->columns = MOST_COLUMNS;
  for (size_t i = 0; i < f->samples->n; i++) {
    f->rows = at_most (f->samples->sample[i].rows, f->rows);
    f->columns = at_most (f->samples->sample[i].columns, f->columns);
  }
}

/* latents (N,C,h,w), level, mask (N,C,h,w) of what is coded -> root_bits */
static AeStatus
build_net (AeModel **net, const AeContextWeights *w, AeError *err)
{
  AeBuilder b;
  AeDensityShape shape = { w->channels, w->core, "context" };
  ae_builder_start (&b, 1);
  int latents = ae_build_input (
      &b, "latents", ae_shape (4, -1, w->channels, -1, -1));
  int level = ae_build_input (&b, "level", ae_shape (4, -1, 1, 1, 1));
  int mask = ae_build_input (&b, "mask", ae_shape (4, -1, w->channels, -1, -1));
  int bits = ae_build_density (&b, &shape, latents, latents, level);
  ae_build_output (
      &b, ae_build_binary (&b, "Mul", bits, mask), "root_bits");
  if (b.error.status == AE_OK)
    ae_density_start (ae_model_edit (b.model), &shape, w);
  return ae_builder_end (&b, net, err);
}

static AeStatus
open_trainer (Fit *f, const AeContextWeights *w, int steps, int n_threads,
    uint64_t seed, AeError *err)
{
  AeTrainerOptions o = { .learning_rate = LEARNING_RATE,
    .schedule = AE_SCHEDULE_COSINE,
    .total_steps = steps,
    .warmup_steps = steps / 20,
    .clip_norm = 1,
    .n_threads = n_threads,
    .seed = seed };
  AeTensor in[3] = {
    { .type = AE_F32,
        .shape = ae_shape (4, BATCH, f->channels, f->rows, f->columns) },
    { .type = AE_F32, .shape = ae_shape (4, BATCH, 1, 1, 1) },
    { .type = AE_F32, .shape = ae_shape (4, BATCH, f->channels, f->rows, f->columns) },
  };
  AeModel *net = NULL;
  AeStatus status = build_net (&net, w, err);
  if (status == AE_OK)
    status = ae_trainer_new (&f->trainer, net, &o, err);
  if (status == AE_OK)
    status = ae_trainer_bind (f->trainer, in, 3, err);
  if (status == AE_OK) {
    AeTensor *target = ae_trainer_target (f->trainer, 0);
    memset (target->data, 0,
        ae_shape_count (&target->shape) * sizeof (float));
  }
  ae_model_unref (&net);
  return status;
}

static int
below (AeRng *rng, int n)
{
  return at_most ((int) (ae_rng_uniform (rng) * (float) n), n - 1);
}

static void
fill_crop (Fit *f, float *latents, float *level, float *mask)
{
  const AeContextSample *s
      = &f->samples->sample[below (&f->rng, (int) f->samples->n)];
  int y0 = below (&f->rng, s->rows - f->rows + 1);
  int x0 = below (&f->rng, s->columns - f->columns + 1);
  *level = s->level;
  for (int c = 0; c < f->channels; c++)
    for (int y = 0; y < f->rows; y++) {
      size_t at = (size_t) (y0 + y) * s->columns + x0;
      const int16_t *row = s->values + (size_t) c * s->rows * s->columns + at;
      for (int x = 0; x < f->columns; x++) {
        *latents++ = row[x];
        *mask++ = s->groups[at + x] > c / AE_GROUP;
      }
    }
}

static AeStatus
take_step (Fit *f, AeError *err)
{
  size_t values = (size_t) f->channels * f->rows * f->columns;
  float *in[3];
  for (size_t i = 0; i < 3; i++)
    in[i] = ae_trainer_input (f->trainer, i)->data;
  for (size_t i = 0; i < BATCH; i++)
    fill_crop (f, in[0] + i * values, in[1] + i, in[2] + i * values);
  AeStatus status = ae_trainer_step (f->trainer, NULL, err);
  return status == AE_ERROR_NUMERIC ? AE_OK : status; /* it was skipped */
}

AeStatus
ae_context_weights_fit (AeContextWeights *w, const AeContextSamples *samples,
    int steps, int n_threads, uint64_t seed, const atomic_bool *cancel,
    AeError *err)
{
  Fit f = { .samples = samples, .channels = w->channels };
  AeDensityShape shape = { w->channels, w->core, "context" };
  AeModel *trained = NULL;
  AeContextWeights found = { 0 };
  if (samples->n == 0)
    return AE_OK;
  set_size (&f);
  ae_rng_seed (&f.rng, seed);
  AeStatus status = open_trainer (&f, w, steps, n_threads, seed, err);
  for (int i = 0; status == AE_OK && i < steps; i++)
    status = cancel && atomic_load (cancel)
        ? ae_fail (err, AE_ERROR_CANCELLED, "fitting was cancelled")
        : take_step (&f, err);
  if (status == AE_OK)
    status = ae_trainer_model (f.trainer, false, NULL, 0, &trained, err);
  if (status == AE_OK)
    status = ae_density_weights (&found, &shape, trained, err);
  if (status == AE_OK) {
    memcpy (found.vectors + AE_WEIGHT_SET * (size_t) w->channels,
        w->vectors + AE_WEIGHT_SET * (size_t) w->channels,
        (size_t) w->channels * sizeof *w->vectors);
    ae_context_weights_clear (w);
    *w = found;
  }
  ae_model_unref (&trained);
  ae_trainer_free (&f.trainer);
  return status;
}
