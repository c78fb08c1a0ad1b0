/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_MASKING_H
#define AE_CODER_MASKING_H

/* Steps of places: where a picture is busy, errors are seen less (Wang et al.,
 * "Image quality assessment: from error visibility to structural similarity",
 * 2004, divide them by the local contrast), so that codecs with masking round
 * latents of busy places more coarsely. How much is coded for each place in key
 * frames: s for a step of 2^(s / 2) times the usual one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AE_MOST_STEP 8 /* s is -8 .. 8 */

static inline bool
ae_step_is_valid (int step)
{
  return step >= -AE_MOST_STEP && step <= AE_MOST_STEP;
}

/* 2^(step / 2), the same everywhere. */
float ae_step_factor (int step);

/* Steps for the places of 16x16 pixels of a frame (6,h,w), h and w multiples of
 * 8, row by row, by the variance of their luma. The step grows as its power
 * `strength`; what has a standard deviation of 20 grey levels has the usual one. */
void ae_masking_steps (
    const float *frame, int h, int w, float strength, int16_t *steps);

/* Latents of luma at n places, in the order of ae_cosine_order, times the factors
 * of the places' steps; `finer`: by them. Those of chroma stay: colours are seen
 * in busy places, too. stride: from one channel to the next. */
void ae_steps_apply (const int16_t *steps, size_t n, bool finer, int channels,
    size_t stride, float *latents);

#endif
