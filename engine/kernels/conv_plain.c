/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/conv_plain.h"

typedef struct {
  const AeConvPlain *c;
  const void *x, *w, *y, *bias;
  void *to;
  bool add;
  int channels;
  size_t pixels;
} Job;

/* Output positions first .. end-1 of one axis for which tap k reads inside. */
typedef struct {
  int first, end, shift; /* input position = output * stride + shift */
} Span;

static Span
span_of (const AeConvPlain *c, int axis, int k)
{
  int s = c->stride[axis];
  Span span = { .shift = k * c->dilation[axis] - c->pad[axis] };
  span.first = span.shift >= 0 ? 0 : (-span.shift + s - 1) / s;
  int last = c->in[axis] - 1 - span.shift;
  span.end = last < 0 ? 0 : last / s + 1;
  if (span.end > c->out[axis])
    span.end = c->out[axis];
  return span;
}

static size_t
volume (const int size[3])
{
  return (size_t) size[0] * size[1] * size[2];
}

#define T float
#define NAME(x) x##_f32
#include "kernels/conv_plain_type.h"
#undef T
#undef NAME
#define T double
#define NAME(x) x##_f64
#include "kernels/conv_plain_type.h"

static void
run (const AeConvPlain *c, size_t n_jobs, AeJob f32, AeJob f64, Job *job)
{
  job->c = c;
  ae_pool_run (c->pool, c->n_threads, n_jobs, c->f64 ? f64 : f32, job);
}

void
ae_conv_plain (const AeConvPlain *c, const void *x, const void *w,
    const void *bias, bool add, void *y)
{
  Job job = { .x = x, .w = w, .bias = bias, .to = y, .add = add };
  run (c, (size_t) c->n * c->oc, forward_f32, forward_f64, &job);
}

void
ae_conv_plain_transposed (const AeConvPlain *c, const void *y, const void *w,
    const void *bias, bool add, void *x)
{
  Job job = { .y = y, .w = w, .bias = bias, .to = x, .add = add };
  run (c, (size_t) c->n * c->ic, transposed_f32, transposed_f64, &job);
}

void
ae_conv_plain_weights (const AeConvPlain *c, const void *x, const void *dy,
    bool add, void *dw)
{
  Job job = { .x = x, .y = dy, .to = dw, .add = add };
  run (c, (size_t) c->oc * (c->ic / c->groups), weights_f32, weights_f64,
      &job);
}

void
ae_conv_plain_bias (const AeConvPlain *c, const void *dy, int channels,
    size_t pixels, bool add, void *db)
{
  Job job = { .y = dy, .to = db, .add = add, .channels = channels,
    .pixels = pixels };
  run (c, channels, bias_f32, bias_f64, &job);
}
