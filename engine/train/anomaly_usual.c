/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_usual.h"

#include "score/coreset.h"
#include "train/anomaly_samples.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>

#define LATENTS 30000 /* kept to fit the mixture */
#define COMPONENTS 8
#define ROUNDS 40
#define MOTIONS 20000 /* kept to choose points from */
#define POINTS 800
#define MOTION_NEIGHBOURS 3
#define SELDOM 0.99 /* share of what stays below a limit */

/* Speeds are counted in bins, 8 to an octave. */
#define BINS 72
#define BINS_PER_OCTAVE 8
#define LEAST_SPEED 0.25f
#define MOVES 0.08f       /* share of places: fewer tell no speed */
#define ENOUGH_SPEEDS 400 /* of a cell and those around, to know a limit */
#define LEAST_LIMIT 0.4f
#define SMOOTH 2 /* cells to each side that limits are averaged over, twice */

/* A cell with few pictures is like all are. */
#define PRIOR_PICTURES 30.0
#define LEAST_DEVIATION 0.3 /* of that of all cells */

typedef struct {
  AeAnomalyWork *work;
  size_t cells, pictures;
  uint32_t *speeds; /* cells x BINS */
  AeSampleRows latents, motions;
  double *sum, *squares; /* AE_APPEARANCES x cells */
  double jitter; /* sum over the pictures in which it is known */
  size_t n_jitter;
} Gathered;

static int
bin_of (float speed)
{
  int bin = (int) (BINS_PER_OCTAVE * log2f (speed / LEAST_SPEED));
  return speed <= LEAST_SPEED || bin < 0 ? 0 : bin < BINS ? bin : BINS - 1;
}

static void
gather_basics (void *context, const AeObservation *seen, bool begins)
{
  (void) begins;
  Gathered *g = context;
  size_t d = (size_t) g->work->facts.shape.latent;
  g->pictures++;
  g->n_jitter += seen->jitter.pictures > 0;
  g->jitter += seen->jitter.mean;
  for (size_t i = 0; i < g->cells; i++) {
    const float *m = seen->motion + i * AE_MOTION_FEATURES;
    if (m[AE_MOTION_SHARE] > MOVES)
      g->speeds[i * BINS + (size_t) bin_of (m[AE_MOTION_SPEED])]++;
    ae_sample_rows_add (&g->latents, seen->latents + i * d);
  }
}

/* Counts of the cells at most `reach` away; returns how many there are. */
static uint64_t
pool_speeds (const Gathered *g, int column, int row, int reach,
    uint64_t counts[BINS])
{
  const AeFacts *f = &g->work->facts;
  uint64_t total = 0;
  for (int b = 0; b < BINS; b++)
    counts[b] = 0;
  for (int y = row - reach; y <= row + reach; y++)
    for (int x = column - reach; x <= column + reach; x++) {
      if (x < 0 || y < 0 || x >= f->columns || y >= f->rows)
        continue;
      const uint32_t *from
          = g->speeds + (size_t) (y * f->columns + x) * BINS;
      for (int b = 0; b < BINS; b++) {
        counts[b] += from[b];
        total += from[b];
      }
    }
  return total;
}

static float
speed_quantile (const uint64_t counts[BINS], uint64_t total, double share)
{
  double wanted = share * (double) total, below = 0;
  for (int b = 0; b < BINS; b++) {
    double in = (double) counts[b];
    if (in > 0 && below + in >= wanted) {
      double part = (wanted - below) / in;
      return LEAST_SPEED
             * exp2f ((float) ((b + part) / BINS_PER_OCTAVE));
    }
    below += in;
  }
  return LEAST_LIMIT;
}

/* From as few cells around as tell enough. */
static float
limit_of_cell (const Gathered *g, int column, int row)
{
  const AeFacts *f = &g->work->facts;
  int most = f->columns > f->rows ? f->columns : f->rows;
  uint64_t counts[BINS], total = 0;
  for (int reach = 2; reach < 2 * most; reach += reach / 2) {
    total = pool_speeds (g, column, row, reach, counts);
    if (total >= ENOUGH_SPEEDS)
      break;
  }
  return total ? speed_quantile (counts, total, SELDOM) : LEAST_LIMIT;
}

