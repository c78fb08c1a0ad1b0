/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/coder.h"

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
