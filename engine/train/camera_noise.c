/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/camera_noise.h"

#include "train/light.h"
#include "train/recipe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_BINS 16
#define MAX_BLOTCHES 3

AeNoiseOptions
ae_noise_options (const AeRecipe *r)
{
  const char *s = "noise";
  return (AeNoiseOptions){
    .white_min = (float) ae_recipe_number_of (r, s, "white_sigma_min"),
    .white_max = (float) ae_recipe_number_of (r, s, "white_sigma_max"),
    .unclipped_probability
    = (float) ae_recipe_number_of (r, s, "unclipped_probability"),
    .map_jitter = (float) ae_recipe_number_of (r, s, "map_jitter"),
    .camera_probability
    = (float) ae_recipe_number_of (r, s, "camera_probability"),
    .camera_map_jitter
    = (float) ae_recipe_number_of (r, s, "camera_map_jitter"),
    .shot_min = (float) ae_recipe_number_of (r, s, "shot_min"),
    .shot_max = (float) ae_recipe_number_of (r, s, "shot_max"),
    .read_min = (float) ae_recipe_number_of (r, s, "read_min"),
    .read_max = (float) ae_recipe_number_of (r, s, "read_max"),
    .correlation_probability
    = (float) ae_recipe_number_of (r, s, "correlation_probability"),
    .jpeg_probability
    = (float) ae_recipe_number_of (r, s, "jpeg_probability"),
    .jpeg_min = (int) ae_recipe_number_of (r, s, "jpeg_quality_min"),
    .jpeg_max = (int) ae_recipe_number_of (r, s, "jpeg_quality_max"),
  };
}

static float
between (AeRng *rng, float low, float high)
{
  return low + (high - low) * ae_rng_uniform (rng);
}

static float
log_between (AeRng *rng, float low, float high)
{
  low = fmaxf (low, 1e-6f);
  return low * powf (fmaxf (high, low) / low, ae_rng_uniform (rng));
}

static void
draw_white (AeNoise *noise, const AeNoiseOptions *o, AeRng *rng)
{
  float u = ae_rng_uniform (rng);
  /* a third of the draws prefers low noise, where cameras are */
  if (ae_rng_uniform (rng) < 0.33f)
    u *= u;
  noise->luma = (o->white_min + (o->white_max - o->white_min) * u) / 255;
  bool same = ae_rng_uniform (rng) < 0.5f;
  float ratio = between (rng, 0.3f, 1.4f);
  noise->chroma = noise->luma * (same ? 1 : ratio);
  noise->clip = ae_rng_uniform (rng) >= o->unclipped_probability;
}

/* Measured on photographs of five cameras, the noise of neighbouring luma
 * pixels has a correlation of 0.4 to 0.75 and that of neighbouring half-size
 * chroma samples 0.6 to 0.8: demosaicing interpolates colour most, and what
 * follows smooths it. */
static void
draw_correlation (AeNoise *noise, AeRng *rng)
{
  noise->smooth = between (rng, 0.5f, 1);
  noise->blotches = (int) ae_rng_below (rng, MAX_BLOTCHES + 1);
}

static void
draw_camera (AeNoise *noise, const AeNoiseOptions *o, AeRng *rng)
{
  /* read noise grows with photon noise: both follow the sensor's gain */
  noise->shot = log_between (rng, o->shot_min, o->shot_max);
  float read = log_between (rng, o->read_min, o->read_max);
  float usual = o->read_min * sqrtf (noise->shot / fmaxf (o->shot_min, 1e-6f));
  noise->read = sqrtf (read * usual);
  noise->red_gain = between (rng, 1.2f, 2.4f);
  noise->blue_gain = between (rng, 1.2f, 2.4f);
  if (ae_rng_uniform (rng) < o->correlation_probability)
    draw_correlation (noise, rng);
  if (ae_rng_uniform (rng) < o->jpeg_probability)
    noise->jpeg = o->jpeg_min
        + (int) ae_rng_below (
            rng, (uint32_t) (abs (o->jpeg_max - o->jpeg_min) + 1));
  noise->clip = true;
}

AeNoise
ae_noise_draw (const AeNoiseOptions *options, bool grey, AeRng *rng)
{
  AeNoise noise = { .grey = grey };
  noise.camera = ae_rng_uniform (rng) < options->camera_probability;
  if (noise.camera)
    draw_camera (&noise, options, rng);
  else
    draw_white (&noise, options, rng);
  float jitter
      = noise.camera ? options->camera_map_jitter : options->map_jitter;
  noise.told = 1 + jitter * between (rng, -1, 1);
  return noise;
}

void
ae_noise_normal (AeRng *rng, float *out, size_t n)
{
  for (size_t i = 0; i < n; i += 2) {
    uint64_t bits = ae_rng_next (rng);
    float u = (float) ((bits >> 40) + 1) * 0x1p-24f;
    float angle = (float) (bits & 0xffffff) * (6.28318530718f * 0x1p-24f);
    float radius = sqrtf (-2 * logf (u));
    out[i] = radius * cosf (angle);
    if (i + 1 < n)
      out[i + 1] = radius * sinf (angle);
  }
}