static void
smooth_limits (const AeFacts *f, const float *from, float *to)
{
  for (int y = 0; y < f->rows; y++)
    for (int x = 0; x < f->columns; x++) {
      float sum = 0;
      int n = 0;
      for (int j = y - SMOOTH; j <= y + SMOOTH; j++)
        for (int i = x - SMOOTH; i <= x + SMOOTH; i++)
          if (i >= 0 && j >= 0 && i < f->columns && j < f->rows) {
            sum += from[j * f->columns + i];
            n++;
          }
      to[y * f->columns + x] = sum / (float) n;
    }
}

static AeStatus
find_limits (const Gathered *g, AeError *err)
{
  AeFacts *f = &g->work->facts;
  float *rough = ae_alloc (g->cells * sizeof (float));
  if (!rough)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for limits");
  for (int y = 0; y < f->rows; y++)
    for (int x = 0; x < f->columns; x++)
      f->limit[y * f->columns + x] = limit_of_cell (g, x, y);
  smooth_limits (f, f->limit, rough);
  smooth_limits (f, rough, f->limit);
  for (size_t i = 0; i < g->cells; i++)
    f->limit[i] = fmaxf (f->limit[i], LEAST_LIMIT);
  ae_free (rough);
  return AE_OK;
}

static AeStatus
find_basics (Gathered *g, AeError *err)
{
  AeAnomalyWork *w = g->work;
  AeStatus status = ae_anomaly_observe (w, err);
  if (status == AE_OK)
    status = ae_anomaly_walk (w, false, gather_basics, g, err);
  if (status == AE_OK && g->pictures == 0)
    status = ae_fail (err, AE_ERROR_NEEDS_DATA,
        "not enough footage: wanted at least 2 frames that follow each other");
  if (status == AE_OK)
    status = find_limits (g, err);
  if (status != AE_OK || w->facts.patches)
    return status;
  if (g->n_jitter > 0)
    w->facts.motion_jitter = (float) (g->jitter / (double) g->n_jitter);
  AeMixtureOptions options = { .components = COMPONENTS,
    .full = true,
    .rounds = ROUNDS,
    .seed = w->seed };
  ae_mixture_free (&w->facts.latent);
  return ae_mixture_fit (&w->facts.latent, g->latents.rows, g->latents.n,
      g->latents.d, &options, err);
}

static void
gather_cells (void *context, const AeObservation *seen, bool begins)
{
  (void) begins;
  Gathered *g = context;
  const AeFacts *f = &g->work->facts;
  g->pictures++;
  for (size_t i = 0; i < g->cells; i++) {
    for (size_t k = 0; k < AE_APPEARANCES; k++) {
      double x = seen->appearance[i * AE_APPEARANCES + k];
      g->sum[k * g->cells + i] += x;
      g->squares[k * g->cells + i] += x * x;
    }
    const float *m = seen->motion + i * AE_MOTION_FEATURES;
    float point[AE_MOTION_POINT];
    if (m[AE_MOTION_SHARE] > MOVES) {
      ae_facts_motion_point (m, f->limit[i], point);
      ae_sample_rows_add (&g->motions, point);
    }
  }
}

static void
find_cells (const Gathered *g)
{
  AeFacts *f = &g->work->facts;
  double n = (double) g->pictures;
  for (size_t k = 0; k < AE_APPEARANCES; k++) {
    const double *sum = g->sum + k * g->cells;
    const double *squares = g->squares + k * g->cells;
    double all = 0, within = 0;
    for (size_t i = 0; i < g->cells; i++)
      all += sum[i] / n / (double) g->cells;
    for (size_t i = 0; i < g->cells; i++)
      within += fmax (squares[i] / n - sum[i] / n * (sum[i] / n), 0)
                / (double) g->cells;
    within = fmax (within, 1e-8);
    for (size_t i = 0; i < g->cells; i++) {
      double mean = (sum[i] + PRIOR_PICTURES * all) / (n + PRIOR_PICTURES);
      double spread = squares[i] - 2 * mean * sum[i] + n * mean * mean;
      double variance = (spread + PRIOR_PICTURES * within)
                        / (n + PRIOR_PICTURES);
      variance = fmax (variance, LEAST_DEVIATION * LEAST_DEVIATION * within);
      f->usual[k][i] = (AeUsual){ (float) mean, (float) sqrt (variance) };
    }
  }
}

