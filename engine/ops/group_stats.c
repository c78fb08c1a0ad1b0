/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/group_stats.h"

#include "ops/broadcast.h"
#include "ops/check.h"
#include "ops/loop.h"

#include <math.h>

/* Parameters whose gradients are summed side by side. */
#define CHUNK 64

typedef struct {
  const AeOpCall *call;
  const AeGroupNorm *g;
  float *mean, *inverse; /* of every group, backward only */
} Run;

static size_t
per_group (const AeGroupNorm *g)
{
  return g->span ? g->length / g->span : 0;
}

static size_t
grain (const AeGroupNorm *g)
{
  return 8192 / (g->length ? g->length : 1) + 1;
}

/* Sum of (x - mean)^2, 16 lanes wide. */
static double
squares_f32 (const float *x, size_t n, float mean)
{
  double total = 0;
  for (size_t from = 0; from < n; from += 256) {
    float square[256];
    size_t m = n - from < 256 ? n - from : 256;
    for (size_t i = 0; i < m; i++)
      square[i] = (x[from + i] - mean) * (x[from + i] - mean);
    total += ae_sum_f32 (square, m);
  }
  return total;
}

static void
stats (const Run *run, size_t group, double *mean, double *inverse)
{
  const AeTensor *x = run->call->in[0];
  size_t n = run->g->length, at = group * n;
  double sum = 0, squares = 0;
  if (x->type == AE_F32) {
    const float *p = (const float *) x->data + at;
    *mean = ae_sum_f32 (p, n) / (double) n;
    squares = squares_f32 (p, n, (float) *mean);
  } else {
    for (size_t i = 0; i < n; i++)
      sum += ae_tensor_get (x, at + i);
    *mean = sum / (double) n;
    for (size_t i = 0; i < n; i++) {
      double d = ae_tensor_get (x, at + i) - *mean;
      squares += d * d;
    }
  }
  *inverse = 1 / sqrt (squares / (double) n + run->g->epsilon);
}

static void
forward_f32 (const Run *run, size_t group, float mean, float inverse)
{
  const AeGroupNorm *g = run->g;
  size_t at = group * g->length, each = per_group (g);
  size_t first = group % g->period * each;
  const float *x = (const float *) run->call->in[0]->data + at;
  const float *scale = (const float *) run->call->in[1]->data + first;
  const AeTensor *bias = ae_input (run->call, 2);
  const float *shift = bias ? (const float *) bias->data + first : NULL;
  float *y = (float *) run->call->out[0]->data + at;
  if (g->span == 1) {
    for (size_t i = 0; i < g->length; i++)
      y[i] = (x[i] - mean) * inverse * scale[i] + (shift ? shift[i] : 0);
    return;
  }
  for (size_t p = 0; p < each; p++) {
    float a = inverse * scale[p], b = shift ? shift[p] : 0;
    for (size_t i = p * g->span; i < (p + 1) * g->span; i++)
      y[i] = (x[i] - mean) * a + b;
  }
}

static void
forward_any (const Run *run, size_t group, double mean, double inverse)
{
  const AeGroupNorm *g = run->g;
  const AeTensor *bias = ae_input (run->call, 2);
  size_t first = group % g->period * per_group (g);
  for (size_t i = 0; i < g->length; i++) {
    size_t at = group * g->length + i, p = first + i / g->span;
    double v = (ae_tensor_get (run->call->in[0], at) - mean) * inverse
        * ae_tensor_get (run->call->in[1], p);
    ae_tensor_set (
        run->call->out[0], at, v + (bias ? ae_tensor_get (bias, p) : 0));
  }
}

static void
forward_groups (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const AeOpCall *call = run->call;
  bool fast = call->in[0]->type == AE_F32 && call->in[1]->type == AE_F32;
  for (size_t group = begin; group < end; group++) {
    double mean, inverse;
    stats (run, group, &mean, &inverse);
    if (ae_output (call, 1))
      ae_tensor_set (call->out[1], group, mean);
    if (ae_output (call, 2))
      ae_tensor_set (call->out[2], group, inverse);
    if (fast)
      forward_f32 (run, group, (float) mean, (float) inverse);
    else
      forward_any (run, group, mean, inverse);
  }
}

