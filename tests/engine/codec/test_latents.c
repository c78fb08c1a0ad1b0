/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "codec/latents.h"
#include "codec/modes.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Latents as pictures have them: places that are busy in all channels, and
 * channels that are quieter the later they come. */
static AeLatents
make_latents (int channels, int rows, int columns, uint64_t seed)
{
  AeLatents l = { .channels = channels, .rows = rows, .columns = columns };
  size_t n = (size_t) channels * rows * columns;
  l.values = ae_alloc ((n + 1) * sizeof *l.values);
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (int c = 0; c < channels; c++)
    for (int y = 0; y < rows; y++)
      for (int x = 0; x < columns; x++) {
        double busy = 0.1 + 4 * pow (sin (0.3 * x + seed) * cos (0.2 * y), 2);
        double deviation = busy * exp (-3.0 * c / channels);
        l.values[((size_t) c * rows + y) * columns + x]
            = (int16_t) lrint (ae_rng_normal (&rng) * deviation);
      }
  return l;
}

static AeLatentModel
fit (int channels, int n_tables, int range)
{
  AeLatentCounts *counts;
  AeLatentScratch s = { 0 };
  AeLatentModel m = { { 0 }, { 0 } };
  AeError err;
  ck_assert_int_eq (
      ae_latent_counts_new (&counts, channels, range, &err), AE_OK);
  for (int i = 0; i < 4; i++) {
    AeLatents l = make_latents (channels, 30, 40, 100 + (uint64_t) i);
    ck_assert_int_eq (
        ae_latent_counts_add (counts, AE_PLACE_INTRA, &l, &s, &err), AE_OK);
    ae_free (l.values);
  }
  ck_assert_int_eq (
      ae_latent_tables_fit (&m.intra, counts, n_tables, &err), AE_OK);
  ck_assert_int_eq (
      ae_latent_tables_fit (&m.delta, counts, n_tables, &err), AE_OK);
  ae_latent_counts_free (&counts);
  ae_latent_scratch_clear (&s);
  return m;
}

static uint8_t *
encode (const AeLatentModel *t, const AeLatents *l, size_t *size)
{
  AeRansWriter w = { 0 };
  AeLatentScratch s = { 0 };
  AeError err;
  ck_assert_int_eq (ae_latents_put (&w, t, l, &s, &err), AE_OK);
  uint8_t *bytes = ae_alloc (ae_rans_bound (&w));
  *size = ae_rans_finish (&w, bytes);
  ae_rans_writer_clear (&w);
  ae_latent_scratch_clear (&s);
  return bytes;
}

static const int sizes[][3] = { { 1, 1, 1 }, { 3, 1, 7 }, { 2, 5, 1 },
  { 20, 30, 40 }, { 7, 0, 4 }, { 5, 13, 17 } };

