/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_fusion.h"

#include <ae/roc.h>

#include "train/anomaly_samples.h"
#include "train/odd_footage.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define SCORES 200000 /* of cells, kept for each channel */
#define MOST_PICTURES 600 /* kept to choose weights, of usual and odd ones */
#define ODD_PER_BLOCK 4   /* of each kind */
#define LEAST_VISIBLE 0.5f
#define OWN (AE_N_CHANNELS - 1) /* channels that are fused */

/* Weights that are tried, of each look: motion's is 1. What is made odd here
 * shows in looks more than what is odd does, so they may add to motion but not
 * replace it. */
#define TRIALS 4
#define N_TRIALS (TRIALS * TRIALS * TRIALS)
static const float trials[TRIALS] = { 0, 0.1f, 0.25f, 0.5f };
#define NEARLY 0.01 /* of the area under the curve */

/* What all cells of some pictures contribute, channel by channel. */
typedef struct {
  float *maps;   /* n x OWN x cells */
  uint8_t *kind; /* 0 usual, 1 + AeOddKind */
  size_t n, n_usual;
} Pictures;

typedef struct {
  AeAnomalyWork *work;
  size_t cells;
  AeSampleRows scores[AE_N_CHANNELS];
  Pictures pictures;
  AeRng rng;
  uint64_t seen;
  /* of the odd footage that is being looked at */
  const AeOddFootage *odd;
} Fusion;

static void
gather_scores (void *context, const AeObservation *seen, bool begins)
{
  (void) begins;
  Fusion *f = context;
  ae_channels_score (&f->work->channels, seen);
  for (int c = 1; c < AE_N_CHANNELS; c++)
    for (size_t i = 0; i < f->cells; i++)
      ae_sample_rows_add (
          &f->scores[c], &f->work->channels.cells[c][i]);
}

static void
find_rarities (Fusion *f)
{
  for (int c = 1; c < AE_N_CHANNELS; c++) {
    AeSampleRows *s = &f->scores[c];
    ae_sample_sort (s->rows, s->n);
    for (int k = 0; k < AE_RARITY_STEPS; k++) {
      double rare = pow (10, -(double) k / AE_RARITY_PER_DECADE);
      f->work->facts.rarity[c][k]
          = ae_sample_quantile_sorted (s->rows, s->n, 1 - rare);
    }
  }
}

static void
keep_picture (Fusion *f, size_t at, uint8_t kind)
{
  AeAnomalyWork *w = f->work;
  float *to = f->pictures.maps + at * OWN * f->cells;
  for (int c = 1; c < AE_N_CHANNELS; c++)
    for (size_t i = 0; i < f->cells; i++)
      *to++ = ae_channels_contribution ((AeChannel) c,
          ae_channels_rarity (
              &w->facts, (AeChannel) c, w->channels.cells[c][i]));
  f->pictures.kind[at] = kind;
}

/* All usual pictures have the same chance to be kept. */
static void
gather_usual (void *context, const AeObservation *seen, bool begins)
{
  (void) begins;
  Fusion *f = context;
  Pictures *p = &f->pictures;
  size_t at = p->n;
  if (p->n == MOST_PICTURES)
    at = (size_t) (ae_rng_next (&f->rng) % (f->seen + 1));
  f->seen++;
  if (at >= MOST_PICTURES)
    return;
  p->n += at == p->n;
  ae_channels_score (&f->work->channels, seen);
  keep_picture (f, at, 0);
}

