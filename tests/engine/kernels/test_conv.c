/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fast convolutions of every instruction set against the definition. */
#include "ae_test.h"
#include "conv_trial.h"

#include <math.h>
#include <string.h>

/* A level beyond the machine's: plain C with the twin of the matrix
 * kernels. */
#define TWIN (AE_CPU_AMX + 1)

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
  AeTrialShape s = trial_shape (shape);
  *t = (Trial){ .g = trial_geometry (&s), .shape = shape, .level = level };
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
  t->run.work = trial_alloc (ae_conv_work_size (&t->plan, t->run.n_threads));
  float *packed = trial_alloc (t->plan.packed * sizeof *packed);
  ae_conv_pack (&t->plan, &t->run, w, bias, packed);
  float *x = as_pixels (src, from), *dst = as_pixels (residual, to);
  float *plain = trial_alloc (plain_count (to) * sizeof *plain);
  ae_conv_run (&t->plan, &t->run, x, packed, dst, clamp, dst);
  from_pixels (dst, to, plain);
  trial_free (packed);
  trial_free (x);
  trial_free (dst);
  trial_free (t->run.work);
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
  t->run.work = trial_alloc (ae_conv_work_size (&t->plan, t->run.n_threads));
  float *packed = trial_alloc (t->plan.packed * sizeof *packed);
  ae_conv_pack (&t->plan, &t->run, w, bias, packed);
  float *x = form == PLAIN_SRC ? NULL : as_blocked (&t->run, src, from);
  float *dst = as_blocked (&t->run, residual, to);
  float *plain = trial_alloc (plain_count (to) * sizeof *plain);
  if (form == PLAIN_DST) {
    ae_conv_run (&t->plan, &t->run, x, packed, residual, clamp, plain);
  } else {
    ae_conv_run (&t->plan, &t->run, form == PLAIN_SRC ? src : x, packed, dst,
        clamp, dst);
    ae_to_plain (&t->run, dst, to.n, to.c, to.h, to.w, false, plain);
  }
  trial_free (packed);
  trial_free (x);
  trial_free (dst);
  trial_free (t->run.work);
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
  AeConvPlain plain = trial_plain (&t.g);
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
    trial_free (all[i]);
}

static float *
weights_fast (
    Trial *t, bool plain_src, const float *in, const float *dout, float *dw)
{
  ck_assert (ae_conv_plan (
      &t->plan, &t->g, AE_CONV_WEIGHTS, plain_src, t->run.kernels));
  t->run.work = trial_alloc (ae_conv_work_size (&t->plan, t->run.n_threads));
  float *x = as_blocked (&t->run, in, in_dims (&t->g));
  float *dy = as_blocked (&t->run, dout, out_dims (&t->g));
  ae_conv_run_weights (
      &t->plan, &t->run, plain_src ? in : x, dy, true, dw);
  trial_free (x);
  trial_free (dy);
  trial_free (t->run.work);
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
  AeConvPlain plain = trial_plain (&t.g);
  ae_conv_plain_weights (&plain, in64, dout64, true, want);
  weights_fast (&t, plain_src, in, dout, dw);
  check_close (dw, want, n_w, 5e-5, "weights", shape, level);
  void *all[] = { in, dout, dw, in64, dout64, want };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    trial_free (all[i]);
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
    trial_free (all[i]);
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
    if (trial_shape (_i).ic <= 16)
      compare_data (_i, level, AE_CONV_FORWARD, PLAIN_SRC);
    if (trial_shape (_i).ic <= 16)
      compare_weights (_i, level, true);
    if (trial_shape (_i).oc <= 16)
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
  static const int threads[] = { 1, 2, 3, 8 };
  float *result[4];
  size_t n = 0;
  for (int i = 0; i < 4; i++) {
    Trial t;
    start (&t, _i, ae_cpu_level (), threads[i]);
    size_t n_w = weight_count (&t.g);
    size_t n_out = plain_count (out_dims (&t.g));
    float *in = random_floats (&t.rng, plain_count (in_dims (&t.g)));
    float *w = random_floats (&t.rng, n_w);
    float *bias = random_floats (&t.rng, t.g.oc);
    float *dout = random_floats (&t.rng, n_out);
    float *dw = trial_alloc (n_w * sizeof *dw);
    memset (dw, 0, n_w * sizeof *dw);
    float *out = run_fast (
        &t, AE_CONV_FORWARD, BLOCKED, in, w, bias, dout, NULL);
    if (t.g.groups == 0)
      weights_fast (&t, false, in, dout, dw);
    n = n_w + n_out;
    result[i] = trial_alloc (n * sizeof (float));
    memcpy (result[i], dw, n_w * sizeof (float));
    memcpy (result[i] + n_w, out, n_out * sizeof (float));
    void *all[] = { in, w, bias, dout, dw, out };
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
      trial_free (all[k]);
  }
  for (int i = 1; i < 4; i++) {
    ck_assert_mem_eq (result[0], result[i], n * sizeof (float));
    trial_free (result[i]);
  }
  trial_free (result[0]);
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
