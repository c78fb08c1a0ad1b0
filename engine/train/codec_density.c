/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/codec_density.h"

#include "coder/codec_weights.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEAST_SCALE 0.03f
#define LEAST_START 1e-4f
#define NAME_ROOM 64

/* "intra." and the rest of a parameter's name. */
static const char *
name_of (const AeDensityShape *s, const char *end, char name[NAME_ROOM])
{
  snprintf (name, NAME_ROOM, "%s.%s", s->prefix, end);
  return name;
}

static int
scaled (AeBuilder *b, int x, float factor)
{
  return ae_build_binary (b, "Mul", x, ae_build_scalar (b, factor));
}

static int
plus (AeBuilder *b, int x, float more)
{
  return ae_build_binary (b, "Add", x, ae_build_scalar (b, more));
}

/* One parameter for each channel. */
static int
vector (AeBuilder *b, const AeDensityShape *s, const char *end, float value)
{
  char name[NAME_ROOM];
  return ae_build_parameter (
      b, ae_shape (4, 1, s->channels, 1, 1), value, name_of (s, end, name));
}

static bool
is_before (int dy, int dx)
{
  return dy < 0 || (dy == 0 && dx < 0);
}

/* Whether channel `from` at an offset is coded before `to` here. */
static bool
is_known (int from, int to, int dy, int dx)
{
  return from < to || (from == to && is_before (dy, dx));
}

/* Weights of a convolution, [to][from][3][3] or [1][1]: `value` at first, 0
 * where nothing is coded yet (and in the middle when `hollow`). */
static int
known_weights (AeBuilder *b, int n, int side, bool hollow, float value,
    bool positive, const char *name)
{
  AeShape shape = ae_shape (4, n, n, side, side);
  size_t count = ae_shape_count (&shape), i = 0;
  float *mask = ae_alloc (count * sizeof *mask);
  if (!mask) {
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a network");
    return -1;
  }
  for (int to = 0; to < n; to++)
    for (int from = 0; from < n; from++)
      for (int k = 0; k < side * side; k++, i++) {
        int dy = side == 3 ? k / 3 - 1 : 0, dx = side == 3 ? k % 3 - 1 : 0;
        bool middle = dy == 0 && dx == 0;
        mask[i] = is_known (from, to, dy, dx) && !(hollow && middle);
      }
  int weights = ae_build_parameter (b, shape, value, name);
  int masks = ae_build_values (b, shape, mask, NULL);
  ae_free (mask);
  if (positive)
    weights = ae_build_unary (b, "Relu", weights);
  return ae_build_binary (b, "Mul", weights, masks);
}

static int
convolve (AeBuilder *b, int x, int weights, int pad, int groups)
{
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_int (&attrs, "group", groups)
      || !ae_attrs_set_ints (
          &attrs, "pads", (int64_t[]){ pad, pad, pad, pad }, 4))
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a network");
  return ae_build_node (b, "Conv", &attrs, (int[]){ x, weights }, 2);
}

/* 2 left + 2 above + above left + above right, of each channel. */
static int
near_sizes (AeBuilder *b, int sizes, int channels)
{
  static const float kernel[9] = { 1, 2, 1, 2, 0, 0, 0, 0, 0 };
  float *all = ae_alloc ((size_t) channels * sizeof kernel);
  if (!all) {
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a network");
    return -1;
  }
  for (int i = 0; i < 9 * channels; i++)
    all[i] = kernel[i % 9];
  int weights = ae_build_values (
      b, ae_shape (4, channels, 1, 3, 3), all, NULL);
  ae_free (all);
  return convolve (b, sizes, weights, 1, channels);
}

/* x, to whose first channels `more` is added. */
static int
add_to_core (AeBuilder *b, const AeDensityShape *s, int x, int more)
{
  int first = ae_build_slice (b, x, 1, 0, s->core);
  int parts[2] = { ae_build_binary (b, "Add", first, more),
    ae_build_slice (b, x, 1, s->core, s->channels) };
  return s->core < s->channels ? ae_build_concat (b, parts, 2, 1) : parts[0];
}

/* |x|, at most AE_LARGEST_SIZE. */
static int
sizes_of (AeBuilder *b, int x)
{
  int in[] = { ae_build_unary (b, "Abs", x), ae_build_scalar (b, 0),
    ae_build_scalar (b, AE_LARGEST_SIZE) };
  return ae_build_node (b, "Clip", NULL, in, 3);
}

