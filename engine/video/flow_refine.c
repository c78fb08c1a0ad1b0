/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/flow_refine.h"

#include "kernels/kernels.h"
#include "util/mem.h"
#include "util/pool.h"

#include <math.h>
#include <string.h>

#define BRIGHTNESS 5.0f
#define GRADIENT 10.0f
#define SMOOTHNESS 20.0f
#define ROUNDS 5 /* of new weights */
#define SWEEPS 5 /* of successive over-relaxation in each */
#define STEPS (2 * SWEEPS) /* one for each colour */
#define RELAXATION 1.6f
#define EPSILON2 1e-6f /* where |x| turns to a square */
#define ZETA2 0.01f    /* of gradients, squared grey levels */
#define BAND 15        /* rows of a job */
#define LEAST_TALL 24  /* rows of a job that does many steps; > 2 STEPS */

/* Planes of width x height places with a row of zeros above and below. Even
 * columns of a row lie side by side, then odd ones, as the kernels want them;
 * LEAD places before each half are 0. */
enum {
  MEAN, /* of the two pictures */
  IX,
  IY,
  IZ, /* what a field of 0 would leave, as in IXZ and IYZ */
  IXX,
  IXY,
  IYY,
  IXZ,
  IYZ,
  U, /* the field; 0 outside the picture */
  V,
  HOLD, /* between a place and those to the right and below; see kernels */
  A12,
  B1,
  B2,
  INVERSE1,
  INVERSE2,
  ON, /* one row: 1 inside the picture */
  RIGHT_ON = ON + 1, /* one row: 1 where there is a place to the right */
  N_PLANES = ON
};

#define LEAD AE_FLOW_LANES

struct AeFlowRefiner {
  int n_threads;
  const AeFlowKernels *kernels;
  float *memory, *plane[N_PLANES + 2];
  ptrdiff_t half, stride; /* floats of half a row and of a row */
  float *scratch; /* a row for each band */
  /* of the level at work */
  AeFlowLevel l;
  int n_tall; /* bands for relaxation */
};

static size_t
bands_of (int height)
{
  return (size_t) (height + BAND - 1) / BAND;
}

AeFlowRefiner *
ae_flow_refiner_new (int width, int height, int n_threads)
{
  AeFlowRefiner *r = ae_calloc (1, sizeof *r);
  if (!r)
    return NULL;
  r->n_threads = ae_pool_threads (n_threads);
  r->kernels = ae_kernels ()->flow;
  /* behind an odd half one more place is read */
  r->half = (width / 2 / AE_FLOW_LANES + 1) * AE_FLOW_LANES + LEAD;
  r->stride = 2 * r->half + LEAD;
  size_t row = (size_t) r->stride;
  size_t plane = ae_align_size (row * ((size_t) height + 2));
  size_t rows = bands_of (height) + 2;
  r->memory = ae_calloc (N_PLANES * plane + rows * row, sizeof (float));
  if (!r->memory) {
    ae_flow_refiner_free (&r);
    return NULL;
  }
  for (int i = 0; i < N_PLANES; i++)
    r->plane[i] = r->memory + (size_t) i * plane;
  r->plane[ON] = r->memory + N_PLANES * plane;
  r->plane[RIGHT_ON] = r->plane[ON] + row;
  r->scratch = r->plane[RIGHT_ON] + row;
  return r;
}

void
ae_flow_refiner_free (AeFlowRefiner **refiner)
{
  if (*refiner) {
    ae_free ((*refiner)->memory);
    ae_free (*refiner);
  }
  *refiner = NULL;
}

/* The even (0) or odd (1) places of a row, -1 to height. */
static inline float *
half_of (const AeFlowRefiner *r, int plane, int y, int odd)
{
  return r->plane[plane] + (y + 1) * r->stride + odd * r->half + LEAD;
}

/* Of a plane of one row, and of rows by themselves. */
static inline float *
half_in (const AeFlowRefiner *r, float *row, int odd)
{
  return row + odd * r->half + LEAD;
}

/* How many places a half has, and with those that are calculated besides. */
static inline int
places_of (const AeFlowRefiner *r, int odd)
{
  return (r->l.width + 1 - odd) / 2;
}

static inline int
lanes_of (const AeFlowRefiner *r, int odd)
{
  return (places_of (r, odd) + AE_FLOW_LANES - 1) / AE_FLOW_LANES
         * AE_FLOW_LANES;
}

/* Place k has its neighbours of the other half at k - 1 + odd and k + odd. */
typedef struct {
  const float *own, *left, *right;
} Beside;

