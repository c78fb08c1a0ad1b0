/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/noise_estimate.h"

#include "util/mem.h"
#include "util/pool.h"
#include "video/noise_blocks.h"
#include "video/noise_cluster.h"

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

/* Told above what was found of correlated noise: the lowest cluster has less
 * than the rest, and to tell too much costs less than as much too little. */
#define HEADROOM 0.2f

/* Variances; members 0 where nothing is known. */
typedef struct {
  AeCluster luma[BINS], chroma;
  float correlated; /* 0 = white noise .. 1 */
} Curve;

struct AeNoise {
  int h, w, n_threads;
  size_t n_blocks;
  AeNoiseBlock *blocks;
  float *values;
  void *scratch;
  float variance[BINS], chroma; /* smoothed over time */
  float told_more;              /* correlation, smoothed over time */
  float share[BINS];            /* of the last frame's blocks */
  Curve still;                  /* the last estimate from a single frame */
  float correlated;             /* at most, by the last differences */
  int n_updates;
  bool known; /* after ae_noise_set */
};

AeNoise *
ae_noise_new (int h, int w, int n_threads)
{
  AeNoise *noise = ae_calloc (1, sizeof *noise);
  if (!noise)
    return NULL;
  noise->h = h;
  noise->w = w;
  noise->n_threads = n_threads;
  noise->correlated = 1;
  noise->n_blocks = ae_noise_n_blocks (h, w);
  noise->blocks = ae_calloc (noise->n_blocks, sizeof *noise->blocks);
  noise->values = ae_calloc (noise->n_blocks, sizeof *noise->values);
  noise->scratch = ae_alloc (ae_noise_blocks_scratch_size (h, w, n_threads));
  if (!noise->blocks || !noise->values || !noise->scratch)
    ae_noise_free (&noise);
  return noise;
}

void
ae_noise_free (AeNoise **noise)
{
  if (!*noise)
    return;
  ae_free ((*noise)->blocks);
  ae_free ((*noise)->values);
  ae_free ((*noise)->scratch);
  ae_free (*noise);
  *noise = NULL;
}

void
ae_noise_reset (AeNoise *noise)
{
  noise->n_updates = 0;
  noise->correlated = 1;
  noise->known = false;
}

void
ae_noise_set (AeNoise *noise, float luma, float chroma)
{
  for (int i = 0; i < BINS; i++)
    noise->variance[i] = luma * luma;
  noise->chroma = chroma * chroma;
  noise->told_more = 0;
  noise->known = true;
}

