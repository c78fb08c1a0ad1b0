/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layout changes to bf16; products are tested as convolutions. */
#include "ae_test.h"

#include "kernels/kernels.h"
#include "util/rng.h"

#include <string.h>

enum { MOST = 16, PIXELS = 70, PLANE = PIXELS + 3, ROOM = 4 * PIXELS * MOST };

static float planes[MOST * PLANE];

static void
fill_planes (void)
{
  AeRng rng;
  ae_rng_seed (&rng, 1);
  for (int i = 0; i < MOST * PLANE; i++)
    planes[i] = ae_rng_normal (&rng);
}

/* Gaps and what lies behind stay as they were. */
static void
expect_pixels (
    const AeMatrixKernels *m, int channels, int n, int step, int gap)
{
  static AeBf16 wanted[ROOM], found[ROOM];
  size_t px = (size_t) (step * channels + gap);
  memset (wanted, 0x5a, sizeof wanted);
  memset (found, 0x5a, sizeof found);
  for (int i = 0; i < n; i++)
    for (int l = 0; l < channels; l++)
      wanted[(size_t) (i / step) * px + (size_t) (i % step * channels + l)]
          = ae_to_bf16 (planes[l * PLANE + i]);
  m->planes_to_pixels (planes, PLANE, channels, n, step, found, px);
  ck_assert_msg (memcmp (wanted, found, sizeof wanted) == 0,
      "%d pixels of %d planes, %d to a step, %d between", n, channels, step,
      gap);
}

START_TEST (test_planes_become_pixels)
{
  const AeKernels *amx = ae_kernels_at (AE_CPU_AMX);
  const AeMatrixKernels *kernels[]
      = { &ae_matrix_scalar, amx ? amx->matrix : NULL };
  fill_planes ();
  for (int k = 0; k < 2; k++)
    for (int n = 0; kernels[k] && n <= PIXELS; n++)
      for (int step = 1; step <= 4; step++) {
        expect_pixels (kernels[k], _i, n, step, 0);
        expect_pixels (kernels[k], _i, n, step, 3 * _i);
      }
}
END_TEST

static Suite *
matrix_suite (void)
{
  Suite *suite = suite_create ("matrix");
  TCase *tcase = tcase_create ("matrix");
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_planes_become_pixels, 1, MOST + 1);
  return suite;
}

AE_TEST_MAIN (matrix_suite)
