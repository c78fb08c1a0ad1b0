/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/frame.h"

#include "util/mem.h"
#include "util/pool.h"
#include "video/pixel_rows.h"

#include <string.h>

#define ROWS_PER_JOB 8 /* of the half-size planes */
#define N_ROWS 8       /* float rows of scratch per thread */

typedef struct {
  const AeImage *in, *out;
  AePixelInfo info;
  int h, w;           /* tensor planes */
  float *frame6;
  const float *clean6;
  AeFrameBlend blend;
  float *scratch;
  size_t row_floats;
} Convert;

void
ae_frame_size (const AeImage *format, int *h, int *w)
{
  *h = (format->height + 7) / 8 * 4;
  *w = (format->width + 7) / 8 * 4;
}

static size_t
floats_per_row (const AeImage *format)
{
  int h, w;
  ae_frame_size (format, &h, &w);
  return ae_align_size (2 * (size_t) w);
}

size_t
ae_frame_scratch_size (const AeImage *format, int n_threads)
{
  return floats_per_row (format) * N_ROWS * sizeof (float)
         * (size_t) n_threads;
}

static inline float *
scratch_row (const Convert *c, int thread, int row)
{
  return c->scratch + ((size_t) thread * N_ROWS + row) * c->row_floats;
}

static inline float *
tensor_row (const Convert *c, float *tensor, int channel, int y)
{
  return tensor + ((size_t) channel * c->h + y) * c->w;
}

static inline const float *
clean_row (const Convert *c, int channel, int y)
{
  return c->clean6 + ((size_t) channel * c->h + y) * c->w;
}

static inline int
min_int (int a, int b)
{
  return a < b ? a : b;
}

static void
repeat_last (float *row, int from, int to)
{
  for (int x = from; x < to; x++)
    row[x] = row[from - 1];
}

static void
split_phases (const float *restrict row, int w, float scale,
    float *restrict even, float *restrict odd)
{
  for (int x = 0; x < w; x++) {
    even[x] = row[2 * x] * scale;
    odd[x] = row[2 * x + 1] * scale;
  }
}

/* row (2w) += strength * (phases * max - row) */
static void
blend_phases (const float *restrict even, const float *restrict odd, int w,
    float max, float strength, float *restrict row)
{
  for (int x = 0; x < w; x++) {
    row[2 * x] += strength * (even[x] * max - row[2 * x]);
    row[2 * x + 1] += strength * (odd[x] * max - row[2 * x + 1]);
  }
}

/* Adds a row of chroma, `halve_x` says whether it already has half width. */
static void
gather_chroma (float *restrict row, int n, int halve_x, int w, float scale,
    float *restrict sum)
{
  if (halve_x) {
    repeat_last (row, n, w);
    for (int x = 0; x < w; x++)
      sum[x] += row[x] * scale;
  } else {
    repeat_last (row, n, 2 * w);
    for (int x = 0; x < w; x++)
      sum[x] += 0.5f * (row[2 * x] + row[2 * x + 1]) * scale;
  }
}

static void
load_luma (const Convert *c, int y, const float *const row[2])
{
  for (int p = 0; p < 2; p++)
    split_phases (row[p], c->w, 1.0f / c->info.max,
        tensor_row (c, c->frame6, 2 * p, y),
        tensor_row (c, c->frame6, 2 * p + 1, y));
}

static void
load_grey_chroma (const Convert *c, int y)
{
  for (int channel = 4; channel < 6; channel++) {
    float *to = tensor_row (c, c->frame6, channel, y);
    for (int x = 0; x < c->w; x++)
      to[x] = 0.5f;
  }
}

/* One row of the tensor: two rows of luma, one or two of chroma. */
static void
load_row (const Convert *c, int y, int thread)
{
  const AeImage *in = c->in;
  float *luma[2] = { scratch_row (c, thread, 0), scratch_row (c, thread, 1) };
  float *u = scratch_row (c, thread, 2), *v = scratch_row (c, thread, 3);
  float *to_u = tensor_row (c, c->frame6, 4, y);
  float *to_v = tensor_row (c, c->frame6, 5, y);
  int chroma_rows = c->info.halve_y ? 1 : 2;
  float scale = 1.0f / c->info.max / (float) chroma_rows;
  memset (to_u, 0, (size_t) c->w * sizeof *to_u);
  memset (to_v, 0, (size_t) c->w * sizeof *to_v);
  for (int p = 0; p < 2; p++) {
    int row = min_int (2 * y + p, in->height - 1);
    if (in->pixels == AE_PIXELS_PACKED)
      ae_rows_read_packed (in, row, luma[p], u, v);
    else
      ae_rows_read_luma (in, row, luma[p]);
    repeat_last (luma[p], in->width, 2 * c->w);
    if (c->info.chroma_width == 0 || p >= chroma_rows)
      continue;
    if (in->pixels != AE_PIXELS_PACKED)
      ae_rows_read_chroma (in,
          min_int (chroma_rows * y + p, c->info.chroma_height - 1), u, v);
    gather_chroma (
        u, c->info.chroma_width, c->info.halve_x, c->w, scale, to_u);
    gather_chroma (
        v, c->info.chroma_width, c->info.halve_x, c->w, scale, to_v);
  }
  load_luma (c, y, (const float *const *) luma);
  if (c->info.chroma_width == 0)
    load_grey_chroma (c, y);
}

