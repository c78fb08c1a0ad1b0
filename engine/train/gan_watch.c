/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/gan_watch.h"

#include <math.h>

/* Spread of made pictures over that of real ones. */
#define ALIKE 0.3
#define DIVERSE 0.6
/* The discriminator's loss over that of one that cannot tell. */
#define NEVER_WRONG 0.02
#define FIRST_WINDOWS 5 /* in which pictures may still be alike */

void
ae_gan_watch_start (
    AeGanWatch *w, int64_t length, AeAdversarialLoss loss)
{
  const double even[] = { [AE_ADVERSARIAL_HINGE] = 2,
    [AE_ADVERSARIAL_NON_SATURATING] = 2 * 0.69314718055994531,
    [AE_ADVERSARIAL_LEAST_SQUARES] = 0.25,
    [AE_ADVERSARIAL_WASSERSTEIN] = 0 };
  *w = (AeGanWatch){ .length = length, .even = even[loss] };
}

static void
next_window (AeGanWatch *w)
{
  *w = (AeGanWatch){ .length = w->length, .even = w->even,
    .windows = w->windows + 1, .n_skipped = w->n_skipped,
    .grown = w->grown };
}

void
ae_gan_watch_again (AeGanWatch *w)
{
  *w = (AeGanWatch){ .length = w->length, .even = w->even };
}

static AeGanHealth
judge (AeGanWatch *w)
{
  double ratio = w->fake_spread / fmax (w->real_spread, 1e-12);
  if (ratio < ALIKE)
    return w->grown || w->windows >= FIRST_WINDOWS ? AE_GAN_ALIKE
                                                   : AE_GAN_UNSURE;
  w->grown = true;
  if (w->n_judged > 0 && w->even > 0
      && w->discriminator_loss < NEVER_WRONG * w->even * (double) w->n_judged)
    return AE_GAN_BEATEN;
  return ratio >= DIVERSE ? AE_GAN_GOOD : AE_GAN_UNSURE;
}

AeGanHealth
ae_gan_watch_add (AeGanWatch *w, const AeGanSigns *signs)
{
  if (w->length <= 0)
    return AE_GAN_UNSURE;
  w->n++;
  w->n_skipped = signs->skipped ? w->n_skipped + 1 : 0;
  if (w->n_skipped >= AE_GAN_MOST_SKIPPED)
    return AE_GAN_BROKEN;
  if (!signs->skipped) {
    w->real_spread += signs->real_spread;
    w->fake_spread += signs->fake_spread;
    w->n_judged += signs->judged;
    w->discriminator_loss += signs->judged ? signs->discriminator_loss : 0;
  }
  if (w->n < w->length)
    return AE_GAN_UNSURE;
  AeGanHealth health = judge (w);
  next_window (w);
  return health;
}

const char *
ae_gan_health_text (AeGanHealth health)
{
  static const char *const texts[] = { [AE_GAN_GOOD] = "all is well",
    [AE_GAN_UNSURE] = "nothing is known yet",
    [AE_GAN_ALIKE] = "what the generator makes hardly differs",
    [AE_GAN_BEATEN] = "the discriminator is never wrong",
    [AE_GAN_BROKEN] = "steps are skipped" };
  return texts[health];
}

/* Sum over pictures of squared differences from their label's mean. */
static double
squares_of_a_value (const float *values, size_t n, size_t d,
    const int *labels, int n_classes)
{
  double sums[AE_GAN_MOST_CLASSES], counts[AE_GAN_MOST_CLASSES], total = 0;
  for (int c = 0; c < n_classes; c++)
    sums[c] = counts[c] = 0;
  for (size_t i = 0; i < n; i++) {
    double x = values[i * d];
    int c = labels ? labels[i] : 0;
    sums[c] += x;
    counts[c]++;
    total += x * x;
  }
  for (int c = 0; c < n_classes; c++)
    if (counts[c] > 0)
      total -= sums[c] * sums[c] / counts[c];
  return fmax (total, 0);
}

double
ae_gan_spread (const float *pictures, size_t n, size_t d, const int *labels,
    int n_classes)
{
  double total = 0;
  for (size_t k = 0; k < d; k++)
    total += squares_of_a_value (
        pictures + k, n, d, labels, labels ? n_classes : 1);
  return sqrt (total / (double) (n * d));
}
