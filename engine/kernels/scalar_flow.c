/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Optical flow in plain C: what the vector kernels are tested against. */
#include "kernels/scalar.h"

#include <math.h>

#define PATCH AE_FLOW_PATCH

static void
moments (const AeFlowPatch *patch, AeFlowMoments *m)
{
  *m = (AeFlowMoments){ 0 };
  for (int y = 0; y < PATCH; y++)
    for (int x = 0; x < PATCH; x++) {
      float gx = patch->gx[y * patch->gradient_stride + x];
      float gy = patch->gy[y * patch->gradient_stride + x];
      m->gx += gx;
      m->gy += gy;
      m->xx += gx * gx;
      m->xy += gx * gy;
      m->yy += gy * gy;
    }
}

static float
difference (const AeFlowPatch *patch, const AeFlowPlace *place, int x, int y)
{
  const float *a = place->pixel + y * place->stride + x;
  const float *b = a + place->stride;
  float top = a[0] + place->x * (a[1] - a[0]);
  float low = b[0] + place->x * (b[1] - b[0]);
  return top + place->y * (low - top) - patch->pixel[y * patch->stride + x];
}

static void
fit (const AeFlowPatch *patch, const AeFlowPlace *place, AeFlowFit *f)
{
  *f = (AeFlowFit){ 0 };
  for (int y = 0; y < PATCH; y++)
    for (int x = 0; x < PATCH; x++) {
      float d = difference (patch, place, x, y);
      f->sum += d;
      f->squares += d * d;
      f->bx += patch->gx[y * patch->gradient_stride + x] * d;
      f->by += patch->gy[y * patch->gradient_stride + x] * d;
    }
}

static void
weigh (const AeFlowPatch *patch, const AeFlowPlace *place, float *weight)
{
  for (int y = 0; y < PATCH; y++)
    for (int x = 0; x < PATCH; x++) {
      float d = fabsf (difference (patch, place, x, y));
      weight[y * PATCH + x] = 1 / (d > 1 ? d : 1);
    }
}

static void
hold (const AeFlowHold *r)
{
  for (int k = 0; k < r->n; k++) {
    float ux = r->right_on[k] * (r->u_right[k] - r->u[k]);
    float vx = r->right_on[k] * (r->v_right[k] - r->v[k]);
    float uy = r->u_down[k] - r->u[k], vy = r->v_down[k] - r->v[k];
    float square = ux * ux + vx * vx + uy * uy + vy * vy;
    r->hold[k] = r->weight / sqrtf (square + r->epsilon);
  }
}

static void
balance (const AeFlowBalance *r)
{
  for (int k = 0; k < r->n; k++) {
    float ix = r->ix[k], iy = r->iy[k], iz = r->iz[k];
    float ixx = r->ixx[k], ixy = r->ixy[k], iyy = r->iyy[k];
    float ixz = r->ixz[k], iyz = r->iyz[k], u = r->u[k], v = r->v[k];
    float n0 = 1 / (ix * ix + iy * iy + r->zeta);
    float n1 = 1 / (ixx * ixx + ixy * ixy + r->zeta);
    float n2 = 1 / (ixy * ixy + iyy * iyy + r->zeta);
    float e0 = iz + ix * u + iy * v;
    float e1 = ixz + ixx * u + ixy * v;
    float e2 = iyz + ixy * u + iyy * v;
    float w0 = r->brightness * n0 / sqrtf (e0 * e0 * n0 + r->epsilon);
    float w = r->gradient / sqrtf (e1 * e1 * n1 + e2 * e2 * n2 + r->epsilon);
    float w1 = w * n1, w2 = w * n2;
    float sum = r->hold_left[k] + r->right_on[k] * r->hold[k] + r->hold_up[k]
                + r->down_on * r->hold[k] + 1e-6f;
    float a11 = w0 * ix * ix + w1 * ixx * ixx + w2 * ixy * ixy;
    float a22 = w0 * iy * iy + w1 * ixy * ixy + w2 * iyy * iyy;
    r->a12[k] = w0 * ix * iy + w1 * ixx * ixy + w2 * ixy * iyy;
    r->b1[k] = -(w0 * iz * ix + w1 * ixz * ixx + w2 * iyz * ixy);
    r->b2[k] = -(w0 * iz * iy + w1 * ixz * ixy + w2 * iyz * iyy);
    r->inverse1[k] = r->on[k] * r->relaxation / (a11 + sum);
    r->inverse2[k] = r->on[k] * r->relaxation / (a22 + sum);
  }
}

static void
relax (const AeFlowRelax *r)
{
  float keep = 1 - r->relaxation;
  for (int k = 0; k < r->n; k++) {
    float w = r->hold[k], wl = r->hold_left[k], wu = r->hold_up[k];
    float cu = r->b1[k] + w * (r->u_right[k] + r->u_down[k])
               + wl * r->u_left[k] + wu * r->u_up[k];
    float cv = r->b2[k] + w * (r->v_right[k] + r->v_down[k])
               + wl * r->v_left[k] + wu * r->v_up[k];
    float u = keep * r->u[k] + (cu - r->a12[k] * r->v[k]) * r->inverse1[k];
    r->v[k] = keep * r->v[k] + (cv - r->a12[k] * u) * r->inverse2[k];
    r->u[k] = u;
  }
}

const AeFlowKernels ae_flow_scalar
    = { moments, fit, weigh, hold, balance, relax };
