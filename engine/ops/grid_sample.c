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
#define LANES 8 /* channels whose gradients share the taps */

typedef enum { LINEAR, NEAREST, CUBIC } Mode;
typedef enum { ZEROS, BORDER, REFLECTION } Padding;

typedef struct {
  const AeOpCall *call;
  Mode mode;
  Padding padding;
  bool corners;
  int axes;
  int64_t dim[AXES], stride[AXES]; /* innermost axis first */
  size_t places, plane; /* per channel: outputs, inputs */
  size_t channels;
} Sampler;

/* The samples along one axis, -1 for one outside, with their weights and the
 * derivatives of these by the grid's coordinate. */
typedef struct {
  int n;
  int64_t at[4];
  double weight[4], slope[4];
} AxisTaps;

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

/* x reflected at the ends until it is between them; *slope becomes 1 or -1. */
static double
mirror (double x, double low, double high, double *slope)
{
  double range = high - low;
  *slope = 0;
  if (range <= 0)
    return low;
  double far = x < low ? low - x : x > high ? x - high : -1;
  *slope = 1;
  if (far < 0)
    return x;
  double turns = floor (far / range), rest = far - turns * range;
  bool even = fmod (turns, 2) == 0;
  *slope = even ? -1 : 1;
  return (x < low) == even ? low + rest : high - rest;
}

static void
limits (const Sampler *s, int axis, double *low, double *high)
{
  *low = s->corners ? 0 : -0.5;
  *high = (double) s->dim[axis] - (s->corners ? 1 : 0.5);
}

/* The position among the samples of an axis, and its derivative. */
static double
position (const Sampler *s, int axis, double g, double *slope)
{
  double last = (double) (s->dim[axis] - 1), low, high, turn;
  double x = s->corners ? (g + 1) / 2 * last
                        : ((g + 1) * (double) s->dim[axis] - 1) / 2;
  *slope = s->mode == NEAREST ? 0
      : s->corners            ? last / 2
                              : (double) s->dim[axis] / 2;
  /* Far away all is the same, and NaN is nowhere. */
  if (!(fabs (x) < 1e9)) {
    x = x > 0 ? 1e9 : -1e9;
    *slope = 0;
  }
  if (s->mode == NEAREST)
    x = nearbyint (x);
  limits (s, axis, &low, &high);
  if ((x >= low && x <= high) || s->padding == ZEROS)
    return x;
  x = s->padding == BORDER ? x < 0 ? 0 : last
                           : mirror (x, low, high, &turn);
  *slope *= s->padding == BORDER ? 0 : turn;
  return x;
}

