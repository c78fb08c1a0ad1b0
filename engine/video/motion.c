/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/motion.h"

#include "util/mem.h"
#include "util/pool.h"
#include "video/motion_global.h"

#include <stdbool.h>

/* A scene cut costs more to predict from the reference than from nothing: on
 * real clips the ratio was 1.2 to 7 at cuts, up to 0.9 within a scene. The
 * margin, in 8-bit levels, spares small changes of light in plain scenes. */
#define CUT_RATIO 1.1f
#define CUT_MARGIN 3

static inline int
blocks (int size)
{
  return (size + AE_MOTION_BLOCK / 2 - 1) / (AE_MOTION_BLOCK / 2);
}

size_t
ae_motion_n_vectors (int h, int w)
{
  return (size_t) blocks (h) * blocks (w);
}

static size_t
vector_bytes (int h, int w)
{
  return ae_align_size (ae_motion_n_vectors (h, w) * sizeof (AeVector));
}

size_t
ae_motion_scratch_size (int h, int w)
{
  return 2 * ae_pyramid_size (h, w) + 3 * vector_bytes (h, w)
         + ae_align_size (blocks (h) * sizeof (AeMotionCosts));
}

static inline bool
same (AeVector a, AeVector b)
{
  return a.x == b.x && a.y == b.y;
}

typedef struct {
  AeVector vector;
  uint32_t cost;
} Best;

static void
try_vector (const AeMotionSearch *s, int level, int size, int column, int row,
    int x, int y, uint32_t penalty, Best *best)
{
  AeVector v = ae_motion_clamp_vector (s, column, row, x, y);
  uint32_t cost = ae_motion_sad (s, level, size, column, row, v) + penalty;
  if (cost < best->cost)
    *best = (Best) { v, cost };
}

/* The same at full size, with colour. */
static void
try_match (const AeMotionSearch *s, int column, int row, int x, int y,
    uint32_t penalty, Best *best)
{
  AeVector v = ae_motion_clamp_vector (s, column, row, x, y);
  uint32_t cost = ae_motion_match (s, column, row, v) + penalty;
  if (cost < best->cost)
    *best = (Best) { v, cost };
}

static Best
start_at_zero (
    const AeMotionSearch *s, int level, int size, int column, int row)
{
  AeVector zero = { 0, 0 };
  return (Best) { zero, ae_motion_sad (s, level, size, column, row, zero) };
}

/* 1/4 size, steps of 4 luma pixels. */
static void
coarse_job (void *arg, size_t index, int thread)
{
  (void) thread;
  AeMotionSearch *s = arg;
  int row = (int) index;
  uint32_t penalty = ae_motion_chance (s, 2, 8);
  AeVector g = s->global;
  for (int column = 0; column < s->columns; column++) {
    Best best = start_at_zero (s, 2, 8, column, row);
    for (int y = -12; y <= 12; y += 4)
      for (int x = -12; x <= 12; x += 4)
        if (x != 0 || y != 0)
          try_vector (s, 2, 8, column, row, x, y,
              penalty + (uint32_t) (abs (x) + abs (y)) / 4, &best);
    if (g.x != 0 || g.y != 0)
      for (int y = -8; y <= 8; y += 4)
        for (int x = -8; x <= 8; x += 4)
          try_vector (s, 2, 8, column, row, g.x + x, g.y + y, penalty, &best);
    s->coarse[row * s->columns + column] = best.vector;
  }
}

/* 1/2 size: what the neighbourhood found, then one step of 2 luma pixels. */
static void
middle_block (
    AeMotionSearch *s, int column, int row, int size, uint32_t penalty)
{
  Best best = start_at_zero (s, 1, size, column, row);
  AeVector seen[11] = { { 0, 0 } };
  int n_seen = 1;
  for (int i = 0; i < 10; i++) {
    int x = ae_motion_clamp (column + i % 3 - 1, 0, s->columns - 1);
    int y = ae_motion_clamp (row + i / 3 - 1, 0, s->rows - 1);
    AeVector v = i == 9 ? s->global : s->coarse[y * s->columns + x];
    bool known = false;
    for (int k = 0; k < n_seen; k++)
      known |= same (v, seen[k]);
    if (known)
      continue;
    seen[n_seen++] = v;
    try_vector (s, 1, size, column, row, v.x & ~1, v.y & ~1, penalty / 2,
        &best);
  }
  AeVector centre = best.vector;
  uint32_t more = same (centre, seen[0]) ? penalty : penalty * 3 / 4;
  for (int y = -2; y <= 2; y += 2)
    for (int x = -2; x <= 2; x += 2)
      if (x != 0 || y != 0)
        try_vector (
            s, 1, size, column, row, centre.x + x, centre.y + y, more, &best);
  s->middle[row * s->columns + column] = best.vector;
}

