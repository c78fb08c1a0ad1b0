/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/autoencoder_coder.h"

#include "train/conv_encoder.h"
#include "train/dense_encoder.h"
#include "train/sparse_code.h"

#include <stdio.h>

#define MOST_WEIGHTS 50000000.0 /* of one layer */
#define LINEAR_GAIN 0.7f        /* of layers that nothing rectifies */
#define LAST_GAIN 0.3f
#define SPREAD_GAIN 0.1f /* of the codes' deviation, near 1 at first */
/* Logarithms of a code's variances. */
#define LEAST_SPREAD -16.0f
#define MOST_SPREAD 8.0f
#define MAP_KERNEL 3 /* of the convolutions beside a code that is maps */

static size_t
n_values (const AeAutoencoderShape *s)
{
  return ae_thumbnail_bytes (&s->size);
}

static AeConvEncoder
encoder_of (const AeAutoencoderShape *s)
{
  return (AeConvEncoder){ s->size, s->widths, s->n_widths };
}

static bool
convolves (const AeAutoencoderShape *s)
{
  return s->net == AE_CODER_CONV || s->net == AE_CODER_FULLY_CONV;
}

static int
last_width (const AeAutoencoderShape *s)
{
  return s->widths[s->n_widths - 1];
}

/* Values of the layer before the code: conv's last maps, or pixels. */
static size_t
n_features (const AeAutoencoderShape *s)
{
  if (s->net == AE_CODER_LINEAR)
    return n_values (s);
  if (s->net == AE_CODER_DENSE)
    return (size_t) last_width (s);
  AeConvEncoder encoder = encoder_of (s);
  return ae_conv_encoder_values (&encoder);
}

/* Weights of the encoder's largest layer; the decoder's are as large. */
static double
largest_layer (const AeAutoencoderShape *s)
{
  bool conv = convolves (s);
  double most = s->net == AE_CODER_FULLY_CONV
      ? (double) MAP_KERNEL * MAP_KERNEL * last_width (s) * s->latent
      : (double) n_features (s) * s->latent;
  double in = conv ? s->size.channels : (double) n_values (s);
  for (size_t i = 0; s->net != AE_CODER_LINEAR && i < s->n_widths; i++) {
    double weights = in * s->widths[i]
        * (conv ? AE_CONV_ENCODER_KERNEL * AE_CONV_ENCODER_KERNEL : 1);
    most = weights > most ? weights : most;
    in = s->widths[i];
  }
  return most;
}

/* Codes that this net has. */
static AeStatus
check_code (const AeAutoencoderShape *s, AeError *err)
{
  if (s->top_k > 0 && s->code != AE_CODE_RECTIFIED)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "[autoencoder] top_k %d of a code that is not rectified, wanted 0: see "
        "autoencoder.code",
        s->top_k);
  if (s->top_k > s->latent)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "[autoencoder] top_k %d of %d numbers, wanted at most as many: see "
        "autoencoder.latent",
        s->top_k, s->latent);
  if (s->net == AE_CODER_FULLY_CONV
      && (s->code == AE_CODE_VARIATIONAL || s->classes > 0))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "[autoencoder] net fully-conv with %s, wanted a plain or rectified "
        "code and no classes",
        s->classes > 0 ? "classes" : "a variational code");
  return AE_OK;
}

AeStatus
ae_autoencoder_check (const AeAutoencoderShape *s, AeError *err)
{
  AeConvEncoder encoder = encoder_of (s);
  AeStatus status = check_code (s, err);
  if (status == AE_OK && convolves (s))
    status = ae_conv_encoder_check (&encoder, "autoencoder", err);
  if (status != AE_OK)
    return status;
  double most = largest_layer (s);
  if (most > MOST_WEIGHTS)
    return ae_fail (err, AE_ERROR_LIMIT,
        "a layer of %.0f weights, wanted at most %.0f: see autoencoder.size, "
        "widths and latent",
        most, MOST_WEIGHTS);
  return AE_OK;
}

static int
plus (AeBuilder *b, int x, float more)
{
  return ae_build_binary (b, "Add", x, ae_build_scalar (b, more));
}

static int
flat (AeBuilder *b, int x, size_t n)
{
  int64_t shape[2] = { -1, (int64_t) n };
  return ae_build_reshape (b, x, shape, 2);
}

static const char *
numbered (char name[32], const char *prefix, size_t number)
{
  snprintf (name, 32, "%s.%zu", prefix, number);
  return name;
}

/* With the classes beside it, where there are some; *n counts them too. */
static int
with_classes (AeCoder *net, int x, size_t *n)
{
  int both[2] = { x, net->classes };
  if (net->classes < 0)
    return x;
  *n += (size_t) net->s->classes;
  return ae_build_concat (&net->b, both, 2, 1);
}

static int
dense_relu (AeBuilder *b, int x, size_t in, int out, const char *name)
{
  return ae_build_unary (
      b, "Relu", ae_build_dense (b, x, (int) in, out, 1, name));
}