static inline Beside
beside (const AeFlowRefiner *r, int plane, int y, int odd)
{
  const float *other = half_of (r, plane, y, !odd) + odd;
  return (Beside){ half_of (r, plane, y, odd), other - 1, other };
}

static void
split_row (const AeFlowRefiner *r, const float *row, int plane, int y)
{
  float *even = half_of (r, plane, y, 0), *odd = half_of (r, plane, y, 1);
  int w = r->l.width;
  for (int k = 0; k < w / 2; k++) {
    even[k] = row[2 * k];
    odd[k] = row[2 * k + 1];
  }
  if (w & 1)
    even[w / 2] = row[w - 1];
}

static void
join_row (const AeFlowRefiner *r, int plane, int y, float *row)
{
  const float *even = half_of (r, plane, y, 0);
  const float *odd = half_of (r, plane, y, 1);
  int w = r->l.width;
  for (int k = 0; k < w / 2; k++) {
    row[2 * k] = even[k];
    row[2 * k + 1] = odd[k];
  }
  if (w & 1)
    row[w - 1] = even[w / 2];
}

/* Repeats the first and last place of a row once more. */
static void
repeat_edges (const AeFlowRefiner *r, int plane, int y)
{
  float *even = half_of (r, plane, y, 0), *odd = half_of (r, plane, y, 1);
  int w = r->l.width, k = w / 2;
  odd[-1] = even[0];
  if (w & 1)
    odd[k] = even[k];
  else
    even[k] = odd[k - 1];
}

/* Central differences of a plane, edges repeated. */
static void
derive_across (const AeFlowRefiner *r, int from, int to, int y)
{
  for (int odd = 0; odd < 2; odd++) {
    Beside p = beside (r, from, y, odd);
    float *restrict out = half_of (r, to, y, odd);
    for (int k = 0; k < places_of (r, odd); k++)
      out[k] = 0.5f * (p.right[k] - p.left[k]);
  }
}

static void
derive_down (const AeFlowRefiner *r, int from, int to, int y)
{
  int up = y > 0 ? y - 1 : y, down = y < r->l.height - 1 ? y + 1 : y;
  for (int odd = 0; odd < 2; odd++) {
    const float *a = half_of (r, from, up, odd);
    const float *b = half_of (r, from, down, odd);
    float *restrict out = half_of (r, to, y, odd);
    for (int k = 0; k < places_of (r, odd); k++)
      out[k] = 0.5f * (b[k] - a[k]);
  }
}

static inline float
limit (float value, float low, float high)
{
  return value < low ? low : value > high ? high : value;
}

/* The picture before, moved by the flow, up to even and odd columns. */
static void
warp_half (const AeFlowRefiner *r, int y, int odd)
{
  const AeFlowLevel *l = &r->l;
  const float *now = l->now + y * l->stride + odd;
  const float *u = half_of (r, U, y, odd), *v = half_of (r, V, y, odd);
  float *restrict mean = half_of (r, MEAN, y, odd);
  float *restrict iz = half_of (r, IZ, y, odd);
  const float most = (float) (l->margin - 2);
  float right = (float) l->width - 1 + most;
  float low = (float) l->height - 1 + most;
  for (int k = 0; k < places_of (r, odd); k++) {
    float fx = limit ((float) (2 * k + odd) + u[k], -most, right) + most;
    float fy = limit ((float) y + v[k], -most, low) + most;
    int x0 = (int) fx, y0 = (int) fy; /* not negative: rounds down */
    float ax = fx - (float) x0, ay = fy - (float) y0;
    const float *p = l->before + (y0 - (ptrdiff_t) most) * l->stride + x0
                     - (ptrdiff_t) most;
    const float *q = p + l->stride;
    float top = p[0] + ax * (p[1] - p[0]);
    float bottom = q[0] + ax * (q[1] - q[0]);
    float warped = top + ay * (bottom - top);
    mean[k] = 0.5f * (warped + now[2 * k]);
    iz[k] = warped - now[2 * k];
  }
}

static void
warp_row (const AeFlowRefiner *r, int y)
{
  size_t at = (size_t) y * (size_t) r->l.width;
  split_row (r, r->l.u + at, U, y);
  split_row (r, r->l.v + at, V, y);
  warp_half (r, y, 0);
  warp_half (r, y, 1);
  repeat_edges (r, MEAN, y);
  repeat_edges (r, IZ, y);
}

static void
first_derivatives (const AeFlowRefiner *r, int y)
{
  derive_across (r, MEAN, IX, y);
  derive_down (r, MEAN, IY, y);
  derive_across (r, IZ, IXZ, y);
  derive_down (r, IZ, IYZ, y);
  repeat_edges (r, IX, y);
  repeat_edges (r, IY, y);
}

