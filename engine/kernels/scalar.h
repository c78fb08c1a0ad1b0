/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_SCALAR_H
#define AE_KERNELS_SCALAR_H

/* Parts of the table in plain C that lie in files of their own. */

#include "kernels/kernels.h"

extern const AeFlowKernels ae_flow_scalar;

void ae_tiles_in_4_scalar (const AeTiles *t);
void ae_tiles_out_4_scalar (const AeTiles *t);
void ae_tile_weights_4_scalar (const float *w, float *u, size_t stride);
void ae_tiles_in_6_scalar (const AeTiles *t);
void ae_tiles_out_6_scalar (const AeTiles *t);
void ae_tile_weights_6_scalar (const float *w, float *u, size_t stride);
void ae_tiles_out_grad_scalar (const AeTiles *t);
void ae_tile_weights_grad_scalar (const float *u, size_t stride, float *w);

void ae_move_pixels_scalar (const AePixelMove *m, uint8_t *to);
void ae_cosines_forward_scalar (const AeCosineWeights *w, const AePlaceSamples *from,
    float to[AE_PLACE_ROWS][AE_PLACE_SIDE]);
void ae_cosines_inverse_scalar (const AeCosineWeights *w,
    const int32_t from[AE_PLACE_ROWS][AE_PLACE_SIDE], AePlaceSamples *to);

static inline float
ae_clamp_one (float x, const AeClamp *clamp)
{
  float y = x < 0 ? x * clamp->slope : x;
  y = y < clamp->lo ? clamp->lo : y;
  return y > clamp->hi ? clamp->hi : y;
}

#endif