static void
load_job (void *arg, size_t index, int thread)
{
  const Convert *c = arg;
  int y0 = (int) index * ROWS_PER_JOB;
  int y1 = min_int (y0 + ROWS_PER_JOB, c->h);
  for (int y = y0; y < y1; y++)
    load_row (c, y, thread);
}

void
ae_frame_load (
    const AeImage *in, float *frame6, int n_threads, void *scratch)
{
  Convert c = { .in = in,
    .info = ae_pixel_info (in),
    .frame6 = frame6,
    .scratch = scratch,
    .row_floats = floats_per_row (in) };
  ae_frame_size (in, &c.h, &c.w);
  ae_pool_run (ae_pool_shared (), n_threads,
      (size_t) (c.h + ROWS_PER_JOB - 1) / ROWS_PER_JOB, load_job, &c);
}

/* Interpolates one row between two of the half-size planes: `change` gets
 * clean - frame, `base` the frame, weighted near : far = 3 : 1. */
static void
interpolate_rows (const Convert *c, int channel, int near, int far,
    float *restrict change, float *restrict base)
{
  const float *f0 = tensor_row (c, c->frame6, channel, near);
  const float *f1 = tensor_row (c, c->frame6, channel, far);
  const float *d0 = clean_row (c, channel, near);
  const float *d1 = clean_row (c, channel, far);
  for (int x = 0; x < c->w; x++) {
    base[x] = 0.75f * f0[x] + 0.25f * f1[x];
    change[x] = 0.75f * d0[x] + 0.25f * d1[x] - base[x];
  }
}

/* A half-size row of n samples at full width, 3 : 1 towards the nearer. */
static void
widen_row (const float *restrict row, int n, float *restrict wide)
{
  wide[0] = row[0];
  for (int x = 0; x + 1 < n; x++) {
    wide[2 * x + 1] = 0.75f * row[x] + 0.25f * row[x + 1];
    wide[2 * x + 2] = 0.25f * row[x] + 0.75f * row[x + 1];
  }
  wide[2 * n - 1] = row[n - 1];
}

/* row = gain * (change - the part of row - base within the threshold) */
static void
difference_row (const float *restrict change, const float *restrict base,
    int n, float scale, float threshold, float gain, float *restrict row)
{
  for (int x = 0; x < n; x++) {
    float detail = row[x] * scale - base[x];
    detail = detail > threshold ? threshold : detail;
    detail = detail < -threshold ? -threshold : detail;
    row[x] = gain * (change[x] - detail);
  }
}

/* Replaces a row of chroma (code values) by its difference to the result.
 * Takes four rows of scratch from `first` on. */
static void
chroma_difference (const Convert *c, int channel, int y, int thread,
    int first, float *row)
{
  float *change = scratch_row (c, thread, first);
  float *base = scratch_row (c, thread, first + 1);
  int last = (c->in->height + 1) / 2 - 1;
  int near = y >> 1;
  int far = y & 1 ? min_int (near + 1, last) : near > 0 ? near - 1 : 0;
  interpolate_rows (c, channel, near, far, change, base);
  if (!c->info.halve_x) {
    float *wide_change = scratch_row (c, thread, first + 2);
    float *wide_base = scratch_row (c, thread, first + 3);
    int n = (c->in->width + 1) / 2;
    widen_row (change, n, wide_change);
    widen_row (base, n, wide_base);
    change = wide_change;
    base = wide_base;
  }
  float max = c->info.max;
  difference_row (change, base, c->info.chroma_width, 1.0f / max,
      c->blend.chroma_threshold, c->blend.strength * max, row);
}

static void
add_row (const float *restrict from, int n, float *restrict to)
{
  for (int x = 0; x < n; x++)
    to[x] += from[x];
}

static void
store_packed_row (const Convert *c, int y, int thread)
{
  float *luma = scratch_row (c, thread, 0);
  float *u = scratch_row (c, thread, 1), *v = scratch_row (c, thread, 2);
  float *before = scratch_row (c, thread, 3);
  ae_rows_read_packed (c->in, y, luma, u, v);
  repeat_last (luma, c->in->width, 2 * c->w);
  memcpy (before, luma, (size_t) c->in->width * sizeof *luma);
  int phase = (y & 1) * 2;
  blend_phases (clean_row (c, phase, y >> 1), clean_row (c, phase + 1, y >> 1),
      c->w, c->info.max, c->blend.strength, luma);
  for (int x = 0; x < c->in->width; x++)
    luma[x] -= before[x];
  chroma_difference (c, 4, y, thread, 4, u);
  chroma_difference (c, 5, y, thread, 4, v);
  ae_rows_add_packed (c->in, c->out, y, luma, u, v);
}

