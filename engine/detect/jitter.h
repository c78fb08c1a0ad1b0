/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_JITTER_H
#define AE_DETECT_JITTER_H

/* How much what moves seems to change its velocity from one picture to the
 * next, in shares of its speed. Things do not; what is left is the noise of the
 * optical flow: in the dark there is more of it. */

typedef struct AeJitter AeJitter;

/* For pictures of that many cells; NULL when memory runs out. */
AeJitter *ae_jitter_new (int cells);
void ae_jitter_free (AeJitter **jitter);

/* Forgets earlier pictures. */
void ae_jitter_reset (AeJitter *jitter);

/* How much of a cell moves, 0 to 1, and the mean velocity of that. */
typedef struct {
  float share, u, v;
} AeCellVelocity;

/* Where the next picture's velocities go. */
AeCellVelocity *ae_jitter_next (AeJitter *jitter);

/* Takes what was written there. */
void ae_jitter_add (AeJitter *jitter);

/* Of the last AE_JITTER_MEMORY pictures in which enough moves. */
#define AE_JITTER_MEMORY 100
typedef struct {
  float mean;   /* over the pictures, of the median over their cells */
  int pictures; /* 0 to AE_JITTER_MEMORY */
} AeJitterLevel;

AeJitterLevel ae_jitter_level (const AeJitter *jitter);

#endif
