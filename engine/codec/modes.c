/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/modes.h"

#define N_MODES 3

/* Of 65536: skip, delta, intra; by how many of the two neighbours are skipped
 * and how many intra. */
static const uint16_t frequencies[3][3][N_MODES] = {
  { { 9000, 50536, 6000 }, { 7000, 36536, 22000 }, { 3536, 20000, 42000 } },
  { { 28000, 34036, 3500 }, { 22536, 21000, 22000 }, { 0, 0, 0 } },
  { { 60000, 4836, 700 }, { 0, 0, 0 }, { 0, 0, 0 } },
};

/* Outside the grid, neighbours are deltas. */
static const uint16_t *
frequencies_at (const uint8_t *modes, int columns, int y, int x)
{
  const uint8_t *at = modes + (size_t) y * columns + x;
  int left = x > 0 ? at[-1] : AE_PLACE_DELTA;
  int above = y > 0 ? at[-columns] : AE_PLACE_DELTA;
  int skipped = (left == AE_PLACE_SKIP) + (above == AE_PLACE_SKIP);
  int intra = (left == AE_PLACE_INTRA) + (above == AE_PLACE_INTRA);
  return frequencies[skipped][intra];
}

static uint32_t
start_of (const uint16_t *freq, int mode)
{
  uint32_t start = 0;
  for (int i = 0; i < mode; i++)
    start += freq[i];
  return start;
}

void
ae_modes_put (AeRansWriter *w, const uint8_t *modes, int rows, int columns)
{
  for (int y = 0; y < rows; y++)
    for (int x = 0; x < columns; x++) {
      const uint16_t *freq = frequencies_at (modes, columns, y, x);
      int mode = modes[(size_t) y * columns + x];
      ae_rans_put (w, start_of (freq, mode), freq[mode]);
    }
}

void
ae_modes_get (AeRansReader *r, uint8_t *modes, int rows, int columns)
{
  for (int y = 0; y < rows; y++)
    for (int x = 0; x < columns; x++) {
      const uint16_t *freq = frequencies_at (modes, columns, y, x);
      uint32_t place = ae_rans_peek (r);
      int mode = AE_PLACE_SKIP;
      while (mode < AE_PLACE_INTRA && place >= start_of (freq, mode + 1))
        mode++;
      ae_rans_take (r, start_of (freq, mode), freq[mode]);
      modes[(size_t) y * columns + x] = (uint8_t) mode;
    }
}
