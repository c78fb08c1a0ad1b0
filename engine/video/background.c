/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/background.h"

#include "util/mem.h"
#include "util/pool.h"

#include <math.h>
#include <string.h>

#define SIDE 4
#define PIXELS (4 * SIDE * SIDE) /* of luma in a block */
#define MAX_FRAMES 64            /* the average follows slow changes */
#define MIN_SHOWN 16 /* frames; below, the network's own state is better */
#define MAX_TOLD 24  /* the largest count that networks know */
#define MIN_BEGIN 2  /* frames of a state that an average begins with */
#define PATIENCE 15  /* frames without fit before it begins anew */

/* Square differences, over what noise makes of them and what is usual in the
 * frame. Of a block that did not change the standard deviation is 0.18, of
 * 3x3 blocks 0.06. */
#define BLOCK_LIMIT 1.6f
#define AROUND_LIMIT 1.2f
#define SLACK 1.15f /* over the square difference of the state */
/* Mean differences, in standard deviations. */
#define BIAS_LIMIT 3.0f
#define COLOUR_LIMIT 5.0f /* cameras' chroma noise comes in blotches */

/* The camera stands still: this share of the picture fits (0.7 and more with
 * people walking about, 0.5 and less when the camera moves), and no worse than
 * noise. */
#define FIXED_SHARE 0.6f
#define FIXED_RATIO 1.1f
#define SHARE_RATE 0.1f

/* How a block's average fits the frame. */
typedef struct {
  float ratio; /* square difference over the expected one; -1: no average */
  float bias;  /* mean difference over its standard deviation */
  float colour; /* the larger of U's and V's, likewise, without sign */
} Fit;

struct AeBackground {
  int h, w, n_threads;
  float *average6;
  /* per block */
  float *frames; /* in the average; 0 = there is none */
  int *misses;   /* frames in a row that it did not fit */
  bool *shown;   /* in the last frame */
  Fit *fit;
  float fixed_share; /* of blocks that fit, over the last frames */
};

static int
rows_of (const AeBackground *b)
{
  return b->h / SIDE;
}

static int
columns_of (const AeBackground *b)
{
  return b->w / SIDE;
}

static size_t
n_blocks (const AeBackground *b)
{
  return (size_t) rows_of (b) * columns_of (b);
}

AeBackground *
ae_background_new (int h, int w, int n_threads)
{
  AeBackground *b = ae_calloc (1, sizeof *b);
  if (!b)
    return NULL;
  b->h = h;
  b->w = w;
  b->n_threads = n_threads;
  b->average6 = ae_calloc (6 * (size_t) h * w, sizeof *b->average6);
  b->frames = ae_calloc (n_blocks (b), sizeof *b->frames);
  b->misses = ae_calloc (n_blocks (b), sizeof *b->misses);
  b->shown = ae_calloc (n_blocks (b), sizeof *b->shown);
  b->fit = ae_calloc (n_blocks (b), sizeof *b->fit);
  if (!b->average6 || !b->frames || !b->misses || !b->shown || !b->fit)
    ae_background_free (&b);
  return b;
}

void
ae_background_free (AeBackground **background)
{
  AeBackground *b = *background;
  *background = NULL;
  if (!b)
    return;
  ae_free (b->average6);
  ae_free (b->frames);
  ae_free (b->misses);
  ae_free (b->shown);
  ae_free (b->fit);
  ae_free (b);
}

void
ae_background_reset (AeBackground *b)
{
  memset (b->frames, 0, n_blocks (b) * sizeof *b->frames);
  memset (b->misses, 0, n_blocks (b) * sizeof *b->misses);
  memset (b->shown, 0, n_blocks (b) * sizeof *b->shown);
  b->fixed_share = 0;
}

/* First position of a block in a plane. */
static size_t
place_of (const AeBackground *b, int row, int column)
{
  return (size_t) row * SIDE * b->w + (size_t) column * SIDE;
}

static float
block_mean (const AeBackground *b, const float *plane, size_t at)
{
  float sum = 0;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      sum += plane[at + (size_t) y * b->w + x];
  return sum / (SIDE * SIDE);
}

static void
fill_block (const AeBackground *b, float *plane, size_t at, float value)
{
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      plane[at + (size_t) y * b->w + x] = value;
}

static void
copy_block (const AeBackground *b, const float *from6, float *to6, size_t at)
{
  for (int c = 0; c < 6; c++)
    for (int y = 0; y < SIDE; y++) {
      size_t i = ((size_t) c * b->h + y) * b->w + at;
      memcpy (to6 + i, from6 + i, SIDE * sizeof (float));
    }
}

