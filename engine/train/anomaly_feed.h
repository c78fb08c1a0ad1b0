/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_FEED_H
#define AE_TRAIN_ANOMALY_FEED_H

/* Fills the batches that an anomaly model's networks learn from: crops of
 * windows of footage, and fakes of them. */

#include "train/adversarial.h"
#include "train/anomaly_batch.h"

#define AE_ANOMALY_CROPS 64 /* to validate on */

/* The first members are set by the owner before the first call, the others are
 * 0 then. */
typedef struct {
  AeFootage *footage;         /* not owned */
  AeAdversarial *adversarial; /* not owned */
  int past;                   /* frames before the one to predict; 0: pictures */
  int batch, patch;           /* samples, and pixels of a crop's edge at most */
  AeRng rng;

  int width, height;  /* of the footage; 0: no picture yet */
  AeAnomalyCrop crop; /* its size */
} AeAnomalyFeed;

/* Frames of a sample: those before, and the one to predict. */
size_t ae_anomaly_feed_window (const AeAnomalyFeed *feed);

/* Plans the networks; the first picture decides how large crops are. To be
 * called before each filling, quick after the first time. Errors: NEEDS_DATA
 * (no picture yet), those of ae_adversarial_bind. */
AeStatus ae_anomaly_feed_bind (AeAnomalyFeed *feed, AeError *err);

/* A batch for the next step. False: the footage is too short for a window. */
bool ae_anomaly_feed_fill (AeAnomalyFeed *feed);

/* Crops from number `first` on, of AE_ANOMALY_CROPS, the same at each call, of
 * what is held out where there is such. False: as above. */
bool ae_anomaly_feed_fill_validation (AeAnomalyFeed *feed, int first);

#endif
