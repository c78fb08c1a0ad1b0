/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fast convolutions of every instruction set against the definition. */
#include "ae_test.h"
#include "kernels/conv.h"
#include "kernels/conv_plain.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

typedef struct {
  int n, ic, h, w, oc, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr;
  int groups; /* 0: 1 */
} Shape;

/* Channels around the block size, images down to 1x1, strides that leave
 * rows unread, pads larger than the image. */
static const Shape shapes[] = {
  { 1, 16, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 48, 13, 70, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 3, 17, 7, 9, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 2, 13, 1, 1, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 2, 40, 5, 6, 12, 3, 3, 1, 1, 1, 1, 0, 0, 0, 0 },
  { 1, 32, 9, 11, 64, 3, 3, 1, 1, 1, 1, 2, 1, 0, 2 },
  { 5, 64, 16, 16, 80, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 3, 17, 19, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 1, 9, 23, 20, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 2, 32, 11, 13, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 2, 48, 10, 14, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 6, 11, 13, 32, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2 },
  { 1, 16, 9, 3, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1 },
  { 2, 32, 11, 13, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 4, 21, 21, 4, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2 },
  { 1, 20, 12, 31, 24, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0 },
  { 2, 20, 13, 15, 24, 1, 1, 2, 2, 1, 1, 0, 0, 0, 0 },
  { 1, 18, 15, 14, 24, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2 },
  { 2, 32, 16, 13, 20, 4, 4, 2, 2, 1, 1, 1, 1, 1, 1 },
  { 1, 24, 10, 10, 40, 6, 6, 2, 2, 1, 1, 2, 2, 2, 2 },
  { 1, 3, 20, 22, 64, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2 },
  { 2, 30, 9, 12, 18, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1 },
  { 2, 30, 9, 12, 18, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0 },
  { 1, 19, 25, 24, 17, 3, 5, 3, 2, 1, 1, 1, 0, 2, 1 },
  { 1, 19, 14, 24, 17, 3, 3, 1, 1, 2, 3, 2, 3, 2, 3 },
  { 1, 16, 14, 15, 16, 3, 3, 2, 2, 2, 1, 2, 1, 2, 1 },
  { 1, 8, 3, 2, 8, 7, 7, 1, 1, 1, 1, 3, 3, 3, 3 },
  { 1, 16, 5, 5, 16, 1, 1, 4, 3, 1, 1, 0, 0, 0, 0 },
  { 9, 100, 1, 1, 30, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0 },
  { 1, 33, 4, 400, 35, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 200, 3, 300, 17, 3, 1, 1, 1, 1, 1, 1, 0, 1, 0 },
  { 1, 48, 25, 44, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 2, 16, 36, 61, 16, 4, 4, 2, 2, 1, 1, 0, 0, 1, 1 },
  { 1, 32, 49, 50, 32, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2 },
  { 1, 300, 8, 6, 200, 4, 4, 2, 2, 1, 1, 1, 1, 1, 1 },
  { 2, 32, 9, 13, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 32 },
  { 1, 48, 11, 20, 48, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2, 48 },
  { 1, 64, 10, 11, 96, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4 },
  { 1, 128, 6, 9, 128, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4 },
  { 1, 48, 7, 9, 64, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 16 },
  { 1, 32, 8, 9, 64, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 32 },
  { 1, 32, 5, 6, 20, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 4 },
};
#define N_SHAPES ((int) (sizeof shapes / sizeof shapes[0]))

/* A level beyond the machine's: plain C with the twin of the matrix
 * kernels. */
#define TWIN (AE_CPU_AMX + 1)

static int
out_size (int in, int k, int s, int d, int begin, int end)
{
  return (in + begin + end - (k - 1) * d - 1) / s + 1;
}

static AeConvGeo
geometry (const Shape *s)
{
  return (AeConvGeo){ .n = s->n, .ic = s->ic, .ih = s->h, .iw = s->w,
    .oc = s->oc, .oh = out_size (s->h, s->kh, s->sh, s->dh, s->pt, s->pb),
    .ow = out_size (s->w, s->kw, s->sw, s->dw, s->pl, s->pr), .kh = s->kh,
    .kw = s->kw, .sh = s->sh, .sw = s->sw, .dh = s->dh, .dw = s->dw,
    .pt = s->pt, .pl = s->pl, .groups = s->groups };
}