/* Index of a whole position; -1 where zeros are. */
static int64_t
sample_index (const Sampler *s, int axis, double x)
{
  double last = (double) (s->dim[axis] - 1), low, high, turn;
  if (x < 0 || x > last) {
    if (s->padding == ZEROS)
      return -1;
    limits (s, axis, &low, &high);
    if (s->padding == REFLECTION)
      x = mirror (x, low, high, &turn);
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

static double
cubic_slope (double t)
{
  const double a = -0.75;
  double sign = t < 0 ? -1 : 1;
  t = fabs (t);
  if (t <= 1)
    return sign * (3 * (a + 2) * t - 2 * (a + 3)) * t;
  return t < 2 ? sign * ((3 * a * t - 10 * a) * t + 8 * a) : 0;
}

static void
axis_taps (const Sampler *s, int axis, double g, AxisTaps *taps)
{
  double slope, x = position (s, axis, g, &slope), base = floor (x);
  int first = s->mode == CUBIC ? -1 : 0;
  taps->n = s->mode == CUBIC ? 4 : s->mode == LINEAR ? 2 : 1;
  for (int k = 0; k < taps->n; k++) {
    double at = base + first + k, t = x - at;
    taps->weight[k] = s->mode == CUBIC ? cubic (t)
        : s->mode == LINEAR            ? 1 - fabs (t)
                                       : 1;
    taps->slope[k]
        = slope * (s->mode == CUBIC ? cubic_slope (t) : k == 0 ? -1 : 1);
    taps->at[k] = sample_index (s, axis, at);
  }
}

/* The axes' taps of output `place` of image n. */
static void
read_grid (const Sampler *s, size_t n, size_t place, AxisTaps *axes)
{
  size_t i = (n * s->places + place) * (size_t) s->axes;
  for (int a = 0; a < s->axes; a++)
    axis_taps (
        s, a, ae_tensor_get (s->call->in[1], i + (size_t) a), &axes[a]);
}

/* Every combination of the axes' taps, weights multiplied; along the axis
 * `derived` (-1: none) slopes take the place of weights. */
static void
join_taps (
    const Sampler *s, const AxisTaps *axes, int derived, Taps *taps)
{
  *taps = (Taps){ .n = 1, .weight = { 1 } };
  for (int a = 0; a < s->axes; a++) {
    Taps old = *taps;
    const double *weight = a == derived ? axes[a].slope : axes[a].weight;
    taps->n = 0;
    for (int k = 0; k < axes[a].n; k++) {
      int64_t at = axes[a].at[k];
      for (int i = 0; i < old.n; i++) {
        int n = taps->n++;
        taps->at[n] = old.at[i] + (size_t) ((at < 0 ? 0 : at) * s->stride[a]);
        taps->weight[n] = at < 0 ? 0 : old.weight[i] * weight[k];
      }
    }
  }
}

static double
sample (const Taps *taps, const AeTensor *x, size_t from)
{
  double sum = 0;
  for (int k = 0; k < taps->n; k++)
    sum += taps->weight[k] * ae_tensor_get (x, from + taps->at[k]);
  return sum;
}

static void
sample_range (void *arg, size_t begin, size_t end, int thread)
{
  const Sampler *s = arg;
  const AeTensor *x = s->call->in[0];
  for (size_t i = begin; i < end; i++) {
    size_t n = i / s->places, place = i % s->places;
    AxisTaps axes[AXES];
    Taps taps;
    read_grid (s, n, place, axes);
    join_taps (s, axes, -1, &taps);
    for (size_t c = n * s->channels; c < (n + 1) * s->channels; c++)
      ae_tensor_set (s->call->out[0], c * s->places + place,
          sample (&taps, x, c * s->plane));
  }
}

static Sampler
make_sampler (const AeOpCall *call)
{
  const AeShape *x = &call->in[0]->shape;
  Sampler s = { .call = call, .axes = x->rank - 2,
    .channels = (size_t) x->dim[1] };
  read_names (call, &s, NULL);
  int64_t stride = 1;
  for (int a = 0; a < s.axes; a++) {
    s.dim[a] = x->dim[x->rank - 1 - a];
    s.stride[a] = stride;
    stride *= s.dim[a];
  }
  s.plane = (size_t) stride;
  s.places = ae_shape_span (&call->in[1]->shape, 1, x->rank - 1);
  return s;
}

static void
forward (const AeOpCall *call)
{
  Sampler s = make_sampler (call);
  if (s.places > 0)
    ae_for_range (call, s.places * (size_t) call->in[0]->shape.dim[0], 256,
        sample_range, &s);
}

/* Gradient of the planes of up to LANES channels of one image. */
static void
spread_range (void *arg, size_t begin, size_t end, int thread)
{
  const Sampler *s = arg;
  const float *dy = s->call->dout[0]->data;
  float *dx = s->call->din[0]->data;
  size_t groups = (s->channels + LANES - 1) / LANES;
  for (size_t i = begin; i < end; i++) {
    size_t n = i / groups, lane = i % groups * LANES;
    size_t first = n * s->channels + lane;
    size_t last = first
        + (s->channels - lane < LANES ? s->channels - lane : LANES);
    if (s->call->overwrite[0])
      memset (dx + first * s->plane, 0,
          (last - first) * s->plane * sizeof *dx);
    for (size_t place = 0; place < s->places; place++) {
      AxisTaps axes[AXES];
      Taps taps;
      read_grid (s, n, place, axes);
      join_taps (s, axes, -1, &taps);
      for (size_t c = first; c < last; c++)
        for (int k = 0; k < taps.n; k++)
          dx[c * s->plane + taps.at[k]]
              += (float) taps.weight[k] * dy[c * s->places + place];
    }
  }
}

static void
grid_range (void *arg, size_t begin, size_t end, int thread)
{
  const Sampler *s = arg;
  const float *dy = s->call->dout[0]->data;
  float *dgrid = s->call->din[1]->data;
  for (size_t i = begin; i < end; i++) {
    size_t n = i / s->places, place = i % s->places;
    AxisTaps axes[AXES];
    Taps taps;
    read_grid (s, n, place, axes);
    for (int a = 0; a < s->axes; a++) {
      double sum = 0;
      join_taps (s, axes, a, &taps);
      for (size_t c = n * s->channels; c < (n + 1) * s->channels; c++)
        sum += (double) dy[c * s->places + place]
            * sample (&taps, s->call->in[0], c * s->plane);
      float *to = &dgrid[i * (size_t) s->axes + (size_t) a];
      *to = (s->call->overwrite[1] ? 0 : *to) + (float) sum;
    }
  }
}

static void
backward (const AeOpCall *call)
{
  Sampler s = make_sampler (call);
  size_t images = (size_t) call->in[0]->shape.dim[0];
  if (call->din[0])
    ae_for_range (call, images * ((s.channels + LANES - 1) / LANES), 1,
        spread_range, &s);
  if (call->din[1] && s.places > 0)
    ae_for_range (call, images * s.places, 256, grid_range, &s);
}

const AeOp ae_op_grid_sample = {
  .name = "GridSample",
  .domain = "",
  .since = 16,
  .min_in = 2,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
