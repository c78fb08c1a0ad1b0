/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/broadcast.h"

#include "ops/loop.h"

#include <math.h>

#define GRAIN 16384 /* elements per job: some 10 us */
#define CHUNK 256   /* terms in flight while reducing */

AeStatus
ae_broadcast_join (AeShape *acc, const AeShape *b, AeError *err)
{
  AeShape out = acc->rank >= b->rank ? *acc : *b;
  for (int i = 1; i <= acc->rank && i <= b->rank; i++) {
    int64_t x = acc->dim[acc->rank - i], y = b->dim[b->rank - i];
    if (x != y && x != 1 && y != 1) {
      char left[200], right[200];
      return ae_fail (err, AE_ERROR_SHAPE,
          "shapes %s and %s do not broadcast: %lld against %lld",
          ae_shape_text (acc, left, sizeof left),
          ae_shape_text (b, right, sizeof right), (long long) x,
          (long long) y);
    }
    out.dim[out.rank - i] = x == 1 ? y : x;
  }
  *acc = out;
  return AE_OK;
}

bool
ae_broadcast_fits (const AeShape *from, const AeShape *to)
{
  AeShape joined = *to;
  return ae_broadcast_join (&joined, from, NULL) == AE_OK
      && ae_shape_equal (&joined, to);
}

/* Strides of `in` on the axes of `out`. */
static void
aligned_strides (const AeShape *in, int out_rank, int64_t *stride)
{
  int64_t own[AE_MAX_RANK];
  ae_shape_strides (in, true, own);
  int lead = out_rank - in->rank;
  for (int i = 0; i < out_rank; i++)
    stride[i] = i < lead ? 0 : own[i - lead];
}

/* Axis `i` of all operands continues the last kept axis. */
static bool
merges (const AeBroadcast *p, const int64_t (*stride)[AE_MAX_RANK], int i,
    int64_t dim)
{
  int last = p->rank - 1;
  for (int k = 0; k < p->n; k++)
    if (p->stride[k][last] != stride[k][i] * dim)
      return false;
  return true;
}

void
ae_broadcast_plan (
    AeBroadcast *p, const AeShape *out, const AeShape *const *in, int n)
{
  int64_t stride[AE_BROADCAST_MAX][AE_MAX_RANK] = { 0 };
  *p = (AeBroadcast){ .n = n, .count = ae_shape_count (out) };
  for (int k = 0; k < n; k++)
    aligned_strides (in[k], out->rank, stride[k]);
  for (int i = 0; i < out->rank; i++) {
    if (out->dim[i] == 1)
      continue;
    if (p->rank > 0 && merges (p, stride, i, out->dim[i]))
      p->dim[p->rank - 1] *= out->dim[i];
    else
      p->dim[p->rank++] = out->dim[i];
    for (int k = 0; k < n; k++)
      p->stride[k][p->rank - 1] = stride[k][i];
  }
  if (p->rank == 0)
    p->dim[p->rank++] = 1;
  int64_t step = 1;
  for (int i = p->rank - 1; i >= 0; i--) {
    p->out_stride[i] = step;
    step *= p->dim[i];
  }
  for (int k = 0; k < n; k++)
    p->step[k] = (int) p->stride[k][p->rank - 1];
}

typedef struct {
  const AeBroadcast *plan;
  AeRow fn;
  void *arg;
} RowRun;

/* Position of a row: indices of the outer axes and operand offsets. */
typedef struct {
  int64_t index[AE_MAX_RANK];
  size_t at[AE_BROADCAST_MAX];
} Cursor;

static void
seek_row (const AeBroadcast *p, size_t row, Cursor *c)
{
  *c = (Cursor){ 0 };
  for (int i = p->rank - 2; i >= 0; i--) {
    c->index[i] = (int64_t) (row % (size_t) p->dim[i]);
    row /= (size_t) p->dim[i];
    for (int k = 0; k < p->n; k++)
      c->at[k] += (size_t) (c->index[i] * p->stride[k][i]);
  }
}

static void
next_row (const AeBroadcast *p, Cursor *c)
{
  for (int i = p->rank - 2; i >= 0; i--) {
    bool wrap = ++c->index[i] == p->dim[i];
    for (int k = 0; k < p->n; k++)
      c->at[k] += (size_t) (wrap ? -(p->dim[i] - 1) * p->stride[k][i]
                                 : p->stride[k][i]);
    if (!wrap)
      return;
    c->index[i] = 0;
  }
}