/* Mean square of a block's luma differences, and their mean. */
static float
square_difference (const AeBackground *b, const float *p, const float *q,
    size_t at, float *mean)
{
  float sum = 0, square = 0;
  for (int c = 0; c < 4; c++)
    for (int y = 0; y < SIDE; y++)
      for (int x = 0; x < SIDE; x++) {
        size_t i = ((size_t) c * b->h + y) * b->w + at + x;
        float d = p[i] - q[i];
        sum += d;
        square += d * d;
      }
  *mean = sum / PIXELS;
  return square / PIXELS;
}

typedef struct {
  AeBackground *b;
  const AeBackgroundInputs *in;
  float usual; /* ratio of blocks that did not change */
  bool fixed;
} Show;

/* Where only colour changed, luma would not tell. */
static float
colour_bias (const Show *s, const float *average6, float frames, size_t at)
{
  const AeBackground *b = s->b;
  size_t plane = (size_t) b->h * b->w;
  float sigma = block_mean (b, s->in->noise2 + plane, at), worst = 0;
  float variance = fmaxf (sigma * sigma, 1e-5f) * (1 + 1 / frames);
  for (int c = 4; c < 6; c++) {
    float mean = block_mean (b, s->in->frame6 + c * plane, at)
        - block_mean (b, average6 + c * plane, at);
    worst = fmaxf (worst, fabsf (mean));
  }
  return worst / sqrtf (variance / (SIDE * SIDE));
}

/* Of an average of `frames` frames. */
static Fit
fit_of (const Show *s, const float *average6, float frames, size_t at)
{
  const AeBackground *b = s->b;
  float sigma = block_mean (b, s->in->noise2, at), mean;
  float variance = fmaxf (sigma * sigma, 1e-7f) * (1 + 1 / frames);
  float square
      = square_difference (b, s->in->frame6, average6, at, &mean);
  return (Fit){ square / variance, mean / sqrtf (variance / PIXELS),
    colour_bias (s, average6, frames, at) };
}

static void
fit_job (void *arg, size_t index, int thread)
{
  const Show *s = arg;
  AeBackground *b = s->b;
  (void) thread;
  for (int x = 0; x < columns_of (b); x++) {
    size_t block = index * columns_of (b) + x;
    b->fit[block] = (Fit){ .ratio = -1 };
    if (b->frames[block] > 0)
      b->fit[block] = fit_of (
          s, b->average6, b->frames[block], place_of (b, (int) index, x));
  }
}

/* The median ratio: the level of the noise is only known so well. */
static float
usual_ratio (const AeBackground *b)
{
  enum { BINS = 64, PER_UNIT = 32 };
  size_t bins[BINS] = { 0 }, n = 0, seen = 0;
  for (size_t i = 0; i < n_blocks (b); i++)
    if (b->fit[i].ratio >= 0) {
      float bin = fminf (b->fit[i].ratio * PER_UNIT, BINS - 1);
      bins[(int) bin]++;
      n++;
    }
  int median = 0;
  while (median < BINS - 1 && (seen += bins[median]) < n / 2)
    median++;
  return (median + 0.5f) / PER_UNIT;
}

/* Sums over a block and its neighbours; the number of those with averages. */
static int
sum_around (const AeBackground *b, int row, int column, Fit *sum)
{
  int n = 0;
  *sum = (Fit){ 0 };
  for (int y = row - 1; y <= row + 1; y++)
    for (int x = column - 1; x <= column + 1; x++) {
      if (y < 0 || y >= rows_of (b) || x < 0 || x >= columns_of (b))
        continue;
      const Fit *fit = &b->fit[(size_t) y * columns_of (b) + x];
      if (fit->ratio < 0)
        continue;
      sum->ratio += fit->ratio;
      sum->bias += fit->bias;
      n++;
    }
  return n;
}

/* Whether a block and its neighbours are what they were. A NaN is not. */
static bool
is_still (const Show *s, int row, int column)
{
  const AeBackground *b = s->b;
  const Fit *own = &b->fit[(size_t) row * columns_of (b) + column];
  float usual = fminf (fmaxf (s->usual, 0.7f), 1.3f);
  if (own->ratio < 0 || !(own->ratio <= BLOCK_LIMIT * usual)
      || !(fabsf (own->bias) <= BIAS_LIMIT)
      || !(own->colour <= COLOUR_LIMIT))
    return false;
  Fit sum;
  int n = sum_around (b, row, column, &sum);
  return sum.ratio <= AROUND_LIMIT * usual * n
      && fabsf (sum.bias) <= BIAS_LIMIT * sqrtf ((float) n);
}

