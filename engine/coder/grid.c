/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/coder.h"

#include "codec/fixed.h"

#define LATENT 16 /* pixels along the edge of a latent */
/* Rows of a slice: pictures of fewer than LEAST_ROWS are one slice, others an
 * even number of them, for processors of two cores. */
#define LEAST_ROWS 6
#define MOST_ROWS 16

AeGrid
ae_grid_of (const AeCodec *codec, int width, int height)
{
  AeGrid g = { .channels = codec->channels,
    .rows = (height + LATENT - 1) / LATENT,
    .columns = (width + LATENT - 1) / LATENT };
  g.h = g.rows * LATENT / 2;
  g.w = g.columns * LATENT / 2;
  int pairs = (g.rows + 2 * MOST_ROWS - 1) / (2 * MOST_ROWS);
  int wanted = g.rows < LEAST_ROWS ? 1 : 2 * pairs;
  g.slice_rows = (g.rows + wanted - 1) / wanted;
  g.n_slices = (g.rows + g.slice_rows - 1) / g.slice_rows;
  g.n = (size_t) g.channels * g.rows * g.columns;
  return g;
}

AeGridSlice
ae_grid_slice (const AeGrid *grid, int i)
{
  AeGridSlice s = { .row = i * grid->slice_rows };
  int left = grid->rows - s.row;
  s.n_rows = left < grid->slice_rows ? left : grid->slice_rows;
  s.at = (size_t) s.row * grid->columns * grid->channels;
  return s;
}

static int16_t
scale (int16_t value, int64_t factor)
{
  int64_t scaled = ((value < 0 ? -value : value) * factor + 32768) >> 16;
  scaled = scaled > INT16_MAX ? INT16_MAX : scaled;
  return (int16_t) (value < 0 ? -scaled : scaled);
}

void
ae_past_predict (const AeCodec *codec, const AePastLatents *past, int level,
    int16_t *to)
{
  const AeGrid *g = &past->grid;
  for (int i = 0; i < g->n_slices; i++) {
    AeGridSlice slice = ae_grid_slice (g, i);
    size_t places = (size_t) slice.n_rows * g->columns, at = slice.at;
    for (int c = 0; c < g->channels; c++, at += places) {
      int64_t e = (int64_t) codec->range[c] * (level - past->level) * 65536
          / (255 * AE_GAIN_ONE);
      int64_t factor = ae_fixed_power (e);
      for (size_t k = at; k < at + places; k++)
        to[k] = scale (past->values[k], factor);
    }
  }
}
