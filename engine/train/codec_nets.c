/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/codec_nets.h"

#include "codec/tables_text.h"
#include "graph/build.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_CHANNELS 6
#define LEVEL_UNIT 256 /* of the range of gains, in the metadata */
#define BLOCK 8           /* samples of a channel along a latent's edge */
#define LUMA_SIDE 16      /* pixels there */
#define GAIN_LOW 1.4f     /* logarithms of the gains at first: level 0, and */
#define GAIN_RANGE 2.6f   /* what level 1 adds */
#define NEW_BRANCH 0.05f  /* what a network adds to the cosines at first */
#define LEAST_PROBABILITY 1e-9f

static AeShape
per_channel (int channels)
{
  return ae_shape (4, 1, channels, 1, 1);
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

static int
conv (AeBuilder *b, int x, int ic, int oc, int kernel, int stride, float gain,
    const char *name)
{
  AeConvSpec spec = { .ic = ic, .oc = oc, .kernel = kernel, .stride = stride,
    .gain = gain };
  return ae_build_conv (b, x, spec, name);
}

/* x + conv (relu (conv (x))), `depth` times. */
static int
residuals (AeBuilder *b, int x, int width, int depth, const char *prefix)
{
  for (int i = 0; i < depth; i++) {
    char name[64];
    snprintf (name, sizeof name, "%s.%d.a", prefix, i);
    int y = ae_build_unary (
        b, "Relu", conv (b, x, width, width, 3, 1, 1, name));
    snprintf (name, sizeof name, "%s.%d.b", prefix, i);
    x = ae_build_binary (
        b, "Add", conv (b, y, width, width, 3, 1, 0.3f, name), x);
  }
  return x;
}

/* A cosine transform's coefficient of luma (plane 0), U or V. */
typedef struct {
  int plane, u, v;
  float radius; /* how fine it is: 1 is the finest along an edge */
} Cosine;

static int
by_radius (const void *a, const void *b)
{
  const Cosine *x = a, *y = b;
  if (x->radius != y->radius)
    return x->radius < y->radius ? -1 : 1;
  return x->plane != y->plane ? x->plane - y->plane : x->u - y->u;
}

/* All coefficients of 16x16 pixels, the coarsest first; chroma counts as
 * finer than it is, since less of it is needed. */
#define N_COSINES (LUMA_SIDE * LUMA_SIDE + 2 * BLOCK * BLOCK)
static void
list_cosines (Cosine all[N_COSINES])
{
  int n = 0;
  for (int plane = 0; plane < 3; plane++) {
    int side = plane == 0 ? LUMA_SIDE : BLOCK;
    float fineness = plane == 0 ? 1 : 1.6f;
    for (int u = 0; u < side; u++)
      for (int v = 0; v < side; v++)
        all[n++] = (Cosine){ plane, u, v,
          fineness * sqrtf ((float) (u * u + v * v)) / (float) side };
  }
  qsort (all, N_COSINES, sizeof *all, by_radius);
}

static float
cosine (int side, int frequency, int at)
{
  float scale = sqrtf ((frequency ? 2.0f : 1.0f) / (float) side);
  return scale
      * cosf ((float) M_PI * (2 * (float) at + 1) * (float) frequency
          / (2 * (float) side));
}

#define COSINE_VALUES (FRAME_CHANNELS * BLOCK * BLOCK)

/* A coefficient's weights on the samples of a block, in the order in which
 * SpaceToDepth has them: [row][column][channel]. */
static void
fill_cosine (const Cosine *c, float to[COSINE_VALUES])
{
  for (int i = 0; i < COSINE_VALUES; i++) {
    int channel = i % FRAME_CHANNELS, x = i / FRAME_CHANNELS % BLOCK;
    int y = i / FRAME_CHANNELS / BLOCK, plane = channel < 4 ? 0 : channel - 3;
    if (plane != c->plane)
      to[i] = 0;
    else if (plane == 0)
      to[i] = cosine (LUMA_SIDE, c->u, 2 * y + channel / 2)
          * cosine (LUMA_SIDE, c->v, 2 * x + channel % 2);
    else
      to[i] = cosine (BLOCK, c->u, y) * cosine (BLOCK, c->v, x);
  }
}

/* The coarsest `latents` coefficients, [latent][sample], or the other way
 * round; freed with ae_free. */
static float *
cosines (AeBuilder *b, int latents, bool inverse)
{
  Cosine all[N_COSINES];
  float one[COSINE_VALUES];
  float *values
      = ae_alloc ((size_t) latents * COSINE_VALUES * sizeof *values);
  if (!values || latents > N_COSINES) {
    ae_free (values);
    ae_fail (&b->error, AE_ERROR_ARGUMENT,
        "a codec of %d latents, wanted at most %d", latents, N_COSINES);
    return NULL;
  }
  list_cosines (all);
  for (int l = 0; l < latents; l++) {
    fill_cosine (&all[l], one);
    for (int i = 0; i < COSINE_VALUES; i++)
      values[inverse ? i * latents + l : l * COSINE_VALUES + i] = one[i];
  }
  return values;
}

static int
linear_layer (AeBuilder *b, int x, int ic, int oc, const float *values,
    const char *name)
{
  if (!values)
    return -1;
  int in[2] = { x, ae_build_values (b, ae_shape (4, oc, ic, 1, 1), values,
                       name) };
  return ae_build_node (b, "Conv", NULL, in, 2);
}

/* A linear transform of blocks, a cosine transform at first. */
static int
forward_transform (AeBuilder *b, int x, int latents)
{
  float *values = cosines (b, latents, false);
  int y = linear_layer (b, ae_build_space_to_depth (b, x, BLOCK), COSINE_VALUES,
      latents, values, "a.linear.weight");
  ae_free (values);
  return y;
}

static int
inverse_transform (AeBuilder *b, int x, int latents)
{
  float *values = cosines (b, latents, true);
  int y = linear_layer (
      b, x, latents, COSINE_VALUES, values, "s.linear.weight");
  ae_free (values);
  return ae_build_depth_to_space (b, y, BLOCK);
}

static int
analysis (AeBuilder *b, const AeCodecShape *s, int frame)
{
  int centred = plus (b, frame, -0.5f);
  int x = conv (b, centred, FRAME_CHANNELS, s->widths[0], 5, 2, 1,
      "a.quarter");
  x = residuals (b, ae_build_unary (b, "Relu", x), s->widths[0], s->depths[0],
      "a.quarter");
  x = conv (b, x, s->widths[0], s->widths[1], 5, 2, 1, "a.eighth");
  x = residuals (b, ae_build_unary (b, "Relu", x), s->widths[1], s->depths[1],
      "a.eighth");
  x = conv (b, x, s->widths[1], s->core, 5, 2, NEW_BRANCH, "a.latents");
  int linear = forward_transform (b, centred, s->latents);
  x = ae_build_binary (
      b, "Add", x, ae_build_slice (b, linear, 1, 0, s->core));
  if (s->core == s->latents)
    return x;
  int parts[2] = { x, ae_build_slice (b, linear, 1, s->core, s->latents) };
  return ae_build_concat (b, parts, 2, 1);
}

/* 3x3 to four times the channels, and these to twice the size. */
static int
enlarge (AeBuilder *b, int x, int ic, int oc, float gain, const char *name)
{
  return ae_build_depth_to_space (
      b, conv (b, x, ic, 4 * oc, 3, 1, gain, name), 2);
}

static int
synthesis (AeBuilder *b, const AeCodecShape *s, int latents)
{
  int x = ae_build_slice (b, latents, 1, 0, s->core);
  x = enlarge (b, x, s->core, s->widths[1], 1, "s.eighth");
  x = residuals (b, ae_build_unary (b, "Relu", x), s->widths[1], s->depths[1],
      "s.eighth");
  x = enlarge (b, x, s->widths[1], s->widths[0], 1, "s.quarter");
  x = residuals (b, ae_build_unary (b, "Relu", x), s->widths[0], s->depths[0],
      "s.quarter");
  x = enlarge (b, x, s->widths[0], FRAME_CHANNELS, NEW_BRANCH, "s.frame");
  x = ae_build_binary (
      b, "Add", x, inverse_transform (b, latents, s->latents));
  return plus (b, x, 0.5f);
}

/* exp (low + level range), one for each channel. */
static int
gains (AeBuilder *b, int channels, int level, float low, float range,
    const char *prefix)
{
  char name[64];
  snprintf (name, sizeof name, "%s.low", prefix);
  int first = ae_build_parameter (b, per_channel (channels), low, name);
  snprintf (name, sizeof name, "%s.range", prefix);
  int more = ae_build_parameter (b, per_channel (channels), range, name);
  more = ae_build_binary (b, "Mul", level, more);
  return ae_build_unary (b, "Exp", ae_build_binary (b, "Add", more, first));
}

static int
encode (AeBuilder *b, const AeCodecShape *s, int frame, int level)
{
  int gain = gains (
      b, s->latents, level, GAIN_LOW, GAIN_RANGE, "gain");
  return ae_build_binary (b, "Mul", analysis (b, s, frame), gain);
}

static int
decode (AeBuilder *b, const AeCodecShape *s, int latents, int level)
{
  int gain = gains (
      b, s->latents, level, -GAIN_LOW, -GAIN_RANGE, "inverse");
  return synthesis (b, s, ae_build_binary (b, "Mul", latents, gain));
}

/* The mean size of four neighbours that are coded before. */
static int
near_sizes (AeBuilder *b, int sizes, int channels)
{
  static const float kernel[9]
      = { 1 / 6.f, 2 / 6.f, 1 / 6.f, 2 / 6.f, 0, 0, 0, 0, 0 };
  float *all = ae_alloc ((size_t) channels * sizeof kernel);
  for (int i = 0; all && i < 9 * channels; i++)
    all[i] = kernel[i % 9];
  if (!all)
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a network");
  int weights = ae_build_values (
      b, ae_shape (4, channels, 1, 3, 3), all, NULL);
  ae_free (all);
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_int (&attrs, "group", channels)
      || !ae_attrs_set_ints (&attrs, "pads", (int64_t[]){ 1, 1, 1, 1 }, 4))
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a network");
  return ae_build_node (b, "Conv", &attrs, (int[]){ sizes, weights }, 2);
}

