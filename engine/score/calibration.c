/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/calibration.h>

#include "score/clusters.h"
#include "score/pareto.h"
#include "util/error.h"
#include "util/mem.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BODY AE_CALIBRATION_BODY

/* Where a tail may begin, shares of all scores. The first choice is lowered
 * until there are enough clusters, and raised, nearer to where the theory
 * holds, as long as there are plenty. */
static const double quantiles[]
    = { 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999 };
#define N_QUANTILES (sizeof quantiles / sizeof quantiles[0])
#define FIRST_CHOICE 2
#define ENOUGH 40
#define PLENTY 200

/* With fewer clusters than this the body has a say in the tail's scale. */
#define FEW 10
/* A tail is believed down to this share of the rate that the footage can show
 * once: of one that has an end, where a little further would be beyond it, and
 * of others, whose rates vanish. Further out scores are still told apart: the
 * survival goes on as a power law, as steep as it was. */
#define BELIEVED_END 0.1
#define BELIEVED 1e-9
#define FAR_POWER 4

static int
compare (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;
  return (x > y) - (x < y);
}

static double
quantile (const float *sorted, size_t n, double share)
{
  double at = share * (double) (n - 1);
  size_t below = (size_t) at, above = below + 1 < n ? below + 1 : below;
  double part = at - (double) below;
  return (1 - part) * sorted[below] + part * sorted[above];
}

static double
lowest_above (const float *sorted, size_t n, size_t choice)
{
  return sorted[(size_t) (quantiles[choice] * (double) (n - 1))];
}

static size_t
count_above (const float *sorted, size_t n, double limit)
{
  size_t low = 0, high = n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (sorted[middle] > limit)
      high = middle;
    else
      low = middle + 1;
  }
  return n - low;
}

/* A score with enough clusters above it, or with most of them. */
static double
choose_start (const AeRuns *runs, const float *sorted)
{
  size_t choice = FIRST_CHOICE;
  double start = lowest_above (sorted, runs->n, choice);
  size_t most = ae_clusters (runs, start, NULL);
  while (choice + 1 < N_QUANTILES) {
    double next = lowest_above (sorted, runs->n, choice + 1);
    if (ae_clusters (runs, next, NULL) < PLENTY)
      break;
    start = next;
    choice++;
  }
  for (; most < ENOUGH && choice > 0; choice--) {
    double next = lowest_above (sorted, runs->n, choice - 1);
    size_t found = ae_clusters (runs, next, NULL);
    if (found > most) {
      most = found;
      start = next;
    }
  }
  return start;
}

/* How far scores go above what is usual, when the tail does not tell. */
static double
usual_scale (const AeCalibration *c)
{
  double spread = (c->body[BODY * 27 / 32] - c->body[BODY / 2]) / 2;
  if (spread <= 0)
    spread = (c->body[BODY] - c->body[0]) / 8;
  if (spread <= 0)
    spread = fabs (c->body[0]) / 4;
  return spread > 0 ? spread : 1;
}

/* The tail of n peaks, made wider by about half of the scale's error: a
 * threshold that is too low is worse than one that is too high. */
static void
fit_tail (AeCalibration *c, double *peaks, size_t n)
{
  double usual = usual_scale (c);
  c->shape = 0;
  c->scale = usual;
  if (n == 0)
    return;
  for (size_t i = 0; i < n; i++)
    peaks[i] -= c->start;
  AePareto tail = ae_pareto_fit (peaks, n);
  c->shape = tail.shape;
  c->scale = tail.scale * (1 + 0.5 * (1 + tail.shape) / sqrt ((double) n));
  if (n < FEW)
    c->scale = fmax (c->scale, usual * (1 - (double) n / FEW));
}

/* Makes the body rise everywhere, and the tail begin above what of it is as
 * frequent as `start` or more: a threshold for a rate between those of two
 * equal quantiles is then just above them, and what is constant is no alarm. */
