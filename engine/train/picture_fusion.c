/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/picture_fusion.h"

#include <ae/roc.h>

#include "detect/grey.h"
#include "detect/patches.h"
#include "train/odd_pictures.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define ODD_OF_KIND 30 /* pictures of each kind of defect */
#define TRIALS 6
#define NEARLY 0.005 /* of the area under the curve */
static const float trials[TRIALS] = { 0, 0.1f, 0.25f, 0.5f, 1, 2 };

/* Scores of a picture; kind: 0 good, 1 + AeOddPicture. */
typedef struct {
  float score[AE_N_CHANNELS];
  int kind;
} Scored;

typedef struct {
  AeAnomalyWork *work;
  const AePatchSource *source;
  const AePatchLooks *looks;
  AePatches *patches;
  size_t *held_out; /* pictures that networks have not learned from */
  size_t n_held_out;
  Scored *scored;   /* the good ones first */
  size_t n, n_good;
  float *light, *other, *scratch;
  uint8_t *picture, *labels;
  AeRng rng;
} Fusion;

static size_t
pixels_of (const Fusion *f)
{
  const AeObserverShape *s = &f->work->facts.shape;
  return (size_t) s->width * (size_t) s->height;
}

/* All of them where there are no networks to have learned. */
static void
list_held_out (Fusion *f)
{
  bool all = !f->work->facts.networks;
  for (int round = 0; round < 2 && f->n_held_out == 0; round++, all = true)
    for (size_t i = 0; i < f->source->n; i++)
      if (all || f->source->held_out[i])
        f->held_out[f->n_held_out++] = i;
}

static void
fusion_clear (Fusion *f)
{
  ae_patches_free (&f->patches);
  ae_free (f->held_out);
  ae_free (f->scored);
  ae_free (f->light);
  ae_free (f->other);
  ae_free (f->scratch);
  ae_free (f->picture);
  ae_free (f->labels);
}

static AeStatus
fusion_init (Fusion *f, AeAnomalyWork *w, AeError *err)
{
  size_t pixels = pixels_of (f);
  size_t room = f->source->n + ODD_OF_KIND * AE_N_ODD_PICTURES;
  ae_rng_seed (&f->rng, w->seed + 3);
  f->held_out = ae_calloc (f->source->n, sizeof *f->held_out);
  f->scored = ae_calloc (room, sizeof *f->scored);
  f->labels = ae_calloc (room, 1);
  f->scratch = ae_calloc (room, sizeof *f->scratch);
  f->light = ae_calloc (pixels, sizeof *f->light);
  f->other = ae_calloc (pixels, sizeof *f->other);
  f->picture = ae_calloc (pixels, 1);
  if (!f->held_out || !f->scored || !f->labels || !f->scratch || !f->light
      || !f->other || !f->picture)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu scores", room);
  list_held_out (f);
  return ae_patches_new (&f->patches, w->facts.patches, w->n_threads, err);
}

/* `index`: of the picture that it is or was made of, whose look-alikes it is
 * not compared with. */
static void
score_picture (
    Fusion *f, const uint8_t *picture, size_t index, int kind)
{
  AeAnomalyWork *w = f->work;
  const AePatchFacts *facts = w->facts.patches;
  Scored *to = &f->scored[f->n++];
  AeObservation seen;
  float score = AE_PATCH_NOTHING;
  if (ae_patches_encode (f->patches, picture)) {
    float *map = ae_patches_measure (
        f->patches, f->looks->skip + index * f->looks->n, NULL);
    ae_patches_standardise (facts, map);
    score = ae_patches_picture (facts, map);
  }
  if (w->observer)
    ae_observer_add (w->observer, picture, &seen);
  ae_channels_score_picture (&w->channels, w->observer ? &seen : NULL, score);
  to->kind = kind;
  for (int c = 1; c < AE_N_CHANNELS; c++)
    to->score[c] = ae_channels_picture (&w->channels, (AeChannel) c, NULL);
}

static void
to_light (const uint8_t *picture, size_t n, float *light)
{
  for (size_t i = 0; i < n; i++)
    light[i] = (float) picture[i];
}

static size_t
any_held_out (Fusion *f)
{
  return f->held_out[ae_rng_below (&f->rng, (uint32_t) f->n_held_out)];
}

