/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/motion.h"

#include "kernels/sad.h"
#include "util/mem.h"
#include "util/pool.h"
#include "video/pyramid.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define BLOCK 16     /* luma pixels */
#define MAX_REACH 64 /* of a vector, luma pixels */
#define OUTSIDE 24   /* how far a block may lie outside the reference */

/* A scene cut costs more to predict from the reference than from nothing: on
 * real clips the ratio was 1.2 to 7 at cuts, up to 0.9 within a scene. The
 * margin, in 8-bit levels, spares small changes of light in plain scenes. */
#define CUT_RATIO 1.1f
#define CUT_MARGIN 3

typedef struct {
  float inter, intra;
} Costs;

typedef struct {
  AePyramid frame, reference;
  AeVector *coarse, *middle; /* per block, luma pixels */
  AeVector *vectors;
  Costs *costs; /* per row of blocks */
  int columns, rows;
  AeVector global;
  float global_share; /* of the blocks */
  float sigma, reference_sigma; /* 8-bit levels */
} Search;

static inline int
blocks (int size)
{
  return (size + BLOCK / 2 - 1) / (BLOCK / 2);
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
         + ae_align_size (blocks (h) * sizeof (Costs));
}

static inline int
clamp_int (int v, int low, int high)
{
  return v < low ? low : v > high ? high : v;
}

/* Keeps the vector's block within the margins of the reference. */
static AeVector
clamp_vector (const Search *s, int column, int row, int x, int y)
{
  int width = s->frame.level[0].width;
  int height = s->frame.level[0].height;
  x = clamp_int (x, -MAX_REACH, MAX_REACH);
  y = clamp_int (y, -MAX_REACH, MAX_REACH);
  x = clamp_int (x, -OUTSIDE - column * BLOCK,
      width + OUTSIDE - BLOCK - column * BLOCK);
  y = clamp_int (y, -OUTSIDE - row * BLOCK,
      height + OUTSIDE - BLOCK - row * BLOCK);
  return (AeVector) { (int16_t) x, (int16_t) y };
}

/* SAD of a window of `size` (8 or 16) pixels of `level` around the block for
 * a vector in luma pixels. */
static uint32_t
window_sad (const Search *s, int level, int size, int column, int row,
    AeVector v)
{
  const AePyramidLevel *a = &s->frame.level[level];
  const AePyramidLevel *b = &s->reference.level[level];
  int core = BLOCK >> level;
  int x = column * core - (size - core) / 2;
  int y = row * core - (size - core) / 2;
  const uint8_t *p = a->pixel + y * a->stride + x;
  const uint8_t *q = b->pixel + (y + (v.y >> level)) * b->stride + x
                     + (v.x >> level);
  return size == 16 ? ae_sad_16 (p, a->stride, q, b->stride, 16)
                    : ae_sad_8 (p, a->stride, q, b->stride, 8);
}

/* What chance can take off the SAD of a window of size x size when the best of
 * some twenty vectors is taken: between two vectors it differs by about
 * 1.1 times the reference's noise times `size` (standard deviation), because
 * each sees other noise there; the frame's own noise is the same under every
 * vector and matters little. The constant stands for rounding. `level` of the
 * pyramid: noise halves from each to the next. */
static uint32_t
chance (const Search *s, int level, int size)
{
  float sigma = 3.4f * s->reference_sigma + 0.2f * s->sigma;
  sigma /= (float) (1 << level);
  return (uint32_t) (sigma * size + 0.125f * size * size);
}

/* Mean absolute difference of the 1/8 size pictures under a shift, over their
 * overlap. */
static float
shift_difference (const Search *s, int dx, int dy)
{
  const AePyramidLevel *a = &s->frame.level[3];
  const AePyramidLevel *b = &s->reference.level[3];
  int x0 = dx < 0 ? -dx : 0, x1 = a->width - (dx > 0 ? dx : 0);
  int y0 = dy < 0 ? -dy : 0, y1 = a->height - (dy > 0 ? dy : 0);
  uint32_t sum = 0;
  for (int y = y0; y < y1; y++) {
    const uint8_t *restrict p = a->pixel + y * a->stride;
    const uint8_t *restrict q = b->pixel + (y + dy) * b->stride + dx;
    for (int x = x0; x < x1; x++)
      sum += (uint32_t) abs (p[x] - q[x]);
  }
  return (float) sum / ((float) (x1 - x0) * (float) (y1 - y0));
}

