/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_RUNTIME_PLAN_H
#define AE_RUNTIME_PLAN_H

/* A graph made runnable for fixed shapes: a list of operator calls whose
 * tensors point into one arena. With `training` also the calls of the
 * backward pass. Sessions and tapes are thin wrappers around a plan. */

#include "graph/passes.h"

#include <ae/session.h>

typedef struct AeStrips AeStrips; /* see runtime/strips.h */

typedef struct {
  int node; /* index into the plan's graph */
  AeOpCall call;
  bool has_backward;
  const AeStrips *strips; /* the run it is part of, or NULL */
} AeStep;

typedef struct {
  AeGraph graph;      /* owned; lowered */
  AeTensor *tensors;  /* per value; data into the arena or of a constant */
  AeTensor *grads;    /* per value; data NULL where none is computed */
  AeStep *steps;      /* in execution order */
  int n_steps;
  unsigned char *arena;
  size_t arena_bytes;
  size_t param_bytes;
  void *lists; /* storage of the calls' pointer arrays */
  int *zero_grads; /* values whose gradient nobody writes, n_zero_grads */
  int n_zero_grads;
  int *grad_owner; /* per value: whose gradient buffer it uses, -1 = none */
  AeStrips **strips; /* owned; in execution order */
  int n_strips;
  bool *hidden; /* per value: only within a run of strips, has no data */
} AePlan;

typedef struct {
  int n_threads;
  bool training;
  bool bf16;
  bool optimise;
  size_t max_memory;
  AeStripMode strips;
  /* training: where the gradient of trainable value v lives */
  float *(*param_grad) (void *user, int value);
  void *user;
  /* training: which inputs get a gradient, by index; NULL = none */
  const bool *input_grads;
} AePlanOptions;

/* Takes the graph (emptied): its input values must have type and shape. The
 * indices in graph.inputs and graph.outputs of the plan stay in order. */
AeStatus ae_plan_new (AePlan **out, AeGraph *graph,
    const AePlanOptions *options, AeError *err);
void ae_plan_free (AePlan **plan);

void ae_plan_forward (AePlan *plan, bool training, uint64_t seed);
/* Gradients of parameters are added to what is there; without `params` they
 * are left alone. Those of inputs are overwritten. */
void ae_plan_backward (AePlan *plan, bool params);

/* Like ae_plan_forward in inference; adds each step's time to ms. */
void ae_plan_profile (AePlan *plan, double *ms);

#endif
