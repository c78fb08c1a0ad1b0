/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "kernels/kernels.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

enum { STRIDE = 40, ROWS = 24, WIDE = 4 * AE_FLOW_LANES, N_ROWS = 24 };

/* Sums are added up in another order, and multiplied and added at once. */
#define RELATIVE 1e-4

#define EACH_LEVEL(kernels)                                                   \
  for (AeCpuLevel level = AE_CPU_SCALAR; level <= AE_CPU_AMX; level++)        \
    for (const AeKernels *kernels = ae_kernels_at (level); kernels;           \
         kernels = NULL)

static void
ck_near (const float *found, const float *wanted, int n, double scale)
{
  for (int i = 0; i < n; i++)
    ck_assert_double_le (fabs ((double) found[i] - wanted[i]),
        RELATIVE * (scale + fabs ((double) wanted[i])));
}

static void
fill (AeRng *rng, float *to, int n, float low, float high)
{
  for (int i = 0; i < n; i++)
    to[i] = low + (high - low) * ae_rng_uniform (rng);
}

START_TEST (test_patches_fit_alike)
{
  const AeFlowKernels *plain = ae_kernels_at (AE_CPU_SCALAR)->flow;
  static float now[ROWS * STRIDE], before[ROWS * STRIDE];
  static float gx[ROWS * STRIDE], gy[ROWS * STRIDE];
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) _i);
  fill (&rng, now, ROWS * STRIDE, 0, 255);
  fill (&rng, before, ROWS * STRIDE, 0, 255);
  fill (&rng, gx, ROWS * STRIDE, -60, 60);
  fill (&rng, gy, ROWS * STRIDE, -60, 60);
  /* some that differ by less than the least that counts */
  for (int i = 0; i < ROWS * STRIDE; i += 3)
    before[i] = now[i] + 0.5f;
  AeFlowPatch patch = { now + STRIDE + 3 + _i, gx + 5, gy + _i, STRIDE, 37 };
  AeFlowPlace place = { before + STRIDE + 3 + _i, STRIDE,
    _i ? ae_rng_uniform (&rng) : 0, _i ? ae_rng_uniform (&rng) : 0 };
  AeFlowMoments m;
  AeFlowFit f;
  float weights[AE_FLOW_PATCH * AE_FLOW_PATCH];
  plain->moments (&patch, &m);
  plain->fit (&patch, &place, &f);
  plain->weigh (&patch, &place, weights);
  EACH_LEVEL (kernels) {
    AeFlowMoments m2;
    AeFlowFit f2;
    float weights2[AE_FLOW_PATCH * AE_FLOW_PATCH];
    kernels->flow->moments (&patch, &m2);
    kernels->flow->fit (&patch, &place, &f2);
    kernels->flow->weigh (&patch, &place, weights2);
    ck_near ((float *) &m2, (float *) &m, 5, 1e4);
    ck_near ((float *) &f2, (float *) &f, 4, 1e4);
    ck_near (weights2, weights, AE_FLOW_PATCH * AE_FLOW_PATCH, 1);
  }
}
END_TEST

/* A patch by its definition: what the plain kernels are held to. */
START_TEST (test_a_fit_is_what_it_says)
{
  const AeFlowKernels *plain = ae_kernels_at (AE_CPU_SCALAR)->flow;
  float ones[9 * 9], ramp[9 * 9];
  for (int i = 0; i < 81; i++) {
    ones[i] = 1;
    ramp[i] = (float) (i % 9 + 10 * (i / 9));
  }
  /* the ramp half a pixel to the right and a quarter below is 3 larger */
  AeFlowPatch patch = { ramp, ones, ramp, 9, 9 };
  AeFlowPlace place = { ramp, 9, 0.5f, 0.25f };
  AeFlowFit f;
  AeFlowMoments m;
  float weights[64];
  plain->fit (&patch, &place, &f);
  plain->moments (&patch, &m);
  plain->weigh (&patch, &place, weights);
  ck_assert_float_eq (f.sum, 64 * 3);
  ck_assert_float_eq (f.squares, 64 * 9);
  ck_assert_float_eq (f.bx, 64 * 3);
  ck_assert_float_eq (f.by, 64 * 3 * 38.5f);
  ck_assert_float_eq (m.gx, 64);
  ck_assert_float_eq (m.xx, 64);
  ck_assert_float_eq (m.gy, 64 * 38.5f);
  ck_assert_float_eq (m.xy, 64 * 38.5f);
  ck_assert_float_eq_tol (weights[63], 1 / 3.0f, 1e-6f);
}
END_TEST

