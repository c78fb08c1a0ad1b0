/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_BATCH_H
#define AE_TRAIN_BATCH_H

/* Batches for denoisers: one frame each of many sequences side by side, made
 * by a thread of its own while the step before runs. What comes depends on the
 * seed and the reservoir's pictures alone, not on timing. */

#include "train/camera_noise.h"
#include "train/sequence.h"

typedef struct {
  bool first;       /* a new sequence: no state from the frame before */
  bool warm;        /* first, but `past` is to be taken as its state */
  float past_count; /* frames averaged in past */
  float luma_sigma; /* root mean square of luma's noise, 1 = white */
} AeBatchSlot;

/* Planes are laid out as the network's inputs are: (n,6,h,w); noise is
 * (n,2,h,w). */
typedef struct {
  int n, h, w;
  float *frame, *target, *noise, *past;
  AeBatchSlot *slot;
} AeBatch;

typedef struct AeBatchMaker AeBatchMaker;

/* The reservoir must live longer. Errors: FORMAT (patch), MEMORY. */
AeStatus ae_batch_maker_new (AeBatchMaker **out, const AeRecipe *recipe,
    AeReservoir *reservoir, AeError *err);
void ae_batch_maker_free (AeBatchMaker **maker);

/* Begins anew: all sequences are drawn from this seed. */
void ae_batch_maker_restart (AeBatchMaker *maker, uint64_t seed);

/* The next batch, waiting for it; valid until ae_batch_maker_begin. NULL when
 * the reservoir has no picture. */
const AeBatch *ae_batch_maker_take (AeBatchMaker *maker);

/* The batch that was taken is done with: starts making the next. */
void ae_batch_maker_begin (AeBatchMaker *maker);

/* A crop as the network's planes (6,size/2,size/2). */
void ae_batch_pack (const AeCrop *crop, int size, float *frame6);

#endif
