/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "codec_net.h"

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

/* Contexts and tables of that many channels, at some level. */
typedef struct {
  AeLatentTables tables;
  AeLatentLevel level;
} Coder;

static void
open_coder (Coder *c, int channels, int core)
{
  AeError err;
  codec_net_tables (&c->tables, channels, core);
  ck_assert_int_eq (ae_latent_level_init (&c->level, &c->tables, &err), AE_OK);
  ae_latent_level_set (&c->level, 100);
}

static void
close_coder (Coder *c)
{
  ae_latent_level_clear (&c->level);
  ae_latent_tables_clear (&c->tables);
}

/* Tables from counts of latents like those that are tested. */
static void
fit (Coder *c, int channels)
{
  AeLatentCounts *counts;
  AeLatentScratch s = { 0 };
  AeError err;
  ck_assert_int_eq (ae_latent_counts_new (&counts, &err), AE_OK);
  for (int i = 0; i < 4; i++) {
    AeLatents l = make_latents (channels, 30, 40, 100 + (uint64_t) i);
    ck_assert_int_eq (ae_latent_counts_add (
        counts, &c->level, &l, &s, &err), AE_OK);
    ae_free (l.values);
  }
  ae_latent_tables_fit (&c->tables, counts);
  ae_latent_counts_free (&counts);
  ae_latent_scratch_clear (&s);
}