void
ae_group_norm_forward (const AeOpCall *call, const AeGroupNorm *g)
{
  Run run = { .call = call, .g = g };
  if (g->length)
    ae_for_range (call, g->groups, grain (g), forward_groups, &run);
}

size_t
ae_group_norm_work (const AeGroupNorm *g)
{
  return 2 * g->groups * sizeof (float);
}

/* Statistics for all; with d = dy * scale and means over the group:
 * dx = (d - mean (d) - x^ mean (d x^)) / deviation. */
static void
backward_groups (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  const AeOpCall *call = run->call;
  const AeGroupNorm *g = run->g;
  const float *scale = call->in[1]->data;
  for (size_t group = begin; group < end; group++) {
    double mean, inverse, sum = 0, dot = 0;
    stats (run, group, &mean, &inverse);
    float m = run->mean[group] = (float) mean;
    float v = run->inverse[group] = (float) inverse;
    if (!call->din[0])
      continue;
    size_t at = group * g->length, first = group % g->period * per_group (g);
    const float *x = (const float *) call->in[0]->data + at;
    const float *dy = (const float *) call->dout[0]->data + at;
    float *dx = (float *) call->din[0]->data + at;
    for (size_t i = 0; i < g->length; i++) {
      float d = dy[i] * scale[first + i / g->span];
      sum += d;
      dot += d * (x[i] - m) * v;
    }
    float mean_d = (float) (sum / (double) g->length);
    float mean_dot = (float) (dot / (double) g->length);
    for (size_t i = 0; i < g->length; i++) {
      float d = dy[i] * scale[first + i / g->span];
      float r = v * (d - mean_d - (x[i] - m) * v * mean_dot);
      dx[i] = call->overwrite[0] ? r : dx[i] + r;
    }
  }
}

/* Sums of dy x^ and dy for the parameters from .. from+n-1 of one residue of
 * the period. */
static void
parameter_sums (const Run *run, size_t residue, size_t from, size_t n,
    double *dscale, double *dbias)
{
  const AeGroupNorm *g = run->g;
  for (size_t group = residue; group < g->groups; group += g->period) {
    size_t at = group * g->length + from * g->span;
    const float *x = (const float *) run->call->in[0]->data + at;
    const float *dy = (const float *) run->call->dout[0]->data + at;
    float mean = run->mean[group], inverse = run->inverse[group];
    for (size_t p = 0; p < n; p++)
      for (size_t i = p * g->span; i < (p + 1) * g->span; i++) {
        dbias[p] += dy[i];
        dscale[p] += dy[i] * (x[i] - mean) * inverse;
      }
  }
}

static void
add_to (const AeOpCall *call, int input, size_t at, double value)
{
  AeTensor *din = ae_din (call, input);
  if (!din)
    return;
  float *d = din->data;
  d[at] = (float) (call->overwrite[input] ? value : d[at] + value);
}

static void
backward_parameters (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *run = arg;
  size_t each = per_group (run->g), chunks = (each + CHUNK - 1) / CHUNK;
  for (size_t job = begin; job < end; job++) {
    size_t residue = job / chunks, from = job % chunks * CHUNK;
    size_t n = each - from < CHUNK ? each - from : CHUNK;
    double dscale[CHUNK] = { 0 }, dbias[CHUNK] = { 0 };
    parameter_sums (run, residue, from, n, dscale, dbias);
    for (size_t p = 0; p < n; p++) {
      add_to (run->call, 1, residue * each + from + p, dscale[p]);
      add_to (run->call, 2, residue * each + from + p, dbias[p]);
    }
  }
}

void
ae_group_norm_backward (const AeOpCall *call, const AeGroupNorm *g)
{
  Run run = { .call = call, .g = g, .mean = call->work };
  run.inverse = run.mean + g->groups;
  size_t chunks = (per_group (g) + CHUNK - 1) / CHUNK;
  ae_for_range (call, g->groups, grain (g), backward_groups, &run);
  if (ae_din (call, 1) || ae_din (call, 2))
    ae_for_range (call, g->period * chunks, 1, backward_parameters, &run);
}
