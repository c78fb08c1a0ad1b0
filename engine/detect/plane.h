/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_PLANE_H
#define AE_DETECT_PLANE_H

/* Filters of float pictures, height x width without gaps. What lies outside is
 * as the picture mirrored at its outermost pixels. */

#define AE_PLANE_MOST_SIGMA 64.0f

/* The index of a pixel that may lie outside of 0 .. n - 1. */
int ae_plane_mirror (int at, int n);

/* A Gaussian of so many pixels along rows and columns (below 0.1: none), at
 * most AE_PLANE_MOST_SIGMA. `to` may be `from`; scratch: height x width. */
void ae_plane_blur (const float *from, int width, int height, float sigma_x,
    float sigma_y, float *to, float *scratch);

/* The largest value at most `reach` pixels away, in a square. */
void ae_plane_dilate (const float *from, int width, int height, int reach,
    float *to, float *scratch);

/* The value between pixels, by cubic convolution (Keys, 1981); the outermost
 * pixels go on outside. */
float ae_plane_cubic (
    const float *from, int width, int height, float x, float y);

#endif
