/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_AUTOENCODER_BATCH_H
#define AE_TRAIN_AUTOENCODER_BATCH_H

/* Batches of an autoencoder's training: pictures of a store, with what is done to
 * them and what is drawn. */

#include "train/autoencoder_learning.h"
#include "train/picture_store.h"
#include "train/picture_warp.h"

/* What is done to pictures and codes. */
typedef struct {
  double noise;        /* deviation of what is added to the pictures seen */
  double code_dropout; /* share of a code's numbers that become 0 */
  AePictureWarp warp;  /* of the pictures seen */
  bool binarise;       /* pictures are drawn black or white */
} AeAutoencoderChanges;

typedef struct {
  AeAutoencoderLearning *learning;
  AePictureStore *store;
  const AeAutoencoderChanges *changes;
  int *labels; /* of the batch: room for as many as there are pictures */
} AeAutoencoderBatch;

/* Fills all inputs for a step, with random pictures; or those from number `first`
 * on, without noise, warps and dropout. False: there is no picture. */
bool ae_autoencoder_batch_draw (
    const AeAutoencoderBatch *batch, AeRng *rng);
bool ae_autoencoder_batch_take (const AeAutoencoderBatch *batch,
    bool held_out, size_t first, AeRng *rng);

#endif
