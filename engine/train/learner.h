/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_LEARNER_H
#define AE_TRAIN_LEARNER_H

/* A model that learns: its tape with what an optimiser keeps beside the
 * parameters. Who owns it runs the tape forward and backward and has the
 * gradient that gathered applied; a trainer has one, adversarial training two.
 * Used by one thread at a time. */

#include <ae/trainer.h>

#include "runtime/tape.h"
#include "train/checkpoint.h"
#include "train/muon.h"
#include "train/spectral_norm.h"
#include "util/pool.h"

typedef struct {
  AeTape *tape;
  AeTrainerOptions options;
  AePool *pool;
  int n_threads;
  size_t n;             /* elements of the flat blocks */
  float *m, *v, *ema;   /* v, ema: may be NULL */
  AeMuon *muon;         /* NULL for the others */
  AeSpectralNorm *norm; /* NULL: weights are not bounded */
  double *norm_scratch;
  int64_t step;         /* steps done */
  uint64_t structure;   /* hash of names, shapes and places of parameters */
} AeLearner;

/* Options that are 0 get their defaults, except betas of 0. */
void ae_learner_defaults (AeTrainerOptions *options);

/* Keeps a reference to `model`. The options are taken as they are and checked;
 * loss, schedule and seed are the owner's affair but for the learning rate.
 * spectral_limit: largest singular value of weights (see spectral_norm.h), 0 =
 * unbounded; the model's own weights are brought below it at once. Errors:
 * ARGUMENT, MEMORY, UNSUPPORTED. */
AeStatus ae_learner_new (AeLearner **out, AeModel *model,
    const AeTrainerOptions *options, float spectral_limit, AeError *err);
void ae_learner_free (AeLearner **learner);

/* Norm of the gradient that gathered; whether a step may be made with it. */
double ae_learner_grad_norm (AeLearner *learner);
bool ae_learner_norm_is_good (double norm);
void ae_learner_zero_grads (AeLearner *learner);

/* Changes the parameters by the gradient of this norm, which is zeroed. */
void ae_learner_apply (AeLearner *learner, double norm);

/* Learning rate of the step to come. */
float ae_learner_rate (const AeLearner *learner);

/* Seed of dropout: another one at each step, a function of `seed` and step so
 * that a resumed training goes on with the same. */
uint64_t ae_learner_seed (uint64_t seed, int64_t step);

/* The averaged weights take the place of the current ones, and back. */
void ae_learner_swap_average (AeLearner *learner);

/* A model with the current or (where there are any) averaged weights, see
 * ae_tape_export. */
AeStatus ae_learner_model (AeLearner *learner, bool averaged,
    const char *const *meta, size_t n_meta, AeModel **out, AeError *err);

/* Appends the blocks of the learner's state, and what they mean to structure;
 * at most AE_LEARNER_BLOCKS. n_elements is set by the first. */
#define AE_LEARNER_BLOCKS 5
void ae_learner_add_blocks (AeLearner *learner, AeCheckpoint *checkpoint);

#endif
