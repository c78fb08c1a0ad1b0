/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/nets.h"

#include "graph/build.h"
#include "train/recipe.h"

#include <stdio.h>
#include <string.h>

/* Scales that fit heights and widths which are multiples of 4. */
#define MAX_SCALES 3

#define FRAME_CHANNELS 6

typedef struct {
  int n_scales, width[AE_KEY_MAX_LIST], depth[AE_KEY_MAX_LIST];
  int gate_width;
  bool residual;
} Shape;

static AeStatus
read_shape (Shape *shape, const AeRecipe *recipe, AeError *err)
{
  size_t n = ae_recipe_ints_of (recipe, "network", "widths", shape->width);
  size_t n_depths
      = ae_recipe_ints_of (recipe, "network", "depths", shape->depth);
  if (n != n_depths || n > MAX_SCALES)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[network] has %zu widths and %zu depths, wanted as many of both and "
        "at most %d",
        n, n_depths, MAX_SCALES);
  shape->n_scales = (int) n;
  shape->gate_width
      = (int) ae_recipe_number_of (recipe, "network", "gate_width");
  shape->residual = ae_recipe_bool_of (recipe, "network", "residual");
  return AE_OK;
}

static int
conv3 (AeBuilder *b, int x, int ic, int oc, float gain, const char *name)
{
  return ae_build_conv (
      b, x, (AeConvSpec){ .ic = ic, .oc = oc, .kernel = 3, .gain = gain },
      name);
}

static int
conv3_relu (AeBuilder *b, int x, int ic, int oc, const char *name)
{
  return ae_build_unary (b, "Relu", conv3 (b, x, ic, oc, 1, name));
}

/* `depth` convolutions of one scale. The second of a residual pair starts
 * small, so that every pair starts near the identity. */
static int
build_scale (AeBuilder *b, const Shape *shape, int x, int width, int depth,
    const char *prefix)
{
  char name[64];
  int skip = x;
  for (int i = 0; i < depth; i++) {
    snprintf (name, sizeof name, "%s.conv%d", prefix, i);
    if (shape->residual && i % 2 == 1) {
      int y = conv3 (b, x, width, width, 0.3f, name);
      x = skip = ae_build_binary (b, "Add", y, skip);
    } else
      x = conv3_relu (b, x, width, width, name);
  }
  return x;
}

static int
build_unet (AeBuilder *b, const Shape *shape, int x, int ic)
{
  char name[64];
  int skips[MAX_SCALES];
  int n = shape->n_scales;
  x = conv3_relu (b, x, ic, shape->width[0], "head");
  for (int s = 0; s < n; s++) {
    /* the head is the first convolution of the first scale */
    int depth = shape->depth[s] - (s == 0 && !shape->residual);
    snprintf (name, sizeof name, "down%d", s);
    x = build_scale (b, shape, x, shape->width[s], depth, name);
    if (s == n - 1)
      break;
    skips[s] = x;
    snprintf (name, sizeof name, "reduce%d", s);
    x = ae_build_conv (b, x,
        (AeConvSpec){ .ic = shape->width[s],
            .oc = shape->width[s + 1],
            .kernel = 2,
            .stride = 2,
            .gain = 0.7f },
        name);
  }
  for (int s = n - 2; s >= 0; s--) {
    snprintf (name, sizeof name, "enlarge%d", s);
    x = ae_build_conv_transpose (b, x,
        (AeConvSpec){ .ic = shape->width[s + 1],
            .oc = shape->width[s],
            .kernel = 2,
            .stride = 2,
            .gain = 0.5f },
        name);
    x = ae_build_binary (b, "Add", x, skips[s]);
    snprintf (name, sizeof name, "up%d", s);
    x = build_scale (b, shape, x, shape->width[s], shape->depth[s], name);
  }
  return conv3 (b, x, shape->width[0], FRAME_CHANNELS, 0.1f, "tail");
}

/* Probability, one channel, that fused and frame show the same. The inputs
 * are small numbers (differences, noise; both some 0.1): hence the gain. */
