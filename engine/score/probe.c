/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "score/code_parts.h"
#include "score/lbfgs.h"
#include "util/mem.h"
#include "util/pool.h"

#define DECAY 1e-4
#define ROUNDS 300
#define FLAT 1e-5
#define PARTS 32 /* of the rows: sums do not depend on the number of threads */

/* Weights are d + 1 for each class; the last one is added as it is. */
struct AeProbe {
  size_t d, classes;
  float *mean, *scale; /* d: of the numbers that are told by */
  double *weights;     /* classes x (d + 1) */
};

typedef struct {
  const AeProbe *probe;
  const AeCodes *codes;
  const int *labels;
  double decay;
  int n_threads;
  const double *weights;
  double *gradients; /* PARTS x weights */
  double losses[PARTS];
} Fit;

static void
scale_row (const AeProbe *p, const float *row, float *scaled)
{
  for (size_t i = 0; i < p->d; i++)
    scaled[i] = (row[i] - p->mean[i]) * p->scale[i];
}

static void
find_logits (const AeProbe *p, const double *weights, const float *scaled,
    double *logits)
{
  for (size_t c = 0; c < p->classes; c++, weights += p->d + 1) {
    double sum = weights[p->d];
    for (size_t i = 0; i < p->d; i++)
      sum += weights[i] * scaled[i];
    logits[c] = sum;
  }
}

/* Logits become probabilities; returns minus the log of the label's. */
static double
to_probabilities (double *logits, size_t classes, size_t label)
{
  double most = logits[0], sum = 0, own;
  for (size_t c = 1; c < classes; c++)
    most = fmax (most, logits[c]);
  own = logits[label] - most;
  for (size_t c = 0; c < classes; c++)
    sum += logits[c] = exp (logits[c] - most);
  for (size_t c = 0; c < classes; c++)
    logits[c] /= sum;
  return log (sum) - own;
}

static void
add_row (const AeProbe *p, double *gradient, const double *by,
    const float *scaled)
{
  for (size_t c = 0; c < p->classes; c++, gradient += p->d + 1) {
    for (size_t i = 0; i < p->d; i++)
      gradient[i] += by[c] * scaled[i];
    gradient[p->d] += by[c];
  }
}

/* Scratch of a part, behind its gradient: a scaled row, and its logits. */
static size_t
part_size (const AeProbe *p)
{
  return p->classes * (p->d + 1) + p->classes + (p->d + 1) / 2 + 1;
}

static void
sum_part (void *arg, size_t part, int thread)
{
  (void) thread;
  Fit *f = arg;
  const AeProbe *p = f->probe;
  size_t n = f->codes->n, weights = p->classes * (p->d + 1);
  double *gradient = f->gradients + part * part_size (p), loss = 0;
  double *logits = gradient + weights;
  float *scaled = (float *) (logits + p->classes);
  memset (gradient, 0, weights * sizeof *gradient);
  for (size_t i = n * part / PARTS; i < n * (part + 1) / PARTS; i++) {
    size_t label = (size_t) f->labels[i];
    scale_row (p, f->codes->values + i * p->d, scaled);
    find_logits (p, f->weights, scaled, logits);
    loss += to_probabilities (logits, p->classes, label);
    logits[label] -= 1;
    add_row (p, gradient, logits, scaled);
  }
  f->losses[part] = loss;
}

/* Mean cross-entropy and the price of the weights. */
static double
find_loss (void *arg, const double *weights, double *gradient)
{
  Fit *f = arg;
  const AeProbe *p = f->probe;
  double loss = 0, n = (double) f->codes->n;
  f->weights = weights;
  ae_pool_run (ae_pool_shared (), f->n_threads, PARTS, sum_part, f);
  for (size_t part = 0; part < PARTS; part++)
    loss += f->losses[part] / n;
  for (size_t k = 0; k < p->classes * (p->d + 1); k++) {
    double sum = 0, decay = k % (p->d + 1) < p->d ? f->decay : 0;
    for (size_t part = 0; part < PARTS; part++)
      sum += f->gradients[part * part_size (p) + k];
    gradient[k] = sum / n + decay * weights[k];
    loss += decay * weights[k] * weights[k] / 2;
  }
  return loss;
}

