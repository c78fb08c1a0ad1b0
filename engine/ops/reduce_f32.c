/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forward and backward of the reductions in f32. */
#include "ops/fastmath.h"
#include "ops/reduce.h"

#include <string.h>

typedef struct {
  const AeOpCall *call;
  AeReduction r;
  AeBroadcast plan;
  AeReduceKind term; /* what is folded in this pass */
} Run;

static void
start (const AeOpCall *call, Run *run)
{
  *run = (Run){ .call = call };
  ae_reduction (call, &run->r, NULL);
  const AeShape *in[] = { &run->r.kept };
  ae_broadcast_plan (&run->plan, &call->in[0]->shape, in, 1);
  run->term = run->r.kind;
}

static inline float
finite_or_0 (float x)
{
  return x - x == 0 ? x : 0;
}

/* What one element adds to its result. */
static void
row_terms (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  const float *x = (const float *) run->call->in[0]->data + out;
  const float *y = (const float *) run->call->out[0]->data + at[0];
  size_t step = (size_t) run->plan.step[0];
  switch (run->term) {
    case AE_REDUCE_L1:
      for (size_t i = 0; i < n; i++)
        terms[i] = fabsf (x[i]);
      break;
    case AE_REDUCE_L2:
    case AE_REDUCE_SUM_SQUARE:
      for (size_t i = 0; i < n; i++)
        terms[i] = x[i] * x[i];
      break;
    case AE_REDUCE_LOG_SUM_EXP: /* out holds the maximum by now */
      for (size_t i = 0; i < n; i++)
        terms[i] = ae_fast_exp (x[i] - finite_or_0 (y[i * step]));
      break;
    default:
      memcpy (terms, x, n * sizeof *x);
  }
}

static AeFold
fold_of (AeReduceKind kind)
{
  return kind == AE_REDUCE_MAX ? AE_FOLD_MAX
      : kind == AE_REDUCE_MIN  ? AE_FOLD_MIN
      : kind == AE_REDUCE_PROD ? AE_FOLD_PROD
                               : AE_FOLD_SUM;
}

static void
finish (const Run *run, const float *sums)
{
  float *y = run->call->out[0]->data;
  size_t n = ae_shape_count (&run->call->out[0]->shape);
  float scale = 1.0f / (float) run->r.count;
  for (size_t i = 0; i < n; i++)
    switch (run->r.kind) {
      case AE_REDUCE_MEAN:
        y[i] *= scale;
        break;
      case AE_REDUCE_L2:
        y[i] = sqrtf (y[i]);
        break;
      case AE_REDUCE_LOG_SUM:
        y[i] = logf (y[i]);
        break;
      case AE_REDUCE_LOG_SUM_EXP:
        y[i] = finite_or_0 (y[i]) + logf (sums[i]);
        break;
      default:
        return;
    }
}

static void
forward_f32 (const AeOpCall *call)
{
  Run run;
  start (call, &run);
  float *y = call->out[0]->data, *sums = call->work;
  if (run.r.kind == AE_REDUCE_LOG_SUM_EXP) {
    run.term = AE_REDUCE_MAX;
    ae_broadcast_fold (
        call, &run.plan, 0, AE_FOLD_MAX, row_terms, &run, y, true);
    run.term = AE_REDUCE_LOG_SUM_EXP;
    ae_broadcast_fold (
        call, &run.plan, 0, AE_FOLD_SUM, row_terms, &run, sums, true);
  } else {
    ae_broadcast_fold (call, &run.plan, 0, fold_of (run.r.kind), row_terms,
        &run, y, true);
  }
  finish (&run, sums);
}

/* Other types: accumulated in double and, for integers, exactly. */
typedef struct {
  Run run;
  double *acc;
  int64_t *whole;
} AnyRun;

static void
any_row (void *arg, size_t out, const size_t *at, size_t n)
{
  const AnyRun *any = arg;
  const AeTensor *x = any->run.call->in[0];
  AeReduceKind kind = any->run.term;
  AeFold fold = fold_of (kind);
  for (size_t i = 0; i < n; i++) {
    size_t o = at[0] + i * (size_t) any->run.plan.step[0];
    double v = ae_tensor_get (x, out + i);
    int64_t w = ae_tensor_get_int (x, out + i);
    if (kind == AE_REDUCE_L1) {
      v = fabs (v);
      w = w < 0 ? -w : w;
    } else if (kind == AE_REDUCE_L2 || kind == AE_REDUCE_SUM_SQUARE) {
      v *= v;
      w = (int64_t) ((uint64_t) w * (uint64_t) w);
    } else if (kind == AE_REDUCE_LOG_SUM_EXP) {
      v = exp (v);
    }
    any->acc[o] = ae_fold_pair (fold, any->acc[o], v);
    uint64_t a = (uint64_t) any->whole[o];
    if (fold == AE_FOLD_SUM)
      any->whole[o] = (int64_t) (a + (uint64_t) w);
    else if (fold == AE_FOLD_PROD)
      any->whole[o] = (int64_t) (a * (uint64_t) w);
    else if (any->acc[o] == v)
      any->whole[o] = w;
  }
}