static int
build_gate (AeBuilder *b, const Shape *shape, int difference, int count,
    int noise)
{
  int inputs[] = { ae_build_unary (b, "Abs", difference), noise,
    ae_build_binary (b, "Mul", count,
        ae_build_scalar (b, 1.0f / AE_DENOISE_MAX_COUNT)) };
  int x = ae_build_concat (b, inputs, 3, 1);
  x = conv3 (b, x, FRAME_CHANNELS + 3, shape->gate_width, 3, "gate.conv0");
  x = ae_build_unary (b, "Relu", x);
  x = conv3 (b, x, shape->gate_width, 1, 0.5f, "gate.conv1");
  return ae_build_unary (b, "Sigmoid", x);
}

static void
build_denoiser (AeBuilder *b, const Shape *shape)
{
  int frame = ae_build_input (b, "frame", ae_shape (4, -1, 6, -1, -1));
  int fused = ae_build_input (b, "fused", ae_shape (4, -1, 6, -1, -1));
  int count = ae_build_input (b, "count", ae_shape (4, -1, 1, -1, -1));
  int noise = ae_build_input (b, "noise", ae_shape (4, -1, 2, -1, -1));

  int difference = ae_build_binary (b, "Sub", frame, fused);
  int gate = build_gate (b, shape, difference, count, noise);
  int m = ae_build_binary (b, "Mul", gate, count);
  int one = ae_build_scalar (b, 1);
  int total = ae_build_binary (b, "Add", m, one);
  /* frame - (m / (m + 1)) (frame - fused): one pass less over six channels
   * than (m fused + frame) / (m + 1). The U-Net sees values around 0: it
   * learns several times faster so. */
  int share = ae_build_binary (b, "Div", m, total);
  int half = ae_build_scalar (b, 0.5f);
  int centred = ae_build_binary (b, "Sub", frame, half);
  int fused_centred = ae_build_binary (
      b, "Sub", centred, ae_build_binary (b, "Mul", difference, share));
  int fused_out = ae_build_binary (b, "Add", fused_centred, half);
  int limits[] = { total, one, ae_build_scalar (b, AE_DENOISE_MAX_COUNT) };
  int count_out = ae_build_node (b, "Clip", NULL, limits, 3);
  int left = ae_build_unary (
      b, "Sqrt", ae_build_binary (b, "Div", one, total));
  int parts[] = { fused_centred, centred, ae_build_binary (b, "Mul", noise, left),
    noise };
  int x = ae_build_concat (b, parts, 4, 1);
  x = build_unet (b, shape, x, 2 * FRAME_CHANNELS + 4);
  ae_build_output (b, ae_build_binary (b, "Add", x, fused_out), "clean");
  ae_build_output (b, fused_out, "fused_out");
  ae_build_output (b, count_out, "count_out");
}

static void
set_meta (AeBuilder *b, const AeRecipe *recipe)
{
  bool half
      = strcmp (ae_recipe_text_of (recipe, "model", "weights"), "float16") == 0;
  const char *const pairs[][2] = {
    { "ae.task", "denoise" },
    { "ae.format", "yuv420-s2d" },
    { "ae.name", ae_recipe_text_of (recipe, "model", "name") },
    { "ae.description", ae_recipe_text_of (recipe, "model", "description") },
    { "ae.weights", half ? "float16" : NULL },
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (b->error.status == AE_OK && pairs[i][1])
      ae_model_set_meta (b->model, pairs[i][0], pairs[i][1], &b->error);
}

AeStatus
ae_build_denoise_net (AeModel **out, const AeRecipe *recipe, AeError *err)
{
  *out = NULL;
  Shape shape;
  AeStatus status = read_shape (&shape, recipe, err);
  if (status != AE_OK)
    return status;
  AeBuilder b;
  ae_builder_start (
      &b, (uint64_t) ae_recipe_number_of (recipe, "training", "seed"));
  build_denoiser (&b, &shape);
  set_meta (&b, recipe);
  return ae_builder_end (&b, out, err);
}