static AeConvPlain
plain_form (const AeConvGeo *g)
{
  return (AeConvPlain){ .n = g->n, .groups = g->groups ? g->groups : 1, .ic = g->ic, .oc = g->oc,
    .in = { 1, g->ih, g->iw }, .out = { 1, g->oh, g->ow },
    .kernel = { 1, g->kh, g->kw }, .stride = { 1, g->sh, g->sw },
    .dilation = { 1, g->dh, g->dw }, .pad = { 0, g->pt, g->pl },
    .f64 = true, .n_threads = 1 };
}

typedef struct {
  int n, c, h, w;
} Dims;

static size_t
plain_count (Dims d)
{
  return (size_t) d.n * d.c * d.h * d.w;
}

static size_t
blocked_count (Dims d)
{
  return (size_t) d.n * ae_blocks (d.c) * 16 * d.h * d.w;
}

static Dims
in_dims (const AeConvGeo *g)
{
  return (Dims){ g->n, g->ic, g->ih, g->iw };
}

static Dims
out_dims (const AeConvGeo *g)
{
  return (Dims){ g->n, g->oc, g->oh, g->ow };
}

static float *
random_floats (AeRng *rng, size_t n)
{
  float *x = ae_alloc ((n + 1) * sizeof *x);
  for (size_t i = 0; i < n; i++)
    x[i] = ae_rng_uniform (rng) * 2 - 1;
  return x;
}

/* What a bf16 holds: products of them are exact in f32, so that kernels that
 * round to it have nothing to round. */
static void
round_floats (float *x, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    union {
      uint32_t u;
      float f;
    } bits = { (uint32_t) ae_to_bf16 (x[i]) << 16 };
    x[i] = bits.f;
  }
}

static double *
as_doubles (const float *x, size_t n)
{
  double *d = ae_calloc (n + 1, sizeof *d);
  for (size_t i = 0; x && i < n; i++)
    d[i] = x[i];
  return d;
}

/* Blocked, with large numbers in the lanes that mean nothing. */
static float *
as_blocked (const AeConvRun *run, const float *plain, Dims d)
{
  float *b = ae_alloc (blocked_count (d) * sizeof *b + 64);
  ae_to_blocked (run, plain, d.n, d.c, d.h, d.w, false, b);
  for (size_t p = 0; p < (size_t) d.n * d.h; p++)
    for (int x = 0; x < d.w; x++)
      for (int l = ae_last_block (d.c); l < 16; l++)
        b[((p * ae_blocks (d.c) + ae_blocks (d.c) - 1) * d.w + x) * 16 + l]
            = 1e6f;
  return b;
}

/* The bf16 values of AE_LAYOUT_PIXELS: element (n, c, y, x). */
static AeBf16 *
pixel_at (float *pixels, Dims d, int n, int c, int y, int x)
{
  size_t row = (size_t) n * d.h + y;
  AeBf16 *values = (AeBf16 *) (pixels + row * ae_pixels_row (d.c, d.w));
  return values + (size_t) x * d.c + c;
}

/* To pixels; NaN where rows are padded. */
static float *
as_pixels (const float *plain, Dims d)
{
  size_t floats = (size_t) d.n * d.h * ae_pixels_row (d.c, d.w);
  float *p = ae_alloc (floats * sizeof *p + 64);
  memset (p, 0xff, floats * sizeof *p);
  for (int n = 0; n < d.n; n++)
    for (int c = 0; c < d.c; c++)
      for (int y = 0; y < d.h; y++)
        for (int x = 0; x < d.w; x++)
          *pixel_at (p, d, n, c, y, x) = ae_to_bf16 (*plain++);
  return p;
}

static void
from_pixels (float *pixels, Dims d, float *plain)
{
  for (int n = 0; n < d.n; n++)
    for (int c = 0; c < d.c; c++)
      for (int y = 0; y < d.h; y++)
        for (int x = 0; x < d.w; x++) {
          uint32_t bits = (uint32_t) *pixel_at (pixels, d, n, c, y, x) << 16;
          memcpy (plain++, &bits, sizeof bits);
        }
}

