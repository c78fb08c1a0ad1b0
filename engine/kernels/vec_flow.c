/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Optical flow. Compiled once per instruction set. */
#include "kernels/vec.h"

#include <math.h>

#define PATCH AE_FLOW_PATCH

/* A patch's row. */
typedef float v8 __attribute__ ((vector_size (32), aligned (4), may_alias));
typedef float v4 __attribute__ ((vector_size (16), aligned (4), may_alias));
typedef int m4 __attribute__ ((vector_size (16)));

/* No function takes or returns a v8: on smaller instruction sets that is no
 * fixed interface. */
#define load8(p) (*(const v8 *) (p))

INLINE v4
half_sum (const v8 *x)
{
  float lanes[8] __attribute__ ((aligned (32)));
  *(v8 *) lanes = *x;
  return *(const v4 *) lanes + *(const v4 *) (lanes + 4);
}

/* The sums of four vectors. */
INLINE v4
four_sums (const v8 *x)
{
  v4 p[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++)
    p[i] = half_sum (&x[i]);
  v4 a = SHUFFLE (m4, p[0], p[1], 0, 4, 1, 5);
  v4 b = SHUFFLE (m4, p[0], p[1], 2, 6, 3, 7);
  v4 c = SHUFFLE (m4, p[2], p[3], 0, 4, 1, 5);
  v4 d = SHUFFLE (m4, p[2], p[3], 2, 6, 3, 7);
  a += b; /* two parts of 0 and 1 in turns */
  c += d;
  return SHUFFLE (m4, a, c, 0, 1, 4, 5) + SHUFFLE (m4, a, c, 2, 3, 6, 7);
}

static void
moments (const AeFlowPatch *patch, AeFlowMoments *m)
{
  v8 sums[4] = { { 0 } }, xx = { 0 };
#pragma GCC unroll 8
  for (int y = 0; y < PATCH; y++) {
    v8 gx = load8 (patch->gx + y * patch->gradient_stride);
    v8 gy = load8 (patch->gy + y * patch->gradient_stride);
    sums[0] += gx;
    sums[1] += gy;
    xx += gx * gx;
    sums[2] += gx * gy;
    sums[3] += gy * gy;
  }
  v4 s = four_sums (sums), p = half_sum (&xx);
  *m = (AeFlowMoments){ s[0], s[1], (p[0] + p[1]) + (p[2] + p[3]), s[2],
    s[3] };
}

/* A row of the place, between its columns. */
INLINE void
between (const AeFlowPlace *place, int y, v8 *to)
{
  const float *a = place->pixel + y * place->stride;
  v8 left = load8 (a);
  *to = left + place->x * (load8 (a + 1) - left);
}

static void
fit (const AeFlowPatch *patch, const AeFlowPlace *place, AeFlowFit *f)
{
  v8 sums[4] = { { 0 } }, top, low;
  between (place, 0, &top);
#pragma GCC unroll 8
  for (int y = 0; y < PATCH; y++) {
    between (place, y + 1, &low);
    v8 d = top + place->y * (low - top)
           - load8 (patch->pixel + y * patch->stride);
    sums[0] += d;
    sums[1] += d * d;
    sums[2] += load8 (patch->gx + y * patch->gradient_stride) * d;
    sums[3] += load8 (patch->gy + y * patch->gradient_stride) * d;
    top = low;
  }
  v4 s = four_sums (sums);
  *f = (AeFlowFit){ s[0], s[1], s[2], s[3] };
}

static void
weigh (const AeFlowPatch *patch, const AeFlowPlace *place, float *weight)
{
  v8 top, low;
  between (place, 0, &top);
#pragma GCC unroll 8
  for (int y = 0; y < PATCH; y++) {
    between (place, y + 1, &low);
    *(v8 *) (weight + y * PATCH)
        = top + place->y * (low - top)
          - load8 (patch->pixel + y * patch->stride);
    top = low;
  }
  vf one = splat (1);
  for (int i = 0; i < PATCH * PATCH; i += VL) {
    vf d = load (weight + i), size = vmax (d, -d);
    store (weight + i, one / vmax (one, size));
  }
}

