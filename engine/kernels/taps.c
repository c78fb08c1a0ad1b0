/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions as sums over kernel taps, any kernel, stride and dilation. A job
 * makes some rows and columns of the destination: it copies the source pixels
 * they need into scratch with the zero border in place, so that the inner loop
 * knows no edges, and calls one matrix product per destination row.
 *
 * A transposed convolution of stride s is s x s stride-1 ones, one for each
 * phase of the destination, each with its share of the taps.
 *
 * A plain source of few channels is copied to [row][column][channel]: the taps
 * of a kernel row are then one run of kw * channels floats. */
#include "kernels/taps.h"

#define SCRATCH_FLOATS (96 << 10)    /* stays in the second-level cache */
#define MAX_SCRATCH_FLOATS (4 << 20) /* wide dilation: leave it to others */
#define CACHED_WEIGHTS ((size_t) 768 << 10) /* bytes, beside the scratch */
#define MAX_PARTIAL 8
#define MAX_PARTIAL_BYTES ((size_t) 64 << 20)

static AeTapAxis
axis_taps (const AeConvPlan *p, int k, int s, int dilation, int pad, int phase)
{
  AeTapAxis axis = { 0 };
  if (p->kind != AE_CONV_TRANSPOSED) {
    axis.n = k;
    for (int i = 0; i < k; i++) {
      axis.k[i] = i;
      axis.at[i] = i * dilation - pad;
    }
    return axis;
  }
  for (int i = k - 1; i >= 0; i--) {
    int at = phase + pad - i * dilation;
    if (at % s != 0)
      continue;
    axis.k[axis.n] = i;
    axis.at[axis.n++] = at / s;
  }
  return axis;
}

AeTapAxis
ae_tap_axis_y (const AeConvPlan *p, int phase)
{
  const AeConvGeo *g = &p->geo;
  return axis_taps (p, g->kh, g->sh, g->dh, g->pt, phase);
}

AeTapAxis
ae_tap_axis_x (const AeConvPlan *p, int phase)
{
  const AeConvGeo *g = &p->geo;
  return axis_taps (p, g->kw, g->sw, g->dw, g->pl, phase);
}

AeTapReach
ae_tap_reach (const AeConvPlan *p, int n_phases,
    AeTapAxis (*axis) (const AeConvPlan *p, int phase))
{
  AeTapReach r = { 1 << 20, -(1 << 20) };
  for (int i = 0; i < n_phases; i++) {
    AeTapAxis a = axis (p, i);
    if (a.n > 0 && a.at[0] < r.first)
      r.first = a.at[0];
    if (a.n > 0 && a.at[a.n - 1] > r.last)
      r.last = a.at[a.n - 1];
  }
  return r;
}

AeTapJob
ae_tap_job (const AeConvPlan *p, const AeConvRun *run, const AeConvEnds *ends)
{
  return (AeTapJob){ .plan = p,
    .run = run,
    .ends = *ends,
    .reach_y = ae_tap_reach (p, ae_tap_phases (p, p->geo.sh), ae_tap_axis_y),
    .reach_x = ae_tap_reach (p, ae_tap_phases (p, p->geo.sw), ae_tap_axis_x) };
}

static size_t
strip_floats (const AeConvPlan *p, int rows, int cols)
{
  const AeConvGeo *g = &p->geo;
  AeTapReach ry = ae_tap_reach (p, ae_tap_phases (p, g->sh), ae_tap_axis_y);
  AeTapReach rx = ae_tap_reach (p, ae_tap_phases (p, g->sw), ae_tap_axis_x);
  int step = ae_tap_source_step (p, g->sw);
  size_t columns = (size_t) ae_tap_strip_group (cols, step, rx) * step;
  size_t depth = p->plain_src ? p->src_c : p->src_blocks * 16;
  return ae_tap_strip_rows (rows, ae_tap_source_step (p, g->sh), ry) * columns
         * depth;
}

/* As many blocks of outputs as have their weights in the cache: a job makes all
 * its rows of these. */
