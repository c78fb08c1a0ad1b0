/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Winograd's F(4x4,3x3) (Lavin and Gray, 2016): 36 small matrix products
 * instead of 9 large ones with four times the multiplications. A job is a strip
 * of `strip` tiles, consecutive over images, tile rows and tile columns, whose
 * transformed values stay in the core's own cache.
 *
 * Stride 2 with kernels of 4 to 6 is the same thing on images whose channels
 * are the 2x2 phases of the real ones; the phases are read and written in
 * place. */
#include "kernels/phases.h"

#include <string.h>

#define FREQS 36
#define STRIP_BYTES (448 << 10) /* of transformed values per job */
#define MAX_PARTIAL 8
#define PARTIAL_TILES 96
#define MAX_PARTIAL_BYTES ((size_t) 64 << 20)

static int
in_blocks (const AeConvPlan *p)
{
  return ae_phases_in (p) * p->src_blocks;
}

/* Strides in floats between frequencies; the odd 16 keeps the 36 streams out
 * of one cache set. */
static size_t
in_freq (const AeConvPlan *p)
{
  return (size_t) in_blocks (p) * p->strip * 16 + 16;
}

static size_t
out_freq (const AeConvPlan *p)
{
  return (size_t) ae_virtual_out_blocks (p) * p->strip * 16 + 16;
}

static size_t
weight_block (const AeConvPlan *p)
{
  return (size_t) ae_phases_in (p) * p->src_c * 16;
}

static size_t
weight_freq (const AeConvPlan *p)
{
  return ae_virtual_out_blocks (p) * weight_block (p) + 16;
}

/* The rows of a strip, blocked, where the source is plain. */
static size_t
plain_floats (const AeConvPlan *p)
{
  return p->plain_src ? (size_t) 6 * (4 * p->strip + 2) * 16 : 0;
}

static size_t
total_tiles (const AeConvPlan *p)
{
  return (size_t) p->geo.n * p->tiles_y * p->tiles_x;
}

/* Vector operations per virtual destination pixel and block of 16 lanes:
 * products (36 per 16 pixels) and the measured cost of the transforms, against
 * one product per tap. */
static bool
worthwhile (const AeConvPlan *p)
{
  const AeConvGeo *g = &p->geo;
  if (g->dh != 1 || g->dw != 1 || g->sh != g->sw || g->sh > 2
      || (g->sh == 1 && (g->kh != 3 || g->kw != 3)))
    return false;
  int phases = g->sh * g->sh;
  bool back = p->kind == AE_CONV_TRANSPOSED;
  double product = (double) p->src_c * p->dst_blocks;
  double taps = product * g->kh * g->kw;
  double in = 20.0 * p->src_blocks * (back ? 1 : phases);
  double out = 16.0 * p->dst_blocks * (back ? phases : 1);
  return product * phases * 36 / 16 + in + out < taps;
}

static void
choose_strip (AeConvPlan *p, const AeKernels *kernels)
{
  int unit = kernels->gemm_px (ae_virtual_out_blocks (p));
  int bytes = FREQS * 64 * (in_blocks (p) + ae_virtual_out_blocks (p));
  int strip = STRIP_BYTES / bytes / unit * unit;
  int least = (24 + unit - 1) / unit * unit, most = 64 / unit * unit;
  strip = strip < least ? least : strip > most ? most : strip;
  /* Small images: leave some jobs for every core. */
  while (strip > unit && total_tiles (p) < (size_t) strip * 8)
    strip -= unit;
  p->strip = strip;
  p->n_jobs = (total_tiles (p) + strip - 1) / strip;
}

static void
choose_partials (AeConvPlan *p)
{
  p->partial = FREQS * weight_freq (p);
  /* Each is cleared and summed at the end: that must stay a small part. */
  size_t worth = total_tiles (p) / PARTIAL_TILES;
  p->n_partial = worth < 2 ? 2 : worth < MAX_PARTIAL ? worth : MAX_PARTIAL;
  if (p->n_jobs < (size_t) p->n_partial)
    p->n_partial = p->n_jobs;
  while (p->n_partial > 1
         && p->partial * p->n_partial * sizeof (float) > MAX_PARTIAL_BYTES)
    p->n_partial--;
}