static void
middle_job (void *arg, size_t index, int thread)
{
  (void) thread;
  AeMotionSearch *s = arg;
  /* With much noise a window twice the block's size. */
  int size = s->sigma > 10 ? 16 : 8;
  uint32_t penalty = ae_motion_chance (s, 1, size);
  for (int column = 0; column < s->columns; column++)
    middle_block (s, column, (int) index, size, penalty);
}

/* Adds the block's difference to the reference and its deviation from its own
 * mean, both at 1/2 size and without what noise accounts for: an encoder's
 * costs of inter and intra coding. */
static void
add_costs (const AeMotionSearch *s, int column, int row, AeVector v,
    AeMotionCosts *costs)
{
  const AePyramidLevel *level = &s->frame.level[1];
  const uint8_t *p = level->pixel + 8 * row * level->stride + 8 * column;
  int sum = 0, deviation = 0;
  for (int y = 0; y < 8; y++)
    for (int x = 0; x < 8; x++)
      sum += p[y * level->stride + x];
  int mean = (sum + 32) / 64;
  for (int y = 0; y < 8; y++)
    for (int x = 0; x < 8; x++)
      deviation += abs (p[y * level->stride + x] - mean);
  /* The mean absolute value of noise is 0.8 sigma, which halves. */
  float noise = 64 * 0.4f * s->sigma;
  costs->inter += fmaxf (
      (float) ae_motion_sad (s, 1, 8, column, row, v) - noise, 0);
  costs->intra += fmaxf ((float) deviation - noise, 0);
}

/* Sums over a block of the reference's doubled gradients and of the frame's
 * difference. */
typedef struct {
  int xx, xy, yy, xt, yt;
} Gradients;

static Gradients
gradients_of (const AeMotionSearch *s, int column, int row, AeVector v)
{
  const AePyramidLevel *a = &s->frame.level[0], *b = &s->reference.level[0];
  const uint8_t *p
      = a->pixel + row * AE_MOTION_BLOCK * a->stride + column * AE_MOTION_BLOCK;
  const uint8_t *q = b->pixel + (row * AE_MOTION_BLOCK + v.y) * b->stride
                     + column * AE_MOTION_BLOCK + v.x;
  Gradients g = { 0, 0, 0, 0, 0 };
  for (int y = 0; y < AE_MOTION_BLOCK; y++, p += a->stride, q += b->stride)
    for (int x = 0; x < AE_MOTION_BLOCK; x++) {
      int dx = q[x + 1] - q[x - 1];
      int dy = q[x + b->stride] - q[x - b->stride];
      int dt = p[x] - q[x];
      g.xx += dx * dx;
      g.xy += dx * dy;
      g.yy += dy * dy;
      g.xt += dx * dt;
      g.yt += dy * dt;
    }
  return g;
}

/* Quarters of a pixel to add to a whole vector. The squared difference falls
 * by b' inv(A) b, which under noise alone is its variance times a chi-square
 * of two degrees of freedom: LIKELY is passed once in a hundred, SURE once in a
 * thousand.
 * The diagonal is raised so that nothing moves along an edge. */
#define LIKELY 9.0f
#define SURE 14.0f

static AeVector
find_fraction (
    const AeMotionSearch *s, int column, int row, AeVector v, float threshold)
{
  Gradients g = gradients_of (s, column, row, v);
  float raise = 0.02f * ((float) g.xx + (float) g.yy) + 64;
  float xx = (float) g.xx + raise, yy = (float) g.yy + raise;
  float xy = (float) g.xy, xt = (float) g.xt, yt = (float) g.yt;
  float scale = 1 / (xx * yy - xy * xy);
  float dx = (yy * xt - xy * yt) * scale, dy = (xx * yt - xy * xt) * scale;
  float variance = s->sigma * s->sigma
                   + s->reference_sigma * s->reference_sigma;
  if (dx * xt + dy * yt < threshold * variance + 32)
    return (AeVector) { 0, 0 };
  /* Gradients are doubled: twice the step in pixels, 8 times in quarters. */
  return (AeVector) { (int16_t) ae_motion_clamp ((int) lrintf (8 * dx), -3, 3),
    (int16_t) ae_motion_clamp ((int) lrintf (8 * dy), -3, 3) };
}

/* What the block's whole vector is taken for until a difference that noise
 * cannot account for speaks against it: the vector of most blocks. */
static AeVector
usual_vector (const AeMotionSearch *s, int column, int row)
{
  AeVector g = s->global_share > 0.4f ? s->global : (AeVector) { 0, 0 };
  return ae_motion_clamp_vector (s, column, row, g.x, g.y);
}

/* Full size, single pixels. */
static Best
fine_search (const AeMotionSearch *s, int column, int row, Best best)
{
  uint32_t penalty = ae_motion_chance (s, 0, AE_MOTION_BLOCK);
  AeVector centre = s->middle[row * s->columns + column];
  try_match (s, column, row, 0, 0, penalty / 4, &best);
  try_match (s, column, row, s->global.x, s->global.y,
      penalty / 4, &best);
  try_match (s, column, row, centre.x, centre.y, penalty / 2,
      &best);
  for (int y = -1; y <= 1; y++)
    for (int x = -1; x <= 1; x++)
      if (x != 0 || y != 0)
        try_match (s, column, row, centre.x + x, centre.y + y,
            penalty, &best);
  return best;
}

