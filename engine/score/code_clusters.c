/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/code_parts.h"
#include "score/distance.h"
#include "score/mixture_parts.h"
#include "util/mem.h"
#include "util/pool.h"
#include "util/rng.h"

#define MOST_CLUSTERS 256
#define MOST_LABEL 999
#define STARTS 5
#define ROUNDS 100
#define ROWS 256 /* of a job */

typedef struct {
  const AeCodes *codes;
  size_t k;
  float *centres;  /* k x d */
  float *least;    /* n: squared distance to the nearest centre */
  int *cluster;    /* n */
  double *sums;    /* k x d */
  size_t *counts;  /* k */
  int n_threads;
} Means;

static void
assign_rows (void *arg, size_t index, int thread)
{
  (void) thread;
  Means *m = arg;
  size_t d = m->codes->d, end = (index + 1) * ROWS;
  end = end < m->codes->n ? end : m->codes->n;
  for (size_t i = index * ROWS; i < end; i++) {
    const float *row = m->codes->values + i * d;
    m->least[i] = HUGE_VALF;
    for (size_t c = 0; c < m->k; c++) {
      float square = ae_distance_square (row, m->centres + c * d, d);
      if (square < m->least[i]) {
        m->least[i] = square;
        m->cluster[i] = (int) c;
      }
    }
  }
}

/* The nearest centre of each row; the sum of squared distances. */
static double
assign (Means *m)
{
  double sum = 0;
  ae_pool_run (ae_pool_shared (), m->n_threads,
      (m->codes->n + ROWS - 1) / ROWS, assign_rows, m);
  for (size_t i = 0; i < m->codes->n; i++)
    sum += m->least[i];
  return sum;
}

static void
take_centre (Means *m, size_t centre, size_t row)
{
  size_t d = m->codes->d;
  memcpy (m->centres + centre * d, m->codes->values + row * d,
      d * sizeof *m->centres);
}

/* Each further centre is a row, drawn by its squared distance to those that
 * there are. */
static void
start (Means *m, AeRng *rng)
{
  size_t all = m->k, n = m->codes->n;
  take_centre (m, 0, ae_rng_below (rng, (uint32_t) n));
  for (m->k = 1; m->k < all; m->k++) {
    double left = assign (m) * ae_rng_uniform (rng);
    size_t row = 0;
    for (; row + 1 < n && left >= m->least[row]; row++)
      left -= m->least[row];
    take_centre (m, m->k, row);
  }
}

/* Centres go to the mean of their rows; one without stays. */
static void
move_centres (Means *m)
{
  size_t d = m->codes->d;
  memset (m->sums, 0, m->k * d * sizeof *m->sums);
  memset (m->counts, 0, m->k * sizeof *m->counts);
  for (size_t i = 0; i < m->codes->n; i++) {
    size_t c = (size_t) m->cluster[i];
    m->counts[c]++;
    for (size_t a = 0; a < d; a++)
      m->sums[c * d + a] += m->codes->values[i * d + a];
  }
  for (size_t i = 0; i < m->k * d; i++)
    if (m->counts[i / d] > 0)
      m->centres[i] = (float) (m->sums[i] / (double) m->counts[i / d]);
}

/* One start; the sum of squared distances that it comes down to. */
static double
run (Means *m, AeRng *rng)
{
  start (m, rng);
  double sum = assign (m), before = INFINITY;
  for (int i = 0; i < ROUNDS && sum < before * (1 - 1e-6); i++) {
    before = sum;
    move_centres (m);
    sum = assign (m);
  }
  return sum;
}