/* Whether the average is longer than the state's, and fits about as well: both
 * differ from the frame by the frame's noise. */
static bool
is_better (const Show *s, size_t block, size_t at)
{
  const AeBackground *b = s->b;
  float count = block_mean (b, s->in->count, at);
  if (b->frames[block] < MIN_SHOWN || b->frames[block] < count)
    return false;
  return count < 1
      || b->fit[block].ratio
          <= SLACK * fit_of (s, s->in->fused6, count, at).ratio;
}

static void
take_in (const Show *s, size_t block, size_t at)
{
  AeBackground *b = s->b;
  b->frames[block] = fminf (b->frames[block] + 1, MAX_FRAMES);
  float share = 1 / b->frames[block];
  for (int c = 0; c < 6; c++)
    for (int y = 0; y < SIDE; y++)
      for (int x = 0; x < SIDE; x++) {
        size_t i = ((size_t) c * b->h + y) * b->w + at + x;
        b->average6[i] += share * (s->in->frame6[i] - b->average6[i]);
      }
}

static void
show_block (const Show *s, size_t block, size_t at)
{
  const AeBackground *b = s->b;
  const AeBackgroundInputs *in = s->in;
  size_t plane = (size_t) b->h * b->w;
  float left = 1 / sqrtf (b->frames[block]);
  copy_block (b, b->average6, in->frame6, at);
  copy_block (b, b->average6, in->fused6, at);
  fill_block (b, in->count, at, 0);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      size_t i = at + (size_t) y * b->w + x;
      in->noise2[i] *= left;
      in->noise2[plane + i] *= left;
    }
}

static void
show_job (void *arg, size_t index, int thread)
{
  const Show *s = arg;
  AeBackground *b = s->b;
  (void) thread;
  for (int x = 0; x < columns_of (b); x++) {
    size_t block = index * columns_of (b) + x;
    size_t at = place_of (b, (int) index, x);
    bool still = is_still (s, (int) index, x);
    b->misses[block] = still ? 0 : b->misses[block] + 1;
    b->shown[block] = still && s->fixed && is_better (s, block, at);
    if (still)
      take_in (s, block, at);
    if (b->shown[block])
      show_block (s, block, at);
  }
}

static void
follow_share (AeBackground *b)
{
  size_t still = 0;
  for (size_t i = 0; i < n_blocks (b); i++)
    still += b->frames[i] > 0 && b->misses[i] == 0;
  float share = (float) still / (float) n_blocks (b);
  b->fixed_share += SHARE_RATE * (share - b->fixed_share);
}

void
ae_background_show (AeBackground *b, const AeBackgroundInputs *inputs)
{
  Show s = { .b = b, .in = inputs };
  AePool *pool = ae_pool_shared ();
  ae_pool_run (pool, b->n_threads, (size_t) rows_of (b), fit_job, &s);
  s.usual = usual_ratio (b);
  s.fixed = b->fixed_share > FIXED_SHARE && s.usual < FIXED_RATIO;
  ae_pool_run (pool, b->n_threads, (size_t) rows_of (b), show_job, &s);
  follow_share (b);
}

typedef struct {
  AeBackground *b;
  const AeVector *vectors;
  const float *fused6;
  float *count;
} Learn;

static void
learn_block (const Learn *l, size_t block, size_t at, AeVector v)
{
  AeBackground *b = l->b;
  if (b->shown[block])
    fill_block (b, l->count, at, fminf (b->frames[block], MAX_TOLD));
  bool due = b->frames[block] <= 0 || b->misses[block] > PATIENCE;
  if (!due || v.x != 0 || v.y != 0)
    return;
  float count = block_mean (b, l->count, at);
  if (count < MIN_BEGIN)
    return;
  copy_block (b, l->fused6, b->average6, at);
  b->frames[block] = count;
  b->misses[block] = 0;
}

static void
learn_job (void *arg, size_t index, int thread)
{
  const Learn *l = arg;
  const AeBackground *b = l->b;
  const AeVector *vectors = l->vectors + index / 2 * (size_t) ((b->w + 7) / 8);
  (void) thread;
  for (int x = 0; x < columns_of (b); x++)
    learn_block (l, index * columns_of (b) + x,
        place_of (b, (int) index, x), vectors[x / 2]);
}

void
ae_background_learn (AeBackground *b, const AeVector *vectors,
    const float *fused6, float *count)
{
  Learn l = { b, vectors, fused6, count };
  ae_pool_run (ae_pool_shared (), b->n_threads, (size_t) rows_of (b),
      learn_job, &l);
}
