/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_OPTIMISER_H
#define AE_TRAIN_OPTIMISER_H

/* Optimisers over flat blocks: one pass that scales the gradient, changes
 * parameters, optimiser state and average, and zeroes the gradient.
 *
 * Adam: Kingma and Ba, 2015. AdamW: Loshchilov and Hutter, 2019. SGD: with
 * heavy-ball momentum, the first step starts the momentum at the gradient. All
 * three compute what torch.optim computes. */

#include <ae/trainer.h>

#include "util/pool.h"

typedef struct {
  AeOptimiser kind;
  float rate;
  float beta1, beta2, epsilon; /* Adam, AdamW */
  float momentum;              /* SGD */
  float weight_decay;          /* AdamW, SGD */
  float grad_scale;            /* the gradient is multiplied by it first */
  float ema_decay;             /* used when there is an average */
  int64_t step;                /* 1 = the first */
} AeOptimiserStep;

/* Flat blocks of n elements. m: first moment or momentum; v: second moment,
 * NULL for SGD; ema: NULL for none. */
typedef struct {
  size_t n;
  float *params, *grads, *m, *v, *ema;
} AeOptimiserBlocks;

void ae_optimiser_step (const AeOptimiserStep *step,
    const AeOptimiserBlocks *blocks, AePool *pool, int n_threads);

/* Only the average, for those that change the parameters once more after the
 * step: blocks->params and ema (NULL: nothing) and the step's ema_decay. */
void ae_optimiser_average (const AeOptimiserStep *step,
    const AeOptimiserBlocks *blocks, AePool *pool, int n_threads);

/* Doubles of scratch that ae_optimiser_norm needs for n elements. */
size_t ae_optimiser_norm_scratch (size_t n);

/* Euclidean norm, the same bits for every number of threads; NaN or infinity
 * when an element is. */
double ae_optimiser_norm (const float *x, size_t n, double *scratch,
    AePool *pool, int n_threads);

#endif
