/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/autoencoder_nets.h"

#include "sample/prior.h"
#include "train/sparse_code.h"
#include "train/weights.h"

#include <stdio.h>
#include <string.h>

/* Logarithm of a picture's variance, at first. */
#define FIRST_VARIANCE -4.0f
/* Of a direction, in 1/white: small, and large beside what floats lose. */
#define PROBE 0.02f

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
squared (AeBuilder *b, int x)
{
  return ae_build_binary (b, "Mul", x, x);
}

static int
deviation (AeBuilder *b, int log_variance)
{
  return ae_build_unary (b, "Exp", scaled (b, log_variance, 0.5f));
}

static int
shown (AeBuilder *b, const AeAutoencoderShape *s, int decoded)
{
  return s->likelihood == AE_LIKELIHOOD_BERNOULLI
      ? ae_build_unary (b, "Sigmoid", decoded)
      : decoded;
}

static const char *const input_names[] = { "frame", "noisy", "class",
  "epsilon", "keep", "direction", "drawn" };
static const char *const output_names[] = { "misfit", "variance", "kl",
  "kl_paid", "contraction", "sparsity", "latent", "reconstruction", "judged" };

AeShape
ae_autoencoder_input_shape (
    const AeAutoencoderShape *s, AeAutoencoderInput input, int n)
{
  if (input == AE_AUTOENCODER_CLASS)
    return ae_shape (2, n, s->classes);
  if (input == AE_AUTOENCODER_EPSILON || input == AE_AUTOENCODER_KEEP
      || input == AE_AUTOENCODER_DRAWN)
    return ae_coder_code_shape (s, n);
  return ae_shape (4, n, s->size.channels, s->size.height, s->size.width);
}

/* Log variance of a picture's values, a number. */
static int
picture_variance (AeBuilder *b)
{
  return ae_build_parameter (
      b, ae_shape (2, 1, 1), FIRST_VARIANCE, "d.log_variance");
}

static bool
learns_variance (const AeAutoencoderShape *s)
{
  return s->code == AE_CODE_VARIATIONAL
      && s->likelihood == AE_LIKELIHOOD_GAUSSIAN;
}

static void
start (AeCoder *net, const AeAutoencoderShape *s, uint64_t seed)
{
  *net = (AeCoder){ .s = s, .classes = -1 };
  ae_builder_start (&net->b, seed);
}

static void
set_facts (AeBuilder *b, const AeAutoencoderFacts *facts)
{
  const AeMixture *prior = facts->prior;
  const char *const *meta = facts->meta;
  if (prior)
    ae_build_output (b,
        ae_build_values (
            b, ae_shape (2, 1, (int) prior->floats), prior->block, NULL),
        AE_PRIOR_CONSTANT);
  for (size_t i = 0; i < facts->n_meta && b->error.status == AE_OK; i++)
    if (meta[2 * i + 1])
      ae_model_set_meta (b->model, meta[2 * i], meta[2 * i + 1], &b->error);
}

AeStatus
ae_build_autoencoder (AeModel **out, const AeAutoencoderShape *s,
    const AeModel *trained, const AeAutoencoderFacts *facts, AeError *err)
{
  AeCoder net;
  AeBuilder *b = &net.b;
  int log_variance;
  start (&net, s, 1);
  AeShape shape = ae_autoencoder_input_shape (s, AE_AUTOENCODER_FRAME, -1);
  if (s->net == AE_CODER_FULLY_CONV)
    shape.dim[2] = shape.dim[3] = -1;
  int frame = ae_build_input (b, "frame", shape);
  if (s->classes > 0)
    net.classes = ae_build_input (
        b, "class", ae_autoencoder_input_shape (s, AE_AUTOENCODER_CLASS, -1));
  int code = ae_coder_encode (&net, frame, &log_variance);
  ae_build_output (b, shown (b, s, ae_coder_decode (&net, code)), "reconstruction");
  ae_build_output (b, code, "latent");
  if (log_variance >= 0)
    ae_build_output (b, deviation (b, log_variance), "deviation");
  if (learns_variance (s))
    ae_build_output (
        b, deviation (b, picture_variance (b)), "picture_deviation");
  if (b->error.status == AE_OK)
    ae_take_weights (b->model, trained, &b->error);
  set_facts (b, facts);
  return ae_builder_end (b, out, err);
}

