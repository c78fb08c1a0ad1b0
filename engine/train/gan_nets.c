/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/gan_nets.h"

#include "sample/class_shares.h"
#include "train/weights.h"

#include <math.h>
#include <stdio.h>

#define MOST_WEIGHTS 50000000.0 /* of one layer */
#define KERNEL 4                /* of convolutions that halve or double */
#define SLOPE 0.2f              /* of the discriminator, below 0 */
#define LINEAR_GAIN 0.7f        /* of layers that nothing rectifies */
#define LAST_GAIN 0.3f
#define RESIDUAL_GAIN 0.5f
#define LEAST_VARIANCE 1e-8f /* of a value over the batch */

/* Names of parameters in one model do not meet. */
#define GENERATOR "g."
#define DISCRIMINATOR "d."

static size_t
n_values (const AeGanShape *s)
{
  return ae_thumbnail_bytes (&s->size);
}

/* Values of the discriminator's last layer but one. */
static size_t
n_features (const AeGanShape *s)
{
  size_t last = (size_t) s->widths[s->n_widths - 1];
  if (s->net == AE_GAN_DENSE)
    return last;
  return last * (size_t) (s->size.width >> s->n_widths)
      * (size_t) (s->size.height >> s->n_widths);
}

/* Weights of the generator's or discriminator's largest layer. */
static double
largest_layer (const AeGanShape *s)
{
  bool conv = s->net == AE_GAN_CONV;
  double most = (double) n_features (s) * (s->latent + s->classes);
  double in = conv ? s->size.channels : (double) n_values (s);
  for (size_t i = 0; i < s->n_widths; i++) {
    double weights = in * s->widths[i] * (conv ? KERNEL * KERNEL : 1);
    most = weights > most ? weights : most;
    in = s->widths[i];
  }
  return most;
}

AeStatus
ae_gan_check (const AeGanShape *s, AeError *err)
{
  int unit = s->net == AE_GAN_CONV ? 1 << s->n_widths : 1;
  if (s->size.width % unit != 0 || s->size.height % unit != 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "pictures of %dx%d, wanted multiples of %d, as they are halved %zu "
        "times: see gan.size and widths",
        s->size.width, s->size.height, unit, s->n_widths);
  double most = largest_layer (s);
  if (most > MOST_WEIGHTS)
    return ae_fail (err, AE_ERROR_LIMIT,
        "a layer of %.0f weights, wanted at most %.0f", most, MOST_WEIGHTS);
  return AE_OK;
}

static const char *
numbered (char name[32], const char *prefix, size_t number)
{
  snprintf (name, 32, "%s%zu", prefix, number);
  return name;
}

static int
leaky (AeBuilder *b, int x)
{
  AeAttrs slope = { 0 };
  if (!ae_attrs_set_float (&slope, "alpha", SLOPE))
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a layer");
  return ae_build_node (b, "LeakyRelu", &slope, &x, 1);
}

static int
mean_along (AeBuilder *b, int x, int64_t axis)
{
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_ints (&attrs, "axes", &axis, 1))
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a graph");
  return ae_build_node (b, "ReduceMean", &attrs, &x, 1);
}

/* The generator. */

/* x + conv (x), `number` gives it its name. */
static int
residual (AeBuilder *b, int x, int width, const char *prefix, int number)
{
  AeConvSpec spec
      = { .ic = width, .oc = width, .kernel = 3, .gain = RESIDUAL_GAIN };
  char name[64];
  snprintf (name, sizeof name, "%s.refine%d", prefix, number);
  return ae_build_binary (b, "Add", x, ae_build_conv (b, x, spec, name));
}

/* As many residual convolutions as there are to be at this size. */
static int
refine (AeBuilder *b, const AeGanShape *s, int x, size_t scale)
{
  char name[32];
  numbered (name, GENERATOR, scale);
  for (int i = 0; i < s->depth; i++)
    x = ae_build_unary (
        b, "Relu", residual (b, x, s->widths[scale], name, i));
  return x;
}