static int
weighted_sizes (AeBuilder *b, const AeDensityShape *s, int rounded)
{
  char name[NAME_ROOM];
  int sizes = sizes_of (b, rounded);
  int sum = convolve (b, sizes,
      known_weights (b, s->channels, 1, false, 0.001f, true,
          name_of (s, "deep", name)),
      0, 1);
  int near = ae_build_unary (b, "Relu", vector (b, s, "near", 0.08f));
  near = ae_build_binary (
      b, "Mul", near_sizes (b, sizes, s->channels), near);
  sum = ae_build_binary (b, "Add", sum, near);
  int core = ae_build_slice (b, sizes, 1, 0, s->core);
  core = convolve (b, core,
      known_weights (b, s->core, 3, true, 0.0003f, true,
          name_of (s, "around", name)),
      1, 1);
  sum = add_to_core (b, s, sum, core);
  return sum;
}

/* exp (low + level range) + exp (level growth) sizes */
static int
scales (AeBuilder *b, const AeDensityShape *s, int sizes, int level)
{
  int bias = ae_build_binary (b, "Add", vector (b, s, "low", -3),
      ae_build_binary (b, "Mul", level, vector (b, s, "range", 1)));
  int growth = ae_build_binary (b, "Mul", level, vector (b, s, "growth", 0));
  return ae_build_binary (b, "Add", ae_build_unary (b, "Exp", bias),
      ae_build_binary (
          b, "Mul", sizes, ae_build_unary (b, "Exp", growth)));
}

/* What is left of the latents without their means. */
static int
without_means (
    AeBuilder *b, const AeDensityShape *s, int latents, int rounded)
{
  char name[NAME_ROOM];
  int core = ae_build_slice (b, rounded, 1, 0, s->core);
  int means = convolve (b, core,
      known_weights (
          b, s->core, 3, false, 0, false, name_of (s, "means", name)),
      1, 1);
  return add_to_core (b, s, latents, scaled (b, means, -1));
}

/* With d the distance from the mean, f = 1 / scale, u = what d is below 1/2:
 * -log2 of (1 - (exp (-f u) + exp (-f (1 - u))) / 2), and f log2 (e) for what d
 * is above 1/2. */
int
ae_build_density (AeBuilder *b, const AeDensityShape *s, int latents,
    int rounded, int level)
{
  int scale = scales (b, s, weighted_sizes (b, s, rounded), level);
  int f = ae_build_unary (b, "Reciprocal", plus (b, scale, LEAST_SCALE));
  int d = ae_build_unary (
      b, "Abs", without_means (b, s, latents, rounded));
  int above = ae_build_unary (b, "Relu", plus (b, d, -0.5f));
  int u = ae_build_unary (b, "Relu", plus (b, scaled (b, d, -1), 0.5f));
  int inner = ae_build_unary (
      b, "Exp", scaled (b, ae_build_binary (b, "Mul", f, u), -1));
  int outer = ae_build_unary (b, "Exp",
      ae_build_binary (b, "Mul", f, plus (b, u, -1)));
  int p = plus (b,
      scaled (b, ae_build_binary (b, "Add", inner, outer), -0.5f), 1 + 1e-7f);
  int bits = ae_build_binary (b, "Sub", ae_build_binary (b, "Mul", f, above),
      ae_build_unary (b, "Log", p));
  bits = plus (b, scaled (b, bits, 1 / logf (2)), 1e-4f);
  return ae_build_unary (b, "Sqrt", bits);
}

typedef struct {
  const AeDensityShape *shape;
  const AeGraph *graph;
  AeStatus status;
  AeError *err;
} Reader;

/* The values of a parameter; NULL after a failure. */
static const float *
parameter (Reader *r, const char *end)
{
  char name[NAME_ROOM];
  int v = ae_graph_find (r->graph, name_of (r->shape, end, name));
  if (r->status == AE_OK && (v < 0 || !r->graph->values[v].constant))
    r->status = ae_fail (r->err, AE_ERROR_NOT_FOUND,
        "the trained codec has no parameter %s", name);
  return r->status == AE_OK ? r->graph->values[v].constant->data : NULL;
}

static int16_t
to_int16 (float x, int bits)
{
  float scaled = rintf (ldexpf (x, bits));
  return (int16_t) fmaxf (INT16_MIN, fminf (INT16_MAX, scaled));
}

static void
read_vector (Reader *r, const char *end, AeWeightVector vector, float factor,
    int bits, AeContextWeights *to)
{
  const float *from = parameter (r, end);
  for (int c = 0; from && c < to->channels; c++)
    to->vectors[vector * to->channels + c] = to_int16 (from[c] * factor, bits);
}

/* [to][from] becomes [from][to]. */
static void
read_sizes (Reader *r, AeContextWeights *to)
{
  const float *from = parameter (r, "deep");
  int n = to->channels;
  for (int t = 0; from && t < n; t++)
    for (int f = 0; f < t; f++)
      to->sizes[f * n + t]
          = to_int16 (fmaxf (from[t * n + f], 0), AE_WEIGHT_BITS);
}

/* A convolution's weight takes from an offset what is added at the opposite
 * one. */
