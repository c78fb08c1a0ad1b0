/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/rbm.h"

#include "kernels/sgemm.h"
#include "util/mem.h"
#include "util/pool.h"

#include <math.h>
#include <string.h>

#define START_DEVIATION 0.01f
#define LEAST_SHARE 0.01f      /* of a unit's being on, where its bias starts */
#define LEAST_PROBABILITY 1e-6 /* in a cross-entropy */
#define JOB_BLOCKS 4           /* of columns of a product */

struct AeRbm {
  AeRbmSize size;
  size_t n_params;
  int n_threads;
  AeRng rng;
  float *params, *momentum, *next; /* n_params each */
  float *moved;      /* n_params: where a step's momentum would be */
  float *visible;    /* (most,visible): the chain's */
  float *hidden[2];  /* (most,hidden): of the data, of the chain */
  float *drawn;      /* (most,hidden): states of hidden units */
  float *packed;     /* operands of a product */
};

/* Products. */

typedef struct {
  AeGemm gemm;
  const float *a, *b;
  float *c, *packed_a, *packed_b;
} Product;

static void
pack_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Product *p = arg;
  ae_sgemm_pack_a (
      ae_kernels (), &p->gemm, p->a, index, index + 1, p->packed_a);
}

static void
part_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Product *p = arg;
  size_t first = index * JOB_BLOCKS, n = ae_sgemm_b_blocks (&p->gemm) - first;
  n = n < JOB_BLOCKS ? n : JOB_BLOCKS;
  ae_sgemm_pack_b (
      ae_kernels (), &p->gemm, p->b, first, first + n, p->packed_b);
  ae_sgemm_part (ae_kernels (), &p->gemm, p->gemm.ta ? p->packed_a : p->a,
      p->packed_b, p->c, 0, p->gemm.m, first, n);
}

static void
multiply (AeRbm *r, AeGemm gemm, const float *a, const float *b, float *c)
{
  Product p = { gemm, a, b, c, r->packed,
    r->packed + ae_sgemm_a_floats (&gemm) };
  size_t n = (ae_sgemm_b_blocks (&gemm) + JOB_BLOCKS - 1) / JOB_BLOCKS;
  AePool *pool = ae_pool_shared ();
  ae_pool_run (pool, r->n_threads, ae_sgemm_a_blocks (&gemm), pack_job, &p);
  ae_pool_run (pool, r->n_threads, n, part_job, &p);
}

static AeGemm
up_product (const AeRbm *r, size_t n)
{
  return (AeGemm){ .m = n, .n = r->size.hidden, .k = r->size.visible,
    .alpha = 1, .beta = 1 };
}

static AeGemm
down_product (const AeRbm *r, size_t n)
{
  return (AeGemm){ .tb = true, .m = n, .n = r->size.visible,
    .k = r->size.hidden, .alpha = 1, .beta = 1 };
}

static AeGemm
pair_product (const AeRbm *r, size_t n, float alpha, float beta)
{
  return (AeGemm){ .ta = true, .m = r->size.visible, .n = r->size.hidden,
    .k = n, .alpha = alpha, .beta = beta };
}

static size_t
packed_floats (const AeRbm *r)
{
  AeGemm g[] = { up_product (r, r->size.most), down_product (r, r->size.most),
    pair_product (r, r->size.most, 1, 1) };
  size_t most = 0;
  for (size_t i = 0; i < sizeof g / sizeof *g; i++) {
    size_t n = ae_sgemm_a_floats (&g[i]) + ae_sgemm_b_floats (&g[i]);
    most = n > most ? n : most;
  }
  return most;
}

/* The machine. */

static float *
visible_bias (const AeRbm *r)
{
  return r->params + r->size.visible * r->size.hidden;
}

static float *
hidden_bias (const AeRbm *r)
{
  return visible_bias (r) + r->size.visible;
}

static bool
measure (AeRbm *r)
{
  const AeRbmSize *s = &r->size;
  size_t n, bytes, larger = s->visible > s->hidden ? s->visible : s->hidden;
  return ae_mul_size (s->visible, s->hidden, &n)
      && ae_add_size (n, s->visible, &n)
      && ae_add_size (n, s->hidden, &r->n_params)
      && ae_mul_size (r->n_params, 4 * sizeof (float), &bytes)
      && ae_mul_size (s->most, larger, &n)
      && ae_mul_size (n, 4 * sizeof (float), &bytes);
}

