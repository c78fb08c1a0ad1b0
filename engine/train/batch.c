/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/batch.h"

#include "train/nets.h"
#include "train/recipe.h"
#include "util/mem.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

typedef enum { IDLE = 0, MAKING, READY, EMPTY, QUIT } State;

typedef struct {
  AeSequence sequence;
  AeNoise noise;
  AeRng rng; /* of this sequence */
} Source;

struct AeBatchMaker {
  AeReservoir *reservoir;
  AeSequenceOptions sequence_options;
  AeNoiseOptions noise_options;
  float warm_probability;
  AeRng rng;
  AeBatch batch;
  Source *sources;
  AeCrop clean, noisy;
  float *memory; /* all planes and scratch */
  float *scratch;

  pthread_t thread;
  bool has_thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  State state; /* under the lock */
};

void
ae_batch_pack (const AeCrop *crop, int size, float *frame6)
{
  int half = size / 2;
  size_t plane = (size_t) half * half;
  for (int y = 0; y < size; y++) {
    const float *row = crop->plane[0] + (size_t) y * size;
    float *even = frame6 + (size_t) (2 * (y & 1)) * plane
        + (size_t) (y / 2) * half;
    for (int x = 0; x < half; x++) {
      even[x] = row[2 * x];
      even[plane + x] = row[2 * x + 1];
    }
  }
  memcpy (frame6 + 4 * plane, crop->plane[1], plane * sizeof *frame6);
  memcpy (frame6 + 5 * plane, crop->plane[2], plane * sizeof *frame6);
}

/* past = clean + (noisy - clean) / sqrt (frames): the mean of that many noisy
 * frames of a scene that stood still. */
static void
make_past (AeBatchMaker *m, int index)
{
  Source *source = &m->sources[index];
  AeBatchSlot *slot = &m->batch.slot[index];
  int patch = m->sequence_options.patch;
  size_t plane = (size_t) m->batch.h * m->batch.w;
  slot->past_count
      = 1 + (float) ae_rng_below (&source->rng, AE_DENOISE_MAX_COUNT);
  ae_noise_apply (&source->noise, &m->clean, patch, &source->rng, &m->noisy,
      m->batch.noise + 2 * plane * index, m->scratch);
  float share = 1 / sqrtf (slot->past_count);
  size_t luma = (size_t) patch * patch;
  for (int i = 0; i < 3; i++)
    for (size_t k = 0; k < (i ? luma / 4 : luma); k++)
      m->noisy.plane[i][k] = m->clean.plane[i][k]
          + share * (m->noisy.plane[i][k] - m->clean.plane[i][k]);
  ae_batch_pack (&m->noisy, patch, m->batch.past + 6 * plane * index);
  slot->warm = true;
}

/* Draws a new sequence and makes its first clean frame (after the past one,
 * when it starts warm). */
static bool
start_slot (AeBatchMaker *m, int index)
{
  Source *source = &m->sources[index];
  const AeSequenceOptions *o = &m->sequence_options;
  ae_rng_seed (&source->rng, ae_rng_next (&m->rng));
  if (!ae_sequence_start (&source->sequence, o, m->reservoir, &source->rng))
    return false;
  source->noise = ae_noise_draw (
      &m->noise_options, source->sequence.grey, &source->rng);
  AeBatchSlot *slot = &m->batch.slot[index];
  *slot = (AeBatchSlot){ .first = true };
  bool warm = source->sequence.length > 1
      && ae_rng_uniform (&source->rng) < m->warm_probability;
  if (!ae_sequence_frame (
          &source->sequence, o, m->reservoir, &m->clean, m->scratch))
    return false;
  if (!warm)
    return true;
  make_past (m, index);
  if (ae_sequence_frame (
          &source->sequence, o, m->reservoir, &m->clean, m->scratch))
    return true;
  /* a real shot of one frame: that one is shown without a past */
  slot->warm = false;
  return true;
}

static bool
make_slot (AeBatchMaker *m, int index)
{
  Source *source = &m->sources[index];
  AeBatch *b = &m->batch;
  size_t plane = (size_t) b->h * b->w;
  b->slot[index] = (AeBatchSlot){ 0 };
  if (!ae_sequence_frame (&source->sequence, &m->sequence_options,
          m->reservoir, &m->clean, m->scratch)
      && !start_slot (m, index))
    return false;
  int patch = m->sequence_options.patch;
  b->slot[index].luma_sigma
      = ae_noise_apply (&source->noise, &m->clean, patch, &source->rng,
          &m->noisy, b->noise + 2 * plane * index, m->scratch);
  ae_batch_pack (&m->noisy, patch, b->frame + 6 * plane * index);
  ae_batch_pack (&m->clean, patch, b->target + 6 * plane * index);
  return true;
}

static bool
make_batch (AeBatchMaker *m)
{
  for (int i = 0; i < m->batch.n; i++)
    if (!make_slot (m, i))
      return false;
  return true;
}

