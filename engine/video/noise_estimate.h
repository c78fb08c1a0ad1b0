/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_NOISE_ESTIMATE_H
#define AE_VIDEO_NOISE_ESTIMATE_H

/* Blind estimate of a stream's noise: standard deviation of luma in bins of
 * brightness and of half-size chroma.
 *
 * Both the frame itself (stills, first frames) and its difference from the
 * frame before, moved onto it, give upper bounds: texture adds to the one,
 * failed motion compensation to the other. Of each bin's blocks the lowest
 * cluster is taken, its mean corrected for the cut, for 8-bit rounding and
 * for clipping at black and white; the smaller of both bounds counts.
 *
 * White noise is measured by its finest detail, which texture disturbs least.
 * Noise whose detail at half size is more than white noise would have there is
 * spatially correlated, as cameras' noise is after demosaicing: then the
 * variance follows from the half-size detail, and from the whole variance of
 * differences. */

#include <stdbool.h>
#include <stddef.h>

typedef struct AeNoise AeNoise;

/* For frames (6,h,w). NULL when memory runs out. */
AeNoise *ae_noise_new (int h, int w, int n_threads);
void ae_noise_free (AeNoise **noise);

/* Forgets everything (a new scene). */
void ae_noise_reset (AeNoise *noise);

/* Takes in a frame (6,h,w); warped6 and warped_count as for ae_noise_measure
 * (moved without interpolation), or NULL when there is no frame before.
 * Allocates nothing. */
void ae_noise_update (AeNoise *noise, const float *frame6,
    const float *warped6, const float *warped_count);

/* Whether the next frame is worth an update: each at first, then every second
 * one. To be asked once per frame. */
bool ae_noise_is_due (AeNoise *noise);

/* Sets the estimate to given values, in the frame's units, until the next
 * update after a reset. */
void ae_noise_set (AeNoise *noise, float luma, float chroma);

/* Root mean square over the last frame's brightness, in the frame's units. */
float ae_noise_luma (const AeNoise *noise);
float ae_noise_chroma (const AeNoise *noise);

/* At a brightness of 0..1. */
float ae_noise_luma_at (const AeNoise *noise, float brightness);

/* Fills the network's noise map (2,h,w): luma by local brightness of frame6,
 * chroma constant; somewhat more than was found where noise is correlated,
 * because there the estimate is a low one. */
void ae_noise_fill_map (
    const AeNoise *noise, const float *frame6, float *map2);

#endif
