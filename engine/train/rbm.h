/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_RBM_H
#define AE_TRAIN_RBM_H

/* A restricted Boltzmann machine of binary units,
 *   p(v, h) ~ exp (v W h + b v + c h),
 * that learns by contrastive divergence (Hinton, "Training products of experts
 * by minimizing contrastive divergence", 2002; "A practical guide to training
 * restricted Boltzmann machines", 2010). One machine is used by one thread at a
 * time. */

#include "util/error.h"
#include "util/rng.h"

#include <stdbool.h>

typedef struct AeRbm AeRbm;

typedef struct {
  size_t visible, hidden; /* units */
  size_t most;            /* rows of visible units at a time */
  int n_threads;          /* 0 = all cores; results are the same */
} AeRbmSize;

/* Weights are drawn with a deviation of 0.01, biases are 0. Errors: MEMORY,
 * LIMIT (sizes that overflow). */
AeStatus ae_rbm_new (
    AeRbm **out, const AeRbmSize *size, uint64_t seed, AeError *err);
void ae_rbm_free (AeRbm **rbm);

/* W (visible,hidden), b (visible), c (hidden), one after the other, and what
 * momentum has gathered of each: ae_rbm_n_params floats, owned by the machine,
 * valid until the next step. */
size_t ae_rbm_n_params (const AeRbm *rbm);
float *ae_rbm_params (AeRbm *rbm);
float *ae_rbm_momentum (AeRbm *rbm);

/* What is drawn from. */
AeRng *ae_rbm_rng (AeRbm *rbm);

/* b such that units are on as often as `mean` (visible) says where no hidden
 * unit is; shares are kept off 0 and 1. */
void ae_rbm_start_bias (AeRbm *rbm, const float *mean);

/* Probabilities of hidden units (n,hidden) of v (n,visible), and of visible
 * units of h; n <= most. */
void ae_rbm_up (AeRbm *rbm, const float *v, size_t n, float *h);
void ae_rbm_down (AeRbm *rbm, const float *h, size_t n, float *v);

/* energy (n): F(v) = -b v - sum over hidden units of log (1 + exp (v W + c));
 * p(v) ~ exp (-F(v)). n <= most. */
void ae_rbm_free_energy (
    AeRbm *rbm, const float *v, size_t n, float *energy);

/* Nats of a row: cross-entropy of v (n,visible) and made (n,visible), both
 * probabilities, in the mean. */
double ae_rbm_cross_entropy (
    const AeRbm *rbm, const float *v, const float *made, size_t n);

/* Where the chain goes from the data. */
typedef struct {
  int steps;    /* of Gibbs sampling, 1 and up */
  bool visible; /* visible units are drawn too; else they are probabilities */
} AeRbmChain;

typedef struct {
  double cross_entropy; /* of the rows and what the chain's first step down made
                           of them, nats of a row */
  double active;        /* share of hidden units that are on */
} AeRbmReport;

/* An estimate of how the mean log probability of v (n,visible; n <= most) rises
 * with each parameter: ae_rbm_n_params floats. report may be NULL. */
void ae_rbm_gradient (AeRbm *rbm, const AeRbmChain *chain, const float *v,
    size_t n, float *gradient, AeRbmReport *report);

typedef struct {
  AeRbmChain chain;
  float rate, momentum;
  float weight_decay; /* of W */
} AeRbmStep;

/* One step up that estimate. NUMERIC when a number is not finite: parameters
 * and momentum are as they were. */
AeStatus ae_rbm_step (AeRbm *rbm, const AeRbmStep *step, const float *v,
    size_t n, AeRbmReport *report, AeError *err);

#endif
