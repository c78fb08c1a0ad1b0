/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/channels.h"

#include "util/mem.h"

#include <math.h>
#include <string.h>

#define ENOUGH_MOVES 0.15f /* share of places: fewer weigh less */
#define LEAST_MOVES 0.05f  /* share below which there is no motion to compare */
#define DISTANCE_WEIGHT 1.0f
#define NEIGHBOURS 3
#define CELLS_PER_TOP 85
#define MOST_SCORE 1e6f
#define COMMON 2 /* decades: less rare looks do not count */
#define MOST_LOOKS 3 /* decades beyond: no footage tells more */

AeStatus
ae_channels_init (AeChannels *c, const AeFacts *facts, AeError *err)
{
  size_t cells = (size_t) facts->columns * (size_t) facts->rows;
  size_t scratch = facts->motion ? ae_neighbours_scratch (facts->motion) : 0;
  *c = (AeChannels){ .facts = facts };
  c->points = ae_calloc (cells, AE_MOTION_POINT * sizeof (float));
  c->distances = ae_calloc (cells, sizeof (float));
  c->scratch = ae_calloc (scratch, sizeof (float));
  bool ok = c->points && c->distances && c->scratch;
  for (int i = 0; i < AE_N_CHANNELS; i++) {
    c->cells[i] = ae_calloc (cells, sizeof (float));
    ok = ok && c->cells[i];
  }
  if (ok)
    return AE_OK;
  ae_channels_clear (c);
  return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu cells", cells);
}

void
ae_channels_clear (AeChannels *c)
{
  for (int i = 0; i < AE_N_CHANNELS; i++)
    ae_free (c->cells[i]);
  ae_free (c->points);
  ae_free (c->distances);
  ae_free (c->scratch);
  *c = (AeChannels){ 0 };
}

void
ae_channels_reset (AeChannels *c)
{
  size_t cells = (size_t) c->facts->columns * (size_t) c->facts->rows;
  for (int i = 0; i < AE_N_CHANNELS; i++)
    memset (c->cells[i], 0, cells * sizeof (float));
  c->patches = 0;
}

/* Also of a model whose deviations, limits or weights are next to nothing. */
static float
bounded (float score)
{
  return isnan (score) ? 0 : fminf (fmaxf (score, -MOST_SCORE), MOST_SCORE);
}

static const AeChannel appearance_channel[AE_APPEARANCES] = {
  [AE_APPEARANCE_ERROR] = AE_CHANNEL_RECONSTRUCTION,
  [AE_APPEARANCE_RARITY] = AE_CHANNEL_LATENT,
  [AE_APPEARANCE_FAKE] = AE_CHANNEL_DISCRIMINATOR,
};

static void
score_appearance (AeChannels *c, const AeObservation *observed)
{
  const AeFacts *f = c->facts;
  const float *seen = observed->appearance;
  size_t cells = (size_t) f->columns * (size_t) f->rows;
  for (int k = 0; k < AE_APPEARANCES; k++) {
    if (f->patches && k == AE_APPEARANCE_RARITY)
      continue;
    float *to = c->cells[appearance_channel[k]];
    const AeUsual *usual = f->usual[k];
    for (size_t i = 0; i < cells; i++)
      to[i] = bounded ((seen[i * AE_APPEARANCES + (size_t) k] - usual[i].mean)
                       / usual[i].deviation);
  }
}

/* Distances of the cells in which something moves to usual motions. Returns
 * their number; distances lie in the order of these cells. */
static size_t
measure_distances (AeChannels *c, const float *motion)
{
  const AeFacts *f = c->facts;
  size_t cells = (size_t) f->columns * (size_t) f->rows, n = 0;
  if (!f->motion)
    return 0;
  for (size_t i = 0; i < cells; i++) {
    const float *m = motion + i * AE_MOTION_FEATURES;
    if (m[AE_MOTION_SHARE] > LEAST_MOVES)
      ae_facts_motion_point (
          m, f->limit[i], c->points + n++ * AE_MOTION_POINT);
  }
  ae_neighbours_distances (f->motion, c->points, n, NEIGHBOURS,
      AE_NEIGHBOURS_MEAN, c->distances, c->scratch);
  return n;
}

/* Velocities that are noisier than those of the training stray further from
 * them: 1, or less. It takes some time to believe that: what jumps about only
 * once is odd. */
static float
sure_of_motion (const AeFacts *f, const AeObservation *observed)
{
  float usual = f->motion_jitter;
  float known = (float) observed->jitter.pictures / AE_JITTER_MEMORY;
  float jitter = usual + known * (observed->jitter.mean - usual);
  bool noisy = usual > 0 && jitter > usual;
  return noisy ? usual / jitter : 1;
}