static void
look_at_odd (Fusion *f, const AeFootageView *view, const AeOddFootage *odd,
    uint8_t kind)
{
  AeAnomalyWork *w = f->work;
  Pictures *p = &f->pictures;
  size_t pixels
      = (size_t) w->facts.shape.width * (size_t) w->facts.shape.height;
  AeObservation seen;
  int together = 0; /* pictures that it has been seen in */
  ae_observer_reset (w->observer);
  for (size_t t = 0; t < view->n && p->n < 2 * MOST_PICTURES; t++) {
    ae_anomaly_pace (w, view, t);
    bool ready = ae_observer_add (w->observer, odd->pixels + t * pixels, &seen);
    together = odd->visible[t] >= LEAST_VISIBLE ? together + 1 : 0;
    int enough = w->facts.shape.past > 0 ? AE_CELL_PICTURES / 2 : 1;
    if (!ready || together < enough)
      continue;
    ae_channels_score (&w->channels, &seen);
    keep_picture (f, p->n++, kind);
  }
}

static AeStatus
make_odd (Fusion *f, const AeFootageView *view, AeError *err)
{
  AeAnomalyWork *w = f->work;
  AeOddSource source = { w->facts.shape.width, w->facts.shape.height,
    view->frames, view->n, w->facts.limit };
  AeStatus status = AE_OK;
  for (int i = 0; status == AE_OK && i < ODD_PER_BLOCK * AE_N_ODD
       && f->pictures.n < 2 * MOST_PICTURES; i++) {
    AeOddFootage odd;
    AeOddKind kind = (AeOddKind) (i % AE_N_ODD);
    if (atomic_load (w->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "fitting was cancelled");
    status = ae_odd_footage_make (&odd, &source, kind, &f->rng, err);
    if (status != AE_OK)
      break;
    look_at_odd (f, view, &odd, (uint8_t) (1 + kind));
    ae_odd_footage_clear (&odd);
  }
  return status;
}

/* From the blocks held out, or all where there are none. */
static AeStatus
gather_odd (Fusion *f, AeError *err)
{
  AeFootageView view;
  AeStatus status = AE_OK;
  for (int all = 0; all < 2 && f->pictures.n == f->pictures.n_usual; all++)
    for (size_t i = 0; status == AE_OK
         && ae_footage_block (f->work->footage, i, &view); i++) {
      if (view.held_out || all)
        status = make_odd (f, &view, err);
      ae_footage_view_clear (&view);
    }
  return status;
}

static float
fused_score (const Fusion *f, size_t picture, const float weight[OWN],
    float *cells)
{
  const float *maps = f->pictures.maps + picture * OWN * f->cells;
  memset (cells, 0, f->cells * sizeof *cells);
  for (int c = 0; c < OWN; c++)
    for (size_t i = 0; weight[c] > 0 && i < f->cells; i++)
      cells[i] += weight[c] * maps[(size_t) c * f->cells + i];
  return ae_cells_top (
      cells, NULL, f->cells, ae_channels_n_top (&f->work->facts));
}

/* Mean over the kinds of the area under the curve of usual against odd ones;
 * `scores` and `labels` are scratch. */
static double
judge (const Fusion *f, const float weight[OWN], float *cells, float *scores,
    float *some, uint8_t *labels)
{
  const Pictures *p = &f->pictures;
  double sum = 0;
  int kinds = 0;
  for (size_t i = 0; i < p->n; i++)
    scores[i] = fused_score (f, i, weight, cells);
  for (int kind = 1; kind <= AE_N_ODD; kind++) {
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
      if (p->kind[i] == 0 || p->kind[i] == kind) {
        some[n] = scores[i];
        labels[n++] = p->kind[i] != 0;
      }
    AeRoc roc;
    if (ae_roc_measure (&roc, some, labels, n, NULL) == AE_OK) {
      sum += roc.area;
      kinds++;
    }
  }
  return kinds ? sum / kinds : 0;
}

/* False: the same as larger ones, where there is no motion to compare with. */
static bool
weights_of_trial (const Fusion *f, size_t trial, float weight[OWN])
{
  bool motion = f->work->facts.shape.past > 0;
  float most = 0;
  for (int c = 0; c < OWN; c++) {
    if (c + 1 == AE_CHANNEL_MOTION) {
      weight[c] = motion;
      continue;
    }
    weight[c] = trials[trial % TRIALS];
    most = fmaxf (most, weight[c]);
    trial /= TRIALS;
  }
  return motion || most == trials[TRIALS - 1];
}

static float
sum_of (const float weight[OWN])
{
  float sum = 0;
  for (int c = 0; c < OWN; c++)
    sum += weight[c];
  return sum;
}

/* Of the choices within NEARLY of the best the one of least weights: looks that
 * are learned from little footage are less sure than motion. */
static void
try_weights (Fusion *f, float *cells, float *scores, float *some,
    uint8_t *labels)
{
  double area[N_TRIALS], best = -1;
  float weight[OWN], least = INFINITY;
  for (size_t t = 0; t < N_TRIALS; t++) {
    area[t] = weights_of_trial (f, t, weight)
                  ? judge (f, weight, cells, scores, some, labels)
                  : -1;
    best = fmax (best, area[t]);
  }
  for (size_t t = 0; t < N_TRIALS; t++) {
    if (!weights_of_trial (f, t, weight) || area[t] < best - NEARLY
        || sum_of (weight) >= least)
      continue;
    least = sum_of (weight);
    memcpy (f->work->facts.weight + 1, weight, sizeof weight);
  }
}

static AeStatus
find_weights (Fusion *f, AeError *err)
{
  size_t n = f->pictures.n;
  float *cells = ae_alloc (f->cells * sizeof (float));
  float *scores = ae_alloc (2 * n * sizeof (float));
  uint8_t *labels = ae_alloc (n);
  bool ok = cells && scores && labels;
  if (ok)
    try_weights (f, cells, scores, scores + n, labels);
  ae_free (cells);
  ae_free (scores);
  ae_free (labels);
  return ok ? AE_OK : ae_fail (err, AE_ERROR_MEMORY, "no memory for scores");
}

static AeStatus
fusion_init (Fusion *f, AeAnomalyWork *w, AeError *err)
{
  *f = (Fusion){ .work = w,
    .cells = (size_t) w->facts.columns * (size_t) w->facts.rows };
  ae_rng_seed (&f->rng, w->seed + 3);
  AeStatus status = AE_OK;
  for (int c = 1; status == AE_OK && c < AE_N_CHANNELS; c++)
    status = ae_sample_rows_init (
        &f->scores[c], SCORES, 1, w->seed + 4 + (uint64_t) c, err);
  f->pictures.maps = ae_alloc (
      f->cells * OWN * 2 * MOST_PICTURES * sizeof (float));
  f->pictures.kind = ae_calloc (2 * MOST_PICTURES, 1);
  if (status == AE_OK && (!f->pictures.maps || !f->pictures.kind))
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for scores of cells");
  return status;
}

static void
fusion_clear (Fusion *f)
{
  for (int c = 1; c < AE_N_CHANNELS; c++)
    ae_sample_rows_clear (&f->scores[c]);
  ae_free (f->pictures.maps);
  ae_free (f->pictures.kind);
}

AeStatus
ae_anomaly_find_fusion (AeAnomalyWork *w, AeError *err)
{
  Fusion f;
  AeStatus status = fusion_init (&f, w, err);
  if (status == AE_OK)
    status = ae_anomaly_walk (w, true, gather_scores, &f, err);
  if (status == AE_OK && f.scores[1].n == 0)
    status = ae_fail (err, AE_ERROR_NEEDS_DATA,
        "not enough footage held out: wanted at least 2 frames that follow "
        "each other");
  if (status == AE_OK) {
    find_rarities (&f);
    status = ae_anomaly_walk (w, true, gather_usual, &f, err);
    f.pictures.n_usual = f.pictures.n;
  }
  if (status == AE_OK)
    status = gather_odd (&f, err);
  if (status == AE_OK)
    status = find_weights (&f, err);
  fusion_clear (&f);
  return status;
}
