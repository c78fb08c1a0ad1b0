/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_nets.h"

#include "graph/build.h"

#include <stdio.h>
#include <string.h>

#define SLOPE 0.1f /* below 0, of the discriminator: its gradients are needed */
#define FIRST_PREDICTION 0.1f /* gain of the last layer: starts near grey */

/* Names of parameters in one model do not meet. */
#define GENERATOR "g"
#define DISCRIMINATOR "d"

typedef struct {
  int ic, oc, kernel, stride;
  float gain;
} Layer;

static int
conv (AeBuilder *b, int x, Layer l, const char *prefix, const char *name)
{
  char full[64];
  AeConvSpec spec = { .ic = l.ic, .oc = l.oc, .kernel = l.kernel,
    .stride = l.stride, .gain = l.gain };
  snprintf (full, sizeof full, "%s.%s", prefix, name);
  return ae_build_conv (b, x, spec, full);
}

static int
conv_relu (AeBuilder *b, int x, Layer l, const char *name)
{
  return ae_build_unary (b, "Relu", conv (b, x, l, GENERATOR, name));
}

static int
conv_leaky (AeBuilder *b, int x, Layer l, const char *name)
{
  AeAttrs slope = { 0 };
  int in = conv (b, x, l, DISCRIMINATOR, name);
  if (!ae_attrs_set_float (&slope, "alpha", SLOPE))
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a layer");
  return ae_build_node (b, "LeakyRelu", &slope, &in, 1);
}

static int
picture_input (AeBuilder *b, const char *name, int channels)
{
  return ae_build_input (b, name, ae_shape (4, -1, channels, -1, -1));
}

static int
encode (AeBuilder *b, const AeAnomalyShape *s, int x)
{
  const int *w = s->widths;
  int ic = s->past ? s->past : 1;
  x = conv_relu (b, x, (Layer){ ic, w[0], 3, 2, 1 }, "half");
  x = conv_relu (b, x, (Layer){ w[0], w[1], 3, 2, 1 }, "quarter");
  x = conv_relu (b, x, (Layer){ w[1], w[2], 3, 2, 1 }, "eighth");
  x = conv_relu (b, x, (Layer){ w[2], w[2], 3, 1, 1 }, "wide");
  return conv (
      b, x, (Layer){ w[2], s->latent, 1, 1, 1 }, GENERATOR, "latent");
}

static int
decode (AeBuilder *b, const AeAnomalyShape *s, int latent)
{
  const int *w = s->widths;
  int x = conv_relu (b, latent, (Layer){ s->latent, w[2], 3, 1, 1 }, "back");
  x = ae_build_resize2 (b, x);
  x = conv_relu (b, x, (Layer){ w[2], w[1], 3, 1, 1 }, "to_quarter");
  x = ae_build_resize2 (b, x);
  x = conv_relu (b, x, (Layer){ w[1], w[0], 3, 1, 1 }, "to_half");
  x = conv (b, x, (Layer){ w[0], 4, 3, 1, FIRST_PREDICTION }, GENERATOR,
      "frame");
  return ae_build_depth_to_space (b, x, 2);
}

/* x: past, or the frame. */
static void
build_generator (AeBuilder *b, const AeAnomalyShape *s, int x)
{
  int latent = encode (b, s, x);
  ae_build_output (b, decode (b, s, latent), "prediction");
  ae_build_output (b, latent, "latent");
}

/* past: -1 for pictures. */
static void
build_discriminator (
    AeBuilder *b, const AeAnomalyShape *s, int frame, int past)
{
  const int *w = s->widths;
  int both[] = { frame, past };
  int x = s->past ? ae_build_concat (b, both, 2, 1) : frame;
  x = conv_leaky (b, x, (Layer){ 1 + s->past, w[0], 3, 2, 1 }, "half");
  x = conv_leaky (b, x, (Layer){ w[0], w[1], 3, 2, 1 }, "quarter");
  x = conv_leaky (b, x, (Layer){ w[1], w[2], 3, 2, 1 }, "eighth");
  x = conv_leaky (b, x, (Layer){ w[2], w[2], 3, 1, 1 }, "wide");
  x = conv (b, x, (Layer){ w[2], 1, 1, 1, 1 }, DISCRIMINATOR, "realness");
  ae_build_output (b, x, "realness");
}

