/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* van der Maaten and Hinton, "Visualizing data using t-SNE", 2008; as exactly as
 * it stands there. The start is the map along two axes (Kobak and Berens, "The
 * art of using t-SNE for single-cell transcriptomics", 2019), so that nothing is
 * drawn by lot. */
#include <math.h>
#include <string.h>

#include "score/code_parts.h"
#include "score/distance.h"
#include "util/mem.h"
#include "util/pool.h"

#define MOST_CODES 6000
#define ROUNDS 500
#define EXAGGERATION 12.0f /* of what attracts, in the first part */
#define FIRST_PART 150     /* rounds */
#define START 1e-4         /* deviation of the first places */
#define LANES 16
#define BISECTIONS 60

typedef struct {
  size_t n, stride; /* stride: n, up to whole lanes */
  const AeCodes *codes;
  double entropy;    /* nats of each row's probabilities */
  float *p;          /* n x stride: joint probabilities; 0 beyond n */
  float *x, *y;      /* stride: places */
  float *dx, *dy;    /* n: the gradient, but for what repels */
  float *rx, *ry;    /* n: what repels, not normalised */
  double *normal;    /* n: sums of the map's similarities */
  float attraction;
} Map;

static void
square_row (void *arg, size_t i, int thread)
{
  (void) thread;
  Map *m = arg;
  size_t d = m->codes->d;
  for (size_t k = 0; k < m->n; k++)
    m->p[i * m->stride + k] = ae_distance_square (
        m->codes->values + i * d, m->codes->values + k * d, d);
}

/* Sum and entropy of exp (-beta square), without the row's own; relative to the
 * nearest, so that there always is one. */
static double
row_entropy (const float *squares, size_t n, size_t own, double least,
    double beta, double *sum)
{
  double weighted = 0;
  *sum = 0;
  for (size_t k = 0; k < n; k++) {
    double off = squares[k] - least, e = exp (-beta * off);
    if (k == own)
      continue;
    *sum += e;
    weighted += e * off;
  }
  return log (*sum) + beta * weighted / *sum;
}

/* Squared distances of a row become probabilities of the wanted entropy. */
static void
weigh_row (void *arg, size_t i, int thread)
{
  (void) thread;
  Map *m = arg;
  float *row = m->p + i * m->stride;
  double least = INFINITY, beta = 1, low = 0, high = INFINITY, sum;
  for (size_t k = 0; k < m->n; k++)
    least = k != i && row[k] < least ? row[k] : least;
  for (int b = 0; b < BISECTIONS; b++) {
    double off
        = row_entropy (row, m->n, i, least, beta, &sum) - m->entropy;
    if (fabs (off) < 1e-5)
      break;
    if (off > 0)
      low = beta;
    else
      high = beta;
    beta = isinf (high) ? 2 * beta : (low + high) / 2;
  }
  row_entropy (row, m->n, i, least, beta, &sum);
  for (size_t k = 0; k < m->n; k++)
    row[k] = k == i ? 0 : (float) (exp (-beta * (row[k] - least)) / sum);
}

static void
make_symmetric (Map *m)
{
  for (size_t i = 0; i < m->n; i++)
    for (size_t k = 0; k <= i; k++) {
      float *a = &m->p[i * m->stride + k], *b = &m->p[k * m->stride + i];
      *a = *b = (*a + *b) / (2 * (float) m->n);
    }
}

/* What a place is drawn and pushed by. Those beyond n are so far away that they
 * do nothing. */
static void
pull_row (void *arg, size_t i, int thread)
{
  (void) thread;
  Map *m = arg;
  const float *restrict p = m->p + i * m->stride;
  const float *restrict x = m->x, *restrict y = m->y;
  float ax[LANES] = { 0 }, ay[LANES] = { 0 }, rx[LANES] = { 0 };
  float ry[LANES] = { 0 }, sum[LANES] = { 0 }, own_x = x[i], own_y = y[i];
  for (size_t k = 0; k < m->stride; k += LANES)
    for (int l = 0; l < LANES; l++) {
      float u = own_x - x[k + l], v = own_y - y[k + l];
      float q = 1 / (1 + u * u + v * v);
      sum[l] += q;
      ax[l] += p[k + l] * q * u;
      ay[l] += p[k + l] * q * v;
      rx[l] += q * q * u;
      ry[l] += q * q * v;
    }
  double total = -1; /* its own */
  m->dx[i] = m->dy[i] = m->rx[i] = m->ry[i] = 0;
  for (int l = 0; l < LANES; l++) {
    total += sum[l];
    m->dx[i] += ax[l];
    m->dy[i] += ay[l];
    m->rx[i] += rx[l];
    m->ry[i] += ry[l];
  }
  m->normal[i] = total;
}

static void
find_gradient (Map *m, int n_threads)
{
  double normal = 0;
  ae_pool_run (ae_pool_shared (), n_threads, m->n, pull_row, m);
  for (size_t i = 0; i < m->n; i++)
    normal += m->normal[i];
  for (size_t i = 0; i < m->n; i++) {
    m->dx[i] = 4 * (m->attraction * m->dx[i] - m->rx[i] / (float) normal);
    m->dy[i] = 4 * (m->attraction * m->dy[i] - m->ry[i] / (float) normal);
  }
}

/* A step of one axis, with a gain for each place that grows while the gradient
 * keeps its direction (Jacobs, 1988). */
static void
step (float *place, const float *gradient, float *speed, float *gain, size_t n,
    float momentum, float rate)
{
  double mean = 0;
  for (size_t i = 0; i < n; i++) {
    bool turned = (gradient[i] > 0) == (speed[i] > 0);
    gain[i] = turned ? fmaxf (0.8f * gain[i], 0.01f) : gain[i] + 0.2f;
    speed[i] = momentum * speed[i] - rate * gain[i] * gradient[i];
    place[i] += speed[i];
    mean += place[i];
  }
  for (size_t i = 0; i < n; i++)
    place[i] -= (float) (mean / (double) n);
}

#define FAR 1e15f

static void
descend (Map *m, float *state, int n_threads)
{
  size_t n = m->n;
  float *speed_x = state, *speed_y = state + n, *gain_x = state + 2 * n;
  float *gain_y = state + 3 * n;
  float rate = fmaxf ((float) n / EXAGGERATION / 4, 50);
  for (size_t i = 0; i < 2 * n; i++)
    gain_x[i] = 1;
  for (int round = 0; round < ROUNDS; round++) {
    bool first = round < FIRST_PART;
    m->attraction = first ? EXAGGERATION : 1;
    find_gradient (m, n_threads);
    step (m->x, m->dx, speed_x, gain_x, n, first ? 0.5f : 0.8f, rate);
    step (m->y, m->dy, speed_y, gain_y, n, first ? 0.5f : 0.8f, rate);
  }
}

/* Places in `map` (n x 2), as small as they should be, to x and y. */
static void
take_start (Map *m, const float *map)
{
  double squares = 0;
  for (size_t i = 0; i < m->n; i++)
    squares += (double) map[2 * i] * map[2 * i];
  float scale = squares > 0
      ? (float) (START / sqrt (squares / (double) m->n))
      : 0;
  for (size_t i = 0; i < m->stride; i++) {
    m->x[i] = i < m->n ? scale * map[2 * i] : FAR;
    m->y[i] = i < m->n ? scale * map[2 * i + 1] : FAR;
  }
}

static AeStatus
check (const AeCodes *codes, double perplexity, AeError *err)
{
  AeStatus status = ae_codes_check (codes, "codes to map", err);
  if (status != AE_OK)
    return status;
  if (codes->n > MOST_CODES)
    return ae_fail (err, AE_ERROR_LIMIT,
        "%zu codes to map, wanted at most %d: time and memory grow with their "
        "square",
        codes->n, MOST_CODES);
  if (!(perplexity >= 2) || 3 * perplexity >= (double) codes->n)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a perplexity of %g for %zu codes, wanted 2 to less than a third of "
        "them",
        perplexity, codes->n);
  return AE_OK;
}

