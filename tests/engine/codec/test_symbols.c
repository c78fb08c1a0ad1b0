/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "codec/symbols.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values of about normal distribution, some far outside. */
static void
fill (int32_t *values, size_t n, double deviation, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (size_t i = 0; i < n; i++)
    values[i] = (int32_t) lrint (ae_rng_normal (&rng) * deviation);
}

/* The table that fits the values, of lo .. lo + n - 1. */
static AeSymbolTable
fit (const int32_t *values, size_t count, int lo, int n)
{
  uint64_t counts[AE_MAX_VALUES + 1] = { 0 };
  uint32_t freq[AE_MAX_VALUES + 1];
  AeSymbolTable t;
  for (size_t i = 0; i < count; i++) {
    int64_t symbol = (int64_t) values[i] - lo;
    counts[symbol < 0 || symbol >= n ? n : symbol]++;
  }
  ae_symbol_frequencies (counts, n, freq);
  ck_assert (ae_symbol_table_set (&t, lo, n, freq));
  return t;
}

static uint8_t *
encode (const AeSymbolTable *tables, int n_tables, const int32_t *values,
    size_t n, size_t *size)
{
  AeRansWriter w = { 0 };
  for (size_t i = 0; i < n; i++)
    ae_symbol_put (&w, &tables[i % n_tables], values[i]);
  ck_assert (!w.failed);
  uint8_t *bytes = ae_alloc (ae_rans_bound (&w));
  *size = ae_rans_finish (&w, bytes);
  ae_rans_writer_clear (&w);
  return bytes;
}

static bool
decodes_to (const AeSymbolTable *tables, int n_tables, const uint8_t *bytes,
    size_t size, const int32_t *values, size_t n)
{
  AeRansReader r;
  ae_rans_reader_open (&r, bytes, size);
  bool same = true;
  for (size_t i = 0; i < n; i++)
    same &= ae_symbol_get (&r, &tables[i % n_tables]) == values[i];
  return same && ae_rans_is_done (&r);
}

static const int counts[] = { 0, 1, 2, 3, 100, 20000 };

START_TEST (test_values_come_back)
{
  size_t n = (size_t) counts[_i], size;
  int32_t *values = ae_alloc ((n + 1) * sizeof *values);
  AeSymbolTable tables[3];
  fill (values, n, 6, 3);
  tables[0] = fit (values, n, -20, 41);
  tables[1] = fit (values, n, 0, 1);
  tables[2] = fit (values, n, -100, AE_MAX_VALUES);
  uint8_t *bytes = encode (tables, 3, values, n, &size);
  ck_assert (decodes_to (tables, 3, bytes, size, values, n));
  ae_free (bytes);
  ae_free (values);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_extreme_values_escape)
{
  static const int32_t values[] = { INT32_MIN, INT32_MAX, 0, -1, 1, 7, -9,
    1 << 20, -(1 << 20), INT32_MIN + 1, INT32_MAX - 1 };
  size_t n = sizeof values / sizeof values[0], size;
  AeSymbolTable t = fit (values, n, -2, 5);
  uint8_t *bytes = encode (&t, 1, values, n, &size);
  ck_assert (decodes_to (&t, 1, bytes, size, values, n));
  ae_free (bytes);
}
END_TEST

/* The bytes are the entropy of the tables to within 1 % and the two states;
 * so is the sum of costs. */
START_TEST (test_bytes_are_the_entropy)
{
  enum { N = 100000 };
  static const double deviations[] = { 0.2, 1, 4, 20 };
  static int32_t values[N];
  fill (values, N, deviations[_i], 5);
  AeSymbolTable t = fit (values, N, -90, 181);
  double bits = 0, cost = 0;
  for (int i = 0; i < N; i++) {
    int symbol = values[i] - t.lo;
    ck_assert (symbol >= 0 && symbol < t.n);
    bits += AE_RANS_BITS - log2 ((double) ae_symbol_freq (&t, symbol));
    cost += ae_symbol_cost (&t, values[i]) / 256.0;
  }
  size_t size;
  uint8_t *bytes = encode (&t, 1, values, N, &size);
  ck_assert_double_le (size, bits / 8 * 1.01 + 16);
  ck_assert_double_ge (size, bits / 8);
  ck_assert_double_le (fabs (cost - bits), bits * 0.01);
  ae_free (bytes);
}
END_TEST

/* Nothing is read past the end, and what is cut off is told. */
START_TEST (test_every_truncation_fails)
{
  enum { N = 60 };
  int32_t values[N];
  size_t size;
  fill (values, N, 5, 7);
  AeSymbolTable t = fit (values, N, -4, 9);
  uint8_t *bytes = encode (&t, 1, values, N, &size);
  for (size_t cut = 0; cut < size; cut++) {
    uint8_t *exact = malloc (cut + 1); /* guarded by the sanitizers */
    memcpy (exact, bytes, cut);
    ck_assert (!decodes_to (&t, 1, exact, cut, values, N));
    free (exact);
  }
  ae_free (bytes);
}
END_TEST

/* Any bytes give symbols or a failure; never anything else. */
START_TEST (test_noise_is_read_safely)
{
  enum { N = 64 };
  int32_t values[N];
  AeRng rng;
  ae_rng_seed (&rng, 11);
  fill (values, N, 5, 7);
  AeSymbolTable t = fit (values, N, -4, 9);
  for (int round = 0; round < 2000; round++) {
    uint8_t noise[80];
    for (size_t i = 0; i < sizeof noise; i++)
      noise[i] = (uint8_t) (ae_rng_uniform (&rng) * 256);
    noise[7] &= 0x7f; /* a state that could be */
    noise[15] &= 0x7f;
    AeRansReader r;
    ae_rans_reader_open (&r, noise, sizeof noise);
    for (int i = 0; i < 500; i++)
      ae_symbol_get (&r, &t);
    ck_assert (r.failed);
  }
}
END_TEST

START_TEST (test_bad_frequencies_are_refused)
{
  AeSymbolTable t;
  uint32_t freq[AE_MAX_VALUES + 2] = { 30000, 30000, 5536 };
  ck_assert (ae_symbol_table_set (&t, 0, 2, freq));
  ck_assert (!ae_symbol_table_set (&t, 0, 1, freq));
  ck_assert (!ae_symbol_table_set (&t, 0, 0, freq));
  ck_assert (!ae_symbol_table_set (&t, 0, AE_MAX_VALUES + 1, freq));
  freq[2] = 5537;
  ck_assert (!ae_symbol_table_set (&t, 0, 2, freq));
  freq[1] = 35536;
  freq[2] = 0;
  ck_assert (!ae_symbol_table_set (&t, 0, 2, freq));
}
END_TEST

static Suite *
symbols_suite (void)
{
  Suite *suite = suite_create ("symbols");
  TCase *tcase = tcase_create ("symbols");
  tcase_add_loop_test (tcase, test_values_come_back, 0, 6);
  tcase_add_test (tcase, test_extreme_values_escape);
  tcase_add_loop_test (tcase, test_bytes_are_the_entropy, 0, 4);
  tcase_add_test (tcase, test_every_truncation_fails);
  tcase_add_test (tcase, test_noise_is_read_safely);
  tcase_add_test (tcase, test_bad_frequencies_are_refused);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (symbols_suite)