static float row[N_ROWS][WIDE];

static void
fill_rows (uint64_t seed, float low, float high)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  fill (&rng, row[0], N_ROWS * WIDE, low, high);
}

START_TEST (test_rows_hold_alike)
{
  int n = AE_FLOW_LANES * (_i + 1);
  float wanted[WIDE], found[WIDE];
  fill_rows ((uint64_t) _i, -8, 8);
  for (int i = 0; i < WIDE; i++)
    row[6][i] = i < n - 5;
  memcpy (row[2], row[0], sizeof row[2] / 2); /* some do not differ */
  AeFlowHold r = { row[0], row[1], row[2], row[3], row[4], row[5], row[6], 20,
    1e-6f, wanted, n };
  memset (wanted, 0x77, sizeof wanted);
  ae_kernels_at (AE_CPU_SCALAR)->flow->hold (&r);
  EACH_LEVEL (kernels) {
    memset (found, 0x77, sizeof found);
    r.hold = found;
    kernels->flow->hold (&r);
    ck_near (found, wanted, n, 0);
    ck_assert_mem_eq (found + n, wanted + n, sizeof (float) * (WIDE - n));
  }
}
END_TEST

START_TEST (test_rows_balance_alike)
{
  int n = AE_FLOW_LANES * (_i + 1);
  float wanted[5][WIDE], found[5][WIDE];
  fill_rows ((uint64_t) _i, -20, 20);
  for (int i = 0; i < WIDE; i++) {
    for (int k = 10; k < 13; k++)
      row[k][i] = fabsf (row[k][i]) + 0.01f;
    row[13][i] = i < n - 3;
    row[14][i] = i < n - 4;
  }
  AeFlowBalance r = { row[0], row[1], row[2], row[3], row[4], row[5], row[6],
    row[7], row[8], row[9], row[10], row[11], row[12], row[13], row[14],
    (float) (_i & 1), 5, 10, 0.01f, 1e-6f, 1.6f, wanted[0], wanted[1],
    wanted[2], wanted[3], wanted[4], n };
  memset (wanted, 0x77, sizeof wanted);
  ae_kernels_at (AE_CPU_SCALAR)->flow->balance (&r);
  for (int i = n - 3; i < n; i++)
    ck_assert (wanted[3][i] == 0 && wanted[4][i] == 0);
  EACH_LEVEL (kernels) {
    memset (found, 0x77, sizeof found);
    r.a12 = found[0];
    r.b1 = found[1];
    r.b2 = found[2];
    r.inverse1 = found[3];
    r.inverse2 = found[4];
    kernels->flow->balance (&r);
    for (int k = 0; k < 5; k++) {
      /* products of some 10, some of which cancel */
      ck_near (found[k], wanted[k], n, k < 3 ? 1 : 0);
      ck_assert_mem_eq (
          found[k] + n, wanted[k] + n, sizeof (float) * (WIDE - n));
    }
  }
}
END_TEST

START_TEST (test_rows_relax_alike)
{
  int n = AE_FLOW_LANES * (_i + 1);
  float wanted[2][WIDE], found[2][WIDE];
  fill_rows ((uint64_t) _i, -2, 2);
  AeFlowRelax r = { row[0], row[1], row[2], row[3], row[4], row[5], row[6],
    row[7], row[8], row[9], row[10], row[11], row[12], row[13], row[14],
    row[15], 1.6f, wanted[0], wanted[1], n };
  memcpy (wanted, row[16], sizeof wanted);
  ae_kernels_at (AE_CPU_SCALAR)->flow->relax (&r);
  EACH_LEVEL (kernels) {
    memcpy (found, row[16], sizeof found);
    r.u = found[0];
    r.v = found[1];
    kernels->flow->relax (&r);
    for (int k = 0; k < 2; k++) {
      ck_near (found[k], wanted[k], n, 1);
      ck_assert_mem_eq (
          found[k] + n, wanted[k] + n, sizeof (float) * (WIDE - n));
    }
  }
}
END_TEST

static Suite *
flow_suite (void)
{
  Suite *suite = suite_create ("flow");
  TCase *tcase = tcase_create ("flow");
  tcase_add_loop_test (tcase, test_patches_fit_alike, 0, 8);
  tcase_add_test (tcase, test_a_fit_is_what_it_says);
  tcase_add_loop_test (tcase, test_rows_hold_alike, 0, 3);
  tcase_add_loop_test (tcase, test_rows_balance_alike, 0, 3);
  tcase_add_loop_test (tcase, test_rows_relax_alike, 0, 3);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (flow_suite)
