/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_SCALE_AXIS_H
#define AE_VIDEO_SCALE_AXIS_H

/* One direction of scaling a picture: which samples make one of the new size,
 * and their weights, which add up to 1: a triangle as wide as two new samples,
 * or two old ones where there are fewer of those. The same size gives the same
 * samples. */

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  int n, most; /* new samples; taps of each at most */
  int *first, *count;
  float *weight; /* n x most */
} AeScaleAxis;

/* From `from` samples to `to`; false when memory runs out, to be cleared then
 * too. */
bool ae_scale_axis_init (AeScaleAxis *axis, int from, int to);
void ae_scale_axis_clear (AeScaleAxis *axis);

/* The weights of a new sample; axis->count[i] of them. */
static inline const float *
ae_scale_axis_weights (const AeScaleAxis *axis, int i)
{
  return axis->weight + (size_t) i * (size_t) axis->most;
}

/* A row of the old size to one of the new, times `factor`. */
void ae_scale_axis_row (
    const AeScaleAxis *axis, const float *row, float factor, float *to);

/* sum = weight * row where it is the first, sum + weight * row otherwise. */
void ae_scale_axis_add (
    const float *row, float weight, int n, bool first, float *sum);

#endif
