/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/coder.h"

#define LATENT 16 /* pixels along the edge of a latent */

AeGrid
ae_grid_of (const AeCodec *codec, int width, int height)
{
  AeGrid g = { .channels = codec->channels,
    .rows = (height + LATENT - 1) / LATENT,
    .columns = (width + LATENT - 1) / LATENT };
  g.h = g.rows * LATENT / 2;
  g.w = g.columns * LATENT / 2;
  g.n_slices = (g.rows + AE_SLICE_ROWS - 1) / AE_SLICE_ROWS;
  g.n = (size_t) g.channels * g.rows * g.columns;
  return g;
}

AeGridSlice
ae_grid_slice (const AeGrid *grid, int i)
{
  AeGridSlice s = { .row = i * AE_SLICE_ROWS };
  int left = grid->rows - s.row;
  s.n_rows = left < AE_SLICE_ROWS ? left : AE_SLICE_ROWS;
  s.at = (size_t) s.row * grid->columns * grid->channels;
  return s;
}

/* 65536 * 2^(i / 16): what lies between is interpolated. */
static const uint32_t powers[17] = { 65536, 68438, 71468, 74632, 77936, 81386,
  84990, 88752, 92682, 96785, 101070, 105545, 110218, 115098, 120194, 125515,
  131072 };

/* 2^(e / 65536) in 1 / 65536, for |e| below 15 * 65536. */
static int64_t
power_of_two (int64_t e)
{
  int64_t whole = e >> 16, part = e & 0xffff;
  int i = (int) (part >> 12);
  int64_t low = powers[i], high = powers[i + 1];
  int64_t value = low + ((high - low) * (part & 0xfff) >> 12);
  return whole >= 0 ? value << whole : value >> -whole;
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
      int64_t factor = power_of_two (e);
      for (size_t k = at; k < at + places; k++)
        to[k] = scale (past->values[k], factor);
    }
  }
}
