/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/timing_nets.h>

#include "graph/build.h"

#include <stdio.h>
#include <string.h>

#define SEED 1

static int
conv_relu (AeBuilder *b, int x, int ic, int oc, int kernel, int stride,
    const char *name)
{
  AeConvSpec spec = { .ic = ic, .oc = oc, .kernel = kernel, .stride = stride,
    .gain = 1 };
  return ae_build_unary (b, "Relu", ae_build_conv (b, x, spec, name));
}

static int
conv3 (AeBuilder *b, int x, int ic, int oc, const char *name)
{
  AeConvSpec spec = { .ic = ic, .oc = oc, .kernel = 3, .gain = 1 };
  return ae_build_conv (b, x, spec, name);
}

static int
picture (AeBuilder *b, int batch, int channels)
{
  return ae_build_input (b, "x", ae_shape (4, batch, channels, -1, -1));
}

/* A chain of 3x3 convolutions from ic over `width` channels to oc. */
static int
chain (AeBuilder *b, int x, int ic, int width, int n, int oc)
{
  char name[32];
  for (int i = 0; i < n; i++) {
    snprintf (name, sizeof name, "conv%d", i);
    x = conv_relu (b, x, i == 0 ? ic : width, width, 3, 1, name);
  }
  return conv3 (b, x, width, oc, "last");
}

static int
ffdnet (AeBuilder *b, int batch)
{
  int x = ae_build_space_to_depth (b, picture (b, batch, 3), 2);
  x = chain (b, x, 12, 48, 9, 12);
  return ae_build_depth_to_space (b, x, 2);
}

static int
dncnn (AeBuilder *b, int batch)
{
  int x = picture (b, batch, 3);
  return ae_build_binary (b, "Sub", x, chain (b, x, 3, 32, 6, 3));
}

static int
two_convs (AeBuilder *b, int x, int ic, int oc, const char *prefix)
{
  char name[32];
  snprintf (name, sizeof name, "%s.a", prefix);
  x = conv_relu (b, x, ic, oc, 3, 1, name);
  snprintf (name, sizeof name, "%s.b", prefix);
  return conv_relu (b, x, oc, oc, 3, 1, name);
}

static int
max_pool (AeBuilder *b, int x)
{
  AeAttrs attrs = { 0 };
  const int64_t two[2] = { 2, 2 };
  if (!ae_attrs_set_ints (&attrs, "kernel_shape", two, 2)
      || !ae_attrs_set_ints (&attrs, "strides", two, 2))
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a network");
  return ae_build_node (b, "MaxPool", &attrs, &x, 1);
}

static int
up_and_join (AeBuilder *b, int x, int ic, int oc, int skip, const char *name)
{
  AeConvSpec spec = { .ic = ic, .oc = oc, .kernel = 2, .stride = 2,
    .gain = 1 };
  int both[2] = { ae_build_conv_transpose (b, x, spec, name), skip };
  return ae_build_concat (b, both, 2, 1);
}

static int
unet (AeBuilder *b, int batch)
{
  int one = two_convs (b, picture (b, batch, 3), 3, 16, "down1");
  int two = two_convs (b, max_pool (b, one), 16, 32, "down2");
  int x = two_convs (b, max_pool (b, two), 32, 64, "middle");
  x = two_convs (b, up_and_join (b, x, 64, 32, two, "up2.t"), 64, 32, "up2");
  x = two_convs (b, up_and_join (b, x, 32, 16, one, "up1.t"), 32, 16, "up1");
  return conv3 (b, x, 16, 3, "last");
}

static int
encode (AeBuilder *b, int x)
{
  x = conv_relu (b, x, 3, 64, 5, 2, "conv1");
  x = conv_relu (b, x, 64, 64, 5, 2, "conv2");
  x = conv_relu (b, x, 64, 64, 5, 2, "conv3");
  AeConvSpec spec = { .ic = 64, .oc = 96, .kernel = 5, .stride = 2,
    .gain = 1 };
  return ae_build_conv (b, x, spec, "conv4");
}

static int
decode (AeBuilder *b, int x)
{
  static const int width[] = { 96, 64, 64, 64, 3 };
  for (int i = 0; i < 4; i++) {
    char name[32];
    snprintf (name, sizeof name, "transposed%d", i + 1);
    AeConvSpec spec = { .ic = width[i], .oc = width[i + 1], .kernel = 5,
      .stride = 2, .gain = 1 };
    x = ae_build_conv_transpose (b, x, spec, name);
    if (i < 3)
      x = ae_build_unary (b, "Relu", x);
  }
  return x;
}