static void
add_white (const float *clean, size_t n, float sigma, AeRng *rng, float *noisy)
{
  if (sigma <= 0) {
    memcpy (noisy, clean, n * sizeof *noisy);
    return;
  }
  ae_noise_normal (rng, noisy, n);
  for (size_t i = 0; i < n; i++)
    noisy[i] = clean[i] + sigma * noisy[i];
}

/* Smooths a noise field by 1 2 1 both ways (edges repeated), mixed with the
 * unsmoothed one; the variance stays 1. `row` holds size * size floats. */
static void
smooth_field (float *field, int size, float share, float *scratch)
{
  /* variance of (1 2 1)/4 in two dimensions: (6/16)^2; covariance with the
   * unsmoothed field: its centre weight 1/4 */
  float keep = 1 - share;
  float variance
      = keep * keep + 2 * keep * share * 0.25f + share * share * 0.140625f;
  float scale = 1 / sqrtf (variance);
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++) {
      const float *row = field + y * size;
      float left = row[x ? x - 1 : 0], right = row[x + 1 < size ? x + 1 : x];
      scratch[y * size + x] = 0.25f * (left + 2 * row[x] + right);
    }
  for (int y = 0; y < size; y++) {
    const float *above = scratch + (y ? y - 1 : 0) * size;
    const float *here = scratch + y * size;
    const float *below = scratch + (y + 1 < size ? y + 1 : y) * size;
    for (int x = 0; x < size; x++) {
      float soft = 0.25f * (above[x] + 2 * here[x] + below[x]);
      float *at = &field[y * size + x];
      *at = scale * (keep * *at + share * soft);
    }
  }
}

/* Change of a display value by sensor noise `n` (standard normal). */
static float
sensor_delta (const AeNoise *noise, float value, float gain, float n)
{
  float light = ae_light_of (value) / gain;
  float noisy
      = light + n * sqrtf (noise->shot * light + noise->read * noise->read);
  noisy = fminf (noisy, 1);
  return ae_light_shown (noisy * gain) - ae_light_shown (light * gain);
}

/* BT.601, limited range, values 0..1: R, G, B of 0..1 from Y, U, V. */
static void
to_rgb (float y, float u, float v, float rgb[3])
{
  float luma = 1.164384f * (y - 16 / 255.0f);
  u -= 0.5f;
  v -= 0.5f;
  rgb[0] = luma + 1.596027f * v;
  rgb[1] = luma - 0.391762f * u - 0.812968f * v;
  rgb[2] = luma + 2.017232f * u;
}

/* Writes noisy luma and half-size chroma from three fields of normals. */
static void
add_sensor (const AeNoise *noise, const AeCrop *clean, int size,
    const float *fields, AeCrop *noisy)
{
  size_t luma = (size_t) size * size;
  float gains[3] = { noise->red_gain, 1, noise->blue_gain };
  for (int y = 0; y < size; y += 2)
    for (int x = 0; x < size; x += 2) {
      size_t half = (size_t) (y / 2) * (size / 2) + x / 2;
      float u = clean->plane[1][half], v = clean->plane[2][half];
      float change[2] = { 0 };
      for (int k = 0; k < 4; k++) {
        size_t at = (size_t) (y + (k >> 1)) * size + x + (k & 1);
        float rgb[3], d[3];
        to_rgb (clean->plane[0][at], u, v, rgb);
        for (int c = 0; c < 3; c++)
          d[c] = sensor_delta (noise, rgb[c], gains[c],
              fields[(noise->grey ? 0 : c) * luma + at]);
        noisy->plane[0][at] = clean->plane[0][at] + 0.256788f * d[0]
            + 0.504129f * d[1] + 0.097906f * d[2];
        change[0] += -0.148223f * d[0] - 0.290993f * d[1] + 0.439216f * d[2];
        change[1] += 0.439216f * d[0] - 0.367788f * d[1] - 0.071427f * d[2];
      }
      noisy->plane[1][half] = u + (noise->grey ? 0 : change[0] / 4);
      noisy->plane[2][half] = v + (noise->grey ? 0 : change[1] / 4);
    }
}