bool
ae_winograd_plan (AeConvPlan *p, const AeKernels *kernels)
{
  if (!worthwhile (p))
    return false;
  ae_phases_plan (p);
  if (p->taps_y > 3 || p->taps_x > 3
      || (p->plain_src && (p->in_step > 1 || p->src_c > AE_BLOCK)))
    return false;
  int h = ae_virtual_size (p, p->dst_h);
  int w = ae_virtual_size (p, p->dst_w);
  p->tiles_y = (h + 3) / 4;
  p->tiles_x = (w + 3) / 4;
  choose_strip (p, kernels);
  p->packed = p->dst_blocks * 16 + FREQS * weight_freq (p);
  p->work = FREQS * (in_freq (p) + out_freq (p)) + plain_floats (p);
  if (p->kind == AE_CONV_WEIGHTS)
    choose_partials (p);
  return true;
}

typedef struct {
  const AeConvPlan *plan;
  const AeConvRun *run;
  const float *from; /* weights */
  float *to;         /* packed weights, or their gradient */
  bool add;
  AeRowBuffer src, dst; /* for the gradient of weights: in and dout */
  AeRowBuffer residual; /* data NULL: none */
  const float *packed;
  const AeClamp *clamp;
  size_t first, end, per_job; /* tiles */
} Job;

static void
pack_job (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlan *p = job->plan;
  (void) thread;
  int n_k = ae_phases_in (p) * p->src_c;
  int block = index / n_k, k = index % n_k;
  AeRealWeights real = ae_real_weights (p, k, block);
  float w[9 * 16] = { 0 };
  for (int t = 0; t < 9; t++) {
    int tap = ae_real_tap (p, &real, t / 3, t % 3);
    const float *from = job->from + real.first + tap;
    for (int lane = 0; lane < real.lanes && tap >= 0; lane++)
      w[t * 16 + lane] = from[lane * real.lane];
  }
  job->run->kernels->tile_weights (
      w, job->to + block * weight_block (p) + k * 16, weight_freq (p));
}

void
ae_winograd_pack (const AeConvPlan *plan, const AeConvRun *run,
    const float *weights, float *u)
{
  Job job = { .plan = plan, .run = run, .from = weights, .to = u };
  size_t n = (size_t) ae_virtual_out_blocks (plan) * ae_phases_in (plan);
  ae_pool_run (
      run->pool, run->n_threads, n * plan->src_c, pack_job, &job);
}

/* Tiles `first` .. of a strip that lie in one tile row. */
typedef struct {
  int image, tile_y, tile_x, n;
  int at; /* place in the strip */
} Segment;

static Segment
segment_at (const AeConvPlan *p, size_t tile, int at, int left)
{
  Segment s = { .at = at };
  s.tile_x = tile % p->tiles_x;
  size_t row = tile / p->tiles_x;
  s.tile_y = row % p->tiles_y;
  s.image = row / p->tiles_y;
  s.n = p->tiles_x - s.tile_x < left ? p->tiles_x - s.tile_x : left;
  return s;
}

/* One side of the convolution: an image seen as `step` x `step` phases. */
typedef struct {
  const AeRowBuffer *rows, *residual;
  int h, w, blocks, step, pad_y, pad_x, n_rows;
} Side;

static float *
row_of (const Side *s, const AeRowBuffer *b, int image, int y, int block,
    int x)
{
  size_t row = ((size_t) image * s->h + y % b->ring) * s->blocks + block;
  return b->data + (row * s->w + x) * 16;
}