static void
run_rows (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const RowRun *run = arg;
  const AeBroadcast *p = run->plan;
  size_t inner = (size_t) p->dim[p->rank - 1];
  size_t from = begin % inner;
  Cursor c;
  seek_row (p, begin / inner, &c);
  while (begin < end) {
    size_t n = inner - from < end - begin ? inner - from : end - begin;
    size_t at[AE_BROADCAST_MAX] = { 0 };
    for (int k = 0; k < p->n; k++)
      at[k] = c.at[k] + from * (size_t) p->step[k];
    run->fn (run->arg, begin, at, n);
    begin += n;
    from = 0;
    next_row (p, &c);
  }
}

void
ae_broadcast_run (
    const AeOpCall *call, const AeBroadcast *plan, AeRow fn, void *arg)
{
  RowRun run = { plan, fn, arg };
  ae_for_range (call, plan->count, GRAIN, run_rows, &run);
}

double
ae_sum_f32 (const float *x, size_t n)
{
  enum { LANES = 16, BLOCK = 1024 };
  double total = 0;
  for (size_t from = 0; from < n; from += BLOCK) {
    size_t m = n - from < BLOCK ? n - from : BLOCK, i = 0;
    float lane[LANES] = { 0 };
    for (; i + LANES <= m; i += LANES)
      for (int l = 0; l < LANES; l++)
        lane[l] += x[from + i + (size_t) l];
    double sum = 0;
    for (; i < m; i++)
      sum += x[from + i];
    for (int l = 0; l < LANES; l++)
      sum += lane[l];
    total += sum;
  }
  return total;
}

double
ae_fold_neutral (AeFold fold)
{
  static const double neutral[] = { [AE_FOLD_SUM] = 0, [AE_FOLD_PROD] = 1,
    [AE_FOLD_MAX] = -INFINITY, [AE_FOLD_MIN] = INFINITY };
  return neutral[fold];
}

/* acc folded with n terms. */
static double
fold_terms (AeFold fold, double acc, const float *x, size_t n)
{
  if (fold == AE_FOLD_SUM)
    return acc + ae_sum_f32 (x, n);
  for (size_t i = 0; i < n; i++)
    acc = ae_fold_pair (fold, acc, x[i]);
  return acc;
}

typedef struct {
  const AeBroadcast *plan;
  int k;
  AeFold fold;
  AeRowGrad fn;
  void *arg;
  float *din;
  bool overwrite;
  /* axes without the last one: those of operand k, those summed over */
  int kept[AE_MAX_RANK], n_kept;
  int summed[AE_MAX_RANK], n_summed;
  size_t terms;  /* product of the summed outer axes */
  size_t chunks; /* pieces of the last axis when operand k walks it */
} Reduce;

static void
put (const Reduce *r, size_t at, double value)
{
  r->din[at] = (float) (r->overwrite ? value : r->din[at] + value);
}

/* Offsets (of operands, and of the output in *out) at `index` of a list of
 * axes. */
static void
axes_offset (const AeBroadcast *p, const int *axes, int n, size_t index,
    size_t *at, size_t *out)
{
  for (int j = n - 1; j >= 0; j--) {
    int axis = axes[j];
    size_t i = index % (size_t) p->dim[axis];
    index /= (size_t) p->dim[axis];
    for (int k = 0; k < p->n; k++)
      at[k] += i * (size_t) p->stride[k][axis];
    *out += i * (size_t) p->out_stride[axis];
  }
}

/* Terms of the piece [from, from+n) of the last axis for one kept and one
 * summed index. */
static void
piece (const Reduce *r, size_t kept, size_t summed, size_t from, size_t n,
    float *terms, size_t *own)
{
  const AeBroadcast *p = r->plan;
  size_t at[AE_BROADCAST_MAX] = { 0 }, out = from;
  axes_offset (p, r->kept, r->n_kept, kept, at, &out);
  axes_offset (p, r->summed, r->n_summed, summed, at, &out);
  for (int k = 0; k < p->n; k++)
    at[k] += from * (size_t) p->step[k];
  r->fn (r->arg, terms, out, at, n);
  *own = at[r->k];
}

/* The last axis is summed: one number per kept index. */
static void
reduce_rows (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Reduce *r = arg;
  size_t inner = (size_t) r->plan->dim[r->plan->rank - 1];
  for (size_t kept = begin; kept < end; kept++) {
    float terms[CHUNK];
    double acc = ae_fold_neutral (r->fold);
    size_t own = 0;
    for (size_t s = 0; s < r->terms; s++)
      for (size_t from = 0; from < inner; from += CHUNK) {
        size_t n = inner - from < CHUNK ? inner - from : CHUNK;
        piece (r, kept, s, from, n, terms, &own);
        acc = fold_terms (r->fold, acc, terms, n);
      }
    put (r, own, acc);
  }
}

