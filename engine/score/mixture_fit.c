/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/mixture_parts.h"

#include "util/mem.h"
#include "util/rng.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define COMPONENTS 4
#define FLOOR 1e-3
#define ROUNDS 100
/* Rounds end when the mean log density rises by less. */
#define LEAST_GAIN 1e-5
/* Shares of a row in a component that are passed over. */
#define LEAST_SHARE 1e-6f
/* Rows of a component without which it stays as it is. */
#define LEAST_ROWS 1e-3

/* The fit's state. `sums` are over rows with their shares in a component,
 * differences from its mean in the round before, so that little cancels. */
typedef struct {
  AeMixture *m;
  const float *rows;
  size_t n, d;
  double floor;    /* variance */
  double *scale;   /* d: 1 / variance of all rows, 0 where there is none */
  float *least;    /* n: squared distance to the nearest start */
  size_t *start;   /* components: rows */
  double *weight;  /* components: sum of shares */
  double *sum;     /* components x d */
  double *product; /* components x d x d, lower triangle (d: squares only) */
  double *work;    /* d x d: a covariance and its factor */
} Fit;

static size_t
product_size (const Fit *f)
{
  return f->m->full ? f->d * f->d : f->d;
}

static void
clear_fit (Fit *f)
{
  ae_free (f->scale);
  ae_free (f->least);
  ae_free (f->start);
  ae_free (f->weight);
  ae_free (f->sum);
  ae_free (f->product);
  ae_free (f->work);
}

static bool
allocate (Fit *f)
{
  size_t k = f->m->components, d = f->d;
  f->scale = ae_calloc (d, sizeof *f->scale);
  f->least = ae_calloc (f->n, sizeof *f->least);
  f->start = ae_calloc (k, sizeof *f->start);
  f->weight = ae_calloc (k, sizeof *f->weight);
  f->sum = ae_calloc (k * d, sizeof *f->sum);
  f->product = ae_calloc (k * product_size (f), sizeof *f->product);
  f->work = ae_calloc (d * d, sizeof *f->work);
  return f->scale && f->least && f->start && f->weight && f->sum
      && f->product && f->work;
}

/* The rows' scale, and from their mean variance the floor. Without any it is a
 * little of their size. */
static void
measure_spread (Fit *f, double floor)
{
  double total = 0, size = 0;
  for (size_t i = 0; i < f->d; i++) {
    double mean = 0, square = 0;
    for (size_t r = 0; r < f->n; r++)
      mean += f->rows[r * f->d + i] / (double) f->n;
    for (size_t r = 0; r < f->n; r++)
      square += pow (f->rows[r * f->d + i] - mean, 2) / (double) f->n;
    double digits = FLT_EPSILON * mean;
    f->scale[i] = square > digits * digits ? 1 / square : 0;
    total += square / (double) f->d;
    size += mean * mean / (double) f->d;
  }
  double least = 1e-6 * fmax (size, 1e-6);
  f->floor = total > 1e-6 * least ? floor * total : least;
}

/* Squared distance with each value's spread as its unit. */
static float
scaled_distance (const Fit *f, size_t a, size_t b)
{
  double sum = 0;
  for (size_t i = 0; i < f->d; i++) {
    double difference
        = (double) f->rows[a * f->d + i] - f->rows[b * f->d + i];
    sum += difference * difference * f->scale[i];
  }
  return (float) sum;
}

/* A row, as probable as its squared distance from the starts so far; n when
 * all are equal to one of them. */
static size_t
draw_row (const Fit *f, AeRng *rng)
{
  double total = 0;
  size_t last = f->n;
  for (size_t r = 0; r < f->n; r++)
    total += f->least[r];
  double left = ae_rng_uniform (rng) * total;
  for (size_t r = 0; r < f->n; r++) {
    if (f->least[r] <= 0)
      continue;
    last = r;
    left -= f->least[r];
    if (left < 0)
      break;
  }
  return last;
}

/* k-means++; returns how many starts differ. */
static size_t
choose_starts (Fit *f, size_t wanted, AeRng *rng)
{
  size_t next = ae_rng_below (rng, (uint32_t) f->n), found = 0;
  for (size_t r = 0; r < f->n; r++)
    f->least[r] = FLT_MAX;
  while (found < wanted && next < f->n) {
    f->start[found++] = next;
    for (size_t r = 0; r < f->n; r++)
      f->least[r] = fminf (f->least[r], scaled_distance (f, r, next));
    next = draw_row (f, rng);
  }
  return found;
}

