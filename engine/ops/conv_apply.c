/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions on tensors of any layout: chooses a form, converts what that
 * form does not read or write, and lays out its scratch. */
#include "ops/conv_form.h"

#include "ops/conv_epilogue.h"

#include "ops/rows.h"
#include "util/mem.h"

#include <string.h>

/* Channels up to which a plain source is read as it is. */
#define FEW_CHANNELS 4

/* Hands out parts of the scratch; counts only while base is NULL. */
typedef struct {
  char *base;
  size_t used;
} Scratch;

static float *
take (Scratch *s, size_t bytes)
{
  float *at = s->base ? (float *) (s->base + s->used) : NULL;
  s->used += ae_align_size (bytes);
  return at;
}

typedef struct {
  int n, c, h, w;
} Dims;

/* One-dimensional tensors are images of one row. */
static Dims
dims_of (const AeTensor *t)
{
  const int64_t *d = t->shape.dim;
  if (t->shape.rank == 3)
    return (Dims){ (int) d[0], (int) d[1], 1, (int) d[2] };
  return (Dims){ (int) d[0], (int) d[1], (int) d[2], (int) d[3] };
}

static size_t
blocked_bytes (const AeTensor *t)
{
  Dims d = dims_of (t);
  return (size_t) d.n * d.h * d.w * ae_blocks (d.c) * AE_BLOCK
      * sizeof (float);
}

static const AeKernels *
kernels_of (const AeOpCall *call)
{
  return ae_kernels_for (call->bf16);
}

static AeConvRun
make_run (const AeOpCall *call)
{
  return (AeConvRun){ .kernels = kernels_of (call),
    .pool = call->pool,
    .n_threads = call->n_threads };
}

/* The tensor's data in the blocked layout, converted into scratch if it is
 * plain; NULL while only counting. Pixels are read as they are. */
static const float *
as_blocked (Scratch *s, const AeConvRun *run, const AeTensor *t)
{
  if (t->layout != AE_LAYOUT_PLAIN)
    return t->data;
  float *to = take (s, blocked_bytes (t));
  Dims d = dims_of (t);
  if (s->base)
    ae_to_blocked (run, t->data, d.n, d.c, d.h, d.w, false, to);
  return to;
}

/* The same in the plain layout. */
static const float *
as_plain (Scratch *s, const AeConvRun *run, const AeTensor *t)
{
  if (t->layout == AE_LAYOUT_PLAIN)
    return t->data;
  float *to = take (s, ae_shape_count (&t->shape) * sizeof (float));
  Dims d = dims_of (t);
  if (s->base)
    ae_to_plain (run, t->data, d.n, d.c, d.h, d.w, false, to);
  return to;
}

/* A plan that reads a plain source of `channels` as it is; false when there is
 * none that pays. */
static bool
plan_plain_src (AeConvPlan *plan, const AeConvForm *form, AeConvKind kind,
    int64_t channels, const AeKernels *kernels)
{
  if (channels > AE_BLOCK
      || !ae_conv_plan (plan, &form->geo, kind, true, kernels))
    return false;
  return channels <= FEW_CHANNELS || plan->method != AE_CONV_TAPS;
}

static bool
reads_plain (AeConvPlan *plan, const AeConvForm *form, AeConvKind kind,
    const AeTensor *src, const AeKernels *kernels)
{
  return src->layout == AE_LAYOUT_PLAIN
      && plan_plain_src (plan, form, kind, src->shape.dim[1], kernels);
}

/* Chooses a form by the layouts of source and destination. */
static void
make_plan (AeConvPlan *plan, const AeConvForm *form, AeConvKind kind,
    const AeTensor *src, const AeTensor *dst, bool add,
    const AeKernels *kernels)
{
  if (!reads_plain (plan, form, kind, src, kernels)
      && (add || dst->layout != AE_LAYOUT_PLAIN
          || !ae_conv_plan_plain_dst (plan, &form->geo, kind, kernels)))
    ae_conv_plan (plan, &form->geo, kind, false, kernels);
  plan->pixels_src = src->layout == AE_LAYOUT_PIXELS;
  plan->pixels_dst = dst->layout == AE_LAYOUT_PIXELS;
}

