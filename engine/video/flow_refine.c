/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/flow_refine.h"

#include "util/mem.h"
#include "util/pool.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define BRIGHTNESS 5.0f
#define GRADIENT 10.0f
#define SMOOTHNESS 20.0f
#define ROUNDS 5 /* of new weights */
#define SWEEPS 5 /* of successive over-relaxation in each */
#define RELAXATION 1.6f
#define EPSILON2 1e-6f /* where |x| turns to a square */
#define ZETA2 0.01f    /* of gradients, squared grey levels */
#define BAND 16        /* rows of a job */

/* Planes of width x height with one more place on each side. */
enum {
  MEAN, /* of the two pictures */
  IX,
  IY,
  IZ,
  IXX,
  IXY,
  IYY,
  IXZ,
  IYZ,
  SMOOTH, /* weight between a place and those to the right and below */
  DU,     /* steps found so far */
  DV,
  /* The equations of a place, and the steps while they are solved. Even
   * columns of a row lie side by side, then odd ones, with a place of 0 before
   * and after each half: neighbours of a chess board's white places are all
   * black ones, which then lie side by side too. */
  LEFT, /* weights of neighbours */
  RIGHT,
  UP,
  DOWN,
  A12,
  B1,
  B2,
  INVERSE1, /* 1 / diagonal */
  INVERSE2,
  SPLIT_DU,
  SPLIT_DV,
  N_PLANES
};

#define N_EQUATION 9 /* LEFT to INVERSE2 */

struct AeFlowRefiner {
  int n_threads;
  float *memory, *plane[N_PLANES];
  float *scratch; /* N_EQUATION rows for each band */
  size_t scratch_row;
  /* of the level at work */
  AeFlowLevel l;
  ptrdiff_t stride;
  int colour;
};