static void
part_equal (AeCalibration *c)
{
  for (int i = 0; i <= BODY; i++) {
    double least = i ? c->body[i - 1]
            + fmax (1e-4 * c->scale, FLT_EPSILON * fabs (c->body[i - 1]))
                     : c->body[0];
    bool is_below = 1 - (double) i / BODY > c->share;
    c->body[i] = fmax (c->body[i], least);
    if (is_below && c->start <= c->body[i])
      c->start = c->body[i]
          + fmax (1e-4 * c->scale, FLT_EPSILON * fabs (c->body[i]));
  }
}

static void
fit_sorted (
    AeCalibration *c, const AeRuns *runs, const float *sorted, double *peaks)
{
  size_t n = runs->n;
  for (int i = 0; i <= BODY; i++)
    c->body[i] = quantile (sorted, n, (double) i / BODY);
  c->hours = (double) n * runs->seconds / 3600;
  c->start = choose_start (runs, sorted);
  c->share
      = fmax ((double) count_above (sorted, n, c->start), 0.5) / (double) n;
  size_t found = ae_clusters (runs, c->start, peaks);
  /* One more than were seen; where nothing was ever above, each frame might
   * have been. */
  c->rate = (double) (found ? found + 1 : n) / c->hours;
  fit_tail (c, peaks, found);
  part_equal (c);
}

static AeStatus
check_runs (const AeRuns *runs, AeError *err)
{
  if (runs->n == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "no scores to calibrate with, wanted one or more");
  if (!(runs->seconds >= 1e-9 && runs->seconds <= 1e9))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "scores are %g s apart, wanted 1e-9 to 1e9", runs->seconds);
  for (size_t i = 0; i < runs->n; i++)
    if (!isfinite (runs->scores[i]))
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "score %zu of %zu is %g, wanted finite ones", i, runs->n,
          (double) runs->scores[i]);
  size_t sum = 0;
  for (size_t i = 0; runs->run_lengths && i < runs->n_runs; i++)
    if (!ae_add_size (sum, runs->run_lengths[i], &sum))
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "the lengths of %zu runs overflow, wanted %zu scores",
          runs->n_runs, runs->n);
  if (runs->run_lengths && sum != runs->n)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu runs have %zu scores, wanted %zu", runs->n_runs, sum, runs->n);
  return AE_OK;
}

AeStatus
ae_calibration_fit (AeCalibration *calibration, const float *scores, size_t n,
    const size_t *run_lengths, size_t n_runs, double seconds, AeError *err)
{
  AeRuns runs = { scores, n, run_lengths, n_runs, seconds };
  AeStatus status = check_runs (&runs, err);
  if (status != AE_OK)
    return status;
  float *sorted = ae_calloc (n, sizeof *sorted);
  double *peaks = ae_calloc (n, sizeof *peaks);
  if (sorted && peaks) {
    memcpy (sorted, scores, n * sizeof *sorted);
    qsort (sorted, n, sizeof *sorted, compare);
    fit_sorted (calibration, &runs, sorted, peaks);
  } else {
    status = ae_fail (err, AE_ERROR_MEMORY,
        "no memory to calibrate with %zu scores", n);
  }
  ae_free (sorted);
  ae_free (peaks);
  return status;
}

/* Where the tail is believed no further. */
typedef struct {
  double log_survival, y;
  double reach; /* FAR_POWER / hazard there */
} TailEnd;

static TailEnd
tail_end (const AeCalibration *c)
{
  if (c->shape >= 1.0 / FAR_POWER) /* is a power law itself */
    return (TailEnd) { -HUGE_VAL, HUGE_VAL, HUGE_VAL };
  AePareto tail = { c->scale, c->shape };
  double seen = log (c->hours) + log (c->rate);
  double last = log (c->shape < 0 ? BELIEVED_END : BELIEVED) - seen;
  double log_share = fmin (last, 0), y = ae_pareto_value (&tail, log_share);
  return (TailEnd) { log_share, y, FAR_POWER * (c->scale + c->shape * y) };
}