static size_t
apply_fast (const AeOpCall *call, const AeConvForm *form,
    const AeConvApply *apply, void *work)
{
  Scratch s = { .base = work };
  AeConvRun run = make_run (call);
  AeConvPlan plan;
  if (apply->packed)
    plan = apply->packed->plan;
  else
    make_plan (&plan, form, apply->kind, apply->src, apply->dst, apply->add,
        run.kernels);
  float *own = apply->packed ? NULL : take (&s, plan.packed * sizeof (float));
  run.work = take (&s, ae_conv_work_size (&plan, run.n_threads));
  const float *packed = apply->packed ? apply->packed->floats : own;
  const float *src
      = plan.plain_src ? apply->src->data : as_blocked (&s, &run, apply->src);
  const float *residual = NULL;
  if (apply->residual) /* it has no data while sizes are counted */
    residual = plan.plain_dst ? apply->residual->data
                              : as_blocked (&s, &run, apply->residual);
  AeTensor *dst = apply->dst;
  bool to_plain = dst->layout == AE_LAYOUT_PLAIN && !plan.plain_dst;
  float *to = to_plain ? take (&s, blocked_bytes (dst)) : dst->data;
  if (!work)
    return s.used;
  if (own)
    ae_conv_pack (&plan, &run, apply->weights->data,
        apply->bias ? apply->bias->data : NULL, own);
  if (apply->add && !to_plain)
    residual = to;
  ae_conv_run (&plan, &run, src, packed, residual, apply->clamp, to);
  Dims d = dims_of (dst);
  if (to_plain)
    ae_to_plain (&run, to, d.n, d.c, d.h, d.w, apply->add, dst->data);
  return s.used;
}

static void
add_and_clamp (const AeConvApply *apply)
{
  const AeKernels *kernels = ae_kernels ();
  size_t n = ae_shape_count (&apply->dst->shape);
  if (apply->residual)
    kernels->add (apply->residual->data, n, apply->dst->data);
  if (apply->clamp)
    kernels->clamp (apply->dst->data, n, apply->clamp);
}

size_t
ae_conv_apply (const AeOpCall *call, const AeConvForm *form,
    const AeConvApply *apply, void *work)
{
  if (form->fast)
    return apply_fast (call, form, apply, work);
  if (!work)
    return 64;
  const void *bias = apply->bias ? apply->bias->data : NULL;
  if (apply->kind == AE_CONV_FORWARD)
    ae_conv_plain (&form->plain, apply->src->data, apply->weights->data, bias,
        apply->add, apply->dst->data);
  else
    ae_conv_plain_transposed (&form->plain, apply->src->data,
        apply->weights->data, bias, apply->add, apply->dst->data);
  add_and_clamp (apply);
  return 64;
}

size_t
ae_conv_apply_weights (const AeOpCall *call, const AeConvForm *form,
    const AeTensor *in, const AeTensor *dout, bool add, AeTensor *dw,
    void *work)
{
  Scratch s = { .base = work };
  AeConvRun run = make_run (call);
  if (!form->fast_weights) {
    const float *x = as_plain (&s, &run, in);
    const float *dy = as_plain (&s, &run, dout);
    if (work)
      ae_conv_plain_weights (&form->plain, x, dy, add, dw->data);
    return s.used + 64;
  }
  AeConvPlan plan;
  bool plain = reads_plain (
      &plan, form, AE_CONV_WEIGHTS, in, run.kernels);
  if (!plain)
    ae_conv_plan (&plan, &form->geo, AE_CONV_WEIGHTS, false, run.kernels);
  run.work = take (&s, ae_conv_work_size (&plan, run.n_threads));
  const float *x = plain ? in->data : as_blocked (&s, &run, in);
  const float *dy = as_blocked (&s, &run, dout);
  if (work)
    ae_conv_run_weights (&plan, &run, x, dy, add, dw->data);
  return s.used;
}

size_t
ae_conv_apply_bias (const AeOpCall *call, const AeConvForm *form,
    const AeTensor *dy, bool add, AeTensor *db, void *work)
{
  int channels = (int) dy->shape.dim[1];
  size_t images = (size_t) dy->shape.dim[0] * channels;
  if (dy->layout == AE_LAYOUT_PLAIN) {
    if (work)
      ae_conv_plain_bias (&form->plain, dy->data, channels,
          images ? ae_shape_count (&dy->shape) / images : 0, add, db->data);
    return 64;
  }
  Dims d = dims_of (dy);
  AeConvRun run = make_run (call);
  run.work = work;
  if (work)
    ae_bias_grad (&run, dy->data, d.n, d.c, d.h, d.w, add, db->data);
  return ae_bias_grad_work (d.n, d.c, d.h);
}

