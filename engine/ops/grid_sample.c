/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GridSample: samples the input, (N,C,H,W) or (N,C,D,H,W), at the places a
 * grid (N,...,2 or 3) names; -1 and 1 are the ends of an axis, the innermost
 * axis comes first. */
#include "ops/loop.h"
#include "ops/params.h"

#include <math.h>
#include <string.h>

#define AXES 3
#define TAPS 64 /* cubic in three axes */

typedef enum { LINEAR, NEAREST, CUBIC } Mode;
typedef enum { ZEROS, BORDER, REFLECTION } Padding;

typedef struct {
  const AeOpCall *call;
  Mode mode;
  Padding padding;
  bool corners;
  int axes;
  int64_t dim[AXES], stride[AXES]; /* innermost axis first */
  size_t places, plane;            /* per image: outputs, inputs */
} Sampler;

/* The samples that make one output; weights of 0 for those outside. */
typedef struct {
  int n;
  size_t at[TAPS];
  double weight[TAPS];
} Taps;

static AeStatus
read_names (const AeOpCall *call, Sampler *s, AeError *err)
{
  static const char *const modes[]
      = { "linear", "nearest", "cubic", "bilinear", "nearest", "bicubic" };
  static const char *const paddings[] = { "zeros", "border", "reflection" };
  const char *mode = ae_attrs_string (call->attrs, "mode", "linear");
  const char *padding
      = ae_attrs_string (call->attrs, "padding_mode", "zeros");
  int i = 0, k = 0;
  while (i < 6 && strcmp (mode, modes[i]) != 0)
    i++;
  while (k < 3 && strcmp (padding, paddings[k]) != 0)
    k++;
  if (i == 6 || k == 3)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "mode \"%s\" and padding_mode \"%s\", wanted linear, nearest or cubic "
        "and zeros, border or reflection", mode, padding);
  s->mode = (Mode) (i % 3);
  s->padding = (Padding) k;
  s->corners = ae_attrs_int (call->attrs, "align_corners", 0) != 0;
  return AE_OK;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeShape *x = &call->in[0]->shape, *grid = &call->in[1]->shape;
  Sampler s;
  AeStatus status = read_names (call, &s, err);
  if (status != AE_OK)
    return status;
  if (x->rank < 4 || x->rank > 5 || grid->rank != x->rank
      || grid->dim[0] != x->dim[0]
      || grid->dim[grid->rank - 1] != x->rank - 2) {
    char a[100], b[100];
    return ae_fail (err, AE_ERROR_SHAPE,
        "input %s and grid %s, wanted rank 4 or 5, equal batches and one "
        "coordinate per axis", ae_shape_text (x, a, sizeof a),
        ae_shape_text (grid, b, sizeof b));
  }
  AeShape shape = *x;
  for (int i = 2; i < x->rank; i++) {
    shape.dim[i] = grid->dim[i - 1];
    if (x->dim[i] == 0)
      return ae_fail (
          err, AE_ERROR_SHAPE, "axis %d of the input is empty", i);
  }
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static double
mirror (double x, double low, double high)
{
  double range = high - low;
  if (range <= 0)
    return low;
  double far = x < low ? low - x : x > high ? x - high : -1;
  if (far < 0)
    return x;
  double turns = floor (far / range), rest = far - turns * range;
  bool even = fmod (turns, 2) == 0;
  return (x < low) == even ? low + rest : high - rest;
}

static void
limits (const Sampler *s, int axis, double *low, double *high)
{
  *low = s->corners ? 0 : -0.5;
  *high = (double) s->dim[axis] - (s->corners ? 1 : 0.5);
}

