/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Min, Max, Sum and Mean of any number of tensors that broadcast. */
#include "ops/broadcast.h"
#include "ops/check.h"
#include "ops/rows.h"

#include <math.h>
#include <string.h>

typedef enum { KIND_MIN, KIND_MAX, KIND_SUM, KIND_MEAN } Kind;

typedef struct {
  Kind kind;
  unsigned types;
} Variadic;

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const Variadic *v = call->op->family;
  AeShape shape = { 0 };
  for (int i = 0; i < call->n_in; i++) {
    AeStatus status = ae_check_type (call, i, v->types, err);
    if (status == AE_OK)
      status = ae_check_same_type (call, i, err);
    if (status == AE_OK)
      status = ae_broadcast_join (&shape, &call->in[i]->shape, err);
    if (status != AE_OK)
      return status;
  }
  ae_set_output (call->out[0], call->in[0]->type, &shape);
  return AE_OK;
}

typedef struct {
  const AeOpCall *call;
  Kind kind;
  AeBroadcast plan;
  int k; /* input that is folded in, or differentiated */
} Run;

/* NaN wins, as in numpy. */
static double
fold (Kind kind, double y, double x)
{
  if (kind >= KIND_SUM)
    return y + x;
  if (isnan (y) || isnan (x))
    return NAN;
  return (kind == KIND_MIN) == (x < y) ? x : y;
}

static int64_t
fold_int (Kind kind, int64_t y, int64_t x, bool wide)
{
  bool less = wide ? (uint64_t) x < (uint64_t) y : x < y;
  if (kind >= KIND_SUM)
    return (int64_t) ((uint64_t) y + (uint64_t) x);
  return (kind == KIND_MIN) == less ? x : y;
}

static void
fold_f32 (Kind kind, float *y, const float *x, size_t n, size_t step)
{
  switch (kind) {
    case KIND_MIN:
      for (size_t i = 0; i < n; i++)
        y[i] = y[i] < x[i * step] || y[i] != y[i] ? y[i] : x[i * step];
      break;
    case KIND_MAX:
      for (size_t i = 0; i < n; i++)
        y[i] = y[i] > x[i * step] || y[i] != y[i] ? y[i] : x[i * step];
      break;
    default:
      for (size_t i = 0; i < n; i++)
        y[i] += x[i * step];
  }
}

static void
first_row (void *arg, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  const AeTensor *x = run->call->in[0];
  AeTensor *y = run->call->out[0];
  size_t size = ae_type_size (x->type), step = (size_t) run->plan.step[0];
  char *to = (char *) y->data + out * size;
  const char *from = (const char *) x->data + at[0] * size;
  if (step == 1)
    memcpy (to, from, n * size);
  for (size_t i = 0; step == 0 && i < n; i++)
    memcpy (to + i * size, from, size);
}

static void
fold_row (void *arg, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  const AeTensor *x = run->call->in[run->k];
  AeTensor *y = run->call->out[0];
  size_t step = (size_t) run->plan.step[0];
  if (y->type == AE_F32) {
    fold_f32 (run->kind, (float *) y->data + out,
        (const float *) x->data + at[0], n, step);
    return;
  }
  for (size_t i = 0; i < n; i++)
    if (ae_type_in (y->type, AE_TYPES_FLOAT))
      ae_tensor_set (y, out + i,
          fold (run->kind, ae_tensor_get (y, out + i),
              ae_tensor_get (x, at[0] + i * step)));
    else
      ae_tensor_set_int (y, out + i,
          fold_int (run->kind, ae_tensor_get_int (y, out + i),
              ae_tensor_get_int (x, at[0] + i * step), y->type == AE_U64));
}

static void
divide (AeTensor *y, double n)
{
  size_t count = ae_shape_count (&y->shape);
  for (size_t i = 0; i < count; i++)
    ae_tensor_set (y, i, ae_tensor_get (y, i) / n);
}

static void
forward (const AeOpCall *call)
{
  const Variadic *v = call->op->family;
  Run run = { .call = call, .kind = v->kind };
  for (run.k = 0; run.k < call->n_in; run.k++) {
    const AeShape *in[] = { &call->in[run.k]->shape };
    ae_broadcast_plan (&run.plan, &call->out[0]->shape, in, 1);
    ae_broadcast_run (
        call, &run.plan, run.k == 0 ? first_row : fold_row, &run);
  }
  if (v->kind == KIND_MEAN && call->n_in > 1)
    divide (call->out[0], call->n_in);
}

/* Where several inputs hold the extreme value, each gets the gradient. */
static void
grad_row (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  const float *dy = (const float *) run->call->dout[0]->data + out;
  if (run->kind >= KIND_SUM) {
    float scale
        = run->kind == KIND_MEAN ? 1.0f / (float) run->call->n_in : 1.0f;
    for (size_t i = 0; i < n; i++)
      terms[i] = dy[i] * scale;
    return;
  }
  const float *x = (const float *) run->call->in[run->k]->data + at[0];
  const float *y = (const float *) run->call->out[0]->data + out;
  size_t step = (size_t) run->plan.step[0];
  for (size_t i = 0; i < n; i++)
    terms[i] = x[i * step] == y[i] ? dy[i] : 0;
}

static void
backward (const AeOpCall *call)
{
  const Variadic *v = call->op->family;
  Run run = { .call = call, .kind = v->kind };
  for (run.k = 0; run.k < call->n_in; run.k++) {
    if (!call->din[run.k])
      continue;
    const AeShape *in[] = { &call->in[run.k]->shape };
    ae_broadcast_plan (&run.plan, &call->out[0]->shape, in, 1);
    ae_broadcast_reduce (call, &run.plan, 0, grad_row, &run,
        call->din[run.k]->data, call->overwrite[run.k]);
  }
}

#define VARIADIC_OP(id, op_name, op_kind, accepted, op_flags) \
  static const Variadic id##_variadic = { op_kind, accepted }; \
  const AeOp ae_op_##id = { \
    .name = op_name, \
    .domain = "", \
    .since = 1, \
    .min_in = 1, \
    .max_in = AE_ANY_NUMBER, \
    .min_out = 1, \
    .max_out = 1, \
    .flags = op_flags, \
    .infer = infer, \
    .forward = forward, \
    .backward = backward, \
    .rows = ae_elementwise_rows, \
    .forward_rows = ae_elementwise_forward_rows, \
    .family = &id##_variadic, \
  }

VARIADIC_OP (min, "Min", KIND_MIN, AE_TYPES_NUMBER,
    AE_GRAD_READS_IN | AE_GRAD_READS_OUT);
VARIADIC_OP (max, "Max", KIND_MAX, AE_TYPES_NUMBER,
    AE_GRAD_READS_IN | AE_GRAD_READS_OUT);
VARIADIC_OP (sum, "Sum", KIND_SUM, AE_TYPES_FLOAT, 0);
VARIADIC_OP (mean, "Mean", KIND_MEAN, AE_TYPES_FLOAT, 0);
