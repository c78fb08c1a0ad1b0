/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/cosines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 100 times the square of how fine it is: 1.6^2 = 2.56 times for chroma, whose
 * blocks have half the side. */
static int
fineness (const AeCosine *c)
{
  int square = c->u * c->u + c->v * c->v;
  return square * (c->plane == 0 ? 100 : 1024);
}

static int
by_fineness (const void *a, const void *b)
{
  const AeCosine *x = a, *y = b;
  if (fineness (x) != fineness (y))
    return fineness (x) - fineness (y);
  if (x->plane != y->plane)
    return x->plane - y->plane;
  return x->u != y->u ? x->u - y->u : x->v - y->v;
}

void
ae_cosine_order (AeCosine order[AE_COSINES])
{
  int n = 0;
  for (int plane = 0; plane < 3; plane++) {
    int side = plane == 0 ? 16 : 8;
    for (int u = 0; u < side; u++)
      for (int v = 0; v < side; v++)
        order[n++] = (AeCosine){ (uint8_t) plane, (uint8_t) u, (uint8_t) v };
  }
  qsort (order, AE_COSINES, sizeof *order, by_fineness);
}

/* Of `side` samples: a frequency's weight on the sample x. */
static double
weight (int side, int f, int x)
{
  double scale = sqrt ((f ? 2.0 : 1.0) / side);
  return scale * cos (M_PI * (2 * x + 1) * f / (2.0 * side));
}

static int32_t
to_integer (double weight)
{
  return (int32_t) lrint (ldexp (weight, AE_COSINE_BITS));
}

/* Luma's 16 rows, then 8 for U and V. */
static void
fill_down (AeCosineWeights *w)
{
  for (int f = 0; f < AE_PLACE_ROWS; f++) {
    int side = f < 16 ? 16 : 8;
    for (int y = 0; y < side; y++) {
      double by = weight (side, f % 16, y);
      w->down[f][y] = (float) by;
      w->rows[f][y] = to_integer (by);
    }
  }
}

/* U and V lie side by side, and stay apart. */
static void
fill_across (AeCosineWeights *w, int chroma)
{
  int side = chroma ? 8 : 16;
  for (int f = 0; f < 16; f++)
    for (int x = 0; x < 16; x++) {
      if (f / side != x / side)
        continue;
      double by = weight (side, f % side, x % side);
      w->across[chroma][x][f] = (float) by;
      w->columns[chroma][f][x] = to_integer (by);
    }
}

void
ae_cosines_init (AeCosines *c)
{
  memset (c, 0, sizeof *c);
  c->kernels = ae_kernels ();
  ae_cosine_order (c->order);
  fill_down (&c->weights);
  fill_across (&c->weights, 0);
  fill_across (&c->weights, 1);
}

static int
row_of (const AeCosine *c)
{
  return c->plane == 0 ? c->u : 16 + c->u;
}

static int
column_of (const AeCosine *c)
{
  return c->plane == 2 ? 8 + c->v : c->v;
}

void
ae_cosines_forward (const AeCosines *c, const AePlaceSamples *from,
    AePlaceCosines *to)
{
  c->kernels->cosines_forward (&c->weights, from, to->at);
}

void
ae_cosines_arrange (const AeCosines *c, const AePlaceCosines *from,
    const float gain[2], float *to, size_t step)
{
  for (int i = 0; i < AE_COSINES; i++) {
    const AeCosine *at = &c->order[i];
    to[i * step] = from->at[row_of (at)][column_of (at)] * gain[at->plane > 0];
  }
}

void
ae_cosines_inverse (const AeCosines *c, const int16_t *values, size_t step,
    const int32_t unit[2], AePlaceSamples *to)
{
  int32_t all[AE_PLACE_ROWS][AE_PLACE_SIDE] = { { 0 } };
  for (int i = 0; i < AE_COSINES; i++) {
    int value = values[i * step];
    const AeCosine *at = &c->order[i];
    if (value != 0)
      all[row_of (at)][column_of (at)]
          = ae_cosine_cut ((int64_t) value * unit[at->plane > 0]);
  }
  c->kernels->cosines_inverse (&c->weights, all, to);
}