/* The mean size of the channels before, at the same place. */
static int
deep_sizes (AeBuilder *b, int sizes, int channels)
{
  size_t n = (size_t) channels * channels;
  float *all = ae_calloc (n, sizeof *all);
  for (int o = 1; all && o < channels; o++)
    for (int i = 0; i < o; i++)
      all[o * channels + i] = 1.0f / (float) o;
  if (!all)
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a network");
  int weights = ae_build_values (
      b, ae_shape (4, channels, channels, 1, 1), all, NULL);
  ae_free (all);
  return ae_build_node (b, "Conv", NULL, (int[]){ sizes, weights }, 2);
}

/* factor log (sizes + least), the factor one for each channel. */
static int
share_of (AeBuilder *b, int sizes, int channels, float least, float factor,
    const char *name)
{
  int log_sizes = ae_build_unary (b, "Log", plus (b, sizes, least));
  return ae_build_binary (b, "Mul", log_sizes,
      ae_build_parameter (b, per_channel (channels), factor, name));
}

/* 1 / scale of the logistic density of each latent. */
static int
inverse_scales (AeBuilder *b, int sizes, int channels, int level)
{
  int range
      = ae_build_parameter (b, per_channel (channels), 0, "scale.range");
  int sum = ae_build_binary (b, "Mul", level, range);
  sum = ae_build_binary (b, "Add", sum,
      ae_build_parameter (b, per_channel (channels), 0, "scale.low"));
  int near = share_of (b, near_sizes (b, sizes, channels), channels, 0.05f,
      -0.6f, "scale.near");
  int deep = share_of (b, deep_sizes (b, sizes, channels), channels, 0.02f,
      -0.3f, "scale.deep");
  sum = ae_build_binary (b, "Add", sum, ae_build_binary (b, "Add", near, deep));
  return ae_build_unary (b, "Exp", sum);
}

