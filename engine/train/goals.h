/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_GOALS_H
#define AE_TRAIN_GOALS_H

/* What the outputs of a bound tape are to become: targets and weights of a
 * loss. An output takes part from when its target is first asked for. */

#include "runtime/tape.h"
#include "train/loss.h"

/* All NULL until the target is asked for. target: the output's shape; weight:
 * (N), channel_weight: (C), 1 at first. */
typedef struct {
  AeTensor *target, *weight, *channel_weight;
  double *partial;
} AeGoal;

typedef struct {
  AeTape *tape;
  AeGoal *goals; /* one per output */
  size_t n_goals;
} AeGoals;

/* `tape` must be bound, and these goals cleared before it is bound anew.
 * Errors: MEMORY. */
AeStatus ae_goals_start (AeGoals *goals, AeTape *tape, AeError *err);
void ae_goals_clear (AeGoals *goals);

/* Makes the goal of an output at its first use; NULL when there is no such
 * output, it is no f32, or memory runs out. */
AeGoal *ae_goals_get (AeGoals *goals, size_t index);

/* Errors: ARGUMENT when no output has a target, SHAPE. */
AeStatus ae_goals_check (
    const AeGoals *goals, const AeLossSpec *spec, AeError *err);

/* Sum of the losses of all outputs that have a target; with_grad: written to
 * the gradients of the tape's outputs. */
double ae_goals_loss (const AeGoals *goals, const AeLossSpec *spec,
    bool with_grad, AePool *pool, int n_threads);

#endif
