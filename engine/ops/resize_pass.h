/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_RESIZE_PASS_H
#define AE_OPS_RESIZE_PASS_H

/* Resampling of one axis of a dense f32 array (outer, axis, inner) by a table
 * of taps, and its transpose for the gradient. */

#include "ops/op.h"
#include "ops/resize_axis.h"

typedef struct {
  AeResizeTaps taps;
  size_t outer, inner;
} AeResizePass;

/* (outer, taps.in, inner) -> (outer, taps.out, inner). */
void ae_resize_pass (const AeOpCall *call, const AeResizePass *pass,
    float *to, const float *from);

/* Two axes at once, line by line of the result, so that nothing between them
 * goes to memory: `down` is the outer axis, `across` the inner one, both as
 * if `across` had run first. `rows`: for each of the call's threads
 * ae_resize_row floats. */
void ae_resize_two (const AeOpCall *call, const AeResizePass *across,
    const AeResizePass *down, float *to, const float *from, float *rows);
size_t ae_resize_row (const AeResizePass *across, const AeResizePass *down);

/* (outer, taps.out, inner) -> (outer, taps.in, inner); overwrites. */
void ae_resize_pass_back (const AeOpCall *call, const AeResizePass *pass,
    float *to, const float *from);

#endif