static int
bin_of (float brightness)
{
  int bin = (int) (brightness * BINS);
  return bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
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

/* Cluster of one bin (-1: of all blocks), each value freed from what clipping
 * noise of standard deviation `sigma` takes at its block's brightness. */
static AeCluster
cluster_freed (
    AeNoise *noise, int bin, int which, float spread, float sigma)
{
  int n = 0;
  for (size_t i = 0; i < noise->n_blocks; i++) {
    const AeNoiseBlock *b = &noise->blocks[i];
    if (b->used <= 0 || (bin >= 0 && bin_of (b->mean) != bin))
      continue;
    float gain
        = which <= FULL ? ae_noise_clip_gain (b->mean, sigma) : 1.0f;
    if (gain > 0)
      noise->values[n++] = value_of (b, which) / gain;
  }
  return ae_noise_cluster (noise->values, n, spread);
}

/* Each round knows better how much was clipped. */
static AeCluster
cluster_of (AeNoise *noise, int bin, int which, float spread)
{
  AeCluster c = cluster_freed (noise, bin, which, spread, 0);
  int rounds = which <= FULL ? 3 : 0;
  float scale = which == HALF ? 2.0f : 1.0f;
  for (int i = 0; i < rounds; i++)
    c = cluster_freed (
        noise, bin, which, spread, scale * sqrtf (c.variance));
  return c;
}

/* How surely noise is spatially correlated, 0..1, by its detail at two scales
 * in the blocks that have least at the coarse one: white noise has a quarter
 * of its variance there. Texture too has coarse detail, so that this is an
 * upper bound. */
static float
correlation (AeNoise *noise, int fine_value, int coarse_value, float spread)
{
  AeCluster lowest = cluster_of (noise, -1, coarse_value, spread);
  float limit = lowest.variance * (1 + spread);
  float fine = 0, coarse = 0, n = 0;
  for (size_t i = 0; i < noise->n_blocks; i++) {
    const AeNoiseBlock *b = &noise->blocks[i];
    if (b->used <= 0 || value_of (b, coarse_value) > limit)
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

/* Variance of white noise is that of its finest detail. Smoothed noise has
 * lost most of that; as long as it is not smoother than by 1 2 1 both ways its
 * variance is WIDE_GAIN times that of half-size detail. All that varies in a
 * block is another bound, and alone counts in differences of frames, where
 * texture has gone. At most `most` is added. */
static AeCluster
luma_cluster (AeNoise *noise, int bin, float correlated, bool temporal,
    float most)
{
  AeCluster fine = cluster_of (noise, bin, LUMA, LUMA_SPREAD);
  fine.variance = fmaxf (fine.variance - ROUNDING, 0);
  if (correlated <= 0 || fine.members == 0)
    return fine;
  AeCluster full = cluster_of (noise, bin, FULL, FULL_SPREAD);
  float wide = full.variance - ROUNDING;
  if (!temporal) {
    AeCluster half = cluster_of (noise, bin, HALF, HALF_SPREAD);
    wide = fminf (wide, WIDE_GAIN * (half.variance - ROUNDING / 4));
  }
  wide = fminf (wide - fine.variance, most);
  fine.variance += correlated * fmaxf (wide, 0);
  return fine;
}

static AeCluster
chroma_cluster (AeNoise *noise)
{
  AeCluster fine = cluster_of (noise, -1, CHROMA, CHROMA_SPREAD);
  AeCluster full = cluster_of (noise, -1, FULL_CHROMA, FULL_CHROMA_SPREAD);
  float correlated
      = correlation (noise, CHROMA, COARSE_CHROMA, COARSE_CHROMA_SPREAD);
  fine.variance = fmaxf (fine.variance - ROUNDING, 0);
  float wide = full.variance - ROUNDING;
  fine.variance += correlated * fmaxf (wide - fine.variance, 0);
  return fine;
}

static bool
has_colour (const AeNoise *noise)
{
  for (size_t i = 0; i < noise->n_blocks; i++)
    if (noise->blocks[i].full_chroma > 0)
      return true;
  return false;
}

/* A camera's noise is in its colours too, though compression may have emptied
 * flat blocks of it. */
static float
least_chroma (const AeNoise *noise, const Curve *curve)
{
  float sum = 0, members = 0;
  for (int bin = 0; bin < BINS; bin++) {
    sum += (float) curve->luma[bin].members * curve->luma[bin].variance;
    members += (float) curve->luma[bin].members;
  }
  return members > 0 && has_colour (noise)
             ? curve->correlated * CHROMA_PART * sum / members
             : 0;
}

/* Bins of their own where there are enough blocks. Bins within a third (in
 * variance) above the whole are taken as the whole: noise is then most likely
 * the same everywhere and the difference texture. */
static Curve
measure (AeNoise *noise, float tolerance, bool temporal)
{
  Curve curve = { 0 };
  float found = correlation (noise, JOINED_LUMA, HALF, HALF_SPREAD);
  if (temporal)
    noise->correlated = found;
  curve.correlated = fminf (found, noise->correlated);
  AeCluster whole
      = luma_cluster (noise, -1, curve.correlated, temporal, INFINITY);
  /* Where a bin has far more, that is texture. */
  float most = BIN_EXCESS * whole.variance;
  for (int bin = 0; bin < BINS; bin++) {
    AeCluster own
        = luma_cluster (noise, bin, curve.correlated, temporal, most);
    if (own.members < MIN_BLOCKS)
      continue;
    if (own.variance > whole.variance
        && own.variance < tolerance * whole.variance)
      own.variance = whole.variance;
    curve.luma[bin] = own;
  }
  curve.chroma = chroma_cluster (noise);
  bool any = false;
  for (int bin = 0; bin < BINS; bin++)
    any |= curve.luma[bin].members > 0;
  for (int bin = 0; bin < BINS && !any; bin++)
    curve.luma[bin] = whole;
  if (!temporal)
    curve.chroma.variance
        = fmaxf (curve.chroma.variance, least_chroma (noise, &curve));
  return curve;
}

/* The smaller of two bounds, or the one that is known. */
static AeCluster
lower (AeCluster a, AeCluster b)
{
  if (a.members == 0 || b.members == 0)
    return a.members == 0 ? b : a;
  return a.variance < b.variance ? a : b;
}

static void
count_bins (AeNoise *noise)
{
  memset (noise->share, 0, sizeof noise->share);
  for (size_t i = 0; i < noise->n_blocks; i++)
    noise->share[bin_of (noise->blocks[i].mean)]
        += 1.0f / (float) noise->n_blocks;
}

/* Share of the blocks that the measurement could use. */
static float
used_share (const AeNoise *noise)
{
  float n = 0;
  for (size_t i = 0; i < noise->n_blocks; i++)
    n += noise->blocks[i].used;
  return n / (float) noise->n_blocks;
}

/* Bins without blocks take the value of the nearest bin that has some. */
static void
fill_gaps (Curve *curve)
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

void
ae_noise_update (AeNoise *noise, const float *frame6, const float *warped6,
    const float *warped_count)
{
  if (noise->known) {
    ae_noise_reset (noise);
  }
  int n = noise->n_updates;
  Curve curve = { 0 };
  bool temporal = false;
  if (warped6) {
    ae_noise_measure (frame6, warped6, warped_count, noise->h, noise->w,
        noise->n_threads, noise->scratch, noise->blocks);
    /* Repeated frames say nothing. */
    temporal = used_share (noise) > 0.1f;
    if (temporal)
      curve = measure (noise, 1.2f, true);
  }
  /* The single frame: at first, and now and then. */
  if (n < 4 || !temporal || n % 8 == 0) {
    ae_noise_measure (frame6, NULL, NULL, noise->h, noise->w,
        noise->n_threads, noise->scratch, noise->blocks);
    noise->still = measure (noise, 1.5f, false);
  }
  count_bins (noise);
  for (int bin = 0; bin < BINS; bin++)
    curve.luma[bin] = lower (curve.luma[bin], noise->still.luma[bin]);
  curve.chroma = lower (curve.chroma, noise->still.chroma);
  fill_gaps (&curve);
  float rate = n == 0 ? 1.0f : n == 1 ? 0.8f : fmaxf (1.0f / (float) n, 0.1f);
  for (int bin = 0; bin < BINS; bin++)
    noise->variance[bin]
        += rate * (curve.luma[bin].variance - noise->variance[bin]);
  noise->chroma += rate * (curve.chroma.variance - noise->chroma);
  float correlated
      = temporal ? curve.correlated : noise->still.correlated;
  noise->told_more += rate * (HEADROOM * correlated - noise->told_more);
  noise->n_updates = n + 1;
}

float
ae_noise_luma (const AeNoise *noise)
{
  if (noise->known)
    return sqrtf (noise->variance[0]);
  float sum = 0, weight = 0;
  for (int bin = 0; bin < BINS; bin++) {
    sum += noise->share[bin] * noise->variance[bin];
    weight += noise->share[bin];
  }
  return weight > 0 ? sqrtf (sum / weight) : 0;
}

float
ae_noise_chroma (const AeNoise *noise)
{
  return sqrtf (noise->chroma);
}

/* Linear between the middles of the bins. */
float
ae_noise_luma_at (const AeNoise *noise, float brightness)
{
  float at = brightness * BINS - 0.5f;
  at = at < 0 ? 0 : at > BINS - 1 ? BINS - 1 : at;
  int bin = (int) at < BINS - 1 ? (int) at : BINS - 2;
  float part = at - (float) bin;
  return sqrtf (noise->variance[bin] * (1 - part)
                + noise->variance[bin + 1] * part);
}

/* Luma over 4x4 positions (8x8 pixels): noise of brightness matters little
 * there. */
static void
fill_tile (const AeNoise *noise, const float *frame6, int y, int x, float *map)
{
  size_t plane = (size_t) noise->h * noise->w;
  float sum = 0;
  for (int c = 0; c < 4; c++)
    for (int i = 0; i < 16; i++)
      sum += frame6[c * plane + (size_t) (y + i / 4) * noise->w + x + i % 4];
  float sigma
      = (1 + noise->told_more) * ae_noise_luma_at (noise, sum / 64);
  for (int i = 0; i < 16; i++)
    map[(size_t) (y + i / 4) * noise->w + x + i % 4] = sigma;
}

typedef struct {
  const AeNoise *noise;
  const float *frame6;
  float *map2;
  float chroma;
} MapRun;

/* Four rows of the map. */
static void
map_job (void *arg, size_t index, int thread)
{
  const MapRun *m = arg;
  int w = m->noise->w, y = (int) index * 4;
  (void) thread;
  for (int x = 0; x < w; x += 4)
    fill_tile (m->noise, m->frame6, y, x, m->map2);
  float *chroma = m->map2 + (size_t) (m->noise->h + y) * w;
  for (int i = 0; i < 4 * w; i++)
    chroma[i] = m->chroma;
}

void
ae_noise_fill_map (const AeNoise *noise, const float *frame6, float *map2)
{
  MapRun m = { noise, frame6, map2,
    (1 + noise->told_more) * ae_noise_chroma (noise) };
  ae_pool_run (ae_pool_shared (), noise->n_threads, (size_t) noise->h / 4,
      map_job, &m);
}
