/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/conv.h"

#include "util/mem.h"

#include <string.h>

static const struct {
  void (*pack) (const AeConvPlan *plan, const AeConvRun *run,
      const float *weights, float *packed);
  void (*run) (const AeConvPlan *plan, const AeConvRun *run,
      const AeConvEnds *ends);
  void (*reach) (const AeConvPlan *plan, AeRows *dst, AeRows *src);
  void (*run_rows) (const AeConvPlan *plan, const AeConvRun *run,
      const AeConvEnds *ends, AeRows rows);
  void (*weights) (const AeConvPlan *plan, const AeConvRun *run,
      const AeConvEnds *ends, bool add, float *dw);
} methods[] = {
  [AE_CONV_TAPS] = { ae_taps_pack, ae_taps_run, ae_taps_reach,
      ae_taps_run_rows, ae_taps_weights },
  [AE_CONV_WINOGRAD] = { ae_winograd_pack, ae_winograd_run,
      ae_winograd_reach, ae_winograd_run_rows, ae_winograd_weights },
  [AE_CONV_MATRIX] = { ae_matrix_pack, ae_matrix_run, ae_matrix_reach,
      ae_matrix_run_rows, ae_matrix_weights },
};

static void
set_ends (AeConvPlan *p)
{
  const AeConvGeo *g = &p->geo;
  bool back = p->kind == AE_CONV_TRANSPOSED;
  p->src_c = back ? g->oc : g->ic;
  p->src_h = back ? g->oh : g->ih;
  p->src_w = back ? g->ow : g->iw;
  p->dst_c = back ? g->ic : g->oc;
  p->dst_h = back ? g->ih : g->oh;
  p->dst_w = back ? g->iw : g->ow;
  p->src_blocks = ae_blocks (p->src_c);
  p->dst_blocks = ae_blocks (p->dst_c);
}

/* Whole blocks of channels, so that none has values that mean nothing: weights
 * between groups are zeros. */
static bool
plan_groups (AeConvPlan *plan, const AeKernels *kernels)
{
  plan->method = AE_CONV_TAPS;
  return plan->kind != AE_CONV_WEIGHTS && !plan->plain_src
         && plan->src_c % AE_BLOCK == 0 && ae_taps_plan (plan, kernels);
}

bool
ae_conv_plan (AeConvPlan *plan, const AeConvGeo *geo, AeConvKind kind,
    bool plain_src, const AeKernels *kernels)
{
  *plan = (AeConvPlan){ .geo = *geo, .kind = kind, .plain_src = plain_src };
  set_ends (plan);
  if (geo->kh > AE_MAX_TAPS || geo->kw > AE_MAX_TAPS)
    return false;
  if (geo->groups > 1)
    return plan_groups (plan, kernels);
  plan->method = AE_CONV_MATRIX;
  if (ae_matrix_plan (plan, kernels))
    return true;
  plan->method = AE_CONV_WINOGRAD;
  if (ae_winograd_plan (plan, kernels))
    return true;
  plan->method = AE_CONV_TAPS;
  return ae_taps_plan (plan, kernels);
}

bool
ae_conv_plan_plain_dst (AeConvPlan *plan, const AeConvGeo *geo,
    AeConvKind kind, const AeKernels *kernels)
{
  *plan = (AeConvPlan){ .geo = *geo, .kind = kind, .plain_dst = true };
  set_ends (plan);
  if (kind == AE_CONV_WEIGHTS || geo->groups > 1 || geo->kh > AE_MAX_TAPS
      || geo->kw > AE_MAX_TAPS || plan->src_c % AE_BLOCK != 0
      || plan->dst_c > AE_MAX_DOTS)
    return false;
  plan->method = AE_CONV_MATRIX;
  if (ae_matrix_plan (plan, kernels))
    return true;
  plan->method = AE_CONV_TAPS;
  return ae_taps_plan (plan, kernels);
}

size_t
ae_conv_work_size (const AeConvPlan *plan, int n_threads)
{
  size_t floats = plan->work * n_threads + plan->partial * plan->n_partial;
  return floats * sizeof (float);
}

void
ae_conv_pack (const AeConvPlan *plan, const AeConvRun *run,
    const float *weights, const float *bias, float *packed)
{
  size_t lanes = (size_t) plan->dst_blocks * AE_BLOCK;
  memset (packed, 0, lanes * sizeof (float));
  if (bias)
    memcpy (packed, bias, plan->dst_c * sizeof (float));
  methods[plan->method].pack (plan, run, weights, packed + lanes);
}

AeConvArea
ae_conv_area (const AeConvPlan *p, int h, int w, size_t index)
{
  AeConvArea a;
  a.x = index % p->n_job_cols * p->job_cols;
  index /= p->n_job_cols;
  a.y = index % p->n_job_rows * p->job_rows;
  a.image = index / p->n_job_rows;
  a.rows = h - a.y < p->job_rows ? h - a.y : p->job_rows;
  a.cols = w - a.x < p->job_cols ? w - a.x : p->job_cols;
  return a;
}

/* All rows of images of w columns. */
static AeRowBuffer
whole (const float *data, int h, int w)
{
  return (AeRowBuffer){ (float *) data, h, (size_t) h * w };
}