/* Errors are measured against the largest value: sums over up to 5000
 * products in f32, and Winograd's transforms, keep about 5 digits. */
static void
check_close (const float *got, const double *want, size_t n, double tolerance,
    const char *what, int shape, int level)
{
  double worst = 0, scale = 1e-3;
  for (size_t i = 0; i < n; i++) {
    worst = fmax (worst, fabs (got[i] - want[i]));
    if (isnan (got[i]))
      worst = INFINITY;
    scale = fmax (scale, fabs (want[i]));
  }
  ck_assert_msg (worst <= tolerance * scale,
      "%s of shape %d at level %s: error %g of %g", what, shape,
      level == TWIN ? "twin" : ae_cpu_level_name ((AeCpuLevel) level), worst,
      scale);
}

typedef struct {
  AeConvGeo g;
  AeConvRun run;
  AeConvPlan plan;
  AeRng rng;
  int shape, level;
  bool bf16;
} Trial;

static bool
start (Trial *t, int shape, int level, int n_threads)
{
  static AeKernels twin;
  twin = *ae_kernels_at (AE_CPU_SCALAR);
  twin.matrix = &ae_matrix_scalar;
  const AeKernels *kernels
      = level == TWIN ? &twin : ae_kernels_at ((AeCpuLevel) level);
  *t = (Trial){ .g = geometry (&shapes[shape]), .shape = shape,
    .level = level };
  t->run = (AeConvRun){ kernels, ae_pool_shared (), n_threads, NULL };
  t->bf16 = kernels && kernels->matrix;
  ae_rng_seed (&t->rng, 7 + shape);
  return kernels != NULL;
}

static size_t
weight_count (const AeConvGeo *g)
{
  int groups = g->groups ? g->groups : 1;
  return (size_t) g->oc * g->ic / groups * g->kh * g->kw;
}

typedef enum {
  BLOCKED,
  PLAIN_SRC,
  PLAIN_DST
} Form;

static bool
plan_as (Trial *t, AeConvKind kind, Form form)
{
  return form == PLAIN_DST
      ? ae_conv_plan_plain_dst (&t->plan, &t->g, kind, t->run.kernels)
      : ae_conv_plan (
            &t->plan, &t->g, kind, form == PLAIN_SRC, t->run.kernels);
}

/* The same from pixels to pixels, where the method has them; NULL
 * otherwise. */
static float *
run_pixels (Trial *t, AeConvKind kind, const float *src, const float *w,
    const float *bias, const float *residual, const AeClamp *clamp)
{
  bool back = kind == AE_CONV_TRANSPOSED;
  Dims from = back ? out_dims (&t->g) : in_dims (&t->g);
  Dims to = back ? in_dims (&t->g) : out_dims (&t->g);
  if (!plan_as (t, kind, BLOCKED) || t->plan.method != AE_CONV_MATRIX)
    return NULL;
  t->plan.pixels_src = t->plan.pixels_dst = true;
  t->run.work = ae_alloc (ae_conv_work_size (&t->plan, t->run.n_threads));
  float *packed = ae_alloc (t->plan.packed * sizeof *packed);
  ae_conv_pack (&t->plan, &t->run, w, bias, packed);
  float *x = as_pixels (src, from), *dst = as_pixels (residual, to);
  float *plain = ae_alloc (plain_count (to) * sizeof *plain);
  ae_conv_run (&t->plan, &t->run, x, packed, dst, clamp, dst);
  from_pixels (dst, to, plain);
  ae_free (packed);
  ae_free (x);
  ae_free (dst);
  ae_free (t->run.work);
  return plain;
}

