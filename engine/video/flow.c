/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/flow.h"

#include "kernels/kernels.h"
#include "util/mem.h"
#include "util/pool.h"
#include "video/flow_refine.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define PATCH AE_FLOW_PATCH
#define STRIDE 4
#define MARGIN 16 /* of replicated edges around pictures */
#define MOST_LEVELS 6
#define LEAST_SIDE 12 /* of a level */
#define ITERATIONS 12
#define ENOUGH 0.02f   /* pixels: a smaller step ends the search */
#define FURTHEST 8.0f  /* pixels from where a patch's search began */
#define BAND_ROWS 4    /* rows of patches that pass vectors on to each other */
/* A patch that does not move fits 1.6 times as well where bilinear
 * interpolation halves its noise. */
#define STILL_RATIO 1.7f
#define STILL_SQUARES 16.0f /* squared grey levels over a patch */

typedef struct {
  int width, height;
  ptrdiff_t stride;      /* of now, before */
  float *now, *before;   /* top left pixel, margins around */
  float *gx, *gy;        /* width x height, of now */
  float *u, *v;          /* width x height: now to before, the level's pixels */
  int columns, rows;     /* of patches */
  float *patch_u, *patch_v;
  float *weight;         /* 64 of each patch */
} Level;

struct AeFlow {
  int n_levels, n_threads, n_pictures;
  const AeFlowKernels *kernels;
  Level level[MOST_LEVELS];
  AeFlowRefiner *refiner;
  void *memory;
};

static int
patches_along (int side)
{
  return (side - PATCH + STRIDE - 1) / STRIDE + 1;
}

/* The last patch ends at the edge. */
static int
patch_at (int index, int side)
{
  int at = index * STRIDE;
  return at + PATCH <= side ? at : side - PATCH;
}

static size_t
picture_floats (const Level *l)
{
  return (size_t) l->stride * (size_t) (l->height + 2 * MARGIN);
}

/* Lays out a level from `next` on, which may be NULL: returns the floats that
 * it takes. */
static size_t
place_level (Level *l, float *next)
{
  size_t used = 0;
  size_t places = ae_align_size ((size_t) l->width * (size_t) l->height);
  size_t patches = ae_align_size ((size_t) l->columns * (size_t) l->rows);
  struct {
    float **block;
    size_t n;
  } blocks[] = { { &l->now, picture_floats (l) },
    { &l->before, picture_floats (l) }, { &l->gx, places },
    { &l->gy, places }, { &l->u, places }, { &l->v, places },
    { &l->patch_u, patches }, { &l->patch_v, patches },
    { &l->weight, patches * PATCH * PATCH } };
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
    if (next)
      *blocks[i].block = next + used;
    used += ae_align_size (blocks[i].n);
  }
  if (next) {
    l->now += MARGIN * l->stride + MARGIN;
    l->before += MARGIN * l->stride + MARGIN;
  }
  return used;
}

static void
size_levels (AeFlow *flow, int width, int height)
{
  for (width /= 2, height /= 2; flow->n_levels < MOST_LEVELS
       && width >= LEAST_SIDE && height >= LEAST_SIDE;
       width /= 2, height /= 2) {
    Level *l = &flow->level[flow->n_levels++];
    l->width = width;
    l->height = height;
    l->stride = (ptrdiff_t) ae_align_size ((size_t) width + 2 * MARGIN);
    l->columns = patches_along (width);
    l->rows = patches_along (height);
  }
}

AeFlow *
ae_flow_new (int width, int height, int n_threads)
{
  AeFlow *flow = ae_calloc (1, sizeof *flow);
  if (!flow)
    return NULL;
  flow->n_threads = ae_pool_threads (n_threads);
  flow->kernels = ae_kernels ()->flow;
  size_levels (flow, width, height);
  size_t n = 0;
  for (int i = 0; i < flow->n_levels; i++)
    n += place_level (&flow->level[i], NULL);
  float *next = flow->memory = ae_calloc (n, sizeof (float));
  flow->refiner = ae_flow_refiner_new (width / 2, height / 2, n_threads);
  if (!next || !flow->refiner) {
    ae_flow_free (&flow);
    return NULL;
  }
  for (int i = 0; i < flow->n_levels; i++)
    next += place_level (&flow->level[i], next);
  return flow;
}

