/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_MOTION_GLOBAL_H
#define AE_VIDEO_MOTION_GLOBAL_H

/* The motion that most of the picture shares. */

#include "video/motion_match.h"

#include <stdbool.h>

/* The shift of the whole picture, to 8 luma pixels. */
AeVector ae_motion_find_global (const AeMotionSearch *s);

/* The vector most blocks share, on a lattice of `step` luma pixels (2 or 4),
 * and the share, to s->global and s->global_share. Zero is only a candidate
 * when `with_zero`. */
void ae_motion_vote_global (
    AeMotionSearch *s, const AeVector *vectors, int step, bool with_zero);

/* Refines the global vector to single pixels. Every second block that has it
 * votes for or against each step, when the difference is more than chance. A
 * step needs three quarters of the votes: in front of a plain background most
 * of what votes may be people who walk one way. */
void ae_motion_refine_global (AeMotionSearch *s);

#endif
