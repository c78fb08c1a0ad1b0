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
mix_lines (float *restrict to, const float *restrict from,
    const int32_t *index, const float *weight, int64_t taps, size_t n)
{
  const float *restrict a = from + (size_t) index[0] * n;
  const float *restrict b = from + (size_t) index[1] * n;
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
sample_line (
    const AeResizeTaps *t, float *restrict to, const float *restrict from)
{
  const int32_t *restrict index = t->index;
  const float *restrict weight = t->weight;
  int64_t out = t->out, taps = t->taps;
  if (taps == 2) {
    for (int64_t o = 0; o < out; o++)
      to[o] = weight[2 * o] * from[index[2 * o]]
          + weight[2 * o + 1] * from[index[2 * o + 1]];
    return;
  }
  for (int64_t o = 0; o < out; o++) {
    float sum = 0;
    for (int64_t k = 0; k < taps; k++)
      sum += weight[k] * from[index[k]];
    to[o] = sum;
    index += taps;
    weight += taps;
  }
}

static void
sample_range (void *arg, size_t begin, size_t end, int thread)
{
  const Run *r = arg;
  const AeResizeTaps *t = &r->pass->taps;
  for (size_t outer = begin; outer < end; outer++)
    sample_line (t, r->to + outer * (size_t) t->out,
        r->from + outer * (size_t) t->in);
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

typedef struct {
  const AeResizePass *across, *down;
  size_t middle, row; /* axes between the two; floats of a line between */
  float *to, *rows;
  const float *from;
} Two;

static size_t
middle_axes (const AeResizePass *across, const AeResizePass *down)
{
  size_t above = down->outer * (size_t) down->taps.in;
  return above ? across->outer / above : 0;
}

size_t
ae_resize_row (const AeResizePass *across, const AeResizePass *down)
{
  size_t row = middle_axes (across, down) * (size_t) across->taps.in
      * across->inner;
  return (row + 15) / 16 * 16;
}

static inline void
mix_two (float *restrict to, const float *restrict a,
    const float *restrict b, float u, float v)
{
  for (int l = 0; l < AE_BLOCK; l++)
    to[l] = u * a[l] + v * b[l];
}

/* Pixels of one lane group, 16 at once where that is what they are. */
static void
mix_pixels (const AeResizePass *across, float *to, const float *from)
{
  const AeResizeTaps *t = &across->taps;
  size_t inner = across->inner;
  if (inner == 1) {
    sample_line (t, to, from);
    return;
  }
  for (int64_t o = 0; o < t->out; o++) {
    const int32_t *index = t->index + o * t->taps;
    const float *weight = t->weight + o * t->taps;
    float *pixel = to + (size_t) o * inner;
    if (t->taps == 2 && inner == AE_BLOCK)
      mix_two (pixel, from + (size_t) index[0] * AE_BLOCK,
          from + (size_t) index[1] * AE_BLOCK, weight[0], weight[1]);
    else
      mix_lines (pixel, from, index, weight, t->taps, inner);
  }
}

static void
two_range (void *arg, size_t begin, size_t end, int thread)
{
  const Two *r = arg;
  const AeResizeTaps *h = &r->down->taps, *w = &r->across->taps;
  size_t in = (size_t) w->in * r->across->inner;
  size_t out = (size_t) w->out * r->across->inner, row = r->middle * in;
  float *line = r->rows + (size_t) thread * r->row;
  for (size_t job = begin; job < end; job++) {
    size_t outer = job / (size_t) h->out, o = job % (size_t) h->out;
    size_t at = o * (size_t) h->taps;
    mix_lines (line, r->from + outer * (size_t) h->in * row, h->index + at,
        h->weight + at, h->taps, row);
    for (size_t m = 0; m < r->middle; m++)
      mix_pixels (
          r->across, r->to + (job * r->middle + m) * out, line + m * in);
  }
}

void
ae_resize_two (const AeOpCall *call, const AeResizePass *across,
    const AeResizePass *down, float *to, const float *from, float *rows)
{
  Two r = { across, down, middle_axes (across, down),
    ae_resize_row (across, down), to, rows, from };
  size_t out = r.middle * (size_t) across->taps.out * across->inner;
  if (out > 0)
    ae_for_range (call, down->outer * (size_t) down->taps.out,
        16384 / out + 1, two_range, &r);
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
