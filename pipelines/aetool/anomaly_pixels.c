/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_pixels.h"

#include <math.h>
#include <string.h>

/* Sign, exponent and the first 9 bits of the fraction. */
#define BITS 18
#define BINS (1 << BITS)

/* Usual pixels of frames without and with unusual ones. */
enum { QUIET, BESIDE, UNUSUAL, N_CLASSES };

struct AnomalyPixels {
  guint64 *count[N_CLASSES]; /* of each bin, from the lowest score */
};

AnomalyPixels *
anomaly_pixels_new (void)
{
  AnomalyPixels *p = g_new0 (AnomalyPixels, 1);
  for (int c = 0; c < N_CLASSES; c++)
    p->count[c] = g_new0 (guint64, BINS);
  return p;
}

void
anomaly_pixels_free (AnomalyPixels *p)
{
  if (!p)
    return;
  for (int c = 0; c < N_CLASSES; c++)
    g_free (p->count[c]);
  g_free (p);
}

/* Floats in the order of their bits, the negative ones turned round. */
static guint
bin_of (float score)
{
  guint32 bits;
  memcpy (&bits, &score, sizeof bits);
  bits ^= bits >> 31 ? 0xffffffffu : 0x80000000u;
  return bits >> (32 - BITS);
}

static gboolean
any_unusual (const guint8 *mask, int width, int height, gsize stride)
{
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      if (mask[y * stride + x] > 127)
        return TRUE;
  return FALSE;
}

/* Which two cells a pixel lies between, and how much of the second it has. */
typedef struct {
  int first, second;
  float part;
} Between;

static Between
between (int at, int size, int cells)
{
  float place = (at + 0.5f) * cells / size - 0.5f;
  place = CLAMP (place, 0, cells - 1);
  int first = (int) place;
  return (Between) { first, MIN (first + 1, cells - 1), place - first };
}

/* Scores of the cells' columns at the height of a row of pixels. */
static void
row_scores (
    const float *grid, int columns, int rows, int y, int height, float *row)
{
  Between b = between (y, height, rows);
  const float *above = grid + (gsize) b.first * columns;
  const float *below = grid + (gsize) b.second * columns;
  for (int c = 0; c < columns; c++)
    row[c] = above[c] + b.part * (below[c] - above[c]);
}

void
anomaly_pixels_add (AnomalyPixels *p, const float *grid, int columns, int rows,
    const guint8 *mask, int width, int height, gsize stride)
{
  int usual = any_unusual (mask, width, height, stride) ? BESIDE : QUIET;
  g_autofree float *row = g_new0 (float, columns);
  g_autofree Between *across = g_new (Between, width);
  for (int x = 0; x < width; x++)
    across[x] = between (x, width, columns);
  for (int y = 0; y < height; y++) {
    if (grid)
      row_scores (grid, columns, rows, y, height, row);
    for (int x = 0; x < width; x++) {
      Between b = across[x];
      float score = row[b.first] + b.part * (row[b.second] - row[b.first]);
      p->count[mask[y * stride + x] > 127 ? UNUSUAL : usual][bin_of (score)]++;
    }
  }
}

/* Pairs of an unusual and a usual pixel of which the unusual one has the higher
 * score; ties count half. */
double
anomaly_pixels_area (const AnomalyPixels *p, gboolean unusual_frames)
{
  double below = 0, unusual = 0, pairs = 0;
  for (int i = 0; i < BINS; i++) {
    double here = (double) p->count[BESIDE][i];
    if (!unusual_frames)
      here += (double) p->count[QUIET][i];
    pairs += (double) p->count[UNUSUAL][i] * (below + here / 2);
    unusual += (double) p->count[UNUSUAL][i];
    below += here;
  }
  return below > 0 && unusual > 0 ? pairs / (below * unusual) : NAN;
}