/* Source to destination with bias, residual and clamp; the result, plain. */
static float *
run_fast (Trial *t, AeConvKind kind, Form form, const float *src,
    const float *w, const float *bias, const float *residual,
    const AeClamp *clamp)
{
  bool back = kind == AE_CONV_TRANSPOSED;
  Dims from = back ? out_dims (&t->g) : in_dims (&t->g);
  Dims to = back ? in_dims (&t->g) : out_dims (&t->g);
  ck_assert (plan_as (t, kind, form));
  t->run.work = ae_alloc (ae_conv_work_size (&t->plan, t->run.n_threads));
  float *packed = ae_alloc (t->plan.packed * sizeof *packed);
  ae_conv_pack (&t->plan, &t->run, w, bias, packed);
  float *x = form == PLAIN_SRC ? NULL : as_blocked (&t->run, src, from);
  float *dst = as_blocked (&t->run, residual, to);
  float *plain = ae_alloc (plain_count (to) * sizeof *plain);
  if (form == PLAIN_DST) {
    ae_conv_run (&t->plan, &t->run, x, packed, residual, clamp, plain);
  } else {
    ae_conv_run (&t->plan, &t->run, form == PLAIN_SRC ? src : x, packed, dst,
        clamp, dst);
    ae_to_plain (&t->run, dst, to.n, to.c, to.h, to.w, false, plain);
  }
  ae_free (packed);
  ae_free (x);
  ae_free (dst);
  ae_free (t->run.work);
  return plain;
}

static const AeClamp leaky = { 0.1f, -INFINITY, 1.5f };

static void
compare_data (int shape, int level, AeConvKind kind, Form form)
{
  Trial t;
  if (!start (&t, shape, level, 2))
    return;
  bool must = form != PLAIN_DST && t.g.groups == 0;
  if (!must && !plan_as (&t, kind, form))
    return; /* too many channels, or no whole blocks */
  bool back = kind == AE_CONV_TRANSPOSED;
  Dims from = back ? out_dims (&t.g) : in_dims (&t.g);
  Dims to = back ? in_dims (&t.g) : out_dims (&t.g);
  size_t n = plain_count (to);
  size_t n_w = weight_count (&t.g);
  float *src = random_floats (&t.rng, plain_count (from));
  float *w = random_floats (&t.rng, n_w), *bias = random_floats (&t.rng, to.c);
  float *residual = random_floats (&t.rng, n);
  if (t.bf16) {
    round_floats (src, plain_count (from));
    round_floats (w, n_w);
  }
  float *got = run_fast (&t, kind, form, src, w, bias, residual, &leaky);
  double *src64 = as_doubles (src, plain_count (from));
  double *w64 = as_doubles (w, n_w), *bias64 = as_doubles (bias, to.c);
  double *want = as_doubles (residual, n);
  AeConvPlain plain = plain_form (&t.g);
  if (back)
    ae_conv_plain_transposed (&plain, src64, w64, bias64, true, want);
  else
    ae_conv_plain (&plain, src64, w64, bias64, true, want);
  double peak = 1;
  for (size_t i = 0; i < n; i++) {
    peak = fmax (peak, fabs (want[i]));
    want[i] = want[i] < 0 ? want[i] * 0.1f : want[i];
    want[i] = want[i] > 1.5 ? 1.5 : want[i];
  }
  check_close (got, want, n, 2e-5 * peak, back ? "transposed" : "forward",
      shape, level);
  void *all[] = { src, w, bias, residual, got, src64, w64, bias64, want };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    ae_free (all[i]);
}

static float *
weights_fast (
    Trial *t, bool plain_src, const float *in, const float *dout, float *dw)
{
  ck_assert (ae_conv_plan (
      &t->plan, &t->g, AE_CONV_WEIGHTS, plain_src, t->run.kernels));
  t->run.work = ae_alloc (ae_conv_work_size (&t->plan, t->run.n_threads));
  float *x = as_blocked (&t->run, in, in_dims (&t->g));
  float *dy = as_blocked (&t->run, dout, out_dims (&t->g));
  ae_conv_run_weights (
      &t->plan, &t->run, plain_src ? in : x, dy, true, dw);
  ae_free (x);
  ae_free (dy);
  ae_free (t->run.work);
  return dw;
}

