/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/noise_estimate.h"

#include "util/mem.h"
#include "util/pool.h"
#include "video/noise_blocks.h"
#include "video/noise_curve.h"

#include <math.h>
#include <string.h>

#define BINS AE_NOISE_BINS

/* Updates after which every second frame will do. */
#define SETTLED 12

/* Told above what was found of correlated noise: the lowest cluster has less
 * than the rest, and to tell too much costs less than as much too little. */
#define HEADROOM 0.2f

struct AeNoise {
  int h, w, n_threads;
  size_t n_blocks;
  AeNoiseBlock *blocks;
  AeNoiseOrder order;
  void *scratch;
  float variance[BINS], chroma; /* smoothed over time */
  float told_more;              /* correlation, smoothed over time */
  float share[BINS];            /* of the last frame's blocks */
  AeNoiseCurve still;           /* the last estimate from a single frame */
  float correlated;             /* at most, by the last differences */
  int n_updates;
  bool rested; /* the last frame was not measured */
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
  noise->order.block
      = ae_calloc (noise->n_blocks, sizeof *noise->order.block);
  noise->order.values
      = ae_calloc (noise->n_blocks, sizeof *noise->order.values);
  noise->scratch = ae_alloc (ae_noise_blocks_scratch_size (h, w, n_threads));
  if (!noise->blocks || !noise->order.block || !noise->order.values
      || !noise->scratch)
    ae_noise_free (&noise);
  return noise;
}

void
ae_noise_free (AeNoise **noise)
{
  if (!*noise)
    return;
  ae_free ((*noise)->blocks);
  ae_free ((*noise)->order.block);
  ae_free ((*noise)->order.values);
  ae_free ((*noise)->scratch);
  ae_free (*noise);
  *noise = NULL;
}

void
ae_noise_reset (AeNoise *noise)
{
  noise->n_updates = 0;
  noise->rested = false;
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

/* Measures the frame, or its difference from the one before. */
static void
look_at (AeNoise *noise, const float *frame6, const float *warped6,
    const float *warped_count)
{
  ae_noise_measure (frame6, warped6, warped_count, noise->h, noise->w,
      noise->n_threads, noise->scratch, noise->blocks);
  ae_noise_sort (&noise->order, noise->blocks, noise->n_blocks);
}

static AeNoiseCurve
curve_of (AeNoise *noise, float tolerance, bool temporal)
{
  float found = ae_noise_correlation (&noise->order);
  if (temporal)
    noise->correlated = found;
  return ae_noise_curve (&noise->order, fminf (found, noise->correlated),
      tolerance, temporal, noise->n_threads);
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
    noise->share[ae_noise_bin (noise->blocks[i].mean)]
        += 1.0f / (float) noise->n_blocks;
}

/* Share of the blocks that the measurement could use. */
static float
used_share (const AeNoise *noise)
{
  return (float) noise->order.first[BINS] / (float) noise->n_blocks;
}

bool
ae_noise_is_due (AeNoise *noise)
{
  bool rests = !noise->known && noise->n_updates >= SETTLED && !noise->rested;
  noise->rested = rests;
  return !rests;
}

void
ae_noise_update (AeNoise *noise, const float *frame6, const float *warped6,
    const float *warped_count)
{
  if (noise->known) {
    ae_noise_reset (noise);
  }
  int n = noise->n_updates;
  AeNoiseCurve curve = { 0 };
  bool temporal = false;
  if (warped6) {
    look_at (noise, frame6, warped6, warped_count);
    /* Repeated frames say nothing. */
    temporal = used_share (noise) > 0.1f;
    if (temporal)
      curve = curve_of (noise, 1.2f, true);
  }
  /* The single frame: at first, and now and then. */
  if (n < 4 || !temporal || n % 8 == 0) {
    look_at (noise, frame6, NULL, NULL);
    noise->still = curve_of (noise, 1.5f, false);
  }
  count_bins (noise);
  for (int bin = 0; bin < BINS; bin++)
    curve.luma[bin] = lower (curve.luma[bin], noise->still.luma[bin]);
  curve.chroma = lower (curve.chroma, noise->still.chroma);
  ae_noise_curve_fill_gaps (&curve);
  float least = n < SETTLED ? 0.1f : 0.19f; /* of two frames */
  float rate = n == 0 ? 1.0f : n == 1 ? 0.8f : fmaxf (1.0f / (float) n, least);
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
