/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/phases.h"

static int
floor_div (int a, int b)
{
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* Number of virtual taps of one axis, and where they start. */
static int
virtual_taps (bool back, int k, int s, int pad, int *virtual_pad)
{
  int first, last;
  if (back) {
    first = -floor_div (k - 1 - pad, s);
    last = floor_div (s - 1 + pad, s);
  } else {
    first = floor_div (-pad, s);
    last = floor_div (k - 1 - pad, s);
  }
  *virtual_pad = -first;
  return last - first + 1;
}

void
ae_phases_plan (AeConvPlan *p)
{
  const AeConvGeo *g = &p->geo;
  bool back = p->kind == AE_CONV_TRANSPOSED;
  p->taps_y = virtual_taps (back, g->kh, g->sh, g->pt, &p->pad_y);
  p->taps_x = virtual_taps (back, g->kw, g->sw, g->pl, &p->pad_x);
  p->in_step = back ? 1 : g->sh;
  p->out_step = back ? g->sh : 1;
}

AeRealWeights
ae_real_weights (const AeConvPlan *p, int k, int block)
{
  const AeConvGeo *g = &p->geo;
  AeRealWeights w = { .in = ae_phase_at (k, p->src_c, p->in_step),
    .out = ae_phase_at (block, p->dst_blocks, p->out_step) };
  size_t taps = (size_t) g->kh * g->kw, ic = g->ic;
  size_t src = w.in.channel, dst = (size_t) w.out.channel * AE_BLOCK;
  bool back = p->kind == AE_CONV_TRANSPOSED;
  w.lane = back ? taps : taps * ic;
  w.first = taps * (back ? src * ic + dst : dst * ic + src);
  int left = p->dst_c - (int) dst;
  w.lanes = left < AE_BLOCK ? left : AE_BLOCK;
  return w;
}

/* Index into one axis of the real kernel, which may be outside it. */
static int
real_index (const AeConvPlan *p, int pad, int virtual_index, int in, int out)
{
  int block = p->geo.sh * virtual_index;
  return p->kind == AE_CONV_TRANSPOSED ? out + pad - block : block + in + pad;
}

int
ae_real_tap (const AeConvPlan *p, const AeRealWeights *w, int i, int j)
{
  const AeConvGeo *g = &p->geo;
  int y = real_index (
      p, g->pt, i - p->pad_y, w->in.phase_y, w->out.phase_y);
  int x = real_index (
      p, g->pl, j - p->pad_x, w->in.phase_x, w->out.phase_x);
  bool inside = y >= 0 && y < g->kh && x >= 0 && x < g->kw;
  return inside ? y * g->kw + x : -1;
}