void
ae_flow_free (AeFlow **flow)
{
  if (*flow) {
    ae_flow_refiner_free (&(*flow)->refiner);
    ae_free ((*flow)->memory);
    ae_free (*flow);
  }
  *flow = NULL;
}

void
ae_flow_reset (AeFlow *flow)
{
  flow->n_pictures = 0;
}

/* Repeats the edges into the margins. */
static void
pad (const Level *l, float *picture)
{
  for (int y = 0; y < l->height; y++) {
    float *row = picture + y * l->stride;
    for (int x = 1; x <= MARGIN; x++) {
      row[-x] = row[0];
      row[l->width - 1 + x] = row[l->width - 1];
    }
  }
  size_t bytes = ((size_t) l->width + 2 * MARGIN) * sizeof (float);
  float *first = picture - MARGIN;
  float *last = first + (l->height - 1) * l->stride;
  for (int y = 1; y <= MARGIN; y++) {
    memcpy (first - y * l->stride, first, bytes);
    memcpy (last + y * l->stride, last, bytes);
  }
}

static void
gradients (const Level *l)
{
  for (int y = 0; y < l->height; y++) {
    const float *p = l->now + y * l->stride;
    float *gx = l->gx + (size_t) y * (size_t) l->width;
    float *gy = l->gy + (size_t) y * (size_t) l->width;
    for (int x = 0; x < l->width; x++) {
      gx[x] = 0.5f * (p[x + 1] - p[x - 1]);
      gy[x] = 0.5f * (p[x + l->stride] - p[x - l->stride]);
    }
  }
}

static void
load_first (const Level *l, const uint8_t *grey, ptrdiff_t stride)
{
  for (int y = 0; y < l->height; y++) {
    const uint8_t *a = grey + 2 * y * stride, *b = a + stride;
    float *out = l->now + y * l->stride;
    for (int x = 0; x < l->width; x++)
      out[x] = 0.25f
               * (float) (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1]);
  }
}

static void
halve (const Level *from, const Level *to)
{
  for (int y = 0; y < to->height; y++) {
    const float *a = from->now + 2 * y * from->stride;
    const float *b = a + from->stride;
    float *out = to->now + y * to->stride;
    for (int x = 0; x < to->width; x++)
      out[x] = 0.25f * (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1]);
  }
}

void
ae_flow_add (AeFlow *flow, const uint8_t *grey, ptrdiff_t stride)
{
  for (int i = 0; i < flow->n_levels; i++) {
    Level *l = &flow->level[i];
    float *old = l->before;
    l->before = l->now;
    l->now = old;
    if (i == 0)
      load_first (l, grey, stride);
    else
      halve (l - 1, l);
    pad (l, l->now);
    gradients (l);
  }
  if (flow->n_pictures < 2)
    flow->n_pictures++;
}

typedef struct {
  const AeFlowKernels *kernels;
  const Level *level;
  const Level *coarser; /* NULL at the coarsest */
} Search;

/* A patch of the picture of now. */
typedef struct {
  AeFlowPatch patch;
  int x, y;
  float sum_gx, sum_gy;
  float xx, xy, yy; /* inverse of the gradients' second moments */
} Template;

static Template
template_at (const Level *l, int x, int y)
{
  size_t at = (size_t) y * (size_t) l->width + (size_t) x;
  Template t = { .patch = { l->now + y * l->stride + x, l->gx + at, l->gy + at,
                     l->stride, l->width },
    .x = x,
    .y = y };
  return t;
}

static void
look_at_gradients (const Search *s, Template *t)
{
  AeFlowMoments m;
  s->kernels->moments (&t->patch, &m);
  const float n = PATCH * PATCH;
  float xx = m.xx - m.gx * m.gx / n;
  float xy = m.xy - m.gx * m.gy / n;
  float yy = m.yy - m.gy * m.gy / n;
  float det = xx * yy - xy * xy;
  float inverse = det > 1e-3f ? 1 / det : 0; /* no texture: no step */
  t->sum_gx = m.gx;
  t->sum_gy = m.gy;
  t->xx = yy * inverse;
  t->xy = -xy * inverse;
  t->yy = xx * inverse;
}

