/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/noise_curve.h"

#include "util/pool.h"
#include "video/noise_clip.h"

#include <math.h>
#include <string.h>

#define BINS AE_NOISE_BINS
#define MIN_BLOCKS 12 /* of a bin that is judged on its own */
#define ROUNDING (1.0f / (12 * 255.0f * 255.0f))

/* Relative standard deviations of a block's variance, by the number of
 * independent samples behind it. */
#define LUMA_SPREAD 0.20f
#define HALF_SPREAD 0.23f
#define FULL_SPREAD 0.16f /* correlated samples */
#define CHROMA_SPREAD 0.16f
#define COARSE_CHROMA_SPREAD 0.35f
#define FULL_CHROMA_SPREAD 0.14f

/* Ratio of the detail's variances at half and full size: white noise has 0.25,
 * with the error of the smaller; from their sum on it is surely correlated. */
#define WHITE_RATIO 0.4f
#define RATIO_RAMP 0.3f
#define WIDE_GAIN 3.7f
#define BIN_EXCESS 4.0f

/* Chroma's part of luma's variance: in photographs of five cameras the
 * standard deviation was 0.3 to 0.7 of luma's, mostly about 0.5. */
#define CHROMA_PART 0.2f

int
ae_noise_bin (float brightness)
{
  int bin = (int) (brightness * BINS);
  return bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
}

void
ae_noise_sort (AeNoiseOrder *order, const AeNoiseBlock *blocks, size_t n)
{
  int count[BINS] = { 0 }, next[BINS];
  for (size_t i = 0; i < n; i++)
    if (blocks[i].used > 0)
      count[ae_noise_bin (blocks[i].mean)]++;
  order->first[0] = 0;
  for (int bin = 0; bin < BINS; bin++) {
    next[bin] = order->first[bin];
    order->first[bin + 1] = order->first[bin] + count[bin];
  }
  for (size_t i = 0; i < n; i++)
    if (blocks[i].used > 0)
      order->block[next[ae_noise_bin (blocks[i].mean)]++] = &blocks[i];
}

enum { LUMA, JOINED_LUMA, HALF, FULL, CHROMA, COARSE_CHROMA, FULL_CHROMA };

static float
value_of (const AeNoiseBlock *b, int which)
{
  switch (which) {
  case LUMA:
    return b->luma;
  case JOINED_LUMA:
    return b->joined_luma;
  case HALF:
    return b->half;
  case FULL:
    return b->full;
  case CHROMA:
    return b->chroma;
  case COARSE_CHROMA:
    return b->coarse_chroma;
  default:
    return b->full_chroma;
  }
}

/* Neighbours in the order of brightness. */
typedef struct {
  const AeNoiseBlock *const *block;
  float *values;
  int n;
} Blocks;

static Blocks
all_blocks (const AeNoiseOrder *order)
{
  return (Blocks){ order->block, order->values, order->first[BINS] };
}

static Blocks
bin_blocks (const AeNoiseOrder *order, int bin)
{
  int first = order->first[bin];
  return (Blocks){ order->block + first, order->values + first,
    order->first[bin + 1] - first };
}

/* Each value freed from what clipping noise of standard deviation `sigma`
 * takes at its block's brightness. */
static AeCluster
cluster_freed (Blocks blocks, int which, float spread, float sigma)
{
  int n = 0;
  for (int i = 0; i < blocks.n; i++) {
    const AeNoiseBlock *b = blocks.block[i];
    float gain
        = which <= FULL ? ae_noise_clip_gain (b->mean, sigma) : 1.0f;
    if (gain > 0)
      blocks.values[n++] = value_of (b, which) / gain;
  }
  return ae_noise_cluster (blocks.values, n, spread);
}

/* Each round knows better how much was clipped. */
static AeCluster
cluster_of (Blocks blocks, int which, float spread)
{
  AeCluster c = cluster_freed (blocks, which, spread, 0);
  int rounds = which <= FULL ? 3 : 0;
  float scale = which == HALF ? 2.0f : 1.0f;
  for (int i = 0; i < rounds; i++)
    c = cluster_freed (blocks, which, spread, scale * sqrtf (c.variance));
  return c;
}

/* In the blocks that have least at the coarse scale: white noise has a quarter
 * of its variance there. */
static float
correlation (Blocks blocks, int fine_value, int coarse_value, float spread)
{
  AeCluster lowest = cluster_of (blocks, coarse_value, spread);
  float limit = lowest.variance * (1 + spread);
  float fine = 0, coarse = 0, n = 0;
  for (int i = 0; i < blocks.n; i++) {
    const AeNoiseBlock *b = blocks.block[i];
    if (value_of (b, coarse_value) > limit)
      continue;
    fine += value_of (b, fine_value) - ROUNDING;
    coarse += value_of (b, coarse_value) - ROUNDING / 4;
    n++;
  }
  if (coarse <= 0)
    return 0;
  float ratio = coarse / fmaxf (fine, 1e-9f * n);
  return fminf (fmaxf ((ratio - WHITE_RATIO) / RATIO_RAMP, 0), 1);
}

