/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_AUTOENCODER_FIGURES_H
#define AE_TRAIN_AUTOENCODER_FIGURES_H

/* What the last batch of an autoencoder's training was like, as means over it. */

#include "train/autoencoder_learning.h"

typedef struct {
  double squared_error; /* of a value, 0..1 */
  double likelihood;    /* nats of a picture given its code, negative; of a
                           Gaussian its density's; 0 without a variational code */
  double divergence;    /* nats of a picture */
  double active;        /* numbers of the code that say something: of a variance
                           above 0.01 (Burda et al., 2016), or not 0 */
} AeAutoencoderFigures;

AeAutoencoderFigures ae_autoencoder_figures (
    AeAutoencoderLearning *learning);

#endif