static uint8_t *
encode (const AeLatentLevel *t, const AeLatents *l, size_t *size)
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
  Coder t;
  open_coder (&t, 20, _i % 3 * 10);
  const int *d = sizes[_i];
  AeLatents l = make_latents (d[0], d[1], d[2], 3);
  size_t n = (size_t) d[0] * d[1] * d[2], size;
  if (n > 0)
    l.values[n / 2] = INT16_MIN;
  uint8_t *bytes = encode (&t.level, &l, &size);
  AeLatents found = l;
  AeLatentScratch s = { 0 };
  AeRansReader r;
  AeError err;
  found.values = ae_calloc (n + 1, sizeof *found.values);
  ae_rans_reader_open (&r, bytes, size);
  ck_assert_int_eq (ae_latents_get (&r, &t.level, &found, &s, &err), AE_OK);
  ck_assert (ae_rans_is_done (&r));
  ck_assert_mem_eq (found.values, l.values, n * sizeof *l.values);
  ae_free (found.values);
  ae_free (l.values);
  ae_free (bytes);
  ae_latent_scratch_clear (&s);
  close_coder (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static double
bits_of (const Coder *c, const AeLatents *l)
{
  AeLatentScratch s = { 0 };
  AeError err;
  double bits;
  size_t size;
  uint8_t *bytes = encode (&c->level, l, &size);
  ck_assert_int_eq (
      ae_latents_cost (&c->level, l, &s, &bits, &err), AE_OK);
  ck_assert_double_le (fabs (8.0 * size - bits), bits * 0.01 + 128);
  ae_free (bytes);
  ae_latent_scratch_clear (&s);
  return bits;
}

/* Weights and counts save bits; the cost is what is written. */
START_TEST (test_contexts_save_bits)
{
  AeLatents l = make_latents (20, 30, 40, 9);
  Coder t;
  open_coder (&t, 20, 8);
  double laplace = bits_of (&t, &l);
  fit (&t, 20);
  double fitted = bits_of (&t, &l);
  memset (t.tables.weights.sizes, 0, 400 * sizeof (int16_t));
  memset (t.tables.weights.vectors, 0, 20 * sizeof (int16_t));
  fit (&t, 20);
  ck_assert_double_lt (fitted, 0.99 * laplace);
  ck_assert_double_lt (fitted, 0.85 * bits_of (&t, &l));
  ae_free (l.values);
  close_coder (&t);
}
END_TEST

/* A mean from the left: a channel that rises by little takes few bits. */
START_TEST (test_means_save_bits)
{
  AeLatents l = make_latents (20, 30, 40, 9);
  Coder t;
  for (int i = 0; i < 1200; i++)
    l.values[i] = (int16_t) (i % 40 * 2 + l.values[i] % 2);
  open_coder (&t, 20, 8);
  for (int c = 0; c < 8; c++)
    t.tables.weights.means[(c * AE_OFFSETS + 5) * 8 + c] = 16384;
  fit (&t, 20);
  double with = bits_of (&t, &l);
  memset (t.tables.weights.means, 0, 8 * 9 * 8 * sizeof (int16_t));
  fit (&t, 20);
  ck_assert_double_lt (with + 2000, bits_of (&t, &l));
  ae_free (l.values);
  close_coder (&t);
}
END_TEST

/* Scales that are much too small at first are right after some rows. */
START_TEST (test_scales_drift_to_what_they_see)
{
  AeLatents few = { .channels = 1, .rows = 1, .columns = 40 };
  AeLatents many = { .channels = 20, .rows = 30, .columns = 40 };
  int16_t values[24000];
  AeRng rng;
  Coder t;
  ae_rng_seed (&rng, 11);
  for (int i = 0; i < 24000; i++)
    values[i] = (int16_t) lrint (3 * ae_rng_normal (&rng));
  few.values = many.values = values;
  open_coder (&t, 20, 0);
  memset (t.tables.weights.sizes, 0, 400 * sizeof (int16_t));
  memset (t.tables.weights.vectors, 0, 20 * sizeof (int16_t));
  ck_assert_double_lt (
      bits_of (&t, &many) / 24000, 0.8 * bits_of (&t, &few) / 40);
  close_coder (&t);
}
END_TEST

/* Of latents by tables that were fitted to them. */
static double
fitted_bits (Coder *t, const AeLatents *l)
{
  AeLatentScratch s = { 0 };
  AeError err;
  for (int round = 0; round < 3; round++) { /* scales drift by the tables */
    AeLatentCounts *counts;
    ck_assert_int_eq (ae_latent_counts_new (&counts, &err), AE_OK);
    ck_assert_int_eq (
        ae_latent_counts_add (counts, &t->level, l, &s, &err), AE_OK);
    ae_latent_tables_fit (&t->tables, counts);
    ae_latent_counts_free (&counts);
  }
  ae_latent_scratch_clear (&s);
  return bits_of (t, l);
}

/* Channels that are not alike at the same scale have tables of their own. */
START_TEST (test_sets_of_tables_save_bits)
{
  enum { CHANNELS = 20, PLACES = 1200 };
  AeLatents l = { .channels = CHANNELS, .rows = 30, .columns = 40 };
  int16_t values[CHANNELS * PLACES];
  AeRng rng;
  Coder t;
  l.values = values;
  ae_rng_seed (&rng, 3);
  open_coder (&t, CHANNELS, 0);
  for (int i = 0; i < CHANNELS * PLACES; i++) {
    float x = ae_rng_normal (&rng);
    values[i] = i / PLACES % 2 ? (int16_t) (x < 0 ? -1 : 1)
                               : (int16_t) lrintf (1.25f * x);
  }
  double one = fitted_bits (&t, &l);
  ck_assert_int_eq (ae_latent_tables_n (&t.tables), AE_CONTEXT_TABLES);
  for (int c = 0; c < CHANNELS; c++)
    t.tables.weights.vectors[AE_WEIGHT_SET * CHANNELS + c] = (int16_t) (c % 2);
  ck_assert_int_eq (ae_latent_tables_n (&t.tables), 2 * AE_CONTEXT_TABLES);
  ck_assert_double_lt (fitted_bits (&t, &l), 0.9 * one);
  close_coder (&t);
}
END_TEST

static double
squared_error (const float *wanted, const AeLatents *l, bool points)
{
  size_t n = (size_t) l->channels * l->rows * l->columns;
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    double d = wanted[i] - (points ? l->points[i] : (float) l->values[i]);
    sum += d * d;
  }
  return sum;
}

/* Points that are learned are nearer to what was wanted than integers, and
 * reading gives the same ones. */
