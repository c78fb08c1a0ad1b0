/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ADVERSARIAL_STATE_H
#define AE_TRAIN_ADVERSARIAL_STATE_H

/* What set-up (adversarial.c) and steps (adversarial_step.c) share. */

#include "train/adversarial.h"
#include "train/goals.h"
#include "train/learner.h"

/* Where an input of the discriminator comes from: the generator's output (the
 * first), an input of the generator, or the caller. */
typedef struct {
  int shared;      /* index of the generator's input, or -1 */
  AeTensor *own;   /* of the caller; NULL for the others */
  AeTensor *extra; /* for the caller's fakes; NULL: as above */
} AeJudgeInput;

struct AeAdversarial {
  AeAdversarialOptions o;
  AeLearner *g, *d;
  AeGoals goals; /* of the generator; 0: the real pictures */
  AeLossSpec spec;
  AeJudgeInput *sources; /* one per input of the discriminator */
  size_t n_sources;
  AeTensor *extra_weight; /* of the discriminator's output; NULL: all 1 */
  bool use_extra;
  bool bound;
  int64_t step;
  uint64_t seed;
  float *kept; /* the discriminator as it was before the step */
  float *good; /* both as they were when told to remember; or NULL */
};

/* Whose turn it is in the step to come. */
bool ae_adversarial_judges (const AeAdversarial *adversarial);
bool ae_adversarial_generates (const AeAdversarial *adversarial);

/* Copies all blocks of a checkpoint to `kept`, or back. */
void ae_adversarial_copy_blocks (
    const AeCheckpoint *checkpoint, float *kept, bool back);

#endif
