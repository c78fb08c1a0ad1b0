/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/motion_global.h"

#include <string.h>

/* Mean absolute difference of the 1/8 size pictures under a shift, over their
 * overlap. */
static float
shift_difference (const AeMotionSearch *s, int dx, int dy)
{
  const AePyramidLevel *a = &s->frame.level[3];
  const AePyramidLevel *b = &s->reference.level[3];
  int x0 = dx < 0 ? -dx : 0, x1 = a->width - (dx > 0 ? dx : 0);
  int y0 = dy < 0 ? -dy : 0, y1 = a->height - (dy > 0 ? dy : 0);
  uint32_t sum = 0;
  for (int y = y0; y < y1; y++) {
    const uint8_t *restrict p = a->pixel + y * a->stride;
    const uint8_t *restrict q = b->pixel + (y + dy) * b->stride + dx;
    for (int x = x0; x < x1; x++)
      sum += (uint32_t) abs (p[x] - q[x]);
  }
  return (float) sum / ((float) (x1 - x0) * (float) (y1 - y0));
}

AeVector
ae_motion_find_global (const AeMotionSearch *s)
{
  int reach_x = ae_motion_clamp (s->frame.level[3].width / 3, 0, 6);
  int reach_y = ae_motion_clamp (s->frame.level[3].height / 3, 0, 6);
  float best = shift_difference (s, 0, 0);
  AeVector vector = { 0, 0 };
  for (int dy = -reach_y; dy <= reach_y; dy++)
    for (int dx = -reach_x; dx <= reach_x; dx++) {
      float difference = shift_difference (s, dx, dy);
      if (difference < best) {
        best = difference;
        vector = (AeVector) { (int16_t) (8 * dx), (int16_t) (8 * dy) };
      }
    }
  return vector;
}

void
ae_motion_vote_global (
    AeMotionSearch *s, const AeVector *vectors, int step, bool with_zero)
{
  enum { REACH = AE_MOTION_REACH / 2, SIDE = 2 * REACH + 1 };
  uint16_t votes[SIDE * SIDE];
  memset (votes, 0, sizeof votes);
  int shift = step == 4 ? 2 : 1;
  int most = 0;
  s->global = (AeVector) { 0, 0 };
  for (int i = 0; i < s->columns * s->rows; i++) {
    AeVector v = vectors[i];
    uint16_t *vote
        = &votes[((v.y >> shift) + REACH) * SIDE + (v.x >> shift) + REACH];
    *vote += *vote < UINT16_MAX;
    if (*vote > most && (with_zero || v.x != 0 || v.y != 0)) {
      most = *vote;
      s->global = v;
    }
  }
  s->global_share = (float) most / (float) (s->columns * s->rows);
}

void
ae_motion_refine_global (AeMotionSearch *s)
{
  AeVector g = s->global;
  uint32_t clear = ae_motion_chance (s, 0, AE_MOTION_BLOCK) / 2;
  int votes[9] = { 0 }, voters[9] = { 0 };
  for (int row = 0; row < s->rows; row++)
    for (int column = row & 1; column < s->columns; column += 2) {
      AeVector v = s->middle[row * s->columns + column];
      if (abs (v.x - g.x) > 2 || abs (v.y - g.y) > 2)
        continue;
      uint32_t here = ae_motion_sad (s, 0, AE_MOTION_BLOCK, column, row,
          ae_motion_clamp_vector (s, column, row, g.x, g.y));
      for (int i = 0; i < 9; i++) {
        uint32_t there = ae_motion_sad (s, 0, AE_MOTION_BLOCK, column, row,
            ae_motion_clamp_vector (
                s, column, row, g.x + i % 3 - 1, g.y + i / 3 - 1));
        int vote = (there + clear < here) - (here + clear < there);
        votes[i] += vote;
        voters[i] += vote != 0;
      }
    }
  int best = 4;
  for (int i = 0; i < 9; i++)
    if (2 * votes[i] > voters[i] && votes[i] > votes[best])
      best = i;
  s->global.x = (int16_t) (g.x + best % 3 - 1);
  s->global.y = (int16_t) (g.y + best / 3 - 1);
}
