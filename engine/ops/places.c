/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/places.h"

#include "ops/loop.h"

#include <string.h>

typedef struct {
  const AeOpCall *call;
  const AePlaces *places;
} Gather;

static void
gather_range (void *arg, size_t begin, size_t end, int thread)
{
  const Gather *g = arg;
  const AePlaces *p = g->places;
  size_t size = ae_type_size (g->call->in[0]->type), bytes = p->slice * size;
  const char *from = g->call->in[0]->data;
  char *to = g->call->out[0]->data;
  for (size_t i = begin; i < end; i++)
    memcpy (to + i * bytes, from + p->place (p->walk, i) * size, bytes);
}

void
ae_gather (const AeOpCall *call, const AePlaces *p)
{
  Gather g = { call, p };
  if (p->slice > 0)
    ae_for_range (call, p->n, 4096 / p->slice + 1, gather_range, &g);
}

void
ae_gather_grad (const AeOpCall *call, const AePlaces *p)
{
  AeTensor *dx = call->din[0];
  if (!dx)
    return;
  const float *dy = call->dout[0]->data;
  if (call->overwrite[0])
    memset (dx->data, 0, ae_tensor_bytes (dx));
  for (size_t i = 0; i < p->n; i++) {
    float *to = (float *) dx->data + p->place (p->walk, i);
    for (size_t k = 0; k < p->slice; k++)
      to[k] += dy[i * p->slice + k];
  }
}

AeStatus
ae_reduction_read (
    const AeOpCall *call, AeReduction *reduction, AeError *err)
{
  static const char *const names[] = { "none", "add", "mul", "max", "min" };
  const char *name = ae_attrs_string (call->attrs, "reduction", "none");
  for (int i = 0; i < 5; i++)
    if (strcmp (name, names[i]) == 0) {
      *reduction = (AeReduction) i;
      return AE_OK;
    }
  return ae_fail (err, AE_ERROR_ARGUMENT,
      "reduction is \"%s\", wanted none, add, mul, max or min", name);
}

static double
join (AeReduction reduction, double a, double b)
{
  switch (reduction) {
    case AE_REDUCE_ADD:
      return a + b;
    case AE_REDUCE_MUL:
      return a * b;
    case AE_REDUCE_MAX:
      return a > b ? a : b;
    case AE_REDUCE_MIN:
      return a < b ? a : b;
    case AE_REDUCE_NONE:
      break;
  }
  return b;
}

/* 64-bit integers do not fit a double; sums and products wrap around. */
static int64_t
join_integers (AeReduction reduction, int64_t a, int64_t b)
{
  switch (reduction) {
    case AE_REDUCE_ADD:
      return (int64_t) ((uint64_t) a + (uint64_t) b);
    case AE_REDUCE_MUL:
      return (int64_t) ((uint64_t) a * (uint64_t) b);
    case AE_REDUCE_MAX:
      return a > b ? a : b;
    case AE_REDUCE_MIN:
      return a < b ? a : b;
    case AE_REDUCE_NONE:
      break;
  }
  return b;
}

/* Joins `n` elements of `from` beginning at `f` into `to` at `t`. */
static void
join_slice (AeReduction reduction, AeTensor *to, size_t t,
    const AeTensor *from, size_t f, size_t n)
{
  size_t size = ae_type_size (to->type);
  if (reduction == AE_REDUCE_NONE) {
    memcpy ((char *) to->data + t * size,
        (const char *) from->data + f * size, n * size);
    return;
  }
  for (size_t i = 0; i < n; i++)
    if (to->type == AE_I64)
      ae_tensor_set_int (to, t + i,
          join_integers (reduction, ae_tensor_get_int (to, t + i),
              ae_tensor_get_int (from, f + i)));
    else
      ae_tensor_set (to, t + i,
          join (reduction, ae_tensor_get (to, t + i),
              ae_tensor_get (from, f + i)));
}

