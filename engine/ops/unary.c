/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/unary.h"

#include "ops/loop.h"

#define GRAIN 8192 /* elements per job: some 5 to 20 us */

typedef struct {
  const AeUnary *unary;
  const AeTensor *x;
  AeTensor *y;
  const float *dy;
  float *dx;
  float a, b;
  bool overwrite;
} UnaryRun;

static UnaryRun
start_run (const AeOpCall *call)
{
  const AeUnary *u = call->op->family;
  return (UnaryRun){ .unary = u, .x = call->in[0], .y = call->out[0],
    .a = u->a ? ae_attrs_float (call->attrs, u->a, u->a_default)
              : u->a_default,
    .b = u->b ? ae_attrs_float (call->attrs, u->b, u->b_default)
              : u->b_default };
}

AeStatus
ae_unary_infer (const AeOpCall *call, AeError *err)
{
  const AeUnary *u = call->op->family;
  AeStatus status = ae_check_type (call, 0, u->types, err);
  if (status == AE_OK)
    ae_set_output (call->out[0], call->in[0]->type, &call->in[0]->shape);
  return status;
}

static void
forward_f32 (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const UnaryRun *run = arg;
  run->unary->forward ((float *) run->y->data + begin,
      (const float *) run->x->data + begin, end - begin, run->a, run->b);
}

static void
forward_any (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const UnaryRun *run = arg;
  bool integer
      = run->unary->integer && !ae_type_in (run->x->type, AE_TYPES_FLOAT);
  for (size_t i = begin; i < end; i++) {
    if (integer)
      ae_tensor_set_int (
          run->y, i, run->unary->integer (ae_tensor_get_int (run->x, i)));
    else
      ae_tensor_set (run->y, i,
          run->unary->exact (ae_tensor_get (run->x, i), run->a, run->b));
  }
}

void
ae_unary_forward (const AeOpCall *call)
{
  UnaryRun run = start_run (call);
  ae_for_range (call, ae_tensor_storage (run.x), GRAIN,
      run.x->type == AE_F32 ? forward_f32 : forward_any, &run);
}

static void
backward_f32 (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const UnaryRun *run = arg;
  run->unary->backward (run->dx + begin, run->dy + begin,
      (const float *) run->x->data + begin,
      (const float *) run->y->data + begin, end - begin, run->a, run->b,
      run->overwrite);
}

void
ae_unary_backward (const AeOpCall *call)
{
  if (!call->din[0])
    return;
  UnaryRun run = start_run (call);
  run.dy = call->dout[0]->data;
  run.dx = call->din[0]->data;
  run.overwrite = call->overwrite[0];
  ae_for_range (
      call, ae_tensor_storage (call->din[0]), GRAIN, backward_f32, &run);
}