/* Everything but freq, for virtual block `block` of the side. */
static AeTiles
tiles_of (const Side *s, const Segment *seg, int block)
{
  AePhase v = ae_phase_at (block, s->blocks, s->step);
  AeTiles t = { .px = 16 * s->step,
    .x = seg->tile_x * 4 - s->pad_x,
    .width = (s->w - v.phase_x + s->step - 1) / s->step,
    .n = seg->n };
  for (int r = 0; r < s->n_rows; r++) {
    int y = (seg->tile_y * 4 - s->pad_y + r) * s->step + v.phase_y;
    if (y < 0 || y >= s->h || v.phase_x >= s->w)
      continue;
    t.row[r] = row_of (s, s->rows, seg->image, y, v.channel, v.phase_x);
    if (s->residual && s->residual->data)
      t.residual[r]
          = row_of (s, s->residual, seg->image, y, v.channel, v.phase_x);
  }
  return t;
}

typedef void (*TilesFn) (const AeTiles *t);

/* Some consecutive tiles: what a job works on at a time. */
typedef struct {
  size_t first;
  int n;
} Strip;

static Strip
strip_at (const Job *job, size_t index)
{
  size_t first = job->first + index * job->per_job, left = job->end - first;
  return (Strip){ first, left < job->per_job ? left : job->per_job };
}

/* Runs fn on every virtual block of every segment of the strip. */
static void
transform (const AeConvPlan *p, const Strip *strip, const Side *side,
    TilesFn fn, float *freq, size_t stride, const float *bias,
    const AeClamp *clamp)
{
  int n = strip->n;
  int n_blocks = side->step * side->step * side->blocks;
  for (int at = 0; at < n;) {
    Segment seg = segment_at (p, strip->first + at, at, n - at);
    for (int block = 0; block < n_blocks; block++) {
      AeTiles t = tiles_of (side, &seg, block);
      t.freq = freq + ((size_t) block * p->strip + at) * 16;
      t.freq_stride = stride;
      t.bias = bias ? bias + block % side->blocks * 16 : NULL;
      t.clamp = clamp;
      fn (&t);
    }
    at += seg.n;
  }
}

static Side
source_side (const Job *job)
{
  const AeConvPlan *p = job->plan;
  return (Side){ &job->src, NULL, p->src_h, p->src_w, p->src_blocks,
    p->in_step, p->pad_y, p->pad_x, 6 };
}

static Side
destination_side (const Job *job)
{
  const AeConvPlan *p = job->plan;
  return (Side){ &job->dst, &job->residual, p->dst_h, p->dst_w,
    p->dst_blocks, p->out_step, 0, 0, 4 };
}

/* The tiles of a plain source: their rows are brought into the blocked layout
 * in `rows`, where column 0 is the first one needed. */
static AeTiles
plain_tiles (const Job *job, const Segment *seg, float *rows)
{
  const AeConvPlan *p = job->plan;
  int x = seg->tile_x * 4 - p->pad_x, first = x < 0 ? 0 : x;
  int end = x + 4 * seg->n + 2 < p->src_w ? x + 4 * seg->n + 2 : p->src_w;
  AeTiles t = { .px = 16, .x = x - first, .width = p->src_w - first,
    .n = seg->n };
  size_t plane = job->src.plane;
  const float *image = job->src.data + seg->image * p->src_c * plane;
  for (int r = 0; r < 6 && first < end; r++) {
    int y = seg->tile_y * 4 - p->pad_y + r;
    if (y < 0 || y >= p->src_h)
      continue;
    t.row[r] = rows + (size_t) r * (4 * p->strip + 2) * 16;
    size_t at = (size_t) (y % job->src.ring) * p->src_w + first;
    job->run->kernels->row_to_blocked (image + at, plane, p->src_c, end - first,
        t.row[r], false);
  }
  return t;
}

/* The transformed source of a strip, to v. `rows`: plain_floats () of
 * scratch. */
static void
transform_in (const Job *job, const Strip *strip, float *v, float *rows)
{
  const AeConvPlan *p = job->plan;
  const AeKernels *kernels = job->run->kernels;
  Side in = source_side (job);
  if (!p->plain_src) {
    transform (
        p, strip, &in, kernels->tiles_in, v, in_freq (p), NULL, NULL);
    return;
  }
  for (int at = 0; at < strip->n;) {
    Segment seg = segment_at (p, strip->first + at, at, strip->n - at);
    AeTiles t = plain_tiles (job, &seg, rows);
    t.freq = v + (size_t) at * 16;
    t.freq_stride = in_freq (p);
    kernels->tiles_in (&t);
    at += seg.n;
  }
}