static int
encoder (AeBuilder *b, int batch)
{
  return encode (b, picture (b, batch, 3));
}

static int
decoder (AeBuilder *b, int batch)
{
  return decode (b, picture (b, batch, 96));
}

static int
autoencoder (AeBuilder *b, int batch)
{
  return decode (b, encode (b, picture (b, batch, 3)));
}

static int
mlp (AeBuilder *b, int batch)
{
  int x = ae_build_input (b, "x", ae_shape (2, batch, 784));
  x = ae_build_unary (
      b, "Relu", ae_build_dense (b, x, 784, 400, 1, "dense1"));
  x = ae_build_unary (
      b, "Relu", ae_build_dense (b, x, 400, 400, 1, "dense2"));
  return ae_build_dense (b, x, 400, 10, 1, "dense3");
}

/* Radford et al., 2016; batch norm, which is one with the convolution when
 * such a network runs, is left out. */
static const int dcgan_width[] = { 3, 64, 128, 256, 512 };

static int
dcgan_discriminator (AeBuilder *b, int batch)
{
  int x = ae_build_input (b, "x", ae_shape (4, batch, 3, 64, 64));
  for (int i = 0; i < 4; i++) {
    char name[32];
    snprintf (name, sizeof name, "conv%d", i + 1);
    AeConvSpec spec = { .ic = dcgan_width[i], .oc = dcgan_width[i + 1],
      .kernel = 4, .stride = 2, .gain = 1 };
    x = ae_build_unary (b, "LeakyRelu", ae_build_conv (b, x, spec, name));
  }
  AeConvSpec last = { .ic = 512, .oc = 1, .kernel = 4, .stride = 4,
    .gain = 1 };
  return ae_build_conv (b, x, last, "last");
}

static int
dcgan_generator (AeBuilder *b, int batch)
{
  int x = ae_build_input (b, "x", ae_shape (4, batch, 100, 1, 1));
  AeConvSpec first = { .ic = 100, .oc = 512, .kernel = 4, .stride = 4,
    .gain = 1 };
  x = ae_build_unary (
      b, "Relu", ae_build_conv_transpose (b, x, first, "first"));
  for (int i = 4; i > 0; i--) {
    char name[32];
    snprintf (name, sizeof name, "conv%d", i);
    AeConvSpec spec = { .ic = dcgan_width[i], .oc = dcgan_width[i - 1],
      .kernel = 4, .stride = 2, .gain = 1 };
    x = ae_build_conv_transpose (b, x, spec, name);
    x = ae_build_unary (b, i > 1 ? "Relu" : "Tanh", x);
  }
  return x;
}

static int
dense_relu (AeBuilder *b, int x, int in, int out, const char *name)
{
  return ae_build_unary (b, "Relu", ae_build_dense (b, x, in, out, 1, name));
}

static int
times (AeBuilder *b, int x, float factor)
{
  return ae_build_binary (b, "Mul", x, ae_build_scalar (b, factor));
}

/* (mean^2 + variance - log variance - 1) / 2 of every latent value. */
static int
divergence (AeBuilder *b, int mean, int log_variance)
{
  int variance = ae_build_unary (b, "Exp", log_variance);
  int sum = ae_build_binary (
      b, "Add", ae_build_binary (b, "Mul", mean, mean), variance);
  sum = ae_build_binary (b, "Sub", sum, log_variance);
  sum = ae_build_binary (b, "Sub", sum, ae_build_scalar (b, 1));
  return times (b, sum, 0.5f);
}

/* Kingma and Welling, 2014, with the noise as an input. */
static int
vae (AeBuilder *b, int batch)
{
  int x = ae_build_input (b, "x", ae_shape (2, batch, 784));
  int noise = ae_build_input (b, "noise", ae_shape (2, batch, 20));
  int h = dense_relu (b, x, 784, 400, "encode");
  int mean = ae_build_dense (b, h, 400, 20, 1, "mean");
  int log_variance = ae_build_dense (b, h, 400, 20, 1, "log_variance");
  int deviation = ae_build_unary (b, "Exp", times (b, log_variance, 0.5f));
  int z = ae_build_binary (
      b, "Add", mean, ae_build_binary (b, "Mul", noise, deviation));
  ae_build_output (b, divergence (b, mean, log_variance), "divergence");
  h = dense_relu (b, z, 20, 400, "decode");
  return ae_build_unary (
      b, "Sigmoid", ae_build_dense (b, h, 400, 784, 1, "pixels"));
}

