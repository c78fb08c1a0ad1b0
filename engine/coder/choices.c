/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an encoder makes of each place. */
#include "coder/change_slice.h"
#include "kernels/sad.h"

#include <math.h>
#include <stdlib.h>

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
/* A place is no movement when its luma varies less than this part of what it
 * differs. */
#define INTRA_SHARE 0.8f

typedef struct {
  AeChangeSlice slice;
  const AeImage *picture;
  float worth;
} Work;

/* samples = pixels - samples */
static void
subtract (const Work *w, int row, int column, AePlaceSamples *s)
{
  for (int i = 0; i < 3; i++) {
    int side = i == 0 ? SIDE : SIDE / 2;
    int16_t *to = i == 0 ? s->luma : s->chroma[i - 1];
    const uint8_t *from
        = ae_place_pixels (w->picture, i, w->slice.slice->row + row, column);
    for (int y = 0; y < side; y++)
      for (int x = 0; x < side; x++, to++)
        *to = (int16_t) (from[y * (ptrdiff_t) w->picture->stride[i] + x]
            - *to);
  }
}

/* Sum of the luma's absolute differences from its mean. */
static uint32_t
variation (const Work *w, int row, int column)
{
  const uint8_t *at
      = ae_place_pixels (w->picture, 0, w->slice.slice->row + row, column);
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

static Cost
cost_of (const Work *w, const float *wanted)
{
  float gain = 0, bits = PLACE_BITS, all = 0;
  for (int i = 0; i < AE_COSINES; i++) {
    float x = fabsf (wanted[i * w->slice.places]);
    all += x * x;
    if (x < 1 - ROUND_MORE)
      continue;
    float size = floorf (x + ROUND_MORE), error = x - size;
    gain += x * x - error * error;
    bits += VALUE_BITS + SIZE_BITS * log2f (size);
  }
  return (Cost){ all - gain + w->worth * bits, all };
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

/* What is left of a place without its prediction, in steps. */
static void
transform_place (const Work *w, int row, int column)
{
  AePlaceSamples samples;
  const AeChanges *c = w->slice.c;
  size_t place = ae_change_place (&w->slice, row, column);
  float gain[2] = { 16.0f / (float) c->unit[0], 16.0f / (float) c->unit[1] };
  ae_change_predict (&w->slice, row, column, &samples);
  subtract (w, row, column, &samples);
  ae_cosines_forward (&c->cosines, &samples, gain,
      (float *) w->slice.values.wanted + place, w->slice.places);
}

/* A way to code a place. */
typedef struct {
  AePlaceMode mode;
  AeVector v;
  float cost; /* in squared steps */
} Choice;

/* With values, or without any if that costs less. bits: of the prediction. */
static Choice
evaluate (const Work *w, int row, int column, AePlaceMode mode, AeVector v,
    float bits)
{
  size_t place = ae_change_place (&w->slice, row, column);
  ae_change_set (&w->slice, place, mode, v);
  transform_place (w, row, column);
  Cost cost = cost_of (w, w->slice.values.wanted + place);
  Choice choice = { mode, v, cost.coded };
  if (cost.skipped <= cost.coded && mode != AE_PLACE_INTRA) {
    choice.mode = mode == AE_PLACE_MOVED ? AE_PLACE_SKIP : AE_PLACE_KEY;
    choice.cost = cost.skipped;
  }
  choice.cost += w->worth * bits;
  return choice;
}

/* One search. */
typedef struct {
  int x, y; /* the first pixel */
  AeVector first, known;
  float worth; /* of a bit, in sums of absolute differences */
  uint32_t sad; /* of the best one */
  Choice best, last; /* `last` is what was evaluated last */
} Search;

static void
try (const Work *w, Search *s, int row, int column, AePlaceMode mode,
    AeVector v, float bits)
{
  s->last = evaluate (w, row, column, mode, v, bits);
  if (s->last.cost < s->best.cost)
    s->best = s->last;
}

static void
try_key (const Work *w, Search *s, int row, int column)
{
  const AeImage *key = &w->slice.c->key.image, *now = w->picture;
  int at = w->slice.slice->row + row;
  uint32_t sad = ae_sad_16 (ae_place_pixels (now, 0, at, column),
      now->stride[0], ae_place_pixels (key, 0, at, column), key->stride[0],
      SIDE);
  if (sad < s->sad)
    try (w, s, row, column, AE_PLACE_KEY_AND, (AeVector){ 0, 0 }, KEY_BITS);
}

static void
try_further (const Work *w, Search *s, int row, int column)
{
  const AeChanges *c = w->slice.c;
  float step = (float) c->unit[0] / 16;
  AeVector v = ae_motion_refine (&c->before, w->picture, s->x, s->y, s->first,
      s->known, s->worth, &s->sad);
  bool intra = (float) s->sad > step * 64
      && (float) variation (w, row, column) < INTRA_SHARE * (float) s->sad;
  if (intra)
    try (w, s, row, column, AE_PLACE_INTRA, (AeVector){ 0, 0 }, 0);
  else if (v.x != s->known.x || v.y != s->known.y)
    try (w, s, row, column, AE_PLACE_MOVED, v, VECTOR_BITS);
}

/* Whether values of one are those of the other. */
static bool
same_prediction (Choice a, Choice b)
{
  return (a.mode < AE_PLACE_SKIP) == (b.mode < AE_PLACE_SKIP)
      && (a.mode == AE_PLACE_INTRA) == (b.mode == AE_PLACE_INTRA)
      && a.v.x == b.v.x && a.v.y == b.v.y;
}

/* A place that is well predicted by what is known already is skipped, others
 * are searched for. */
static void
choose_place (const Work *w, int row, int column)
{
  const AeChanges *c = w->slice.c;
  AeVector from[4];
  Search s = { .x = column * SIDE, .y = (w->slice.slice->row + row) * SIDE,
    .best = { .cost = HUGE_VALF } };
  int n = candidates (w, row, column, from);
  s.worth = (float) c->unit[0] / 16 * sqrtf (w->worth);
  s.first = from[0];
  s.known = ae_motion_best (
      &c->before, w->picture, s.x, s.y, from, n, s.worth, &s.sad);
  try (w, &s, row, column, AE_PLACE_MOVED, s.known, 0);
  if (s.best.mode != AE_PLACE_SKIP) {
    try_key (w, &s, row, column);
    if (s.best.mode != AE_PLACE_KEY)
      try_further (w, &s, row, column);
  }
  ae_change_set (&w->slice, ae_change_place (&w->slice, row, column),
      s.best.mode, s.best.v);
  if (!same_prediction (s.best, s.last))
    transform_place (w, row, column);
}

AeStatus
ae_changes_put (AeChanges *c, const AeGridSlice *slice,
    const AeImage *picture, float worth, AeRansWriter *writer,
    AeLatentScratch *s)
{
  Work w = { ae_change_slice (c, slice), picture, worth };
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