/* A distance that is seldom reached by motions as they were seen. */
static AeStatus
find_motion_scale (const Gathered *g, AeError *err)
{
  AeFacts *f = &g->work->facts;
  size_t n = g->motions.n;
  float *distances = ae_alloc (n * sizeof (float));
  float *scratch
      = ae_alloc (ae_neighbours_scratch (f->motion) * sizeof (float));
  if (distances && scratch) {
    ae_neighbours_distances (f->motion, g->motions.rows, n,
        MOTION_NEIGHBOURS, AE_NEIGHBOURS_MEAN, distances, scratch);
    f->motion_scale
        = fmaxf (ae_sample_quantile (distances, n, SELDOM), 1e-3f);
  }
  bool ok = distances && scratch;
  ae_free (distances);
  ae_free (scratch);
  return ok ? AE_OK
            : ae_fail (err, AE_ERROR_MEMORY, "no memory for distances");
}

static AeStatus
find_motion (const Gathered *g, AeError *err)
{
  AeFacts *f = &g->work->facts;
  f->motion_scale = 1;
  if (g->motions.n == 0)
    return AE_OK;
  size_t *chosen = ae_alloc (POINTS * sizeof *chosen), n = 0;
  float *points = ae_alloc (POINTS * AE_MOTION_POINT * sizeof (float));
  AeStatus status
      = chosen && points
            ? ae_coreset_choose (chosen, &n, g->motions.rows, g->motions.n,
                  AE_MOTION_POINT, POINTS, err)
            : ae_fail (err, AE_ERROR_MEMORY, "no memory for points");
  for (size_t i = 0; status == AE_OK && i < n; i++)
    for (size_t k = 0; k < AE_MOTION_POINT; k++)
      points[i * AE_MOTION_POINT + k]
          = g->motions.rows[chosen[i] * AE_MOTION_POINT + k];
  if (status == AE_OK)
    status = ae_facts_set_motion (f, points, n, err);
  ae_free (chosen);
  ae_free (points);
  return status == AE_OK ? find_motion_scale (g, err) : status;
}

static AeStatus
gather_init (Gathered *g, AeAnomalyWork *w, AeError *err)
{
  *g = (Gathered){ .work = w,
    .cells = (size_t) w->facts.columns * (size_t) w->facts.rows };
  g->speeds = ae_calloc (g->cells, BINS * sizeof *g->speeds);
  g->sum = ae_calloc (g->cells, AE_APPEARANCES * sizeof *g->sum);
  g->squares = ae_calloc (g->cells, AE_APPEARANCES * sizeof *g->squares);
  AeStatus status = ae_sample_rows_init (&g->latents, LATENTS,
      (size_t) w->facts.shape.latent, w->seed + 1, err);
  if (status == AE_OK)
    status = ae_sample_rows_init (
        &g->motions, MOTIONS, AE_MOTION_POINT, w->seed + 2, err);
  if (status == AE_OK && (!g->speeds || !g->sum || !g->squares))
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu cells", g->cells);
  return status;
}

static void
gather_clear (Gathered *g)
{
  ae_free (g->speeds);
  ae_free (g->sum);
  ae_free (g->squares);
  ae_sample_rows_clear (&g->latents);
  ae_sample_rows_clear (&g->motions);
}

AeStatus
ae_anomaly_find_usual (AeAnomalyWork *w, AeError *err)
{
  Gathered g;
  AeStatus status = gather_init (&g, w, err);
  if (status == AE_OK)
    status = find_basics (&g, err);
  if (status == AE_OK)
    status = ae_anomaly_observe (w, err);
  g.pictures = 0;
  if (status == AE_OK)
    status = ae_anomaly_walk (w, false, gather_cells, &g, err);
  if (status == AE_OK) {
    find_cells (&g);
    status = find_motion (&g, err);
  }
  gather_clear (&g);
  return status;
}