static void
score_motion (AeChannels *c, const AeObservation *observed)
{
  const AeFacts *f = c->facts;
  const float *motion = observed->motion;
  size_t cells = (size_t) f->columns * (size_t) f->rows, next = 0;
  size_t measured = measure_distances (c, motion);
  float *to = c->cells[AE_CHANNEL_MOTION];
  float sure = sure_of_motion (f, observed);
  for (size_t i = 0; i < cells; i++) {
    const float *m = motion + i * AE_MOTION_FEATURES;
    float moves = m[AE_MOTION_SHARE];
    float distance = 0;
    if (measured && moves > LEAST_MOVES)
      distance = c->distances[next++] / f->motion_scale;
    to[i] = bounded (sure * fminf (moves / ENOUGH_MOVES, 1)
        * (m[AE_MOTION_SPEED] / f->limit[i] + DISTANCE_WEIGHT * distance));
  }
}

float
ae_channels_rarity (const AeFacts *facts, AeChannel channel, float score)
{
  const float *at = facts->rarity[channel];
  const int last = AE_RARITY_STEPS - 1;
  const double step = 1.0 / AE_RARITY_PER_DECADE, x = score;
  if (!(score > at[0]))
    return 0;
  if (score >= at[last]) {
    /* the slope of the last two decades */
    int from = last - 2 * AE_RARITY_PER_DECADE;
    double width = fmax ((double) at[last] - at[from], 1e-6);
    return bounded ((float) (last * step + (x - at[last]) * 2 / width));
  }
  int k = 0;
  while (score >= at[k + 1])
    k++;
  double width = (double) at[k + 1] - at[k];
  return (float) ((k + (width > 0 ? (x - at[k]) / width : 0)) * step);
}

float
ae_channels_contribution (AeChannel channel, float rarity)
{
  if (channel == AE_CHANNEL_MOTION)
    return rarity;
  return fminf (fmaxf (rarity - COMMON, 0), MOST_LOOKS);
}

static void
fuse (AeChannels *c)
{
  const AeFacts *f = c->facts;
  size_t cells = (size_t) f->columns * (size_t) f->rows;
  float *to = c->cells[AE_CHANNEL_FUSED];
  for (size_t i = 0; i < cells; i++) {
    float sum = 0;
    for (int k = 1; k < AE_N_CHANNELS; k++)
      if (f->weight[k] > 0)
        sum += f->weight[k]
               * ae_channels_contribution ((AeChannel) k,
                   ae_channels_rarity (f, (AeChannel) k, c->cells[k][i]));
    to[i] = bounded (sum);
  }
}

void
ae_channels_score (AeChannels *c, const AeObservation *seen)
{
  score_appearance (c, seen);
  score_motion (c, seen);
  fuse (c);
}

void
ae_channels_score_picture (
    AeChannels *c, const AeObservation *seen, float score)
{
  const AeFacts *f = c->facts;
  size_t cells = (size_t) f->columns * (size_t) f->rows;
  float *to = c->cells[AE_CHANNEL_FUSED];
  c->patches = bounded (score);
  if (seen)
    score_appearance (c, seen);
  memset (to, 0, cells * sizeof *to);
  for (int k = 1; k < AE_N_CHANNELS; k++)
    for (size_t i = 0; f->weight[k] > 0 && i < cells; i++)
      to[i] = bounded (to[i] + f->weight[k] * c->cells[k][i]);
}

/* Of models of pictures. */
static float
fused_picture (const AeChannels *c, const uint8_t *mask)
{
  float sum = 0;
  for (int k = 1; k < AE_N_CHANNELS; k++)
    if (c->facts->weight[k] > 0)
      sum += c->facts->weight[k]
             * ae_channels_picture (c, (AeChannel) k, mask);
  return bounded (sum);
}

int
ae_channels_n_top (const AeFacts *facts)
{
  int n = facts->columns * facts->rows / CELLS_PER_TOP;
  return n < 4 ? 4 : n > AE_CELL_MOST ? AE_CELL_MOST : n;
}

float
ae_channels_picture (
    const AeChannels *c, AeChannel channel, const uint8_t *mask)
{
  const AeFacts *f = c->facts;
  if (f->patches && channel == AE_CHANNEL_LATENT)
    return c->patches;
  if (f->patches && channel == AE_CHANNEL_FUSED)
    return fused_picture (c, mask);
  return ae_cells_top (c->cells[channel], mask,
      (size_t) f->columns * (size_t) f->rows, ae_channels_n_top (f));
}