#if VL == 16
#define root(x) ((vf) _mm512_sqrt_ps ((__m512) (x)))
#elif VL == 8
#define root(x) ((vf) _mm256_sqrt_ps ((__m256) (x)))
#elif defined(__SSE2__)
#define root(x) ((vf) _mm_sqrt_ps ((__m128) (x)))
#else
INLINE vf
root (vf x)
{
  for (int l = 0; l < VL; l++)
    x[l] = sqrtf (x[l]);
  return x;
}
#endif

static void
hold (const AeFlowHold *r)
{
  for (int k = 0; k < r->n; k += VL) {
    vf u = load (r->u + k), v = load (r->v + k), on = load (r->right_on + k);
    vf ux = on * (load (r->u_right + k) - u);
    vf vx = on * (load (r->v_right + k) - v);
    vf uy = load (r->u_down + k) - u, vy = load (r->v_down + k) - v;
    vf square = ux * ux + vx * vx + uy * uy + vy * vy;
    store (r->hold + k, r->weight / root (square + r->epsilon));
  }
}

static void
balance (const AeFlowBalance *r)
{
  for (int k = 0; k < r->n; k += VL) {
    vf ix = load (r->ix + k), iy = load (r->iy + k), iz = load (r->iz + k);
    vf ixx = load (r->ixx + k), ixy = load (r->ixy + k);
    vf iyy = load (r->iyy + k);
    vf ixz = load (r->ixz + k), iyz = load (r->iyz + k);
    vf u = load (r->u + k), v = load (r->v + k);
    vf n0 = 1 / (ix * ix + iy * iy + r->zeta);
    vf n1 = 1 / (ixx * ixx + ixy * ixy + r->zeta);
    vf n2 = 1 / (ixy * ixy + iyy * iyy + r->zeta);
    vf e0 = iz + ix * u + iy * v;
    vf e1 = ixz + ixx * u + ixy * v;
    vf e2 = iyz + ixy * u + iyy * v;
    vf w0 = r->brightness * n0 / root (e0 * e0 * n0 + r->epsilon);
    vf w = r->gradient / root (e1 * e1 * n1 + e2 * e2 * n2 + r->epsilon);
    vf w1 = w * n1, w2 = w * n2, held = load (r->hold + k);
    vf sum = load (r->hold_left + k) + load (r->right_on + k) * held
             + load (r->hold_up + k) + r->down_on * held + 1e-6f;
    vf w0x = w0 * ix, w0y = w0 * iy, w1x = w1 * ixx, w1y = w1 * ixy;
    vf w2x = w2 * ixy, w2y = w2 * iyy;
    vf step = load (r->on + k) * r->relaxation;
    store (r->a12 + k, w0x * iy + w1x * ixy + w2x * iyy);
    store (r->b1 + k, -(w0x * iz + w1x * ixz + w2x * iyz));
    store (r->b2 + k, -(w0y * iz + w1y * ixz + w2y * iyz));
    store (r->inverse1 + k, step / (w0x * ix + w1x * ixx + w2x * ixy + sum));
    store (r->inverse2 + k, step / (w0y * iy + w1y * ixy + w2y * iyy + sum));
  }
}

static void
relax (const AeFlowRelax *r)
{
  const AeFlowRelax c = *r;
  float keep = 1 - c.relaxation;
  for (int k = 0; k < c.n; k += VL) {
    vf w = load (c.hold + k), wl = load (c.hold_left + k);
    vf wu = load (c.hold_up + k);
    vf cu = load (c.b1 + k) + w * (load (c.u_right + k) + load (c.u_down + k))
            + wl * load (c.u_left + k) + wu * load (c.u_up + k);
    vf cv = load (c.b2 + k) + w * (load (c.v_right + k) + load (c.v_down + k))
            + wl * load (c.v_left + k) + wu * load (c.v_up + k);
    vf a12 = load (c.a12 + k), v = load (c.v + k);
    vf u = keep * load (c.u + k) + (cu - a12 * v) * load (c.inverse1 + k);
    store (c.v + k, keep * v + (cv - a12 * u) * load (c.inverse2 + k));
    store (c.u + k, u);
  }
}

const AeFlowKernels FN (flow)
    = { moments, fit, weigh, hold, balance, relax };
