/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/flow.h"

#include "util/mem.h"
#include "util/pool.h"
#include "video/flow_refine.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define PATCH 8
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
  float *u, *v;          /* width x height: now to before, pixels of the level */
  int columns, rows;     /* of patches */
  float *patch_u, *patch_v;
  float *weight;         /* 64 of each patch */
} Level;

struct AeFlow {
  int n_levels, n_threads, n_pictures;
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

/* What a patch's template says about every search of it. */
typedef struct {
  const float *now, *gx, *gy; /* its first pixel */
  float sum_gx, sum_gy;
  float xx, xy, yy; /* inverse of the gradients' second moments */
  int x, y;
} Patch;

static Patch
look_at_patch (const Level *l, int x, int y)
{
  Patch p = { .x = x, .y = y };
  size_t at = (size_t) y * (size_t) l->width + (size_t) x;
  p.now = l->now + y * l->stride + x;
  p.gx = l->gx + at;
  p.gy = l->gy + at;
  float xx = 0, xy = 0, yy = 0;
  for (int j = 0; j < PATCH; j++)
    for (int i = 0; i < PATCH; i++) {
      float gx = p.gx[j * l->width + i], gy = p.gy[j * l->width + i];
      p.sum_gx += gx;
      p.sum_gy += gy;
      xx += gx * gx;
      xy += gx * gy;
      yy += gy * gy;
    }
  const float n = PATCH * PATCH;
  xx -= p.sum_gx * p.sum_gx / n;
  xy -= p.sum_gx * p.sum_gy / n;
  yy -= p.sum_gy * p.sum_gy / n;
  float det = xx * yy - xy * xy;
  float inverse = det > 1e-3f ? 1 / det : 0; /* no texture: no step */
  p.xx = yy * inverse;
  p.xy = -xy * inverse;
  p.yy = xx * inverse;
  return p;
}

/* The picture before, moved by (u, v): bilinear weights of four neighbours. */
typedef struct {
  const float *pixel;
  float w00, w01, w10, w11;
} Warp;

static float
limit (float value, float low, float high)
{
  return value < low ? low : value > high ? high : value;
}

static Warp
warp_of (const Level *l, const Patch *p, float u, float v)
{
  const float most = MARGIN - 2;
  float x = limit ((float) p->x + u, -most, (float) l->width - PATCH + most);
  float y = limit ((float) p->y + v, -most, (float) l->height - PATCH + most);
  float fx = floorf (x), fy = floorf (y);
  float ax = x - fx, ay = y - fy;
  return (Warp){ l->before + (ptrdiff_t) fy * l->stride + (ptrdiff_t) fx,
    (1 - ax) * (1 - ay), ax * (1 - ay), (1 - ax) * ay, ax * ay };
}

/* Row j of what the moved picture differs by. */
static inline void
difference_row (
    const Level *l, const Patch *p, const Warp *w, int j, float d[PATCH])
{
  const float *a = w->pixel + j * l->stride, *b = a + l->stride;
  const float *t = p->now + j * l->stride;
  for (int i = 0; i < PATCH; i++)
    d[i] = w->w00 * a[i] + w->w01 * a[i + 1] + w->w10 * b[i]
           + w->w11 * b[i + 1] - t[i];
}

typedef struct {
  float squares; /* of differences less their mean */
  float bx, by;  /* times the gradients */
} Fit;

static Fit
fit_patch (const Level *l, const Patch *p, float u, float v)
{
  Warp w = warp_of (l, p, u, v);
  float sum[PATCH] = { 0 }, squares[PATCH] = { 0 };
  float bx[PATCH] = { 0 }, by[PATCH] = { 0 };
  for (int j = 0; j < PATCH; j++) {
    float d[PATCH];
    difference_row (l, p, &w, j, d);
    const float *gx = p->gx + j * l->width, *gy = p->gy + j * l->width;
    for (int i = 0; i < PATCH; i++) {
      sum[i] += d[i];
      squares[i] += d[i] * d[i];
      bx[i] += gx[i] * d[i];
      by[i] += gy[i] * d[i];
    }
  }
  float s = 0;
  Fit fit = { 0 };
  for (int i = 0; i < PATCH; i++) {
    s += sum[i];
    fit.squares += squares[i];
    fit.bx += bx[i];
    fit.by += by[i];
  }
  s /= PATCH * PATCH;
  fit.squares -= s * s * (PATCH * PATCH);
  fit.bx -= p->sum_gx * s;
  fit.by -= p->sum_gy * s;
  return fit;
}

typedef struct {
  float u, v;
  Fit fit;
} Found;

static void
try_vector (const Level *l, const Patch *p, float u, float v, Found *best)
{
  Fit fit = fit_patch (l, p, u, v);
  if (fit.squares < best->fit.squares)
    *best = (Found){ u, v, fit };
}

/* Gauss-Newton steps as long as the fit gets better. */
static void
refine (const Level *l, const Patch *p, Found *best)
{
  float u0 = best->u, v0 = best->v;
  for (int i = 0; i < ITERATIONS; i++) {
    float du = p->xx * best->fit.bx + p->xy * best->fit.by;
    float dv = p->xy * best->fit.bx + p->yy * best->fit.by;
    Found next = { best->u - du, best->v - dv, { 0 } };
    if (!(fabsf (next.u - u0) <= FURTHEST && fabsf (next.v - v0) <= FURTHEST))
      return;
    next.fit = fit_patch (l, p, next.u, next.v);
    if (!(next.fit.squares < best->fit.squares))
      return;
    *best = next;
    if (du * du + dv * dv < ENOUGH * ENOUGH)
      return;
  }
}

/* How well each pixel of the patch fits, for the average over patches. */
static void
weigh (const Level *l, const Patch *p, const Found *found, float *weight)
{
  Warp w = warp_of (l, p, found->u, found->v);
  for (int j = 0; j < PATCH; j++) {
    float d[PATCH];
    difference_row (l, p, &w, j, d);
    for (int i = 0; i < PATCH; i++)
      weight[j * PATCH + i] = 1 / fmaxf (1, fabsf (d[i]));
  }
}

typedef struct {
  const Level *level;
  const Level *coarser; /* NULL at the coarsest */
} Search;

static void
search_patch (const Search *s, int column, int row, bool above)
{
  const Level *l = s->level;
  Patch p = look_at_patch (
      l, patch_at (column, l->width), patch_at (row, l->height));
  size_t at = (size_t) row * (size_t) l->columns + (size_t) column;
  Found still = { 0, 0, fit_patch (l, &p, 0, 0) };
  Found best = still;
  if (s->coarser) {
    const Level *c = s->coarser;
    int x = (p.x + PATCH / 2) / 2, y = (p.y + PATCH / 2) / 2;
    x = x < c->width ? x : c->width - 1;
    y = y < c->height ? y : c->height - 1;
    size_t from = (size_t) y * (size_t) c->width + (size_t) x;
    try_vector (l, &p, 2 * c->u[from], 2 * c->v[from], &best);
  }
  if (column > 0)
    try_vector (l, &p, l->patch_u[at - 1], l->patch_v[at - 1], &best);
  if (above) {
    size_t up = at - (size_t) l->columns;
    try_vector (l, &p, l->patch_u[up], l->patch_v[up], &best);
  }
  refine (l, &p, &best);
  if (still.fit.squares < STILL_RATIO * best.fit.squares + STILL_SQUARES)
    best = still;
  l->patch_u[at] = best.u;
  l->patch_v[at] = best.v;
  weigh (l, &p, &best, l->weight + at * PATCH * PATCH);
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
  Search s = { l, index + 1 < flow->n_levels ? l + 1 : NULL };
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
