/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "kernels/sgemm.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

static const AeGemm cases[] = {
  { false, false, 1, 1, 1, 1, 0 },
  { false, false, 1, 400, 784, 1, 0 },
  { false, true, 1, 10, 400, 1, 1 },
  { false, true, 128, 40, 784, 1, 0 },
  { true, false, 50, 33, 17, 2, 0.5f },
  { true, true, 7, 48, 31, -1, 1 },
  { false, false, 65, 16, 1100, 1, 1 },
  { true, false, 33, 20, 1040, 1, 2 },
  { false, true, 6, 15, 2049, 0.25f, 0 },
};

static float *
random_floats (size_t n, uint64_t seed)
{
  float *x = ae_alloc (n * sizeof *x);
  ck_assert_ptr_nonnull (x);
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (size_t i = 0; i < n; i++)
    x[i] = ae_rng_normal (&rng);
  return x;
}

static void
multiply_plain (const AeGemm *g, const float *a, const float *b, float *c)
{
  for (size_t i = 0; i < g->m; i++)
    for (size_t j = 0; j < g->n; j++) {
      double sum = 0;
      for (size_t k = 0; k < g->k; k++)
        sum += (double) a[g->ta ? k * g->m + i : i * g->k + k]
            * b[g->tb ? j * g->k + k : k * g->n + j];
      float *at = &c[i * g->n + j];
      *at = (float) (g->alpha * sum + (g->beta == 0 ? 0 : g->beta * *at));
    }
}

/* c in rectangles of `rows` by `blocks`. */
static void
multiply_cut (const AeKernels *kernels, const AeGemm *g, const float *a,
    const float *b_packed, float *c, size_t rows, size_t blocks)
{
  size_t n_blocks = ae_sgemm_b_blocks (g);
  for (size_t row = 0; row < g->m; row += rows)
    for (size_t block = 0; block < n_blocks; block += blocks)
      ae_sgemm_part (kernels, g, a, b_packed, c, row,
          row + rows < g->m ? rows : g->m - row, block,
          block + blocks < n_blocks ? blocks : n_blocks - block);
}

static void
check_level (const AeGemm *g, AeCpuLevel level)
{
  const AeKernels *kernels = ae_kernels_at (level);
  if (!kernels)
    return;
  size_t n = g->m * g->n;
  float *a = random_floats (g->m * g->k, 1);
  float *b = random_floats (g->k * g->n, 2);
  float *want = random_floats (n, 3);
  float *c = random_floats (n, 3), *cut = random_floats (n, 3);
  float *a_packed = random_floats (ae_sgemm_a_floats (g) + 1, 4);
  float *b_packed = random_floats (ae_sgemm_b_floats (g), 5);
  if (g->beta == 0)
    c[0] = cut[n - 1] = NAN;
  multiply_plain (g, a, b, want);
  ae_sgemm_pack_a (kernels, g, a, 0, ae_sgemm_a_blocks (g), a_packed);
  ae_sgemm_pack_b (kernels, g, b, 0, ae_sgemm_b_blocks (g), b_packed);
  const float *left = g->ta ? a_packed : a;
  multiply_cut (kernels, g, left, b_packed, c, g->m, ae_sgemm_b_blocks (g));
  multiply_cut (kernels, g, left, b_packed, cut, 5, 1);
  float tolerance = 1e-5f * sqrtf ((float) g->k) * fabsf (g->alpha) + 1e-6f;
  for (size_t i = 0; i < n; i++)
    ck_assert_float_eq_tol (c[i], want[i], tolerance);
  ck_assert (memcmp (c, cut, n * sizeof *c) == 0);
  float *all[] = { a, b, want, c, cut, a_packed, b_packed };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    ae_free (all[i]);
}

START_TEST (test_every_level_multiplies)
{
  for (int level = 0; level <= (int) ae_cpu_level (); level++)
    check_level (&cases[_i], (AeCpuLevel) level);
}
END_TEST

static Suite *
sgemm_suite (void)
{
  Suite *suite = suite_create ("kernels/sgemm");
  TCase *tests = tcase_create ("sgemm");
  tcase_add_loop_test (tests, test_every_level_multiplies, 0,
      (int) (sizeof cases / sizeof *cases));
  suite_add_tcase (suite, tests);
  return suite;
}

AE_TEST_MAIN (sgemm_suite)
