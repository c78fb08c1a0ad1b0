/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights of taps.c: how they are packed. */
#include "kernels/taps.h"

static void
visit_phase (const AeTapJob *job, size_t at, const AeTapAxis *y,
    const AeTapAxis *x, int block, AeTapVisit visit)
{
  const AeConvPlan *p = job->plan;
  for (int i = 0; i < y->n; i++)
    for (int j = 0; j < x->n; j++)
      for (int c = 0; c < ae_tap_depth (p); c++, at += 16)
        visit (job, at, block, y->k[i], x->k[j], c);
}

void
ae_tap_visit (void *arg, size_t block, AeTapVisit visit)
{
  const AeTapJob *job = arg;
  const AeConvPlan *p = job->plan;
  size_t at = 0;
  for (int py = 0; py < ae_tap_phases (p, p->geo.sh); py++)
    for (int px = 0; px < ae_tap_phases (p, p->geo.sw); px++) {
      AeTapAxis y = ae_tap_axis_y (p, py), x = ae_tap_axis_x (p, px);
      size_t floats = (size_t) y.n * x.n * ae_tap_depth (p) * 16;
      visit_phase (job, at + block * floats, &y, &x, block, visit);
      at += floats * p->dst_blocks;
    }
}

size_t
ae_tap_real_weight (const AeConvPlan *p, int block, int k_y, int k_x,
    int channel, size_t *stride)
{
  const AeConvGeo *g = &p->geo;
  bool back = p->kind == AE_CONV_TRANSPOSED;
  size_t taps = (size_t) g->kh * g->kw;
  size_t pair = back ? (size_t) channel * g->ic + block * 16
                     : (size_t) block * 16 * g->ic + channel;
  *stride = back ? taps : taps * g->ic;
  return pair * taps + k_y * g->kw + k_x;
}

int
ae_tap_lanes (const AeConvPlan *p, int block)
{
  return block + 1 < p->dst_blocks ? 16 : ae_last_block (p->dst_c);
}

static void
pack_one (const AeTapJob *job, size_t packed, int block, int k_y, int k_x,
    int channel)
{
  size_t stride;
  size_t at = ae_tap_real_weight (job->plan, block, k_y, k_x, channel, &stride);
  int n = ae_tap_lanes (job->plan, block);
  for (int lane = 0; lane < 16; lane++)
    job->to[packed + lane] = lane < n ? job->from[at + lane * stride] : 0;
}

/* The weight between two channels, 0 where they are in different groups. */
static float
grouped_weight (
    const AeTapJob *job, int dst, int src, int k_y, int k_x)
{
  const AeConvGeo *g = &job->plan->geo;
  bool back = job->plan->kind == AE_CONV_TRANSPOSED;
  int out = back ? src : dst, in = back ? dst : src;
  int per_in = g->ic / g->groups, per_out = g->oc / g->groups;
  if (out / per_out != in / per_in)
    return 0;
  size_t pair = (size_t) out * per_in + in % per_in;
  return job->from[(pair * g->kh + k_y) * g->kw + k_x];
}

static void
pack_grouped (const AeTapJob *job, size_t packed, int block, int k_y, int k_x,
    int channel)
{
  const AeConvPlan *p = job->plan;
  int n = ae_tap_lanes (p, block);
  int first = ae_tap_band_first (p, block) * AE_BLOCK;
  for (int lane = 0; lane < 16; lane++) {
    int dst = block * AE_BLOCK + lane;
    int src = p->depthwise ? dst : first + channel;
    job->to[packed + lane]
        = lane < n ? grouped_weight (job, dst, src, k_y, k_x) : 0;
  }
}

static void
pack_job (void *arg, size_t index, int thread)
{
  const AeTapJob *job = arg;
  (void) thread;
  ae_tap_visit (
      arg, index, job->plan->geo.groups > 1 ? pack_grouped : pack_one);
}

/* For a plain destination: [phase y][phase x][output][tap y][tap x][source
 * channel]. */
static void
pack_dots_phase (
    const AeTapJob *job, const AeTapAxis *y, const AeTapAxis *x, float *to)
{
  const AeConvPlan *p = job->plan;
  for (int out = 0; out < p->dst_c; out++)
    for (int i = 0; i < y->n; i++)
      for (int j = 0; j < x->n; j++)
        for (int c = 0; c < p->src_c; c++) {
          size_t stride;
          size_t at = ae_tap_real_weight (p, 0, y->k[i], x->k[j], c, &stride);
          *to++ = job->from[at + out * stride];
        }
}

static void
pack_dots (const AeTapJob *job)
{
  const AeConvPlan *p = job->plan;
  float *to = job->to;
  for (int py = 0; py < ae_tap_phases (p, p->geo.sh); py++)
    for (int px = 0; px < ae_tap_phases (p, p->geo.sw); px++) {
      AeTapAxis y = ae_tap_axis_y (p, py), x = ae_tap_axis_x (p, px);
      pack_dots_phase (job, &y, &x, to);
      to += (size_t) y.n * x.n * p->src_c * p->dst_c;
    }
}

void
ae_taps_pack (const AeConvPlan *plan, const AeConvRun *run,
    const float *weights, float *packed)
{
  AeTapJob job = ae_tap_job (plan, run, &(AeConvEnds){ 0 });
  job.from = weights;
  job.to = packed;
  if (plan->plain_dst)
    pack_dots (&job);
  else
    ae_pool_run (run->pool, run->n_threads, plan->dst_blocks, pack_job, &job);
}
