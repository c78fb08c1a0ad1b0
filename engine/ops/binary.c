/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/binary.h"

/* The shape of b as the forms before opset 7 lay it along a. */
static AeShape
old_shape (const AeOpCall *call, const AeShape *a, const AeShape *b)
{
  int64_t axis = ae_attrs_int (call->attrs, "axis", a->rank - b->rank);
  if (axis < 0)
    axis += a->rank;
  if (axis < 0 || axis + b->rank > a->rank)
    return *b;
  AeShape shape = *a;
  for (int i = 0; i < a->rank; i++)
    shape.dim[i] = i >= axis && i < axis + b->rank ? b->dim[i - axis] : 1;
  return shape;
}

static AeShape
second_shape (const AeOpCall *call)
{
  const AeShape *a = &call->in[0]->shape, *b = &call->in[1]->shape;
  bool old = call->opset < 7 && ae_attrs_int (call->attrs, "broadcast", 0);
  return old ? old_shape (call, a, b) : *b;
}

AeStatus
ae_binary_infer (const AeOpCall *call, AeError *err)
{
  const AeBinary *f = call->op->family;
  for (int i = 0; i < 2; i++) {
    AeStatus status = ae_check_type (call, i, f->types, err);
    if (status == AE_OK && !f->mixed)
      status = ae_check_same_type (call, i, err);
    if (status != AE_OK)
      return status;
  }
  AeShape shape = call->in[0]->shape, b = second_shape (call);
  AeStatus status = ae_broadcast_join (&shape, &b, err);
  if (status != AE_OK)
    return status;
  if (f->one_way && !ae_shape_equal (&shape, &call->in[0]->shape)) {
    char from[200], to[200];
    return ae_fail (err, AE_ERROR_SHAPE,
        "input 1 has shape %s, wanted one that broadcasts to %s",
        ae_shape_text (&b, from, sizeof from),
        ae_shape_text (&call->in[0]->shape, to, sizeof to));
  }
  ae_set_output (
      call->out[0], f->truth ? AE_BOOL : call->in[0]->type, &shape);
  return AE_OK;
}

typedef struct {
  const AeOpCall *call;
  const AeBinary *family;
  AeBroadcast plan;
  int k; /* operand differentiated */
} BinaryRun;

static void
row_f32 (void *arg, size_t out, const size_t *at, size_t n)
{
  const BinaryRun *run = arg;
  const float *a = run->call->in[0]->data, *b = run->call->in[1]->data;
  float *y = run->call->out[0]->data;
  run->family->row (y + out, a + at[0], b + at[1], n, run->plan.step[0],
      run->plan.step[1]);
}

static void
row_any (void *arg, size_t out, const size_t *at, size_t n)
{
  const BinaryRun *run = arg;
  const AeTensor *a = run->call->in[0], *b = run->call->in[1];
  AeTensor *y = run->call->out[0];
  unsigned types = AE_TYPE_BIT (a->type) | AE_TYPE_BIT (b->type);
  bool integer = run->family->integer && !(types & AE_TYPES_FLOAT);
  for (size_t i = 0; i < n; i++) {
    size_t ia = at[0] + i * (size_t) run->plan.step[0];
    size_t ib = at[1] + i * (size_t) run->plan.step[1];
    if (integer)
      ae_tensor_set_int (y, out + i,
          run->family->integer (ae_tensor_get_int (a, ia),
              ae_tensor_get_int (b, ib), a->type == AE_U64));
    else
      ae_tensor_set (y, out + i,
          run->family->exact (ae_tensor_get (a, ia), ae_tensor_get (b, ib)));
  }
}

/* A plan over elements, or over storage when the layout is not plain: then
 * the shapes are equal or b has one element. */
