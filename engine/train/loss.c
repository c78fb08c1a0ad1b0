/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/loss.h"

#include "util/error.h"

#include <math.h>

/* Probabilities are kept this far from 0 and 1 before their logarithm. */
#define PROBABILITY_MARGIN 1e-7f

/* One run of elements that share a weight: returns the sum of the loss and
 * writes scale times its derivative when grad is not NULL. */
typedef double (*RowLoss) (const float *x, const float *t, size_t n,
    float epsilon, float scale, float *grad);

/* Long sums of floats lose digits: sums are carried in double every so many
 * elements. */
#define SUM_RUN 256

static double
l2_row (const float *restrict x, const float *restrict t, size_t n,
    float epsilon, float scale, float *restrict grad)
{
  (void) epsilon;
  double total = 0;
  for (size_t begin = 0; begin < n; begin += SUM_RUN) {
    size_t end = begin + SUM_RUN < n ? begin + SUM_RUN : n;
    float sum = 0;
    for (size_t i = begin; i < end; i++)
      sum += (x[i] - t[i]) * (x[i] - t[i]);
    total += sum;
  }
  if (grad)
    for (size_t i = 0; i < n; i++)
      grad[i] = 2 * scale * (x[i] - t[i]);
  return total;
}

static double
l1_row (const float *restrict x, const float *restrict t, size_t n,
    float epsilon, float scale, float *restrict grad)
{
  (void) epsilon;
  double total = 0;
  for (size_t begin = 0; begin < n; begin += SUM_RUN) {
    size_t end = begin + SUM_RUN < n ? begin + SUM_RUN : n;
    float sum = 0;
    for (size_t i = begin; i < end; i++)
      sum += fabsf (x[i] - t[i]);
    total += sum;
  }
  if (grad)
    for (size_t i = 0; i < n; i++)
      grad[i] = x[i] > t[i] ? scale : x[i] < t[i] ? -scale : 0;
  return total;
}

static double
charbonnier_row (const float *restrict x, const float *restrict t, size_t n,
    float epsilon, float scale, float *restrict grad)
{
  float e2 = epsilon * epsilon;
  double total = 0;
  for (size_t begin = 0; begin < n; begin += SUM_RUN) {
    size_t end = begin + SUM_RUN < n ? begin + SUM_RUN : n;
    float sum = 0;
    for (size_t i = begin; i < end; i++)
      sum += sqrtf ((x[i] - t[i]) * (x[i] - t[i]) + e2);
    total += sum;
  }
  if (grad)
    for (size_t i = 0; i < n; i++) {
      float d = x[i] - t[i];
      grad[i] = scale * d / sqrtf (d * d + e2);
    }
  return total;
}

static double
bce_row (const float *x, const float *t, size_t n, float epsilon, float scale,
    float *grad)
{
  (void) epsilon;
  double total = 0;
  for (size_t i = 0; i < n; i++) {
    /* written so that NaN stays NaN and is noticed */
    float p = x[i] < PROBABILITY_MARGIN ? PROBABILITY_MARGIN
        : x[i] > 1 - PROBABILITY_MARGIN ? 1 - PROBABILITY_MARGIN
                                        : x[i];
    total -= t[i] * logf (p) + (1 - t[i]) * log1pf (-p);
    if (grad)
      grad[i] = scale * (p - t[i]) / (p * (1 - p));
  }
  return total;
}

static const RowLoss row_losses[] = {
  [AE_LOSS_L2] = l2_row,
  [AE_LOSS_L1] = l1_row,
  [AE_LOSS_CHARBONNIER] = charbonnier_row,
  [AE_LOSS_BINARY_CROSS_ENTROPY] = bce_row,
};

