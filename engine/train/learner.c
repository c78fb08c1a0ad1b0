/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/learner.h"

#include "train/optimiser.h"
#include "train/schedule.h"
#include "util/fpenv.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* A gradient longer than this has overflowed in all but name: squares of its
 * elements would be infinite in the optimiser's state. */
#define LARGEST_NORM 1e18

void
ae_learner_defaults (AeTrainerOptions *o)
{
  struct {
    float *value, fallback;
  } defaults[] = {
    { &o->loss_epsilon, 1e-3f },
    { &o->learning_rate, 1e-3f },
    { &o->epsilon, 1e-8f },
  };
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
    if (*defaults[i].value == 0)
      *defaults[i].value = defaults[i].fallback;
  if (o->optimiser == AE_OPTIMISER_MUON && o->momentum == 0)
    o->momentum = 0.95f;
  if (o->final_learning_rate == 0)
    o->final_learning_rate = o->learning_rate / 100;
}

static AeStatus
check_options (const AeTrainerOptions *o, AeError *err)
{
  const struct {
    const char *name;
    float value, low, high; /* low <= value <= high */
  } ranges[] = {
    { "loss_epsilon", o->loss_epsilon, 1e-8f, 1e3f },
    { "learning_rate", o->learning_rate, 0, 1e3f },
    { "final_learning_rate", o->final_learning_rate, 0, 1e3f },
    { "beta1", o->beta1, 0, 0.99999f },
    { "beta2", o->beta2, 0, 0.9999999f },
    { "epsilon", o->epsilon, 1e-30f, 1 },
    { "momentum", o->momentum, 0, 0.99999f },
    { "weight_decay", o->weight_decay, 0, 1e3f },
    { "clip_norm", o->clip_norm, 0, 1e30f },
    { "ema_decay", o->ema_decay, 0, 0.9999999f },
  };
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (!(ranges[i].value >= ranges[i].low
            && ranges[i].value <= ranges[i].high))
      return ae_fail (err, AE_ERROR_ARGUMENT, "%s is %g, wanted %g to %g",
          ranges[i].name, ranges[i].value, ranges[i].low, ranges[i].high);
  if ((unsigned) o->loss > AE_LOSS_BINARY_CROSS_ENTROPY
      || (unsigned) o->optimiser > AE_OPTIMISER_MUON
      || (unsigned) o->schedule > AE_SCHEDULE_STEP)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "unknown loss %d, optimiser %d or schedule %d", o->loss, o->optimiser,
        o->schedule);
  return AE_OK;
}

/* Says which parameters there are: names, shapes and places. */
static uint64_t
hash_structure (const AeTape *tape)
{
  XXH3_state_t state;
  XXH3_64bits_reset (&state);
  for (size_t i = 0; i < ae_tape_n_params (tape); i++) {
    const AeParam *param = ae_tape_param (tape, i);
    uint64_t offset = param->offset, rank = (uint64_t) param->shape.rank;
    XXH3_64bits_update (&state, param->name, strlen (param->name) + 1);
    XXH3_64bits_update (&state, &offset, sizeof offset);
    XXH3_64bits_update (&state, &rank, sizeof rank);
    XXH3_64bits_update (
        &state, param->shape.dim, rank * sizeof param->shape.dim[0]);
  }
  return XXH3_64bits_digest (&state);
}

static AeStatus
allocate_state (AeLearner *l, AeError *err)
{
  l->n = ae_tape_n_elements (l->tape);
  l->m = ae_calloc (l->n, sizeof (float));
  l->norm_scratch
      = ae_calloc (ae_optimiser_norm_scratch (l->n), sizeof (double));
  bool ok = l->m && l->norm_scratch;
  if (l->options.optimiser != AE_OPTIMISER_SGD)
    ok = (l->v = ae_calloc (l->n, sizeof (float))) && ok;
  if (l->options.ema_decay > 0)
    ok = (l->ema = ae_calloc (l->n, sizeof (float))) && ok;
  if (l->options.optimiser == AE_OPTIMISER_MUON)
    ok = (l->muon = ae_muon_new (l->tape)) && ok;
  if (!ok)
    return ae_fail (err, AE_ERROR_MEMORY,
        "no memory to train %zu parameters", l->n);
  return AE_OK;
}

AeStatus
ae_learner_new (AeLearner **out, AeModel *model,
    const AeTrainerOptions *options, float spectral_limit, AeError *err)
{
  *out = NULL;
  AeStatus status = check_options (options, err);
  if (status != AE_OK)
    return status;
  AeLearner *l = ae_calloc (1, sizeof *l);
  if (!l)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  l->options = *options;
  l->n_threads = ae_pool_threads (options->n_threads);
  l->pool = ae_pool_shared ();
  status = ae_tape_new (
      &l->tape, model, l->n_threads, options->precision, err);
  if (status == AE_OK)
    status = allocate_state (l, err);
  if (status == AE_OK && spectral_limit > 0)
    status = ae_spectral_norm_new (
        &l->norm, l->tape, model, spectral_limit, err);
  if (status != AE_OK) {
    ae_learner_free (&l);
    return status;
  }
  if (l->ema)
    memcpy (l->ema, ae_tape_params (l->tape), l->n * sizeof (float));
  l->structure = hash_structure (l->tape);
  *out = l;
  return AE_OK;
}