/* The smallest maps -> the picture before it is limited to 0..1. */
static int
enlarge (AeBuilder *b, const AeGanShape *s, int x)
{
  char name[32];
  for (size_t i = s->n_widths; i-- > 0;) {
    AeConvSpec spec = { .ic = s->widths[i],
      .oc = i > 0 ? s->widths[i - 1] : s->size.channels,
      .kernel = KERNEL, .stride = 2, .gain = i > 0 ? 1 : LAST_GAIN };
    x = ae_build_conv_transpose (
        b, refine (b, s, x, i), spec, numbered (name, GENERATOR, i));
    if (i > 0)
      x = ae_build_unary (b, "Relu", x);
  }
  return x;
}

static int
dense_relu (AeBuilder *b, int x, int in, int out, const char *name)
{
  return ae_build_unary (
      b, "Relu", ae_build_dense (b, x, in, out, 1, name));
}

/* classes: value, or -1. */
static int
generate (AeBuilder *b, const AeGanShape *s, int latent, int classes)
{
  char name[32];
  int both[2] = { latent, classes }, n = s->latent + s->classes;
  int x = classes >= 0 ? ae_build_concat (b, both, 2, 1) : latent;
  if (s->net == AE_GAN_CONV) {
    int64_t shape[4] = { -1, s->widths[s->n_widths - 1],
      s->size.height >> s->n_widths, s->size.width >> s->n_widths };
    x = dense_relu (b, x, n, (int) n_features (s), GENERATOR "latent");
    x = enlarge (b, s, ae_build_reshape (b, x, shape, 4));
    return ae_build_unary (b, "Sigmoid", x);
  }
  for (size_t i = s->n_widths; i-- > 0;) {
    x = dense_relu (b, x, n, s->widths[i], numbered (name, GENERATOR, i));
    n = s->widths[i];
  }
  int64_t shape[4] = { -1, s->size.channels, s->size.height, s->size.width };
  x = ae_build_dense (
      b, x, n, (int) n_values (s), LAST_GAIN, GENERATOR "frame");
  return ae_build_unary (b, "Sigmoid", ae_build_reshape (b, x, shape, 4));
}

/* The discriminator. */

/* frame -> (N, n_features) */
static int
features (AeBuilder *b, const AeGanShape *s, int frame)
{
  char name[32];
  bool conv = s->net == AE_GAN_CONV;
  int64_t flat[2] = { -1, (int64_t) (conv ? n_features (s) : n_values (s)) };
  int in = conv ? s->size.channels : (int) n_values (s);
  int x = ae_build_binary (b, "Sub", frame, ae_build_scalar (b, 0.5f));
  x = ae_build_binary (b, "Mul", x, ae_build_scalar (b, 2));
  if (!conv)
    x = ae_build_reshape (b, x, flat, 2);
  for (size_t i = 0; i < s->n_widths; i++) {
    AeConvSpec spec = { .ic = in, .oc = s->widths[i], .kernel = KERNEL,
      .stride = 2, .gain = 1 };
    numbered (name, DISCRIMINATOR, i);
    x = leaky (b,
        conv ? ae_build_conv (b, x, spec, name)
             : ae_build_dense (b, x, in, s->widths[i], 1, name));
    in = s->widths[i];
  }
  for (int i = 0; conv && i < s->discriminator_depth; i++)
    x = leaky (b, residual (b, x, in, DISCRIMINATOR "last", i));
  return conv ? ae_build_reshape (b, x, flat, 2) : x;
}

/* Each value's standard deviation over the batch, on average: (1,1). */
static int
spread (AeBuilder *b, int x)
{
  int d = ae_build_binary (b, "Sub", x, mean_along (b, x, 0));
  int variance = mean_along (b, ae_build_binary (b, "Mul", d, d), 0);
  int some = ae_build_binary (
      b, "Add", variance, ae_build_scalar (b, LEAST_VARIANCE));
  return mean_along (b, ae_build_unary (b, "Sqrt", some), 1);
}