/* What the field of now accounts for, taken from a plane. */
static void
less_field (const AeFlowRefiner *r, int plane, int by_u, int by_v, int y)
{
  for (int odd = 0; odd < 2; odd++) {
    float *restrict z = half_of (r, plane, y, odd);
    const float *u = half_of (r, U, y, odd), *v = half_of (r, V, y, odd);
    const float *dx = half_of (r, by_u, y, odd);
    const float *dy = half_of (r, by_v, y, odd);
    for (int k = 0; k < places_of (r, odd); k++)
      z[k] -= dx[k] * u[k] + dy[k] * v[k];
  }
}

static void
second_derivatives (const AeFlowRefiner *r, int y)
{
  derive_across (r, IX, IXX, y);
  derive_down (r, IX, IXY, y);
  derive_down (r, IY, IYY, y);
  less_field (r, IZ, IX, IY, y);
  less_field (r, IXZ, IXX, IXY, y);
  less_field (r, IYZ, IXY, IYY, y);
}

static void
join_field (const AeFlowRefiner *r, int y)
{
  size_t at = (size_t) y * (size_t) r->l.width;
  join_row (r, U, y, r->l.u + at);
  join_row (r, V, y, r->l.v + at);
}

static void
hold_half (const AeFlowRefiner *r, int y, int odd, float *to)
{
  int below = y < r->l.height - 1 ? y + 1 : y;
  Beside u = beside (r, U, y, odd), v = beside (r, V, y, odd);
  AeFlowHold row = { u.own, v.own, u.right, v.right,
    half_of (r, U, below, odd), half_of (r, V, below, odd),
    half_in (r, r->plane[RIGHT_ON], odd), SMOOTHNESS, EPSILON2, to,
    lanes_of (r, odd) };
  r->kernels->hold (&row);
}

/* hold_up: of the row above. */
static void
balance_half (const AeFlowRefiner *r, int y, int odd, const float *hold_up)
{
  Beside hold = beside (r, HOLD, y, odd);
  AeFlowBalance row = {
    .ix = half_of (r, IX, y, odd),
    .iy = half_of (r, IY, y, odd),
    .iz = half_of (r, IZ, y, odd),
    .ixx = half_of (r, IXX, y, odd),
    .ixy = half_of (r, IXY, y, odd),
    .iyy = half_of (r, IYY, y, odd),
    .ixz = half_of (r, IXZ, y, odd),
    .iyz = half_of (r, IYZ, y, odd),
    .u = half_of (r, U, y, odd),
    .v = half_of (r, V, y, odd),
    .hold = hold.own,
    .hold_left = hold.left,
    .hold_up = hold_up,
    .on = half_in (r, r->plane[ON], odd),
    .right_on = half_in (r, r->plane[RIGHT_ON], odd),
    .down_on = y < r->l.height - 1 ? 1 : 0,
    .brightness = BRIGHTNESS,
    .gradient = GRADIENT,
    .zeta = ZETA2,
    .epsilon = EPSILON2,
    .relaxation = RELAXATION,
    .a12 = half_of (r, A12, y, odd),
    .b1 = half_of (r, B1, y, odd),
    .b2 = half_of (r, B2, y, odd),
    .inverse1 = half_of (r, INVERSE1, y, odd),
    .inverse2 = half_of (r, INVERSE2, y, odd),
    .n = lanes_of (r, odd),
  };
  r->kernels->balance (&row);
}

typedef struct {
  const AeFlowRefiner *refiner;
  void (*work) (const AeFlowRefiner *r, int y);
} Pass;

static void
pass_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Pass *pass = arg;
  int first = (int) index * BAND, end = first + BAND;
  int height = pass->refiner->l.height;
  for (int y = first; y < end && y < height; y++)
    pass->work (pass->refiner, y);
}

static void
for_rows (
    const AeFlowRefiner *r, void (*work) (const AeFlowRefiner *r, int y))
{
  Pass pass = { r, work };
  ae_pool_run (ae_pool_shared (), r->n_threads, bands_of (r->l.height),
      pass_job, &pass);
}

/* The equations of a band. The row above belongs to another job: what holds
 * it to the band is calculated here once more. */
