/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LRN (Krizhevsky et al., 2012): y = x / s^beta with s = bias + alpha / size *
 * sum of x^2 over the neighbouring channels c - (size-1)/2 (rounded down) to
 * c + (size-1)/2 (rounded up). */
#include "ops/axes.h"
#include "ops/check.h"
#include "ops/loop.h"

#include <math.h>

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeStatus status = ae_check_type (call, 0, AE_TYPES_FLOAT, err);
  int64_t size = ae_attrs_int (call->attrs, "size", 0);
  if (status == AE_OK && call->in[0]->shape.rank < 2)
    return ae_fail (err, AE_ERROR_SHAPE,
        "input 0 has rank %d, wanted 2 or more", call->in[0]->shape.rank);
  if (status == AE_OK && (size < 1 || size > AE_MAX_ELEMENTS))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "size is %lld, wanted 1 or more", (long long) size);
  if (status == AE_OK)
    ae_set_output (call->out[0], call->in[0]->type, &call->in[0]->shape);
  return status;
}

typedef struct {
  const AeOpCall *call;
  AeAxisView v;
  size_t below, above; /* neighbours on either side */
  double alpha, beta, bias;
} Run;

static Run
start (const AeOpCall *call)
{
  size_t size = (size_t) ae_attrs_int (call->attrs, "size", 1);
  return (Run){ .call = call,
    .v = ae_axis_view (&call->in[0]->shape, 1, 2),
    .below = (size - 1) / 2, .above = size / 2,
    .alpha = ae_attrs_float (call->attrs, "alpha", 1e-4f) / (double) size,
    .beta = ae_attrs_float (call->attrs, "beta", 0.75f),
    .bias = ae_attrs_float (call->attrs, "bias", 1) };
}

static double
denominator (const Run *run, size_t at, size_t c)
{
  size_t from = c < run->below ? 0 : c - run->below;
  double sum = 0;
  for (size_t k = from; k <= c + run->above && k < run->v.axis; k++) {
    double x = ae_tensor_get (run->call->in[0], at + k * run->v.inner);
    sum += x * x;
  }
  return run->bias + run->alpha * sum;
}

static void
forward_lines (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const AeAxisView *v = &run->v;
  for (size_t line = begin; line < end; line++) {
    size_t at = line / v->inner * v->axis * v->inner + line % v->inner;
    for (size_t c = 0; c < v->axis; c++) {
      size_t k = at + c * v->inner;
      ae_tensor_set (run->call->out[0], k,
          ae_tensor_get (run->call->in[0], k)
              * pow (denominator (run, at, c), -run->beta));
    }
  }
}

static void
for_lines (const AeOpCall *call, Run *run, AeRange fn)
{
  if (run->v.axis && run->v.inner)
    ae_for_range (
        call, run->v.outer * run->v.inner, 2048 / run->v.axis + 1, fn, run);
}

static void
forward (const AeOpCall *call)
{
  Run run = start (call);
  for_lines (call, &run, forward_lines);
}

/* dx_c = dy_c s_c^-beta - 2 alpha beta / size x_c * sum over the channels k
 * that c is a neighbour of: dy_k x_k s_k^(-beta-1). */
static double
gradient_at (const Run *run, size_t at, size_t c)
{
  const float *x = run->call->in[0]->data, *dy = run->call->dout[0]->data;
  size_t inner = run->v.inner, from = c < run->above ? 0 : c - run->above;
  double sum = 0;
  for (size_t k = from; k <= c + run->below && k < run->v.axis; k++)
    sum += (double) dy[at + k * inner] * x[at + k * inner]
        * pow (denominator (run, at, k), -run->beta - 1);
  return dy[at + c * inner] * pow (denominator (run, at, c), -run->beta)
      - 2 * run->alpha * run->beta * x[at + c * inner] * sum;
}

static void
backward_lines (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const AeAxisView *v = &run->v;
  float *dx = run->call->din[0]->data;
  for (size_t line = begin; line < end; line++) {
    size_t at = line / v->inner * v->axis * v->inner + line % v->inner;
    for (size_t c = 0; c < v->axis; c++) {
      size_t k = at + c * v->inner;
      double g = gradient_at (run, at, c);
      dx[k] = (float) (run->call->overwrite[0] ? g : dx[k] + g);
    }
  }
}

static void
backward (const AeOpCall *call)
{
  Run run = start (call);
  if (call->din[0])
    for_lines (call, &run, backward_lines);
}

const AeOp ae_op_lrn = {
  .name = "LRN",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
