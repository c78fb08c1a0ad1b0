/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_batch.h"

#include "detect/grey.h"
#include "train/anomaly_nets.h"

#include <math.h>
#include <string.h>

#define LEAST_PATCH 12 /* pixels across */
#define MOST_PATCH 0.6f /* of the crop's edge */
#define SOFT 3.0f       /* pixels of a patch's edge */
#define OTHER_GAIN 0.3f /* of a patch: 1 - this to 1 + this */
#define ENOUGH 0.15f    /* mean change of a place, of the networks' values */

static float
value_of (uint8_t grey, const AeAnomalyCrop *c)
{
  return ((float) grey - AE_GREY_MEAN) / AE_GREY_DEVIATION * c->gain
      + c->shift;
}

void
ae_anomaly_cut (const uint8_t *frame, int width, const AeAnomalyCrop *crop,
    float *to)
{
  for (int y = 0; y < crop->height; y++) {
    const uint8_t *row = frame + (ptrdiff_t) (crop->y + y) * width + crop->x;
    for (int x = 0; x < crop->width; x++)
      *to++ = value_of (row[x], crop);
  }
}

/* An ellipse in the crop, and where in the source its pixels are. */
typedef struct {
  int x, y, width, height;
  int from_x, from_y;
  bool mirrored;
  float gain;
} Patch;

static int
between (AeRng *rng, int least, int most)
{
  return most > least
      ? least + (int) ae_rng_below (rng, (uint32_t) (most - least + 1))
      : least;
}

static Patch
draw_patch (const AeAnomalyCrop *crop, const AeAnomalySource *s, AeRng *rng)
{
  Patch p;
  p.width = between (rng, LEAST_PATCH, (int) (MOST_PATCH * crop->width));
  p.height = between (rng, LEAST_PATCH, (int) (MOST_PATCH * crop->height));
  p.x = between (rng, 0, crop->width - p.width);
  p.y = between (rng, 0, crop->height - p.height);
  p.from_x = between (rng, 0, s->width - p.width);
  p.from_y = between (rng, 0, s->height - p.height);
  p.mirrored = ae_rng_below (rng, 2);
  p.gain = 1 + OTHER_GAIN * (2 * ae_rng_uniform (rng) - 1);
  return p;
}

/* 1 inside, 0 outside. */
static float
opacity (const Patch *p, int x, int y)
{
  float rx = 0.5f * (float) p->width, ry = 0.5f * (float) p->height;
  float dx = ((float) x + 0.5f - rx) / rx, dy = ((float) y + 0.5f - ry) / ry;
  float inside = (1 - sqrtf (dx * dx + dy * dy)) * fminf (rx, ry) / SOFT;
  return fminf (fmaxf (inside, 0), 1);
}

static void
paste (const AeAnomalyCrop *crop, const AeAnomalySource *s, const Patch *p,
    float *fake)
{
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      int column = p->from_x + (p->mirrored ? p->width - 1 - x : x);
      float *to = &fake[(p->y + y) * crop->width + p->x + x];
      float other = p->gain
          * value_of (s->frame[(p->from_y + y) * s->width + column], crop);
      *to += opacity (p, x, y) * (other - *to);
    }
}

static bool
is_changed (const float *a, const float *b, int width)
{
  float sum = 0;
  for (int y = 0; y < AE_ANOMALY_SCALE; y++)
    for (int x = 0; x < AE_ANOMALY_SCALE; x++)
      sum += fabsf (a[y * width + x] - b[y * width + x]);
  return sum > ENOUGH * AE_ANOMALY_SCALE * AE_ANOMALY_SCALE;
}

void
ae_anomaly_changes (const float *real, const float *fake,
    const AeAnomalyCrop *crop, float *changed)
{
  int w = crop->width, h = crop->height, unit = AE_ANOMALY_SCALE;
  for (int y = 0; y < h; y += unit)
    for (int x = 0; x < w; x += unit)
      *changed++ = is_changed (real + y * w + x, fake + y * w + x, w);
}

void
ae_anomaly_fake (const float *real, const AeAnomalyCrop *crop,
    const AeAnomalySource *source, AeRng *rng, float *fake)
{
  int w = crop->width, h = crop->height;
  if (source->other_place) {
    Patch p = draw_patch (crop, source, rng);
    memcpy (fake, real, (size_t) (w * h) * sizeof *fake);
    paste (crop, source, &p, fake);
  } else {
    ae_anomaly_cut (source->frame, source->width, crop, fake);
  }
}
