/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_REFRESH_H
#define AE_CODER_REFRESH_H

/* Rolling intra refresh: from frame to frame a band of columns of places that are
 * coded without any other frame moves across the picture, from the left to the
 * right. What lies to the left of the band was refreshed in the same sweep and is
 * clean: it comes from clean samples alone. Whoever sees all frames of one sweep
 * has the encoder's picture at its end, whatever was there before. */

#include "coder/changes.h"

/* Where an encoder is. */
typedef struct {
  int period; /* frames of a sweep, 0 = there is none */
  int phase;  /* of them */
  int end;    /* of the next frame's band */
} AeSweep;

/* The next frame's band, in pictures of so many columns. period: that is asked
 * for, which counts from the next sweep on; 0 = no refresh. */
AeRefresh ae_sweep_band (AeSweep *s, int period, int columns);

/* That band with its level for a frame of this one; where bits are worth more
 * than anything, it waits: nothing is refreshed. */
AeRefresh ae_sweep_band_at (const AeRefresh *band, int level, float worth);

/* After a delta frame. */
void ae_sweep_go_on (AeSweep *s, const AeRefresh *coded);

/* After a key frame: the next frame begins a sweep. */
void ae_sweep_restart (AeSweep *s);

static inline bool
ae_refresh_has (const AeRefresh *r, int column)
{
  return column >= r->begin && column < r->end;
}

/* Whether a place of a frame that refreshes may be coded so. */
bool ae_refresh_allows (
    const AeRefresh *r, int column, AePlaceMode mode, AeVector v);

/* The pixels' column that vectors of places in that column may reach. */
int ae_refresh_end (const AeRefresh *r, int column);

/* What a decoder has of the encoder's picture. */
typedef struct {
  bool whole; /* everything */
  bool gap;   /* it is not, as frames were missing */
  int clean;  /* columns of this sweep; AE_NO_SWEEP until one begins */
} AeRecovery;

#define AE_NO_SWEEP (-1)

/* After a key frame. */
void ae_recovery_begin (AeRecovery *r);

/* Something was not there: frames before this one, or a part of it. */
void ae_recovery_lost (AeRecovery *r, bool frames);

/* A frame with that band was decoded, in pictures of so many columns. */
void ae_recovery_go_on (AeRecovery *r, const AeRefresh *coded, int columns);

#endif