static float
limit (float value, float low, float high)
{
  return value < low ? low : value > high ? high : value;
}

/* Where in the picture before (u, v) leads. */
static AeFlowPlace
place_of (const Level *l, const Template *t, float u, float v)
{
  const int most = MARGIN - 2;
  float x = limit ((float) t->x + u, -most, (float) (l->width - PATCH + most));
  float y
      = limit ((float) t->y + v, -most, (float) (l->height - PATCH + most));
  int x0 = (int) (x + most) - most; /* rounds down */
  int y0 = (int) (y + most) - most;
  return (AeFlowPlace){ l->before + y0 * l->stride + x0, l->stride,
    x - (float) x0, y - (float) y0 };
}

typedef struct {
  float u, v;
  float squares; /* of differences less their mean */
  float bx, by;  /* times the gradients */
} Found;

static Found
fit_at (const Search *s, const Template *t, float u, float v)
{
  AeFlowPlace place = place_of (s->level, t, u, v);
  AeFlowFit f;
  s->kernels->fit (&t->patch, &place, &f);
  float mean = f.sum / (PATCH * PATCH);
  return (Found){ u, v, f.squares - mean * f.sum, f.bx - t->sum_gx * mean,
    f.by - t->sum_gy * mean };
}

static void
try_vector (
    const Search *s, const Template *t, float u, float v, Found *best)
{
  if (u == best->u && v == best->v)
    return;
  Found other = fit_at (s, t, u, v);
  if (other.squares < best->squares)
    *best = other;
}

/* Gauss-Newton steps as long as the fit gets better. */
static void
refine (const Search *s, const Template *t, Found *best)
{
  float u0 = best->u, v0 = best->v;
  for (int i = 0; i < ITERATIONS; i++) {
    float du = t->xx * best->bx + t->xy * best->by;
    float dv = t->xy * best->bx + t->yy * best->by;
    float u = best->u - du, v = best->v - dv;
    if (!(fabsf (u - u0) <= FURTHEST && fabsf (v - v0) <= FURTHEST))
      return;
    Found next = fit_at (s, t, u, v);
    if (!(next.squares < best->squares))
      return;
    *best = next;
    if (du * du + dv * dv < ENOUGH * ENOUGH)
      return;
  }
}

/* Tries what the coarser level and the patches beside and above found. */
static void
try_neighbours (const Search *s, const Template *t, size_t at, bool beside,
    bool above, Found *best)
{
  const Level *l = s->level, *c = s->coarser;
  if (c) {
    int x = (t->x + PATCH / 2) / 2, y = (t->y + PATCH / 2) / 2;
    x = x < c->width ? x : c->width - 1;
    y = y < c->height ? y : c->height - 1;
    size_t from = (size_t) y * (size_t) c->width + (size_t) x;
    try_vector (s, t, 2 * c->u[from], 2 * c->v[from], best);
  }
  if (beside)
    try_vector (s, t, l->patch_u[at - 1], l->patch_v[at - 1], best);
  if (above) {
    size_t up = at - (size_t) l->columns;
    try_vector (s, t, l->patch_u[up], l->patch_v[up], best);
  }
}

static void
search_patch (const Search *s, int column, int row, bool above)
{
  const Level *l = s->level;
  Template t = template_at (
      l, patch_at (column, l->width), patch_at (row, l->height));
  size_t at = (size_t) row * (size_t) l->columns + (size_t) column;
  Found best = fit_at (s, &t, 0, 0);
  /* nothing could fit so much better that it counted as moved */
  bool still = best.squares < STILL_SQUARES;
  if (!still) {
    look_at_gradients (s, &t);
    Found first = best = fit_at (s, &t, 0, 0);
    try_neighbours (s, &t, at, column > 0, above, &best);
    refine (s, &t, &best);
    still = first.squares < STILL_RATIO * best.squares + STILL_SQUARES;
  }
  l->patch_u[at] = still ? 0 : best.u;
  l->patch_v[at] = still ? 0 : best.v;
  AeFlowPlace place = place_of (l, &t, l->patch_u[at], l->patch_v[at]);
  s->kernels->weigh (&t.patch, &place, l->weight + at * PATCH * PATCH);
}