static void
make_plan (const AeOpCall *call, AeBroadcast *plan)
{
  AeShape b = second_shape (call);
  if (call->out[0]->layout == AE_LAYOUT_PLAIN) {
    const AeShape *in[] = { &call->in[0]->shape, &b };
    ae_broadcast_plan (plan, &call->out[0]->shape, in, 2);
    return;
  }
  AeShape flat = { 1, { (int64_t) ae_tensor_storage (call->out[0]) } };
  AeShape one = { 1, { 1 } };
  const AeShape *in[]
      = { &flat, call->in[1]->layout == AE_LAYOUT_PLAIN ? &one : &flat };
  ae_broadcast_plan (plan, &flat, in, 2);
}

void
ae_binary_forward (const AeOpCall *call)
{
  BinaryRun run = { .call = call, .family = call->op->family };
  make_plan (call, &run.plan);
  bool fast = run.family->row && call->in[0]->type == AE_F32
      && call->in[1]->type == AE_F32;
  ae_broadcast_run (call, &run.plan, fast ? row_f32 : row_any, &run);
}

static void
row_grad (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const BinaryRun *run = arg;
  const float *a = run->call->in[0]->data, *b = run->call->in[1]->data;
  const float *dy = run->call->dout[0]->data;
  run->family->grad[run->k](terms, dy + out, a + at[0], b + at[1], n,
      run->plan.step[0], run->plan.step[1]);
}

/* The gradient of one shared number with a blocked first operand: padding
 * lanes must not be added up. */
static void
scalar_grad_blocked (const BinaryRun *run)
{
  enum { CHUNK = 16 * AE_BLOCK };
  const int64_t *d = run->call->in[0]->shape.dim;
  size_t blocks = ((size_t) d[1] + AE_BLOCK - 1) / AE_BLOCK;
  size_t row = (size_t) d[3] * AE_BLOCK;
  size_t rows = (size_t) (d[0] * d[2]) * blocks;
  double sum = 0;
  for (size_t r = 0; r < rows; r++) {
    size_t lanes = r % blocks + 1 < blocks
        ? AE_BLOCK
        : (size_t) d[1] - (blocks - 1) * AE_BLOCK;
    for (size_t from = 0; from < row; from += CHUNK) {
      float terms[CHUNK];
      size_t n = row - from < CHUNK ? row - from : CHUNK;
      size_t at[] = { r * row + from, 0 };
      row_grad ((void *) run, terms, at[0], at, n);
      for (size_t i = 0; i < n; i++)
        sum += i % AE_BLOCK < lanes ? terms[i] : 0;
    }
  }
  float *din = run->call->din[1]->data;
  *din = (float) (run->call->overwrite[1] ? sum : *din + sum);
}

void
ae_binary_backward (const AeOpCall *call)
{
  BinaryRun run = { .call = call, .family = call->op->family };
  bool blocked = call->out[0]->layout == AE_LAYOUT_BLOCKED
      && call->in[1]->layout == AE_LAYOUT_PLAIN;
  make_plan (call, &run.plan);
  for (run.k = 0; run.k < 2; run.k++)
    if (call->din[run.k] && blocked && run.k == 1)
      scalar_grad_blocked (&run);
    else if (call->din[run.k])
      ae_broadcast_reduce (call, &run.plan, run.k, row_grad, &run,
          call->din[run.k]->data, call->overwrite[run.k]);
}

bool
ae_binary_layout (const AeOpCall *call, AeOpLayout *want)
{
  const AeBinary *f = call->op->family;
  const AeTensor *a = call->in[0], *b = call->in[1];
  if (!f->lane_safe || a->type != AE_F32 || b->type != AE_F32
      || a->shape.rank != 4
      || !ae_shape_equal (&a->shape, &call->out[0]->shape))
    return false;
  bool equal = ae_shape_equal (&a->shape, &b->shape);
  bool scalar = ae_shape_count (&b->shape) == 1;
  *want = (AeOpLayout){ .in_blocked = equal ? 3 : 1, .out_blocked = true };
  return equal || scalar;
}

bool
ae_binary_rows (const AeOpCall *call, AeRows *out, AeRows *in)
{
  bool old = call->opset < 7 && ae_attrs_int (call->attrs, "broadcast", 0);
  return !old && ae_elementwise_rows (call, out, in);
}
