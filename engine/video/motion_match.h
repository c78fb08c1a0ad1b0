/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_MOTION_MATCH_H
#define AE_VIDEO_MOTION_MATCH_H

/* How well a block of the frame matches the reference under a vector, and what
 * noise alone does to that. Inline: these are the inner loops of the search. */

#include "kernels/sad.h"
#include "video/motion.h"
#include "video/pyramid.h"

#include <math.h>

#define AE_MOTION_BLOCK 16 /* luma pixels */
#define AE_MOTION_REACH 64 /* of a vector, luma pixels */
#define AE_MOTION_OUTSIDE 24 /* how far a block may lie outside the reference */

/* Sums over a row of blocks. */
typedef struct {
  float inter, intra;
} AeMotionCosts;

typedef struct {
  AePyramid frame, reference;
  AeVector *coarse, *middle; /* per block, luma pixels */
  AeVector *vectors;
  AeMotionCosts *costs; /* per row of blocks */
  int columns, rows;
  AeVector global;
  float global_share; /* of the blocks */
  float sigma, reference_sigma; /* luma's noise, 8-bit levels */
  /* SAD of a block's U and V that noise accounts for; UINT32_MAX: luma alone
   * is compared. */
  uint32_t chroma_noise;
} AeMotionSearch;

static inline int
ae_motion_clamp (int v, int low, int high)
{
  return v < low ? low : v > high ? high : v;
}

/* Keeps the vector's block within the margins of the reference. */
static inline AeVector
ae_motion_clamp_vector (
    const AeMotionSearch *s, int column, int row, int x, int y)
{
  const int block = AE_MOTION_BLOCK, outside = AE_MOTION_OUTSIDE;
  int width = s->frame.level[0].width;
  int height = s->frame.level[0].height;
  x = ae_motion_clamp (x, -AE_MOTION_REACH, AE_MOTION_REACH);
  y = ae_motion_clamp (y, -AE_MOTION_REACH, AE_MOTION_REACH);
  x = ae_motion_clamp (x, -outside - column * block,
      width + outside - block - column * block);
  y = ae_motion_clamp (y, -outside - row * block,
      height + outside - block - row * block);
  return (AeVector) { (int16_t) x, (int16_t) y };
}

/* SAD of a window of `size` (8 or 16) pixels of `level` around the block for
 * a vector in luma pixels. */
static inline uint32_t
ae_motion_sad (const AeMotionSearch *s, int level, int size, int column,
    int row, AeVector v)
{
  const AePyramidLevel *a = &s->frame.level[level];
  const AePyramidLevel *b = &s->reference.level[level];
  int core = AE_MOTION_BLOCK >> level;
  int x = column * core - (size - core) / 2;
  int y = row * core - (size - core) / 2;
  const uint8_t *p = a->pixel + y * a->stride + x;
  const uint8_t *q = b->pixel + (y + (v.y >> level)) * b->stride + x
                     + (v.x >> level);
  return size == 16 ? ae_sad_16 (p, a->stride, q, b->stride, 16)
                    : ae_sad_8 (p, a->stride, q, b->stride, 8);
}

/* What noise does not account for in the SAD of the block's U and V. Nothing
 * else of it counts: where colours agree, luma tells vectors apart better. */
static inline uint32_t
ae_motion_chroma_excess (
    const AeMotionSearch *s, int column, int row, AeVector v)
{
  enum { SIDE = AE_MOTION_BLOCK / 2 };
  if (s->chroma_noise == UINT32_MAX)
    return 0;
  uint32_t sum = 0;
  for (int c = 0; c < 2; c++) {
    const AePyramidLevel *a = &s->frame.chroma[c];
    const AePyramidLevel *b = &s->reference.chroma[c];
    const uint8_t *p = a->pixel + SIDE * row * a->stride + SIDE * column;
    const uint8_t *q = b->pixel + (SIDE * row + (v.y >> 1)) * b->stride
                       + SIDE * column + (v.x >> 1);
    sum += ae_sad_8 (p, a->stride, q, b->stride, SIDE);
  }
  return sum > s->chroma_noise ? sum - s->chroma_noise : 0;
}

/* SAD of luma and excess of chroma at full size. */
static inline uint32_t
ae_motion_match (const AeMotionSearch *s, int column, int row, AeVector v)
{
  return ae_motion_sad (s, 0, AE_MOTION_BLOCK, column, row, v)
         + ae_motion_chroma_excess (s, column, row, v);
}

/* The SAD of n pixels that noise alone accounts for, with a margin of two
 * standard deviations and 3 % for the error of the noise estimate: of n
 * differences with deviation sigma the mean absolute value is 0.8 sigma, its
 * own deviation 0.6 sigma / sqrt n. The rest is rounding. */
static inline uint32_t
ae_motion_noise_sad (float sigma, float reference_sigma, float n)
{
  sigma = sqrtf (sigma * sigma + reference_sigma * reference_sigma + 0.25f);
  return (uint32_t) (sigma * (0.824f * n + 1.2f * sqrtf (n)));
}

/* What chance can take off the SAD of a window of size x size when the best of
 * some twenty vectors is taken: between two vectors it differs by about
 * 1.1 times the reference's noise times `size` (standard deviation), because
 * each sees other noise there; the frame's own noise is the same under every
 * vector and matters little. The constant stands for rounding. `level` of the
 * pyramid: noise halves from each to the next. */
static inline uint32_t
ae_motion_chance (const AeMotionSearch *s, int level, int size)
{
  float sigma = 3.4f * s->reference_sigma + 0.2f * s->sigma;
  sigma /= (float) (1 << level);
  return (uint32_t) (sigma * size + 0.125f * size * size);
}

#endif