static void
store_luma_row (const Convert *c, int y, int thread)
{
  float *luma = scratch_row (c, thread, 0);
  ae_rows_read_luma (c->in, y, luma);
  repeat_last (luma, c->in->width, 2 * c->w);
  int phase = (y & 1) * 2;
  blend_phases (clean_row (c, phase, y >> 1), clean_row (c, phase + 1, y >> 1),
      c->w, c->info.max, c->blend.strength, luma);
  ae_rows_write_luma (c->out, y, luma);
}

/* Chroma that has half height and width already. */
static void
store_half_chroma (const Convert *c, int y, int thread)
{
  float *row[2] = { scratch_row (c, thread, 0), scratch_row (c, thread, 1) };
  ae_rows_read_chroma (c->in, y, row[0], row[1]);
  for (int i = 0; i < 2; i++) {
    const float *clean = clean_row (c, 4 + i, y);
    float max = c->info.max, strength = c->blend.strength;
    float *to = row[i];
    for (int x = 0; x < c->info.chroma_width; x++)
      to[x] += strength * (clean[x] * max - to[x]);
  }
  ae_rows_write_chroma (c->out, y, row[0], row[1]);
}

/* Chroma of full height. */
static void
store_chroma_row (const Convert *c, int y, int thread)
{
  float *row[2] = { scratch_row (c, thread, 0), scratch_row (c, thread, 1) };
  float *difference = scratch_row (c, thread, 2);
  int n = c->info.chroma_width;
  ae_rows_read_chroma (c->in, y, row[0], row[1]);
  for (int i = 0; i < 2; i++) {
    memcpy (difference, row[i], (size_t) n * sizeof *difference);
    chroma_difference (c, 4 + i, y, thread, 3, difference);
    add_row (difference, n, row[i]);
  }
  ae_rows_write_chroma (c->out, y, row[0], row[1]);
}

static void
store_job (void *arg, size_t index, int thread)
{
  const Convert *c = arg;
  int y0 = (int) index * 2 * ROWS_PER_JOB;
  int y1 = min_int (y0 + 2 * ROWS_PER_JOB, c->in->height);
  for (int y = y0; y < y1; y++) {
    if (c->in->pixels == AE_PIXELS_PACKED) {
      store_packed_row (c, y, thread);
      continue;
    }
    store_luma_row (c, y, thread);
    if (c->info.chroma_width == 0)
      continue;
    if (!c->info.halve_y)
      store_chroma_row (c, y, thread);
    else if ((y & 1) == 0)
      store_half_chroma (c, y >> 1, thread);
  }
}

void
ae_frame_store (const AeImage *in, const float *frame6, const float *clean6,
    AeFrameBlend blend, const AeImage *out, int n_threads, void *scratch)
{
  Convert c = { .in = in,
    .out = out,
    .info = ae_pixel_info (in),
    .frame6 = (float *) frame6,
    .clean6 = clean6,
    .blend = blend,
    .scratch = scratch,
    .row_floats = floats_per_row (in) };
  ae_frame_size (in, &c.h, &c.w);
  size_t rows = 2 * ROWS_PER_JOB;
  ae_pool_run (ae_pool_shared (), n_threads,
      ((size_t) in->height + rows - 1) / rows, store_job, &c);
}

void
ae_frame_noise_gain (const AeImage *format, float *luma, float *chroma)
{
  AePixelInfo info = ae_pixel_info (format);
  *luma = 1.0f;
  *chroma = 1.0f;
  if (format->pixels == AE_PIXELS_PACKED) {
    /* Root of the sum of squared matrix entries: 0.67 to 0.75 for Y; U and V
     * have about 0.62. */
    *luma = 0.7f;
    *chroma = 0.62f;
  }
  if (!info.halve_x)
    *chroma *= 0.70710678f;
  if (!info.halve_y)
    *chroma *= 0.70710678f;
}

float
ae_frame_detail_gain (const AeImage *format)
{
  AePixelInfo info = ae_pixel_info (format);
  if (info.chroma_width == 0 || (info.halve_x && info.halve_y))
    return 0.0f;
  /* White noise of 1 on the samples is 1/2 (1/sqrt 2 for 4:2:2) at half size,
   * and what interpolation takes away leaves about 0.87 (0.75) of it. */
  return info.halve_x ? 1.06f : 1.74f;
}
