/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/adversarial_loss.h"

#include <math.h>

typedef struct {
  float value, slope;
} Term;

/* Comparisons are such that NaN stays NaN. */
static Term
hinge (float x)
{
  Term t = { 1 - x, -1 };
  return t.value <= 0 ? (Term){ 0, 0 } : t;
}

/* log (1 + e^-x) */
static Term
softplus (float x)
{
  float e = expf (-fabsf (x));
  float value = log1pf (e) + (x > 0 ? 0 : -x);
  return (Term){ value, x > 0 ? -e / (1 + e) : -1 / (1 + e) };
}

static Term
square (float x, float wanted)
{
  return (Term){ 0.5f * (x - wanted) * (x - wanted), x - wanted };
}

/* As `real` of -x. */
static Term
mirrored (Term t)
{
  return (Term){ t.value, -t.slope };
}

static Term
term_of (AeAdversarialLoss loss, AeJudge judge, float x)
{
  bool fake = judge == AE_JUDGE_FAKE;
  switch (loss) {
    case AE_ADVERSARIAL_NON_SATURATING:
      return fake ? mirrored (softplus (-x)) : softplus (x);
    case AE_ADVERSARIAL_LEAST_SQUARES:
      return square (x, fake ? 0 : 1);
    case AE_ADVERSARIAL_HINGE:
      if (judge != AE_JUDGE_GENERATOR)
        return fake ? mirrored (hinge (-x)) : hinge (x);
      return (Term){ -x, -1 };
    default:
      return fake ? (Term){ x, 1 } : (Term){ -x, -1 };
  }
}

double
ae_adversarial_loss (AeAdversarialLoss loss, AeJudge judge,
    const float *outputs, const float *weights, size_t n, float scale,
    float *grad)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    Term t = term_of (loss, judge, outputs[i]);
    float weight = weights ? weights[i] : 1;
    sum += weight * t.value;
    if (grad)
      grad[i] = scale * weight * t.slope / (float) n;
  }
  return sum / (double) n;
}

const char *
ae_adversarial_loss_name (AeAdversarialLoss loss)
{
  static const char *const names[]
      = { "hinge", "non-saturating", "least-squares", "wasserstein" };
  return (unsigned) loss < sizeof names / sizeof *names ? names[loss] : NULL;
}
