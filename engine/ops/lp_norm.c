/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LpNormalization: x / |x|_p along one axis, p = 1 or 2; zeros stay zeros. */
#include "ops/axes.h"
#include "ops/check.h"
#include "ops/loop.h"

#include <math.h>

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  int axis;
  int64_t p = ae_attrs_int (call->attrs, "p", 2);
  AeStatus status = ae_check_type (call, 0, AE_TYPES_FLOAT, err);
  if (status == AE_OK && p != 1 && p != 2)
    return ae_fail (err, AE_ERROR_UNSUPPORTED, "p is %lld, wanted 1 or 2",
        (long long) p);
  if (status == AE_OK)
    status = ae_check_axis (ae_attrs_int (call->attrs, "axis", -1),
        call->in[0]->shape.rank, &axis, err);
  if (status == AE_OK)
    ae_set_output (call->out[0], call->in[0]->type, &call->in[0]->shape);
  return status;
}

typedef struct {
  const AeOpCall *call;
  AeAxisView v;
  bool square; /* p = 2 */
} Run;

static Run
start (const AeOpCall *call)
{
  int axis = 0;
  const AeShape *shape = &call->in[0]->shape;
  ae_check_axis (
      ae_attrs_int (call->attrs, "axis", -1), shape->rank, &axis, NULL);
  return (Run){ call, ae_axis_view (shape, axis, axis + 1),
    ae_attrs_int (call->attrs, "p", 2) == 2 };
}

/* First element of line `index`; its elements are v.inner apart. */
static size_t
line_start (const Run *run, size_t index)
{
  const AeAxisView *v = &run->v;
  return index / v->inner * v->axis * v->inner + index % v->inner;
}

static double
line_norm (const Run *run, size_t at)
{
  double sum = 0;
  for (size_t a = 0; a < run->v.axis; a++) {
    double x = ae_tensor_get (run->call->in[0], at + a * run->v.inner);
    sum += run->square ? x * x : fabs (x);
  }
  return run->square ? sqrt (sum) : sum;
}

static void
forward_lines (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  for (size_t line = begin; line < end; line++) {
    size_t at = line_start (run, line);
    double norm = line_norm (run, at);
    for (size_t a = 0; a < run->v.axis; a++) {
      size_t k = at + a * run->v.inner;
      ae_tensor_set (run->call->out[0], k,
          norm == 0 ? 0 : ae_tensor_get (run->call->in[0], k) / norm);
    }
  }
}

static void
for_lines (const AeOpCall *call, Run *run, AeRange fn)
{
  if (run->v.axis && run->v.inner)
    ae_for_range (call, run->v.outer * run->v.inner,
        4096 / run->v.axis + 1, fn, run);
}

static void
forward (const AeOpCall *call)
{
  Run run = start (call);
  for_lines (call, &run, forward_lines);
}

/* dx = (dy - d|x|/dx sum (dy y)) / |x|, with d|x|/dx = y (p = 2) or the sign
 * of x (p = 1). */
static void
backward_lines (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const float *x = run->call->in[0]->data, *dy = run->call->dout[0]->data;
  float *dx = run->call->din[0]->data;
  for (size_t line = begin; line < end; line++) {
    size_t at = line_start (run, line);
    double norm = line_norm (run, at), dot = 0;
    double scale = norm == 0 ? 0 : 1 / norm;
    for (size_t a = 0; a < run->v.axis; a++) {
      size_t k = at + a * run->v.inner;
      dot += (double) dy[k] * x[k] * scale;
    }
    for (size_t a = 0; a < run->v.axis; a++) {
      size_t k = at + a * run->v.inner;
      double slope = run->square ? x[k] * scale : (x[k] > 0) - (x[k] < 0);
      float g = (float) ((dy[k] - slope * dot) * scale);
      dx[k] = run->call->overwrite[0] ? g : dx[k] + g;
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

const AeOp ae_op_lp_norm = {
  .name = "LpNormalization",
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