/* A training graph that is being written. */
typedef struct {
  AeCoder net;
  const AeAutoencoderTerms *terms;
  AeAutoencoderPlaces *places;
  int values[AE_AUTOENCODER_OUTPUTS]; /* -1: there is none */
  int n_in, n_out;
} Training;

static int
input (Training *t, AeAutoencoderInput which)
{
  t->places->in[which] = t->n_in++;
  return ae_build_input (&t->net.b, input_names[which],
      ae_autoencoder_input_shape (t->net.s, which, t->terms->batch));
}

static void
output (Training *t, AeAutoencoderOutput which, int value)
{
  t->values[which] = value;
}

static void
finish_output (Training *t, int which)
{
  if (t->values[which] < 0)
    return;
  t->places->out[which] = t->n_out++;
  ae_build_output (&t->net.b, t->values[which], output_names[which]);
}

/* What is judged comes first. */
static void
finish_outputs (Training *t)
{
  finish_output (t, AE_AUTOENCODER_JUDGED);
  for (int i = 0; i < AE_AUTOENCODER_JUDGED; i++)
    finish_output (t, i);
}

/* softplus (l) - x l: minus the log of the probability. */
static int
cross_entropy (AeBuilder *b, int logits, int frame)
{
  return ae_build_binary (b, "Sub", ae_build_unary (b, "Softplus", logits),
      ae_build_binary (b, "Mul", frame, logits));
}

static int
squared_error (Training *t, int decoded, int frame)
{
  AeBuilder *b = &t->net.b;
  int misfit = squared (b, ae_build_binary (b, "Sub", decoded, frame));
  if (!learns_variance (t->net.s))
    return misfit;
  int log_variance = picture_variance (b);
  int precision
      = ae_build_unary (b, "Exp", ae_build_unary (b, "Neg", log_variance));
  output (t, AE_AUTOENCODER_VARIANCE,
      plus (b, scaled (b, log_variance, 0.5f), (float) -AE_VARIANCE_NATS));
  return ae_build_binary (b, "Mul", misfit, scaled (b, precision, 0.5f));
}

/* (mean^2 + variance - log variance - 1) / 2 */
static void
divergence (Training *t, int mean, int log_variance)
{
  AeBuilder *b = &t->net.b;
  int variance = ae_build_unary (b, "Exp", log_variance);
  int sum = ae_build_binary (b, "Add", squared (b, mean),
      ae_build_binary (b, "Sub", variance, log_variance));
  int kl = scaled (b, plus (b, sum, -1), 0.5f);
  output (t, AE_AUTOENCODER_KL, kl);
  if (!(t->terms->free_bits > 0))
    return;
  AeAttrs attrs = { 0 };
  int64_t axis = 0;
  if (!ae_attrs_set_ints (&attrs, "axes", &axis, 1))
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a graph");
  int means = ae_build_node (b, "ReduceMean", &attrs, &kl, 1);
  output (t, AE_AUTOENCODER_KL_PAID,
      ae_build_unary (b, "Relu", plus (b, means, -t->terms->free_bits)));
}

/* Code and log variance of `seen`; with a contraction those of what lies beside
 * it are found in the same run. */
static int
encode_batch (Training *t, int seen, int *log_variance)
{
  AeBuilder *b = &t->net.b;
  int n = t->terms->batch;
  if (!t->terms->contractive)
    return ae_coder_encode (&t->net, seen, log_variance);
  int direction = input (t, AE_AUTOENCODER_DIRECTION);
  int both[2] = { seen,
    ae_build_binary (b, "Add", seen, scaled (b, direction, PROBE)) };
  int classes = t->net.classes, twice[2] = { classes, classes };
  if (classes >= 0)
    t->net.classes = ae_build_concat (b, twice, 2, 0);
  int codes = ae_coder_encode (&t->net, ae_build_concat (b, both, 2, 0), log_variance);
  t->net.classes = classes;
  int code = ae_build_slice (b, codes, 0, 0, n);
  int change = ae_build_binary (
      b, "Sub", ae_build_slice (b, codes, 0, n, 2 * n), code);
  output (t, AE_AUTOENCODER_CONTRACTION,
      squared (b, scaled (b, change, 1 / PROBE)));
  if (*log_variance >= 0)
    *log_variance = ae_build_slice (b, *log_variance, 0, 0, n);
  return code;
}

