/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_MOTION_CELLS_H
#define AE_DETECT_MOTION_CELLS_H

/* What moves in each cell of a picture, and how. Optical flow is averaged over
 * the last pictures and over a window around the cell: arms and legs swing at
 * up to twice the speed of who walks, and average out. A cell that changes by
 * no more than the picture's noise does not move. */

#include "detect/cells.h"
#include "detect/jitter.h"

#define AE_MOTION_MOVES 0.4f /* pixels per picture: slower is still */

/* Of the places that move; speeds in pixels per picture. */
enum {
  AE_MOTION_SHARE,  /* of all places, 0 to 1 */
  AE_MOTION_SPEED,  /* mean length of the vectors */
  AE_MOTION_U,      /* mean vector */
  AE_MOTION_V,
  AE_MOTION_SPREAD, /* deviation of the lengths */
  AE_MOTION_FEATURES
};

typedef struct AeMotionCells AeMotionCells;

/* width and height are multiples of AE_CELL, at least 32; NULL when memory runs
 * out. */
AeMotionCells *ae_motion_cells_new (int width, int height, int n_threads);
void ae_motion_cells_free (AeMotionCells **cells);

/* Forgets earlier pictures. */
void ae_motion_cells_reset (AeMotionCells *cells);

/* How long after the one before the next pictures come, in units of the usual
 * time (1 at first): speeds are of the usual time. */
void ae_motion_cells_set_pace (AeMotionCells *cells, float pace);

/* How noisy velocities are; see detect/jitter.h. */
AeJitterLevel ae_motion_cells_jitter (const AeMotionCells *cells);

/* The next picture. Returns the features, (height/8) x (width/8) x
 * AE_MOTION_FEATURES, valid until the next; NULL with the first one. */
const float *ae_motion_cells_add (
    AeMotionCells *cells, const uint8_t *grey, ptrdiff_t stride);

#endif
