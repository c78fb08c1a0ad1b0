/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "op_run.h"

#include "op_text.h"
#include "util/mem.h"

#include <check.h>
#include <string.h>

OpRun *
op_run_new (const char *op, int opset, const char *attrs)
{
  OpRun *run = ae_calloc (1, sizeof *run);
  ck_assert_ptr_nonnull (run);
  const char *colon = strchr (op, ':');
  run->call.op = colon ? ae_op_find ("ae", colon + 1, opset)
                       : ae_op_find ("", op, opset);
  ck_assert_msg (run->call.op != NULL, "no operator %s at %d", op, opset);
  op_text_attrs (&run->attrs, attrs);
  run->call.attrs = &run->attrs;
  run->call.opset = opset;
  run->call.in = run->in_list;
  run->call.out = run->out;
  run->call.dout = run->dout_list;
  run->call.din = run->din;
  run->call.overwrite = run->overwrite;
  run->call.pool = ae_pool_shared ();
  run->call.n_threads = 1;
  run->call.seed = 1234;
  return run;
}

void
op_run_free (OpRun *run)
{
  for (int i = 0; i < OP_RUN_MAX; i++) {
    ae_tensor_free (&run->in[i]);
    ae_tensor_free (&run->out[i]);
    ae_tensor_free (&run->dout[i]);
    ae_tensor_free (&run->din[i]);
  }
  ae_attrs_clear (&run->attrs);
  ae_free (run);
}

void
op_run_add (OpRun *run, AeTensor *tensor)
{
  ck_assert_int_lt (run->call.n_in, OP_RUN_MAX);
  run->in[run->call.n_in] = tensor;
  run->in_list[run->call.n_in++] = tensor;
}

void
op_run_add_text (
    OpRun *run, const char *text, AeRng *rng, double lo, double hi)
{
  while (op_text_more (&text))
    op_run_add (run, op_tensor_parse (&text, rng, lo, hi, NULL));
}

AeStatus
op_run_infer (OpRun *run, int n_out, unsigned absent, AeError *err)
{
  const AeShape none = { 0 };
  run->call.n_out = n_out;
  for (int i = 0; i < n_out; i++) {
    ae_tensor_free (&run->out[i]);
    if (!(absent >> i & 1))
      run->out[i] = ae_tensor_new (AE_F32, &none);
  }
  AeStatus status = run->call.op->infer (&run->call, err);
  if (status != AE_OK)
    return status;
  for (int i = 0; i < n_out; i++) {
    if (!run->out[i])
      continue;
    AeTensor *full = ae_tensor_new (run->out[i]->type, &run->out[i]->shape);
    ck_assert_ptr_nonnull (full);
    ae_tensor_free (&run->out[i]);
    run->out[i] = full;
  }
  return AE_OK;
}

static void
execute (OpRun *run, bool grad, void (*fn) (const AeOpCall *))
{
  const AeOp *op = run->call.op;
  AeError err = { 0 };
  size_t size = op->work_size ? op->work_size (&run->call, grad) : 0;
  run->call.work = ae_alloc (size);
  ck_assert_ptr_nonnull (run->call.work);
  memset (run->call.work, 0xff, size);
  run->call.state = NULL;
  if (op->prepare)
    ck_assert_msg (
        op->prepare (&run->call, &run->call.state, &err) == AE_OK,
        "%s: prepare: %s", op->name, err.text);
  fn (&run->call);
  if (op->release && run->call.state)
    op->release (run->call.state);
  run->call.state = NULL;
  ae_free (run->call.work);
  run->call.work = NULL;
}

void
op_run_forward (OpRun *run)
{
  execute (run, false, run->call.op->forward);
}

static AeTensor *
new_like (const AeTensor *t)
{
  AeTensor *copy = ae_calloc (1, sizeof *copy);
  ck_assert_ptr_nonnull (copy);
  *copy = *t;
  copy->data = ae_calloc (ae_tensor_storage (t), ae_type_size (t->type));
  ck_assert_ptr_nonnull (copy->data);
  return copy;
}

void
op_run_backward (OpRun *run, unsigned wanted, bool overwrite)
{
  for (int i = 0; i < run->call.n_out; i++) {
    if (run->out[i] && !run->dout[i])
      run->dout[i] = new_like (run->out[i]);
    run->dout_list[i] = run->dout[i];
  }
  for (int i = 0; i < run->call.n_in; i++) {
    run->overwrite[i] = overwrite;
    if (!(wanted >> i & 1))
      ae_tensor_free (&run->din[i]);
    else if (!run->din[i])
      run->din[i] = new_like (run->in[i]);
  }
  execute (run, true, run->call.op->backward);
}

/* Index of (n,c,h,w) in [N][H][ceil(C/16)][W][16]. */
static size_t
blocked_index (const int64_t *d, int64_t n, int64_t c, int64_t h, int64_t w)
{
  int64_t blocks = (d[1] + AE_BLOCK - 1) / AE_BLOCK;
  return (size_t) ((((n * d[2] + h) * blocks + c / AE_BLOCK) * d[3] + w)
          * AE_BLOCK
      + c % AE_BLOCK);
}

static void
copy_lanes (const AeShape *shape, float *blocked, float *plain, bool pack)
{
  const int64_t *d = shape->dim;
  size_t i = 0;
  for (int64_t n = 0; n < d[0]; n++)
    for (int64_t c = 0; c < d[1]; c++)
      for (int64_t h = 0; h < d[2]; h++)
        for (int64_t w = 0; w < d[3]; w++, i++) {
          size_t at = blocked_index (d, n, c, h, w);
          if (pack)
            blocked[at] = plain[i];
          else
            plain[i] = blocked[at];
        }
}

AeTensor *
op_tensor_blocked (const AeTensor *plain)
{
  AeTensor like = *plain;
  like.layout = AE_LAYOUT_BLOCKED;
  AeTensor *t = new_like (&like);
  float *p = t->data;
  for (size_t i = 0; i < ae_tensor_storage (t); i++)
    p[i] = i % 2 ? 1e4f : -1e4f;
  copy_lanes (&t->shape, p, plain->data, true);
  return t;
}

AeTensor *
op_tensor_plain (const AeTensor *blocked)
{
  AeTensor *t = ae_tensor_new (AE_F32, &blocked->shape);
  ck_assert_ptr_nonnull (t);
  copy_lanes (&t->shape, blocked->data, t->data, false);
  return t;
}