START_TEST (test_points_come_nearer)
{
  enum { CHANNELS = 20, ROWS = 30, COLUMNS = 40, N = CHANNELS * ROWS * COLUMNS };
  AeLatents l = make_latents (CHANNELS, ROWS, COLUMNS, 9);
  float *wanted = malloc (N * sizeof *wanted);
  float *points = malloc (N * sizeof *points);
  AeRng rng;
  Coder t;
  ae_rng_seed (&rng, 5);
  for (int i = 0; i < N; i++)
    wanted[i] = (float) l.values[i] + 0.3f * ae_rng_uniform (&rng);
  l.wanted = wanted;
  l.points = points;
  l.wanted_step = ROWS * COLUMNS;
  open_coder (&t, CHANNELS, 8);
  AeLatentCounts *counts;
  AeRansWriter w = { 0 };
  AeLatentScratch s = { 0 };
  AeError err;
  ck_assert_int_eq (ae_latent_counts_new (&counts, &err), AE_OK);
  ck_assert_int_eq (
      ae_latents_choose (&w, &t.level, &l, 0.13f, &s, &err), AE_OK);
  ck_assert_double_eq (squared_error (wanted, &l, true),
      squared_error (wanted, &l, false));
  ck_assert_int_eq (
      ae_latent_counts_add (counts, &t.level, &l, &s, &err), AE_OK);
  ae_latent_tables_fit (&t.tables, counts);
  w.n = 0;
  ck_assert_int_eq (
      ae_latents_choose (&w, &t.level, &l, 0.13f, &s, &err), AE_OK);
  ck_assert_double_lt (squared_error (wanted, &l, true),
      0.8 * squared_error (wanted, &l, false));
  uint8_t *bytes = ae_alloc (ae_rans_bound (&w));
  size_t size = ae_rans_finish (&w, bytes);
  AeLatents found = l;
  AeRansReader r;
  found.values = ae_calloc (N, sizeof *found.values);
  found.points = ae_calloc (N, sizeof *found.points);
  ae_rans_reader_open (&r, bytes, size);
  ck_assert_int_eq (ae_latents_get (&r, &t.level, &found, &s, &err), AE_OK);
  ck_assert_mem_eq (found.points, points, N * sizeof *points);
  ae_free (found.values);
  ae_free (found.points);
  ae_free (l.values);
  ae_free (bytes);
  free (wanted);
  free (points);
  ae_latent_counts_free (&counts);
  ae_rans_writer_clear (&w);
  ae_latent_scratch_clear (&s);
  close_coder (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Where a bit is worth more, fewer are spent. */
START_TEST (test_worths_of_channels)
{
  enum { CHANNELS = 4, PLACES = 1200 };
  AeLatents l = { .channels = CHANNELS, .rows = 30, .columns = 40 };
  int16_t values[CHANNELS * PLACES];
  float wanted[CHANNELS * PLACES], worths[CHANNELS] = { 1, 0, 20, 1 };
  int zeros[CHANNELS] = { 0 };
  AeRng rng;
  AeRansWriter w = { 0 };
  AeLatentScratch s = { 0 };
  AeError err;
  Coder t;
  ae_rng_seed (&rng, 5);
  for (int i = 0; i < CHANNELS * PLACES; i++)
    wanted[i] = (float) ae_rng_normal (&rng);
  l.values = values;
  l.wanted = wanted;
  l.wanted_step = PLACES;
  l.worths = worths;
  open_coder (&t, CHANNELS, 0);
  ck_assert_int_eq (
      ae_latents_choose (&w, &t.level, &l, 0.13f, &s, &err), AE_OK);
  for (int i = 0; i < CHANNELS * PLACES; i++)
    zeros[i / PLACES] += values[i] == 0;
  ck_assert_int_gt (zeros[0], zeros[1]);
  ck_assert_int_gt (zeros[2], zeros[0]);
  ck_assert_int_gt (zeros[2], zeros[3]);
  ae_rans_writer_clear (&w);
  ae_latent_scratch_clear (&s);
  close_coder (&t);
}
END_TEST

/* The integers are those next to what is wanted, or 0, and take fewer bits
 * than rounding; reading gives them back. */
START_TEST (test_choosing_saves_bits)
{
  enum { CHANNELS = 20, ROWS = 12, COLUMNS = 17, N = CHANNELS * ROWS * COLUMNS };
  AeLatents l = make_latents (CHANNELS, ROWS, COLUMNS, 9);
  float *wanted = malloc (N * sizeof *wanted);
  AeRng rng;
  AeError err;
  Coder t;
  ae_rng_seed (&rng, 5);
  for (int i = 0; i < N; i++) {
    wanted[i] = (float) l.values[i] + ae_rng_uniform (&rng) - 0.5f;
    l.values[i] = (int16_t) lrintf (wanted[i]);
  }
  wanted[7] = 1e9f;
  wanted[N - 1] = -INFINITY;
  l.values[7] = l.values[N - 1] = 0;
  open_coder (&t, CHANNELS, 8);
  double rounded = bits_of (&t, &l);
  l.wanted = wanted;
  l.wanted_step = ROWS * COLUMNS;
  AeRansWriter w = { 0 };
  AeLatentScratch s = { 0 };
  ck_assert_int_eq (
      ae_latents_choose (&w, &t.level, &l, 0.13f, &s, &err), AE_OK);
  ck_assert_int_eq (l.values[7], INT16_MAX);
  ck_assert_int_eq (l.values[N - 1], -INT16_MAX);
  for (int i = 8; i < N - 1; i++)
    ck_assert (l.values[i] == 0 || fabsf (wanted[i] - l.values[i]) < 1);
  uint8_t *bytes = ae_alloc (ae_rans_bound (&w));
  size_t size = ae_rans_finish (&w, bytes);
  ck_assert_double_lt (8.0 * size, rounded + 100);
  AeLatents found = l;
  AeRansReader r;
  found.values = ae_calloc (N, sizeof *found.values);
  ae_rans_reader_open (&r, bytes, size);
  ck_assert_int_eq (ae_latents_get (&r, &t.level, &found, &s, &err), AE_OK);
  ck_assert (ae_rans_is_done (&r));
  ck_assert_mem_eq (found.values, l.values, N * sizeof *l.values);
  ae_free (found.values);
  ae_free (l.values);
  ae_free (bytes);
  free (wanted);
  ae_rans_writer_clear (&w);
  ae_latent_scratch_clear (&s);
  close_coder (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_damaged_latents_are_read_safely)
{
  Coder t;
  open_coder (&t, 6, 3);
  AeLatents l = make_latents (6, 9, 11, 5);
  AeLatentScratch s = { 0 };
  AeError err;
  size_t size;
  uint8_t *bytes = encode (&t.level, &l, &size);
  for (size_t cut = 0; cut < size; cut++) {
    uint8_t *exact = malloc (cut + 1);
    memcpy (exact, bytes, cut);
    AeRansReader r;
    ae_rans_reader_open (&r, exact, cut);
    AeStatus status = ae_latents_get (&r, &t.level, &l, &s, &err);
    ck_assert (status == AE_ERROR_FORMAT || !ae_rans_is_done (&r));
    free (exact);
  }
  for (size_t i = 0; i < size; i++) {
    AeRansReader r;
    bytes[i] ^= 0x41;
    ae_rans_reader_open (&r, bytes, size);
    ae_latents_get (&r, &t.level, &l, &s, &err);
    bytes[i] ^= 0x41;
  }
  ae_free (bytes);
  ae_free (l.values);
  ae_latent_scratch_clear (&s);
  close_coder (&t);
}
END_TEST

/* What is behind a place's last group is 0 and takes nothing. */
START_TEST (test_groups_that_are_not_coded)
{
  enum { CHANNELS = 40, ROWS = 9, COLUMNS = 14, PLACES = ROWS * COLUMNS };
  Coder t;
  open_coder (&t, CHANNELS, 20);
  AeLatents now = make_latents (CHANNELS, ROWS, COLUMNS, 22);
  uint8_t groups[PLACES];
  double all = bits_of (&t, &now);
  for (int i = 0; i < PLACES; i++) {
    groups[i] = (uint8_t) (i < 50 ? 0 : i * 7 % 4);
    for (int c = groups[i] * AE_GROUP; c < CHANNELS; c++)
      now.values[c * PLACES + i] = 0;
  }
  now.groups = groups;
  ck_assert_double_lt (bits_of (&t, &now), 0.6 * all);
  size_t size;
  uint8_t *bytes = encode (&t.level, &now, &size);
  AeRansReader r;
  AeLatentScratch s = { 0 };
  AeError err;
  AeLatents found = now;
  found.values = ae_alloc (CHANNELS * PLACES * sizeof (int16_t));
  memset (found.values, 0x55, CHANNELS * PLACES * sizeof (int16_t));
  ae_rans_reader_open (&r, bytes, size);
  ck_assert_int_eq (ae_latents_get (&r, &t.level, &found, &s, &err), AE_OK);
  ck_assert (ae_rans_is_done (&r));
  ck_assert_mem_eq (
      found.values, now.values, CHANNELS * PLACES * sizeof (int16_t));
  ae_free (found.values);
  ae_free (now.values);
  ae_free (bytes);
  ae_latent_scratch_clear (&s);
  close_coder (&t);
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
  tcase_add_test (tcase, test_means_save_bits);
  tcase_add_test (tcase, test_scales_drift_to_what_they_see);
  tcase_add_test (tcase, test_sets_of_tables_save_bits);
  tcase_add_test (tcase, test_choosing_saves_bits);
  tcase_add_test (tcase, test_points_come_nearer);
  tcase_add_test (tcase, test_worths_of_channels);
  tcase_add_test (tcase, test_groups_that_are_not_coded);
  tcase_add_test (tcase, test_damaged_latents_are_read_safely);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (latents_suite)