/* The root of -log2 P (latent), of a logistic density around 0. */
static int
root_bits (AeBuilder *b, int latents, int channels, int level)
{
  int sizes = ae_build_unary (b, "Abs", latents);
  /* What would be rounded to 0 counts as that, in spite of the noise. */
  int rounded = ae_build_unary (b, "Relu", plus (b, sizes, -0.5f));
  int inverse = inverse_scales (b, rounded, channels, level);
  int upper = ae_build_binary (
      b, "Mul", plus (b, scaled (b, sizes, -1), 0.5f), inverse);
  int lower = ae_build_binary (
      b, "Mul", plus (b, scaled (b, sizes, -1), -0.5f), inverse);
  int p = ae_build_binary (b, "Sub", ae_build_unary (b, "Sigmoid", upper),
      ae_build_unary (b, "Sigmoid", lower));
  int log_p = ae_build_unary (b, "Log", plus (b, p, LEAST_PROBABILITY));
  int bits = scaled (b, log_p, -1 / logf (2));
  return ae_build_unary (b, "Sqrt", plus (b, bits, 1e-4f));
}

static int
frame_input (AeBuilder *b)
{
  return ae_build_input (
      b, "frame", ae_shape (4, -1, FRAME_CHANNELS, -1, -1));
}

static int
level_input (AeBuilder *b)
{
  return ae_build_input (b, "level", ae_shape (4, -1, 1, 1, 1));
}

