/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/classifier_nets.h"

#include "graph/build.h"
#include "train/adaptation.h"
#include "train/conv_encoder.h"
#include "train/dense_encoder.h"
#include "train/weights.h"

#include <string.h>

#define MOST_WEIGHTS 50000000.0 /* of one layer */
#define HEAD_GAIN 0.3f
#define ENCODER "e." /* how its parameters' names begin */
#define CLASSES "c."

static AeConvEncoder
encoder_of (const AeClassifierShape *s)
{
  return (AeConvEncoder){ s->size, s->widths, s->n_widths };
}

/* Numbers of the layer before the features. */
static size_t
n_before (const AeClassifierShape *s)
{
  AeConvEncoder encoder = encoder_of (s);
  return s->net == AE_CLASSIFIER_CONV ? ae_conv_encoder_values (&encoder)
                                      : (size_t) s->widths[s->n_widths - 1];
}

/* Weights of the largest layer. */
static double
largest_layer (const AeClassifierShape *s)
{
  bool conv = s->net == AE_CLASSIFIER_CONV;
  double most = (double) n_before (s) * s->features;
  double in = conv ? s->size.channels : (double) ae_thumbnail_bytes (&s->size);
  for (size_t i = 0; i < s->n_widths; i++) {
    double weights = in * s->widths[i]
        * (conv ? AE_CONV_ENCODER_KERNEL * AE_CONV_ENCODER_KERNEL : 1);
    most = weights > most ? weights : most;
    in = s->widths[i];
  }
  return most;
}

AeStatus
ae_classifier_check (const AeClassifierShape *s, AeError *err)
{
  AeConvEncoder encoder = encoder_of (s);
  AeStatus status = s->net == AE_CLASSIFIER_CONV
      ? ae_conv_encoder_check (&encoder, "classifier", err)
      : AE_OK;
  if (status != AE_OK)
    return status;
  double most = largest_layer (s);
  if (most > MOST_WEIGHTS)
    return ae_fail (err, AE_ERROR_LIMIT,
        "a layer of %.0f weights, wanted at most %.0f: see classifier.size, "
        "widths and features",
        most, MOST_WEIGHTS);
  return AE_OK;
}

static int
flat (AeBuilder *b, int x, size_t n)
{
  int64_t shape[2] = { -1, (int64_t) n };
  return ae_build_reshape (b, x, shape, 2);
}

/* frame -> what features are made of, (N,n_before). */
static int
encode (AeBuilder *b, int frame, const AeClassifierShape *s)
{
  AeConvEncoder encoder = encoder_of (s);
  size_t n_pixels = ae_thumbnail_bytes (&s->size);
  int x = ae_build_binary (b, "Add", frame, ae_build_scalar (b, -0.5f));
  return s->net == AE_CLASSIFIER_CONV
      ? flat (b, ae_build_conv_encoder (b, x, &encoder), n_before (s))
      : ae_build_dense_encoder (
          b, flat (b, x, n_pixels), n_pixels, s->widths, s->n_widths);
}

/* frame -> logits and, from the encoder, features; the value of those. */
static int
build (AeBuilder *b, const AeClassifierShape *s, int batch, float dropout)
{
  int frame = ae_build_input (b, "frame",
      ae_shape (4, batch, s->size.channels, s->size.height, s->size.width));
  int features = ae_build_unary (b, "Relu",
      ae_build_dense (b, encode (b, frame, s), (int) n_before (s),
          s->features, 1, ENCODER "latent"));
  int x = features;
  if (dropout > 0)
    x = ae_build_binary (b, "Dropout", x, ae_build_scalar (b, dropout));
  ae_build_output (b,
      ae_build_dense (
          b, x, s->features, s->classes, HEAD_GAIN, CLASSES "head"),
      "logits");
  ae_build_output (b, features, "features");
  return features;
}

AeStatus
ae_build_classifier (AeModel **out, const AeClassifierShape *s,
    const AeModel *trained, const char *const *meta, size_t n_meta,
    AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  build (&b, s, -1, 0);
  if (b.error.status == AE_OK)
    ae_take_weights (b.model, trained, &b.error);
  for (size_t i = 0; i < n_meta && b.error.status == AE_OK; i++)
    if (meta[2 * i + 1])
      ae_model_set_meta (b.model, meta[2 * i], meta[2 * i + 1], &b.error);
  return ae_builder_end (&b, out, err);
}

static AeStatus
take_base (AeModel *net, const AeModel *base, AeError *err)
{
  const char *task = ae_model_meta (base, "ae.task");
  AeStatus status = ae_take_weights_named (net, base, ENCODER, err);
  if (status != AE_OK || (task && strcmp (task, "autoencoder") == 0))
    return status;
  return ae_take_weights_named (net, base, CLASSES, err);
}

static void
freeze_encoder (AeModel *net)
{
  AeGraph *graph = ae_model_edit (net);
  for (int i = 0; i < graph->n_values; i++)
    if (graph->values[i].trainable
        && strncmp (graph->values[i].name, ENCODER, strlen (ENCODER)) == 0)
      graph->values[i].trainable = false;
}

AeStatus
ae_build_classifier_training (AeModel **out, const AeClassifierShape *s,
    const AeClassifierTerms *terms, const AeModel *base, uint64_t seed,
    AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, seed);
  int features = build (&b, s, terms->batch, terms->dropout);
  if (terms->adapts)
    ae_build_adaptation (&b, features, s->features);
  if (base && b.error.status == AE_OK)
    take_base (b.model, base, &b.error);
  if (terms->freeze && b.error.status == AE_OK)
    freeze_encoder (b.model);
  return ae_builder_end (&b, out, err);
}