/* Pictures of codes, which an adversary judges, with those of as many drawn codes
 * where the code is variational. */
static int
decode_judged (Training *t, int code)
{
  AeBuilder *b = &t->net.b;
  const AeAutoencoderShape *s = t->net.s;
  int n = t->terms->batch, classes = t->net.classes;
  int twice[2] = { classes, classes };
  if (s->code != AE_CODE_VARIATIONAL) {
    int decoded = ae_coder_decode (&t->net, code);
    output (t, AE_AUTOENCODER_JUDGED,
        ae_build_unary (b, "Identity", shown (b, s, decoded)));
    return decoded;
  }
  int both[2] = { code, input (t, AE_AUTOENCODER_DRAWN) };
  if (classes >= 0)
    t->net.classes = ae_build_concat (b, twice, 2, 0);
  int decoded = ae_coder_decode (&t->net, ae_build_concat (b, both, 2, 0));
  t->net.classes = classes;
  output (t, AE_AUTOENCODER_JUDGED, shown (b, s, decoded));
  return ae_build_slice (b, decoded, 0, 0, n);
}

static int
price (Training *t, int code)
{
  char layer[32], weights[48];
  const AeAutoencoderShape *s = t->net.s;
  snprintf (
      weights, sizeof weights, "%s.weight", ae_coder_entrance (s, layer));
  return ae_build_code_price (&t->net.b, code, weights, s->latent);
}

static void
build_training (Training *t)
{
  AeBuilder *b = &t->net.b;
  const AeAutoencoderShape *s = t->net.s;
  int log_variance;
  int frame = input (t, AE_AUTOENCODER_FRAME);
  int seen = t->terms->noisy ? input (t, AE_AUTOENCODER_NOISY) : frame;
  if (s->classes > 0)
    t->net.classes = input (t, AE_AUTOENCODER_CLASS);
  int mean = encode_batch (t, seen, &log_variance), code = mean;
  if (log_variance >= 0) {
    divergence (t, mean, log_variance);
    code = ae_build_binary (b, "Add", mean,
        ae_build_binary (b, "Mul", deviation (b, log_variance),
            input (t, AE_AUTOENCODER_EPSILON)));
  }
  if (t->terms->adversary == AE_ADVERSARY_CODES)
    output (t, AE_AUTOENCODER_JUDGED, ae_build_unary (b, "Identity", code));
  if (t->terms->code_dropout)
    code = ae_build_binary (b, "Mul", code, input (t, AE_AUTOENCODER_KEEP));
  int decoded = t->terms->adversary == AE_ADVERSARY_PICTURES
      ? decode_judged (t, code)
      : ae_coder_decode (&t->net, code);
  output (t, AE_AUTOENCODER_MISFIT,
      s->likelihood == AE_LIKELIHOOD_BERNOULLI
          ? cross_entropy (b, decoded, frame)
          : squared_error (t, decoded, frame));
  if (t->terms->sparse)
    output (t, AE_AUTOENCODER_SPARSITY, price (t, mean));
  output (t, AE_AUTOENCODER_LATENT, mean);
  output (t, AE_AUTOENCODER_RECONSTRUCTION, shown (b, s, decoded));
  finish_outputs (t);
}

AeStatus
ae_build_autoencoder_training (AeModel **out, AeAutoencoderPlaces *places,
    const AeAutoencoderShape *s, const AeAutoencoderTerms *terms,
    const AeModel *base, uint64_t seed, AeError *err)
{
  Training t = { .terms = terms, .places = places };
  memset (places, -1, sizeof *places);
  memset (t.values, -1, sizeof t.values);
  start (&t.net, s, seed);
  build_training (&t);
  if (base && t.net.b.error.status == AE_OK)
    ae_take_weights (t.net.b.model, base, &t.net.b.error);
  return ae_builder_end (&t.net.b, out, err);
}
