/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/codec_nets.h"

#include "codec/cosines.h"
#include "codec/tables_text.h"
#include "coder/codec_weights.h"
#include "graph/build.h"
#include "train/codec_density.h"
#include "train/ms_ssim.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_CHANNELS 6
#define BLOCK 8           /* samples of a channel along a latent's edge */
#define LUMA_SIDE 16      /* pixels there */
#define GAIN_LOW 1.4f     /* logarithms of the gains at first: level 0, and */
#define GAIN_RANGE 2.6f   /* what level 1 adds */
#define NEW_BRANCH 0.05f  /* what a network adds to the cosines at first */
/* The cosine transform in a codec, where names keep it in half floats. */
#define FORWARD "a.linear.weight"
#define INVERSE "s.linear.weight"
#define DENSITY "intra" /* prefix of its parameters */
#define ROUND_MORE 0.4f
#define FINE 4096.0f

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
fill_cosine (const AeCosine *c, float to[COSINE_VALUES])
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
  AeCosine all[AE_COSINES];
  float one[COSINE_VALUES];
  float *values
      = ae_alloc ((size_t) latents * COSINE_VALUES * sizeof *values);
  if (!values || latents > AE_COSINES) {
    ae_free (values);
    ae_fail (&b->error, AE_ERROR_ARGUMENT,
        "a codec of %d latents, wanted at most %d", latents, AE_COSINES);
    return NULL;
  }
  ae_cosine_order (all);
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

/* The cosine transform of blocks. In training it has no name and is no
 * parameter: steps that suit networks would blur it. */
static int
forward_transform (AeBuilder *b, int x, int latents, const char *name)
{
  float *values = cosines (b, latents, false);
  int y = linear_layer (b, ae_build_space_to_depth (b, x, BLOCK), COSINE_VALUES,
      latents, values, name);
  ae_free (values);
  return y;
}

static int
inverse_transform (AeBuilder *b, int x, int latents, const char *name)
{
  float *values = cosines (b, latents, true);
  int y = linear_layer (
      b, x, latents, COSINE_VALUES, values, name);
  ae_free (values);
  return ae_build_depth_to_space (b, y, BLOCK);
}

static int
analysis (AeBuilder *b, const AeCodecShape *s, int frame, bool training)
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
  int linear = forward_transform (b, centred, s->latents,
      training ? NULL : FORWARD);
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
synthesis (
    AeBuilder *b, const AeCodecShape *s, int latents, bool training)
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
      b, "Add", x, inverse_transform (b, latents, s->latents,
                             training ? NULL : INVERSE));
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
encode (AeBuilder *b, const AeCodecShape *s, int frame, int level,
    bool training)
{
  int gain = gains (
      b, s->latents, level, GAIN_LOW, GAIN_RANGE, "gain");
  return ae_build_binary (b, "Mul", analysis (b, s, frame, training), gain);
}

static int
decode (AeBuilder *b, const AeCodecShape *s, int latents, int level,
    bool training)
{
  int gain = gains (
      b, s->latents, level, -GAIN_LOW, -GAIN_RANGE, "inverse");
  return synthesis (
      b, s, ae_build_binary (b, "Mul", latents, gain), training);
}

/* Rounded, values below 1 - ROUND_MORE to 0; no gradient goes through. */
static int
rounded (AeBuilder *b, int x)
{
  int sizes = ae_build_unary (
      b, "Floor", plus (b, ae_build_unary (b, "Abs", x), ROUND_MORE));
  return ae_build_binary (b, "Mul", ae_build_unary (b, "Sign", x), sizes);
}

/* The values of `integers`, with the gradient of x: what x is more than itself
 * on a fine grid is next to nothing, and has its gradient. */
static int
straight_through (AeBuilder *b, int x, int integers)
{
  int fine = ae_build_unary (b, "Round", scaled (b, x, FINE));
  int nothing = ae_build_binary (b, "Sub", x, scaled (b, fine, 1 / FINE));
  return ae_build_binary (b, "Add", integers, nothing);
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

static AeDensityShape
density_of (const AeCodecShape *s)
{
  return (AeDensityShape){ s->latents, s->context_core, DENSITY };
}

static void
build_errors (AeBuilder *b, const AeCodecTarget *t, int frame, int decoded)
{
  const float weights[]
      = { t->luma, t->luma, t->luma, t->luma, t->chroma, t->chroma };
  int error = ae_build_binary (b, "Mul",
      ae_build_binary (b, "Sub", decoded, frame),
      ae_build_values (b, per_channel (FRAME_CHANNELS), weights, NULL));
  ae_build_output (b, error, "error");
}

static void
build_dissimilarity (AeBuilder *b, int frame, int decoded)
{
  int roots[AE_SIMILARITY_SCALES];
  ae_build_dissimilarity (b, frame, decoded, roots);
  for (int i = 0; i < AE_SIMILARITY_SCALES; i++) {
    char name[32];
    snprintf (name, sizeof name, "dissimilarity_%d", i);
    ae_build_output (b, roots[i], name);
  }
}

/* The factors of places' steps, which are latents' of luma; chroma's are 1. */
static int
step_factors (AeBuilder *b, int latents)
{
  AeCosine order[AE_COSINES];
  float of_luma[AE_COSINES];
  ae_cosine_order (order);
  for (int c = 0; c < AE_COSINES; c++)
    of_luma[c] = order[c].plane == 0;
  int step = ae_build_input (b, "step", ae_shape (4, -1, 1, -1, -1));
  int more = ae_build_binary (b, "Mul", plus (b, step, -1),
      ae_build_values (b, per_channel (latents), of_luma, NULL));
  return plus (b, more, 1);
}

AeStatus
ae_build_codec_training_net (AeModel **out, const AeCodecShape *s,
    const AeCodecTarget *target, uint64_t seed, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, seed);
  int frame = frame_input (&b), level = level_input (&b);
  int latents = encode (&b, s, frame, level, true), step = -1;
  if (s->masking) {
    step = step_factors (&b, s->latents);
    latents = ae_build_binary (&b, "Div", latents, step);
  }
  int integers = rounded (&b, latents);
  latents = straight_through (&b, latents, integers);
  int stepped
      = s->masking ? ae_build_binary (&b, "Mul", latents, step) : latents;
  int decoded = decode (&b, s, stepped, level, true);
  build_errors (&b, target, frame, decoded);
  AeDensityShape density = density_of (s);
  ae_build_output (&b,
      ae_build_density (&b, &density, latents, integers, level),
      "root_bits");
  if (target->similarity)
    build_dissimilarity (&b, frame, decoded);
  return ae_builder_end (&b, out, err);
}