static void
search_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Search *s = arg;
  int first = (int) index * BAND_ROWS, end = first + BAND_ROWS;
  if (end > s->level->rows)
    end = s->level->rows;
  for (int row = first; row < end; row++)
    for (int column = 0; column < s->level->columns; column++)
      search_patch (s, column, row, row > first);
}

/* Adds a patch's rows from..to of its 8 to the sums of a band of the field. */
static void
add_patch (const Level *l, int column, int row, int first, int end, float *sum)
{
  size_t at = (size_t) row * (size_t) l->columns + (size_t) column;
  int x = patch_at (column, l->width), y = patch_at (row, l->height);
  float u = l->patch_u[at], v = l->patch_v[at];
  for (int j = 0; j < PATCH; j++) {
    if (y + j < first || y + j >= end)
      continue;
    size_t to = (size_t) (y + j) * (size_t) l->width + (size_t) x;
    const float *w = l->weight + (at * PATCH + (size_t) j) * PATCH;
    float *total = sum + (size_t) (y + j - first) * (size_t) l->width + x;
    for (int i = 0; i < PATCH; i++) {
      l->u[to + (size_t) i] += w[i] * u;
      l->v[to + (size_t) i] += w[i] * v;
      total[i] += w[i];
    }
  }
}

/* STRIDE rows of the field: averages over the patches that cover them. The
 * sums of weights lie in gx, which is no longer needed. */
static void
spread_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Level *l = ((const Search *) arg)->level;
  int first = (int) index * STRIDE, end = first + STRIDE;
  if (end > l->height)
    end = l->height;
  size_t from = (size_t) first * (size_t) l->width;
  size_t n = (size_t) (end - first) * (size_t) l->width;
  float *sum = l->gx + from;
  memset (l->u + from, 0, n * sizeof (float));
  memset (l->v + from, 0, n * sizeof (float));
  memset (sum, 0, n * sizeof (float));
  for (int row = 0; row < l->rows; row++) {
    int y = patch_at (row, l->height);
    if (y + PATCH <= first || y >= end)
      continue;
    for (int column = 0; column < l->columns; column++)
      add_patch (l, column, row, first, end, sum);
  }
  for (size_t i = 0; i < n; i++) {
    l->u[from + i] /= sum[i];
    l->v[from + i] /= sum[i];
  }
}

static void
flow_of_level (AeFlow *flow, int index)
{
  Level *l = &flow->level[index];
  Search s = { flow->kernels, l, index + 1 < flow->n_levels ? l + 1 : NULL };
  AePool *pool = ae_pool_shared ();
  size_t bands = (size_t) ((l->rows + BAND_ROWS - 1) / BAND_ROWS);
  size_t strips = (size_t) ((l->height + STRIDE - 1) / STRIDE);
  ae_pool_run (pool, flow->n_threads, bands, search_job, &s);
  ae_pool_run (pool, flow->n_threads, strips, spread_job, &s);
  AeFlowLevel level = { l->width, l->height, MARGIN, l->now, l->before,
    l->stride, l->u, l->v };
  ae_flow_refine (flow->refiner, &level);
}

/* From vectors back in pixels of half size to movement in pixels. */
static void
turn_round (Level *l)
{
  size_t n = (size_t) l->width * (size_t) l->height;
  for (size_t i = 0; i < n; i++) {
    l->u[i] *= -2;
    l->v[i] *= -2;
  }
}

int
ae_flow_field (AeFlow *flow, AeFlowField *field)
{
  if (flow->n_pictures < 2 || flow->n_levels == 0)
    return false;
  for (int i = flow->n_levels - 1; i >= 0; i--)
    flow_of_level (flow, i);
  Level *l = &flow->level[0];
  turn_round (l);
  *field = (AeFlowField){ l->u, l->v, l->width, l->height };
  return true;
}