static bool
allocate (AeRbm *r)
{
  const AeRbmSize *s = &r->size;
  r->params = ae_calloc (r->n_params, sizeof *r->params);
  r->momentum = ae_calloc (r->n_params, sizeof *r->momentum);
  r->next = ae_calloc (r->n_params, sizeof *r->next);
  r->moved = ae_calloc (r->n_params, sizeof *r->moved);
  r->visible = ae_calloc (s->most * s->visible, sizeof *r->visible);
  r->drawn = ae_calloc (s->most * s->hidden, sizeof *r->drawn);
  r->packed = ae_calloc (packed_floats (r), sizeof *r->packed);
  for (int i = 0; i < 2; i++)
    r->hidden[i] = ae_calloc (s->most * s->hidden, sizeof *r->hidden[i]);
  return r->params && r->momentum && r->next && r->moved && r->visible
      && r->drawn && r->packed && r->hidden[0] && r->hidden[1];
}

AeStatus
ae_rbm_new (AeRbm **out, const AeRbmSize *size, uint64_t seed, AeError *err)
{
  *out = NULL;
  AeRbm *r = ae_calloc (1, sizeof *r);
  if (!r)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a machine");
  r->size = *size;
  r->n_threads = ae_pool_threads (size->n_threads);
  AeStatus status = AE_OK;
  if (!measure (r))
    status = ae_fail (err, AE_ERROR_LIMIT,
        "a machine of %zu visible and %zu hidden units, wanted fewer",
        size->visible, size->hidden);
  else if (!allocate (r))
    status = ae_fail (err, AE_ERROR_MEMORY,
        "no memory for a machine of %zu visible and %zu hidden units",
        size->visible, size->hidden);
  if (status != AE_OK) {
    ae_rbm_free (&r);
    return status;
  }
  ae_rng_seed (&r->rng, seed);
  for (size_t i = 0; i < size->visible * size->hidden; i++)
    r->params[i] = START_DEVIATION * ae_rng_normal (&r->rng);
  *out = r;
  return AE_OK;
}

void
ae_rbm_free (AeRbm **rbm)
{
  AeRbm *r = *rbm;
  *rbm = NULL;
  if (!r)
    return;
  ae_free (r->params);
  ae_free (r->momentum);
  ae_free (r->next);
  ae_free (r->moved);
  ae_free (r->visible);
  ae_free (r->drawn);
  ae_free (r->packed);
  ae_free (r->hidden[0]);
  ae_free (r->hidden[1]);
  ae_free (r);
}

size_t
ae_rbm_n_params (const AeRbm *r)
{
  return r->n_params;
}

float *
ae_rbm_params (AeRbm *r)
{
  return r->params;
}

float *
ae_rbm_momentum (AeRbm *r)
{
  return r->momentum;
}

AeRng *
ae_rbm_rng (AeRbm *r)
{
  return &r->rng;
}

void
ae_rbm_start_bias (AeRbm *r, const float *mean)
{
  for (size_t i = 0; i < r->size.visible; i++) {
    float p = fminf (fmaxf (mean[i], LEAST_SHARE), 1 - LEAST_SHARE);
    visible_bias (r)[i] = logf (p / (1 - p));
  }
}

/* Its two ways. */

static void
fill_rows (float *to, const float *row, size_t n, size_t columns)
{
  for (size_t i = 0; i < n; i++)
    memcpy (to + i * columns, row, columns * sizeof *to);
}

static void
squash (float *x, size_t n)
{
  for (size_t i = 0; i < n; i++)
    x[i] = 1 / (1 + expf (-x[i]));
}

static void
pull_up (AeRbm *r, const float *v, size_t n, float *h)
{
  fill_rows (h, hidden_bias (r), n, r->size.hidden);
  multiply (r, up_product (r, n), v, r->params, h);
}

void
ae_rbm_up (AeRbm *r, const float *v, size_t n, float *h)
{
  pull_up (r, v, n, h);
  squash (h, n * r->size.hidden);
}

void
ae_rbm_down (AeRbm *r, const float *h, size_t n, float *v)
{
  fill_rows (v, visible_bias (r), n, r->size.visible);
  multiply (r, down_product (r, n), h, r->params, v);
  squash (v, n * r->size.visible);
}

static double
softplus (double x)
{
  return fmax (x, 0) + log1p (exp (-fabs (x)));
}

