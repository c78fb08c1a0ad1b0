/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "kernels/kernels.h"
#include "util/rng.h"

#include <string.h>


enum { ROWS = 20, STEP = 19, ENTRIES = 40 };

/* Every instruction set adds what plain C adds, sums that wrap included, and
 * nothing beside. */
START_TEST (test_rows_are_added_alike)
{
  const AeKernels *plain = ae_kernels_at (AE_CPU_SCALAR);
  int16_t weights[ROWS * STEP];
  AeRowEntry entries[ENTRIES];
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) _i);
  for (int i = 0; i < ROWS * STEP; i++)
    weights[i] = (int16_t) (ae_rng_uniform (&rng) * 65535 - 32768);
  for (int i = 0; i < ENTRIES; i++)
    entries[i] = (AeRowEntry){ (uint16_t) (i * 7 % ROWS),
      { (int16_t) (i % 16), (int16_t) (i * 1999) } };
  weights[0] = entries[0].by[1] = INT16_MIN;
  for (AeCpuLevel level = AE_CPU_SCALAR; level <= AE_CPU_AMX; level++) {
    const AeKernels *kernels = ae_kernels_at (level);
    for (int n = 1; kernels && n <= AE_MOST_SUMS; n++) {
      uint32_t sums[2][AE_MOST_SUMS + 2];
      for (int i = 0; i < AE_MOST_SUMS + 2; i++)
        sums[0][i] = sums[1][i]
            = (uint32_t) (ae_rng_uniform (&rng) * 4294967040.0f);
      int count = n % 4 == 0 ? ENTRIES : n % 4 - 1;
      plain->add_rows (entries, count, n & 1, weights, STEP, sums[0] + 1, n);
      kernels->add_rows (
          entries, count, n & 1, weights, STEP, sums[1] + 1, n);
      ck_assert_mem_eq (sums[0], sums[1], sizeof sums[0]);
    }
  }
}
END_TEST

START_TEST (test_nine_places_are_added_to_alike)
{
  const AeKernels *plain = ae_kernels_at (AE_CPU_SCALAR);
  int16_t weights[2][AE_NINE * STEP];
  AePlaceSums places[2][AE_NINE];
  AeRowEntry entry = { 0, { 15, INT16_MIN } };
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) _i);
  for (int i = 0; i < 2 * AE_NINE * STEP; i++)
    weights[i & 1][i / 2] = (int16_t) (ae_rng_uniform (&rng) * 65535 - 32768);
  for (AeCpuLevel level = AE_CPU_SCALAR; level <= AE_CPU_AMX; level++) {
    const AeKernels *kernels = ae_kernels_at (level);
    for (int n = 1; kernels && n <= AE_MOST_SUMS; n++) {
      AePlaceRows rows = { weights[0], weights[1], STEP, { NULL }, n };
      memset (places, 0xf7, sizeof places);
      for (int i = 0; i < AE_NINE; i++)
        rows.at[i] = &places[0][8 - i];
      plain->add_nine (&entry, &rows);
      for (int i = 0; i < AE_NINE; i++)
        rows.at[i] = &places[1][8 - i];
      kernels->add_nine (&entry, &rows);
      ck_assert_mem_eq (places[0], places[1], sizeof places[0]);
      entry.by[1] = (int16_t) (entry.by[1] + 4567);
    }
  }
}
END_TEST

static Suite *
rows_suite (void)
{
  Suite *suite = suite_create ("rows");
  TCase *tcase = tcase_create ("rows");
  tcase_add_loop_test (tcase, test_rows_are_added_alike, 0, 3);
  tcase_add_loop_test (tcase, test_nine_places_are_added_to_alike, 0, 3);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (rows_suite)