AeStatus
ae_codes_tsne_map (float *map, const AeCodes *codes, double perplexity,
    int n_threads, AeError *err)
{
  AeStatus status = check (codes, perplexity, err);
  if (status != AE_OK)
    return status;
  size_t n = codes->n, stride = (n + LANES - 1) / LANES * LANES;
  int threads = ae_pool_threads (n_threads);
  float *p = ae_calloc (n * stride, sizeof *p);
  float *block = ae_calloc (2 * stride + 8 * n, sizeof *block);
  double *normal = ae_calloc (n, sizeof *normal);
  float *rest = block ? block + 2 * stride : NULL;
  Map m = { .n = n, .stride = stride, .codes = codes,
    .entropy = log (perplexity), .p = p, .x = block, .y = block + stride,
    .dx = rest, .dy = rest + n, .rx = rest + 2 * n, .ry = rest + 3 * n,
    .normal = normal };
  status = p && block && normal
      ? ae_codes_principal_map (map, codes, 2, err)
      : ae_fail (err, AE_ERROR_MEMORY, "no memory to map %zu codes", n);
  if (status == AE_OK) {
    ae_pool_run (ae_pool_shared (), threads, n, square_row, &m);
    ae_pool_run (ae_pool_shared (), threads, n, weigh_row, &m);
    make_symmetric (&m);
    take_start (&m, map);
    descend (&m, rest + 4 * n, threads);
  }
  for (size_t i = 0; status == AE_OK && i < n; i++) {
    map[2 * i] = m.x[i];
    map[2 * i + 1] = m.y[i];
  }
  ae_free (p);
  ae_free (block);
  ae_free (normal);
  return status;
}