/* Logarithm of the share of peaks above `start` that exceed it by y >= 0. */
static double
log_survival (const AeCalibration *c, double y)
{
  AePareto tail = { c->scale, c->shape };
  TailEnd end = tail_end (c);
  if (y <= end.y)
    return ae_pareto_log_survival (&tail, y);
  return end.log_survival - FAR_POWER * log1p ((y - end.y) / end.reach);
}

/* The y of that share. */
static double
tail_value (const AeCalibration *c, double log_share)
{
  AePareto tail = { c->scale, c->shape };
  TailEnd end = tail_end (c);
  if (log_share >= end.log_survival)
    return ae_pareto_value (&tail, log_share);
  return end.y
      + expm1 ((end.log_survival - log_share) / FAR_POWER) * end.reach;
}

/* The rate's logarithm is straight between knots: the quantiles below the tail,
 * in which frames are counted for lack of anything better, and its start. */
typedef struct {
  double score, log_rate;
} Knot;

static int
body_knots (const AeCalibration *c, Knot knots[BODY + 1])
{
  int n = 0;
  for (int i = 0; i < BODY; i++) {
    double share = 1 - (double) i / BODY;
    if (share > c->share && c->body[i] < c->start)
      knots[n++] = (Knot) { c->body[i], 
        log (c->rate) + log (share) - log (c->share) };
  }
  knots[n++] = (Knot) { c->start, log (c->rate) };
  return n;
}

static double
body_log_rate (const AeCalibration *c, double score)
{
  Knot k[BODY + 1];
  int n = body_knots (c, k), i = 1;
  if (score <= k[0].score)
    return k[0].log_rate + (k[0].score - score) / c->scale;
  while (i + 1 < n && score > k[i].score)
    i++;
  double part = (score - k[i - 1].score) / (k[i].score - k[i - 1].score);
  return k[i - 1].log_rate + part * (k[i].log_rate - k[i - 1].log_rate);
}

static double
body_score (const AeCalibration *c, double log_rate)
{
  Knot k[BODY + 1];
  int n = body_knots (c, k), i = 1;
  if (log_rate >= k[0].log_rate)
    return k[0].score - (log_rate - k[0].log_rate) * c->scale;
  while (i + 1 < n && log_rate < k[i].log_rate)
    i++;
  double part = (log_rate - k[i - 1].log_rate)
      / (k[i].log_rate - k[i - 1].log_rate);
  return k[i - 1].score + part * (k[i].score - k[i - 1].score);
}

double
ae_calibration_rate (const AeCalibration *calibration, double score)
{
  double log_rate = score < calibration->start
      ? body_log_rate (calibration, score)
      : log (calibration->rate)
          + log_survival (calibration, score - calibration->start);
  return fmin (fmax (exp (log_rate), DBL_MIN), DBL_MAX);
}

double
ae_calibration_threshold (const AeCalibration *calibration, double per_hour)
{
  double log_rate = log (fmin (fmax (per_hour, DBL_MIN), DBL_MAX));
  double log_share = log_rate - log (calibration->rate);
  return log_share > 0
      ? body_score (calibration, log_rate)
      : calibration->start + tail_value (calibration, log_share);
}

double
ae_calibration_probability (
    const AeCalibration *calibration, double score, double per_hour)
{
  return 1 / (1 + ae_calibration_rate (calibration, score) / per_hour);
}

double
ae_calibration_score (
    const AeCalibration *calibration, double probability, double per_hour)
{
  return ae_calibration_threshold (
      calibration, per_hour * ((1 - probability) / probability));
}

size_t
ae_calibration_count (const float *scores, size_t n,
    const size_t *run_lengths, size_t n_runs, double seconds,
    double threshold)
{
  AeRuns runs = { scores, n, run_lengths, n_runs, seconds };
  return ae_clusters (&runs, threshold, NULL);
}