static int
realness (AeBuilder *b, const AeGanShape *s, int frame, int classes)
{
  int n = (int) n_features (s);
  int x = features (b, s, frame);
  int said = ae_build_dense (
      b, x, n, 1, LINEAR_GAIN, DISCRIMINATOR "realness");
  if (s->batch_spread)
    said = ae_build_binary (b, "Add", said,
        ae_build_dense (
            b, spread (b, x), 1, 1, LINEAR_GAIN, DISCRIMINATOR "spread"));
  if (classes < 0)
    return said;
  /* the inner product with a vector of the class, at first as large */
  float gain = LINEAR_GAIN * sqrtf ((float) s->classes / (float) n);
  int of_class = ae_build_dense (
      b, classes, s->classes, n, gain, DISCRIMINATOR "class");
  int product
      = mean_along (b, ae_build_binary (b, "Mul", x, of_class), 1);
  return ae_build_binary (b, "Add", said,
      ae_build_binary (b, "Mul", product, ae_build_scalar (b, (float) n)));
}

/* Graphs. */

static int
latent_input (AeBuilder *b, const AeGanShape *s)
{
  return ae_build_input (b, "latent", ae_shape (2, -1, s->latent));
}

static int
class_input (AeBuilder *b, const AeGanShape *s)
{
  return s->classes > 0
      ? ae_build_input (b, "class", ae_shape (2, -1, s->classes))
      : -1;
}

static int
frame_input (AeBuilder *b, const AeGanShape *s)
{
  return ae_build_input (b, "frame",
      ae_shape (4, -1, s->size.channels, s->size.height, s->size.width));
}

static AeStatus
finish (AeBuilder *b, AeModel **out, const AeModel *base, AeError *err)
{
  if (base && b->error.status == AE_OK)
    ae_take_weights (b->model, base, &b->error);
  return ae_builder_end (b, out, err);
}

AeStatus
ae_build_gan_generator (AeModel **out, const AeGanShape *s,
    const AeModel *base, uint64_t seed, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, seed);
  int latent = latent_input (&b, s), classes = class_input (&b, s);
  ae_build_output (&b, generate (&b, s, latent, classes), "generated");
  return finish (&b, out, base, err);
}

AeStatus
ae_build_gan_discriminator (AeModel **out, const AeGanShape *s,
    const AeGanAugment *augment, const AeModel *base, uint64_t seed,
    AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, seed);
  int frame = frame_input (&b, s), classes = class_input (&b, s);
  frame = ae_build_gan_augment (&b, frame, &s->size, augment);
  ae_build_output (&b, realness (&b, s, frame, classes), "realness");
  return finish (&b, out, base, err);
}

static void
set_facts (AeBuilder *b, const AeGanShape *s, const AeGanFacts *facts)
{
  const char *const *meta = facts->meta;
  if (facts->shares)
    ae_build_output (b,
        ae_build_values (b, ae_shape (2, 1, s->classes), facts->shares, NULL),
        AE_SHARES_CONSTANT);
  for (size_t i = 0; i < facts->n_meta && b->error.status == AE_OK; i++)
    if (meta[2 * i + 1])
      ae_model_set_meta (b->model, meta[2 * i], meta[2 * i + 1], &b->error);
}

AeStatus
ae_build_gan (AeModel **out, const AeGanShape *s, const AeModel *generator,
    const AeModel *discriminator, const AeGanFacts *facts, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int latent = latent_input (&b, s), classes = class_input (&b, s);
  int frame = frame_input (&b, s);
  ae_build_output (&b, generate (&b, s, latent, classes), "generated");
  ae_build_output (&b, realness (&b, s, frame, classes), "realness");
  if (generator && b.error.status == AE_OK)
    ae_take_weights_named (b.model, generator, GENERATOR, &b.error);
  if (discriminator && b.error.status == AE_OK)
    ae_take_weights_named (b.model, discriminator, DISCRIMINATOR, &b.error);
  set_facts (&b, s, facts);
  return ae_builder_end (&b, out, err);
}
