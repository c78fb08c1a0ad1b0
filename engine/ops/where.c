/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where: y = condition ? a : b, all three broadcast. */
#include "ops/broadcast.h"
#include "ops/check.h"

#include <string.h>

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeStatus status = ae_check_type (call, 0, AE_TYPES_BOOL, err);
  for (int i = 1; i < 3 && status == AE_OK; i++)
    status = ae_check_type (call, i, AE_TYPES_NUMBER | AE_TYPES_BOOL, err);
  if (status != AE_OK)
    return status;
  if (call->in[1]->type != call->in[2]->type)
    return ae_fail (err, AE_ERROR_SHAPE,
        "input 2 has type %s, wanted %s like input 1",
        ae_type_name (call->in[2]->type), ae_type_name (call->in[1]->type));
  AeShape shape = { 0 };
  for (int i = 0; i < 3 && status == AE_OK; i++)
    status = ae_broadcast_join (&shape, &call->in[i]->shape, err);
  if (status == AE_OK)
    ae_set_output (call->out[0], call->in[1]->type, &shape);
  return status;
}

typedef struct {
  const AeOpCall *call;
  AeBroadcast plan;
  int k;
} Run;

static void
select_row (void *arg, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  const AeOpCall *call = run->call;
  size_t size = ae_type_size (call->out[0]->type);
  const uint8_t *which = (const uint8_t *) call->in[0]->data + at[0];
  char *y = (char *) call->out[0]->data + out * size;
  const int *step = run->plan.step;
  for (size_t i = 0; i < n; i++) {
    int k = which[i * (size_t) step[0]] ? 1 : 2;
    const char *from = call->in[k]->data;
    memcpy (y + i * size, from + (at[k] + i * (size_t) step[k]) * size, size);
  }
}

static void
make_plan (const AeOpCall *call, AeBroadcast *plan)
{
  const AeShape *in[] = { &call->in[0]->shape, &call->in[1]->shape,
    &call->in[2]->shape };
  ae_broadcast_plan (plan, &call->out[0]->shape, in, 3);
}

static void
forward (const AeOpCall *call)
{
  Run run = { .call = call };
  make_plan (call, &run.plan);
  ae_broadcast_run (call, &run.plan, select_row, &run);
}

static void
grad_row (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const Run *run = arg;
  const uint8_t *which = (const uint8_t *) run->call->in[0]->data + at[0];
  const float *dy = (const float *) run->call->dout[0]->data + out;
  size_t step = (size_t) run->plan.step[0];
  for (size_t i = 0; i < n; i++)
    terms[i] = (which[i * step] != 0) == (run->k == 1) ? dy[i] : 0;
}

static void
backward (const AeOpCall *call)
{
  Run run = { .call = call };
  make_plan (call, &run.plan);
  for (run.k = 1; run.k < 3; run.k++)
    if (call->din[run.k])
      ae_broadcast_reduce (call, &run.plan, run.k, grad_row, &run,
          call->din[run.k]->data, call->overwrite[run.k]);
}

const AeOp ae_op_where = {
  .name = "Where",
  .domain = "",
  .since = 9,
  .min_in = 3,
  .max_in = 3,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
