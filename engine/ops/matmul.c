/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MatMul with numpy's rules: matrices in the last two axes, the axes before
 * them broadcast; a vector is a row on the left and a column on the right. */
#include "ops/broadcast.h"
#include "ops/check.h"
#include "ops/loop.h"
#include "ops/matmul_core.h"

#include <string.h>

typedef struct {
  size_t m, n, k;
  AeShape a_batch, b_batch, batch;
  size_t batches;
  bool one_b; /* every batch uses the same b: one tall product */
} Form;

/* The axes before the matrix. */
static AeShape
batch_shape (const AeShape *shape)
{
  AeShape batch = *shape;
  batch.rank = shape->rank > 2 ? shape->rank - 2 : 0;
  return batch;
}

static AeStatus
make_form (const AeOpCall *call, Form *f, AeError *err)
{
  const AeShape *a = &call->in[0]->shape, *b = &call->in[1]->shape;
  if (a->rank == 0 || b->rank == 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "input %d is a scalar, wanted rank 1 or more", a->rank == 0 ? 0 : 1);
  size_t k = (size_t) b->dim[b->rank > 1 ? b->rank - 2 : 0];
  *f = (Form){ .m = a->rank > 1 ? (size_t) a->dim[a->rank - 2] : 1,
    .n = b->rank > 1 ? (size_t) b->dim[b->rank - 1] : 1,
    .k = (size_t) a->dim[a->rank - 1],
    .a_batch = batch_shape (a), .b_batch = batch_shape (b) };
  if (f->k != k) {
    char left[200], right[200];
    return ae_fail (err, AE_ERROR_SHAPE,
        "shapes %s and %s do not multiply: inner dimensions %zu and %zu",
        ae_shape_text (a, left, sizeof left),
        ae_shape_text (b, right, sizeof right), f->k, k);
  }
  f->batch = f->a_batch;
  AeStatus status = ae_broadcast_join (&f->batch, &f->b_batch, err);
  f->batches = ae_shape_count (&f->batch);
  f->one_b = ae_shape_count (&f->b_batch) == 1
      && ae_shape_count (&f->a_batch) == f->batches;
  return status;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  Form f;
  AeStatus status = ae_check_type (call, 0, AE_TYPES_NUMBER, err);
  if (status == AE_OK)
    status = ae_check_same_type (call, 1, err);
  if (status == AE_OK)
    status = make_form (call, &f, err);
  if (status != AE_OK)
    return status;
  AeShape shape = f.batch;
  if (shape.rank + (call->in[0]->shape.rank > 1)
          + (call->in[1]->shape.rank > 1)
      > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT, "the result has rank %d, limit %d",
        shape.rank + 2, AE_MAX_RANK);
  if (call->in[0]->shape.rank > 1)
    shape.dim[shape.rank++] = (int64_t) f.m;
  if (call->in[1]->shape.rank > 1)
    shape.dim[shape.rank++] = (int64_t) f.n;
  ae_set_output (call->out[0], call->in[0]->type, &shape);
  return AE_OK;
}

/* Which matrices of a and b make batch `index`. */
static void
batch_of (const Form *f, size_t index, size_t *a, size_t *b)
{
  int64_t sa[AE_MAX_RANK], sb[AE_MAX_RANK];
  ae_shape_strides (&f->a_batch, true, sa);
  ae_shape_strides (&f->b_batch, true, sb);
  *a = *b = 0;
  for (int i = 1; i <= f->batch.rank; i++) {
    size_t dim = (size_t) f->batch.dim[f->batch.rank - i];
    size_t at = index % dim;
    index /= dim;
    if (i <= f->a_batch.rank)
      *a += at * (size_t) sa[f->a_batch.rank - i];
    if (i <= f->b_batch.rank)
      *b += at * (size_t) sb[f->b_batch.rank - i];
  }
}

typedef struct {
  const AeOpCall *call;
  Form f;
} Run;

static void
forward_batches (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const AeOpCall *call = run->call;
  const Form *f = &run->f;
  AeGemm g = { .m = f->m, .n = f->n, .k = f->k, .alpha = 1 };
  for (size_t i = begin; i < end; i++) {
    size_t a, b;
    batch_of (f, i, &a, &b);
    a *= f->m * f->k;
    b *= f->k * f->n;
    size_t c = i * f->m * f->n;
    if (call->out[0]->type == AE_F32)
      ae_gemm (call, &g, (const float *) call->in[0]->data + a,
          (const float *) call->in[1]->data + b,
          (float *) call->out[0]->data + c);
    else
      ae_gemm_any (&g, call->in[0], a, call->in[1], b, call->out[0], c);
  }
}

static void
forward (const AeOpCall *call)
{
  Run run = { .call = call };
  make_form (call, &run.f, NULL);
  if (run.f.one_b && call->out[0]->type == AE_F32) {
    AeGemm g = { .m = run.f.m * run.f.batches, .n = run.f.n, .k = run.f.k,
      .alpha = 1 };
    ae_gemm (
        call, &g, call->in[0]->data, call->in[1]->data, call->out[0]->data);
    return;
  }
  ae_for_range (call, run.f.batches, 1, forward_batches, &run);
}

/* dA = dY B^T and dB = A^T dY, added up over the axes that were broadcast:
 * one batch after the other, each product on all threads. */
static void
backward (const AeOpCall *call)
{
  Form f;
  make_form (call, &f, NULL);
  if (f.one_b) {
    f.m *= f.batches;
    f.batches = 1;
  }
  for (int i = 0; i < 2; i++)
    if (call->din[i] && call->overwrite[i])
      memset (call->din[i]->data, 0, ae_tensor_bytes (call->din[i]));
  for (size_t i = 0; i < f.batches; i++) {
    size_t a = 0, b = 0;
    if (!f.one_b)
      batch_of (&f, i, &a, &b);
    a *= f.m * f.k;
    b *= f.k * f.n;
    const float *dy = (const float *) call->dout[0]->data + i * f.m * f.n;
    if (call->din[0])
      ae_gemm (call, &(AeGemm){ false, true, f.m, f.k, f.n, 1, 1 }, dy,
          (const float *) call->in[1]->data + b,
          (float *) call->din[0]->data + a);
    if (call->din[1])
      ae_gemm (call, &(AeGemm){ true, false, f.k, f.n, f.m, 1, 1 },
          (const float *) call->in[0]->data + a, dy,
          (float *) call->din[1]->data + b);
  }
}

static double
mac (const AeOpCall *call)
{
  Form f;
  if (make_form (call, &f, NULL) != AE_OK)
    return 0;
  return (double) f.batches * (double) f.m * (double) f.n * (double) f.k;
}

const AeOp ae_op_matmul = {
  .name = "MatMul",
  .domain = "",
  .since = 1,
  .min_in = 2,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .mac = mac,
};
