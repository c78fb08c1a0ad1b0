/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/pyramid.h"

#include "util/mem.h"
#include "util/pool.h"

#include <string.h>

#define MARGIN AE_PYRAMID_MARGIN
#define ROWS_PER_JOB 8 /* rows of the half-size level; even */

static size_t
level_bytes (int width, int height)
{
  size_t stride = ae_align_size ((size_t) width + 2 * MARGIN);
  return stride * ((size_t) height + 2 * MARGIN);
}

size_t
ae_pyramid_size (int h, int w)
{
  size_t size = level_bytes (2 * w, 2 * h);
  for (int i = 0; i < AE_PYRAMID_LEVELS - 1; i++)
    size += level_bytes (w >> i, h >> i);
  return size + 2 * level_bytes (w, h);
}

/* Returns what follows in memory. */
static uint8_t *
place_level (AePyramidLevel *level, int width, int height, uint8_t *memory)
{
  level->width = width;
  level->height = height;
  level->stride = (ptrdiff_t) ae_align_size ((size_t) width + 2 * MARGIN);
  level->pixel = memory + MARGIN * level->stride + MARGIN;
  return memory + level_bytes (width, height);
}

void
ae_pyramid_place (AePyramid *pyramid, int h, int w, void *memory)
{
  uint8_t *next = memory;
  for (int i = 0; i < AE_PYRAMID_LEVELS; i++)
    next = place_level (&pyramid->level[i], 2 * w >> i, 2 * h >> i, next);
  for (int c = 0; c < 2; c++)
    next = place_level (&pyramid->chroma[c], w, h, next);
}

static inline uint8_t
to_byte (float value)
{
  float scaled = value * 255.0f;
  scaled = scaled > 0 ? scaled : 0; /* also when not a number */
  scaled = scaled < 255.0f ? scaled : 255.0f;
  return (uint8_t) (int) (scaled + 0.5f);
}

static void
interleave_row (const float *restrict even, const float *restrict odd, int w,
    uint8_t *restrict out)
{
  for (int x = 0; x < w; x++) {
    out[2 * x] = to_byte (even[x]);
    out[2 * x + 1] = to_byte (odd[x]);
  }
}

static void
copy_row (const float *restrict row, int w, uint8_t *restrict out)
{
  for (int x = 0; x < w; x++)
    out[x] = to_byte (row[x]);
}

static void
mean_row (const float *restrict a, const float *restrict b,
    const float *restrict c, const float *restrict d, int w,
    uint8_t *restrict out)
{
  for (int x = 0; x < w; x++)
    out[x] = to_byte (0.25f * (a[x] + b[x] + c[x] + d[x]));
}

static void
halve_row (const uint8_t *restrict top, const uint8_t *restrict bottom,
    int width, uint8_t *restrict out)
{
  for (int x = 0; x < width; x++)
    out[x] = (uint8_t) ((top[2 * x] + top[2 * x + 1] + bottom[2 * x]
                            + bottom[2 * x + 1] + 2)
                        >> 2);
}

static void
pad_sides (const AePyramidLevel *level, int y)
{
  uint8_t *row = level->pixel + y * level->stride;
  memset (row - MARGIN, row[0], MARGIN);
  memset (row + level->width, row[level->width - 1], MARGIN);
}

static void
pad_ends (const AePyramidLevel *level)
{
  size_t bytes = (size_t) level->width + 2 * MARGIN;
  uint8_t *first = level->pixel - MARGIN;
  uint8_t *last = first + (level->height - 1) * level->stride;
  for (int y = 1; y <= MARGIN; y++) {
    memcpy (first - y * level->stride, first, bytes);
    memcpy (last + y * level->stride, last, bytes);
  }
}

static void
halve_rows (const AePyramidLevel *from, const AePyramidLevel *to, int y0,
    int y1)
{
  for (int y = y0; y < y1; y++) {
    const uint8_t *top = from->pixel + 2 * y * from->stride;
    halve_row (top, top + from->stride, to->width, to->pixel + y * to->stride);
    pad_sides (to, y);
  }
}

typedef struct {
  const AePyramid *pyramid;
  const float *frame6;
} FillArgs;

static void
fill_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const FillArgs *args = arg;
  const AePyramidLevel *full = &args->pyramid->level[0];
  const AePyramidLevel *half = &args->pyramid->level[1];
  int w = half->width;
  int h = half->height;
  size_t plane = (size_t) h * w;
  int y0 = (int) index * ROWS_PER_JOB;
  int y1 = y0 + ROWS_PER_JOB < h ? y0 + ROWS_PER_JOB : h;
  for (int y = y0; y < y1; y++) {
    const float *p = args->frame6 + (size_t) y * w;
    uint8_t *out = full->pixel + 2 * y * full->stride;
    interleave_row (p, p + plane, w, out);
    interleave_row (p + 2 * plane, p + 3 * plane, w, out + full->stride);
    pad_sides (full, 2 * y);
    pad_sides (full, 2 * y + 1);
    mean_row (p, p + plane, p + 2 * plane, p + 3 * plane, w,
        half->pixel + y * half->stride);
    pad_sides (half, y);
    for (int c = 0; c < 2; c++) {
      const AePyramidLevel *chroma = &args->pyramid->chroma[c];
      copy_row (p + (4 + c) * plane, w, chroma->pixel + y * chroma->stride);
      pad_sides (chroma, y);
    }
  }
  halve_rows (half, &args->pyramid->level[2], y0 / 2, y1 / 2);
}

void
ae_pyramid_fill (AePyramid *pyramid, const float *frame6, int n_threads)
{
  FillArgs args = { pyramid, frame6 };
  int h = pyramid->level[1].height;
  ae_pool_run (ae_pool_shared (), n_threads,
      (size_t) (h + ROWS_PER_JOB - 1) / ROWS_PER_JOB, fill_job, &args);
  halve_rows (&pyramid->level[2], &pyramid->level[3], 0,
      pyramid->level[3].height);
  for (int i = 0; i < AE_PYRAMID_LEVELS; i++)
    pad_ends (&pyramid->level[i]);
  for (int c = 0; c < 2; c++)
    pad_ends (&pyramid->chroma[c]);
}