static void
multiply (const Job *job, int n, const float *v, float *m)
{
  const AeConvPlan *p = job->plan;
  static const ptrdiff_t none[1];
  ptrdiff_t phase[4];
  for (int i = 0; i < 4; i++)
    phase[i] = (ptrdiff_t) i * p->src_blocks * p->strip * 16;
  AeTapGemm g = { .a_px = 16,
    .a_block = (size_t) p->strip * 16,
    .n_y = ae_phases_in (p),
    .n_x = 1,
    .n_k = p->src_blocks,
    .k_last = ae_last_block (p->src_c),
    .tap_y = phase,
    .tap_x = none,
    .b_block = weight_block (p),
    .c_block = (size_t) p->strip * 16,
    .c_px = 16,
    .n_px = n,
    .n_blocks = ae_virtual_out_blocks (p) };
  for (int f = 0; f < FREQS; f++) {
    g.a = v + f * in_freq (p);
    g.b = job->packed + p->dst_blocks * 16 + f * weight_freq (p);
    g.c = m + f * out_freq (p);
    job->run->kernels->gemm (&g);
  }
}

static void
run_job (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlan *p = job->plan;
  const AeKernels *kernels = job->run->kernels;
  float *v = job->run->work + thread * p->work;
  float *m = v + FREQS * in_freq (p);
  Side out = destination_side (job);
  Strip strip = strip_at (job, index);
  transform_in (job, &strip, v, m + FREQS * out_freq (p));
  multiply (job, strip.n, v, m);
  transform (p, &strip, &out, kernels->tiles_out, m, out_freq (p),
      job->packed, job->clamp);
}

static Job
make_job (const AeConvPlan *plan, const AeConvRun *run, const AeConvEnds *ends)
{
  return (Job){ .plan = plan, .run = run, .src = ends->src,
    .dst = ends->dst, .residual = ends->residual, .packed = ends->packed,
    .clamp = ends->clamp, .end = total_tiles (plan), .per_job = plan->strip };
}

void
ae_winograd_run (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends)
{
  Job job = make_job (plan, run, ends);
  ae_pool_run (run->pool, run->n_threads, plan->n_jobs, run_job, &job);
}

/* Tile rows that make the destination rows. */
static AeRows
tile_rows (const AeConvPlan *p, const AeRows *dst)
{
  int rows = 4 * p->out_step;
  return (AeRows){ dst->begin / rows, (dst->end + rows - 1) / rows };
}

void
ae_winograd_reach (const AeConvPlan *p, AeRows *dst, AeRows *src)
{
  AeRows tiles = tile_rows (p, dst);
  *dst = (AeRows){ tiles.begin * 4 * p->out_step,
    tiles.end * 4 * p->out_step };
  *src = (AeRows){ (tiles.begin * 4 - p->pad_y) * p->in_step,
    (tiles.end * 4 + 2 - p->pad_y) * p->in_step };
}

/* The tiles in equal jobs, none left with a few. */
void
ae_winograd_run_rows (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, AeRows rows)
{
  Job job = make_job (plan, run, ends);
  AeRows tiles = tile_rows (plan, &rows);
  job.first = (size_t) tiles.begin * plan->tiles_x;
  job.end = (size_t) tiles.end * plan->tiles_x;
  size_t n = job.end - job.first;
  size_t n_jobs = (n + plan->strip - 1) / plan->strip;
  size_t unit = run->kernels->gemm_px (ae_virtual_out_blocks (plan));
  job.per_job = ((n + n_jobs - 1) / n_jobs + unit - 1) / unit * unit;
  for (size_t i = 0; i * job.per_job < n; i++)
    run_job (&job, i, 0);
}

static float *
partial_of (const Job *job, int index)
{
  const AeConvPlan *p = job->plan;
  return job->run->work + p->work * job->run->n_threads + index * p->partial;
}

