/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/adaptation.h"

#include "util/error.h"

#include <math.h>

/* Units of each of the discriminator's two hidden layers: so many for each
 * feature, and the most. A smaller one is outrun, and features that only it
 * cannot tell apart are not alike. */
#define UNITS_PER_FEATURE 4
#define MOST_UNITS 1024
#define HEAD_GAIN 0.3f

static int
rectified (AeBuilder *b, int x, int in, int out, const char *name)
{
  return ae_build_unary (b, "Relu", ae_build_dense (b, x, in, out, 1, name));
}

void
ae_build_adaptation (AeBuilder *b, int features, int n)
{
  int units = UNITS_PER_FEATURE * n;
  units = units < MOST_UNITS ? units : MOST_UNITS;
  int strength = ae_build_input (b, "strength", ae_shape (1, 1));
  int x = ae_build_gradient_reversal (b, features, strength);
  /* Of mean 0 and variance 1: features that only grow would outrun it. */
  x = ae_build_binary (
      b, "LayerNormalization", x, ae_build_scalar (b, 1));
  x = rectified (b, x, n, units, "d.0");
  x = rectified (b, x, units, units, "d.1");
  ae_build_output (
      b, ae_build_dense (b, x, units, 2, HEAD_GAIN, "d.head"), "domain");
}

float
ae_adaptation_strength (float most, int64_t step, int64_t steps)
{
  double p = steps > 0 ? (double) step / (double) steps : 1;
  return most * (float) (2 / (1 + exp (-10 * p)) - 1);
}

AeStatus
ae_adaptation_start (
    AeTrainer *trainer, size_t batch, size_t domain, AeError *err)
{
  size_t n = ae_adaptation_n_source (batch);
  AeTensor *target = ae_trainer_target (trainer, domain);
  AeTensor *weight = ae_trainer_weight (trainer, 0);
  if (!target || !weight)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for targets");
  float *t = target->data, *w = weight->data;
  for (size_t i = 0; i < batch; i++) {
    t[2 * i] = i < n;
    t[2 * i + 1] = i >= n;
    w[i] = (float) batch / (float) n;
  }
  return AE_OK;
}

double
ae_adaptation_error (const AeTrainer *trainer, size_t batch, size_t domain)
{
  const float *x = ae_trainer_output (trainer, domain)->data;
  size_t n = ae_adaptation_n_source (batch), wrong = 0;
  for (size_t i = 0; i < batch; i++)
    wrong += (x[2 * i] > x[2 * i + 1]) != (i < n);
  return (double) wrong / (double) batch;
}