AeStatus
ae_conv_prepare (const AeOpCall *call, const AeConvForm *form, AeConvKind kind,
    void **state, AeError *err)
{
  const AeTensor *bias = call->n_in > 2 ? call->in[2] : NULL;
  *state = NULL;
  if (!form->fast || call->training || !call->in[1]->data
      || (bias && !bias->data))
    return AE_OK;
  AeConvRun run = make_run (call);
  AeConvPlan plan;
  make_plan (
      &plan, form, kind, call->in[0], call->out[0], false, run.kernels);
  size_t head = ae_align_size (sizeof (AeConvPacked));
  AeConvPacked *packed = ae_alloc (head + plan.packed * sizeof (float));
  if (!packed)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu packed weights",
        plan.packed);
  packed->plan = plan;
  packed->floats = (float *) ((char *) packed + head);
  ae_conv_pack (&plan, &run, call->in[1]->data, bias ? bias->data : NULL,
      packed->floats);
  *state = packed;
  return AE_OK;
}

bool
ae_conv_rows (const AeOpCall *call, AeRows *out, AeRows *in)
{
  const AeConvPacked *packed = call->state;
  const AeTensor *src = call->in[0], *dst = call->out[0];
  const AeTensor *residual = call->n_in > 3 ? call->in[3] : NULL;
  if (!packed || dst->shape.rank != 4
      || ae_activation_of (call).act > AE_ACT_CLIP
      || (src->layout == AE_LAYOUT_PLAIN) != packed->plan.plain_src
      || (dst->layout == AE_LAYOUT_PLAIN) != packed->plan.plain_dst
      || (residual && residual->layout != dst->layout))
    return false;
  for (int i = 1; i < call->n_in; i++)
    in[i] = ae_rows_whole ();
  ae_conv_reach (&packed->plan, out, &in[0]);
  if (residual)
    in[3] = *out;
  return true;
}

void
ae_conv_forward_rows (const AeOpCall *call, const AeRowCall *r)
{
  AeActivation a = ae_activation_of (call);
  AeClamp clamp;
  const AeConvPacked *packed = call->state;
  AeConvRun run = { .kernels = kernels_of (call), .n_threads = 1,
    .work = r->work };
  AeConvEnds ends = { .src = r->in[0],
    .dst = r->out[0],
    .packed = packed->floats,
    .clamp = ae_activation_clamp (&a, &clamp) ? &clamp : NULL };
  if (call->n_in > 3 && call->in[3])
    ends.residual = r->in[3];
  ae_conv_run_rows (&packed->plan, &run, &ends, r->rows);
}

size_t
ae_conv_rows_work (const AeOpCall *call)
{
  const AeConvPacked *packed = call->state;
  return ae_conv_rows_floats (&packed->plan) * sizeof (float);
}

bool
ae_conv_layout (const AeOpCall *call, const AeConvForm *form,
    AeConvKind kind, bool *x, bool *either, bool *y)
{
  const AeConvGeo *g = &form->geo;
  bool forward = kind == AE_CONV_FORWARD;
  if (!form->fast || form->rank != 2)
    return false;
  int from = forward ? g->ic : g->oc, to = forward ? g->oc : g->ic;
  AeConvPlan plan;
  *x = from > FEW_CHANNELS;
  *either
      = *x && plan_plain_src (&plan, form, kind, from, kernels_of (call));
  *y = to > FEW_CHANNELS && (to > AE_MAX_DOTS || from % AE_BLOCK != 0);
  return *x || *y;
}

void
ae_conv_pixels (const AeOpCall *call, const AeConvForm *form, AeConvKind kind,
    AeOpPixels *can)
{
  const AeTensor *src = call->in[0], *dst = call->out[0];
  if (!form->fast || form->rank != 2)
    return;
  AeConvPlan plan;
  make_plan (&plan, form, kind, src, dst, false, kernels_of (call));
  if (plan.method != AE_CONV_MATRIX)
    return;
  can->in = 1 | 1 << 3;
  can->tied = 1 << 3;
  can->out = ae_activation_of (call).act <= AE_ACT_CLIP;
}