void
ae_rbm_free_energy (AeRbm *r, const float *v, size_t n, float *energy)
{
  const float *x = r->drawn;
  pull_up (r, v, n, r->drawn);
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t k = 0; k < r->size.visible; k++)
      sum -= (double) *v++ * visible_bias (r)[k];
    for (size_t k = 0; k < r->size.hidden; k++)
      sum -= softplus (*x++);
    energy[i] = (float) sum;
  }
}

double
ae_rbm_cross_entropy (
    const AeRbm *r, const float *v, const float *made, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n * r->size.visible; i++) {
    double p = fmin (fmax (made[i], LEAST_PROBABILITY), 1 - LEAST_PROBABILITY);
    sum -= v[i] * log (p) + (1 - v[i]) * log1p (-p);
  }
  return sum / (double) n;
}

/* Learning. */

static void
draw (AeRng *rng, const float *p, size_t n, float *state)
{
  for (size_t i = 0; i < n; i++)
    state[i] = ae_rng_uniform (rng) < p[i] ? 1 : 0;
}

/* sum += scale * each row's numbers. */
static void
add_rows (float *sum, const float *rows, size_t n, size_t columns, float scale)
{
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < columns; k++)
      sum[k] += scale * *rows++;
}

static double
mean_of (const float *x, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += x[i];
  return sum / (double) n;
}

/* From r->hidden[0] to r->visible and r->hidden[1]; `v` is what it began at. */
static void
run_chain (AeRbm *r, const AeRbmChain *chain, const float *v, size_t n,
    AeRbmReport *report)
{
  size_t n_hidden = n * r->size.hidden, n_visible = n * r->size.visible;
  const float *h = r->hidden[0];
  for (int i = 0; i < chain->steps; i++) {
    draw (&r->rng, h, n_hidden, r->drawn);
    ae_rbm_down (r, r->drawn, n, r->visible);
    if (i == 0 && report)
      *report = (AeRbmReport){
        .cross_entropy = ae_rbm_cross_entropy (r, v, r->visible, n),
        .active = mean_of (h, n_hidden) };
    if (chain->visible)
      draw (&r->rng, r->visible, n_visible, r->visible);
    ae_rbm_up (r, r->visible, n, r->hidden[1]);
    h = r->hidden[1];
  }
}

/* <v h> of the data less <v h> of the chain, and so for the biases: hidden
 * units are probabilities here, which is less noisy than what is drawn. */
void
ae_rbm_gradient (AeRbm *r, const AeRbmChain *chain, const float *v, size_t n,
    float *gradient, AeRbmReport *report)
{
  size_t n_weights = r->size.visible * r->size.hidden;
  float *b = gradient + n_weights, *c = b + r->size.visible;
  float part = 1 / (float) n;
  ae_rbm_up (r, v, n, r->hidden[0]);
  run_chain (r, chain, v, n, report);
  multiply (r, pair_product (r, n, part, 0), v, r->hidden[0], gradient);
  multiply (
      r, pair_product (r, n, -part, 1), r->visible, r->hidden[1], gradient);
  memset (b, 0, (r->n_params - n_weights) * sizeof *b);
  add_rows (b, v, n, r->size.visible, part);
  add_rows (b, r->visible, n, r->size.visible, -part);
  add_rows (c, r->hidden[0], n, r->size.hidden, part);
  add_rows (c, r->hidden[1], n, r->size.hidden, -part);
}

AeStatus
ae_rbm_step (AeRbm *r, const AeRbmStep *step, const float *v, size_t n,
    AeRbmReport *report, AeError *err)
{
  size_t n_weights = r->size.visible * r->size.hidden, wrong = 0;
  ae_rbm_gradient (r, &step->chain, v, n, r->moved, report);
  for (size_t i = 0; i < r->n_params; i++) {
    float decay = i < n_weights ? step->weight_decay * r->params[i] : 0;
    r->moved[i] = step->momentum * r->momentum[i]
        + step->rate * (r->moved[i] - decay);
    r->next[i] = r->params[i] + r->moved[i];
    wrong += !isfinite (r->moved[i]) || !isfinite (r->next[i]);
  }
  if (wrong > 0)
    return ae_fail (err, AE_ERROR_NUMERIC,
        "step skipped: %zu of %zu parameters would not be finite", wrong,
        r->n_params);
  float *old = r->params, *gathered = r->momentum;
  r->params = r->next;
  r->momentum = r->moved;
  r->next = old;
  r->moved = gathered;
  return AE_OK;
}
