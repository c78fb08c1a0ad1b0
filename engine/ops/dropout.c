/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dropout (Srivastava et al., 2014), inverted: in training each element is
 * kept with probability 1 - ratio and divided by it; otherwise the identity.
 * Ratio: an attribute before opset 12, then input 1; input 2 (training_mode)
 * turns dropping on where the runtime trains. Which elements are dropped
 * depends on the call's seed and the element's index alone. */
#include "ops/check.h"
#include "ops/loop.h"

#include <string.h>

#define GRAIN 16384

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeStatus status = ae_check_type (call, 0, AE_TYPES_FLOAT, err);
  if (status != AE_OK)
    return status;
  ae_set_output (call->out[0], call->in[0]->type, &call->in[0]->shape);
  ae_set_output (ae_output (call, 1),
      call->opset < 10 ? call->in[0]->type : AE_BOOL, &call->in[0]->shape);
  return AE_OK;
}

/* The probability of being dropped in this call. */
static float
drop_ratio (const AeOpCall *call)
{
  const AeTensor *ratio = ae_input (call, 1), *mode = ae_input (call, 2);
  float p = ae_attrs_float (call->attrs, "ratio", 0.5f);
  bool drops = call->training;
  if (call->opset >= 12) {
    p = ratio && ratio->data ? (float) ae_tensor_get (ratio, 0) : 0.5f;
    /* An exported training graph says so itself. */
    drops = mode && mode->data ? ae_tensor_get_int (mode, 0) != 0
                               : call->training;
  }
  return !drops || !(p > 0) ? 0 : p < 1 ? p : 1;
}

/* splitmix64's mixing of seed and index to 24 random bits. */
static inline float
uniform_at (uint64_t seed, size_t index)
{
  uint64_t z = seed + ((uint64_t) index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (float) ((z ^ (z >> 31)) >> 40) * 0x1p-24f;
}

typedef struct {
  const AeOpCall *call;
  float p, scale; /* scale of what is kept */
} Run;

static Run
start (const AeOpCall *call)
{
  float p = drop_ratio (call);
  return (Run){ call, p, p < 1 ? 1 / (1 - p) : 0 };
}

static void
drop (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const AeTensor *x = run->call->in[0];
  AeTensor *y = run->call->out[0], *mask = ae_output (run->call, 1);
  for (size_t i = begin; i < end; i++) {
    bool keep = uniform_at (run->call->seed, i) >= run->p;
    double v = ae_tensor_get (x, i);
    ae_tensor_set (y, i, keep ? v * run->scale : 0);
    if (mask)
      ae_tensor_set (mask, i, keep);
  }
}

static void
forward (const AeOpCall *call)
{
  Run run = start (call);
  AeTensor *mask = ae_output (call, 1);
  size_t n = ae_shape_count (&call->in[0]->shape);
  if (run.p > 0) {
    ae_for_range (call, n, GRAIN, drop, &run);
    return;
  }
  if (call->out[0]->data != call->in[0]->data)
    memcpy (call->out[0]->data, call->in[0]->data,
        ae_tensor_bytes (call->in[0]));
  for (size_t i = 0; mask && i < n; i++)
    ae_tensor_set (mask, i, 1);
}

static void
grad (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const float *dy = run->call->dout[0]->data;
  float *dx = run->call->din[0]->data;
  bool overwrite = run->call->overwrite[0];
  for (size_t i = begin; i < end; i++) {
    bool keep = run->p <= 0 || uniform_at (run->call->seed, i) >= run->p;
    float g = keep ? dy[i] * run->scale : 0;
    dx[i] = overwrite ? g : dx[i] + g;
  }
}

static void
backward (const AeOpCall *call)
{
  Run run = start (call);
  if (ae_din (call, 1) && call->overwrite[1])
    ae_tensor_set (call->din[1], 0, 0);
  if (call->din[0])
    ae_for_range (
        call, ae_shape_count (&call->in[0]->shape), GRAIN, grad, &run);
}

const AeOp ae_op_dropout = {
  .name = "Dropout",
  .domain = "",
  .since = 7,
  .min_in = 1,
  .max_in = 3,
  .min_out = 1,
  .max_out = 2,
  .flags = AE_OP_IN_PLACE | AE_OP_TRAINING,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