/* A small DCGAN of 28x28 pixels. */
static int
make_digit (AeBuilder *b, int batch)
{
  int x = ae_build_input (b, "z", ae_shape (4, batch, 64, 1, 1));
  AeConvSpec spec = { .ic = 64, .oc = 128, .kernel = 7, .stride = 7,
    .gain = 1 };
  x = ae_build_unary (
      b, "Relu", ae_build_conv_transpose (b, x, spec, "g1"));
  spec = (AeConvSpec){ .ic = 128, .oc = 64, .kernel = 4, .stride = 2,
    .gain = 1 };
  x = ae_build_unary (
      b, "Relu", ae_build_conv_transpose (b, x, spec, "g2"));
  spec.ic = 64;
  spec.oc = 1;
  return ae_build_unary (
      b, "Tanh", ae_build_conv_transpose (b, x, spec, "g3"));
}

static int
judge_digit (AeBuilder *b, int x)
{
  AeConvSpec spec = { .ic = 1, .oc = 64, .kernel = 4, .stride = 2,
    .gain = 1 };
  x = ae_build_unary (b, "LeakyRelu", ae_build_conv (b, x, spec, "d1"));
  spec.ic = 64;
  spec.oc = 128;
  x = ae_build_unary (b, "LeakyRelu", ae_build_conv (b, x, spec, "d2"));
  spec = (AeConvSpec){ .ic = 128, .oc = 1, .kernel = 7, .stride = 7,
    .gain = 1 };
  return ae_build_conv (b, x, spec, "d3");
}

static int
gan_discriminator (AeBuilder *b, int batch)
{
  return judge_digit (
      b, ae_build_input (b, "x", ae_shape (4, batch, 1, 28, 28)));
}

/* The generator's part of a step: the discriminator is not trained. */
static int
gan (AeBuilder *b, int batch)
{
  int x = make_digit (b, batch);
  AeGraph *graph = ae_model_edit (b->model);
  int first = graph->n_values;
  int y = judge_digit (b, x);
  for (int v = first; v < graph->n_values; v++)
    graph->values[v].trainable = false;
  return y;
}

static const AeTimingNet nets[] = {
  { "ffdnet", "denoiser at half size: 10 convolutions of 48 channels" },
  { "unet", "three scales of 16, 32, 64 channels, max-pool" },
  { "dncnn", "denoiser at full size: 7 convolutions of 32 channels" },
  { "encoder", "codec: 5x5 of stride 2, 3-64-64-64-96 channels" },
  { "decoder", "codec: transposed 5x5 of stride 2, 96-64-64-64-3" },
  { "autoencoder", "the codec's encoder and decoder" },
  { "mlp", "dense layers 784-400-400-10" },
  { "dcgan-discriminator", "4x4 of stride 2 on 64x64 pixels" },
  { "dcgan-generator", "transposed 4x4 of stride 2 to 64x64 pixels" },
  { "vae", "variational autoencoder of dense layers 784-400-20" },
  { "gan-generator", "transposed 4x4 of stride 2 to 28x28 pixels" },
  { "gan-discriminator", "4x4 of stride 2 on 28x28 pixels" },
  { "gan", "the generator, judged by the discriminator" },
  { NULL, NULL },
};

static int (*const builders[]) (AeBuilder *b, int batch) = { ffdnet, unet,
  dncnn, encoder, decoder, autoencoder, mlp, dcgan_discriminator,
  dcgan_generator, vae, make_digit, gan_discriminator, gan };

const AeTimingNet *
ae_timing_nets (void)
{
  return nets;
}

AeStatus
ae_timing_net_new (
    AeModel **out, const char *name, int batch, AeError *err)
{
  *out = NULL;
  int i = 0;
  while (nets[i].name && strcmp (nets[i].name, name) != 0)
    i++;
  if (!nets[i].name)
    return ae_fail (
        err, AE_ERROR_NOT_FOUND, "no network for timing is called %s", name);
  AeBuilder b;
  ae_builder_start (&b, SEED);
  ae_build_output (&b, builders[i](&b, batch), "y");
  return ae_builder_end (&b, out, err);
}

AeStatus
ae_timing_chain_new (
    AeModel **out, int batch, int channels, int layers, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, SEED);
  int x = picture (&b, batch, channels);
  for (int i = 0; i < layers; i++) {
    char name[32];
    snprintf (name, sizeof name, "conv%d", i);
    x = conv_relu (&b, x, channels, channels, 3, 1, name);
  }
  ae_build_output (&b, x, "y");
  return ae_builder_end (&b, out, err);
}
