/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an encoder makes of each place. */
#include "coder/change_slice.h"
#include "coder/masking.h"
#include "kernels/sad.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE AE_PLACE_SIDE
/* In the choice of modes: what is added before a size is cut off to an integer;
 * bits, roughly, of a place that is coded, of each value that is not 0 and of
 * each octave of its size, of a vector that none around has, and of a place as in
 * the key frame. */
#define ROUND_MORE 0.38f
#define PLACE_BITS 3
#define VALUE_BITS 5
#define SIZE_BITS 1.5f
#define VECTOR_BITS 4
#define KEY_BITS 3
#define EXTENT_BITS 3
/* A place is no movement when its luma varies less than this part of what it
 * differs. */
#define INTRA_SHARE 0.8f

typedef struct {
  AeChangeSlice slice;
  const AeImage *picture;
  float worth;   /* of a bit, in squared steps */
  float gain[2][2]; /* steps of a grey level: luma, chroma; of places in the
                       band that is refreshed */
} Work;

/* to = pixels - prediction */
static void
subtract (const Work *w, int row, int column, const AePlacePixels *prediction,
    AePlaceSamples *to)
{
  for (int i = 0; i < AE_PLACE_ROWS; i++) {
    AePlaceRow at = ae_place_row (
        w->picture, w->slice.slice->row + row, column, i);
    int n = SIDE / at.pieces;
    for (int k = 0; k < at.pieces; k++)
      for (int x = 0; x < n; x++)
        to->at[i][k * n + x] = (int16_t) (at.pixels[k][x]
            - prediction->at[i][k * n + x]);
  }
}

static const uint8_t *
luma_at (const AeImage *image, int row, int column)
{
  return ae_place_row (image, row, column, 0).pixels[0];
}

/* Sum of the luma's absolute differences from its mean. */
static uint32_t
variation (const Work *w, int row, int column)
{
  const uint8_t *at
      = luma_at (w->picture, w->slice.slice->row + row, column);
  ptrdiff_t stride = w->picture->stride[0];
  int sum = 0;
  uint32_t all = 0;
  for (int i = 0; i < SIDE * SIDE; i++)
    sum += at[i / SIDE * stride + i % SIDE];
  for (int i = 0; i < SIDE * SIDE; i++)
    all += (uint32_t) abs (at[i / SIDE * stride + i % SIDE] - sum / 256);
  return all;
}

/* What is lost by a place's values, in squared steps: when they are coded, their
 * bits included, and when nothing is. */
typedef struct {
  float coded, skipped;
} Cost;

/* The logarithm of x >= 1 to base 2, in straight lines between its powers. */
static inline float
octaves (float x)
{
  int32_t bits, one;
  const float unit = 1;
  memcpy (&bits, &x, sizeof bits);
  memcpy (&one, &unit, sizeof one);
  return (float) (bits - one) * 0x1p-23f;
}

static void
add_costs (const float *x, int n, float gain, Cost *cost, float *bits)
{
  float all = 0, left = 0, sum = 0;
  for (int i = 0; i < n; i++) {
    float wanted = fabsf (x[i]) * gain;
    float size = (float) (int) (wanted + ROUND_MORE), error = wanted - size;
    all += wanted * wanted;
    left += error * error;
    sum += size > 0 ? VALUE_BITS + SIZE_BITS * octaves (size) : 0;
  }
  cost->skipped += all;
  cost->coded += left;
  *bits += sum;
}

static const float *
gain_at (const Work *w, int column)
{
  return w->gain[ae_refresh_has (&w->slice.c->refresh, column)];
}

static Cost
cost_of (const Work *w, int column, const AePlaceCosines *values)
{
  const float *gain = gain_at (w, column);
  Cost cost = { 0, 0 };
  float bits = PLACE_BITS;
  int luma = SIDE * SIDE;
  add_costs (values->at[0], luma, gain[0], &cost, &bits);
  add_costs (values->at[SIDE], AE_COSINES - luma, gain[1], &cost, &bits);
  cost.coded += w->worth * bits;
  return cost;
}

/* Vectors of the places to the left, above, and of this one in the picture
 * before. */
