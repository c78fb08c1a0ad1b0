/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/motion_cells.h"

#include "detect/changes.h"
#include "util/mem.h"
#include "video/flow.h"

#include <math.h>
#include <stdbool.h>

#define HALF (AE_CELL / 2) /* places of the flow field along a cell */
#define LEAST_PACE 0.1f
#define MOST_PACE 10.0f
#define EDGE 4 /* places: as far the flow's patches reach over it */
#define EDGE_VECTORS 2.0f /* lengths of a vector that its place is from there */
#define UNSURE 0.05f /* share of places below which speeds tend to 0 */

/* Means over all places of a cell. */
enum { MOVES, LENGTH, SUM_U, SUM_V, SQUARES, N_SUMS };

struct AeMotionCells {
  AeFlow *flow;
  int columns, rows;
  float scale; /* of vectors */
  AeCellAverage *average;
  AeChanges *changes;
  AeJitter *jitter;
  float *features;
};

AeMotionCells *
ae_motion_cells_new (int width, int height, int n_threads)
{
  AeMotionCells *c = ae_calloc (1, sizeof *c);
  if (!c)
    return NULL;
  c->scale = 1;
  c->columns = width / AE_CELL;
  c->rows = height / AE_CELL;
  size_t cells = (size_t) c->columns * (size_t) c->rows;
  c->flow = ae_flow_new (width, height, n_threads);
  c->average = ae_cell_average_new (c->columns, c->rows, N_SUMS);
  c->features = ae_calloc (cells, AE_MOTION_FEATURES * sizeof (float));
  c->changes = ae_changes_new (c->columns, c->rows);
  c->jitter = ae_jitter_new (c->columns * c->rows);
  if (!c->flow || !c->average || !c->features || !c->changes || !c->jitter)
    ae_motion_cells_free (&c);
  return c;
}

void
ae_motion_cells_free (AeMotionCells **cells)
{
  AeMotionCells *c = *cells;
  *cells = NULL;
  if (!c)
    return;
  ae_flow_free (&c->flow);
  ae_cell_average_free (&c->average);
  ae_changes_free (&c->changes);
  ae_jitter_free (&c->jitter);
  ae_free (c->features);
  ae_free (c);
}

void
ae_motion_cells_reset (AeMotionCells *c)
{
  ae_flow_reset (c->flow);
  ae_cell_average_reset (c->average);
  ae_changes_reset (c->changes);
  ae_jitter_reset (c->jitter);
}

void
ae_motion_cells_set_pace (AeMotionCells *c, float pace)
{
  c->scale = 1 / fminf (fmaxf (pace, LEAST_PACE), MOST_PACE);
}

static int
least (int a, int b)
{
  return a < b ? a : b;
}

/* Where things come and go at the picture's edge nothing tells what moved
 * where: a vector of any direction is too long for the place's distance from
 * there. */
static bool
is_wild (const AeFlowField *field, int x, int y, float u, float v)
{
  int across = least (x, field->width - 1 - x);
  int from_edge = least (across, least (y, field->height - 1 - y));
  float distance = (float) (2 * from_edge + 1);
  return from_edge < EDGE
         && EDGE_VECTORS * EDGE_VECTORS * (u * u + v * v)
                > distance * distance;
}

/* `changed`: how sure it is that anything did. */
static void
sum_cell (const AeFlowField *field, float scale, float changed, int x, int y,
    float sums[N_SUMS])
{
  float s[N_SUMS] = { 0 };
  for (int j = y * HALF; j < (y + 1) * HALF; j++)
    for (int i = x * HALF; i < (x + 1) * HALF; i++) {
      size_t at = (size_t) j * (size_t) field->width + (size_t) i;
      float u = scale * field->u[at], v = scale * field->v[at];
      float square = u * u + v * v;
      if (!(square > AE_MOTION_MOVES * AE_MOTION_MOVES))
        continue;
      if (is_wild (field, i, j, field->u[at], field->v[at]))
        continue;
      s[MOVES] += 1;
      s[LENGTH] += sqrtf (square);
      s[SUM_U] += u;
      s[SUM_V] += v;
      s[SQUARES] += square;
    }
  for (int i = 0; i < N_SUMS; i++)
    sums[i] = changed * s[i] / (HALF * HALF);
}

static AeCellVelocity
velocity_of (const float sums[N_SUMS])
{
  float share = sums[MOVES], scale = share > 0 ? 1 / share : 0;
  return (AeCellVelocity){ share, sums[SUM_U] * scale, sums[SUM_V] * scale };
}

static const float *
average_field (
    AeMotionCells *c, const AeFlowField *field, const float *changed)
{
  AeCellVelocity *velocity = ae_jitter_next (c->jitter);
  float *sums = ae_cell_average_next (c->average);
  for (int y = 0; y < c->rows; y++)
    for (int x = 0; x < c->columns; x++, sums += N_SUMS) {
      sum_cell (field, c->scale, *changed++, x, y, sums);
      *velocity++ = velocity_of (sums);
    }
  ae_jitter_add (c->jitter);
  return ae_cell_average_add (c->average);
}

static void
describe (AeMotionCells *c, const float *sums)
{
  int cells = c->columns * c->rows;
  for (int i = 0; i < cells; i++) {
    const float *s = sums + i * N_SUMS;
    float *f = c->features + i * AE_MOTION_FEATURES;
    float scale = 1 / (s[MOVES] + UNSURE), speed = s[LENGTH] * scale;
    f[AE_MOTION_SHARE] = s[MOVES];
    f[AE_MOTION_SPEED] = speed;
    f[AE_MOTION_U] = s[SUM_U] * scale;
    f[AE_MOTION_V] = s[SUM_V] * scale;
    f[AE_MOTION_SPREAD]
        = sqrtf (fmaxf (s[SQUARES] * scale - speed * speed, 0));
  }
}

AeJitterLevel
ae_motion_cells_jitter (const AeMotionCells *c)
{
  return ae_jitter_level (c->jitter);
}

const float *
ae_motion_cells_add (
    AeMotionCells *c, const uint8_t *grey, ptrdiff_t stride)
{
  AeFlowField field;
  const float *changed = ae_changes_add (c->changes, grey, stride);
  ae_flow_add (c->flow, grey, stride);
  if (!ae_flow_field (c->flow, &field))
    return NULL;
  describe (c, average_field (c, &field, changed));
  return c->features;
}
