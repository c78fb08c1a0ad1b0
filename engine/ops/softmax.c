/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Softmax, LogSoftmax and Hardmax. Before opset 13 the axes from `axis`
 * (default 1) on are flattened to one; from then on it is `axis` (default -1)
 * alone. The row's maximum is subtracted first, so nothing overflows. */
#include "ops/axes.h"
#include "ops/check.h"
#include "ops/fastmath.h"
#include "ops/loop.h"

typedef enum { SOFTMAX, LOG_SOFTMAX, HARDMAX } Kind;

/* Columns handled together when the axis is not the last one. */
#define TILE 64

static AeStatus
find_axis (const AeOpCall *call, int *axis, AeError *err)
{
  int rank = call->in[0]->shape.rank;
  bool flat = call->opset < 13;
  int64_t value = ae_attrs_int (call->attrs, "axis", flat ? 1 : -1);
  if (flat && value == rank) {
    *axis = rank;
    return AE_OK;
  }
  return ae_check_axis (value, rank, axis, err);
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  int axis;
  AeStatus status = ae_check_type (call, 0, AE_TYPES_FLOAT, err);
  if (status == AE_OK)
    status = find_axis (call, &axis, err);
  if (status == AE_OK)
    ae_set_output (call->out[0], call->in[0]->type, &call->in[0]->shape);
  return status;
}

typedef struct {
  const AeOpCall *call;
  Kind kind;
  AeAxisView v;
  size_t tiles; /* per outer index */
} Run;

static Run
start (const AeOpCall *call)
{
  Run run = { .call = call, .kind = *(const Kind *) call->op->family };
  int axis = 0;
  find_axis (call, &axis, NULL);
  const AeShape *shape = &call->in[0]->shape;
  run.v = ae_axis_view (shape, axis, call->opset < 13 ? shape->rank : axis + 1);
  run.tiles = (run.v.inner + TILE - 1) / TILE;
  return run;
}

static void
for_tiles (const AeOpCall *call, Run *run, AeRange fn)
{
  size_t each = run->v.axis * (run->v.inner < TILE ? run->v.inner : TILE);
  if (run->v.axis)
    ae_for_range (
        call, run->v.outer * run->tiles, 8192 / each + 1, fn, run);
}

/* One tile of n columns; `inner` floats from one row to the next. */
static void
tile_f32 (Kind kind, float *y, const float *x, size_t axis, size_t inner,
    size_t n)
{
  float top[TILE], sum[TILE] = { 0 };
  for (size_t i = 0; i < n; i++)
    top[i] = x[i];
  for (size_t a = 1; a < axis; a++)
    for (size_t i = 0; i < n; i++)
      top[i] = x[a * inner + i] > top[i] ? x[a * inner + i] : top[i];
  for (size_t a = 0; a < axis; a++)
    for (size_t i = 0; i < n; i++) {
      float e = ae_fast_exp (x[a * inner + i] - top[i]);
      sum[i] += e;
      y[a * inner + i] = kind == SOFTMAX ? e : x[a * inner + i] - top[i];
    }
  for (size_t i = 0; i < n; i++)
    sum[i] = kind == SOFTMAX ? 1 / sum[i] : logf (sum[i]);
  for (size_t a = 0; a < axis; a++)
    for (size_t i = 0; i < n; i++) {
      float v = y[a * inner + i];
      y[a * inner + i] = kind == SOFTMAX ? v * sum[i] : v - sum[i];
    }
}

/* A row of adjacent elements: the exponentials are vector code here. */
static void
row_f32 (Kind kind, float *y, const float *x, size_t n)
{
  float top = x[0];
  for (size_t i = 1; i < n; i++)
    top = x[i] > top ? x[i] : top;
  double sum = 0;
#pragma GCC ivdep
  for (size_t i = 0; i < n; i++)
    y[i] = ae_fast_exp (x[i] - top);
  for (size_t i = 0; i < n; i++)
    sum += y[i];
  float scale = (float) (1 / sum), shift = top + (float) log (sum);
#pragma GCC ivdep
  for (size_t i = 0; i < n; i++)
    y[i] = kind == SOFTMAX ? y[i] * scale : x[i] - shift;
}

