/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/resize_pass.h"

#include "ops/loop.h"

#include <string.h>

/* Floats of `inner` that one job of the transpose adds up. */
#define CHUNK 1024

typedef struct {
  const AeResizePass *pass;
  float *to;
  const float *from;
  size_t chunks;
} Run;

/* to = sum over taps of weight times a line of n floats. */
static void
mix_lines (float *to, const float *from, const int32_t *index,
    const float *weight, int64_t taps, size_t n)
{
  const float *a = from + (size_t) index[0] * n;
  const float *b = from + (size_t) index[1] * n;
  float u = weight[0], v = weight[1];
  for (size_t i = 0; i < n; i++)
    to[i] = u * a[i] + v * b[i];
  for (int64_t t = 2; t + 1 < taps; t += 2) {
    a = from + (size_t) index[t] * n;
    b = from + (size_t) index[t + 1] * n;
    u = weight[t];
    v = weight[t + 1];
    for (size_t i = 0; i < n; i++)
      to[i] += u * a[i] + v * b[i];
  }
}

static void
line_range (void *arg, size_t begin, size_t end, int thread)
{
  const Run *r = arg;
  const AeResizeTaps *t = &r->pass->taps;
  size_t n = r->pass->inner, out = (size_t) t->out;
  size_t outer = begin / out, o = begin % out;
  for (size_t job = begin; job < end; job++) {
    size_t at = o * (size_t) t->taps;
    mix_lines (r->to + job * n, r->from + outer * (size_t) t->in * n,
        t->index + at, t->weight + at, t->taps, n);
    if (++o == out) {
      o = 0;
      outer++;
    }
  }
}

/* The axis is the innermost one. */
static void
sample_range (void *arg, size_t begin, size_t end, int thread)
{
  const Run *r = arg;
  const AeResizeTaps *t = &r->pass->taps;
  for (size_t outer = begin; outer < end; outer++) {
    const float *from = r->from + outer * (size_t) t->in;
    float *to = r->to + outer * (size_t) t->out;
    const int32_t *index = t->index;
    const float *weight = t->weight;
    for (int64_t o = 0; o < t->out; o++) {
      float sum = weight[0] * from[index[0]] + weight[1] * from[index[1]];
      for (int64_t k = 2; k < t->taps; k++)
        sum += weight[k] * from[index[k]];
      to[o] = sum;
      index += t->taps;
      weight += t->taps;
    }
  }
}

void
ae_resize_pass (const AeOpCall *call, const AeResizePass *pass, float *to,
    const float *from)
{
  Run r = { pass, to, from, 0 };
  const AeResizeTaps *t = &pass->taps;
  size_t work = (size_t) t->taps * pass->inner + 1;
  if (pass->inner == 0 || pass->outer == 0 || t->out == 0)
    return;
  if (pass->inner > 1)
    ae_for_range (call, pass->outer * (size_t) t->out, 32768 / work + 1,
        line_range, &r);
  else
    ae_for_range (call, pass->outer,
        32768 / (work * (size_t) t->out) + 1, sample_range, &r);
}

static void
back_range (void *arg, size_t begin, size_t end, int thread)
{
  const Run *r = arg;
  const AeResizeTaps *t = &r->pass->taps;
  size_t inner = r->pass->inner;
  for (size_t job = begin; job < end; job++) {
    size_t outer = job / r->chunks, first = job % r->chunks * CHUNK;
    size_t n = inner - first < CHUNK ? inner - first : CHUNK;
    float *to = r->to + outer * (size_t) t->in * inner + first;
    const float *from = r->from + outer * (size_t) t->out * inner + first;
    for (int64_t i = 0; i < t->in; i++)
      memset (to + (size_t) i * inner, 0, n * sizeof *to);
    for (int64_t o = 0; o < t->out; o++)
      for (int64_t k = 0; k < t->taps; k++) {
        float weight = t->weight[o * t->taps + k];
        float *line = to + (size_t) t->index[o * t->taps + k] * inner;
        for (size_t i = 0; i < n; i++)
          line[i] += weight * from[(size_t) o * inner + i];
      }
  }
}

void
ae_resize_pass_back (const AeOpCall *call, const AeResizePass *pass,
    float *to, const float *from)
{
  Run r = { pass, to, from, (pass->inner + CHUNK - 1) / CHUNK };
  size_t line = pass->inner < CHUNK ? pass->inner : CHUNK;
  size_t work = line * (size_t) (pass->taps.out * pass->taps.taps) + 1;
  ae_for_range (call, pass->outer * r.chunks, 32768 / work + 1, back_range,
      &r);
}