static double
square_distance (const float *a, const float *b, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (double) (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/* Smooths the noise of a chroma plane `passes` times by 1 2 1 both ways; its
 * variance stays. `scratch` holds 2 * size * size floats. */
static void
smooth_chroma (const float *clean, float *noisy, int size, int passes,
    float *scratch)
{
  size_t n = (size_t) size * size;
  double before = square_distance (clean, noisy, n), after = 0;
  for (size_t i = 0; i < n; i++)
    scratch[i] = noisy[i] - clean[i];
  for (int i = 0; i < passes; i++)
    smooth_field (scratch, size, 1, scratch + n);
  for (size_t i = 0; i < n; i++)
    after += (double) scratch[i] * scratch[i];
  if (after <= 0)
    return;
  float scale = (float) sqrt (before / after);
  for (size_t i = 0; i < n; i++)
    noisy[i] = clean[i] + scale * scratch[i];
}

static void
add_camera (const AeNoise *noise, const AeCrop *clean, int size, AeRng *rng,
    AeCrop *noisy, float *scratch)
{
  size_t luma = (size_t) size * size;
  int n_fields = noise->grey ? 1 : 3;
  ae_noise_normal (rng, scratch, (size_t) n_fields * luma);
  for (int c = 0; c < n_fields && noise->smooth > 0; c++)
    smooth_field (scratch + c * luma, size, noise->smooth,
        scratch + 3 * luma);
  add_sensor (noise, clean, size, scratch, noisy);
  for (int i = 1; i < 3 && noise->blotches > 0 && !noise->grey; i++)
    smooth_chroma (clean->plane[i], noisy->plane[i], size / 2,
        noise->blotches, scratch);
  if (noise->jpeg == 0)
    return;
  ae_noise_jpeg (noisy->plane[0], size, noise->jpeg, false);
  for (int i = 1; i < 3 && !noise->grey; i++)
    ae_noise_jpeg (noisy->plane[i], size / 2, noise->jpeg, true);
}

static void
round_to_bytes (float *plane, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    float value = rintf (plane[i] * 255);
    value = value < 0 ? 0 : value > 255 ? 255 : value;
    plane[i] = value / 255;
  }
}

/* Standard deviation of luma's noise at N_BINS brightnesses; few samples lean
 * on the mean of all. */
static void
measure_bins (
    const float *clean, const float *noisy, size_t n, float bins[N_BINS])
{
  double sum[N_BINS] = { 0 }, count[N_BINS] = { 0 }, total = 0;
  for (size_t i = 0; i < n; i++) {
    int bin = (int) (clean[i] * N_BINS);
    bin = bin < 0 ? 0 : bin >= N_BINS ? N_BINS - 1 : bin;
    double d = noisy[i] - clean[i];
    sum[bin] += d * d;
    count[bin]++;
    total += d * d;
  }
  for (int i = 0; i < N_BINS; i++)
    bins[i] = (float) sqrt (
        (sum[i] + 32 * total / (double) n) / (count[i] + 32));
}

/* The map of a camera's noise: luma by the brightness of the noisy picture,
 * as an estimate made from pictures alone would have it. */
static void
fill_measured_map (const AeNoise *noise, const AeCrop *clean,
    const AeCrop *noisy, int size, float *map)
{
  size_t luma = (size_t) size * size;
  float bins[N_BINS];
  measure_bins (clean->plane[0], noisy->plane[0], luma, bins);
  double d = square_distance (clean->plane[1], noisy->plane[1], luma / 4)
      + square_distance (clean->plane[2], noisy->plane[2], luma / 4);
  float chroma = (float) sqrt (d / (double) (luma / 2));
  for (int y = 0; y < size; y += 2)
    for (int x = 0; x < size; x += 2) {
      const float *at = noisy->plane[0] + (size_t) y * size + x;
      float mean = (at[0] + at[1] + at[size] + at[size + 1]) / 4;
      float place = fminf (fmaxf (mean * N_BINS - 0.5f, 0), N_BINS - 1);
      int bin = (int) place < N_BINS - 1 ? (int) place : N_BINS - 2;
      float sigma = bins[bin] + (place - bin) * (bins[bin + 1] - bins[bin]);
      size_t half = (size_t) (y / 2) * (size / 2) + x / 2;
      map[half] = noise->told * sigma;
      map[luma / 4 + half] = noise->told * chroma;
    }
}

size_t
ae_noise_scratch_floats (int size)
{
  return 4 * (size_t) size * (size_t) size;
}

float
ae_noise_apply (const AeNoise *noise, const AeCrop *clean, int size,
    AeRng *rng, AeCrop *noisy, float *map, float *scratch)
{
  size_t luma = (size_t) size * size;
  size_t count[3] = { luma, luma / 4, luma / 4 };
  float chroma = noise->grey ? 0 : noise->chroma;
  if (noise->camera)
    add_camera (noise, clean, size, rng, noisy, scratch);
  else
    for (int i = 0; i < 3; i++)
      add_white (clean->plane[i], count[i], i ? chroma : noise->luma, rng,
          noisy->plane[i]);
  /* chroma without noise keeps its value: 0.5 is no multiple of 1/255 */
  for (int i = 0; i < (noise->grey ? 1 : 3) && noise->clip; i++)
    round_to_bytes (noisy->plane[i], count[i]);
  if (noise->camera)
    fill_measured_map (noise, clean, noisy, size, map);
  else
    for (size_t i = 0; i < luma / 4; i++) {
      map[i] = noise->told * noise->luma;
      map[luma / 4 + i] = noise->told * chroma;
    }
  return noise->camera
      ? (float) sqrt (square_distance (clean->plane[0], noisy->plane[0], luma)
          / (double) luma)
      : noise->luma;
}