static int
candidates (const Work *w, int row, int column, AeVector to[4])
{
  size_t columns = (size_t) w->slice.c->grid.columns;
  size_t place = (size_t) row * columns + column;
  int n = 0;
  if (column > 0)
    to[n++] = ae_change_vector (&w->slice, place - 1);
  if (row > 0)
    to[n++] = ae_change_vector (&w->slice, place - columns);
  if (row > 0 && column + 1 < (int) columns)
    to[n++] = ae_change_vector (&w->slice, place - columns + 1);
  to[n++] = ae_change_vector (&w->slice, place);
  return n;
}

/* What is left of a place without its prediction. */
static void
transform_place (const Work *w, int row, int column, AePlaceCosines *to)
{
  AePlacePixels prediction;
  AePlaceSamples samples;
  ae_change_predict (&w->slice, row, column, &prediction);
  subtract (w, row, column, &prediction, &samples);
  ae_cosines_forward (&w->slice.c->cosines, &samples, to);
}

/* A way to code a place. */
typedef struct {
  AePlaceMode mode;
  AeVector v;
  float cost; /* in squared steps */
  AePlaceCosines values;
} Choice;

/* With values, or without any if that costs less. bits: of the prediction. */
static void
evaluate (const Work *w, int row, int column, AePlaceMode mode, AeVector v,
    float bits, Choice *choice)
{
  size_t place = ae_change_place (&w->slice, row, column);
  ae_change_set (&w->slice, place, mode, 0, v);
  transform_place (w, row, column, &choice->values);
  Cost cost = cost_of (w, column, &choice->values);
  bool coded = cost.coded < cost.skipped || mode == AE_PLACE_INTRA;
  choice->v = v;
  choice->cost = (coded ? cost.coded : cost.skipped) + w->worth * bits;
  choice->mode = coded       ? mode
      : mode == AE_PLACE_MOVED ? AE_PLACE_SKIP
                               : AE_PLACE_KEY;
}

/* One search. */
typedef struct {
  AeMotionAim aim;
  AeVector known;
  uint32_t sad; /* of the best one */
  Choice choices[2];
  int best; /* of the choices, the other one is room for the next */
} Search;

static void
try (const Work *w, Search *s, int row, int column, AePlaceMode mode,
    AeVector v, float bits)
{
  evaluate (w, row, column, mode, v, bits, &s->choices[!s->best]);
  if (s->choices[!s->best].cost < s->choices[s->best].cost)
    s->best = !s->best;
}

static void
try_key (const Work *w, Search *s, int row, int column)
{
  if (w->slice.c->refresh.on)
    return;
  const AeImage *key = &w->slice.c->key.image, *now = w->picture;
  int at = w->slice.slice->row + row;
  uint32_t sad = ae_sad_16 (luma_at (now, at, column), now->stride[0],
      luma_at (key, at, column), key->stride[0], SIDE);
  if (sad < s->sad)
    try (w, s, row, column, AE_PLACE_KEY_AND, (AeVector){ 0, 0 }, KEY_BITS);
}

static void
try_further (const Work *w, Search *s, int row, int column)
{
  const AeChanges *c = w->slice.c;
  float step = (float) c->unit[0][0] / 16;
  AeVector v = ae_motion_refine (&s->aim, s->known, c->speed, &s->sad);
  bool intra = (float) s->sad > step * 64
      && (float) variation (w, row, column) < INTRA_SHARE * (float) s->sad;
  if (intra)
    try (w, s, row, column, AE_PLACE_INTRA, (AeVector){ 0, 0 }, 0);
  else if (v.x != s->known.x || v.y != s->known.y)
    try (w, s, row, column, AE_PLACE_MOVED, v, VECTOR_BITS);
}

static AeMotionAim
aim_at (const Work *w, int row, int column, AeVector first)
{
  const AeChanges *c = w->slice.c;
  return (AeMotionAim){ .from = &c->before,
    .now = w->picture,
    .x = column * SIDE,
    .y = (w->slice.slice->row + row) * SIDE,
    .end = ae_refresh_end (&c->refresh, column),
    .first = first,
    .worth = (float) c->unit[0][0] / 16 * sqrtf (w->worth) };
}

/* A place that is well predicted by what is known already is skipped, others
 * are searched for. */
