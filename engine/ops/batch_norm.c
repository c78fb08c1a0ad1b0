/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BatchNormalization (Ioffe and Szegedy, 2015) over axis 1:
 * y = (x - mean) / sqrt (variance + epsilon) * scale + bias.
 *
 * Statistics are those of the batch where the node says so (training_mode, or
 * before opset 14 its extra outputs), or when training updates running values
 * (outputs 1 and 2 exist); otherwise inputs 3 and 4. A node without those
 * outputs keeps its statistics while the rest of the model is trained.
 * running = running * momentum + batch * (1 - momentum), with the population
 * variance. No gradient flows through the running values. */
#include "ops/broadcast.h"
#include "ops/check.h"
#include "ops/loop.h"

#include <math.h>
#include <string.h>

static bool
batch_statistics (const AeOpCall *call)
{
  bool updates = ae_output (call, 1) && ae_output (call, 2);
  if (call->opset < 14)
    return call->n_out > 1;
  return ae_attrs_int (call->attrs, "training_mode", 0)
      || (call->training && updates);
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeTensor *x = call->in[0];
  AeStatus status = ae_check_type (call, 0, AE_TYPES_FLOAT, err);
  if (status == AE_OK && x->shape.rank < 1)
    return ae_fail (err, AE_ERROR_SHAPE, "input 0 is a scalar");
  AeShape channels = { 1, { x->shape.rank > 1 ? x->shape.dim[1] : 1 } };
  for (int i = 1; i < 5 && status == AE_OK; i++) {
    status = ae_check_type (call, i, AE_TYPES_FLOAT, err);
    if (status == AE_OK
        && ae_shape_count (&call->in[i]->shape)
            != (size_t) channels.dim[0])
      return ae_fail (err, AE_ERROR_SHAPE,
          "input %d has %zu elements, wanted %lld channels", i,
          ae_shape_count (&call->in[i]->shape),
          (long long) channels.dim[0]);
  }
  if (status != AE_OK)
    return status;
  ae_set_output (call->out[0], x->type, &x->shape);
  for (int i = 1; i < 5; i++)
    ae_set_output (ae_output (call, i), call->in[3]->type, &channels);
  return AE_OK;
}

/* Arrays of one float per channel in the scratch. */
enum { MEAN, INVERSE, SCALE, SHIFT, SUM, DOT, N_ARRAYS };

typedef struct {
  const AeOpCall *call;
  size_t channels, count; /* count: elements per channel */
  AeBroadcast plan;       /* the channel array against x */
  float *array[N_ARRAYS];
  bool batch;
} Run;

static void
start (const AeOpCall *call, Run *run)
{
  const AeShape *shape = &call->in[0]->shape;
  AeShape side = *shape;
  for (int i = 0; i < side.rank; i++)
    side.dim[i] = i == 1 ? side.dim[i] : 1;
  *run = (Run){ .call = call, .channels = ae_shape_count (&side),
    .batch = batch_statistics (call) };
  run->count = run->channels ? ae_shape_count (shape) / run->channels : 0;
  const AeShape *in[] = { &side };
  ae_broadcast_plan (&run->plan, shape, in, 1);
  for (int i = 0; i < N_ARRAYS; i++)
    run->array[i] = (float *) call->work + (size_t) i * run->channels;
}

static size_t
work_size (const AeOpCall *call, bool grad)
{
  (void) grad;
  return ae_shape_count (&call->in[1]->shape) * N_ARRAYS * sizeof (float);
}

static inline float
load (const AeTensor *t, size_t i)
{
  return t->type == AE_F32 ? ((const float *) t->data)[i]
                           : (float) ae_tensor_get (t, i);
}

static void
value_terms (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  (void) at;
  for (size_t i = 0; i < n; i++)
    terms[i] = load (run->call->in[0], out + i);
}

static void
square_terms (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  size_t step = (size_t) run->plan.step[0];
  for (size_t i = 0; i < n; i++) {
    float d = load (run->call->in[0], out + i)
        - run->array[MEAN][at[0] + i * step];
    terms[i] = d * d;
  }
}

static void
find_statistics (Run *run)
{
  const AeOpCall *call = run->call;
  float epsilon = ae_attrs_float (call->attrs, "epsilon", 1e-5f);
  float *mean = run->array[MEAN], *variance = run->array[INVERSE];
  float each = 1.0f / (float) (run->count ? run->count : 1);
  if (run->batch) {
    ae_broadcast_reduce (call, &run->plan, 0, value_terms, run, mean, true);
    for (size_t c = 0; c < run->channels; c++)
      mean[c] *= each;
    ae_broadcast_reduce (
        call, &run->plan, 0, square_terms, run, variance, true);
    for (size_t c = 0; c < run->channels; c++)
      variance[c] *= each;
  }
  for (size_t c = 0; c < run->channels; c++) {
    if (!run->batch) {
      mean[c] = load (call->in[3], c);
      variance[c] = load (call->in[4], c);
    }
    run->array[DOT][c] = variance[c]; /* for the running value */
    run->array[INVERSE][c] = 1.0f / sqrtf (variance[c] + epsilon);
    run->array[SCALE][c] = load (call->in[1], c) * run->array[INVERSE][c];
    run->array[SHIFT][c]
        = load (call->in[2], c) - mean[c] * run->array[SCALE][c];
  }
}