/* The first mixture: components at the starts, each as wide as all rows. */
static void
set_starts (Fit *f)
{
  AeMixture *m = f->m;
  size_t size = ae_mixture_factor_floats (m);
  for (size_t k = 0; k < m->components; k++) {
    float *factor = m->factor + k * size;
    memcpy (m->mean + k * f->d, f->rows + f->start[k] * f->d,
        f->d * sizeof *m->mean);
    for (size_t j = 0; j < f->d; j++) {
      double variance = f->scale[j] > 0 ? 1 / f->scale[j] : 0;
      variance = variance / (double) m->components + f->floor;
      factor += m->full ? j : 0;
      *factor++ = (float) (1 / sqrt (variance));
    }
  }
}

static void
add_row (Fit *f, size_t k, const float *row, double share)
{
  double difference[AE_MIXTURE_MOST_VALUES];
  const float *mean = f->m->mean + k * f->d;
  double *sum = f->sum + k * f->d;
  double *product = f->product + k * product_size (f);
  f->weight[k] += share;
  for (size_t i = 0; i < f->d; i++) {
    difference[i] = (double) row[i] - mean[i];
    sum[i] += share * difference[i];
  }
  if (f->m->full)
    for (size_t j = 0; j < f->d; j++)
      for (size_t i = 0; i <= j; i++)
        product[j * f->d + i] += share * difference[j] * difference[i];
  else
    for (size_t i = 0; i < f->d; i++)
      product[i] += share * difference[i] * difference[i];
}

/* Expectation: shares of each row in the components, and their sums. Returns
 * the mean log density. */
static double
add_rows (Fit *f)
{
  float logs[AE_MIXTURE_MOST_COMPONENTS][AE_MIXTURE_LANES];
  size_t k_all = f->m->components;
  double mean = 0;
  memset (f->weight, 0, k_all * sizeof *f->weight);
  memset (f->sum, 0, k_all * f->d * sizeof *f->sum);
  memset (f->product, 0, k_all * product_size (f) * sizeof *f->product);
  for (size_t begin = 0; begin < f->n; begin += AE_MIXTURE_LANES) {
    const float *rows = f->rows + begin * f->d;
    size_t count = f->n - begin;
    count = count < AE_MIXTURE_LANES ? count : AE_MIXTURE_LANES;
    ae_mixture_component_logs (f->m, rows, count, logs);
    for (size_t r = 0; r < count; r++) {
      float all = ae_mixture_sum_logs (f->m, logs, r);
      mean += all / (double) f->n;
      for (size_t k = 0; k < k_all; k++) {
        float share = expf (logs[k][r] - all);
        if (share > LEAST_SHARE)
          add_row (f, k, rows + r * f->d, share);
      }
    }
  }
  return mean;
}

/* The lower triangle of a positive definite matrix becomes that of its Cholesky
 * factor's inverse; returns the logarithm of the inverse's determinant. The
 * floor keeps pivots positive, but for rounding. */
static double
invert_cholesky (double *a, size_t d, double floor)
{
  double log_det = 0;
  for (size_t j = 0; j < d; j++) {
    for (size_t i = j; i < d; i++) {
      for (size_t k = 0; k < j; k++)
        a[i * d + j] -= a[i * d + k] * a[j * d + k];
      if (i == j)
        a[j * d + j] = sqrt (fmax (a[j * d + j], floor / 2));
      else
        a[i * d + j] /= a[j * d + j];
    }
    log_det -= log (a[j * d + j]);
  }
  for (size_t j = 0; j < d; j++) {
    a[j * d + j] = 1 / a[j * d + j];
    for (size_t i = j + 1; i < d; i++) {
      double sum = 0;
      for (size_t k = j; k < i; k++)
        sum -= a[i * d + k] * a[k * d + j];
      a[i * d + j] = sum / a[i * d + i];
    }
  }
  return log_det;
}

/* The covariance about the new mean, `shift` from the old one, becomes the
 * component's factor. Returns the logarithm of its determinant. */
static double
set_full (Fit *f, size_t k, const double *shift)
{
  size_t d = f->d;
  const double *product = f->product + k * d * d;
  float *factor = f->m->factor + k * ae_mixture_factor_floats (f->m);
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i <= j; i++)
      f->work[j * d + i] = product[j * d + i] / f->weight[k]
          - shift[j] * shift[i] + (i == j ? f->floor : 0);
  double log_det = invert_cholesky (f->work, d, f->floor);
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i <= j; i++)
      *factor++ = (float) f->work[j * d + i];
  return log_det;
}