/* du += V' Z for every frequency. */
static void
multiply_grad (
    const Job *job, int n, const float *v, const float *z, float *du)
{
  const AeConvPlan *p = job->plan;
  size_t strip = (size_t) p->strip * 16;
  AePixelGemm g = { .a_k = 16,
    .b_block = strip,
    .c_block = weight_block (p),
    .n_rows = 1,
    .n_k = n,
    .n_blocks = ae_virtual_out_blocks (p) };
  for (int f = 0; f < FREQS; f++)
    for (int block = 0; block < in_blocks (p); block++) {
      AePhase in = ae_phase_at (block, p->src_blocks, 1);
      int k = in.phase_y * p->src_c + in.channel * 16;
      g.n_i = in.channel + 1 < p->src_blocks ? 16 : ae_last_block (p->src_c);
      g.a = v + f * in_freq (p) + block * strip;
      g.b = z + f * out_freq (p);
      g.c = du + f * weight_freq (p) + k * 16;
      job->run->kernels->grad_gemm (&g);
    }
}

/* A fixed share of the strips, so that sums are made in the same order for
 * every number of threads. */
static void
grad_job (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlan *p = job->plan;
  const AeKernels *kernels = job->run->kernels;
  float *v = job->run->work + thread * p->work;
  float *z = v + FREQS * in_freq (p), *du = partial_of (job, index);
  Side out = destination_side (job);
  memset (du, 0, p->partial * sizeof (float));
  size_t end = p->n_jobs * (index + 1) / p->n_partial;
  for (size_t s = p->n_jobs * index / p->n_partial; s < end; s++) {
    Strip strip = strip_at (job, s);
    transform_in (job, &strip, v, z + FREQS * out_freq (p));
    transform (p, &strip, &out, kernels->tiles_out_grad, z, out_freq (p),
        NULL, NULL);
    multiply_grad (job, strip.n, v, z, du);
  }
}

static void
reduce (const Job *job, int k, int block)
{
  const AeConvPlan *p = job->plan;
  float u[FREQS * 16] = { 0 }, w[9 * 16];
  for (int i = 0; i < p->n_partial; i++) {
    const float *du = partial_of (job, i) + block * weight_block (p) + k * 16;
    for (int f = 0; f < FREQS; f++)
      for (int lane = 0; lane < 16; lane++)
        u[f * 16 + lane] += du[f * weight_freq (p) + lane];
  }
  job->run->kernels->tile_weights_grad (u, 16, w);
  AeRealWeights real = ae_real_weights (p, k, block);
  for (int t = 0; t < 9; t++) {
    int tap = ae_real_tap (p, &real, t / 3, t % 3);
    float *to = job->to + real.first + tap;
    for (int lane = 0; lane < real.lanes && tap >= 0; lane++)
      to[lane * real.lane]
          = w[t * 16 + lane] + (job->add ? to[lane * real.lane] : 0);
  }
}

/* Input channels are reduced by blocks: two threads that wrote neighbouring
 * ones would fight for cache lines. */
static int
reduce_groups (const AeConvPlan *p)
{
  return (ae_phases_in (p) * p->src_c + AE_BLOCK - 1) / AE_BLOCK;
}

static void
reduce_job (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlan *p = job->plan;
  (void) thread;
  int n_k = ae_phases_in (p) * p->src_c, groups = reduce_groups (p);
  int block = index / groups, k = index % groups * AE_BLOCK;
  for (int end = k + AE_BLOCK; k < end && k < n_k; k++)
    reduce (job, k, block);
}

void
ae_winograd_weights (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, bool add, float *dw)
{
  Job job = make_job (plan, run, ends);
  job.to = dw;
  job.add = add;
  ae_pool_run (run->pool, run->n_threads, plan->n_partial, grad_job, &job);
  ae_pool_run (run->pool, run->n_threads,
      (size_t) ae_virtual_out_blocks (plan) * reduce_groups (plan), reduce_job,
      &job);
}