/* Softmax and cross-entropy of one position; classes are `stride` apart. */
static double
cross_entropy_at (const float *x, const float *t, size_t n_classes,
    size_t stride, float scale, float *grad)
{
  float largest = x[0];
  for (size_t c = 1; c < n_classes; c++)
    largest = fmaxf (largest, x[c * stride]);
  double sum = 0, target_sum = 0, dot = 0;
  for (size_t c = 0; c < n_classes; c++) {
    sum += exp ((double) x[c * stride] - largest);
    target_sum += t[c * stride];
    dot += (double) t[c * stride] * x[c * stride];
  }
  double log_sum = largest + log (sum);
  if (grad)
    for (size_t c = 0; c < n_classes; c++) {
      double p = exp (x[c * stride] - log_sum);
      grad[c * stride]
          = (float) (scale * (p * target_sum - t[c * stride]));
    }
  return target_sum * log_sum - dot;
}

typedef struct {
  const AeLossSpec *spec;
  const float *x, *t;
  float *grad;
  const float *sample_weight, *channel_weight;
  size_t n_samples, n_channels, n_inner;
  double divisor;
  double *partial;
} Job;

static double
cross_entropy_sample (const Job *job, size_t offset, float weight)
{
  double sum = 0;
  for (size_t i = 0; i < job->n_inner; i++) {
    size_t at = offset + i;
    sum += cross_entropy_at (job->x + at, job->t + at, job->n_channels,
        job->n_inner, (float) (weight / job->divisor),
        job->grad ? job->grad + at : NULL);
  }
  return weight * sum;
}

static double
elementwise_sample (const Job *job, size_t offset, float weight)
{
  RowLoss row = row_losses[job->spec->kind];
  double sum = 0;
  for (size_t c = 0; c < job->n_channels; c++) {
    float w = job->channel_weight ? weight * job->channel_weight[c] : weight;
    size_t at = offset + c * job->n_inner;
    sum += w
        * row (job->x + at, job->t + at, job->n_inner, job->spec->epsilon,
            (float) (w / job->divisor), job->grad ? job->grad + at : NULL);
  }
  return sum;
}

static void
sample_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Job *job = arg;
  size_t offset = index * job->n_channels * job->n_inner;
  float weight = job->sample_weight ? job->sample_weight[index] : 1;
  job->partial[index] = job->spec->kind == AE_LOSS_CROSS_ENTROPY
      ? cross_entropy_sample (job, offset, weight)
      : elementwise_sample (job, offset, weight);
}

AeStatus
ae_loss_check (const AeLossSpec *spec, const AeShape *shape, AeError *err)
{
  char text[128];
  if (spec->kind == AE_LOSS_CROSS_ENTROPY && shape->rank < 2)
    return ae_fail (err, AE_ERROR_SHAPE,
        "cross-entropy needs an output of shape (N, classes, ...), found %s",
        ae_shape_text (shape, text, sizeof text));
  if (ae_shape_count (shape) == 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "a loss needs an output with elements, found shape %s",
        ae_shape_text (shape, text, sizeof text));
  return AE_OK;
}

size_t
ae_loss_n_samples (const AeShape *shape)
{
  return shape->rank > 0 ? (size_t) shape->dim[0] : 1;
}

double
ae_loss_compute (const AeLossSpec *spec, const AeTensor *output,
    const AeTensor *target, const float *sample_weight,
    const float *channel_weight, float *grad, double *partial, AePool *pool,
    int n_threads)
{
  const AeShape *shape = &output->shape;
  Job job = { .spec = spec,
    .x = output->data,
    .t = target->data,
    .grad = grad,
    .sample_weight = sample_weight,
    .channel_weight = channel_weight,
    .n_samples = ae_loss_n_samples (shape),
    .n_channels = shape->rank > 1 ? (size_t) shape->dim[1] : 1,
    .partial = partial };
  size_t count = ae_shape_count (shape);
  job.n_inner = count / (job.n_samples * job.n_channels);
  job.divisor = (double) (spec->kind == AE_LOSS_CROSS_ENTROPY
          ? job.n_samples * job.n_inner
          : count);
  /* tiny batches are not worth waking anybody */
  if (count < 32768)
    n_threads = 1;
  ae_pool_run (pool, n_threads, job.n_samples, sample_job, &job);
  double sum = 0;
  for (size_t i = 0; i < job.n_samples; i++)
    sum += partial[i];
  return sum / job.divisor;
}
