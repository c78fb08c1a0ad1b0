/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/cosines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BASIS_BITS 10
#define UNIT_BITS 4
#define LARGEST ((1 << 17) - 1) /* what sums of 16 products leave room for */

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

void
ae_cosines_init (AeCosines *c)
{
  memset (c, 0, sizeof *c);
  ae_cosine_order (c->order);
  for (int i = 0; i < 2; i++) {
    int side = i == 0 ? 16 : 8;
    for (int f = 0; f < side; f++)
      for (int x = 0; x < side; x++) {
        double scale = sqrt ((f ? 2.0 : 1.0) / side);
        double value = scale * cos (M_PI * (2 * x + 1) * f / (2.0 * side));
        c->basis[i][f][x] = (float) value;
        c->integer[i][f][x] = (int32_t) lrint (ldexp (value, BASIS_BITS));
      }
  }
}

/* to[u][v] of side x side samples. */
static inline void
forward (const float basis[16][16], int side, const int16_t *from,
    float to[16][16])
{
  float rows[16][16]; /* [u][column] */
  for (int u = 0; u < side; u++) {
    for (int x = 0; x < side; x++)
      rows[u][x] = 0;
    for (int y = 0; y < side; y++)
      for (int x = 0; x < side; x++)
        rows[u][x] += basis[u][y] * (float) from[y * side + x];
  }
  float turned[16][16] = { { 0 } }; /* [column][v] */
  for (int x = 0; x < side; x++)
    for (int v = 0; v < side; v++)
      turned[x][v] = basis[v][x];
  for (int u = 0; u < side; u++) {
    for (int v = 0; v < side; v++)
      to[u][v] = 0;
    for (int x = 0; x < side; x++)
      for (int v = 0; v < side; v++)
        to[u][v] += rows[u][x] * turned[x][v];
  }
}

void
ae_cosines_forward (const AeCosines *c, const AePlaceSamples *from,
    const float gain[2], float *to, size_t to_step)
{
  float planes[3][16][16];
  forward (c->basis[0], 16, from->luma, planes[0]);
  forward (c->basis[1], 8, from->chroma[0], planes[1]);
  forward (c->basis[1], 8, from->chroma[1], planes[2]);
  for (int i = 0; i < AE_COSINES; i++) {
    const AeCosine *at = &c->order[i];
    to[i * to_step] = planes[at->plane][at->u][at->v] * gain[at->plane > 0];
  }
}

static int32_t
cut (int64_t x)
{
  return (int32_t) (x > LARGEST ? LARGEST : x < -LARGEST ? -LARGEST : x);
}

/* rows[y][v], the vertical half, to samples. */
static inline void
finish (const int32_t basis[16][16], int side, int32_t rows[16][16],
    int16_t *to)
{
  int half = 1 << (BASIS_BITS + UNIT_BITS - 1);
  for (int y = 0; y < side; y++) {
    int32_t sums[16] = { 0 };
    for (int v = 0; v < side; v++) {
      int32_t value = cut (((int64_t) rows[y][v] + (1 << (BASIS_BITS - 1)))
          >> BASIS_BITS);
      if (value != 0)
        for (int x = 0; x < side; x++)
          sums[x] += basis[v][x] * value;
    }
    for (int x = 0; x < side; x++) {
      int32_t sample = (sums[x] + half) >> (BASIS_BITS + UNIT_BITS);
      to[y * side + x] = (int16_t) (sample > INT16_MAX ? INT16_MAX
              : sample < INT16_MIN                     ? INT16_MIN
                                                       : sample);
    }
  }
}

void
ae_cosines_inverse (const AeCosines *c, const int16_t *values, size_t step,
    const int32_t unit[2], AePlaceSamples *to)
{
  int32_t rows[3][16][16];
  bool used[3] = { false, false, false };
  memset (rows, 0, sizeof rows);
  for (int i = 0; i < AE_COSINES; i++) {
    int value = values[i * step];
    if (value == 0)
      continue;
    const AeCosine *at = &c->order[i];
    int kind = at->plane > 0, side = kind ? 8 : 16;
    int32_t scaled = cut ((int64_t) value * unit[kind]);
    used[at->plane] = true;
    for (int y = 0; y < side; y++)
      rows[at->plane][y][at->v] += c->integer[kind][at->u][y] * scaled;
  }
  memset (to, 0, sizeof *to);
  if (used[0])
    finish (c->integer[0], 16, rows[0], to->luma);
  for (int i = 0; i < 2; i++)
    if (used[1 + i])
      finish (c->integer[1], 8, rows[1 + i], to->chroma[i]);
}
