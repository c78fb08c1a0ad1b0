/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_AXIS_H
#define AE_VIDEO_AXIS_H

/* Scaling of one axis of a picture. */

#include <stdbool.h>
#include <stddef.h>

/* Which samples make one of the new size, and their weights, which add up
 * to 1: a triangle as wide as two new samples, or two old ones where there
 * are fewer of those. An axis to its own size leaves samples as they are. */
typedef struct {
  int n, most; /* new samples; taps of each at most */
  int *first, *count;
  float *weight; /* n x most */
} AeAxis;

/* From `from` samples to `to`. False when memory runs out: it is to be
 * cleared then too. */
bool ae_axis_make (AeAxis *axis, int from, int to);

/* Of an axis that is all zeros, too. */
void ae_axis_clear (AeAxis *axis);

/* The weights of a new sample; axis->count[i] of them. */
static inline const float *
ae_axis_weights (const AeAxis *axis, int i)
{
  return axis->weight + (size_t) i * (size_t) axis->most;
}

/* A row of the old size to one of the new, times `factor`. */
void ae_axis_row (
    const AeAxis *axis, const float *row, float factor, float *to);

/* sum = weight * row where it is the first, sum + weight * row otherwise. */
void ae_axis_add (
    const float *row, float weight, int n, bool first, float *sum);

#endif
