/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/deblock.h"

#include <stdbool.h>
#include <stdlib.h>

#define SIDE 16
#define LINES 4 /* that are decided about together */
#define PIXEL 4 /* of a vector's units */
/* By how much samples change at most, in 64ths of the quantiser's step, and how
 * much both sides of an edge may bend, in steps: found by trying on clips of a
 * fixed camera. H.265 has 7 and 1 at middle rates, but its blocks are smaller
 * and adapt to what is in them. */
#define MOST 15
#define ROUGH 8
#define MOST_ROUGH 320

/* By how much samples may change, and how rough they may be. */
typedef struct {
  int most, rough;
} Limits;

static int
clamp (int x, int least, int most)
{
  return x < least ? least : x > most ? most : x;
}

static uint8_t
to_byte (int x)
{
  return (uint8_t) clamp (x, 0, 255);
}

/* Second difference of the three samples on one side of an edge. */
static int
bend (const uint8_t *at, ptrdiff_t step)
{
  return abs (at[0] - 2 * at[step] + at[2 * step]);
}

/* `at` is the first sample behind the edge, samples lie `step` apart across
 * it. */
static bool
is_flat (const uint8_t *at, ptrdiff_t step, int bent, Limits l)
{
  return 2 * bent < l.rough >> 2
      && abs (at[-4 * step] - at[-step]) + abs (at[0] - at[3 * step])
          < l.rough >> 3
      && abs (at[-step] - at[0]) < (5 * l.most + 1) >> 1;
}

static void
smooth_flat (uint8_t *at, ptrdiff_t step, int most)
{
  int p3 = at[-4 * step], p2 = at[-3 * step], p1 = at[-2 * step];
  int p0 = at[-step], q0 = at[0], q1 = at[step], q2 = at[2 * step];
  int q3 = at[3 * step], limit = 2 * most;
  int to[6] = { (2 * p3 + 3 * p2 + p1 + p0 + q0 + 4) >> 3,
    (p2 + p1 + p0 + q0 + 2) >> 2, (p2 + 2 * p1 + 2 * p0 + 2 * q0 + q1 + 4) >> 3,
    (p1 + 2 * p0 + 2 * q0 + 2 * q1 + q2 + 4) >> 3, (p0 + q0 + q1 + q2 + 2) >> 2,
    (p0 + q0 + q1 + 3 * q2 + 2 * q3 + 4) >> 3 };
  for (int i = 0; i < 6; i++) {
    uint8_t *sample = at + (i - 3) * step;
    *sample = (uint8_t) clamp (to[i], *sample - limit, *sample + limit);
  }
}

/* near: whether the second samples of both sides change as well. */
static void
smooth (uint8_t *at, ptrdiff_t step, int most, const bool near[2])
{
  int p2 = at[-3 * step], p1 = at[-2 * step], p0 = at[-step];
  int q0 = at[0], q1 = at[step], q2 = at[2 * step];
  int change = (9 * (q0 - p0) - 3 * (q1 - p1) + 8) >> 4;
  if (abs (change) >= 10 * most)
    return;
  change = clamp (change, -most, most);
  at[-step] = to_byte (p0 + change);
  at[0] = to_byte (q0 - change);
  if (near[0])
    at[-2 * step] = to_byte (p1
        + clamp ((((p2 + p0 + 1) >> 1) - p1 + change) >> 1, -(most >> 1),
            most >> 1));
  if (near[1])
    at[step] = to_byte (q1
        + clamp ((((q2 + q0 + 1) >> 1) - q1 - change) >> 1, -(most >> 1),
            most >> 1));
}

/* LINES lines, `next` apart. */
static void
smooth_lines (uint8_t *at, ptrdiff_t step, ptrdiff_t next, Limits l)
{
  uint8_t *last = at + (LINES - 1) * next;
  int p[2] = { bend (at - step, -step), bend (last - step, -step) };
  int q[2] = { bend (at, step), bend (last, step) };
  if (p[0] + p[1] + q[0] + q[1] >= l.rough)
    return;
  int side = (l.rough + (l.rough >> 1)) >> 3;
  bool near[2] = { p[0] + p[1] < side, q[0] + q[1] < side };
  bool flat = is_flat (at, step, p[0] + q[0], l)
      && is_flat (last, step, p[1] + q[1], l);
  for (int i = 0; i < LINES; i++, at += next)
    if (flat)
      smooth_flat (at, step, l.most);
    else
      smooth (at, step, l.most, near);
}

static Limits
limits_of (const AePlaces *p)
{
  int rough = p->step * ROUGH / 16;
  return (Limits){ p->step * MOST / 1024,
    rough < MOST_ROUGH ? rough : MOST_ROUGH };
}

static bool
has_edge (const AePlaces *p, size_t a, size_t b)
{
  return p->groups[a] > 0 || p->groups[b] > 0
      || abs (p->vectors[a].x - p->vectors[b].x) >= PIXEL
      || abs (p->vectors[a].y - p->vectors[b].y) >= PIXEL;
}

/* Chroma's edge: the sample on each side changes. */
static void
smooth_chroma (uint8_t *at, ptrdiff_t step, ptrdiff_t next, int most)
{
  for (int i = 0; i < SIDE / 2; i++, at += next) {
    int p1 = at[-2 * step], p0 = at[-step], q0 = at[0], q1 = at[step];
    int change = clamp ((4 * (q0 - p0) + p1 - q1 + 4) >> 3, -most, most);
    at[-step] = to_byte (p0 + change);
    at[0] = to_byte (q0 - change);
  }
}

static void
smooth_luma (uint8_t *at, ptrdiff_t step, ptrdiff_t next, Limits l)
{
  for (int i = 0; i < SIDE; i += LINES)
    smooth_lines (at + i * next, step, next, l);
}

/* The edge above a place, or the one to its left. */
static void
smooth_edge (const AeImage *image, int row, int column, bool above, Limits l)
{
  for (int i = 0; i < 3; i++) {
    ptrdiff_t stride = image->stride[i];
    ptrdiff_t step = above ? stride : 1, next = above ? 1 : stride;
    int side = i == 0 ? SIDE : SIDE / 2;
    uint8_t *at = image->plane[i] + row * side * stride + column * side;
    if (i == 0)
      smooth_luma (at, step, next, l);
    else
      smooth_chroma (at, step, next, l.most * 3 / 2);
  }
}

void
ae_deblock_across (const AePlaces *p, const AeImage *image, int row)
{
  size_t place = (size_t) row * p->columns;
  Limits l = limits_of (p);
  for (int x = 1; x < p->columns; x++)
    if (x != p->wall && has_edge (p, place + x, place + x - 1))
      smooth_edge (image, row, x, false, l);
}

void
ae_deblock_down (const AePlaces *p, const AeImage *image, int row)
{
  size_t place = (size_t) row * p->columns;
  Limits l = limits_of (p);
  for (int x = 0; x < p->columns; x++)
    if (has_edge (p, place + x, place + x - p->columns))
      smooth_edge (image, row, x, true, l);
}