static void
choose_blocks (AeConvPlan *p)
{
  size_t bytes = (size_t) p->geo.kh * p->geo.kw * ae_tap_depth (p) * AE_BLOCK
                 * sizeof (float);
  size_t fit = CACHED_WEIGHTS / bytes;
  p->job_blocks = p->dst_blocks;
  if (p->plain_dst || p->kind == AE_CONV_WEIGHTS || fit >= p->dst_blocks)
    return;
  p->job_blocks = fit > 1 ? (int) fit : 1;
}

/* Channels of the source that those of a destination block depend on, in
 * blocks: first and end. */
static void
band_of (const AeConvPlan *p, int block, int *first, int *end)
{
  int per_dst = p->dst_c / p->geo.groups, per_src = p->src_c / p->geo.groups;
  int last = block * AE_BLOCK + AE_BLOCK - 1;
  last = last < p->dst_c ? last : p->dst_c - 1;
  *first = block * AE_BLOCK / per_dst * per_src / AE_BLOCK;
  *end = ((last / per_dst + 1) * per_src + AE_BLOCK - 1) / AE_BLOCK;
}

int
ae_tap_band_first (const AeConvPlan *p, int block)
{
  int first, end;
  if (p->band == 0)
    return 0;
  band_of (p, block, &first, &end);
  int most = p->src_blocks - p->band;
  return first < most ? first : most;
}

static void
choose_band (AeConvPlan *p)
{
  p->band = 0;
  p->depthwise = p->geo.groups > 1 && p->src_c == p->geo.groups
                 && p->dst_c == p->geo.groups;
  for (int block = 0; block < p->dst_blocks && p->geo.groups > 1; block++) {
    int first, end;
    band_of (p, block, &first, &end);
    p->band = end - first > p->band ? end - first : p->band;
  }
}

bool
ae_taps_plan (AeConvPlan *p, const AeKernels *kernels)
{
  const AeConvGeo *g = &p->geo;
  (void)kernels;
  int ph_y = ae_tap_phases (p, g->sh), ph_x = ae_tap_phases (p, g->sw);
  if (ph_y > AE_TAP_MAX_STRIDE || ph_x > AE_TAP_MAX_STRIDE
      || (p->plain_src && p->src_c > 16))
    return false;
  int h = (p->dst_h + ph_y - 1) / ph_y, w = (p->dst_w + ph_x - 1) / ph_x;
  /* A phase has h rows and w columns. */
  p->job_cols = w;
  while (p->job_cols > 16 && strip_floats (p, 1, p->job_cols) > SCRATCH_FLOATS)
    p->job_cols = (p->job_cols + 1) / 2;
  if (strip_floats (p, 1, p->job_cols) > MAX_SCRATCH_FLOATS)
    return false;
  choose_band (p);
  choose_blocks (p);
  p->job_rows = h < 8 ? h : 8;
  while (p->job_rows > 1
         && (strip_floats (p, p->job_rows, p->job_cols) > SCRATCH_FLOATS
             || (size_t) g->n * h * ae_tap_parts (p) < (size_t) p->job_rows * 8))
    p->job_rows--;
  p->n_job_rows = (h + p->job_rows - 1) / p->job_rows;
  p->n_job_cols = (w + p->job_cols - 1) / p->job_cols;
  p->n_jobs = (size_t) g->n * p->n_job_rows * p->n_job_cols;
  p->work = (strip_floats (p, p->job_rows, p->job_cols) + 31) & ~(size_t) 15;
  size_t weights = (size_t) g->kh * g->kw * ae_tap_depth (p)
                   * (p->plain_dst ? p->dst_c : p->dst_blocks * AE_BLOCK);
  p->packed = p->dst_blocks * AE_BLOCK + weights;
  if (p->kind != AE_CONV_WEIGHTS)
    return true;
  p->partial = weights;
  p->n_partial = p->n_jobs < MAX_PARTIAL ? p->n_jobs : MAX_PARTIAL;
  while (p->n_partial > 1
         && weights * p->n_partial * sizeof (float) > MAX_PARTIAL_BYTES)
    p->n_partial--;
  return true;
}