AeFlowRefiner *
ae_flow_refiner_new (int width, int height, int n_threads)
{
  AeFlowRefiner *r = ae_calloc (1, sizeof *r);
  if (!r)
    return NULL;
  r->n_threads = ae_pool_threads (n_threads);
  size_t stride = (size_t) width + 6;
  size_t plane = ae_align_size (stride * ((size_t) height + 2));
  size_t bands = (size_t) (height + BAND - 1) / BAND;
  r->scratch_row = ae_align_size (stride);
  r->memory = ae_calloc (
      N_PLANES * plane + bands * N_EQUATION * r->scratch_row, sizeof (float));
  if (!r->memory) {
    ae_flow_refiner_free (&r);
    return NULL;
  }
  for (int i = 0; i < N_PLANES; i++)
    r->plane[i] = r->memory + (size_t) i * plane;
  r->scratch = r->memory + N_PLANES * plane;
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

static inline float *
row_of (const AeFlowRefiner *r, int plane, int y)
{
  return r->plane[plane] + (y + 1) * r->stride + 1;
}

static inline float
limit (float value, float low, float high)
{
  return value < low ? low : value > high ? high : value;
}

/* The picture before, moved by the flow. */
static void
warp_row (const AeFlowRefiner *r, int y)
{
  const AeFlowLevel *l = &r->l;
  const float *now = l->now + y * l->stride;
  const float *u = l->u + (size_t) y * (size_t) l->width;
  const float *v = l->v + (size_t) y * (size_t) l->width;
  float *mean = row_of (r, MEAN, y), *iz = row_of (r, IZ, y);
  const float most = (float) (l->margin - 2);
  for (int x = 0; x < l->width; x++) {
    float fx = limit ((float) x + u[x], -most, (float) l->width - 1 + most);
    float fy = limit ((float) y + v[x], -most, (float) l->height - 1 + most);
    float x0 = floorf (fx), y0 = floorf (fy), ax = fx - x0, ay = fy - y0;
    const float *p
        = l->before + (ptrdiff_t) y0 * l->stride + (ptrdiff_t) x0;
    const float *q = p + l->stride;
    float top = p[0] + ax * (p[1] - p[0]);
    float low = q[0] + ax * (q[1] - q[0]);
    float warped = top + ay * (low - top);
    mean[x] = 0.5f * (warped + now[x]);
    iz[x] = warped - now[x];
  }
}

/* Central differences of a plane, edges repeated. */
static void
derive_row (const AeFlowRefiner *r, int from, int to_x, int to_y, int y)
{
  int w = r->l.width, h = r->l.height;
  const float *p = row_of (r, from, y);
  const float *up = row_of (r, from, y > 0 ? y - 1 : y);
  const float *down = row_of (r, from, y < h - 1 ? y + 1 : y);
  if (to_x >= 0) {
    float *gx = row_of (r, to_x, y);
    for (int x = 1; x < w - 1; x++)
      gx[x] = 0.5f * (p[x + 1] - p[x - 1]);
    gx[0] = 0.5f * (p[1] - p[0]);
    gx[w - 1] = 0.5f * (p[w - 1] - p[w - 2]);
  }
  if (to_y >= 0) {
    float *gy = row_of (r, to_y, y);
    for (int x = 0; x < w; x++)
      gy[x] = 0.5f * (down[x] - up[x]);
  }
}

static inline float
inverse_root (float square)
{
  return 1 / sqrtf (square + EPSILON2);
}

/* How much a place and its neighbours to the right and below are held
 * together. */
static void
smooth_row (const AeFlowRefiner *r, int y)
{
  const AeFlowLevel *l = &r->l;
  int w = l->width;
  size_t below = y < l->height - 1 ? (size_t) w : 0;
  const float *u = l->u + (size_t) y * (size_t) w;
  const float *v = l->v + (size_t) y * (size_t) w;
  const float *du = row_of (r, DU, y), *dv = row_of (r, DV, y);
  const float *du1 = below ? row_of (r, DU, y + 1) : du;
  const float *dv1 = below ? row_of (r, DV, y + 1) : dv;
  float *s = row_of (r, SMOOTH, y);
  for (int x = 0; x < w; x++) {
    int right = x < w - 1 ? x + 1 : x;
    float u0 = u[x] + du[x], v0 = v[x] + dv[x];
    float ux = u[right] + du[right] - u0, vx = v[right] + dv[right] - v0;
    float uy = u[below + (size_t) x] + du1[x] - u0;
    float vy = v[below + (size_t) x] + dv1[x] - v0;
    s[x] = SMOOTHNESS * inverse_root (ux * ux + vx * vx + uy * uy + vy * vy);
  }
}

static inline float *
half_of (const AeFlowRefiner *r, int plane, int y, int parity)
{
  int half = (r->l.width + 1) / 2 + 2;
  return r->plane[plane] + (y + 1) * r->stride + parity * half + 1;
}

static void
split_row (const AeFlowRefiner *r, int plane, int y, const float *row)
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
join_row (const AeFlowRefiner *r, int from, int to, int y)
{
  const float *even = half_of (r, from, y, 0), *odd = half_of (r, from, y, 1);
  float *row = row_of (r, to, y);
  int w = r->l.width;
  for (int k = 0; k < w / 2; k++) {
    row[2 * k] = even[k];
    row[2 * k + 1] = odd[k];
  }
  if (w & 1)
    row[w - 1] = even[w / 2];
}

/* Rows of one equation each, in the order of the planes. */
typedef struct {
  float *left, *right, *up, *down, *a12, *b1, *b2, *inverse1, *inverse2;
} Equations;

static Equations
equations_in (const AeFlowRefiner *r, size_t band)
{
  size_t n = r->scratch_row;
  float *row = r->scratch + band * N_EQUATION * n;
  return (Equations){ row, row + n, row + 2 * n, row + 3 * n, row + 4 * n,
    row + 5 * n, row + 6 * n, row + 7 * n, row + 8 * n };
}

/* What the pictures say; the diagonal goes to inverse1 and 2. */
static void
weigh_row (const AeFlowRefiner *r, int y, const Equations *eq)
{
  const float *restrict ix = row_of (r, IX, y);
  const float *restrict iy = row_of (r, IY, y);
  const float *restrict iz = row_of (r, IZ, y);
  const float *restrict ixx = row_of (r, IXX, y);
  const float *restrict ixy = row_of (r, IXY, y);
  const float *restrict iyy = row_of (r, IYY, y);
  const float *restrict ixz = row_of (r, IXZ, y);
  const float *restrict iyz = row_of (r, IYZ, y);
  const float *restrict du = row_of (r, DU, y);
  const float *restrict dv = row_of (r, DV, y);
  float *restrict a11 = eq->inverse1, *restrict a22 = eq->inverse2;
  float *restrict a12 = eq->a12;
  float *restrict b1 = eq->b1, *restrict b2 = eq->b2;
  for (int x = 0; x < r->l.width; x++) {
    float n0 = 1 / (ix[x] * ix[x] + iy[x] * iy[x] + ZETA2);
    float e0 = iz[x] + ix[x] * du[x] + iy[x] * dv[x];
    float w0 = BRIGHTNESS * n0 * inverse_root (e0 * e0 * n0);
    float n1 = 1 / (ixx[x] * ixx[x] + ixy[x] * ixy[x] + ZETA2);
    float n2 = 1 / (ixy[x] * ixy[x] + iyy[x] * iyy[x] + ZETA2);
    float e1 = ixz[x] + ixx[x] * du[x] + ixy[x] * dv[x];
    float e2 = iyz[x] + ixy[x] * du[x] + iyy[x] * dv[x];
    float w = GRADIENT * inverse_root (e1 * e1 * n1 + e2 * e2 * n2);
    float w1 = w * n1, w2 = w * n2;
    a11[x] = w0 * ix[x] * ix[x] + w1 * ixx[x] * ixx[x] + w2 * ixy[x] * ixy[x];
    a12[x] = w0 * ix[x] * iy[x] + w1 * ixx[x] * ixy[x] + w2 * ixy[x] * iyy[x];
    a22[x] = w0 * iy[x] * iy[x] + w1 * ixy[x] * ixy[x] + w2 * iyy[x] * iyy[x];
    b1[x] = -(w0 * iz[x] * ix[x] + w1 * ixz[x] * ixx[x] + w2 * iyz[x] * ixy[x]);
    b2[x] = -(w0 * iz[x] * iy[x] + w1 * ixz[x] * ixy[x] + w2 * iyz[x] * iyy[x]);
  }
}

/* Adds what the neighbours' flow without steps says. */
static void
couple_row (const AeFlowRefiner *r, int y, const Equations *eq)
{
  const AeFlowLevel *l = &r->l;
  int w = l->width;
  bool first = y == 0, last = y == l->height - 1;
  const float *u = l->u + (size_t) y * (size_t) w;
  const float *v = l->v + (size_t) y * (size_t) w;
  const float *u_up = first ? u : u - w, *u_down = last ? u : u + w;
  const float *v_up = first ? v : v - w, *v_down = last ? v : v + w;
  const float *s = row_of (r, SMOOTH, y);
  const float *s_up = row_of (r, SMOOTH, first ? y : y - 1);
  float up_on = first ? 0.0f : 1.0f, down_on = last ? 0.0f : 1.0f;
  for (int x = 0; x < w; x++) {
    eq->left[x] = x > 0 ? s[x - 1] : 0;
    eq->right[x] = x < w - 1 ? s[x] : 0;
    eq->up[x] = up_on * s_up[x];
    eq->down[x] = down_on * s[x];
  }
  for (int x = 0; x < w; x++) {
    int xl = x > 0 ? x - 1 : x, xr = x < w - 1 ? x + 1 : x;
    float wl = eq->left[x], wr = eq->right[x];
    float wu = eq->up[x], wd = eq->down[x];
    float sum = wl + wr + wu + wd + 1e-6f;
    eq->b1[x] += wl * (u[xl] - u[x]) + wr * (u[xr] - u[x])
                 + wu * (u_up[x] - u[x]) + wd * (u_down[x] - u[x]);
    eq->b2[x] += wl * (v[xl] - v[x]) + wr * (v[xr] - v[x])
                 + wu * (v_up[x] - v[x]) + wd * (v_down[x] - v[x]);
    eq->inverse1[x] = 1 / (eq->inverse1[x] + sum);
    eq->inverse2[x] = 1 / (eq->inverse2[x] + sum);
  }
}

static void
set_up_row (const AeFlowRefiner *r, int y)
{
  Equations eq = equations_in (r, (size_t) (y / BAND));
  weigh_row (r, y, &eq);
  couple_row (r, y, &eq);
  for (int i = 0; i < N_EQUATION; i++)
    split_row (r, LEFT + i, y, eq.left + (size_t) i * r->scratch_row);
}

/* New steps of the places of one colour of a row. */
static void
relax_row (const AeFlowRefiner *r, int y)
{
  int parity = (y + r->colour) & 1;
  int n = (r->l.width + 1 - parity) / 2;
  const float *restrict wl = half_of (r, LEFT, y, parity);
  const float *restrict wr = half_of (r, RIGHT, y, parity);
  const float *restrict wu = half_of (r, UP, y, parity);
  const float *restrict wd = half_of (r, DOWN, y, parity);
  const float *restrict a12 = half_of (r, A12, y, parity);
  const float *restrict b1 = half_of (r, B1, y, parity);
  const float *restrict b2 = half_of (r, B2, y, parity);
  const float *restrict i1 = half_of (r, INVERSE1, y, parity);
  const float *restrict i2 = half_of (r, INVERSE2, y, parity);
  float *restrict du = half_of (r, SPLIT_DU, y, parity);
  float *restrict dv = half_of (r, SPLIT_DV, y, parity);
  /* the neighbour to the left of an even place is the odd one before */
  const float *restrict ur = half_of (r, SPLIT_DU, y, !parity) + parity;
  const float *restrict vr = half_of (r, SPLIT_DV, y, !parity) + parity;
  const float *restrict uu = half_of (r, SPLIT_DU, y - 1, parity);
  const float *restrict vu = half_of (r, SPLIT_DV, y - 1, parity);
  const float *restrict ud = half_of (r, SPLIT_DU, y + 1, parity);
  const float *restrict vd = half_of (r, SPLIT_DV, y + 1, parity);
  for (int k = 0; k < n; k++) {
    float cu = b1[k] + wl[k] * ur[k - 1] + wr[k] * ur[k] + wu[k] * uu[k]
               + wd[k] * ud[k];
    float cv = b2[k] + wl[k] * vr[k - 1] + wr[k] * vr[k] + wu[k] * vu[k]
               + wd[k] * vd[k];
    float u = (cu - a12[k] * dv[k]) * i1[k];
    u = du[k] + RELAXATION * (u - du[k]);
    float v = (cv - a12[k] * u) * i2[k];
    dv[k] += RELAXATION * (v - dv[k]);
    du[k] = u;
  }
}

typedef void (*RowWork) (const AeFlowRefiner *r, int y);

typedef struct {
  const AeFlowRefiner *refiner;
  RowWork work;
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
for_rows (const AeFlowRefiner *r, RowWork work)
{
  Pass pass = { r, work };
  size_t bands = (size_t) (r->l.height + BAND - 1) / BAND;
  ae_pool_run (ae_pool_shared (), r->n_threads, bands, pass_job, &pass);
}

static void
first_derivatives (const AeFlowRefiner *r, int y)
{
  derive_row (r, MEAN, IX, IY, y);
  derive_row (r, IZ, IXZ, IYZ, y);
}

static void
second_derivatives (const AeFlowRefiner *r, int y)
{
  derive_row (r, IX, IXX, IXY, y);
  derive_row (r, IY, -1, IYY, y);
}

static void
join_steps (const AeFlowRefiner *r, int y)
{
  join_row (r, SPLIT_DU, DU, y);
  join_row (r, SPLIT_DV, DV, y);
}

static void
add_steps (const AeFlowRefiner *r, int y)
{
  size_t at = (size_t) y * (size_t) r->l.width;
  const float *du = row_of (r, DU, y), *dv = row_of (r, DV, y);
  for (int x = 0; x < r->l.width; x++) {
    r->l.u[at + (size_t) x] += du[x];
    r->l.v[at + (size_t) x] += dv[x];
  }
}

static void
clear (AeFlowRefiner *r, int plane)
{
  size_t n = (size_t) r->stride * ((size_t) r->l.height + 2);
  memset (r->plane[plane], 0, n * sizeof (float));
}

void
ae_flow_refine (AeFlowRefiner *r, const AeFlowLevel *level)
{
  r->l = *level;
  r->stride = level->width + 6;
  for (int plane = DU; plane < N_PLANES; plane++)
    clear (r, plane);
  for_rows (r, warp_row);
  for_rows (r, first_derivatives);
  for_rows (r, second_derivatives);
  for (int i = 0; i < ROUNDS; i++) {
    for_rows (r, smooth_row);
    for_rows (r, set_up_row);
    for (int sweep = 0; sweep < SWEEPS; sweep++)
      for (r->colour = 0; r->colour < 2; r->colour++)
        for_rows (r, relax_row);
    for_rows (r, join_steps);
  }
  for_rows (r, add_steps);
}