/* A number that is the same in all codes tells nothing. */
static void
find_scale (AeProbe *p, const AeCodes *codes)
{
  for (size_t k = 0; k < p->d; k++) {
    double sum = 0, squares = 0, n = (double) codes->n;
    for (size_t i = 0; i < codes->n; i++)
      sum += codes->values[i * p->d + k];
    p->mean[k] = (float) (sum / n);
    for (size_t i = 0; i < codes->n; i++)
      squares += pow ((double) codes->values[i * p->d + k] - sum / n, 2);
    double deviation = sqrt (squares / n);
    p->scale[k] = deviation > 1e-12 ? (float) (1 / deviation) : 0;
  }
}

static AeStatus
check (const AeCodes *codes, const int *labels, int classes, AeError *err)
{
  AeStatus status = ae_codes_check (codes, "codes to tell classes by", err);
  if (status != AE_OK)
    return status;
  if (classes < 2 || classes > 1000)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%d classes to tell apart, wanted 2 to 1000", classes);
  for (size_t i = 0; i < codes->n; i++)
    if (labels[i] < 0 || labels[i] >= classes)
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "the label %d of code %zu, wanted 0 to %d", labels[i], i,
          classes - 1);
  return AE_OK;
}

static AeStatus
probe_new (AeProbe **out, size_t d, size_t classes, AeError *err)
{
  AeProbe *p = ae_calloc (1, sizeof *p);
  *out = p;
  if (!p)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a probe");
  p->d = d;
  p->classes = classes;
  p->mean = ae_calloc (d, sizeof *p->mean);
  p->scale = ae_calloc (d, sizeof *p->scale);
  p->weights = ae_calloc (classes * (d + 1), sizeof *p->weights);
  return p->mean && p->scale && p->weights
      ? AE_OK
      : ae_fail (err, AE_ERROR_MEMORY, "no memory for a probe");
}

AeStatus
ae_probe_fit (AeProbe **out, const AeCodes *codes, const int *labels,
    int classes, const AeProbeOptions *options, AeError *err)
{
  AeProbeOptions o = options ? *options : (AeProbeOptions){ 0 };
  *out = NULL;
  AeStatus status = check (codes, labels, classes, err);
  if (status == AE_OK)
    status = probe_new (out, codes->d, (size_t) classes, err);
  if (status == AE_OK) {
    AeProbe *p = *out;
    Fit f = { .probe = p, .codes = codes, .labels = labels,
      .decay = o.decay > 0 ? o.decay : o.decay < 0 ? 0 : DECAY,
      .n_threads = ae_pool_threads (o.n_threads),
      .gradients = ae_calloc (PARTS * part_size (p), sizeof *f.gradients) };
    find_scale (p, codes);
    status = f.gradients
        ? ae_lbfgs (p->weights, p->classes * (p->d + 1), find_loss, &f,
              o.rounds > 0 ? o.rounds : ROUNDS, FLAT, err)
        : ae_fail (err, AE_ERROR_MEMORY, "no memory for a probe");
    ae_free (f.gradients);
  }
  if (status != AE_OK)
    ae_probe_free (out);
  return status;
}

void
ae_probe_free (AeProbe **probe)
{
  AeProbe *p = *probe;
  *probe = NULL;
  if (!p)
    return;
  ae_free (p->mean);
  ae_free (p->scale);
  ae_free (p->weights);
  ae_free (p);
}

void
ae_probe_logits (const AeProbe *p, const AeCodes *codes, float *logits)
{
  for (size_t i = 0; i < codes->n; i++) {
    const float *row = codes->values + i * p->d;
    const double *weights = p->weights;
    for (size_t c = 0; c < p->classes; c++, weights += p->d + 1) {
      double sum = weights[p->d];
      for (size_t k = 0; k < p->d; k++)
        sum += weights[k] * (row[k] - p->mean[k]) * p->scale[k];
      logits[i * p->classes + c] = (float) sum;
    }
  }
}
