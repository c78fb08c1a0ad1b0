/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_REDUCE_H
#define AE_OPS_REDUCE_H

/* Reductions over a set of axes. The reduced tensor, with its axes kept as 1,
 * is an operand that broadcasts to the input: rows of the input are walked
 * once, in the order they lie in memory. */

#include "ops/broadcast.h"
#include "ops/check.h"

typedef enum {
  AE_REDUCE_SUM,
  AE_REDUCE_MEAN,
  AE_REDUCE_MAX,
  AE_REDUCE_MIN,
  AE_REDUCE_PROD,
  AE_REDUCE_L1,
  AE_REDUCE_L2,
  AE_REDUCE_SUM_SQUARE,
  AE_REDUCE_LOG_SUM,
  AE_REDUCE_LOG_SUM_EXP
} AeReduceKind;

typedef struct {
  AeReduceKind kind;
  int input_since; /* opset from which the axes are input 1 */
  bool spatial;    /* all axes from 2 on, kept (global pooling) */
  unsigned types;
} AeReduce;

AeStatus ae_reduce_infer (const AeOpCall *call, AeError *err);
size_t ae_reduce_work (const AeOpCall *call, bool grad);
void ae_reduce_forward (const AeOpCall *call);
void ae_reduce_backward (const AeOpCall *call);

/* What a call reduces: the kind (SUM of nothing for the "noop" form), the
 * input's shape with reduced axes 1, and the number of elements per result. */
typedef struct {
  AeReduceKind kind;
  AeShape kept;
  size_t count;
} AeReduction;

AeStatus ae_reduction (const AeOpCall *call, AeReduction *r, AeError *err);

#endif
