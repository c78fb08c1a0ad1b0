/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_COUNT_GOAL_H
#define AE_TRAIN_COUNT_GOAL_H

/* What a denoiser's count of averaged frames should be.
 *
 * A wrong count costs later frames, which the error of this one does not show:
 * that hardly changes between an average of eight frames and one of twenty.
 * But in training the state's error is known: what exceeds the noise that
 * `count` frames leave is no noise but another picture, a ghost, and makes the
 * state worth fewer frames. */

/* One sequence's state before its frame, planes of h x w. */
typedef struct {
  int h, w;
  const float *fused, *clean; /* (4,h,w): the phases of luma */
  const float *count;         /* (h,w) */
  const float *sigma;         /* (h,w): standard deviation of luma's noise */
} AeCountState;

/* Fills goal (h,w), 1 to AE_DENOISE_MAX_COUNT; returns its mean. */
float ae_count_goal (const AeCountState *state, float *goal);

#endif
