/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "codec/cosines.h"
#include "kernels/kernels.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

enum { STRIDE = 40, ROWS = 24 };

/* Calls the test for each instruction set that the machine has. */
#define EACH_LEVEL(kernels)                                                   \
  for (AeCpuLevel level = AE_CPU_SCALAR; level <= AE_CPU_AMX; level++)        \
    for (const AeKernels *kernels = ae_kernels_at (level); kernels;           \
         kernels = NULL)

static int
below (AeRng *rng, int n)
{
  int i = (int) (ae_rng_uniform (rng) * (float) n);
  return i < n ? i : n - 1;
}

/* Both sizes, all directions, filters that overshoot: the bytes of plain C, and
 * no others. */
START_TEST (test_pixels_move_alike)
{
  static const int8_t taps[3][8] = { { -1, 4, -11, 40, 40, -11, 4, -1 },
    { -1, 4, -10, 58, 17, -5, 1, 0 }, { 0, 1, -5, 17, 58, -10, 4, -1 } };
  static const int8_t few[3][4]
      = { { -4, 36, 36, -4 }, { -2, 58, 10, -2 }, { -6, 28, 46, -4 } };
  uint8_t from[ROWS * STRIDE];
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) _i);
  for (int i = 0; i < ROWS * STRIDE; i++)
    from[i] = (uint8_t) (_i < 3 ? below (&rng, 256) : 255 * below (&rng, 2));
  for (int n = 0; n < 36; n++) {
    int side = n % 2 ? 8 : 16, a = n / 2 % 3, d = n / 6 % 3, ways = n / 18 + 1;
    AePixelMove m = { from + 3 * STRIDE + 3 + below (&rng, 4), STRIDE, side,
      side == 16 ? taps[a] : few[a], side == 16 ? taps[d] : few[d] };
    if (ways == 1 && d == 0)
      m.across = NULL;
    if (ways == 1 && d == 1)
      m.down = NULL;
    uint8_t wanted[16 * 16];
    memset (wanted, 77, sizeof wanted);
    ae_kernels_at (AE_CPU_SCALAR)->move_pixels (&m, wanted);
    EACH_LEVEL (kernels) {
      uint8_t found[16 * 16];
      memset (found, 77, sizeof found);
      kernels->move_pixels (&m, found);
      ck_assert_mem_eq (found, wanted, sizeof found);
    }
  }
}
END_TEST

START_TEST (test_cosines_are_alike)
{
  static AeCosines c;
  AePlaceSamples in;
  float wanted[AE_PLACE_ROWS][AE_PLACE_SIDE];
  AeRng rng;
  ae_cosines_init (&c);
  ae_rng_seed (&rng, (uint64_t) _i);
  for (int i = 0; i < AE_COSINES; i++)
    in.at[i / 16][i % 16] = (int16_t) (below (&rng, 511) - 255);
  ae_kernels_at (AE_CPU_SCALAR)->cosines_forward (&c.weights, &in, wanted);
  EACH_LEVEL (kernels) {
    float found[AE_PLACE_ROWS][AE_PLACE_SIDE];
    kernels->cosines_forward (&c.weights, &in, found);
    for (int i = 0; i < AE_COSINES; i++)
      ck_assert_double_le (
          fabs (found[i / 16][i % 16] - wanted[i / 16][i % 16]), 2e-3);
  }
}
END_TEST

/* From none to all coefficients, small ones and the largest there are. */
START_TEST (test_inverse_is_the_same)
{
  static AeCosines c;
  static const int sizes[] = { 100, 3000, AE_COSINE_LARGEST };
  int32_t in[AE_PLACE_ROWS][AE_PLACE_SIDE] = { { 0 } };
  AePlaceSamples wanted;
  AeRng rng;
  ae_cosines_init (&c);
  ae_rng_seed (&rng, (uint64_t) _i);
  for (int n = 0; n < _i * _i * 8; n++)
    in[below (&rng, AE_PLACE_ROWS)][below (&rng, AE_PLACE_SIDE)]
        = (below (&rng, 2) * 2 - 1) * (_i % 4 == 3 ? sizes[2]
                                                   : below (&rng, sizes[_i % 3]));
  ae_kernels_at (AE_CPU_SCALAR)->cosines_inverse (&c.weights, in, &wanted);
  EACH_LEVEL (kernels) {
    AePlaceSamples found;
    memset (&found, 77, sizeof found);
    kernels->cosines_inverse (&c.weights, in, &found);
    ck_assert_mem_eq (&found, &wanted, sizeof found);
  }
}
END_TEST

static Suite *
places_suite (void)
{
  Suite *suite = suite_create ("places");
  TCase *tcase = tcase_create ("places");
  tcase_add_loop_test (tcase, test_pixels_move_alike, 0, 6);
  tcase_add_loop_test (tcase, test_cosines_are_alike, 0, 3);
  tcase_add_loop_test (tcase, test_inverse_is_the_same, 0, 12);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (places_suite)
