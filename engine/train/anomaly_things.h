/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_THINGS_H
#define AE_TRAIN_ANOMALY_THINGS_H

/* Things cut out of the footage that is trained on, a changing choice, to put
 * into windows of it: what looks and moves as usual is to be taken for real
 * wherever it is, what does not is a fake to learn from. */

#include "train/anomaly_batch.h"
#include "train/odd_thing.h"

typedef struct AeAnomalyThings AeAnomalyThings;

/* For frames of this size. NULL when memory runs out. */
AeAnomalyThings *ae_anomaly_things_new (
    int width, int height, uint64_t seed);
void ae_anomaly_things_free (AeAnomalyThings **things);

/* The choice at a step: cuts out what is not there yet, of blocks that are not
 * held out. Depends on seed, step and footage alone. */
void ae_anomaly_things_choose (
    AeAnomalyThings *things, AeFootage *footage, int64_t step);

/* Puts one into `n` frames that follow each other (n x height x width), such
 * that it is within the crop in the last of them. False: there is none for
 * that place; frames are as they were. */
bool ae_anomaly_things_put (const AeAnomalyThings *things, AeOddKind kind,
    const AeAnomalyCrop *crop, AeRng *rng, uint8_t *frames, size_t n);

#endif
