/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/motion.h"

#include "kernels/sad.h"

#include <math.h>
#include <string.h>

#define SIDE AE_PLACE_SIDE
#define REACH 4 /* pixels beyond a place that filters read */
#define MOST_STEPS 24
#define AROUND 16 /* pixels */

static const int8_t luma_taps[4][8] = { { 0, 0, 0, 64, 0, 0, 0, 0 },
  { -1, 4, -10, 58, 17, -5, 1, 0 }, { -1, 4, -11, 40, 40, -11, 4, -1 },
  { 0, 1, -5, 17, 58, -10, 4, -1 } };

static const int8_t chroma_taps[8][4] = { { 0, 64, 0, 0 }, { -2, 58, 10, -2 },
  { -4, 54, 16, -2 }, { -6, 46, 28, -4 }, { -4, 36, 36, -4 },
  { -4, 28, 46, -6 }, { -2, 16, 54, -4 }, { -2, 10, 58, -2 } };

static int
clamp (int x, int least, int most)
{
  return x < least ? least : x > most ? most : x;
}

AeVector
ae_vector_limit (
    const AeReference *r, int x, int y, int vector_x, int vector_y)
{
  int out = AE_REFERENCE_BORDER - REACH - SIDE;
  int most_x = r->image.width + out - x, most_y = r->image.height + out - y;
  int least = -(AE_REFERENCE_BORDER - REACH);
  return (AeVector){
    (int16_t) clamp (vector_x, 4 * (least - x), 4 * most_x),
    (int16_t) clamp (vector_y, 4 * (least - y), 4 * most_y),
  };
}

static const uint8_t *
sample_at (const AeReference *r, int plane, int x, int y)
{
  return r->image.plane[plane] + y * (ptrdiff_t) r->image.stride[plane] + x;
}

/* Rows of pixels, SIDE bytes apart. */
static void
move (const AePixelMove *m, uint8_t *to)
{
  if (m->across || m->down)
    ae_kernels ()->move_pixels (m, to);
  else
    for (int y = 0; y < m->side; y++)
      memcpy (to + y * SIDE, m->from + y * m->stride, (size_t) m->side);
}

static void
predict_luma (
    const AeReference *r, int x, int y, AeVector v, uint8_t *to)
{
  AePixelMove m = { .from = sample_at (r, 0, x + (v.x >> 2), y + (v.y >> 2)),
    .stride = r->image.stride[0],
    .side = SIDE,
    .across = v.x & 3 ? luma_taps[v.x & 3] : NULL,
    .down = v.y & 3 ? luma_taps[v.y & 3] : NULL };
  move (&m, to);
}

void
ae_motion_predict (
    const AeReference *r, int x, int y, AeVector v, AePlacePixels *to)
{
  AePixelMove m = { .side = SIDE / 2,
    .across = v.x & 7 ? chroma_taps[v.x & 7] : NULL,
    .down = v.y & 7 ? chroma_taps[v.y & 7] : NULL };
  uint8_t *rows = (uint8_t *) to->at;
  predict_luma (r, x, y, v, rows);
  for (int i = 0; i < 2; i++) {
    m.from = sample_at (r, 1 + i, x / 2 + (v.x >> 3), y / 2 + (v.y >> 3));
    m.stride = r->image.stride[1 + i];
    move (&m, rows + SIDE * SIDE + i * SIDE / 2);
  }
}

int
ae_vector_reach (int x, AeVector v)
{
  int luma = (v.x >> 2) + (v.x & 3 ? REACH : 0);
  int chroma = 2 * (v.x >> 3) + (v.x & 7 ? REACH : 0);
  return x + SIDE + (luma > chroma ? luma : chroma);
}

typedef struct {
  const AeMotionAim *aim;
  const uint8_t *now;
  ptrdiff_t stride;
  AeVector best;
  uint32_t sad;
  float cost;
} Search;