AeStatus
ae_build_anomaly_generator (AeModel **out, const AeAnomalyShape *s,
    uint64_t seed, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, seed);
  build_generator (&b, s, s->past ? picture_input (&b, "past", s->past)
                                  : picture_input (&b, "frame", 1));
  return ae_builder_end (&b, out, err);
}

AeStatus
ae_build_anomaly_discriminator (AeModel **out, const AeAnomalyShape *s,
    uint64_t seed, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, seed);
  int frame = picture_input (&b, "frame", 1);
  build_discriminator (
      &b, s, frame, s->past ? picture_input (&b, "past", s->past) : -1);
  return ae_builder_end (&b, out, err);
}

/* Those whose names start with `prefix`, or all. */
static AeStatus
take_parameters (
    AeGraph *to, const AeGraph *from, const char *prefix, AeError *err)
{
  for (int v = 0; v < to->n_values; v++) {
    AeValue *value = &to->values[v];
    if (!value->constant || !value->trainable
        || strncmp (value->name, prefix, strlen (prefix)) != 0)
      continue;
    int other = ae_graph_find (from, value->name);
    const AeTensor *found = other >= 0 ? from->values[other].constant : NULL;
    if (!found || !ae_shape_equal (&found->shape, &value->constant->shape))
      return ae_fail (err, AE_ERROR_NOT_FOUND,
          "the model has no parameter %s of the shape that the recipe's "
          "[anomaly] asks for",
          value->name);
    memcpy (value->constant->data, found->data, ae_tensor_bytes (found));
  }
  return AE_OK;
}

AeStatus
ae_anomaly_net_start (AeModel *net, const AeModel *trained, AeError *err)
{
  return take_parameters (
      ae_model_edit (net), ae_model_graph (trained), "", err);
}

bool
ae_anomaly_has_networks (const AeModel *model)
{
  return ae_graph_find (ae_model_graph (model), "realness") >= 0;
}

static void
set_facts (AeBuilder *b, const AeAnomalyFacts *facts)
{
  for (size_t i = 0; i < facts->n_constants; i++) {
    const AeAnomalyConstant *c = &facts->constants[i];
    int v = c->type == AE_I8
                ? ae_build_int8s (b, c->shape, c->values)
                : ae_build_values (b, c->shape, c->values, NULL);
    ae_build_output (b, v, c->name);
  }
  for (size_t i = 0; i < facts->n_meta && b->error.status == AE_OK; i++)
    if (facts->meta[2 * i + 1])
      ae_model_set_meta (
          b->model, facts->meta[2 * i], facts->meta[2 * i + 1], &b->error);
}

AeStatus
ae_build_anomaly_net (AeModel **out, const AeAnomalyShape *s,
    const AeModel *generator, const AeModel *discriminator,
    const AeAnomalyFacts *facts, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int past = s->past ? picture_input (&b, "past", s->past) : -1;
  int frame = picture_input (&b, "frame", 1);
  if (!generator) { /* a graph has an output */
    ae_build_output (&b, ae_build_unary (&b, "Identity", frame), "picture");
    set_facts (&b, facts);
    return ae_builder_end (&b, out, err);
  }
  build_generator (&b, s, s->past ? past : frame);
  build_discriminator (&b, s, frame, past);
  if (b.error.status == AE_OK)
    take_parameters (ae_model_edit (b.model), ae_model_graph (generator),
        GENERATOR ".", &b.error);
  if (b.error.status == AE_OK)
    take_parameters (ae_model_edit (b.model), ae_model_graph (discriminator),
        DISCRIMINATOR ".", &b.error);
  set_facts (&b, facts);
  return ae_builder_end (&b, out, err);
}
