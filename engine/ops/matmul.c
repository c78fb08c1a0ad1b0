/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MatMul with numpy's rules: matrices in the last two axes, the axes before
 * them broadcast; a vector is a row on the left and a column on the right. */
#include "ops/broadcast.h"
#include "ops/check.h"
#include "ops/loop.h"
#include "ops/matmul_core.h"
#include "util/mem.h"

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

/* One batch's product, or, where every batch uses the same b, all in one. */
static AeGemm
gemm_of (const Form *f)
{
  return (AeGemm){ .m = f->one_b ? f->m * f->batches : f->m, .n = f->n,
    .k = f->k, .alpha = 1 };
}

static AeGemm
gemm_of_da (const Form *f)
{
  AeGemm g = gemm_of (f);
  return (AeGemm){ false, true, g.m, g.k, g.n, 1, 1 };
}

static AeGemm
gemm_of_db (const Form *f)
{
  AeGemm g = gemm_of (f);
  return (AeGemm){ true, false, g.k, g.n, g.m, 1, 1 };
}

static void
forward_batches (void *arg, size_t begin, size_t end, int thread)
{
  const Run *run = arg;
  const AeOpCall *call = run->call;
  const Form *f = &run->f;
  AeGemm g = gemm_of (f);
  unsigned char *work
      = (unsigned char *) call->work + (size_t) thread * ae_gemm_work (&g);
  for (size_t i = begin; i < end; i++) {
    size_t a, b;
    batch_of (f, i, &a, &b);
    a *= f->m * f->k;
    b *= f->k * f->n;
    size_t c = i * f->m * f->n;
    if (call->out[0]->type == AE_F32)
      ae_gemm (call, &g, (const float *) call->in[0]->data + a,
          (const float *) call->in[1]->data + b,
          (float *) call->out[0]->data + c, work);
    else
      ae_gemm_any (&g, call->in[0], a, call->in[1], b, call->out[0], c);
  }
}

static void
forward (const AeOpCall *call)
{
  Run run = { .call = call };
  make_form (call, &run.f, NULL);
  AeGemm g = gemm_of (&run.f);
  if (call->state)
    ae_gemm_packed (call, &g, call->in[0]->data, call->state,
        call->out[0]->data, call->work);
  else if (run.f.one_b && call->out[0]->type == AE_F32)
    ae_gemm (call, &g, call->in[0]->data, call->in[1]->data,
        call->out[0]->data, call->work);
  else
    ae_for_range (call, run.f.batches, 1, forward_batches, &run);
}

/* dA = dY B^T and dB = A^T dY, added up over the axes that were broadcast:
 * one batch after the other, each product on all threads. */
static void
backward (const AeOpCall *call)
{
  Form f;
  make_form (call, &f, NULL);
  AeGemm da = gemm_of_da (&f), db = gemm_of_db (&f);
  for (int i = 0; i < 2; i++)
    if (call->din[i] && call->overwrite[i])
      memset (call->din[i]->data, 0, ae_tensor_bytes (call->din[i]));
  for (size_t i = 0; i < (f.one_b ? 1 : f.batches); i++) {
    size_t a = 0, b = 0;
    if (!f.one_b)
      batch_of (&f, i, &a, &b);
    a *= f.m * f.k;
    b *= f.k * f.n;
    const float *dy = (const float *) call->dout[0]->data + i * f.m * f.n;
    if (call->din[0])
      ae_gemm (call, &da, dy, (const float *) call->in[1]->data + b,
          (float *) call->din[0]->data + a, call->work);
    if (call->din[1])
      ae_gemm (call, &db, (const float *) call->in[0]->data + a, dy,
          (float *) call->din[1]->data + b, call->work);
  }
}

/* Batches run side by side, each with scratch of its own. */
static size_t
work_size (const AeOpCall *call, bool grad)
{
  Form f;
  if (make_form (call, &f, NULL) != AE_OK)
    return 0;
  AeGemm g = gemm_of (&f);
  if (!grad)
    return ae_gemm_work (&g) * (f.one_b ? 1 : (size_t) call->n_threads);
  AeGemm da = gemm_of_da (&f), db = gemm_of_db (&f);
  size_t size_a = ae_gemm_work (&da), size_b = ae_gemm_work (&db);
  return size_a > size_b ? size_a : size_b;
}

/* A constant matrix is packed once. */
static AeStatus
prepare (const AeOpCall *call, void **state, AeError *err)
{
  *state = NULL;
  Form f;
  const AeTensor *b = call->in[1];
  if (call->training || !b->data || b->type != AE_F32
      || make_form (call, &f, NULL) != AE_OK || !f.one_b)
    return AE_OK;
  AeGemm g = gemm_of (&f);
  *state = ae_gemm_pack (&g, b->data);
  return *state ? AE_OK
                : ae_fail (err, AE_ERROR_MEMORY, "no memory for weights");
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
  .work_size = work_size,
  .prepare = prepare,
  .release = ae_free,
  .mac = mac,
};