void
ae_conv_run (const AeConvPlan *plan, const AeConvRun *run, const float *src,
    const float *packed, const float *residual, const AeClamp *clamp,
    float *dst)
{
  AeConvEnds ends = { .src = whole (src, plan->src_h, plan->src_w),
    .dst = whole (dst, plan->dst_h, plan->dst_w),
    .residual = whole (residual, plan->dst_h, plan->dst_w),
    .packed = packed,
    .clamp = clamp };
  methods[plan->method].run (plan, run, &ends);
}

static AeRows
inside (AeRows rows, int h)
{
  int begin = rows.begin < 0 ? 0 : rows.begin < h ? rows.begin : h;
  int end = rows.end < h ? rows.end : h;
  return (AeRows){ begin, end < begin ? begin : end };
}

void
ae_conv_reach (const AeConvPlan *plan, AeRows *dst, AeRows *src)
{
  methods[plan->method].reach (plan, dst, src);
  *dst = inside (*dst, plan->dst_h);
  *src = inside (*src, plan->src_h);
}

void
ae_conv_run_rows (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, AeRows rows)
{
  methods[plan->method].run_rows (plan, run, ends, rows);
}

void
ae_conv_run_weights (const AeConvPlan *plan, const AeConvRun *run,
    const float *in, const float *dout, bool add, float *dw)
{
  AeConvEnds ends = { .src = whole (in, plan->src_h, plan->src_w),
    .dst = whole (dout, plan->dst_h, plan->dst_w) };
  methods[plan->method].weights (plan, run, &ends, add, dw);
}

/* Sums of bias gradients go through one partial result per SUM_ROWS rows, so
 * that they do not depend on the number of threads. */
#define SUM_ROWS 16

typedef struct {
  const AeConvRun *run;
  const float *x;
  int blocks, h, w, chunks;
} SumJob;

static void
sum_job (void *arg, size_t index, int thread)
{
  const SumJob *s = arg;
  (void) thread;
  int image = index / s->chunks, y = index % s->chunks * SUM_ROWS;
  int end = y + SUM_ROWS < s->h ? y + SUM_ROWS : s->h;
  float *sum = s->run->work + index * s->blocks * AE_BLOCK;
  memset (sum, 0, s->blocks * AE_BLOCK * sizeof (float));
  size_t row = (size_t) s->w * AE_BLOCK;
  for (; y < end; y++)
    for (int b = 0; b < s->blocks; b++)
      s->run->kernels->sum_pixels (
          s->x + (((size_t) image * s->h + y) * s->blocks + b) * row, s->w,
          sum + b * AE_BLOCK);
}

size_t
ae_bias_grad_work (int n, int channels, int h)
{
  size_t chunks = (h + SUM_ROWS - 1) / SUM_ROWS;
  return n * chunks * ae_blocks (channels) * AE_BLOCK * sizeof (float);
}

void
ae_bias_grad (const AeConvRun *run, const float *dout, int n, int channels,
    int h, int w, bool add, float *db)
{
  SumJob s = { run, dout, ae_blocks (channels), h, w,
    (h + SUM_ROWS - 1) / SUM_ROWS };
  size_t n_jobs = (size_t) n * s.chunks;
  ae_pool_run (run->pool, run->n_threads, n_jobs, sum_job, &s);
  for (int c = 0; c < channels; c++) {
    double sum = add ? db[c] : 0;
    for (size_t i = 0; i < n_jobs; i++)
      sum += run->work[i * s.blocks * AE_BLOCK + c];
    db[c] = (float) sum;
  }
}

typedef struct {
  const AeKernels *kernels;
  const float *from;
  float *to;
  int c, h, w;
  bool add;
} LayoutJob;

static void
to_blocked_row (void *arg, size_t index, int thread)
{
  const LayoutJob *j = arg;
  (void) thread;
  size_t image = index / j->h, y = index % j->h, plane = (size_t) j->h * j->w;
  for (int c = 0; c < j->c; c += AE_BLOCK)
    j->kernels->row_to_blocked (
        j->from + (image * j->c + c) * plane + y * j->w, plane,
        j->c - c < AE_BLOCK ? j->c - c : AE_BLOCK, j->w,
        j->to + (index * ae_blocks (j->c) + c / AE_BLOCK) * j->w * AE_BLOCK,
        j->add);
}

static void
to_plain_row (void *arg, size_t index, int thread)
{
  const LayoutJob *j = arg;
  (void) thread;
  size_t image = index / j->h, y = index % j->h, plane = (size_t) j->h * j->w;
  for (int c = 0; c < j->c; c += AE_BLOCK)
    j->kernels->row_to_plain (
        j->from + (index * ae_blocks (j->c) + c / AE_BLOCK) * j->w * AE_BLOCK,
        j->c - c < AE_BLOCK ? j->c - c : AE_BLOCK, j->w,
        j->to + (image * j->c + c) * plane + y * j->w, plane, j->add);
}

void
ae_to_blocked (const AeConvRun *run, const float *plain, int n, int c, int h,
    int w, bool add, float *blocked)
{
  LayoutJob job = { run->kernels, plain, blocked, c, h, w, add };
  ae_pool_run (
      run->pool, run->n_threads, (size_t) n * h, to_blocked_row, &job);
}

void
ae_to_plain (const AeConvRun *run, const float *blocked, int n, int c, int h,
    int w, bool add, float *plain)
{
  LayoutJob job = { run->kernels, blocked, plain, c, h, w, add };
  ae_pool_run (run->pool, run->n_threads, (size_t) n * h, to_plain_row, &job);
}
