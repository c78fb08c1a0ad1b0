/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_PYRAMID_H
#define AE_VIDEO_PYRAMID_H

/* Luma of a frame in bytes at full, 1/2, 1/4 and 1/8 size, and its U and V,
 * every level with a margin of replicated edge pixels, for block matching. */

#include <stddef.h>
#include <stdint.h>

#define AE_PYRAMID_LEVELS 4
#define AE_PYRAMID_MARGIN 32

typedef struct {
  uint8_t *pixel; /* top left pixel of the picture, not of the margin */
  ptrdiff_t stride;
  int width, height;
} AePyramidLevel;

typedef struct {
  AePyramidLevel level[AE_PYRAMID_LEVELS];
  AePyramidLevel chroma[2]; /* half-size */
} AePyramid;

/* Bytes that a pyramid of frames (6,h,w) takes, a multiple of 64. */
size_t ae_pyramid_size (int h, int w);

/* Lays the levels out in `memory` (64-byte aligned, the size above). */
void ae_pyramid_place (AePyramid *pyramid, int h, int w, void *memory);

/* Fills all levels from frame6 (6,h,w), values 0..1
 * (outside they are clipped). */
void ae_pyramid_fill (AePyramid *pyramid, const float *frame6, int n_threads);

#endif
