/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/changes.h"

#include "detect/cells.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

/* Of the mean square of a cell's differences: */
#define LEAST_NOISE 1.0f /* squared grey levels */
/* Noise of a camera is much the same in all cells; after a denoiser some flicker
 * more than others. As far as the quiet ones are below the median, others are
 * above; where that is very far, it is because half of the picture moves. */
#define QUIET 0.1f      /* share of the cells that is quieter */
#define MOST_UNEVEN 5.0f
#define NOISE 2.0f      /* times what is above: no change yet */
#define CHANGE 6.0f     /* a change for sure */

struct AeChanges {
  int columns, rows;
  bool any;
  uint8_t *before; /* the last picture */
  float *squares;  /* of cells: mean square of the differences */
  float *scratch;
};

AeChanges *
ae_changes_new (int columns, int rows)
{
  AeChanges *c = ae_calloc (1, sizeof *c);
  if (!c)
    return NULL;
  size_t cells = (size_t) columns * (size_t) rows;
  c->columns = columns;
  c->rows = rows;
  c->before = ae_calloc (cells, AE_CELL * AE_CELL);
  c->squares = ae_calloc (cells, sizeof (float));
  c->scratch = ae_calloc (cells, sizeof (float));
  if (!c->before || !c->squares || !c->scratch)
    ae_changes_free (&c);
  return c;
}

void
ae_changes_free (AeChanges **changes)
{
  AeChanges *c = *changes;
  *changes = NULL;
  if (!c)
    return;
  ae_free (c->before);
  ae_free (c->squares);
  ae_free (c->scratch);
  ae_free (c);
}

void
ae_changes_reset (AeChanges *c)
{
  c->any = false;
}

/* Adds a row of the picture to its row of cells, and keeps it. */
static void
add_row (const AeChanges *c, const uint8_t *now, uint8_t *before, float *to)
{
  for (int x = 0; x < c->columns; x++, now += AE_CELL, before += AE_CELL) {
    int sum = 0;
    for (int i = 0; i < AE_CELL; i++) {
      int d = now[i] - before[i];
      sum += d * d;
    }
    to[x] += (float) sum / (AE_CELL * AE_CELL);
    memcpy (before, now, AE_CELL);
  }
}

static void
weigh (AeChanges *c)
{
  size_t cells = (size_t) c->columns * (size_t) c->rows;
  memcpy (c->scratch, c->squares, cells * sizeof (float));
  size_t quiet = (size_t) (QUIET * (float) cells);
  float median = ae_cells_nth (c->scratch, cells, cells / 2);
  float least = ae_cells_nth (c->scratch, cells, quiet);
  least = fmaxf (least, LEAST_NOISE);
  float uneven = fminf (fmaxf (median / least, 1), MOST_UNEVEN);
  float noise = least * uneven * uneven;
  for (size_t i = 0; i < cells; i++) {
    float w = (c->squares[i] / noise - NOISE) / (CHANGE - NOISE);
    c->squares[i] = w > 0 ? w < 1 ? w : 1 : 0;
  }
}

const float *
ae_changes_add (AeChanges *c, const uint8_t *grey, ptrdiff_t stride)
{
  size_t cells = (size_t) c->columns * (size_t) c->rows;
  size_t row = (size_t) c->columns * AE_CELL;
  memset (c->squares, 0, cells * sizeof (float));
  for (int y = 0; y < c->rows * AE_CELL; y++)
    add_row (c, grey + y * stride, c->before + (size_t) y * row,
        c->squares + y / AE_CELL * c->columns);
  if (c->any)
    weigh (c);
  else
    memset (c->squares, 0, cells * sizeof (float));
  c->any = true;
  return c->squares;
}