static uint32_t
sad_of (const Search *s, AeVector v)
{
  const AeMotionAim *a = s->aim;
  if (((v.x | v.y) & 3) == 0)
    return ae_sad_16 (s->now, s->stride,
        sample_at (a->from, 0, a->x + v.x / 4, a->y + v.y / 4),
        a->from->image.stride[0], SIDE);
  uint8_t bytes[SIDE * SIDE];
  predict_luma (a->from, a->x, a->y, v, bytes);
  return ae_sad_16 (s->now, s->stride, bytes, SIDE, SIDE);
}

static float
bits_of (int difference)
{
  return difference ? 2 + 2 * log2f (fabsf ((float) difference)) : 0.3f;
}

/* Whether it is the best one so far. */
static bool
try (Search *s, int x, int y)
{
  const AeMotionAim *a = s->aim;
  AeVector v = ae_vector_limit (a->from, a->x, a->y, x, y);
  if (v.x != x || v.y != y || ae_vector_reach (a->x, v) > a->end)
    return false;
  uint32_t sad = sad_of (s, v);
  float cost = (float) sad
      + a->worth * (bits_of (v.x - a->first.x) + bits_of (v.y - a->first.y));
  if (cost >= s->cost)
    return false;
  s->best = v;
  s->sad = sad;
  s->cost = cost;
  return true;
}

/* To the best of the four neighbours `step` quarters away, while there is a
 * better one; not back to where it came from. */
static void
descend (Search *s, int step, int most)
{
  AeVector from = s->best;
  for (int i = 0; i < most; i++) {
    AeVector at = s->best;
    for (int k = 0; k < 4; k++) {
      int away = k % 2 ? -step : step;
      int x = at.x + (k < 2 ? away : 0), y = at.y + (k < 2 ? 0 : away);
      if (i == 0 || x != from.x || y != from.y)
        try (s, x, y);
    }
    if (s->best.x == at.x && s->best.y == at.y)
      break;
    from = at;
  }
}

static void
go_down (Search *s, AeCodecSpeed speed)
{
  int fine_steps = speed == AE_SPEED_SLOW ? 4 : 2;
  descend (s, 8, MOST_STEPS);
  descend (s, 4, MOST_STEPS);
  descend (s, 2, fine_steps);
  if (speed != AE_SPEED_FAST)
    descend (s, 1, fine_steps);
}

/* On a coarse grid around no movement. */
static void
look_around (Search *s)
{
  for (int y = -AROUND; y <= AROUND; y += 4)
    for (int x = -AROUND; x <= AROUND; x += 4)
      try (s, 4 * x, 4 * y);
}

static Search
search_for (const AeMotionAim *aim)
{
  ptrdiff_t stride = aim->now->stride[0];
  return (Search){ .aim = aim,
    .now = aim->now->plane[0] + aim->y * stride + aim->x,
    .stride = stride,
    .cost = HUGE_VALF };
}

static bool
is_among (AeVector v, const AeVector *all, int n)
{
  for (int i = 0; i < n; i++)
    if (all[i].x == v.x && all[i].y == v.y)
      return true;
  return false;
}

AeVector
ae_motion_best (
    const AeMotionAim *aim, const AeVector *candidates, int n, uint32_t *sad)
{
  Search s = search_for (aim);
  for (int i = 0; i < n; i++)
    if (!is_among (candidates[i], candidates, i))
      try (&s, candidates[i].x, candidates[i].y);
  if (!is_among ((AeVector){ 0, 0 }, candidates, n))
    try (&s, 0, 0);
  *sad = s.sad;
  return s.best;
}

AeVector
ae_motion_refine (const AeMotionAim *aim, AeVector best, AeCodecSpeed speed,
    uint32_t *sad)
{
  Search s = search_for (aim), other = s;
  try (&s, best.x, best.y);
  try (&s, (best.x + 2) & ~3, (best.y + 2) & ~3);
  go_down (&s, speed);
  if (speed == AE_SPEED_SLOW) {
    look_around (&other);
    go_down (&other, speed);
    s = other.cost < s.cost ? other : s;
  }
  *sad = s.sad;
  return s.best;
}
