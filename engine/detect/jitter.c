/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/jitter.h"

#include "detect/cells.h"
#include "util/mem.h"

#include <math.h>

#define MOVES 0.3f    /* share of a cell: less tells no velocity */
#define FEWEST 8      /* cells: fewer tell nothing of the picture */
#define LEAST_SPEED 1e-3f

struct AeJitter {
  int cells;
  AeCellVelocity *now, *before;
  float *changes;
  AeJitterLevel level;
};

AeJitter *
ae_jitter_new (int cells)
{
  AeJitter *j = ae_calloc (1, sizeof *j);
  if (!j)
    return NULL;
  j->cells = cells;
  j->now = ae_calloc ((size_t) cells, sizeof *j->now);
  j->before = ae_calloc ((size_t) cells, sizeof *j->before);
  j->changes = ae_calloc ((size_t) cells, sizeof *j->changes);
  if (!j->now || !j->before || !j->changes)
    ae_jitter_free (&j);
  return j;
}

void
ae_jitter_free (AeJitter **jitter)
{
  AeJitter *j = *jitter;
  *jitter = NULL;
  if (!j)
    return;
  ae_free (j->now);
  ae_free (j->before);
  ae_free (j->changes);
  ae_free (j);
}

void
ae_jitter_reset (AeJitter *j)
{
  for (int i = 0; i < j->cells; i++)
    j->before[i] = (AeCellVelocity){ 0 };
  j->level = (AeJitterLevel){ 0 };
}

AeCellVelocity *
ae_jitter_next (AeJitter *j)
{
  return j->now;
}

/* Of cells that move in both pictures; returns how many there are. */
static int
list_changes (AeJitter *j)
{
  int n = 0;
  for (int i = 0; i < j->cells; i++) {
    const AeCellVelocity *a = &j->now[i], *b = &j->before[i];
    if (a->share <= MOVES || b->share <= MOVES)
      continue;
    float speed = fmaxf (hypotf (a->u, a->v), hypotf (b->u, b->v));
    j->changes[n++]
        = hypotf (a->u - b->u, a->v - b->v) / fmaxf (speed, LEAST_SPEED);
  }
  return n;
}

void
ae_jitter_add (AeJitter *j)
{
  int n = list_changes (j);
  AeCellVelocity *older = j->before;
  j->before = j->now;
  j->now = older;
  if (n < FEWEST)
    return;
  if (j->level.pictures < AE_JITTER_MEMORY)
    j->level.pictures++;
  float median = ae_cells_nth (j->changes, (size_t) n, (size_t) n / 2);
  j->level.mean += (median - j->level.mean) / (float) j->level.pictures;
}

AeJitterLevel
ae_jitter_level (const AeJitter *j)
{
  return j->level;
}
