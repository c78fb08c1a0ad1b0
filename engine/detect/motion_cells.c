/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/motion_cells.h"

#include "util/mem.h"
#include "video/flow.h"

#include <math.h>

#define HALF (AE_CELL / 2) /* places of the flow field along a cell */
#define LEAST_PACE 0.1f
#define MOST_PACE 10.0f
#define UNSURE 0.05f /* share of places below which speeds tend to 0 */

/* Means over all places of a cell. */
enum { MOVES, LENGTH, SUM_U, SUM_V, SQUARES, N_SUMS };

struct AeMotionCells {
  AeFlow *flow;
  int columns, rows;
  float scale; /* of vectors */
  AeCellAverage *average;
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
  if (!c->flow || !c->average || !c->features)
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
  ae_free (c->features);
  ae_free (c);
}

void
ae_motion_cells_reset (AeMotionCells *c)
{
  ae_flow_reset (c->flow);
  ae_cell_average_reset (c->average);
}

void
ae_motion_cells_set_pace (AeMotionCells *c, float pace)
{
  c->scale = 1 / fminf (fmaxf (pace, LEAST_PACE), MOST_PACE);
}

static void
sum_cell (const AeFlowField *field, float scale, int x, int y,
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
      s[MOVES] += 1;
      s[LENGTH] += sqrtf (square);
      s[SUM_U] += u;
      s[SUM_V] += v;
      s[SQUARES] += square;
    }
  for (int i = 0; i < N_SUMS; i++)
    sums[i] = s[i] / (HALF * HALF);
}

static const float *
average_field (AeMotionCells *c, const AeFlowField *field)
{
  float *sums = ae_cell_average_next (c->average);
  for (int y = 0; y < c->rows; y++)
    for (int x = 0; x < c->columns; x++, sums += N_SUMS)
      sum_cell (field, c->scale, x, y, sums);
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

const float *
ae_motion_cells_add (
    AeMotionCells *c, const uint8_t *grey, ptrdiff_t stride)
{
  AeFlowField field;
  ae_flow_add (c->flow, grey, stride);
  if (!ae_flow_field (c->flow, &field))
    return NULL;
  describe (c, average_field (c, &field));
  return c->features;
}
