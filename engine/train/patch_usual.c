/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/patch_usual.h"

#include "detect/plane.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define ROUNDS 4 /* in which look-alikes of look-alikes are found */
#define BY_CHANCE 8.0
#define SMOOTH 1.5f /* places that means and variances are averaged over */
#define FLOOR 0.3f  /* of the mean deviation, added to each */

typedef struct {
  AePatchLooks *looks;
  AePatchFacts *facts;
  const AePatchCodes *codes;
  float *maps;     /* n x places: distances */
  uint16_t *owner; /* places */
  uint32_t *votes; /* n */
  bool *stale;     /* n: distances that are not known, or no longer right */
  float *scratch;
  int n_threads;
} Work;

void
ae_patch_looks_clear (AePatchLooks *l)
{
  ae_free (l->skip);
  *l = (AePatchLooks){ 0 };
}

static float *
map_of (const Work *w, size_t i)
{
  return w->maps + i * w->codes->n_places;
}

/* Distances of picture i to all that it may be compared with. */
static void
measure (Work *w, size_t i)
{
  AeLocalQuery query = { ae_patch_codes_of (w->codes, i), w->codes->places,
    w->looks->skip + i * w->codes->n, w->n_threads };
  ae_local_bank_distances (
      w->facts->bank, &query, map_of (w, i), w->owner, w->scratch);
}

/* Counts whose patches are nearest; returns of how many places. */
static size_t
count_votes (Work *w, size_t i)
{
  const AePatchCodes *c = w->codes;
  size_t places = 0;
  memset (w->votes, 0, c->n * sizeof *w->votes);
  for (size_t p = 0; p < c->n_places; p++)
    if (c->places[p] && isfinite (map_of (w, i)[p])) {
      w->votes[w->owner[p]]++;
      places++;
    }
  return places;
}

/* Marks what is alike, and both as to be measured again. */
static void
find_alike (Work *w, size_t i)
{
  size_t n = w->codes->n, places = count_votes (w, i);
  double share = fmax (AE_LOOK_ALIKE_SHARE, fmin (BY_CHANCE / (double) n, 1));
  for (size_t k = 0; k < n; k++)
    if (w->votes[k] > share * (double) places && !w->looks->skip[i * n + k]) {
      w->looks->skip[i * n + k] = w->looks->skip[k * n + i] = 1;
      w->stale[i] = w->stale[k] = true;
    }
}

static AeStatus
measure_all (Work *w, const atomic_bool *cancel, AeError *err)
{
  size_t n = w->codes->n;
  for (size_t i = 0; i < n; i++)
    w->looks->skip[i * n + i] = w->stale[i] = true;
  for (int round = 0; round <= ROUNDS; round++)
    for (size_t i = 0; i < n; i++) {
      if (atomic_load (cancel))
        return ae_fail (err, AE_ERROR_CANCELLED, "fitting was cancelled");
      if (!w->stale[i] || !w->codes->found[i])
        continue;
      w->stale[i] = false;
      measure (w, i);
      if (round < ROUNDS)
        find_alike (w, i);
    }
  return AE_OK;
}

/* Mean and variance of each place's distances; 0 where there are none. */
static void
find_moments (const Work *w, float *mean, float *variance)
{
  const AePatchCodes *c = w->codes;
  for (size_t p = 0; p < c->n_places; p++) {
    double sum = 0, squares = 0, n = 0;
    for (size_t i = 0; c->places[p] && i < c->n; i++) {
      float x = map_of (w, i)[p];
      if (!c->found[i] || !isfinite (x))
        continue;
      n++;
      sum += x;
      squares += (double) x * x;
    }
    mean[p] = n > 0 ? (float) (sum / n) : 0;
    double v = n > 0 ? squares / n - sum / n * (sum / n) : 0;
    variance[p] = (float) fmax (v, 0);
  }
}

/* Averages over places that are looked at. */
static void
smooth (const Work *w, float *values, float *weight, float *scratch)
{
  int columns = w->facts->columns, rows = w->facts->rows;
  for (size_t p = 0; p < w->codes->n_places; p++)
    weight[p] = w->codes->places[p];
  ae_plane_blur (values, columns, rows, SMOOTH, SMOOTH, values, scratch);
  ae_plane_blur (weight, columns, rows, SMOOTH, SMOOTH, weight, scratch);
  for (size_t p = 0; p < w->codes->n_places; p++)
    values[p] = w->codes->places[p] ? values[p] / weight[p] : 0;
}

static void
set_usual (Work *w, const float *mean, const float *variance)
{
  double sum = 0, n = 0;
  for (size_t p = 0; p < w->codes->n_places; p++)
    if (w->codes->places[p]) {
      sum += sqrtf (variance[p]);
      n++;
    }
  float least = FLOOR * (float) (sum / fmax (n, 1)) + 1e-4f;
  for (size_t p = 0; p < w->codes->n_places; p++) {
    AeUsual usual = { mean[p], sqrtf (variance[p]) + least };
    w->facts->usual[p] = w->codes->places[p] ? usual : (AeUsual){ 0 };
  }
}

static AeStatus
find_usual (Work *w, AeError *err)
{
  size_t places = w->codes->n_places;
  float *block = ae_alloc (4 * places * sizeof *block);
  if (!block)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu places", places);
  float *mean = block, *variance = mean + places;
  float *weight = variance + places, *scratch = weight + places;
  find_moments (w, mean, variance);
  smooth (w, mean, weight, scratch);
  smooth (w, variance, weight, scratch);
  set_usual (w, mean, variance);
  ae_free (block);
  return AE_OK;
}

AeStatus
ae_patch_find_usual (AePatchLooks *looks, AePatchFacts *facts,
    const AePatchCodes *codes, int n_threads, const atomic_bool *cancel,
    AeError *err)
{
  size_t n = codes->n, places = codes->n_places;
  Work w = { .looks = looks, .facts = facts, .codes = codes,
    .n_threads = n_threads };
  *looks = (AePatchLooks){ .n = n };
  looks->skip = ae_calloc (n, n);
  w.maps = ae_calloc (n, places * sizeof *w.maps);
  w.owner = ae_calloc (places, sizeof *w.owner);
  w.votes = ae_calloc (n, sizeof *w.votes);
  w.stale = ae_calloc (n, sizeof *w.stale);
  w.scratch = ae_alloc (
      ae_local_bank_scratch (facts->bank, n_threads) * sizeof (float));
  AeStatus status = AE_OK;
  if (!looks->skip || !w.maps || !w.owner || !w.votes
      || !w.stale || !w.scratch)
    status = ae_fail (
        err, AE_ERROR_MEMORY, "no memory to compare %zu pictures", n);
  if (status == AE_OK)
    status = measure_all (&w, cancel, err);
  if (status == AE_OK)
    status = find_usual (&w, err);
  ae_free (w.maps);
  ae_free (w.owner);
  ae_free (w.votes);
  ae_free (w.stale);
  ae_free (w.scratch);
  if (status != AE_OK)
    ae_patch_looks_clear (looks);
  return status;
}