static void
balance_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const AeFlowRefiner *r = arg;
  int first = (int) index * BAND, end = first + BAND;
  end = end < r->l.height ? end : r->l.height;
  float *above = r->scratch + (ptrdiff_t) index * r->stride;
  for (int odd = 0; odd < 2 && first > 0; odd++)
    hold_half (r, first - 1, odd, half_in (r, above, odd));
  for (int y = first; y < end; y++) {
    for (int odd = 0; odd < 2; odd++)
      hold_half (r, y, odd, half_of (r, HOLD, y, odd));
    for (int odd = 0; odd < 2; odd++)
      balance_half (r, y, odd, y == first && y > 0
              ? half_in (r, above, odd) : half_of (r, HOLD, y - 1, odd));
  }
}

/* Places of one colour of a row. */
static void
relax_row (const AeFlowRefiner *r, int y, int colour)
{
  int odd = (y + colour) & 1;
  Beside u = beside (r, U, y, odd), v = beside (r, V, y, odd);
  Beside hold = beside (r, HOLD, y, odd);
  AeFlowRelax row = {
    .a12 = half_of (r, A12, y, odd),
    .b1 = half_of (r, B1, y, odd),
    .b2 = half_of (r, B2, y, odd),
    .inverse1 = half_of (r, INVERSE1, y, odd),
    .inverse2 = half_of (r, INVERSE2, y, odd),
    .hold = hold.own,
    .hold_left = hold.left,
    .hold_up = half_of (r, HOLD, y - 1, odd),
    .u_left = u.left,
    .u_right = u.right,
    .u_up = half_of (r, U, y - 1, odd),
    .u_down = half_of (r, U, y + 1, odd),
    .v_left = v.left,
    .v_right = v.right,
    .v_up = half_of (r, V, y - 1, odd),
    .v_down = half_of (r, V, y + 1, odd),
    .relaxation = RELAXATION,
    .u = half_of (r, U, y, odd),
    .v = half_of (r, V, y, odd),
    .n = lanes_of (r, odd),
  };
  r->kernels->relax (&row);
}

/* The first row of a tall band. */
static int
tall_at (const AeFlowRefiner *r, size_t index)
{
  return (int) index * r->l.height / r->n_tall;
}

/* A row's step needs the step before of the rows above and below. So a band
 * can do all its steps by itself, on ever fewer rows at its ends; one after the
 * other they follow each other down the rows, which stay in the cache. */
static void
relax_inside (void *arg, size_t index, int thread)
{
  (void) thread;
  const AeFlowRefiner *r = arg;
  int first = tall_at (r, index), end = tall_at (r, index + 1);
  int top = first > 0 ? 1 : 0, bottom = end < r->l.height ? 1 : 0;
  for (int front = first; front < end + STEPS; front++)
    for (int step = 0; step < STEPS; step++) {
      int y = front - step;
      if (y >= first + top * step && y < end - bottom * step)
        relax_row (r, y, step & 1);
    }
}

/* What that leaves where two bands meet. */
static void
relax_between (void *arg, size_t index, int thread)
{
  (void) thread;
  const AeFlowRefiner *r = arg;
  int middle = tall_at (r, index + 1);
  for (int step = 1; step < STEPS; step++)
    for (int y = middle - step; y < middle + step; y++)
      relax_row (r, y, step & 1);
}

static void
mark_inside (AeFlowRefiner *r)
{
  int w = r->l.width;
  memset (r->plane[ON], 0, 2 * (size_t) r->stride * sizeof (float));
  for (int x = 0; x < w; x++) {
    half_in (r, r->plane[ON], x & 1)[x / 2] = 1;
    half_in (r, r->plane[RIGHT_ON], x & 1)[x / 2] = x < w - 1 ? 1 : 0;
  }
}

/* The field of a larger level may lie around this one's. */
static void
clear (AeFlowRefiner *r, int plane)
{
  size_t n = (size_t) r->stride * ((size_t) r->l.height + 2);
  memset (r->plane[plane], 0, n * sizeof (float));
}

void
ae_flow_refine (AeFlowRefiner *r, const AeFlowLevel *level)
{
  AePool *pool = ae_pool_shared ();
  r->l = *level;
  r->n_tall = level->height / LEAST_TALL;
  r->n_tall = r->n_tall > 1 ? r->n_tall & ~1 : 1;
  mark_inside (r);
  clear (r, U);
  clear (r, V);
  for_rows (r, warp_row);
  for_rows (r, first_derivatives);
  for_rows (r, second_derivatives);
  for (int i = 0; i < ROUNDS; i++) {
    ae_pool_run (
        pool, r->n_threads, bands_of (level->height), balance_job, r);
    ae_pool_run (pool, r->n_threads, (size_t) r->n_tall, relax_inside, r);
    ae_pool_run (
        pool, r->n_threads, (size_t) r->n_tall - 1, relax_between, r);
  }
  for_rows (r, join_field);
}