static void
compare_weights (int shape, int level, bool plain_src)
{
  Trial t;
  if (!start (&t, shape, level, 2) || t.g.groups > 0)
    return;
  size_t n_in = plain_count (in_dims (&t.g));
  size_t n_out = plain_count (out_dims (&t.g));
  size_t n_w = weight_count (&t.g);
  float *in = random_floats (&t.rng, n_in);
  float *dout = random_floats (&t.rng, n_out);
  float *dw = random_floats (&t.rng, n_w);
  if (t.bf16) {
    round_floats (in, n_in);
    round_floats (dout, n_out);
  }
  double *in64 = as_doubles (in, n_in), *dout64 = as_doubles (dout, n_out);
  double *want = as_doubles (dw, n_w);
  AeConvPlain plain = plain_form (&t.g);
  ae_conv_plain_weights (&plain, in64, dout64, true, want);
  weights_fast (&t, plain_src, in, dout, dw);
  check_close (dw, want, n_w, 5e-5, "weights", shape, level);
  void *all[] = { in, dout, dw, in64, dout64, want };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    ae_free (all[i]);
}

/* From operands that bf16 holds, pixels are the blocked result rounded. */
static void
compare_pixels (int shape, int level, AeConvKind kind, const AeClamp *clamp)
{
  Trial t;
  if (!start (&t, shape, level, 2) || !t.bf16)
    return;
  bool back = kind == AE_CONV_TRANSPOSED;
  size_t n_in = plain_count (back ? out_dims (&t.g) : in_dims (&t.g));
  Dims to = back ? in_dims (&t.g) : out_dims (&t.g);
  size_t n = plain_count (to), n_w = weight_count (&t.g);
  float *src = random_floats (&t.rng, n_in), *w = random_floats (&t.rng, n_w);
  float *bias = random_floats (&t.rng, to.c);
  float *residual = random_floats (&t.rng, n);
  round_floats (src, n_in);
  round_floats (residual, n);
  float *got = run_pixels (&t, kind, src, w, bias, residual, clamp);
  float *want = NULL;
  if (got) {
    want = run_fast (&t, kind, BLOCKED, src, w, bias, residual, clamp);
    round_floats (want, n);
    ck_assert_mem_eq (got, want, n * sizeof *got);
  }
  void *all[] = { src, w, bias, residual, got, want };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    ae_free (all[i]);
}

START_TEST (test_pixels_are_the_blocked_result_rounded)
{
  static const AeClamp relu = { 1, 0, INFINITY };
  const AeClamp *clamps[] = { &leaky, &relu, NULL };
  for (int level = AE_CPU_AMX; level <= TWIN; level++)
    for (int i = 0; i < 3; i++) {
      compare_pixels (_i, level, AE_CONV_FORWARD, clamps[i]);
      compare_pixels (_i, level, AE_CONV_TRANSPOSED, clamps[i]);
    }
}
END_TEST

START_TEST (test_forward_matches_definition)
{
  for (int level = AE_CPU_SCALAR; level <= TWIN; level++)
    compare_data (_i, level, AE_CONV_FORWARD, BLOCKED);
}
END_TEST

START_TEST (test_transposed_matches_definition)
{
  for (int level = AE_CPU_SCALAR; level <= TWIN; level++)
    compare_data (_i, level, AE_CONV_TRANSPOSED, BLOCKED);
}
END_TEST

START_TEST (test_plain_destinations_match_definition)
{
  for (int level = AE_CPU_SCALAR; level <= TWIN; level++) {
    compare_data (_i, level, AE_CONV_FORWARD, PLAIN_DST);
    compare_data (_i, level, AE_CONV_TRANSPOSED, PLAIN_DST);
  }
}
END_TEST

START_TEST (test_weights_match_definition)
{
  for (int level = AE_CPU_SCALAR; level <= TWIN; level++)
    compare_weights (_i, level, false);
}
END_TEST

START_TEST (test_plain_sources_match_definition)
{
  for (int level = AE_CPU_SCALAR; level <= TWIN; level++) {
    if (shapes[_i].ic <= 16)
      compare_data (_i, level, AE_CONV_FORWARD, PLAIN_SRC);
    if (shapes[_i].ic <= 16)
      compare_weights (_i, level, true);
    if (shapes[_i].oc <= 16)
      compare_data (_i, level, AE_CONV_TRANSPOSED, PLAIN_SRC);
  }
}
END_TEST