/* frame -> what codes are made of, *n numbers or maps. */
static int
features (AeCoder *net, int frame, size_t *n)
{
  const AeAutoencoderShape *s = net->s;
  AeBuilder *b = &net->b;
  AeConvEncoder encoder = encoder_of (s);
  int x = plus (b, frame, -0.5f);
  if (convolves (s))
    x = ae_build_conv_encoder (b, x, &encoder);
  if (s->net == AE_CODER_FULLY_CONV) {
    *n = (size_t) last_width (s);
    return x;
  }
  *n = s->net == AE_CODER_CONV ? n_features (s) : n_values (s);
  x = with_classes (net, flat (b, x, *n), n);
  if (s->net != AE_CODER_DENSE)
    return x;
  x = ae_build_dense_encoder (b, x, *n, s->widths, s->n_widths);
  *n = n_features (s);
  return x;
}

/* Of `n` features: numbers of a code, or its maps. */
static int
code_layer (AeCoder *net, int x, size_t n, float gain, const char *name)
{
  int latent = net->s->latent;
  AeConvSpec spec = { .ic = (int) n, .oc = latent, .kernel = MAP_KERNEL,
    .gain = gain };
  return net->s->net == AE_CODER_FULLY_CONV
      ? ae_build_conv (&net->b, x, spec, name)
      : ae_build_dense (&net->b, x, (int) n, latent, gain, name);
}

int
ae_coder_encode (AeCoder *net, int frame, int *log_variance)
{
  AeBuilder *b = &net->b;
  size_t n;
  int x = features (net, frame, &n);
  int code = code_layer (net, x, n, LINEAR_GAIN, "e.latent");
  *log_variance = -1;
  if (net->s->code == AE_CODE_RECTIFIED)
    code = ae_build_unary (b, "Relu", code);
  if (net->s->top_k > 0)
    code = ae_build_largest (b, code, net->s->top_k);
  if (net->s->code != AE_CODE_VARIATIONAL)
    return code;
  int limits[3]
      = { code_layer (net, x, n, SPREAD_GAIN, "e.log_variance"),
          ae_build_scalar (b, LEAST_SPREAD), ae_build_scalar (b, MOST_SPREAD) };
  *log_variance = ae_build_node (b, "Clip", NULL, limits, 3);
  return code;
}

/* The smallest maps -> the picture. */
static int
enlarge (AeCoder *net, int x)
{
  const AeAutoencoderShape *s = net->s;
  AeBuilder *b = &net->b;
  char name[32];
  for (size_t i = s->n_widths; i-- > 0;) {
    AeConvSpec spec = { .ic = s->widths[i],
      .oc = i > 0 ? s->widths[i - 1] : s->size.channels,
      .kernel = AE_CONV_ENCODER_KERNEL, .stride = 2,
      .gain = i > 0 ? 1 : LAST_GAIN };
    x = ae_build_conv_transpose (b, x, spec, numbered (name, "d", i));
    if (i > 0)
      x = ae_build_unary (b, "Relu", x);
  }
  return x;
}

/* A code -> the maps that become the picture. */
static int
spread (AeCoder *net, int x, size_t n)
{
  const AeAutoencoderShape *s = net->s;
  AeBuilder *b = &net->b;
  AeConvSpec spec = { .ic = (int) n, .oc = last_width (s),
    .kernel = MAP_KERNEL, .gain = 1 };
  if (s->net == AE_CODER_FULLY_CONV)
    return ae_build_unary (b, "Relu", ae_build_conv (b, x, spec, "d.code"));
  int64_t shape[4] = { -1, last_width (s), s->size.height >> s->n_widths,
    s->size.width >> s->n_widths };
  x = dense_relu (b, x, n, (int) n_features (s), "d.code");
  return ae_build_reshape (b, x, shape, 4);
}

int
ae_coder_decode (AeCoder *net, int code)
{
  const AeAutoencoderShape *s = net->s;
  AeBuilder *b = &net->b;
  char name[32];
  size_t n = (size_t) s->latent;
  int x = with_classes (net, code, &n);
  if (convolves (s))
    return enlarge (net, spread (net, x, n));
  for (size_t i = s->n_widths; s->net == AE_CODER_DENSE && i-- > 0;) {
    x = dense_relu (b, x, n, s->widths[i], numbered (name, "d", i));
    n = (size_t) s->widths[i];
  }
  float gain = s->net == AE_CODER_LINEAR ? LINEAR_GAIN : LAST_GAIN;
  x = ae_build_dense (b, x, (int) n, (int) n_values (s), gain, "d.frame");
  int64_t shape[4] = { -1, s->size.channels, s->size.height, s->size.width };
  return ae_build_reshape (b, x, shape, 4);
}

const char *
ae_coder_entrance (const AeAutoencoderShape *s, char name[32])
{
  if (convolves (s))
    snprintf (name, 32, "d.code");
  else if (s->net == AE_CODER_DENSE)
    numbered (name, "d", s->n_widths - 1);
  else
    snprintf (name, 32, "d.frame");
  return name;
}

AeShape
ae_coder_code_shape (const AeAutoencoderShape *s, int n)
{
  return s->net == AE_CODER_FULLY_CONV
      ? ae_shape (4, n, s->latent, s->size.height >> s->n_widths,
            s->size.width >> s->n_widths)
      : ae_shape (2, n, s->latent);
}