/* Before a camera that stands still most blocks are done with the first
 * look. */
static void
fine_block (AeMotionSearch *s, int column, int row)
{
  AeVector usual = usual_vector (s, column, row);
  Best best = { usual, ae_motion_match (s, column, row, usual) };
  bool still = usual.x == 0 && usual.y == 0 && s->global_share > 0.8f;
  uint32_t noise = ae_motion_noise_sad (
      s->sigma, s->reference_sigma, AE_MOTION_BLOCK * AE_MOTION_BLOCK);
  bool explained = still && best.cost <= noise;
  if (!explained)
    best = fine_search (s, column, row, best);
  AeVector part = find_fraction (
      s, column, row, best.vector, explained ? SURE : LIKELY);
  s->vectors[row * s->columns + column]
      = (AeVector) { (int16_t) (4 * best.vector.x + part.x),
          (int16_t) (4 * best.vector.y + part.y) };
  add_costs (s, column, row, best.vector, &s->costs[row]);
}

static void
fine_job (void *arg, size_t index, int thread)
{
  (void) thread;
  AeMotionSearch *s = arg;
  s->costs[index] = (AeMotionCosts) { 0, 0 };
  for (int column = 0; column < s->columns; column++)
    fine_block (s, column, (int) index);
}

static void
place (AeMotionSearch *s, int h, int w, void *scratch)
{
  uint8_t *next = scratch;
  ae_pyramid_place (&s->frame, h, w, next);
  next += ae_pyramid_size (h, w);
  ae_pyramid_place (&s->reference, h, w, next);
  next += ae_pyramid_size (h, w);
  s->coarse = (AeVector *) next;
  next += vector_bytes (h, w);
  s->middle = (AeVector *) next;
  next += 2 * vector_bytes (h, w); /* one more for ae_motion_compensate */
  s->costs = (AeMotionCosts *) next;
}

/* `sigma` in 8-bit levels; as large a part of it is left in the reference as
 * of luma's. */
static uint32_t
chroma_noise (const AeMotionSearch *s, float sigma)
{
  float left = s->sigma > 0 ? s->reference_sigma / s->sigma : 0;
  return ae_motion_noise_sad (
      sigma, left * sigma, AE_MOTION_BLOCK * AE_MOTION_BLOCK / 2);
}

float
ae_motion_search (const float *frame6, const float *reference6, int h, int w,
    AeMotionNoise noise, int n_threads, void *scratch, AeVector *vectors)
{
  AeMotionSearch s = { .columns = blocks (w),
    .rows = blocks (h),
    .sigma = noise.frame * 255.0f,
    .reference_sigma = noise.reference * 255.0f,
    .vectors = vectors };
  s.chroma_noise = noise.chroma < 0
                       ? UINT32_MAX
                       : chroma_noise (&s, noise.chroma * 255.0f);
  place (&s, h, w, scratch);
  ae_pyramid_fill (&s.frame, frame6, n_threads);
  ae_pyramid_fill (&s.reference, reference6, n_threads);
  s.global = ae_motion_find_global (&s);
  AePool *pool = ae_pool_shared ();
  ae_pool_run (pool, n_threads, s.rows, coarse_job, &s);
  ae_motion_vote_global (&s, s.coarse, 4, false);
  ae_pool_run (pool, n_threads, s.rows, middle_job, &s);
  ae_motion_vote_global (&s, s.middle, 2, true);
  ae_motion_refine_global (&s);
  ae_pool_run (pool, n_threads, s.rows, fine_job, &s);
  float inter = 0, intra = 0;
  for (int row = 0; row < s.rows; row++) {
    inter += s.costs[row].inter;
    intra += s.costs[row].intra;
  }
  float margin = CUT_MARGIN * 64 * (float) (s.rows * s.columns);
  return inter / (CUT_RATIO * intra + margin);
}

void
ae_motion_compensate (const float *frame6, const float *fused6,
    const float *count, int h, int w, float sigma, float *warped6,
    float *warped_count, void *scratch)
{
  AeVector *vectors = (AeVector *) ((uint8_t *) scratch
                                    + 2 * ae_pyramid_size (h, w)
                                    + 2 * vector_bytes (h, w));
  double sum = 0;
  for (size_t i = 0; i < (size_t) h * w; i++)
    sum += count[i];
  double mean = sum / ((double) h * w);
  AeMotionNoise noise
      = { sigma, sigma / sqrtf (mean > 1 ? (float) mean : 1.0f), -1 };
  ae_motion_search (frame6, fused6, h, w, noise, 1, scratch, vectors);
  ae_motion_warp (
      vectors, fused6, count, h, w, 1, warped6, warped_count);
}