static void
search_place (const Work *w, Search *s, int row, int column)
{
  if (ae_refresh_has (&w->slice.c->refresh, column)) {
    try (w, s, row, column, AE_PLACE_INTRA, (AeVector){ 0, 0 }, 0);
    return;
  }
  AeVector from[4];
  int n = candidates (w, row, column, from);
  s->aim = aim_at (w, row, column, from[0]);
  s->known = ae_motion_best (&s->aim, from, n, &s->sad);
  try (w, s, row, column, AE_PLACE_MOVED, s->known, 0);
  if (s->choices[s->best].mode == AE_PLACE_SKIP)
    return;
  try_key (w, s, row, column);
  if (s->choices[s->best].mode != AE_PLACE_KEY)
    try_further (w, s, row, column);
}

/* How many of a place's values are worth to be coded: the extent. */
static int
choose_extent (const Work *w, const float *wanted, size_t step)
{
  float gain = 0, best = 0;
  int extent = 0, n = 0;
  for (int e = 0; e < AE_PLACE_EXTENTS; e++) {
    for (; n < ae_place_extents[e] * AE_GROUP; n++) {
      float x = fabsf (wanted[n * step]);
      if (x < 1 - ROUND_MORE)
        continue;
      float size = floorf (x + ROUND_MORE), error = x - size;
      gain += x * x - error * error
          - w->worth * (VALUE_BITS + SIZE_BITS * octaves (size));
    }
    if (e == 0 || gain - w->worth * EXTENT_BITS * e > best) {
      best = gain - w->worth * EXTENT_BITS * e;
      extent = e;
    }
  }
  return extent;
}

/* Puts a place's values where they are rounded from; the extent of those that
 * are coded. */
static int
arrange_values (
    const Work *w, size_t place, int column, const AePlaceCosines *values)
{
  float *to = (float *) w->slice.values.wanted + place;
  size_t step = w->slice.places;
  ae_cosines_arrange (&w->slice.c->cosines, values, gain_at (w, column),
      to, step);
  return choose_extent (w, to, step);
}

/* Where errors of twice the size are seen as little, a bit is worth four times
 * as much of them. */
static Work
work_at (const Work *w, int row, int column)
{
  Work own = *w;
  const AeChanges *c = w->slice.c;
  int y = w->slice.slice->row + row;
  if (c->steps) {
    float factor
        = ae_step_factor (c->steps[(size_t) y * c->grid.columns + column]);
    own.worth *= factor * factor;
  }
  return own;
}

static void
choose_place (const Work *work, int row, int column)
{
  const Work own = work_at (work, row, column), *w = &own;
  size_t place = ae_change_place (&w->slice, row, column);
  Search s;
  if (isinf (w->worth)) {
    ae_change_set (&w->slice, place, AE_PLACE_SKIP, 0, (AeVector){ 0, 0 });
    return;
  }
  s.best = 0;
  s.choices[0].cost = HUGE_VALF;
  search_place (w, &s, row, column);
  const Choice *best = &s.choices[s.best];
  bool coded = ae_place_has_values (best->mode);
  ae_change_set (&w->slice, place, best->mode,
      coded ? arrange_values (w, place, column, &best->values) : 0, best->v);
}

AeStatus
ae_changes_put (AeChanges *c, const AeGridSlice *slice,
    const AeImage *picture, float worth, AeRansWriter *writer,
    AeLatentScratch *s)
{
  Work w = { ae_change_slice (c, slice), picture, worth, { { 0 } } };
  for (int i = 0; i < 4; i++)
    w.gain[i / 2][i % 2] = 16.0f / (float) c->unit[i / 2][i % 2];
  const AeChangeSlice *cs = &w.slice;
  for (int row = 0; row < slice->n_rows; row++)
    for (int x = 0; x < c->grid.columns; x++)
      choose_place (&w, row, x);
  AeStatus status
      = ae_latents_put (writer, &c->motion_level, &cs->motion, s, NULL);
  if (status == AE_OK)
    status = ae_latents_choose (
        writer, &c->value_level, &cs->values, worth, s, NULL);
  if (status == AE_OK)
    ae_change_show (cs);
  return status;
}
