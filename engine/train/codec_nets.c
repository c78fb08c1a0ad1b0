/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/codec_nets.h"

#include "graph/build.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>

#define FRAME_CHANNELS 6
#define GAIN_LOW 0.0f   /* logarithms of the gains at first: level 0, and */
#define GAIN_RANGE 2.3f /* what level 1 adds */
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

static int
analysis (AeBuilder *b, const AeCodecShape *s, int frame)
{
  int x = plus (b, frame, -0.5f);
  x = conv (b, x, FRAME_CHANNELS, s->widths[0], 5, 2, 1, "a.quarter");
  x = residuals (b, ae_build_unary (b, "Relu", x), s->widths[0], s->depths[0],
      "a.quarter");
  x = conv (b, x, s->widths[0], s->widths[1], 5, 2, 1, "a.eighth");
  x = residuals (b, ae_build_unary (b, "Relu", x), s->widths[1], s->depths[1],
      "a.eighth");
  return conv (b, x, s->widths[1], s->latents, 5, 2, 2, "a.latents");
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
  int x = enlarge (b, latents, s->latents, s->widths[1], 0.5f, "s.eighth");
  x = residuals (b, ae_build_unary (b, "Relu", x), s->widths[1], s->depths[1],
      "s.eighth");
  x = enlarge (b, x, s->widths[1], s->widths[0], 1, "s.quarter");
  x = residuals (b, ae_build_unary (b, "Relu", x), s->widths[0], s->depths[0],
      "s.quarter");
  x = enlarge (b, x, s->widths[0], FRAME_CHANNELS, 0.3f, "s.frame");
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
  int weights = ae_build_values (b, ae_shape (4, channels, 1, 3, 3), all);
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
  int weights
      = ae_build_values (b, ae_shape (4, channels, channels, 1, 1), all);
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
  int near = share_of (b, near_sizes (b, sizes, channels), channels, 0.2f,
      -0.4f, "scale.near");
  int deep = share_of (b, deep_sizes (b, sizes, channels), channels, 0.1f,
      -0.2f, "scale.deep");
  sum = ae_build_binary (b, "Add", sum, ae_build_binary (b, "Add", near, deep));
  return ae_build_unary (b, "Exp", sum);
}

/* The root of -log2 P (latent), of a logistic density around 0. */
static int
root_bits (AeBuilder *b, int latents, int channels, int level)
{
  int sizes = ae_build_unary (b, "Abs", latents);
  int inverse = inverse_scales (b, sizes, channels, level);
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
      ae_build_values (&b, per_channel (FRAME_CHANNELS), weights));
  ae_build_output (&b, error, "error");
  ae_build_output (
      &b, root_bits (&b, latents, s->latents, level), "root_bits");
  return ae_builder_end (&b, out, err);
}

AeStatus
ae_build_codec_encoder (AeModel **out, const AeCodecShape *s, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int frame = frame_input (&b), level = level_input (&b);
  ae_build_output (&b, encode (&b, s, frame, level), "latents");
  return ae_builder_end (&b, out, err);
}

AeStatus
ae_build_codec_decoder (AeModel **out, const AeCodecShape *s, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int latents = ae_build_input (
      &b, "latents", ae_shape (4, -1, s->latents, -1, -1));
  int level = level_input (&b);
  ae_build_output (&b, decode (&b, s, latents, level), "frame");
  return ae_builder_end (&b, out, err);
}
