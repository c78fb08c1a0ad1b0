/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/count_goal.h"

#include "train/nets.h"

#include <math.h>
#include <stddef.h>

/* The error is measured on few samples: so much more than expected is still by
 * chance. */
#define ERROR_SPREAD 1.5f

/* How much worse a wrong picture is than noise of the same energy: the network
 * can take off the one but not the other. */
#define GHOST_WEIGHT 8.0f

/* Variance of rounding to 8 bits. */
#define ROUNDING (1.0f / (12 * 255.0f * 255.0f))

/* Mean square error around one place: 3x3 positions of all four phases. */
static float
error_at (const AeCountState *s, int y, int x)
{
  int y0 = y > 0 ? y - 1 : 0, y1 = y + 1 < s->h ? y + 1 : y;
  int x0 = x > 0 ? x - 1 : 0, x1 = x + 1 < s->w ? x + 1 : x;
  size_t plane = (size_t) s->h * s->w;
  float sum = 0;
  for (int c = 0; c < 4; c++)
    for (int i = y0; i <= y1; i++)
      for (int k = x0; k <= x1; k++) {
        size_t at = c * plane + (size_t) i * s->w + k;
        float d = s->fused[at] - s->clean[at];
        sum += d * d;
      }
  return sum / (float) (4 * (y1 - y0 + 1) * (x1 - x0 + 1));
}

static float
goal_at (const AeCountState *s, int y, int x)
{
  size_t at = (size_t) y * s->w + x;
  float frames = s->count[at];
  float variance = s->sigma[at] * s->sigma[at] + ROUNDING;
  float ghost
      = fmaxf (frames * error_at (s, y, x) - ERROR_SPREAD * variance, 0);
  float worth = frames / (1 + GHOST_WEIGHT * ghost / variance);
  return fminf (1 + worth, AE_DENOISE_MAX_COUNT);
}

float
ae_count_goal (const AeCountState *state, float *goal)
{
  float sum = 0;
  for (int y = 0; y < state->h; y++)
    for (int x = 0; x < state->w; x++) {
      float value = goal_at (state, y, x);
      goal[(size_t) y * state->w + x] = value;
      sum += value;
    }
  return sum / (float) ((size_t) state->h * state->w);
}