/* The shift of the whole picture, to 8 luma pixels. */
static AeVector
find_global (const Search *s)
{
  int reach_x = clamp_int (s->frame.level[3].width / 3, 0, 6);
  int reach_y = clamp_int (s->frame.level[3].height / 3, 0, 6);
  float best = shift_difference (s, 0, 0);
  AeVector vector = { 0, 0 };
  for (int dy = -reach_y; dy <= reach_y; dy++)
    for (int dx = -reach_x; dx <= reach_x; dx++) {
      float difference = shift_difference (s, dx, dy);
      if (difference < best) {
        best = difference;
        vector = (AeVector) { (int16_t) (8 * dx), (int16_t) (8 * dy) };
      }
    }
  return vector;
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
try_vector (const Search *s, int level, int size, int column, int row, int x,
    int y, uint32_t penalty, Best *best)
{
  AeVector v = clamp_vector (s, column, row, x, y);
  uint32_t cost = window_sad (s, level, size, column, row, v) + penalty;
  if (cost < best->cost)
    *best = (Best) { v, cost };
}

static Best
start_at_zero (const Search *s, int level, int size, int column, int row)
{
  AeVector zero = { 0, 0 };
  return (Best) { zero, window_sad (s, level, size, column, row, zero) };
}

/* 1/4 size, steps of 4 luma pixels. */
static void
coarse_job (void *arg, size_t index, int thread)
{
  (void) thread;
  Search *s = arg;
  int row = (int) index;
  uint32_t penalty = chance (s, 2, 8);
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

/* The vector most blocks share, on a lattice of `step` luma pixels (2 or 4),
 * and the share. Zero is only a candidate when `with_zero`. */
static void
vote_global (Search *s, const AeVector *vectors, int step, bool with_zero)
{
  enum { REACH = MAX_REACH / 2, SIDE = 2 * REACH + 1 };
  uint16_t votes[SIDE * SIDE];
  memset (votes, 0, sizeof votes);
  int shift = step == 4 ? 2 : 1;
  int most = 0;
  s->global = (AeVector) { 0, 0 };
  for (int i = 0; i < s->columns * s->rows; i++) {
    AeVector v = vectors[i];
    uint16_t *vote
        = &votes[((v.y >> shift) + REACH) * SIDE + (v.x >> shift) + REACH];
    *vote += *vote < UINT16_MAX;
    if (*vote > most && (with_zero || v.x != 0 || v.y != 0)) {
      most = *vote;
      s->global = v;
    }
  }
  s->global_share = (float) most / (float) (s->columns * s->rows);
}

/* Refines the global vector to single pixels. Every second block that has it
 * votes for or against each step, when the difference is more than chance. A
 * step needs three quarters of the votes: in front of a plain background most
 * of what votes may be people who walk one way. */
static void
refine_global (Search *s)
{
  AeVector g = s->global;
  uint32_t clear = chance (s, 0, BLOCK) / 2;
  int votes[9] = { 0 }, voters[9] = { 0 };
  for (int row = 0; row < s->rows; row++)
    for (int column = row & 1; column < s->columns; column += 2) {
      AeVector v = s->middle[row * s->columns + column];
      if (abs (v.x - g.x) > 2 || abs (v.y - g.y) > 2)
        continue;
      uint32_t here = window_sad (
          s, 0, BLOCK, column, row, clamp_vector (s, column, row, g.x, g.y));
      for (int i = 0; i < 9; i++) {
        uint32_t there = window_sad (s, 0, BLOCK, column, row,
            clamp_vector (s, column, row, g.x + i % 3 - 1, g.y + i / 3 - 1));
        int vote = (there + clear < here) - (here + clear < there);
        votes[i] += vote;
        voters[i] += vote != 0;
      }
    }
  int best = 4;
  for (int i = 0; i < 9; i++)
    if (2 * votes[i] > voters[i] && votes[i] > votes[best])
      best = i;
  s->global.x = (int16_t) (g.x + best % 3 - 1);
  s->global.y = (int16_t) (g.y + best / 3 - 1);
}

/* 1/2 size: what the neighbourhood found, then one step of 2 luma pixels. */
static void
middle_block (Search *s, int column, int row, int size, uint32_t penalty)
{
  Best best = start_at_zero (s, 1, size, column, row);
  AeVector seen[11] = { { 0, 0 } };
  int n_seen = 1;
  for (int i = 0; i < 10; i++) {
    int x = clamp_int (column + i % 3 - 1, 0, s->columns - 1);
    int y = clamp_int (row + i / 3 - 1, 0, s->rows - 1);
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
  Search *s = arg;
  /* With much noise a window twice the block's size. */
  int size = s->sigma > 10 ? 16 : 8;
  uint32_t penalty = chance (s, 1, size);
  for (int column = 0; column < s->columns; column++)
    middle_block (s, column, (int) index, size, penalty);
}

/* Adds the block's difference to the reference and its deviation from its own
 * mean, both at 1/2 size and without what noise accounts for: an encoder's
 * costs of inter and intra coding. */
static void
add_costs (const Search *s, int column, int row, AeVector v, Costs *costs)
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
      (float) window_sad (s, 1, 8, column, row, v) - noise, 0);
  costs->intra += fmaxf ((float) deviation - noise, 0);
}

/* Sums over a block of the reference's doubled gradients and of the frame's
 * difference. */
typedef struct {
  int xx, xy, yy, xt, yt;
} Gradients;

static Gradients
gradients_of (const Search *s, int column, int row, AeVector v)
{
  const AePyramidLevel *a = &s->frame.level[0], *b = &s->reference.level[0];
  const uint8_t *p
      = a->pixel + row * BLOCK * a->stride + column * BLOCK;
  const uint8_t *q = b->pixel + (row * BLOCK + v.y) * b->stride
                     + column * BLOCK + v.x;
  Gradients g = { 0, 0, 0, 0, 0 };
  for (int y = 0; y < BLOCK; y++, p += a->stride, q += b->stride)
    for (int x = 0; x < BLOCK; x++) {
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
    const Search *s, int column, int row, AeVector v, float threshold)
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
  return (AeVector) { (int16_t) clamp_int ((int) lrintf (8 * dx), -3, 3),
    (int16_t) clamp_int ((int) lrintf (8 * dy), -3, 3) };
}

/* The SAD of a block that noise alone accounts for, with a margin of two
 * standard deviations and 3 % for the error of the noise estimate: of n
 * differences with deviation sigma the mean absolute value is 0.8 sigma, its
 * own deviation 0.6 sigma / sqrt n. */
static uint32_t
noise_sad (const Search *s)
{
  const float n = BLOCK * BLOCK;
  float sigma = sqrtf (s->sigma * s->sigma
      + s->reference_sigma * s->reference_sigma + 0.25f);
  return (uint32_t) (sigma * (0.824f * n + 1.2f * sqrtf (n)));
}

/* What the block's whole vector is taken for until a difference that noise
 * cannot account for speaks against it: the vector of most blocks. */
static AeVector
usual_vector (const Search *s, int column, int row)
{
  AeVector g = s->global_share > 0.4f ? s->global : (AeVector) { 0, 0 };
  return clamp_vector (s, column, row, g.x, g.y);
}

/* Full size, single pixels. */
static Best
fine_search (const Search *s, int column, int row, Best best)
{
  uint32_t penalty = chance (s, 0, BLOCK);
  AeVector centre = s->middle[row * s->columns + column];
  try_vector (s, 0, BLOCK, column, row, 0, 0, penalty / 4, &best);
  try_vector (s, 0, BLOCK, column, row, s->global.x, s->global.y,
      penalty / 4, &best);
  try_vector (s, 0, BLOCK, column, row, centre.x, centre.y, penalty / 2,
      &best);
  for (int y = -1; y <= 1; y++)
    for (int x = -1; x <= 1; x++)
      if (x != 0 || y != 0)
        try_vector (s, 0, BLOCK, column, row, centre.x + x, centre.y + y,
            penalty, &best);
  return best;
}

/* Before a camera that stands still most blocks are done with the first
 * look. */
static void
fine_block (Search *s, int column, int row)
{
  AeVector usual = usual_vector (s, column, row);
  Best best = { usual, window_sad (s, 0, BLOCK, column, row, usual) };
  bool still = usual.x == 0 && usual.y == 0 && s->global_share > 0.8f;
  bool explained = still && best.cost <= noise_sad (s);
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
  Search *s = arg;
  s->costs[index] = (Costs) { 0, 0 };
  for (int column = 0; column < s->columns; column++)
    fine_block (s, column, (int) index);
}

static void
place (Search *s, int h, int w, void *scratch)
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
  s->costs = (Costs *) next;
}

float
ae_motion_search (const float *frame6, const float *reference6, int h, int w,
    AeMotionNoise noise, int n_threads, void *scratch, AeVector *vectors)
{
  Search s = { .columns = blocks (w),
    .rows = blocks (h),
    .sigma = noise.frame * 255.0f,
    .reference_sigma = noise.reference * 255.0f,
    .vectors = vectors };
  place (&s, h, w, scratch);
  ae_pyramid_fill (&s.frame, frame6, n_threads);
  ae_pyramid_fill (&s.reference, reference6, n_threads);
  s.global = find_global (&s);
  AePool *pool = ae_pool_shared ();
  ae_pool_run (pool, n_threads, s.rows, coarse_job, &s);
  vote_global (&s, s.coarse, 4, false);
  ae_pool_run (pool, n_threads, s.rows, middle_job, &s);
  vote_global (&s, s.middle, 2, true);
  refine_global (&s);
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
      = { sigma, sigma / sqrtf (mean > 1 ? (float) mean : 1.0f) };
  ae_motion_search (frame6, fused6, h, w, noise, 1, scratch, vectors);
  ae_motion_warp (
      vectors, fused6, count, h, w, 1, warped6, warped_count);
}