static double
set_diagonal (Fit *f, size_t k, const double *shift)
{
  double log_det = 0;
  for (size_t i = 0; i < f->d; i++) {
    double variance
        = f->product[k * f->d + i] / f->weight[k] - shift[i] * shift[i];
    variance = fmax (variance, 0) + f->floor;
    f->m->factor[k * f->d + i] = (float) (1 / sqrt (variance));
    log_det -= log (variance) / 2;
  }
  return log_det;
}

/* Maximisation. A component that has lost its rows keeps where it was and
 * weighs next to nothing. */
static void
set_components (Fit *f)
{
  AeMixture *m = f->m;
  for (size_t k = 0; k < m->components; k++) {
    double shift[AE_MIXTURE_MOST_VALUES];
    double weight = f->weight[k] / (double) f->n;
    if (f->weight[k] < LEAST_ROWS) {
      m->constant[k] = -1e30f;
      continue;
    }
    for (size_t i = 0; i < f->d; i++) {
      shift[i] = f->sum[k * f->d + i] / f->weight[k];
      m->mean[k * f->d + i] += (float) shift[i];
    }
    double log_det
        = m->full ? set_full (f, k, shift) : set_diagonal (f, k, shift);
    m->constant[k] = (float) (log (weight) + log_det
        - 0.5 * (double) f->d * log (2 * 3.14159265358979));
  }
}

static void
run_rounds (Fit *f, int rounds)
{
  double before = -HUGE_VAL;
  for (int round = 0; round < rounds; round++) {
    double mean = add_rows (f);
    set_components (f);
    /* the first densities are those of the starts, without constants */
    if (round > 1 && mean - before < LEAST_GAIN)
      break;
    before = mean;
  }
}

static AeStatus
check (const float *rows, size_t n, size_t d, size_t components, AeError *err)
{
  if (n == 0 || n > UINT32_MAX || d == 0 || d > AE_MIXTURE_MOST_VALUES
      || components > AE_MIXTURE_MOST_COMPONENTS)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu components for %zu rows of %zu values, wanted up to %d for 1 or "
        "more rows of 1 to %d", components, n, d,
        AE_MIXTURE_MOST_COMPONENTS, AE_MIXTURE_MOST_VALUES);
  for (size_t i = 0; i < n * d; i++)
    if (!(fabsf (rows[i]) <= 1e18f))
      return ae_fail (err, AE_ERROR_NUMERIC,
          "value %zu of row %zu is %g, wanted a finite one up to 1e18",
          i % d, i / d, (double) rows[i]);
  return AE_OK;
}

/* The mixture may get smaller: its arrays are laid out anew. */
static AeStatus
limit_components (Fit *f, size_t found, AeError *err)
{
  if (found == f->m->components)
    return AE_OK;
  bool full = f->m->full;
  ae_mixture_free (&f->m);
  return ae_mixture_new (&f->m, found, f->d, full, err);
}

AeStatus
ae_mixture_fit (AeMixture **out, const float *rows, size_t n, size_t d,
    const AeMixtureOptions *options, AeError *err)
{
  AeMixtureOptions o = options ? *options : (AeMixtureOptions) { 0 };
  size_t wanted = o.components ? o.components : COMPONENTS;
  *out = NULL;
  AeStatus status = check (rows, n, d, wanted, err);
  if (status != AE_OK)
    return status;
  Fit f = { .rows = rows, .n = n, .d = d };
  status = ae_mixture_new (&f.m, wanted, d, o.full, err);
  if (status == AE_OK && !allocate (&f))
    status = ae_fail (err, AE_ERROR_MEMORY,
        "no memory to fit a mixture to %zu rows of %zu values", n, d);
  if (status == AE_OK) {
    AeRng rng;
    ae_rng_seed (&rng, o.seed);
    measure_spread (&f, o.floor > 0 ? o.floor : FLOOR);
    status = limit_components (&f, choose_starts (&f, wanted, &rng), err);
  }
  if (status == AE_OK) {
    set_starts (&f);
    run_rounds (&f, o.rounds > 0 ? o.rounds : ROUNDS);
    *out = f.m;
  } else {
    ae_mixture_free (&f.m);
  }
  clear_fit (&f);
  return status;
}
