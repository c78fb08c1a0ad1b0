/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_FLOW_H
#define AE_KERNELS_FLOW_H

/* The inner loops of optical flow: patches that are looked for, and rows of
 * the equations that smooth a field. Strides in floats. */

#include <stddef.h>

#define AE_FLOW_PATCH 8 /* pixels along a side */

/* What is looked for: a patch of a picture and of its gradients. */
typedef struct {
  const float *pixel, *gx, *gy;
  ptrdiff_t stride, gradient_stride;
} AeFlowPatch;

/* Where: a pixel of the other picture and the part of a pixel to the right
 * and below, 0 to 1. One more row and column than the patch has is read. */
typedef struct {
  const float *pixel;
  ptrdiff_t stride;
  float x, y;
} AeFlowPlace;

/* Sums over a patch. */
typedef struct {
  float gx, gy, xx, xy, yy; /* gradients and their products */
} AeFlowMoments;

typedef struct {
  float sum, squares; /* of differences: place less patch */
  float bx, by;       /* times the gradients */
} AeFlowFit;

/* Rows of a smoothed field are split: even columns lie side by side, then odd
 * ones; each call takes one half of a row. Neighbours of a chess board's white
 * places are all black ones, which then lie side by side too. Rows are read and
 * written in whole groups of this many. */
#define AE_FLOW_LANES 16

/* What holds neighbours together: weight / sqrt (|gradient of (u, v)|^2 +
 * epsilon), the gradient from differences to the right (where right_on is 1,
 * not 0) and downward. */
typedef struct {
  const float *u, *v, *u_right, *v_right, *u_down, *v_down;
  const float *right_on;
  float weight, epsilon;
  float *hold;
  int n;
} AeFlowHold;

/* The equations of places, from derivatives of the pictures and the field so
 * far:
 *   brightness w0 (iz + ix u + iy v)^2
 *   gradients  w1 (ixz + ixx u + ixy v)^2 + w2 (iyz + ixy u + iyy v)^2
 *   neighbours hold (u - u')^2
 * a12 and b are those of [a11 a12; a12 a22] (u, v) = b + sum hold' (u', v');
 * the inverse diagonals are times relaxation, and 0 where `on` is 0. */
typedef struct {
  const float *ix, *iy, *iz, *ixx, *ixy, *iyy, *ixz, *iyz, *u, *v;
  const float *hold, *hold_left, *hold_up;
  const float *on, *right_on;
  float down_on;
  float brightness, gradient, zeta, epsilon, relaxation;
  float *a12, *b1, *b2, *inverse1, *inverse2;
  int n;
} AeFlowBalance;

/* One step of successive over-relaxation for places all of whose neighbours
 * are others. Weights to the right and downward are `hold`: a neighbour
 * outside the picture must be 0. */
typedef struct {
  const float *a12, *b1, *b2, *inverse1, *inverse2;
  const float *hold, *hold_left, *hold_up;
  const float *u_left, *u_right, *u_up, *u_down;
  const float *v_left, *v_right, *v_up, *v_down;
  float relaxation;
  float *u, *v;
  int n;
} AeFlowRelax;

typedef struct {
  void (*moments) (const AeFlowPatch *patch, AeFlowMoments *moments);
  void (*fit) (
      const AeFlowPatch *patch, const AeFlowPlace *place, AeFlowFit *fit);
  /* 1 / max (1, |difference|) of each pixel. */
  void (*weigh) (
      const AeFlowPatch *patch, const AeFlowPlace *place, float *weight);
  void (*hold) (const AeFlowHold *row);
  void (*balance) (const AeFlowBalance *row);
  void (*relax) (const AeFlowRelax *row);
} AeFlowKernels;

#endif