/* The position among the samples of an axis. */
static double
position (const Sampler *s, int axis, double g)
{
  double last = (double) (s->dim[axis] - 1), low, high;
  double x = s->corners ? (g + 1) / 2 * last
                        : ((g + 1) * (double) s->dim[axis] - 1) / 2;
  /* Far away all is the same, and NaN is nowhere. */
  if (!(fabs (x) < 1e9))
    x = x > 0 ? 1e9 : -1e9;
  if (s->mode == NEAREST)
    x = nearbyint (x);
  limits (s, axis, &low, &high);
  if (x >= low && x <= high)
    return x;
  if (s->padding == BORDER)
    return x < 0 ? 0 : last;
  return s->padding == REFLECTION ? mirror (x, low, high) : x;
}

/* Index of a whole position; -1 where zeros are. */
static int64_t
sample_index (const Sampler *s, int axis, double x)
{
  double last = (double) (s->dim[axis] - 1), low, high;
  if (x < 0 || x > last) {
    if (s->padding == ZEROS)
      return -1;
    limits (s, axis, &low, &high);
    if (s->padding == REFLECTION)
      x = mirror (x, low, high);
  }
  return x < 0 ? 0 : x > last ? (int64_t) last : (int64_t) x;
}

/* Cubic with A = -0.75, as in Resize. */
static double
cubic (double t)
{
  const double a = -0.75;
  t = fabs (t);
  if (t <= 1)
    return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

/* Multiplies the taps so far by those of one more axis. */
static void
add_axis (const Sampler *s, int axis, double g, Taps *taps)
{
  double x = position (s, axis, g), base = floor (x);
  int first = s->mode == CUBIC ? -1 : 0;
  int count = s->mode == CUBIC ? 4 : s->mode == LINEAR ? 2 : 1;
  Taps old = *taps;
  taps->n = 0;
  for (int k = 0; k < count; k++) {
    double at = base + first + k, t = fabs (x - at);
    double weight = s->mode == CUBIC ? cubic (t)
        : s->mode == LINEAR          ? 1 - t
                                     : 1;
    int64_t index = sample_index (s, axis, at);
    for (int i = 0; i < old.n; i++) {
      int n = taps->n++;
      taps->at[n]
          = old.at[i] + (size_t) ((index < 0 ? 0 : index) * s->stride[axis]);
      taps->weight[n] = index < 0 ? 0 : old.weight[i] * weight;
    }
  }
}

static void
sample_range (void *arg, size_t begin, size_t end, int thread)
{
  const Sampler *s = arg;
  const AeTensor *x = s->call->in[0], *grid = s->call->in[1];
  AeTensor *y = s->call->out[0];
  size_t channels = (size_t) x->shape.dim[1];
  for (size_t i = begin; i < end; i++) {
    size_t n = i / s->places, place = i % s->places;
    Taps taps = { .n = 1, .at = { 0 }, .weight = { 1 } };
    for (int a = 0; a < s->axes; a++)
      add_axis (s, a,
          ae_tensor_get (grid, i * (size_t) s->axes + (size_t) a), &taps);
    for (size_t c = 0; c < channels; c++) {
      size_t from = (n * channels + c) * s->plane;
      double sum = 0;
      for (int k = 0; k < taps.n; k++)
        sum += taps.weight[k] * ae_tensor_get (x, from + taps.at[k]);
      ae_tensor_set (y, (n * channels + c) * s->places + place, sum);
    }
  }
}

static void
forward (const AeOpCall *call)
{
  const AeShape *x = &call->in[0]->shape;
  Sampler s = { .call = call, .axes = x->rank - 2 };
  read_names (call, &s, NULL);
  int64_t stride = 1;
  for (int a = 0; a < s.axes; a++) {
    s.dim[a] = x->dim[x->rank - 1 - a];
    s.stride[a] = stride;
    stride *= s.dim[a];
  }
  s.plane = (size_t) stride;
  s.places = ae_shape_span (&call->out[0]->shape, 2, x->rank);
  if (s.places > 0)
    ae_for_range (
        call, s.places * (size_t) x->dim[0], 256, sample_range, &s);
}

const AeOp ae_op_grid_sample = {
  .name = "GridSample",
  .domain = "",
  .since = 16,
  .min_in = 2,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
};