void
ae_scatter (const AeOpCall *call, const AePlaces *s)
{
  const AeTensor *data = call->in[0], *updates = call->in[2];
  AeTensor *y = call->out[0];
  AeReduction reduction = AE_REDUCE_NONE;
  ae_reduction_read (call, &reduction, NULL);
  if (y->data != data->data)
    memcpy (y->data, data->data, ae_tensor_bytes (data));
  for (size_t i = 0; i < s->n; i++)
    join_slice (reduction, y, s->place (s->walk, i), updates, i * s->slice,
        s->slice);
}

/* What is known of an element of the data. */
typedef struct {
  float product;  /* AE_REDUCE_MUL: of its factors but zeros */
  unsigned count; /* of zeros among them; else, 1 once its gradient is given */
} Target;

static void
multiply (Target *t, float factor)
{
  t->product *= factor != 0 ? factor : 1;
  t->count += factor == 0;
}

/* The factors but one. */
static float
other_factors (const Target *t, float factor)
{
  if (factor == 0)
    return t->count == 1 ? t->product : 0;
  return t->count == 0 ? t->product / factor : 0;
}

/* The share of an element's gradient that an update has, when updates are
 * asked from the last to the first. */
static float
update_share (AeReduction reduction, Target *t, float update, float result)
{
  if (reduction == AE_REDUCE_ADD)
    return 1;
  if (reduction == AE_REDUCE_MUL)
    return other_factors (t, update);
  if (t->count > 0 || (reduction != AE_REDUCE_NONE && update != result))
    return 0;
  t->count = 1;
  return 1;
}

/* What is left for the data then. */
static float
data_share (AeReduction reduction, const Target *t, float value)
{
  if (reduction == AE_REDUCE_ADD)
    return 1;
  return reduction == AE_REDUCE_MUL ? other_factors (t, value)
                                    : t->count == 0;
}

static void
put (const AeOpCall *call, int input, size_t i, float grad)
{
  if (!call->din[input])
    return;
  float *to = (float *) call->din[input]->data + i;
  *to = call->overwrite[input] ? grad : *to + grad;
}

static void
collect_factors (const AeOpCall *call, const AePlaces *s, Target *targets)
{
  const float *data = call->in[0]->data, *updates = call->in[2]->data;
  size_t count = ae_shape_count (&call->in[0]->shape);
  for (size_t i = 0; i < count; i++) {
    targets[i] = (Target){ 1, 0 };
    multiply (&targets[i], data[i]);
  }
  for (size_t i = 0; i < s->n; i++) {
    Target *slice = targets + s->place (s->walk, i);
    for (size_t k = 0; k < s->slice; k++)
      multiply (&slice[k], updates[i * s->slice + k]);
  }
}

void
ae_scatter_grad (const AeOpCall *call, const AePlaces *s)
{
  const float *data = call->in[0]->data, *updates = call->in[2]->data;
  const float *y = call->out[0]->data, *dy = call->dout[0]->data;
  size_t count = ae_shape_count (&call->in[0]->shape);
  Target *targets = call->work;
  AeReduction reduction = AE_REDUCE_NONE;
  ae_reduction_read (call, &reduction, NULL);
  if (reduction == AE_REDUCE_MUL)
    collect_factors (call, s, targets);
  else
    memset (targets, 0, count * sizeof *targets);
  for (size_t i = s->n; i-- > 0;) {
    size_t from = i * s->slice, to = s->place (s->walk, i);
    for (size_t k = 0; k < s->slice; k++, from++, to++)
      put (call, 2, from,
          dy[to]
              * update_share (reduction, &targets[to], updates[from], y[to]));
  }
  for (size_t i = 0; i < count; i++)
    put (call, 0, i, dy[i] * data_share (reduction, &targets[i], data[i]));
}

size_t
ae_scatter_work (const AeOpCall *call, bool grad)
{
  return grad ? ae_shape_count (&call->in[0]->shape) * sizeof (Target) : 0;
}
