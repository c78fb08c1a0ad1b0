/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/masking.h"

#include "codec/cosines.h"

#include <math.h>

#define SIDE 8     /* of a place, in samples of a channel */
#define PHASES 4   /* channels that are luma */
#define FLAT 20.0f /* variance that is added to all, in grey levels squared */
#define USUAL 400.0f

static const float factors[2 * AE_MOST_STEP + 1] = { 0.0625f, 0.0883883476f,
  0.125f, 0.176776695f, 0.25f, 0.353553391f, 0.5f, 0.707106781f, 1,
  1.41421356f, 2, 2.82842712f, 4, 5.65685425f, 8, 11.3137085f, 16 };

float
ae_step_factor (int step)
{
  return factors[step + AE_MOST_STEP];
}

/* Of luma in grey levels; `at`: the place's first sample of channel 0. */
static float
variance (const float *at, size_t plane, int w)
{
  float sum = 0, squares = 0, n = PHASES * SIDE * SIDE;
  for (int c = 0; c < PHASES; c++)
    for (int y = 0; y < SIDE; y++)
      for (int x = 0; x < SIDE; x++) {
        float v = at[(size_t) c * plane + (size_t) y * (size_t) w + x];
        sum += v;
        squares += v * v;
      }
  float mean = sum / n, found = squares / n - mean * mean;
  return 255 * 255 * (found > 0 ? found : 0);
}

/* NaN becomes the usual step. */
static int16_t
step_of (float variance, float strength)
{
  float s = rintf (2 * strength * log2f ((variance + FLAT) / USUAL));
  return (int16_t) (s > AE_MOST_STEP ? AE_MOST_STEP
          : s < -AE_MOST_STEP        ? -AE_MOST_STEP
          : s == s                   ? s
                                     : 0);
}

void
ae_masking_steps (
    const float *frame, int h, int w, float strength, int16_t *steps)
{
  size_t plane = (size_t) h * (size_t) w;
  for (int y = 0; y < h; y += SIDE)
    for (int x = 0; x < w; x += SIDE)
      *steps++ = step_of (
          variance (frame + (size_t) y * (size_t) w + x, plane, w), strength);
}

void
ae_steps_apply (const int16_t *steps, size_t n, bool finer, int channels,
    size_t stride, float *latents)
{
  AeCosine order[AE_COSINES];
  ae_cosine_order (order);
  for (int c = 0; c < channels && c < AE_COSINES; c++) {
    float *values = latents + (size_t) c * stride;
    for (size_t i = 0; order[c].plane == 0 && i < n; i++)
      values[i] *= ae_step_factor (finer ? -steps[i] : steps[i]);
  }
}