START_TEST (test_latents_come_back)
{
  AeLatentModel t = fit (20, 24, 20);
  const int *d = sizes[_i];
  AeLatents l = make_latents (d[0], d[1], d[2], 3);
  size_t n = (size_t) d[0] * d[1] * d[2], size;
  if (n > 0)
    l.values[n / 2] = INT16_MIN;
  uint8_t *bytes = encode (&t, &l, &size);
  AeLatents found = l;
  AeLatentScratch s = { 0 };
  AeRansReader r;
  AeError err;
  found.values = ae_calloc (n + 1, sizeof *found.values);
  ae_rans_reader_open (&r, bytes, size);
  ck_assert_int_eq (ae_latents_get (&r, &t, &found, &s, &err), AE_OK);
  ck_assert (ae_rans_is_done (&r));
  ck_assert_mem_eq (found.values, l.values, n * sizeof *l.values);
  ae_free (found.values);
  ae_free (l.values);
  ae_free (bytes);
  ae_latent_scratch_clear (&s);
  ae_latent_model_clear (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Contexts know what one table for all cannot; the cost is what is written. */
START_TEST (test_contexts_save_bits)
{
  AeLatents l = make_latents (20, 30, 40, 9);
  AeLatentScratch s = { 0 };
  AeError err;
  double bits[2];
  for (int i = 0; i < 2; i++) {
    AeLatentModel t = fit (20, i == 0 ? 1 : 32, 40);
    size_t size;
    uint8_t *bytes = encode (&t, &l, &size);
    ck_assert_int_eq (ae_latents_cost (&t, &l, &s, &bits[i], &err), AE_OK);
    ck_assert_double_le (fabs (8.0 * size - bits[i]), bits[i] * 0.01 + 128);
    ae_free (bytes);
    ae_latent_model_clear (&t);
  }
  ck_assert_double_lt (bits[1], 0.8 * bits[0]);
  ae_free (l.values);
  ae_latent_scratch_clear (&s);
}
END_TEST

START_TEST (test_damaged_latents_are_read_safely)
{
  AeLatentModel t = fit (6, 8, 10);
  AeLatents l = make_latents (6, 9, 11, 5);
  AeLatentScratch s = { 0 };
  AeError err;
  size_t size;
  uint8_t *bytes = encode (&t, &l, &size);
  for (size_t cut = 0; cut < size; cut++) {
    uint8_t *exact = malloc (cut + 1);
    memcpy (exact, bytes, cut);
    AeRansReader r;
    ae_rans_reader_open (&r, exact, cut);
    AeStatus status = ae_latents_get (&r, &t, &l, &s, &err);
    ck_assert (status == AE_ERROR_FORMAT || !ae_rans_is_done (&r));
    free (exact);
  }
  for (size_t i = 0; i < size; i++) {
    AeRansReader r;
    bytes[i] ^= 0x41;
    ae_rans_reader_open (&r, bytes, size);
    ae_latents_get (&r, &t, &l, &s, &err);
    bytes[i] ^= 0x41;
  }
  ae_free (bytes);
  ae_free (l.values);
  ae_latent_scratch_clear (&s);
  ae_latent_model_clear (&t);
}
END_TEST

/* All three modes, and the bits of each that no other uses. */
START_TEST (test_differences_come_back)
{
  enum { CHANNELS = 12, ROWS = 9, COLUMNS = 14 };
  AeLatentModel t = fit (CHANNELS, 8, 20);
  AeLatents before = make_latents (CHANNELS, ROWS, COLUMNS, 21);
  AeLatents now = make_latents (CHANNELS, ROWS, COLUMNS, 22);
  uint8_t modes[ROWS * COLUMNS], found_modes[ROWS * COLUMNS];
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    modes[i] = (uint8_t) (i < 50 ? AE_PLACE_SKIP : i * 7 % 3);
    for (int c = 0; modes[i] == AE_PLACE_SKIP && c < CHANNELS; c++)
      now.values[c * ROWS * COLUMNS + i] = before.values[c * ROWS * COLUMNS + i];
  }
  now.before = before.values;
  now.modes = modes;
  AeRansWriter w = { 0 };
  AeLatentScratch s = { 0 };
  AeError err;
  ae_modes_put (&w, modes, ROWS, COLUMNS);
  ck_assert_int_eq (ae_latents_put (&w, &t, &now, &s, &err), AE_OK);
  uint8_t *bytes = ae_alloc (ae_rans_bound (&w));
  size_t size = ae_rans_finish (&w, bytes);
  AeRansReader r;
  AeLatents found = now;
  found.values = ae_calloc (CHANNELS * ROWS * COLUMNS, sizeof (int16_t));
  found.modes = found_modes;
  ae_rans_reader_open (&r, bytes, size);
  ae_modes_get (&r, found_modes, ROWS, COLUMNS);
  ck_assert_mem_eq (modes, found_modes, sizeof modes);
  ck_assert_int_eq (ae_latents_get (&r, &t, &found, &s, &err), AE_OK);
  ck_assert (ae_rans_is_done (&r));
  ck_assert_mem_eq (found.values, now.values,
      CHANNELS * ROWS * COLUMNS * sizeof (int16_t));
  ae_free (found.values);
  ae_free (now.values);
  ae_free (before.values);
  ae_free (bytes);
  ae_rans_writer_clear (&w);
  ae_latent_scratch_clear (&s);
  ae_latent_model_clear (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
latents_suite (void)
{
  Suite *suite = suite_create ("latents");
  TCase *tcase = tcase_create ("latents");
  tcase_add_loop_test (tcase, test_latents_come_back, 0, 6);
  tcase_add_test (tcase, test_contexts_save_bits);
  tcase_add_test (tcase, test_differences_come_back);
  tcase_add_test (tcase, test_damaged_latents_are_read_safely);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (latents_suite)
