/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_BATCH_H
#define AE_TRAIN_ANOMALY_BATCH_H

/* Parts of footage to learn from, as the networks see them, and fakes: frames
 * with something in them that does not belong there or not then. */

#include "train/footage.h"
#include "util/rng.h"

/* Where a sample is cut out, and its light. */
typedef struct {
  int x, y, width, height; /* in the footage's frames */
  float gain, shift;       /* of the networks' values */
} AeAnomalyCrop;

/* Frames are `width` bytes wide. */
void ae_anomaly_cut (const uint8_t *frame, int width,
    const AeAnomalyCrop *crop, float *to);

/* The places (8x8 pixels) of two samples that differ enough for one to be called
 * a fake of the other: height / 8 x width / 8 of 1 or 0. */
void ae_anomaly_changes (const float *real, const float *fake,
    const AeAnomalyCrop *crop, float *changed);

/* Where the pixels of a fake come from. */
typedef struct {
  const uint8_t *frame;
  int width, height; /* of the frame */
  bool other_place;  /* a patch of another place ("CutPaste", Li et al., 2021,
                        with soft edges), not all of the crop at its place */
} AeAnomalySource;

/* fake: height x width as `real`, which is what `crop` cut out. */
void ae_anomaly_fake (const float *real, const AeAnomalyCrop *crop,
    const AeAnomalySource *source, AeRng *rng, float *fake);

#endif
