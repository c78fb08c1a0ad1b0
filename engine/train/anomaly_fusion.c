/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_fusion.h"

#include <ae/roc.h>

#include "train/anomaly_samples.h"
#include "train/odd_footage.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define SCORES 200000 /* of cells, kept for each channel */
#define MOST_PICTURES 400 /* of each kind, kept to choose weights */
#define ODD_PER_BLOCK 2   /* of each kind */
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
  float *maps; /* MOST_PICTURES x OWN x cells */
  size_t n, seen;
} Pictures;

/* Pictures as they were, and those that something was put into. */
enum { AS_IT_WAS = AE_N_ODD, N_KINDS };

typedef struct {
  AeAnomalyWork *work;
  size_t cells;
  AeSampleRows scores[AE_N_CHANNELS];
  Pictures pictures[N_KINDS];
  AeRng rng;
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

/* What was scored last. All pictures of a kind have the same chance to be
 * kept. */
static void
keep_picture (Fusion *f, int kind)
{
  AeAnomalyWork *w = f->work;
  Pictures *p = &f->pictures[kind];
  size_t at = p->n;
  if (p->n == MOST_PICTURES)
    at = (size_t) (ae_rng_next (&f->rng) % (p->seen + 1));
  p->seen++;
  if (at >= MOST_PICTURES)
    return;
  p->n += at == p->n;
  float *to = p->maps + at * OWN * f->cells;
  for (int c = 1; c < AE_N_CHANNELS; c++)
    for (size_t i = 0; i < f->cells; i++)
      *to++ = ae_channels_contribution ((AeChannel) c,
          ae_channels_rarity (
              &w->facts, (AeChannel) c, w->channels.cells[c][i]));
}

static void
gather_usual (void *context, const AeObservation *seen, bool begins)
{
  (void) begins;
  Fusion *f = context;
  ae_channels_score (&f->work->channels, seen);
  keep_picture (f, AS_IT_WAS);
}

static void
look_at_odd (Fusion *f, const AeFootageView *view, const AeOddFootage *odd,
    AeOddKind kind)
{
  AeAnomalyWork *w = f->work;
  size_t pixels
      = (size_t) w->facts.shape.width * (size_t) w->facts.shape.height;
  AeObservation seen;
  int together = 0; /* pictures that it has been seen in */
  ae_observer_reset (w->observer);
  for (size_t t = 0; t < view->n; t++) {
    ae_anomaly_pace (w, view, t);
    bool ready = ae_observer_add (w->observer, odd->pixels + t * pixels, &seen);
    together = odd->visible[t] >= LEAST_VISIBLE ? together + 1 : 0;
    int enough = w->facts.shape.past > 0 ? AE_CELL_PICTURES / 2 : 1;
    if (!ready || together < enough)
      continue;
    ae_channels_score (&w->channels, &seen);
    keep_picture (f, (int) kind);
  }
}

static AeStatus
make_odd (Fusion *f, const AeFootageView *view, AeError *err)
{
  AeAnomalyWork *w = f->work;
  AeOddSource source = { w->facts.shape.width, w->facts.shape.height,
    view->frames, view->n, w->facts.limit };
  AeStatus status = AE_OK;
  for (int i = 0; status == AE_OK && i < ODD_PER_BLOCK * AE_N_ODD; i++) {
    AeOddFootage odd;
    AeOddKind kind = (AeOddKind) (i % AE_N_ODD);
    if (atomic_load (w->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "fitting was cancelled");
    status = ae_odd_footage_make (&odd, &source, kind, &f->rng, err);
    if (status != AE_OK)
      break;
    look_at_odd (f, view, &odd, kind);
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
  for (int all = 0; all < 2 && f->pictures[AE_ODD_FAST].n == 0; all++)
    for (size_t i = 0; status == AE_OK
         && ae_footage_block (f->work->footage, i, &view); i++) {
      if (view.held_out || all)
        status = make_odd (f, &view, err);
      ae_footage_view_clear (&view);
    }
  return status;
}

static float
fused_score (const Fusion *f, const float *maps, const float weight[OWN],
    float *cells)
{
  memset (cells, 0, f->cells * sizeof *cells);
  for (int c = 0; c < OWN; c++)
    for (size_t i = 0; weight[c] > 0 && i < f->cells; i++)
      cells[i] += weight[c] * maps[(size_t) c * f->cells + i];
  return ae_cells_top (
      cells, NULL, f->cells, ae_channels_n_top (&f->work->facts));
}

/* Scratch. */
typedef struct {
  float *cells;
  float *scores;   /* N_KINDS x MOST_PICTURES */
  float *compared; /* N_KINDS x MOST_PICTURES */
  uint8_t *labels; /* N_KINDS x MOST_PICTURES */
} Judge;

static size_t
put (const Fusion *f, const Judge *j, int kind, size_t n)
{
  size_t count = f->pictures[kind].n;
  memcpy (j->compared + n, j->scores + kind * MOST_PICTURES,
      count * sizeof (float));
  memset (j->labels + n, kind == AE_ODD_FAST || kind == AE_ODD_LOOK, count);
  return n + count;
}

/* Mean over the kinds of what is odd of the area under the curve: of those
 * against what is not, be it put in or as it was. */
static double
judge (const Fusion *f, const float weight[OWN], const Judge *j)
{
  double sum = 0;
  int kinds = 0;
  for (int kind = 0; kind < N_KINDS; kind++)
    for (size_t i = 0; i < f->pictures[kind].n; i++)
      j->scores[kind * MOST_PICTURES + (int) i] = fused_score (
          f, f->pictures[kind].maps + i * OWN * f->cells, weight, j->cells);
  for (int kind = AE_ODD_FAST; kind <= AE_ODD_LOOK; kind++) {
    size_t n = put (f, j, AS_IT_WAS, 0);
    n = put (f, j, AE_ODD_NOT, n);
    n = put (f, j, kind, n);
    AeRoc roc;
    if (ae_roc_measure (&roc, j->compared, j->labels, n, NULL) == AE_OK) {
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
try_weights (Fusion *f, const Judge *j)
{
  double area[N_TRIALS], best = -1;
  float weight[OWN], least = INFINITY;
  for (size_t t = 0; t < N_TRIALS; t++) {
    area[t] = weights_of_trial (f, t, weight) ? judge (f, weight, j) : -1;
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
  size_t n = (size_t) N_KINDS * MOST_PICTURES;
  Judge j = { ae_alloc (f->cells * sizeof (float)),
    ae_alloc (n * sizeof (float)), ae_alloc (n * sizeof (float)),
    ae_alloc (n) };
  bool ok = j.cells && j.scores && j.compared && j.labels;
  if (ok)
    try_weights (f, &j);
  ae_free (j.cells);
  ae_free (j.scores);
  ae_free (j.compared);
  ae_free (j.labels);
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
  for (int kind = 0; status == AE_OK && kind < N_KINDS; kind++) {
    f->pictures[kind].maps
        = ae_alloc (f->cells * OWN * MOST_PICTURES * sizeof (float));
    if (!f->pictures[kind].maps)
      status = ae_fail (err, AE_ERROR_MEMORY, "no memory for scores of cells");
  }
  return status;
}

static void
fusion_clear (Fusion *f)
{
  for (int c = 1; c < AE_N_CHANNELS; c++)
    ae_sample_rows_clear (&f->scores[c]);
  for (int kind = 0; kind < N_KINDS; kind++)
    ae_free (f->pictures[kind].maps);
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
  }
  if (status == AE_OK)
    status = gather_odd (&f, err);
  if (status == AE_OK)
    status = find_weights (&f, err);
  fusion_clear (&f);
  return status;
}
