/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places of the codec in plain C: what the vector kernels are tested against. */
#include "kernels/scalar.h"

#include <string.h>

static int
clamp (int x, int least, int most)
{
  return x < least ? least : x > most ? most : x;
}

static int
weighted (const uint8_t *from, ptrdiff_t step, const int8_t *taps, int n)
{
  int sum = 0;
  if (!taps)
    return 64 * *from;
  for (int k = 0; k < n; k++)
    sum += taps[k] * from[(k - n / 2 + 1) * step];
  return sum;
}

/* Across first; in both directions nothing is rounded between them. */
static uint8_t
moved (const AePixelMove *m, const uint8_t *at)
{
  int n = m->side / 2, sum = 0;
  if (!m->across)
    sum = (weighted (at, m->stride, m->down, n) + 32) >> 6;
  else if (!m->down)
    sum = (weighted (at, 1, m->across, n) + 32) >> 6;
  else {
    for (int k = 0; k < n; k++)
      sum += m->down[k]
          * weighted (at + (k - n / 2 + 1) * m->stride, 1, m->across, n);
    sum = (sum + (1 << 11)) >> 12;
  }
  return (uint8_t) clamp (sum, 0, 255);
}

void
ae_move_pixels_scalar (const AePixelMove *m, uint8_t *to)
{
  for (int y = 0; y < m->side; y++)
    for (int x = 0; x < m->side; x++)
      to[y * AE_PLACE_SIDE + x] = moved (m, m->from + y * m->stride + x);
}

void
ae_cosines_forward_scalar (const AeCosineWeights *w,
    const AePlaceSamples *from, float to[AE_PLACE_ROWS][AE_PLACE_SIDE])
{
  for (int f = 0; f < AE_PLACE_ROWS; f++) {
    int chroma = f >= AE_PLACE_SIDE;
    int first = chroma ? AE_PLACE_SIDE : 0, n = chroma ? 8 : AE_PLACE_SIDE;
    float row[AE_PLACE_SIDE] = { 0 };
    for (int y = 0; y < n; y++)
      for (int x = 0; x < AE_PLACE_SIDE; x++)
        row[x] += w->down[f][y] * (float) from->at[first + y][x];
    for (int v = 0; v < AE_PLACE_SIDE; v++) {
      to[f][v] = 0;
      for (int x = 0; x < AE_PLACE_SIDE; x++)
        to[f][v] += row[x] * w->across[chroma][x][v];
    }
  }
}

static int16_t
to_sample (int32_t sum)
{
  int shift = AE_COSINE_BITS + AE_COSINE_UNIT_BITS;
  return (int16_t) clamp ((sum + (1 << (shift - 1))) >> shift, INT16_MIN,
      INT16_MAX);
}

void
ae_cosines_inverse_scalar (const AeCosineWeights *w,
    const int32_t from[AE_PLACE_ROWS][AE_PLACE_SIDE], AePlaceSamples *to)
{
  for (int y = 0; y < AE_PLACE_ROWS; y++) {
    int chroma = y >= AE_PLACE_SIDE, first = chroma ? AE_PLACE_SIDE : 0;
    int32_t sums[AE_PLACE_SIDE] = { 0 };
    for (int v = 0; v < AE_PLACE_SIDE; v++) {
      int32_t value = 1 << (AE_COSINE_BITS - 1);
      for (int f = first; f < (chroma ? AE_PLACE_ROWS : AE_PLACE_SIDE); f++)
        value += w->rows[f][y - first] * from[f][v];
      value = ae_cosine_cut (value >> AE_COSINE_BITS);
      for (int x = 0; x < AE_PLACE_SIDE; x++)
        sums[x] += w->columns[chroma][v][x] * value;
    }
    for (int x = 0; x < AE_PLACE_SIDE; x++)
      to->at[y][x] = to_sample (sums[x]);
  }
}