static void
column_any (Kind kind, AeTensor *y, const AeTensor *x, size_t at, size_t axis,
    size_t inner)
{
  double top = ae_tensor_get (x, at), sum = 0;
  size_t best = 0;
  for (size_t a = 1; a < axis; a++) {
    double v = ae_tensor_get (x, at + a * inner);
    if (v > top) {
      top = v;
      best = a;
    }
  }
  for (size_t a = 0; a < axis; a++)
    sum += exp (ae_tensor_get (x, at + a * inner) - top);
  for (size_t a = 0; a < axis; a++) {
    double v = ae_tensor_get (x, at + a * inner) - top;
    ae_tensor_set (y, at + a * inner,
        kind == HARDMAX       ? a == best
            : kind == SOFTMAX ? exp (v) / sum
                              : v - log (sum));
  }
}

static void
forward_tiles (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const AeTensor *x = run->call->in[0];
  AeTensor *y = run->call->out[0];
  bool fast = x->type == AE_F32 && run->kind != HARDMAX;
  for (size_t job = begin; job < end; job++) {
    size_t from = job % run->tiles * TILE, inner = run->v.inner;
    size_t at = job / run->tiles * run->v.axis * inner + from;
    size_t n = inner - from < TILE ? inner - from : TILE;
    const float *fx = (const float *) x->data + (fast ? at : 0);
    float *fy = (float *) y->data + (fast ? at : 0);
    if (fast && inner == 1)
      row_f32 (run->kind, fy, fx, run->v.axis);
    else if (fast)
      tile_f32 (run->kind, fy, fx, run->v.axis, inner, n);
    else
      for (size_t i = 0; i < n; i++)
        column_any (run->kind, y, x, at + i, run->v.axis, inner);
  }
}

static void
forward (const AeOpCall *call)
{
  Run run = start (call);
  for_tiles (call, &run, forward_tiles);
}

/* Softmax: dx = y (dy - sum (dy y)); LogSoftmax: dx = dy - e^y sum (dy). */
static void
grad_tile (const Run *run, size_t at, size_t n)
{
  const float *y = (const float *) run->call->out[0]->data + at;
  const float *dy = (const float *) run->call->dout[0]->data + at;
  float *dx = (float *) run->call->din[0]->data + at;
  size_t inner = run->v.inner;
  bool soft = run->kind == SOFTMAX, overwrite = run->call->overwrite[0];
  double sum[TILE] = { 0 };
  for (size_t a = 0; a < run->v.axis; a++)
    for (size_t i = 0; i < n; i++)
      sum[i] += dy[a * inner + i] * (soft ? y[a * inner + i] : 1.0f);
  for (size_t a = 0; a < run->v.axis; a++)
    for (size_t i = 0; i < n; i++) {
      size_t k = a * inner + i;
      float s = (float) sum[i];
      float g = soft ? y[k] * (dy[k] - s) : dy[k] - ae_fast_exp (y[k]) * s;
      dx[k] = overwrite ? g : dx[k] + g;
    }
}

static void
backward_tiles (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  for (size_t job = begin; job < end; job++) {
    size_t from = job % run->tiles * TILE, inner = run->v.inner;
    grad_tile (run, job / run->tiles * run->v.axis * inner + from,
        inner - from < TILE ? inner - from : TILE);
  }
}

static void
backward (const AeOpCall *call)
{
  Run run = start (call);
  if (call->din[0])
    for_tiles (call, &run, backward_tiles);
}

static const Kind kinds[] = { SOFTMAX, LOG_SOFTMAX, HARDMAX };

#define SOFTMAX_OP(op_name, kind, grad) \
  { \
    .name = op_name, .domain = "", .since = 1, .min_in = 1, .max_in = 1, \
    .min_out = 1, .max_out = 1, .flags = AE_GRAD_READS_OUT, .infer = infer, \
    .forward = forward, .backward = grad, .family = &kinds[kind], \
  }

const AeOp ae_op_softmax = SOFTMAX_OP ("Softmax", SOFTMAX, backward);
const AeOp ae_op_log_softmax
    = SOFTMAX_OP ("LogSoftmax", LOG_SOFTMAX, backward);
const AeOp ae_op_hardmax = SOFTMAX_OP ("Hardmax", HARDMAX, NULL);