void
ae_learner_free (AeLearner **learner)
{
  AeLearner *l = *learner;
  *learner = NULL;
  if (!l)
    return;
  ae_spectral_norm_free (&l->norm);
  ae_muon_free (&l->muon);
  ae_tape_free (&l->tape);
  ae_free (l->m);
  ae_free (l->v);
  ae_free (l->ema);
  ae_free (l->norm_scratch);
  ae_free (l);
}

double
ae_learner_grad_norm (AeLearner *l)
{
  return ae_optimiser_norm (ae_tape_grads (l->tape), l->n, l->norm_scratch,
      l->pool, l->n_threads);
}

bool
ae_learner_norm_is_good (double norm)
{
  return norm < LARGEST_NORM;
}

void
ae_learner_zero_grads (AeLearner *l)
{
  memset (ae_tape_grads (l->tape), 0, l->n * sizeof (float));
}

float
ae_learner_rate (const AeLearner *l)
{
  return ae_schedule_rate (&l->options, l->step);
}

void
ae_learner_apply (AeLearner *l, double norm)
{
  const AeTrainerOptions *o = &l->options;
  float length = (float) norm;
  bool clip = o->clip_norm > 0 && length > o->clip_norm;
  AeOptimiserStep step = { .kind = o->optimiser,
    .rate = ae_learner_rate (l),
    .beta1 = o->beta1,
    .beta2 = o->beta2,
    .epsilon = o->epsilon,
    .momentum = o->momentum,
    .weight_decay = o->weight_decay,
    .grad_scale = clip ? o->clip_norm / length : 1,
    .ema_decay = ae_schedule_ema_decay (o->ema_decay, l->step),
    .step = l->step + 1 };
  AeOptimiserBlocks blocks = { l->n, ae_tape_params (l->tape),
    ae_tape_grads (l->tape), l->m, l->v, l->ema };
  /* bounded weights are averaged as they are, not as they were before */
  blocks.ema = l->norm ? NULL : l->ema;
  /* momenta of weights without a gradient fade until they are subnormal */
  unsigned mode = ae_fpenv_enter ();
  if (l->muon)
    ae_muon_step (l->muon, &step, &blocks, l->pool, l->n_threads);
  else
    ae_optimiser_step (&step, &blocks, l->pool, l->n_threads);
  if (l->norm) {
    ae_spectral_norm_apply (
        l->norm, blocks.params, l->pool, l->n_threads);
    blocks.ema = l->ema;
    ae_optimiser_average (&step, &blocks, l->pool, l->n_threads);
  }
  ae_fpenv_leave (mode);
  l->step++;
}

uint64_t
ae_learner_seed (uint64_t seed, int64_t step)
{
  AeRng rng;
  ae_rng_seed (&rng, seed ^ (uint64_t) step * 0x9e3779b97f4a7c15u);
  return ae_rng_next (&rng);
}

void
ae_learner_swap_average (AeLearner *l)
{
  float *params = ae_tape_params (l->tape);
  if (!l->ema)
    return;
  for (size_t i = 0; i < l->n; i++) {
    float keep = params[i];
    params[i] = l->ema[i];
    l->ema[i] = keep;
  }
}

AeStatus
ae_learner_model (AeLearner *l, bool averaged, const char *const *meta,
    size_t n_meta, AeModel **out, AeError *err)
{
  return ae_tape_export (
      l->tape, averaged ? l->ema : NULL, meta, n_meta, out, err);
}

static void
add_block (AeCheckpoint *c, float *block, size_t n)
{
  if (!block)
    return;
  c->block_elements[c->n_blocks] = n;
  c->block[c->n_blocks++] = block;
}

void
ae_learner_add_blocks (AeLearner *l, AeCheckpoint *c)
{
  if (c->n_blocks == 0)
    c->n_elements = l->n;
  add_block (c, ae_tape_params (l->tape), l->n);
  add_block (c, l->m, l->n);
  add_block (c, l->v, l->n);
  add_block (c, l->ema, l->n);
  if (l->norm)
    add_block (c, ae_spectral_norm_state (l->norm),
        ae_spectral_norm_n_state (l->norm));
  /* an average without second moment is not a second moment */
  c->structure = c->structure * 0x9e3779b97f4a7c15u + l->structure
      + (uint64_t) (l->v != NULL) + 2 * (uint64_t) (l->ema != NULL)
      + 4 * (uint64_t) (l->norm != NULL);
}
