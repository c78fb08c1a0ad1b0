/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/coder.h"

#define LATENT 16 /* pixels along the edge of a latent */
/* Small pictures are one slice, others an even number of them, for processors of
 * two cores. Each costs about 20 bytes. */
#define MOST_ROWS 16
#define SMALL 400 /* latents of a channel */

AeGrid
ae_grid_of (const AeCodec *codec, int width, int height)
{
  AeGrid g = { .channels = codec->channels,
    .rows = (height + LATENT - 1) / LATENT,
    .columns = (width + LATENT - 1) / LATENT };
  g.h = g.rows * LATENT / 2;
  g.w = g.columns * LATENT / 2;
  int pairs = (g.rows + 2 * MOST_ROWS - 1) / (2 * MOST_ROWS);
  bool small = g.rows <= MOST_ROWS && g.rows * g.columns < SMALL;
  int wanted = small ? 1 : 2 * pairs;
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