static void *
maker_main (void *arg)
{
  AeBatchMaker *m = arg;
  pthread_mutex_lock (&m->lock);
  while (m->state != QUIT) {
    if (m->state != MAKING) {
      pthread_cond_wait (&m->changed, &m->lock);
      continue;
    }
    pthread_mutex_unlock (&m->lock);
    bool made = make_batch (m);
    pthread_mutex_lock (&m->lock);
    if (m->state == MAKING)
      m->state = made ? READY : EMPTY;
    pthread_cond_broadcast (&m->changed);
  }
  pthread_mutex_unlock (&m->lock);
  return NULL;
}

static bool
allocate (AeBatchMaker *m, int n, int patch)
{
  size_t luma = (size_t) patch * patch, plane = luma / 4, count = (size_t) n;
  AeBatch *b = &m->batch;
  *b = (AeBatch){ .n = n, .h = patch / 2, .w = patch / 2 };
  m->memory = ae_calloc (count * plane * (6 + 6 + 6 + 2) + 3 * luma
          + ae_noise_scratch_floats (patch),
      sizeof (float));
  m->sources = ae_calloc (count, sizeof *m->sources);
  b->slot = ae_calloc (count, sizeof *b->slot);
  if (!m->memory || !m->sources || !b->slot)
    return false;
  float *at = m->memory;
  b->frame = at;
  b->target = (at += 6 * plane * count);
  b->past = (at += 6 * plane * count);
  b->noise = (at += 6 * plane * count);
  at += 2 * plane * count;
  m->clean = (AeCrop){ { at, at + luma, at + luma + plane } };
  at += luma + 2 * plane;
  m->noisy = (AeCrop){ { at, at + luma, at + luma + plane } };
  m->scratch = at + luma + 2 * plane;
  return true;
}

AeStatus
ae_batch_maker_new (AeBatchMaker **out, const AeRecipe *recipe,
    AeReservoir *reservoir, AeError *err)
{
  *out = NULL;
  AeSequenceOptions options = ae_sequence_options (recipe);
  int n = (int) ae_recipe_number_of (recipe, "training", "batch");
  if (options.patch % 8 != 0)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[training] patch is %d, wanted a multiple of 8", options.patch);
  AeBatchMaker *m = ae_calloc (1, sizeof *m);
  if (!m)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for batches");
  pthread_mutex_init (&m->lock, NULL);
  pthread_cond_init (&m->changed, NULL);
  m->reservoir = reservoir;
  m->sequence_options = options;
  m->noise_options = ae_noise_options (recipe);
  m->warm_probability = (float) ae_recipe_number_of (
      recipe, "motion", "warm_start_probability");
  m->has_thread = allocate (m, n, options.patch)
      && pthread_create (&m->thread, NULL, maker_main, m) == 0;
  if (!m->has_thread) {
    ae_batch_maker_free (&m);
    return ae_fail (err, AE_ERROR_MEMORY,
        "no memory or thread for batches of %d patches of %d", n,
        options.patch);
  }
  *out = m;
  return AE_OK;
}

static void
set_state (AeBatchMaker *m, State state)
{
  pthread_mutex_lock (&m->lock);
  m->state = state;
  pthread_cond_broadcast (&m->changed);
  pthread_mutex_unlock (&m->lock);
}

/* Waits until the thread is not at work and tells how it ended. */
static State
wait_until_made (AeBatchMaker *m)
{
  pthread_mutex_lock (&m->lock);
  while (m->state == MAKING)
    pthread_cond_wait (&m->changed, &m->lock);
  State state = m->state;
  pthread_mutex_unlock (&m->lock);
  return state;
}

void
ae_batch_maker_free (AeBatchMaker **maker)
{
  AeBatchMaker *m = *maker;
  *maker = NULL;
  if (!m)
    return;
  if (m->has_thread) {
    set_state (m, QUIT);
    pthread_join (m->thread, NULL);
  }
  for (int i = 0; m->sources && i < m->batch.n; i++)
    ae_sequence_clear (&m->sources[i].sequence);
  ae_free (m->sources);
  ae_free (m->batch.slot);
  ae_free (m->memory);
  pthread_cond_destroy (&m->changed);
  pthread_mutex_destroy (&m->lock);
  ae_free (m);
}

void
ae_batch_maker_restart (AeBatchMaker *maker, uint64_t seed)
{
  wait_until_made (maker);
  ae_rng_seed (&maker->rng, seed);
  for (int i = 0; i < maker->batch.n; i++)
    ae_sequence_clear (&maker->sources[i].sequence);
  set_state (maker, IDLE);
}

const AeBatch *
ae_batch_maker_take (AeBatchMaker *maker)
{
  State state = wait_until_made (maker);
  if (state != READY) {
    set_state (maker, MAKING);
    state = wait_until_made (maker);
  }
  return state == READY ? &maker->batch : NULL;
}

void
ae_batch_maker_begin (AeBatchMaker *maker)
{
  set_state (maker, MAKING);
}