static void
read_around (Reader *r, const char *end, bool positive, bool hollow,
    const AeContextWeights *shape, int16_t *to)
{
  const float *from = parameter (r, end);
  int n = shape->core;
  for (int t = 0; from && t < n; t++)
    for (int f = 0; f <= t; f++)
      for (int k = 0; k < AE_OFFSETS; k++) {
        float w = from[(t * n + f) * AE_OFFSETS + k];
        bool known = is_known (f, t, k / 3 - 1, k % 3 - 1)
            && !(hollow && k == AE_OFFSETS / 2);
        w = !known || (positive && w < 0) ? 0 : w;
        to[(f * AE_OFFSETS + AE_OFFSETS - 1 - k) * n + t]
            = to_int16 (w, AE_WEIGHT_BITS);
      }
}

/* A parameter's values, to be set; NULL when there is none. */
static float *
editable (AeGraph *graph, const AeDensityShape *shape, const char *end)
{
  char name[NAME_ROOM];
  int v = ae_graph_find (graph, name_of (shape, end, name));
  return v >= 0 && graph->values[v].constant ? graph->values[v].constant->data
                                             : NULL;
}

static void
start_around (float *to, const int16_t *from, int n)
{
  for (int t = 0; to && t < n; t++)
    for (int f = 0; f < n; f++)
      for (int k = 0; k < AE_OFFSETS; k++)
        to[(t * n + f) * AE_OFFSETS + k]
            = ldexpf (from[(f * AE_OFFSETS + AE_OFFSETS - 1 - k) * n + t],
                -AE_WEIGHT_BITS);
}

static void
start_vector (float *to, const AeContextWeights *from, AeWeightVector vector,
    float factor)
{
  for (int c = 0; to && c < from->channels; c++)
    to[c] = factor * from->vectors[vector * from->channels + c];
}

/* A weight that begins at 0 would stay there behind Relu. */
static void
start_sizes (float *to, const AeContextWeights *from)
{
  int n = from->channels;
  for (int t = 0; to && t < n; t++)
    for (int f = 0; f < n; f++)
      to[t * n + f] = fmaxf (
          ldexpf (from->sizes[f * n + t], -AE_WEIGHT_BITS), LEAST_START);
}

void
ae_density_start (AeGraph *graph, const AeDensityShape *shape,
    const AeContextWeights *from)
{
  const float octave = logf (2) / (1 << AE_POWER_BITS);
  float *around = editable (graph, shape, "around");
  int n = from->core * from->core * AE_OFFSETS;
  start_sizes (editable (graph, shape, "deep"), from);
  start_around (around, from->around, from->core);
  for (int i = 0; around && i < n; i++)
    around[i] = fmaxf (around[i], LEAST_START);
  start_around (editable (graph, shape, "means"), from->means, from->core);
  start_vector (editable (graph, shape, "near"), from, AE_WEIGHT_NEAR,
      1.0f / (1 << AE_WEIGHT_BITS));
  start_vector (editable (graph, shape, "low"), from, AE_WEIGHT_LOW, octave);
  start_vector (
      editable (graph, shape, "range"), from, AE_WEIGHT_RANGE, octave);
  start_vector (
      editable (graph, shape, "growth"), from, AE_WEIGHT_GROWTH, octave);
}

AeStatus
ae_density_weights (AeContextWeights *to, const AeDensityShape *shape,
    const AeModel *trained, AeError *err)
{
  const float octaves = 1 / logf (2);
  Reader r = { shape, ae_model_graph (trained), AE_OK, err };
  r.status = ae_context_weights_init (to, shape->channels, shape->core, err);
  if (r.status != AE_OK)
    return r.status;
  read_sizes (&r, to);
  read_around (&r, "around", true, true, to, to->around);
  read_around (&r, "means", false, false, to, to->means);
  read_vector (&r, "near", AE_WEIGHT_NEAR, 1, AE_WEIGHT_BITS, to);
  read_vector (&r, "low", AE_WEIGHT_LOW, octaves, AE_POWER_BITS, to);
  read_vector (&r, "range", AE_WEIGHT_RANGE, octaves, AE_POWER_BITS, to);
  read_vector (&r, "growth", AE_WEIGHT_GROWTH, octaves, AE_POWER_BITS, to);
  for (int i = 0; i < to->channels; i++) /* AE_WEIGHT_NEAR */
    to->vectors[i] = to->vectors[i] > 0 ? to->vectors[i] : 0;
  if (r.status != AE_OK)
    ae_context_weights_clear (to);
  return r.status;
}

void
ae_build_density_outputs (
    AeBuilder *b, const AeContextWeights *weights, const char *prefix)
{
  for (int i = 0; i < AE_N_WEIGHT_TENSORS; i++) {
    char name[NAME_ROOM];
    AeWeightTensor t = ae_weight_tensor (weights, i);
    snprintf (name, sizeof name, "%s.%s", prefix, t.name);
    ae_build_output (b, ae_build_int16s (b, t.shape, t.values), name);
  }
}
