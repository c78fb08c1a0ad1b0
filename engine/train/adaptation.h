/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ADAPTATION_H
#define AE_TRAIN_ADAPTATION_H

/* Adversarial domain adaptation: a classifier learns from labelled pictures of
 * one domain, the source, and pictures without labels of another, the target.
 * Beside the classes a discriminator learns to tell from the features which of
 * the two a picture is of, and its gradient reaches the features reversed, so
 * that they become such as tell nothing about it. Ganin et al.,
 * "Domain-adversarial training of neural networks", JMLR 17, 2016,
 * arXiv:1505.07818. */

#include <ae/trainer.h>

#include "graph/build.h"
#include "train/picture_store.h"

/* The first pictures of a batch are of the source, the rest of the target. */
static inline size_t
ae_adaptation_n_source (size_t batch)
{
  return batch - batch / 2;
}

/* The discriminator: `n` features of each picture (N,n) -> logits (N,2) of
 * source and target, the graph's output `domain`; and its input `strength` (1),
 * what the reversed gradient is multiplied by. */
void ae_build_adaptation (AeBuilder *b, int features, int n);

/* Strength of a step, 0 and up: from 0 to nearly `most` at the last of `steps`
 * as 2 / (1 + exp (-10 p)) - 1, p = step / steps. */
float ae_adaptation_strength (float most, int64_t step, int64_t steps);

/* Tells a trainer that is bound which pictures are of which domain: output
 * `domain` gets its target. Output 0, whose target has rows of 0 for the
 * target's pictures, gets weights such that its loss is the mean of the others.
 * Errors: MEMORY. */
AeStatus ae_adaptation_start (
    AeTrainer *trainer, size_t batch, size_t domain, AeError *err);

/* Share of the batch of the last step whose domain is told wrong: 0.5 where the
 * features tell nothing. */
double ae_adaptation_error (
    const AeTrainer *trainer, size_t batch, size_t domain);

#endif
