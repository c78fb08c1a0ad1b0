/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/optimiser.h"

#include <math.h>

/* Elements of one job: all blocks of a run stay inside a core's cache. */
#define RUN 16384

typedef struct {
  const AeOptimiserStep *step;
  const AeOptimiserBlocks *blocks;
  float rate;          /* with Adam's bias correction */
  float inv_sqrt_bias; /* 1 / sqrt (1 - beta2^t) */
} Job;

static void
adam_run (const Job *job, size_t n, float *restrict w, float *restrict g,
    float *restrict m, float *restrict v)
{
  const AeOptimiserStep *s = job->step;
  float b1 = s->beta1, b2 = s->beta2, eps = s->epsilon;
  float keep = s->kind == AE_OPTIMISER_ADAMW ? 1 - s->rate * s->weight_decay
                                             : 1;
  for (size_t i = 0; i < n; i++) {
    float grad = g[i] * s->grad_scale;
    m[i] = b1 * m[i] + (1 - b1) * grad;
    v[i] = b2 * v[i] + (1 - b2) * grad * grad;
    float root = sqrtf (v[i]) * job->inv_sqrt_bias;
    w[i] = keep * w[i] - job->rate * m[i] / (root + eps);
    g[i] = 0;
  }
}

static void
sgd_run (const Job *job, size_t n, float *restrict w, float *restrict g,
    float *restrict m)
{
  const AeOptimiserStep *s = job->step;
  for (size_t i = 0; i < n; i++) {
    float grad = g[i] * s->grad_scale + s->weight_decay * w[i];
    m[i] = s->momentum * m[i] + grad;
    w[i] -= s->rate * m[i];
    g[i] = 0;
  }
}

static void
ema_run (size_t n, float decay, const float *restrict w, float *restrict ema)
{
  for (size_t i = 0; i < n; i++)
    ema[i] += (1 - decay) * (w[i] - ema[i]);
}

static void
step_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Job *job = arg;
  const AeOptimiserBlocks *b = job->blocks;
  size_t at = index * RUN;
  size_t n = b->n - at < RUN ? b->n - at : RUN;
  if (job->step->kind == AE_OPTIMISER_SGD)
    sgd_run (job, n, b->params + at, b->grads + at, b->m + at);
  else
    adam_run (job, n, b->params + at, b->grads + at, b->m + at, b->v + at);
  if (b->ema)
    ema_run (n, job->step->ema_decay, b->params + at, b->ema + at);
}

void
ae_optimiser_step (const AeOptimiserStep *step,
    const AeOptimiserBlocks *blocks, AePool *pool, int n_threads)
{
  Job job = { .step = step, .blocks = blocks };
  double t = (double) step->step;
  job.rate = (float) (step->rate / (1 - pow (step->beta1, t)));
  job.inv_sqrt_bias = (float) (1 / sqrt (1 - pow (step->beta2, t)));
  ae_pool_run (
      pool, n_threads, (blocks->n + RUN - 1) / RUN, step_job, &job);
}

static void
average_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Job *job = arg;
  const AeOptimiserBlocks *b = job->blocks;
  size_t at = index * RUN;
  size_t n = b->n - at < RUN ? b->n - at : RUN;
  ema_run (n, job->step->ema_decay, b->params + at, b->ema + at);
}

void
ae_optimiser_average (const AeOptimiserStep *step,
    const AeOptimiserBlocks *blocks, AePool *pool, int n_threads)
{
  Job job = { .step = step, .blocks = blocks };
  if (blocks->ema)
    ae_pool_run (
        pool, n_threads, (blocks->n + RUN - 1) / RUN, average_job, &job);
}

typedef struct {
  const float *x;
  size_t n;
  double *partial;
} NormJob;

static void
norm_job (void *arg, size_t index, int thread)
{
  (void) thread;
  NormJob *job = arg;
  size_t at = index * RUN;
  size_t n = job->n - at < RUN ? job->n - at : RUN;
  const float *x = job->x + at;
  /* in double: the square of a large float is no float */
  double sum[8] = { 0 };
  size_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int k = 0; k < 8; k++)
      sum[k] += (double) x[i + k] * x[i + k];
  for (; i < n; i++)
    sum[0] += (double) x[i] * x[i];
  for (int k = 1; k < 8; k++)
    sum[0] += sum[k];
  job->partial[index] = sum[0];
}

size_t
ae_optimiser_norm_scratch (size_t n)
{
  return (n + RUN - 1) / RUN;
}

double
ae_optimiser_norm (const float *x, size_t n, double *scratch, AePool *pool,
    int n_threads)
{
  NormJob job = { .x = x, .n = n, .partial = scratch };
  size_t n_jobs = ae_optimiser_norm_scratch (n);
  ae_pool_run (pool, n_threads, n_jobs, norm_job, &job);
  double sum = 0;
  for (size_t i = 0; i < n_jobs; i++)
    sum += scratch[i];
  return sqrt (sum);
}
