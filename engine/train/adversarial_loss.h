/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ADVERSARIAL_LOSS_H
#define AE_TRAIN_ADVERSARIAL_LOSS_H

/* What a discriminator's outputs (any number per picture, large = real) are to
 * be. None of them has an activation on the output in mind. */

#include <ae/types.h>

typedef enum {
  /* max (0, 1 - real) + max (0, 1 + fake); generator: -fake. Lim and Ye,
   * "Geometric GAN", 2017 */
  AE_ADVERSARIAL_HINGE = 0,
  /* log (1 + e^-real) + log (1 + e^fake); generator: log (1 + e^-fake).
   * Goodfellow et al., "Generative adversarial nets", 2014 */
  AE_ADVERSARIAL_NON_SATURATING,
  /* (real - 1)^2 / 2 + fake^2 / 2; generator: (fake - 1)^2 / 2. Mao et al.,
   * "Least squares generative adversarial networks", 2017 */
  AE_ADVERSARIAL_LEAST_SQUARES,
  /* fake - real; generator: -fake. Arjovsky et al., "Wasserstein GAN", 2017 */
  AE_ADVERSARIAL_WASSERSTEIN
} AeAdversarialLoss;

/* Who judges what: the discriminator's two terms, and the generator's. */
typedef enum {
  AE_JUDGE_REAL = 0,
  AE_JUDGE_FAKE,
  AE_JUDGE_GENERATOR
} AeJudge;

/* The mean over n outputs, each times its weight (NULL: 1); NaN when one is.
 * grad (may be NULL): receives
 * `scale` times its derivative. */
double ae_adversarial_loss (AeAdversarialLoss loss, AeJudge judge,
    const float *outputs, const float *weights, size_t n, float scale,
    float *grad);

/* "hinge", ...; NULL for what is none of them. */
const char *ae_adversarial_loss_name (AeAdversarialLoss loss);

#endif