static AeStatus
cluster_means (int *clusters, const AeCodes *codes, size_t k, uint64_t seed,
    int n_threads, AeError *err)
{
  size_t n = codes->n, d = codes->d;
  Means m = { .codes = codes, .k = k, .n_threads = ae_pool_threads (n_threads),
    .centres = ae_calloc (k * d, sizeof *m.centres),
    .least = ae_calloc (n, sizeof *m.least),
    .cluster = ae_calloc (n, sizeof *m.cluster),
    .sums = ae_calloc (k * d, sizeof *m.sums),
    .counts = ae_calloc (k, sizeof *m.counts) };
  bool ok = m.centres && m.least && m.cluster && m.sums && m.counts;
  double best = INFINITY;
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (int i = 0; ok && i < STARTS; i++) {
    double sum = run (&m, &rng);
    if (sum < best)
      memcpy (clusters, m.cluster, n * sizeof *clusters);
    best = fmin (best, sum);
  }
  ae_free (m.centres);
  ae_free (m.least);
  ae_free (m.cluster);
  ae_free (m.sums);
  ae_free (m.counts);
  return ok ? AE_OK
            : ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu clusters", k);
}

/* The component that is most probable at each row. */
static void
most_probable (int *clusters, const AeCodes *codes, const AeMixture *mixture)
{
  float logs[MOST_CLUSTERS][AE_MIXTURE_LANES];
  for (size_t first = 0; first < codes->n; first += AE_MIXTURE_LANES) {
    size_t n = codes->n - first;
    n = n < AE_MIXTURE_LANES ? n : AE_MIXTURE_LANES;
    ae_mixture_component_logs (
        mixture, codes->values + first * codes->d, n, logs);
    for (size_t i = 0; i < n; i++) {
      size_t best = 0;
      for (size_t c = 1; c < mixture->components; c++)
        if (logs[c][i] > logs[best][i])
          best = c;
      clusters[first + i] = (int) best;
    }
  }
}

static AeStatus
cluster_mixture (int *clusters, const AeCodes *codes, size_t k, uint64_t seed,
    AeError *err)
{
  AeMixture *mixture;
  AeMixtureOptions options = { .components = k, .full = true, .seed = seed };
  AeStatus status = ae_mixture_fit (
      &mixture, codes->values, codes->n, codes->d, &options, err);
  if (status == AE_OK)
    most_probable (clusters, codes, mixture);
  ae_mixture_free (&mixture);
  return status;
}

AeStatus
ae_codes_cluster (int *clusters, const AeCodes *codes, AeClusterKind kind,
    size_t k, uint64_t seed, int n_threads, AeError *err)
{
  AeStatus status = ae_codes_check (codes, "codes to cluster", err);
  if (status != AE_OK)
    return status;
  if (k < 1 || k > MOST_CLUSTERS || k > codes->n)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu clusters of %zu codes, wanted 1 to %d and no more than codes", k,
        codes->n, MOST_CLUSTERS);
  return kind == AE_CLUSTERS_MEANS
      ? cluster_means (clusters, codes, k, seed, n_threads, err)
      : cluster_mixture (clusters, codes, k, seed, err);
}

static double
entropy (const double *counts, size_t n_counts, double n)
{
  double sum = 0;
  for (size_t i = 0; i < n_counts; i++)
    if (counts[i] > 0)
      sum -= counts[i] / n * log (counts[i] / n);
  return sum;
}

AeStatus
ae_labels_information (
    double *out, const int *a, const int *b, size_t n, AeError *err)
{
  enum { LABELS = MOST_LABEL + 1 };
  for (size_t i = 0; i < n; i++)
    if (a[i] < 0 || a[i] > MOST_LABEL || b[i] < 0 || b[i] > MOST_LABEL)
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "the labels %d and %d, wanted 0 to %d", a[i], b[i], MOST_LABEL);
  double *both = ae_calloc (LABELS * LABELS, sizeof *both);
  double of_a[LABELS] = { 0 }, of_b[LABELS] = { 0 }, count = (double) n;
  if (!both)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory to compare labels");
  for (size_t i = 0; i < n; i++) {
    both[a[i] * LABELS + b[i]]++;
    of_a[a[i]]++;
    of_b[b[i]]++;
  }
  double ha = entropy (of_a, LABELS, count), hb = entropy (of_b, LABELS, count);
  double joint = entropy (both, LABELS * LABELS, count);
  *out = ha > 0 && hb > 0 ? 2 * (ha + hb - joint) / (ha + hb) : 0;
  ae_free (both);
  return AE_OK;
}