static void
score_odd (Fusion *f, AeOddPicture kind)
{
  const AeObserverShape *s = &f->work->facts.shape;
  size_t index = any_held_out (f), n = pixels_of (f);
  to_light (f->source->pictures[index], n, f->light);
  to_light (f->source->pictures[any_held_out (f)], n, f->other);
  ae_odd_picture_make (
      f->light, s->width, s->height, f->other, kind, &f->rng);
  for (size_t i = 0; i < n; i++)
    f->picture[i] = (uint8_t) fminf (fmaxf (f->light[i] + 0.5f, 0), 255);
  score_picture (f, f->picture, index, 1 + (int) kind);
}

static AeStatus
score_all (Fusion *f, AeError *err)
{
  for (size_t i = 0; i < f->n_held_out; i++) {
    if (atomic_load (f->work->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "fitting was cancelled");
    size_t index = f->held_out[i];
    score_picture (f, f->source->pictures[index], index, 0);
  }
  f->n_good = f->n;
  int odd = f->work->facts.networks ? ODD_OF_KIND * AE_N_ODD_PICTURES : 0;
  for (int i = 0; i < odd; i++) {
    if (atomic_load (f->work->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "fitting was cancelled");
    score_odd (f, (AeOddPicture) (i % AE_N_ODD_PICTURES));
  }
  return AE_OK;
}

static float
fused_score (const Scored *s, const float weight[AE_N_CHANNELS])
{
  float sum = 0;
  for (int c = 1; c < AE_N_CHANNELS; c++)
    sum += weight[c] * s->score[c];
  return sum;
}

/* Area under the curve, of the good ones and those with any defect: as many of
 * each kind. */
static double
judge (const Fusion *f, const float weight[AE_N_CHANNELS])
{
  AeRoc roc;
  for (size_t i = 0; i < f->n; i++) {
    f->scratch[i] = fused_score (&f->scored[i], weight);
    f->labels[i] = f->scored[i].kind != 0;
  }
  AeStatus status
      = ae_roc_measure (&roc, f->scratch, f->labels, f->n, NULL);
  return status == AE_OK ? roc.area : 0;
}

static void
find_weights (Fusion *f)
{
  float *weight = f->work->facts.weight;
  double area[TRIALS][TRIALS], best = 0;
  float try[AE_N_CHANNELS] = { [AE_CHANNEL_LATENT] = 1 };
  memcpy (weight, try, sizeof try);
  if (!f->work->facts.networks)
    return;
  for (int a = 0; a < TRIALS; a++)
    for (int b = 0; b < TRIALS; b++) {
      try[AE_CHANNEL_DISCRIMINATOR] = trials[a];
      try[AE_CHANNEL_RECONSTRUCTION] = trials[b];
      area[a][b] = judge (f, try);
      best = fmax (best, area[a][b]);
    }
  float least = INFINITY;
  for (int a = 0; a < TRIALS; a++)
    for (int b = 0; b < TRIALS; b++) {
      float sum = trials[a] + trials[b];
      if (area[a][b] < best - NEARLY || sum >= least)
        continue;
      least = sum;
      weight[AE_CHANNEL_DISCRIMINATOR] = trials[a];
      weight[AE_CHANNEL_RECONSTRUCTION] = trials[b];
    }
}

/* Each picture is a run of its own. */
static AeStatus
calibrate (Fusion *f, AeError *err)
{
  AeFacts *facts = &f->work->facts;
  size_t *runs = ae_calloc (f->n_good, sizeof *runs);
  AeStatus status = AE_OK;
  if (!runs)
    return ae_fail (
        err, AE_ERROR_MEMORY, "no memory for %zu scores", f->n_good);
  for (size_t i = 0; i < f->n_good; i++)
    runs[i] = 1;
  for (int c = 0; status == AE_OK && c < AE_N_CHANNELS; c++) {
    for (size_t i = 0; i < f->n_good; i++)
      f->scratch[i] = c == AE_CHANNEL_FUSED
                          ? fused_score (&f->scored[i], facts->weight)
                          : f->scored[i].score[c];
    status = ae_calibration_fit (&facts->calibration[c], f->scratch,
        f->n_good, runs, f->n_good, 1 / facts->frame_rate, err);
  }
  ae_free (runs);
  return status;
}

AeStatus
ae_picture_find_fusion (AeAnomalyWork *w, const AePatchSource *source,
    const AePatchLooks *looks, AeError *err)
{
  Fusion f = { .work = w, .source = source, .looks = looks };
  AeStatus status = fusion_init (&f, w, err);
  if (status == AE_OK)
    status = score_all (&f, err);
  if (status == AE_OK) {
    find_weights (&f);
    status = calibrate (&f, err);
  }
  fusion_clear (&f);
  return status;
}
