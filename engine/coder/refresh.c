/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/refresh.h"

#include <limits.h>
#include <math.h>

/* By how much the band is finer than the rest of its frame: as with key frames,
 * what it takes more, the frames predicted from it save. */
#define FINER 40

AeRefresh
ae_sweep_band (AeSweep *s, int period, int columns)
{
  if (s->phase == 0 || period <= 0)
    *s = (AeSweep){ .period = period > 0 ? period : 0 };
  if (s->period == 0)
    return (AeRefresh){ .on = false };
  int64_t first = (int64_t) columns * s->phase;
  s->end = (int) ((first + columns) / s->period);
  return (AeRefresh){
    .on = true, .begin = (int) (first / s->period), .end = s->end
  };
}

AeRefresh
ae_sweep_band_at (const AeRefresh *band, int level, float worth)
{
  AeRefresh at = *band;
  if (!band->on)
    return at;
  at.level = (uint8_t) (level + FINER < 255 ? level + FINER : 255);
  if (isinf (worth))
    at.end = at.begin;
  return at;
}

void
ae_sweep_go_on (AeSweep *s, const AeRefresh *coded)
{
  bool waited = coded->end < s->end;
  if (coded->on && !waited && ++s->phase == s->period)
    s->phase = 0;
}

void
ae_sweep_restart (AeSweep *s)
{
  s->phase = 0;
}

int
ae_refresh_end (const AeRefresh *r, int column)
{
  return r->on && column < r->begin ? r->begin * AE_PLACE_SIDE : INT_MAX;
}

bool
ae_refresh_allows (
    const AeRefresh *r, int column, AePlaceMode mode, AeVector v)
{
  if (!r->on || mode == AE_PLACE_INTRA)
    return true;
  return !ae_refresh_has (r, column) && mode != AE_PLACE_KEY
      && mode != AE_PLACE_KEY_AND
      && ae_vector_reach (column * AE_PLACE_SIDE, v)
          <= ae_refresh_end (r, column);
}

void
ae_recovery_begin (AeRecovery *r)
{
  *r = (AeRecovery){ .whole = true, .clean = AE_NO_SWEEP };
}

void
ae_recovery_lost (AeRecovery *r, bool frames)
{
  *r = (AeRecovery){ .gap = r->gap || frames, .clean = AE_NO_SWEEP };
}

void
ae_recovery_go_on (AeRecovery *r, const AeRefresh *coded, int columns)
{
  if (r->whole)
    return;
  if (coded->begin == 0)
    r->clean = 0;
  bool goes_on = coded->on && r->clean == coded->begin;
  r->clean = goes_on ? coded->end : AE_NO_SWEEP;
  if (r->clean == columns)
    ae_recovery_begin (r);
}
