/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_FLOW_H
#define AE_VIDEO_FLOW_H

/* Dense optical flow between two grey pictures, at half their size.
 *
 * Patches of 8x8 pixels, every 4 pixels, are found again by inverse
 * compositional search from coarse to fine, less their mean; the flow of a
 * pixel is the average over its patches, each weighted by how well it fits
 * there (Kroeger et al., "Fast optical flow using dense inverse search",
 * ECCV 2016).
 * A patch only counts as moved where it fits much better moved than not:
 * interpolation alone smooths noise, and would make any noise move. */

#include <stddef.h>
#include <stdint.h>

typedef struct AeFlow AeFlow;

/* For pictures of width x height, at least 32 each; NULL when memory runs
 * out. */
AeFlow *ae_flow_new (int width, int height, int n_threads);
void ae_flow_free (AeFlow **flow);

/* Takes the next picture (rows `stride` bytes apart); the one before is what
 * it is compared with. */
void ae_flow_add (AeFlow *flow, const uint8_t *grey, ptrdiff_t stride);

/* Forgets the pictures. */
void ae_flow_reset (AeFlow *flow);

/* How the content of the last picture has moved since the one before, in
 * pixels of the full size: u to the right, v downward, (height/2) rows of
 * (width/2). False, and no field, before there are two pictures. Does not
 * depend on the number of threads. */
typedef struct {
  const float *u, *v;
  int width, height;
} AeFlowField;
int ae_flow_field (AeFlow *flow, AeFlowField *field);

#endif
