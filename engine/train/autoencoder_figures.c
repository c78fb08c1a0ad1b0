/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/autoencoder_figures.h"

#include "tensor/tensor.h"

#include <math.h>

#define ACTIVE_VARIANCE 0.01

static bool
is_variational (const AeAutoencoderLearning *l)
{
  return ae_autoencoder_learning_shape (l)->code == AE_CODE_VARIATIONAL;
}

/* Mean over the batch of the sum over a sample; 0 where there is none. */
static double
sample_sum (const AeAutoencoderLearning *l, AeAutoencoderOutput which)
{
  const AeTensor *x = ae_autoencoder_learning_output (l, which);
  if (!x)
    return 0;
  double sum = 0;
  size_t n = ae_shape_count (&x->shape);
  for (size_t i = 0; i < n; i++)
    sum += ((const float *) x->data)[i];
  return sum / (double) x->shape.dim[0];
}

static double
squared_error (AeAutoencoderLearning *l)
{
  const AeTensor *wanted
      = ae_autoencoder_learning_input (l, AE_AUTOENCODER_FRAME);
  const float *frame = wanted->data;
  const float *made
      = ae_autoencoder_learning_output (l, AE_AUTOENCODER_RECONSTRUCTION)
            ->data;
  size_t n = ae_shape_count (&wanted->shape);
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (double) (made[i] - frame[i]) * (made[i] - frame[i]);
  return sum / (double) n;
}

static double
likelihood (const AeAutoencoderLearning *l)
{
  if (!is_variational (l))
    return 0;
  double nats = -sample_sum (l, AE_AUTOENCODER_MISFIT);
  if (!ae_autoencoder_learning_output (l, AE_AUTOENCODER_VARIANCE))
    return nats;
  double each = sample_sum (l, AE_AUTOENCODER_VARIANCE) + AE_VARIANCE_NATS
      + 0.5 * log (2 * M_PI);
  const AeThumbnailSize *size = &ae_autoencoder_learning_shape (l)->size;
  return nats - each * (double) ae_thumbnail_bytes (size);
}

/* Whether a number of the codes says something in this batch; else its share of
 * codes, of maps of places, where it is not 0. */
static double
activity (const AeTensor *codes, int64_t column, bool variational)
{
  int64_t d = codes->shape.dim[1];
  int64_t n = (int64_t) ae_shape_count (&codes->shape) / d;
  int64_t places = n / codes->shape.dim[0];
  const float *x = codes->data;
  double sum = 0, squares = 0, some = 0;
  for (int64_t i = 0; i < n; i++) {
    double value = x[(i / places * d + column) * places + i % places];
    sum += value;
    squares += value * value;
    some += value != 0;
  }
  double mean = sum / (double) n;
  if (variational)
    return squares / (double) n - mean * mean > ACTIVE_VARIANCE;
  return some / (double) n;
}

static double
active (const AeAutoencoderLearning *l)
{
  const AeTensor *codes
      = ae_autoencoder_learning_output (l, AE_AUTOENCODER_LATENT);
  double sum = 0;
  for (int64_t i = 0; i < codes->shape.dim[1]; i++)
    sum += activity (codes, i, is_variational (l));
  return sum;
}

AeAutoencoderFigures
ae_autoencoder_figures (AeAutoencoderLearning *l)
{
  return (AeAutoencoderFigures){ .squared_error = squared_error (l),
    .likelihood = likelihood (l),
    .divergence = sample_sum (l, AE_AUTOENCODER_KL),
    .active = active (l) };
}
