/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_LOSS_H
#define AE_TRAIN_LOSS_H

/* Losses of one output against its target, with their gradient. */

#include <ae/trainer.h>

#include "util/pool.h"

typedef struct {
  AeLoss kind;
  float epsilon; /* Charbonnier; > 0 */
} AeLossSpec;

/* Shapes that the loss can take: any for elementwise losses, rank 2 and more
 * for the cross-entropy. */
AeStatus ae_loss_check (
    const AeLossSpec *spec, const AeShape *shape, AeError *err);

/* The mean of the loss of `output` (N, C, ...) against `target` of the same
 * shape; a scalar counts as one sample. Elementwise losses are averaged over
 * all elements, the cross-entropy over all positions (N, ...).
 *
 * sample_weight: N factors, or NULL; channel_weight: C factors, or NULL (not
 * used by the cross-entropy). Weights multiply; they do not change what the
 * mean divides by. `grad` (may be NULL) receives the derivative with respect
 * to `output`. `partial` is scratch of N doubles. The result is the same for
 * every number of threads. */
double ae_loss_compute (const AeLossSpec *spec, const AeTensor *output,
    const AeTensor *target, const float *sample_weight,
    const float *channel_weight, float *grad, double *partial, AePool *pool,
    int n_threads);

/* Samples in a tensor: its first dimension, 1 for a scalar. */
size_t ae_loss_n_samples (const AeShape *shape);

#endif
