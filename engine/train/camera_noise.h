/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CAMERA_NOISE_H
#define AE_TRAIN_CAMERA_NOISE_H

/* Noise on clean crops, and what a denoiser would be told about it: white
 * noise, or noise as cameras make it (photon and read noise in linear light,
 * white balance, gamma, smoothing by demosaicing, colour blotches, block
 * compression). */

#include "train/crop.h"
#include "util/rng.h"

#include <ae/recipe.h>

typedef struct {
  float white_min, white_max; /* 8-bit grey levels */
  float unclipped_probability, map_jitter;
  float camera_probability, camera_map_jitter;
  float shot_min, shot_max, read_min, read_max;
  float correlation_probability, jpeg_probability;
  int jpeg_min, jpeg_max;
} AeNoiseOptions;

AeNoiseOptions ae_noise_options (const AeRecipe *recipe);

/* The noise of one sequence. Standard deviations in units of 1 = white. */
typedef struct {
  bool camera;
  bool grey; /* chroma stays clean */
  bool clip; /* rounded and clipped to 8 bits */
  float luma, chroma;         /* white noise */
  float shot, read;           /* variance = shot * light + read^2 */
  float red_gain, blue_gain;  /* white balance */
  float smooth;               /* 0..1: share of the smoothed noise */
  int blotches;               /* how often chroma's noise is smoothed */
  int jpeg;                   /* quality; 0 = not compressed */
  float told;                 /* factor of the noise map */
} AeNoise;

AeNoise ae_noise_draw (
    const AeNoiseOptions *options, bool grey, AeRng *rng);

/* Floats of scratch for crops of this size. */
size_t ae_noise_scratch_floats (int size);

/* noisy = clean + noise; `map`: 2 planes of size/2 x size/2, the standard
 * deviation of luma's and chroma's noise, for camera noise as it depends on
 * brightness. Returns the root mean square of luma's noise. */
float ae_noise_apply (const AeNoise *noise, const AeCrop *clean, int size,
    AeRng *rng, AeCrop *noisy, float *map, float *scratch);

/* n standard normal numbers. */
void ae_noise_normal (AeRng *rng, float *out, size_t n);

/* Compresses and decompresses a plane (edges multiples of 8, 0..1) as JPEG of
 * this quality would, without its entropy coding. */
void ae_noise_jpeg (float *plane, int size, int quality, bool chroma);

#endif
