/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_MOTION_H
#define AE_CODER_MOTION_H

/* Places predicted from an earlier picture, moved by quarters of a pixel, by
 * integers alone: between luma's samples by filters of eight taps, between
 * chroma's by filters of four (the half-band filters of ITU-T H.265, 8.5.3.3).
 */

#include <ae/codec.h>

#include "coder/reference.h"
#include "kernels/kernels.h"
#include "video/motion.h"

/* (x, y): the place's first pixel. The vector that is nearest to v of those
 * which stay within the border. */
AeVector ae_vector_limit (
    const AeReference *r, int x, int y, int vector_x, int vector_y);

/* The place at (x, y) as it was at (x + v.x / 4, y + v.y / 4). v is within
 * limits. */
void ae_motion_predict (
    const AeReference *r, int x, int y, AeVector v, AePlacePixels *to);

/* The column behind the last pixel, of luma or under a sample of chroma, that a
 * place at x which is moved by v comes from. */
int ae_vector_reach (int x, AeVector v);

/* What vectors are looked for, and how they are compared. */
typedef struct {
  const AeReference *from;
  const AeImage *now;
  int x, y;       /* the place's first pixel */
  int end;        /* vectors reach no further than this column */
  AeVector first; /* bits are counted from it */
  float worth;    /* of a bit, in sums of absolute differences */
} AeMotionAim;

/* Of the candidates, and of no movement, the best: sums of absolute differences
 * of luma, plus `worth` for each of the bits by which a vector differs from the
 * first. *sad: the sum. */
AeVector ae_motion_best (
    const AeMotionAim *aim, const AeVector *candidates, int n, uint32_t *sad);

/* Goes on from `best` to better ones beside it. */
AeVector ae_motion_refine (const AeMotionAim *aim, AeVector best,
    AeCodecSpeed speed, uint32_t *sad);

#endif
