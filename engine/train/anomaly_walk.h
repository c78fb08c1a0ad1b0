/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_WALK_H
#define AE_TRAIN_ANOMALY_WALK_H

/* What fitting an anomaly model's facts works on, and how it looks at all of the
 * footage. */

#include "detect/channels.h"
#include "train/footage.h"

#include <stdatomic.h>

typedef struct {
  AeFacts facts;
  AeFootage *footage;
  AeModel *net;
  AeObserver *observer; /* with the density of facts, once there is one */
  AeChannels channels;  /* once there are facts */
  int n_threads;
  AePrecision precision;
  uint64_t seed;
  const atomic_bool *cancel;
} AeAnomalyWork;

/* A new observer, with the density that is known by now. */
AeStatus ae_anomaly_observe (AeAnomalyWork *work, AeError *err);

/* Tells the observer when the view's frame of that index comes. */
void ae_anomaly_pace (
    AeAnomalyWork *work, const AeFootageView *view, size_t index);

/* `begins`: the first picture observed of a run of them. */
typedef void (*AeAnomalyVisit) (
    void *context, const AeObservation *seen, bool begins);

/* All frames that have enough others before them, in order, of the blocks held
 * out or of the others; of all blocks where there are none held out. Errors:
 * CANCELLED. */
AeStatus ae_anomaly_walk (AeAnomalyWork *work, bool held_out,
    AeAnomalyVisit visit, void *context, AeError *err);

#endif