/* The last axis is kept: CHUNK sums side by side. */
static void
reduce_columns (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Reduce *r = arg;
  size_t inner = (size_t) r->plan->dim[r->plan->rank - 1];
  for (size_t job = begin; job < end; job++) {
    size_t from = job % r->chunks * CHUNK, own = 0;
    size_t n = inner - from < CHUNK ? inner - from : CHUNK;
    float terms[CHUNK];
    double acc[CHUNK];
    for (size_t i = 0; i < n; i++)
      acc[i] = ae_fold_neutral (r->fold);
    for (size_t s = 0; s < r->terms; s++) {
      piece (r, job / r->chunks, s, from, n, terms, &own);
      for (size_t i = 0; i < n; i++)
        acc[i] = ae_fold_pair (r->fold, acc[i], terms[i]);
    }
    for (size_t i = 0; i < n; i++)
      put (r, own + i, acc[i]);
  }
}

/* Nothing is summed: terms are the gradient. */
static void
whole_row (void *arg, size_t out, const size_t *at, size_t n)
{
  const Reduce *r = arg;
  float *din = r->din + at[r->k];
  if (r->overwrite) {
    r->fn (r->arg, din, out, at, n);
    return;
  }
  for (size_t from = 0; from < n; from += CHUNK) {
    size_t m = n - from < CHUNK ? n - from : CHUNK;
    float terms[CHUNK];
    size_t moved[AE_BROADCAST_MAX] = { 0 };
    for (int k = 0; k < r->plan->n; k++)
      moved[k] = at[k] + from * (size_t) r->plan->step[k];
    r->fn (r->arg, terms, out + from, moved, m);
    for (size_t i = 0; i < m; i++)
      din[from + i] += terms[i];
  }
}

static bool
is_whole (const AeBroadcast *p, int k)
{
  size_t own = 1;
  for (int i = 0; i < p->rank; i++)
    if (p->stride[k][i] != 0 || p->dim[i] == 1)
      own *= (size_t) p->dim[i];
  return own == p->count;
}

void
ae_broadcast_reduce (const AeOpCall *call, const AeBroadcast *p, int k,
    AeRowGrad fn, void *arg, float *din, bool overwrite)
{
  ae_broadcast_fold (call, p, k, AE_FOLD_SUM, fn, arg, din, overwrite);
}

/* Every element of operand k when there are no terms. */
static void
fill_neutral (const AeBroadcast *p, int k, AeFold fold, float *dst)
{
  size_t own = 1;
  for (int i = 0; i < p->rank; i++)
    own *= p->stride[k][i] ? (size_t) p->dim[i] : 1;
  for (size_t i = 0; i < own; i++)
    dst[i] = (float) ae_fold_neutral (fold);
}

void
ae_broadcast_fold (const AeOpCall *call, const AeBroadcast *p, int k,
    AeFold fold, AeRowGrad fn, void *arg, float *dst, bool overwrite)
{
  Reduce r = { .plan = p, .k = k, .fold = fold, .fn = fn, .arg = arg,
    .din = dst, .overwrite = overwrite, .terms = 1, .chunks = 1 };
  if (p->count == 0) {
    if (overwrite)
      fill_neutral (p, k, fold, dst);
    return;
  }
  if (is_whole (p, k)) {
    ae_broadcast_run (call, p, whole_row, &r);
    return;
  }
  size_t jobs = 1;
  for (int i = 0; i + 1 < p->rank; i++) {
    if (p->stride[k][i]) {
      r.kept[r.n_kept++] = i;
      jobs *= (size_t) p->dim[i];
    } else {
      r.summed[r.n_summed++] = i;
      r.terms *= (size_t) p->dim[i];
    }
  }
  size_t inner = (size_t) p->dim[p->rank - 1];
  if (p->step[k]) {
    r.chunks = (inner + CHUNK - 1) / CHUNK;
    jobs *= r.chunks;
  }
  size_t each = r.terms * (p->step[k] ? CHUNK : inner);
  ae_for_range (call, jobs, GRAIN / (each ? each : 1) + 1,
      p->step[k] ? reduce_columns : reduce_rows, &r);
}