AeStatus
ae_build_codec_training_net (AeModel **out, const AeCodecShape *s,
    float chroma, uint64_t seed, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, seed);
  int frame = frame_input (&b), level = level_input (&b);
  int noise = ae_build_input (
      &b, "noise", ae_shape (4, -1, s->latents, -1, -1));
  int latents
      = ae_build_binary (&b, "Add", encode (&b, s, frame, level), noise);
  int error = ae_build_binary (
      &b, "Sub", decode (&b, s, latents, level), frame);
  const float weights[] = { 1, 1, 1, 1, chroma, chroma };
  error = ae_build_binary (&b, "Mul", error,
      ae_build_values (
          &b, per_channel (FRAME_CHANNELS), weights, NULL));
  ae_build_output (&b, error, "error");
  ae_build_output (
      &b, root_bits (&b, latents, s->latents, level), "root_bits");
  return ae_builder_end (&b, out, err);
}

/* Every trainable value from the one of the same name. */
static AeStatus
take_parameters (AeGraph *to, const AeGraph *from, AeError *err)
{
  for (int v = 0; v < to->n_values; v++) {
    AeValue *value = &to->values[v];
    if (!value->constant || !value->trainable)
      continue;
    int other = ae_graph_find (from, value->name);
    const AeTensor *found = other >= 0 ? from->values[other].constant : NULL;
    if (!found || !ae_shape_equal (&found->shape, &value->constant->shape))
      return ae_fail (err, AE_ERROR_NOT_FOUND,
          "the trained codec has no parameter %s of that shape", value->name);
    memcpy (value->constant->data, found->data, ae_tensor_bytes (found));
  }
  return AE_OK;
}

/* By how much level 1 is scaled more than level 0, in 1 / 256 of a factor of
 * 2, for each channel. */
static char *
range_text (const AeGraph *graph, int channels)
{
  int v = ae_graph_find (graph, "gain.range");
  char *text = ae_alloc ((size_t) channels * 12 + 1), *at = text;
  if (!text || v < 0)
    return text;
  const float *range = graph->values[v].constant->data;
  *at = '\0';
  for (int c = 0; c < channels; c++)
    at += sprintf (
        at, "%ld ", lroundf (range[c] / logf (2) * LEVEL_UNIT));
  return text;
}

static void
set_meta (AeBuilder *b, const char *key, const char *value)
{
  if (b->error.status != AE_OK)
    return;
  if (value)
    ae_model_set_meta (b->model, key, value, &b->error);
  else
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a codec");
}

static void
set_tables (AeBuilder *b, const AeLatentModel *tables, int channels)
{
  char *texts[3] = { ae_latent_tables_text (&tables->intra),
    ae_latent_tables_text (&tables->delta),
    b->error.status == AE_OK ? range_text (ae_model_edit (b->model), channels)
                             : NULL };
  static const char *const keys[]
      = { "ae.codec.intra", "ae.codec.delta", "ae.codec.range" };
  for (int i = 0; i < 3; i++) {
    set_meta (b, keys[i], texts[i]);
    ae_free (texts[i]);
  }
}

AeStatus
ae_build_codec (AeModel **out, const AeCodecShape *s, const AeModel *trained,
    const AeLatentModel *tables, const char *const *meta, size_t n_meta,
    AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int frame = frame_input (&b), level = level_input (&b);
  int integers = ae_build_input (
      &b, "integers", ae_shape (4, -1, s->latents, -1, -1));
  ae_build_output (&b, encode (&b, s, frame, level), "latents");
  ae_build_output (&b, decode (&b, s, integers, level), "decoded");
  if (b.error.status == AE_OK)
    take_parameters (
        ae_model_edit (b.model), ae_model_graph (trained), &b.error);
  set_meta (&b, "ae.task", "codec");
  set_tables (&b, tables, s->latents);
  for (size_t i = 0; i < n_meta; i++)
    set_meta (&b, meta[2 * i], meta[2 * i + 1]);
  return ae_builder_end (&b, out, err);
}
