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
#include "kernels/conv.h"

#include <string.h>

#define SCRATCH_FLOATS (96 << 10)       /* stays in the second-level cache */
#define MAX_SCRATCH_FLOATS (4 << 20)    /* wide dilation: leave it to others */
#define MAX_STRIDE 4 /* of transposed ones: the number of phases squared */
#define PIECE 48     /* their pixels of a phase at a time */
#define MAX_PARTIAL 8
#define MAX_PARTIAL_BYTES ((size_t) 64 << 20)

/* The taps of one phase of one axis: index into the kernel and offset of the
 * source pixel, offsets ascending. */
typedef struct {
  int n, k[AE_MAX_TAPS], at[AE_MAX_TAPS];
} Axis;

static Axis
axis_taps (const AeConvPlan *p, int k, int s, int dilation, int pad, int phase)
{
  Axis axis = { 0 };
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

static Axis
axis_y (const AeConvPlan *p, int phase)
{
  const AeConvGeo *g = &p->geo;
  return axis_taps (p, g->kh, g->sh, g->dh, g->pt, phase);
}

static Axis
axis_x (const AeConvPlan *p, int phase)
{
  const AeConvGeo *g = &p->geo;
  return axis_taps (p, g->kw, g->sw, g->dw, g->pl, phase);
}

static int
phases (const AeConvPlan *p, int stride)
{
  return p->kind == AE_CONV_TRANSPOSED ? stride : 1;
}

/* Source pixels from one destination pixel of a phase to the next. */
static int
source_step (const AeConvPlan *p, int stride)
{
  return p->kind == AE_CONV_TRANSPOSED ? 1 : stride;
}

/* First and last source offset over all phases; without taps (a stride larger
 * than the kernel) phases contribute nothing. */
typedef struct {
  int first, last;
} Reach;

static Reach
reach_of (const AeConvPlan *p, int n_phases,
    Axis (*axis) (const AeConvPlan *p, int phase))
{
  Reach r = { 1 << 20, -(1 << 20) };
  for (int i = 0; i < n_phases; i++) {
    Axis a = axis (p, i);
    if (a.n > 0 && a.at[0] < r.first)
      r.first = a.at[0];
    if (a.n > 0 && a.at[a.n - 1] > r.last)
      r.last = a.at[a.n - 1];
  }
  return r;
}

/* The source pixels of one job as they lie in memory. */
typedef struct {
  const float *data;
  size_t row, block, px; /* strides */
  int step, group;       /* columns are split into `step` groups */
  int first_y, first_x;  /* source offset of element (0, 0) */
  bool flat;             /* [column][channel] */
} Strip;

static int
strip_rows (int rows, int step, Reach r)
{
  return (rows - 1) * step + r.last - r.first + 1;
}

/* Columns in one of the groups. */
static int
strip_group (int cols, int step, Reach r)
{
  return (strip_rows (cols, step, r) + step - 1) / step;
}

static size_t
strip_floats (const AeConvPlan *p, int rows, int cols)
{
  const AeConvGeo *g = &p->geo;
  Reach ry = reach_of (p, phases (p, g->sh), axis_y);
  Reach rx = reach_of (p, phases (p, g->sw), axis_x);
  int step = source_step (p, g->sw);
  size_t columns = (size_t) strip_group (cols, step, rx) * step;
  size_t depth = p->plain_src ? p->src_c : p->src_blocks * 16;
  return strip_rows (rows, source_step (p, g->sh), ry) * columns * depth;
}

bool
ae_taps_plan (AeConvPlan *p, const AeKernels *kernels)
{
  const AeConvGeo *g = &p->geo;
  (void) kernels;
  int ph_y = phases (p, g->sh), ph_x = phases (p, g->sw);
  if (ph_y > MAX_STRIDE || ph_x > MAX_STRIDE
      || (p->plain_src && p->src_c > 16))
    return false;
  int h = (p->dst_h + ph_y - 1) / ph_y, w = (p->dst_w + ph_x - 1) / ph_x;
  /* A phase has h rows and w columns. */
  p->job_cols = w;
  while (p->job_cols > 16 && strip_floats (p, 1, p->job_cols) > SCRATCH_FLOATS)
    p->job_cols = (p->job_cols + 1) / 2;
  if (strip_floats (p, 1, p->job_cols) > MAX_SCRATCH_FLOATS)
    return false;
  p->job_rows = h < 8 ? h : 8;
  while (p->job_rows > 1
         && (strip_floats (p, p->job_rows, p->job_cols) > SCRATCH_FLOATS
             || (size_t) g->n * h < (size_t) p->job_rows * 8))
    p->job_rows--;
  p->n_job_rows = (h + p->job_rows - 1) / p->job_rows;
  p->n_job_cols = (w + p->job_cols - 1) / p->job_cols;
  p->n_jobs = (size_t) g->n * p->n_job_rows * p->n_job_cols;
  p->work = (strip_floats (p, p->job_rows, p->job_cols) + 31) & ~(size_t) 15;
  size_t weights = (size_t) g->kh * g->kw * p->src_c
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

typedef struct {
  const AeConvPlan *plan;
  const AeConvRun *run;
  const float *from; /* weights */
  float *to;         /* packed weights, or their gradient */
  bool add;
  AeConvEnds ends; /* for the gradient of weights: in and dout */
  Reach reach_y, reach_x;
} Job;

static Job
make_job (const AeConvPlan *p, const AeConvRun *run, const AeConvEnds *ends)
{
  return (Job){ .plan = p,
    .run = run,
    .ends = *ends,
    .reach_y = reach_of (p, phases (p, p->geo.sh), axis_y),
    .reach_x = reach_of (p, phases (p, p->geo.sw), axis_x) };
}

/* Packed weights lie as [phase y][phase x][output block][tap y][tap x]
 * [source channel][16]. Visits the 16 weights of every place. */
typedef void (*Visit) (
    const Job *job, size_t packed, int block, int k_y, int k_x, int channel);

static void
visit_phase (const Job *job, size_t at, const Axis *y, const Axis *x, int block,
    Visit visit)
{
  const AeConvPlan *p = job->plan;
  for (int i = 0; i < y->n; i++)
    for (int j = 0; j < x->n; j++)
      for (int c = 0; c < p->src_c; c++, at += 16)
        visit (job, at, block, y->k[i], x->k[j], c);
}

static void
visit_weights (void *arg, size_t block, Visit visit)
{
  const Job *job = arg;
  const AeConvPlan *p = job->plan;
  size_t at = 0;
  for (int py = 0; py < phases (p, p->geo.sh); py++)
    for (int px = 0; px < phases (p, p->geo.sw); px++) {
      Axis y = axis_y (p, py), x = axis_x (p, px);
      size_t floats = (size_t) y.n * x.n * p->src_c * 16;
      visit_phase (job, at + block * floats, &y, &x, block, visit);
      at += floats * p->dst_blocks;
    }
}

/* First of up to 16 weights, and the distance to the next output's. */
static size_t
real_weight (const AeConvPlan *p, int block, int k_y, int k_x, int channel,
    size_t *stride)
{
  const AeConvGeo *g = &p->geo;
  bool back = p->kind == AE_CONV_TRANSPOSED;
  size_t taps = (size_t) g->kh * g->kw;
  size_t pair = back ? (size_t) channel * g->ic + block * 16
                     : (size_t) block * 16 * g->ic + channel;
  *stride = back ? taps : taps * g->ic;
  return pair * taps + k_y * g->kw + k_x;
}

static int
lanes_in (const AeConvPlan *p, int block)
{
  return block + 1 < p->dst_blocks ? 16 : ae_last_block (p->dst_c);
}

static void
pack_one (
    const Job *job, size_t packed, int block, int k_y, int k_x, int channel)
{
  size_t stride;
  size_t at = real_weight (job->plan, block, k_y, k_x, channel, &stride);
  int n = lanes_in (job->plan, block);
  for (int lane = 0; lane < 16; lane++)
    job->to[packed + lane] = lane < n ? job->from[at + lane * stride] : 0;
}

static void
pack_job (void *arg, size_t index, int thread)
{
  (void) thread;
  visit_weights (arg, index, pack_one);
}

/* For a plain destination: [phase y][phase x][output][tap y][tap x][source
 * channel]. */
static void
pack_dots_phase (const Job *job, const Axis *y, const Axis *x, float *to)
{
  const AeConvPlan *p = job->plan;
  for (int out = 0; out < p->dst_c; out++)
    for (int i = 0; i < y->n; i++)
      for (int j = 0; j < x->n; j++)
        for (int c = 0; c < p->src_c; c++) {
          size_t stride;
          size_t at = real_weight (p, 0, y->k[i], x->k[j], c, &stride);
          *to++ = job->from[at + out * stride];
        }
}

static void
pack_dots (const Job *job)
{
  const AeConvPlan *p = job->plan;
  float *to = job->to;
  for (int py = 0; py < phases (p, p->geo.sh); py++)
    for (int px = 0; px < phases (p, p->geo.sw); px++) {
      Axis y = axis_y (p, py), x = axis_x (p, px);
      pack_dots_phase (job, &y, &x, to);
      to += (size_t) y.n * x.n * p->src_c * p->dst_c;
    }
}

void
ae_taps_pack (const AeConvPlan *plan, const AeConvRun *run,
    const float *weights, float *packed)
{
  Job job = make_job (plan, run, &(AeConvEnds){ 0 });
  job.from = weights;
  job.to = packed;
  if (plan->plain_dst)
    pack_dots (&job);
  else
    ae_pool_run (run->pool, run->n_threads, plan->dst_blocks, pack_job, &job);
}

/* What a job makes: rows and columns of every phase of one image. */
typedef struct {
  int image, y, x, rows, cols;
} Area;

static Area
area_of (const AeConvPlan *p, size_t index)
{
  int ph_y = phases (p, p->geo.sh), ph_x = phases (p, p->geo.sw);
  int h = (p->dst_h + ph_y - 1) / ph_y, w = (p->dst_w + ph_x - 1) / ph_x;
  Area a;
  a.x = index % p->n_job_cols * p->job_cols;
  index /= p->n_job_cols;
  a.y = index % p->n_job_rows * p->job_rows;
  a.image = index / p->n_job_rows;
  a.rows = h - a.y < p->job_rows ? h - a.y : p->job_rows;
  a.cols = w - a.x < p->job_cols ? w - a.x : p->job_cols;
  return a;
}

/* Columns x0 .. of one blocked row into the groups of a strip. */
static void
copy_row (const float *row, int width, int x0, int n, int step, int group,
    float *to)
{
  if (!row) {
    memset (to, 0, (size_t) group * step * 16 * sizeof (float));
    return;
  }
  if (step == 1) {
    int left = x0 < 0 ? (-x0 < n ? -x0 : n) : 0;
    int end = x0 + n < width ? n : width - x0;
    end = end < left ? left : end;
    memset (to, 0, left * 16 * sizeof (float));
    if (end > left)
      memcpy (to + left * 16, row + (ptrdiff_t) (x0 + left) * 16,
          (size_t) (end - left) * 16 * sizeof (float));
    memset (to + end * 16, 0, (n - end) * 16 * sizeof (float));
    return;
  }
  for (int i = 0; i < group * step; i++) {
    int x = x0 + i;
    float *pixel = to + ((size_t) (i % step) * group + i / step) * 16;
    if (x >= 0 && x < width)
      memcpy (pixel, row + (size_t) x * 16, 16 * sizeof (float));
    else
      memset (pixel, 0, 16 * sizeof (float));
  }
}

static void
copy_plain_row (const AeConvPlan *p, const float *plane, size_t size, int x0,
    int n, float *to)
{
  int c = p->src_c;
  for (int x = 0; x < n; x++)
    for (int i = 0; i < c; i++) {
      bool inside = plane && x0 + x >= 0 && x0 + x < p->src_w;
      to[x * c + i] = inside ? plane[i * size + x0 + x] : 0;
    }
}

static Strip
flat_strip (const Job *job, const Area *a, float *scratch)
{
  const AeConvPlan *p = job->plan;
  int step = source_step (p, p->geo.sw), step_y = source_step (p, p->geo.sh);
  int n = strip_rows (a->cols, step, job->reach_x);
  Strip s = { .data = scratch, .row = (size_t) n * p->src_c,
    .px = (size_t) step * p->src_c, .step = 1,
    .first_y = job->reach_y.first, .first_x = job->reach_x.first,
    .flat = true };
  const AeRowBuffer *src = &job->ends.src;
  size_t plane = src->plane;
  for (int r = 0; r < strip_rows (a->rows, step_y, job->reach_y); r++) {
    int y = a->y * step_y + s.first_y + r;
    const float *row = y < 0 || y >= p->src_h
        ? NULL
        : src->data + (size_t) a->image * p->src_c * plane
            + (size_t) (y % src->ring) * p->src_w;
    copy_plain_row (p, row, plane, a->x * step + s.first_x, n,
        scratch + r * s.row);
  }
  return s;
}

/* A row of one block of channels; column 0. */
static const float *
source_row (const Job *job, int image, int y, int block)
{
  const AeConvPlan *p = job->plan;
  size_t row = (size_t) image * p->src_h + y % job->ends.src.ring;
  return job->ends.src.data + (row * p->src_blocks + block) * p->src_w * 16;
}

/* The source itself, when the job needs nothing outside it. */
static bool
strip_in_place (const Job *job, const Area *a, Strip *s)
{
  const AeConvPlan *p = job->plan;
  int step_y = source_step (p, p->geo.sh);
  int step = source_step (p, p->geo.sw);
  int y = a->y * step_y + job->reach_y.first;
  int x = a->x * step + job->reach_x.first;
  int rows = strip_rows (a->rows, step_y, job->reach_y);
  if (y < 0 || x < 0 || y + rows > p->src_h
      || y % job->ends.src.ring + rows > job->ends.src.ring
      || x + strip_rows (a->cols, step, job->reach_x) > p->src_w)
    return false;
  size_t block = (size_t) p->src_w * 16, row = block * p->src_blocks;
  *s = (Strip){ .data
    = source_row (job, a->image, y, 0) + (size_t) x * 16,
    .row = row, .block = block, .px = 16 * step, .step = 1,
    .first_y = job->reach_y.first, .first_x = job->reach_x.first };
  return true;
}

static Strip
make_strip (const Job *job, const Area *a, float *scratch)
{
  const AeConvPlan *p = job->plan;
  Strip s;
  if (p->plain_src)
    return flat_strip (job, a, scratch);
  if (strip_in_place (job, a, &s))
    return s;
  int step = source_step (p, p->geo.sw), step_y = source_step (p, p->geo.sh);
  int group = strip_group (a->cols, step, job->reach_x);
  size_t block = (size_t) group * step * 16;
  s = (Strip){ .data = scratch, .row = block * p->src_blocks, .block = block,
    .px = 16, .step = step, .group = group, .first_y = job->reach_y.first,
    .first_x = job->reach_x.first };
  for (int r = 0; r < strip_rows (a->rows, step_y, job->reach_y); r++)
    for (int b = 0; b < p->src_blocks; b++) {
      int y = a->y * step_y + s.first_y + r;
      const float *row = y < 0 || y >= p->src_h
          ? NULL
          : source_row (job, a->image, y, b);
      copy_row (row, p->src_w, a->x * step + s.first_x, group * step, step,
          group, scratch + r * s.row + b * block);
    }
  return s;
}

/* Offsets of an axis' taps in the strip; joins the taps of a flat strip to
 * one where they are neighbours. Returns how many are left. */
static int
tap_columns (const AeConvPlan *p, const Strip *s, const Axis *x, int *k_last,
    ptrdiff_t *tap)
{
  *k_last = s->flat ? p->src_c : ae_last_block (p->src_c);
  for (int i = 0; i < x->n; i++) {
    int at = x->at[i] - s->first_x;
    tap[i] = s->flat ? (ptrdiff_t) at * p->src_c
                     : (ptrdiff_t) (at % s->step * s->group + at / s->step) * 16;
  }
  bool joined = s->flat && x->n > 0 && x->at[x->n - 1] - x->at[0] == x->n - 1;
  if (joined)
    *k_last = x->n * p->src_c;
  return joined ? 1 : x->n;
}

/* One phase of the destination: the matrix product of a whole row. */
typedef struct {
  AeTapGemm gemm;
  ptrdiff_t tap_y[AE_MAX_TAPS], tap_x[AE_MAX_TAPS];
  int y, x;
} Phase;

/* Returns the floats of the phase's weights, which start at `weights`. */
static size_t
open_phase (const Job *job, const Area *a, const Strip *s, int phase_y,
    int phase_x, const float *weights, Phase *phase)
{
  const AeConvPlan *p = job->plan;
  int ph_x = phases (p, p->geo.sw);
  Axis y = axis_y (p, phase_y), x = axis_x (p, phase_x);
  phase->y = phase_y;
  phase->x = phase_x;
  for (int i = 0; i < y.n; i++)
    phase->tap_y[i] = (ptrdiff_t) (y.at[i] - s->first_y) * (ptrdiff_t) s->row;
  AeTapGemm *g = &phase->gemm;
  size_t floats = (size_t) y.n * x.n * p->src_c * (p->plain_dst ? 1 : 16);
  *g = (AeTapGemm){ .a_px = s->px, .a_block = s->block, .n_y = y.n,
    .n_k = s->flat ? 1 : p->src_blocks, .tap_y = phase->tap_y,
    .tap_x = phase->tap_x, .b = weights, .b_block = floats,
    .c_block = p->plain_dst ? job->ends.dst.plane : (size_t) p->dst_w * 16,
    .residual_block = p->plain_dst ? job->ends.residual.plane
                                   : (size_t) p->dst_w * 16,
    .c_px = (size_t) ph_x * (p->plain_dst ? 1 : 16),
    .n_blocks = p->plain_dst ? p->dst_c : p->dst_blocks,
    .bias = job->ends.packed, .clamp = job->ends.clamp };
  g->n_x = tap_columns (p, s, &x, &g->k_last, phase->tap_x);
  int width = (p->dst_w - phase_x + ph_x - 1) / ph_x - a->x;
  g->n_px = width < a->cols ? width : a->cols;
  return floats * g->n_blocks;
}

/* Floats from the start of a buffer to its row y of an image. */
static size_t
destination_row (
    const AeConvPlan *p, const AeRowBuffer *to, int image, int y)
{
  size_t place = y % to->ring;
  if (p->plain_dst)
    return image * p->dst_c * to->plane + place * p->dst_w;
  return ((size_t) image * p->dst_h + place) * p->dst_blocks * 16 * p->dst_w;
}

/* Pixels first .. first + n - 1 of row r of the area. */
static void
run_phase (const Job *job, const Area *a, const Strip *s, const Phase *phase,
    int r, int first, int n)
{
  const AeConvPlan *p = job->plan;
  const AeRowBuffer *dst = &job->ends.dst, *residual = &job->ends.residual;
  AeTapGemm g = phase->gemm;
  int y = (a->y + r) * phases (p, p->geo.sh) + phase->y;
  if (y >= p->dst_h || first >= g.n_px)
    return;
  size_t at = (size_t) (a->x + first) * g.c_px
      + phase->x * (p->plain_dst ? 1 : 16);
  g.n_px = g.n_px - first < n ? g.n_px - first : n;
  g.a = s->data + r * source_step (p, p->geo.sh) * s->row + first * g.a_px;
  g.c = dst->data + destination_row (p, dst, a->image, y) + at;
  if (residual->data)
    g.residual
        = residual->data + destination_row (p, residual, a->image, y) + at;
  if (p->plain_dst)
    job->run->kernels->dots (&g);
  else
    job->run->kernels->gemm (&g);
}

/* Phases are interleaved in the destination: all of them go over a piece of a
 * row while it lies in the first-level cache. */
static void
run_part (const Job *job, Area a, float *scratch)
{
  const AeConvPlan *p = job->plan;
  if (a.cols <= 0)
    return;
  Strip s = make_strip (job, &a, scratch);
  const float *weights = job->ends.packed + p->dst_blocks * 16;
  Phase phase[MAX_STRIDE * MAX_STRIDE];
  int n = 0;
  for (int y = 0; y < phases (p, p->geo.sh); y++)
    for (int x = 0; x < phases (p, p->geo.sw); x++)
      weights += open_phase (job, &a, &s, y, x, weights, &phase[n++]);
  int piece = n > 1 ? PIECE : a.cols;
  for (int r = 0; r < a.rows; r++)
    for (int x = 0; x < a.cols; x += piece)
      for (int i = 0; i < n; i++)
        run_phase (job, &a, &s, &phase[i], r, x, piece);
}

/* Columns whose taps stay inside the source, as far as the area has them. */
static void
inner_columns (const Job *job, const Area *a, int *begin, int *end)
{
  const AeConvPlan *p = job->plan;
  int step = source_step (p, p->geo.sw), stop = a->x + a->cols;
  int left = job->reach_x.first < 0 ? -job->reach_x.first : 0;
  int last = p->src_w - 1 - job->reach_x.last;
  *begin = (left + step - 1) / step;
  *begin = *begin < a->x ? a->x : *begin;
  *end = last < 0 ? *begin : last / step + 1;
  *end = *end < stop ? *end : stop;
}

/* Where only the first and last columns need a border, the others take the
 * source as it is. */
static void
run_area (const Job *job, const Area *area, float *scratch)
{
  Area inner = *area, right = *area, left = *area;
  int begin, end;
  Strip s;
  inner_columns (job, area, &begin, &end);
  inner.x = begin;
  inner.cols = end - begin;
  if (job->plan->plain_src || inner.cols < area->cols / 2
      || !strip_in_place (job, &inner, &s)) {
    run_part (job, *area, scratch);
    return;
  }
  left.cols = begin - area->x;
  right.x = end;
  right.cols = area->x + area->cols - end;
  run_part (job, left, scratch);
  run_part (job, inner, scratch);
  run_part (job, right, scratch);
}

static void
run_job (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlan *p = job->plan;
  Area a = area_of (p, index);
  run_area (job, &a, job->run->work + thread * p->work);
}

void
ae_taps_run (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends)
{
  Job job = make_job (plan, run, ends);
  ae_pool_run (run->pool, run->n_threads, plan->n_jobs, run_job, &job);
}

/* Rows of a phase that make the destination rows. */
static AeRows
phase_rows (const AeConvPlan *p, const AeRows *dst)
{
  int n = phases (p, p->geo.sh);
  return (AeRows){ dst->begin / n, (dst->end + n - 1) / n };
}

void
ae_taps_reach (const AeConvPlan *p, AeRows *dst, AeRows *src)
{
  int n = phases (p, p->geo.sh), step = source_step (p, p->geo.sh);
  Reach reach = reach_of (p, n, axis_y);
  AeRows rows = phase_rows (p, dst);
  *dst = (AeRows){ rows.begin * n, rows.end * n };
  *src = (AeRows){ rows.begin * step + reach.first,
    (rows.end - 1) * step + reach.last + 1 };
}

/* How many of the n rows from y on to make together: those whose source rows
 * lie behind each other in the ring and inside the image, or those whose do
 * not. */
static int
rows_together (const Job *job, int y, int n)
{
  const AeConvPlan *p = job->plan;
  int step = source_step (p, p->geo.sh), ring = job->ends.src.ring;
  int extent = job->reach_y.last - job->reach_y.first + 1;
  int first = y * step + job->reach_y.first, rows = n;
  if (first < 0) {
    rows = (-first + step - 1) / step;
  } else if (!p->plain_src && first + extent <= p->src_h) {
    int place = first % ring, room = ring - place;
    int inside = (p->src_h - first - extent) / step + 1;
    rows = room >= extent ? (room - extent) / step + 1
                          : (room + step - 1) / step;
    rows = rows < inside ? rows : inside;
  }
  rows = rows < p->job_rows ? rows : p->job_rows;
  return rows < n ? rows : n;
}

void
ae_taps_run_rows (const AeConvPlan *p, const AeConvRun *run,
    const AeConvEnds *ends, AeRows rows)
{
  Job job = make_job (p, run, ends);
  AeRows all = phase_rows (p, &rows);
  int n = phases (p, p->geo.sw), w = (p->dst_w + n - 1) / n;
  for (int y = all.begin, together; y < all.end; y += together) {
    together = rows_together (&job, y, all.end - y);
    for (int x = 0; x < w; x += p->job_cols) {
      Area a = { .y = y, .x = x, .rows = together,
        .cols = w - x < p->job_cols ? w - x : p->job_cols };
      run_area (&job, &a, run->work);
    }
  }
}

static float *
partial_of (const Job *job, int index)
{
  const AeConvPlan *p = job->plan;
  return job->run->work + p->work * job->run->n_threads + index * p->partial;
}

static void
grad_area (const Job *job, const Area *a, const Strip *s, float *dw)
{
  const AeConvPlan *p = job->plan;
  Axis y = axis_y (p, 0), x = axis_x (p, 0);
  ptrdiff_t tap_x[AE_MAX_TAPS];
  int k_last, n_x = tap_columns (p, s, &x, &k_last, tap_x);
  int n_k = s->flat ? 1 : p->src_blocks;
  size_t row = (size_t) p->dst_blocks * p->dst_w * 16;
  AePixelGemm g = { .a_row = source_step (p, p->geo.sh) * s->row,
    .a_k = s->px,
    .b = job->ends.dst.data + ((size_t) a->image * p->dst_h + a->y) * row
        + (size_t) a->x * 16,
    .b_row = row, .b_block = (size_t) p->dst_w * 16,
    .c_block = (size_t) y.n * x.n * p->src_c * 16,
    .n_rows = a->rows, .n_k = a->cols, .n_blocks = p->dst_blocks };
  for (int i = 0; i < y.n; i++)
    for (int j = 0; j < n_x; j++)
      for (int block = 0; block < n_k; block++) {
        size_t k = ((size_t) i * x.n + j) * p->src_c + block * 16;
        g.a = s->data + (y.at[i] - s->first_y) * s->row + tap_x[j]
            + block * s->block;
        g.c = dw + k * 16;
        g.n_i = block + 1 < n_k ? 16 : k_last;
        job->run->kernels->grad_gemm (&g);
      }
}

/* A fixed share of the areas, so that sums are made in the same order for
 * every number of threads. */
static void
grad_job (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlan *p = job->plan;
  float *scratch = job->run->work + thread * p->work;
  float *dw = partial_of (job, index);
  memset (dw, 0, p->partial * sizeof (float));
  size_t end = p->n_jobs * (index + 1) / p->n_partial;
  for (size_t i = p->n_jobs * index / p->n_partial; i < end; i++) {
    Area a = area_of (p, i);
    Strip s = make_strip (job, &a, scratch);
    grad_area (job, &a, &s, dw);
  }
}

static void
unpack_one (
    const Job *job, size_t packed, int block, int k_y, int k_x, int channel)
{
  const AeConvPlan *p = job->plan;
  size_t stride;
  size_t at = real_weight (p, block, k_y, k_x, channel, &stride);
  int n = lanes_in (p, block);
  float sum[16] = { 0 };
  for (int i = 0; i < p->n_partial; i++)
    for (int lane = 0; lane < 16; lane++)
      sum[lane] += partial_of (job, i)[packed + lane];
  for (int lane = 0; lane < n; lane++) {
    float *dw = job->to + at + lane * stride;
    *dw = sum[lane] + (job->add ? *dw : 0);
  }
}

static void
unpack_job (void *arg, size_t index, int thread)
{
  (void) thread;
  visit_weights (arg, index, unpack_one);
}

void
ae_taps_weights (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, bool add, float *dw)
{
  Job job = make_job (plan, run, ends);
  job.to = dw;
  job.add = add;
  ae_pool_run (run->pool, run->n_threads, plan->n_partial, grad_job, &job);
  ae_pool_run (run->pool, run->n_threads, plan->dst_blocks, unpack_job, &job);
}