/* Parameters that not both networks have. */
static bool
is_apart (const char *name)
{
  return strcmp (name, FORWARD) == 0 || strcmp (name, INVERSE) == 0
      || strncmp (name, DENSITY ".", sizeof DENSITY) == 0;
}

/* Every trainable value from the one of the same name. */
static AeStatus
take_parameters (AeGraph *to, const AeGraph *from, AeError *err)
{
  for (int v = 0; v < to->n_values; v++) {
    AeValue *value = &to->values[v];
    if (!value->constant || !value->trainable || is_apart (value->name))
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

AeStatus
ae_codec_net_start (AeModel *net, const AeCodecShape *s,
    const AeModel *codec, const AeContextWeights *contexts, AeError *err)
{
  AeDensityShape density = density_of (s);
  if (contexts->channels != density.channels || contexts->core != density.core)
    return ae_fail (err, AE_ERROR_NOT_FOUND,
        "a codec of %d latents, of which %d have means, wanted %d and %d",
        contexts->channels, contexts->core, density.channels, density.core);
  ae_density_start (ae_model_edit (net), &density, contexts);
  return take_parameters (ae_model_edit (net), ae_model_graph (codec), err);
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
set_tables (AeBuilder *b, const AeLatentTables *t, const char *prefix)
{
  char key[32];
  char *text = ae_symbol_tables_text (
      t->tables, ae_latent_tables_n (t));
  snprintf (key, sizeof key, "ae.codec.%s", prefix);
  set_meta (b, key, text);
  ae_free (text);
  ae_build_density_outputs (b, &t->weights, prefix);
}

static void
set_points (AeBuilder *b, const AeLatentTables *t, const char *prefix)
{
  char name[32];
  AeWeightTensor points = ae_points_tensor (t);
  snprintf (name, sizeof name, "%s.%s", prefix, points.name);
  ae_build_output (
      b, ae_build_int16s (b, points.shape, points.values), name);
}

/* The step of changes' quantiser, as powers of 2: at level 0, and what level 1
 * adds. At high rates a step D makes an error of D^2 / 12, which a bit less of
 * rate makes larger by 2 ln 2 times that: lambda times which is one bit. */
static void
set_step (AeBuilder *b, const float lambda[2])
{
  char text[32];
  float unit = 1 << AE_POWER_BITS, bit = 12 / (2 * logf (2));
  snprintf (text, sizeof text, "%ld %ld",
      lrintf (unit * 0.5f * log2f (bit / lambda[0])),
      lrintf (unit * 0.5f * log2f (lambda[0] / lambda[1])));
  set_meta (b, "ae.codec.step", text);
}

static void
set_masking (AeBuilder *b, int percent, const AeLatentTables *steps)
{
  char text[16];
  if (!percent)
    return;
  snprintf (text, sizeof text, "%d", percent);
  set_meta (b, "ae.codec.masking", text);
  set_tables (b, steps, "steps");
}

AeStatus
ae_build_codec (AeModel **out, const AeCodecShape *s, const AeModel *trained,
    const AeCodecTables *tables, const char *const *meta, size_t n_meta,
    AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int frame = frame_input (&b), level = level_input (&b);
  int integers = ae_build_input (
      &b, "integers", ae_shape (4, -1, s->latents, -1, -1));
  ae_build_output (&b, encode (&b, s, frame, level, false), "latents");
  ae_build_output (&b, decode (&b, s, integers, level, false), "decoded");
  if (b.error.status == AE_OK)
    take_parameters (
        ae_model_edit (b.model), ae_model_graph (trained), &b.error);
  set_meta (&b, "ae.task", "codec");
  set_step (&b, s->lambda);
  set_tables (&b, &tables->intra, DENSITY);
  set_points (&b, &tables->intra, DENSITY);
  set_tables (&b, &tables->motion, "motion");
  set_tables (&b, &tables->change, "change");
  set_masking (&b, s->masking, &tables->steps);
  for (size_t i = 0; i < n_meta; i++)
    set_meta (&b, meta[2 * i], meta[2 * i + 1]);
  return ae_builder_end (&b, out, err);
}