START_TEST (test_whole_blocks_of_groups_are_fast)
{
  Trial t;
  start (&t, _i, AE_CPU_SCALAR, 1);
  if (t.g.groups == 0)
    return;
  for (int back = 0; back < 2; back++) {
    AeConvKind kind = back ? AE_CONV_TRANSPOSED : AE_CONV_FORWARD;
    bool fast = ae_conv_plan (&t.plan, &t.g, kind, false, t.run.kernels);
    ck_assert_int_eq (fast, (back ? t.g.oc : t.g.ic) % 16 == 0);
    if (fast)
      ck_assert_int_eq (t.plan.depthwise,
          t.g.groups == t.g.ic && t.g.groups == t.g.oc);
  }
}
END_TEST

/* Else a change of costs could leave one of them without a test. */
START_TEST (test_shapes_try_both_sizes_of_tiles)
{
  int seen[AE_MAX_TILE + 1] = { 0 };
  for (int i = 0; i < N_SHAPES; i++) {
    Trial t;
    start (&t, i, AE_CPU_SCALAR, 1);
    for (int back = 0; back < 2; back++) {
      AeConvKind kind = back ? AE_CONV_TRANSPOSED : AE_CONV_FORWARD;
      if (ae_conv_plan (&t.plan, &t.g, kind, false, t.run.kernels)
          && t.plan.method == AE_CONV_WINOGRAD)
        seen[t.plan.tile] |= t.g.sh == 1 ? 1 : back ? 2 : 4;
    }
  }
  ck_assert_int_eq (seen[4], 7);
  ck_assert_int_eq (seen[6], 7);
}
END_TEST

START_TEST (test_threads_do_not_change_a_bit)
{
  float *result[2];
  size_t n = 0;
  for (int i = 0; i < 2; i++) {
    Trial t;
    start (&t, _i, ae_cpu_level (), i + 1);
    size_t n_w = weight_count (&t.g);
    size_t n_out = plain_count (out_dims (&t.g));
    float *in = random_floats (&t.rng, plain_count (in_dims (&t.g)));
    float *w = random_floats (&t.rng, n_w);
    float *bias = random_floats (&t.rng, t.g.oc);
    float *dout = random_floats (&t.rng, n_out);
    float *dw = ae_calloc (n_w, sizeof *dw);
    float *out = run_fast (
        &t, AE_CONV_FORWARD, BLOCKED, in, w, bias, dout, NULL);
    if (t.g.groups == 0)
      weights_fast (&t, false, in, dout, dw);
    n = n_w + n_out;
    result[i] = ae_alloc (n * sizeof (float));
    memcpy (result[i], dw, n_w * sizeof (float));
    memcpy (result[i] + n_w, out, n_out * sizeof (float));
    void *all[] = { in, w, bias, dout, dw, out };
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
      ae_free (all[k]);
  }
  ck_assert_mem_eq (result[0], result[1], n * sizeof (float));
  ae_free (result[0]);
  ae_free (result[1]);
}
END_TEST

static Suite *
conv_suite (void)
{
  Suite *suite = suite_create ("kernels/conv");
  TCase *tests = tcase_create ("conv");
  tcase_set_timeout (tests, 120);
  tcase_add_loop_test (
      tests, test_plain_destinations_match_definition, 0, N_SHAPES);
  tcase_add_loop_test (
      tests, test_pixels_are_the_blocked_result_rounded, 0, N_SHAPES);
  tcase_add_loop_test (tests, test_forward_matches_definition, 0, N_SHAPES);
  tcase_add_loop_test (
      tests, test_transposed_matches_definition, 0, N_SHAPES);
  tcase_add_loop_test (tests, test_weights_match_definition, 0, N_SHAPES);
  tcase_add_loop_test (
      tests, test_plain_sources_match_definition, 0, N_SHAPES);
  tcase_add_loop_test (
      tests, test_whole_blocks_of_groups_are_fast, 0, N_SHAPES);
  tcase_add_test (tests, test_shapes_try_both_sizes_of_tiles);
  tcase_add_loop_test (tests, test_threads_do_not_change_a_bit, 0, N_SHAPES);
  suite_add_tcase (suite, tests);
  return suite;
}

AE_TEST_MAIN (conv_suite)