/* Outputs 1 and 2: running values; 3 and 4 (before opset 14): the batch's. */
static void
write_statistics (const Run *run)
{
  const AeOpCall *call = run->call;
  float keep = ae_attrs_float (call->attrs, "momentum", 0.9f);
  for (int i = 1; i < call->n_out; i++) {
    const float *batch = run->array[i % 2 ? MEAN : DOT];
    const AeTensor *old = call->in[i % 2 ? 3 : 4];
    for (size_t c = 0; call->out[i] && c < run->channels; c++) {
      float value = i > 2 || !run->batch
          ? batch[c]
          : load (old, c) * keep + batch[c] * (1 - keep);
      ae_tensor_set (call->out[i], c, value);
    }
  }
}

static void
apply_row (void *arg, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  const AeTensor *x = run->call->in[0];
  AeTensor *y = run->call->out[0];
  const float *a = run->array[SCALE] + at[0], *b = run->array[SHIFT] + at[0];
  size_t step = (size_t) run->plan.step[0];
  if (x->type != AE_F32) {
    for (size_t i = 0; i < n; i++)
      ae_tensor_set (y, out + i,
          ae_tensor_get (x, out + i) * a[i * step] + b[i * step]);
    return;
  }
  const float *from = (const float *) x->data + out;
  float *to = (float *) y->data + out;
  if (step == 0) {
    float scale = *a, shift = *b;
    for (size_t i = 0; i < n; i++)
      to[i] = from[i] * scale + shift;
  } else {
    for (size_t i = 0; i < n; i++)
      to[i] = from[i] * a[i] + b[i];
  }
}

static void
forward (const AeOpCall *call)
{
  Run run;
  start (call, &run);
  find_statistics (&run);
  ae_broadcast_run (call, &run.plan, apply_row, &run);
  write_statistics (&run);
}

static void
dy_terms (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  (void) at;
  memcpy (terms, (const float *) run->call->dout[0]->data + out,
      n * sizeof *terms);
}

/* dy x^ */
static void
dot_terms (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  const float *x = (const float *) run->call->in[0]->data + out;
  const float *dy = (const float *) run->call->dout[0]->data + out;
  const float *mean = run->array[MEAN] + at[0];
  const float *inverse = run->array[INVERSE] + at[0];
  size_t step = (size_t) run->plan.step[0];
  for (size_t i = 0; i < n; i++)
    terms[i] = dy[i] * (x[i] - mean[i * step]) * inverse[i * step];
}

/* With batch statistics: dx = scale / deviation * (dy - mean (dy)
 * - x^ mean (dy x^)); with fixed ones the first term alone. */
static void
dx_row (void *arg, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  const AeOpCall *call = run->call;
  const float *x = (const float *) call->in[0]->data + out;
  const float *dy = (const float *) call->dout[0]->data + out;
  float *dx = (float *) call->din[0]->data + out;
  size_t step = (size_t) run->plan.step[0];
  float each = run->batch ? 1.0f / (float) run->count : 0;
  bool overwrite = call->overwrite[0];
  for (size_t i = 0; i < n; i++) {
    size_t c = at[0] + i * step;
    float hat = (x[i] - run->array[MEAN][c]) * run->array[INVERSE][c];
    float d = dy[i] - each * (run->array[SUM][c] + hat * run->array[DOT][c]);
    float g = run->array[SCALE][c] * d;
    dx[i] = overwrite ? g : dx[i] + g;
  }
}

static void
parameter_gradient (const Run *run, int input)
{
  const AeOpCall *call = run->call;
  float *d = call->din[input]->data;
  for (size_t c = 0; c < run->channels; c++) {
    float sum = run->array[SUM][c], dot = run->array[DOT][c];
    float inverse = run->array[INVERSE][c], scale = run->array[SCALE][c];
    float fixed = input == 3 ? -scale * sum : -0.5f * scale * inverse * dot;
    float g = input == 1 ? dot : input == 2 ? sum : run->batch ? 0 : fixed;
    d[c] = call->overwrite[input] ? g : d[c] + g;
  }
}

static void
backward (const AeOpCall *call)
{
  Run run;
  start (call, &run);
  find_statistics (&run);
  ae_broadcast_reduce (
      call, &run.plan, 0, dy_terms, &run, run.array[SUM], true);
  ae_broadcast_reduce (
      call, &run.plan, 0, dot_terms, &run, run.array[DOT], true);
  if (call->din[0])
    ae_broadcast_run (call, &run.plan, dx_row, &run);
  for (int i = 1; i < 5; i++)
    if (call->din[i])
      parameter_gradient (&run, i);
}

const AeOp ae_op_batch_norm = {
  .name = "BatchNormalization",
  .domain = "",
  .since = 7,
  .min_in = 5,
  .max_in = 5,
  .min_out = 1,
  .max_out = 5,
  .flags = AE_GRAD_READS_IN | AE_OP_TRAINING,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .work_size = work_size,
};