float
ae_noise_correlation (const AeNoiseOrder *order)
{
  return correlation (all_blocks (order), JOINED_LUMA, HALF, HALF_SPREAD);
}

/* Variance of white noise is that of its finest detail. Smoothed noise has
 * lost most of that; as long as it is not smoother than by 1 2 1 both ways its
 * variance is WIDE_GAIN times that of half-size detail. All that varies in a
 * block is another bound, and alone counts in differences of frames, where
 * texture has gone. At most `most` is added. */
static AeCluster
luma_cluster (Blocks blocks, float correlated, bool temporal, float most)
{
  AeCluster fine = cluster_of (blocks, LUMA, LUMA_SPREAD);
  fine.variance = fmaxf (fine.variance - ROUNDING, 0);
  if (correlated <= 0 || fine.members == 0)
    return fine;
  AeCluster full = cluster_of (blocks, FULL, FULL_SPREAD);
  float wide = full.variance - ROUNDING;
  if (!temporal) {
    AeCluster half = cluster_of (blocks, HALF, HALF_SPREAD);
    wide = fminf (wide, WIDE_GAIN * (half.variance - ROUNDING / 4));
  }
  wide = fminf (wide - fine.variance, most);
  fine.variance += correlated * fmaxf (wide, 0);
  return fine;
}

static AeCluster
chroma_cluster (Blocks blocks)
{
  AeCluster fine = cluster_of (blocks, CHROMA, CHROMA_SPREAD);
  AeCluster full = cluster_of (blocks, FULL_CHROMA, FULL_CHROMA_SPREAD);
  float correlated
      = correlation (blocks, CHROMA, COARSE_CHROMA, COARSE_CHROMA_SPREAD);
  fine.variance = fmaxf (fine.variance - ROUNDING, 0);
  float wide = full.variance - ROUNDING;
  fine.variance += correlated * fmaxf (wide - fine.variance, 0);
  return fine;
}

static bool
has_colour (Blocks blocks)
{
  for (int i = 0; i < blocks.n; i++)
    if (blocks.block[i]->full_chroma > 0)
      return true;
  return false;
}

/* A camera's noise is in its colours too, though compression may have emptied
 * flat blocks of it. */
static float
least_chroma (Blocks blocks, const AeNoiseCurve *curve)
{
  float sum = 0, members = 0;
  for (int bin = 0; bin < BINS; bin++) {
    sum += (float) curve->luma[bin].members * curve->luma[bin].variance;
    members += (float) curve->luma[bin].members;
  }
  return members > 0 && has_colour (blocks)
             ? curve->correlated * CHROMA_PART * sum / members
             : 0;
}

typedef struct {
  const AeNoiseOrder *order;
  AeCluster whole;
  float tolerance;
  bool temporal;
  AeNoiseCurve *curve;
} CurveRun;

/* One bin. Where it has far more than the whole, that is texture. */
static void
bin_job (void *arg, size_t bin, int thread)
{
  (void) thread;
  const CurveRun *r = arg;
  AeCluster whole = r->whole;
  AeCluster own = luma_cluster (bin_blocks (r->order, (int) bin),
      r->curve->correlated, r->temporal, BIN_EXCESS * whole.variance);
  if (own.members < MIN_BLOCKS)
    return;
  if (own.variance > whole.variance
      && own.variance < r->tolerance * whole.variance)
    own.variance = whole.variance;
  r->curve->luma[bin] = own;
}

AeNoiseCurve
ae_noise_curve (const AeNoiseOrder *order, float correlated, float tolerance,
    bool temporal, int n_threads)
{
  AeNoiseCurve curve = { .correlated = correlated };
  Blocks all = all_blocks (order);
  AeCluster whole = luma_cluster (all, correlated, temporal, INFINITY);
  curve.chroma = chroma_cluster (all);
  CurveRun run = { order, whole, tolerance, temporal, &curve };
  ae_pool_run (ae_pool_shared (), n_threads, BINS, bin_job, &run);
  bool any = false;
  for (int bin = 0; bin < BINS; bin++)
    any |= curve.luma[bin].members > 0;
  for (int bin = 0; bin < BINS && !any; bin++)
    curve.luma[bin] = whole;
  if (!temporal)
    curve.chroma.variance
        = fmaxf (curve.chroma.variance, least_chroma (all, &curve));
  return curve;
}

void
ae_noise_curve_fill_gaps (AeNoiseCurve *curve)
{
  AeCluster full[BINS];
  for (int bin = 0; bin < BINS; bin++)
    for (int d = 0; d < BINS; d++) {
      int low = bin - d, high = bin + d;
      full[bin] = (AeCluster) { 0, 0 };
      if (low >= 0 && curve->luma[low].members > 0)
        full[bin] = curve->luma[low];
      else if (high < BINS && curve->luma[high].members > 0)
        full[bin] = curve->luma[high];
      if (full[bin].members > 0)
        break;
    }
  memcpy (curve->luma, full, sizeof full);
}