static void
forward_any (const AeOpCall *call)
{
  AnyRun any = { .acc = call->work };
  start (call, &any.run);
  AeTensor *y = call->out[0];
  AeReduceKind kind = any.run.r.kind;
  size_t n = ae_shape_count (&y->shape);
  any.whole = (int64_t *) (any.acc + n);
  for (size_t i = 0; i < n; i++) {
    any.acc[i] = ae_fold_neutral (fold_of (kind));
    any.whole[i] = kind == AE_REDUCE_PROD;
  }
  /* Rows add to shared results: one thread. */
  AeOpCall single = *call;
  single.n_threads = 1;
  ae_broadcast_run (&single, &any.run.plan, any_row, &any);
  bool exact = !ae_type_in (y->type, AE_TYPES_FLOAT);
  for (size_t i = 0; i < n; i++) {
    double v = any.acc[i];
    if (kind == AE_REDUCE_MEAN)
      v /= (double) any.run.r.count;
    else if (kind == AE_REDUCE_L2)
      v = sqrt (v);
    else if (kind == AE_REDUCE_LOG_SUM || kind == AE_REDUCE_LOG_SUM_EXP)
      v = log (v);
    else if (exact) {
      ae_tensor_set_int (y, i, any.whole[i]);
      continue;
    }
    ae_tensor_set (y, i, v);
  }
}

void
ae_reduce_forward (const AeOpCall *call)
{
  if (call->in[0]->type == AE_F32)
    forward_f32 (call);
  else
    forward_any (call);
}

/* Backward. `dy`, `y`: of this row's results. */
typedef struct {
  Run run;
  float *prod, *zeros; /* ReduceProd: product of what is not 0; how many are */
} GradRun;

static void
not_zero (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const GradRun *g = arg;
  const float *x = (const float *) g->run.call->in[0]->data + out;
  (void) at;
  for (size_t i = 0; i < n; i++)
    terms[i] = x[i] == 0 ? 1 : x[i];
}

static void
is_zero (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const GradRun *g = arg;
  const float *x = (const float *) g->run.call->in[0]->data + out;
  (void) at;
  for (size_t i = 0; i < n; i++)
    terms[i] = x[i] == 0;
}

/* dy/dx of one element. */
static inline float
slope (const GradRun *g, float x, float y, size_t o)
{
  switch (g->run.r.kind) {
    case AE_REDUCE_MEAN:
      return 1.0f / (float) g->run.r.count;
    case AE_REDUCE_MAX:
    case AE_REDUCE_MIN:
      return x == y;
    case AE_REDUCE_L1:
      return (float) ((x > 0) - (x < 0));
    case AE_REDUCE_L2:
      return y > 0 ? x / y : 0;
    case AE_REDUCE_SUM_SQUARE:
      return 2 * x;
    case AE_REDUCE_LOG_SUM:
      return ae_fast_exp (-y);
    case AE_REDUCE_LOG_SUM_EXP:
      return ae_fast_exp (x - y);
    case AE_REDUCE_PROD:
      if (x == 0)
        return g->zeros[o] == 1 ? g->prod[o] : 0;
      return g->zeros[o] == 0 ? g->prod[o] / x : 0;
    case AE_REDUCE_SUM:
      break;
  }
  return 1;
}

static void
grad_row (void *arg, size_t out, const size_t *at, size_t n)
{
  const GradRun *g = arg;
  const AeOpCall *call = g->run.call;
  const float *x = (const float *) call->in[0]->data + out;
  const float *y = call->out[0]->data, *dy = call->dout[0]->data;
  float *dx = (float *) call->din[0]->data + out;
  bool overwrite = call->overwrite[0];
  size_t step = (size_t) g->run.plan.step[0];
  for (size_t i = 0; i < n; i++) {
    size_t o = at[0] + i * step;
    float d = dy[o] * slope (g, x[i], y[o], o);
    dx[i] = overwrite ? d : dx[i] + d;
  }
}

void
ae_reduce_backward (const AeOpCall *call)
{
  GradRun g = { .prod = call->work };
  if (!call->din[0])
    return;
  start (call, &g.run);
  g.zeros = g.prod + ae_shape_count (&call->out[0]->shape);
  if (g.run.r.kind == AE_REDUCE_PROD) {
    ae_broadcast_fold (call, &g.run.plan, 0, AE_FOLD_PROD, not_zero, &g,
        g.prod, true);
    ae_broadcast_fold (
        call, &g.run.plan, 0, AE_FOLD_SUM, is_zero, &g, g.zeros, true);
  }
  ae_broadcast_run (call, &g.run.plan, grad_row, &g);
}
