/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "score/local_bank.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OWNERS = 5, MOST_OF_BLOCK = 40 };

static const AeLocalBankShape shapes[] = {
  { .columns = 1, .rows = 1, .block = 1, .d = 1 },
  { .columns = 7, .rows = 5, .block = 1, .reach_x = 1, .reach_y = 2, .d = 3 },
  { .columns = 13, .rows = 9, .block = 2, .reach_x = 1, .reach_y = 1, .d = 24 },
  { .columns = 8, .rows = 11, .block = 3, .reach_y = 1, .d = 33 },
};
#define N_SHAPES 4

typedef struct {
  AeLocalBankShape shape;
  uint32_t *counts;
  float *codes, *query;
  uint16_t *owners;
  size_t n, places;
} Data;

static float *
normals (AeRng *rng, size_t n)
{
  float *values = ae_alloc (n * sizeof *values);
  for (size_t i = 0; i < n; i++)
    values[i] = ae_rng_normal (rng);
  return values;
}

/* Every seventh block has no codes. */
static Data
make_data (AeLocalBankShape shape)
{
  AeRng rng;
  ae_rng_seed (&rng, 3);
  int blocks = ae_local_bank_block_columns (&shape)
               * ae_local_bank_block_rows (&shape);
  Data d = { .shape = shape,
    .counts = ae_calloc ((size_t) blocks, sizeof *d.counts),
    .places = (size_t) (shape.columns * shape.rows) };
  for (int b = 0; b < blocks; b++) {
    d.counts[b] = b % 7 == 3 ? 0 : 1 + ae_rng_below (&rng, MOST_OF_BLOCK);
    d.n += d.counts[b];
  }
  d.codes = normals (&rng, d.n * (size_t) shape.d);
  d.query = normals (&rng, d.places * (size_t) shape.d);
  d.owners = ae_alloc (d.n * sizeof *d.owners);
  for (size_t i = 0; i < d.n; i++)
    d.owners[i] = (uint16_t) ae_rng_below (&rng, OWNERS);
  return d;
}

static void
clear_data (Data *d)
{
  ae_free (d->counts);
  ae_free (d->codes);
  ae_free (d->query);
  ae_free (d->owners);
}

/* One by one. */
static double
expected (const Data *data, size_t place, const uint8_t *skip, uint16_t *owner)
{
  const AeLocalBankShape *s = &data->shape;
  int columns = ae_local_bank_block_columns (s);
  int rows = ae_local_bank_block_rows (s), d = s->d;
  int bx = (int) place % s->columns / s->block;
  int by = (int) place / s->columns / s->block;
  double least = INFINITY;
  size_t at = 0;
  for (int b = 0; b < columns * rows; b++)
    for (uint32_t i = 0; i < data->counts[b]; i++, at++) {
      if (abs (b % columns - bx) > s->reach_x
          || abs (b / columns - by) > s->reach_y
          || (skip && skip[data->owners[at]]))
        continue;
      double square = 0;
      for (int k = 0; k < d; k++)
        square += pow ((double) data->codes[at * (size_t) d + (size_t) k]
                           - data->query[place * (size_t) d + (size_t) k],
            2);
      if (sqrt (square) < least) {
        least = sqrt (square);
        *owner = data->owners[at];
      }
    }
  return least;
}

static void
check_all (const Data *data, const AeLocalBank *bank, const uint8_t *skip,
    const uint8_t *places)
{
  float *scratch
      = ae_alloc (ae_local_bank_scratch (bank, 2) * sizeof *scratch);
  float *found = ae_alloc (data->places * sizeof *found);
  uint16_t *owners = ae_alloc (data->places * sizeof *owners);
  AeLocalQuery query = { data->query, places, skip, 2 };
  ae_local_bank_distances (bank, &query, found, owners, scratch);
  for (size_t i = 0; i < data->places; i++) {
    uint16_t owner = 0;
    double wanted = places && !places[i] ? INFINITY
                                         : expected (data, i, skip, &owner);
    if (isinf (wanted)) {
      ck_assert (isinf (found[i]));
      continue;
    }
    /* what cancels in the squares, in single precision */
    ck_assert_double_eq_tol (found[i], wanted, 1e-3);
    ck_assert_uint_eq (owners[i], owner);
  }
  ae_free (scratch);
  ae_free (found);
  ae_free (owners);
}

START_TEST (test_distances_are_to_the_nearest_around)
{
  Data data = make_data (shapes[_i]);
  AeLocalBank *bank;
  uint8_t skip[OWNERS] = { 0, 1, 0, 1, 0 };
  uint8_t *some = ae_calloc (data.places, 1);
  for (size_t i = 0; i < data.places; i += 2)
    some[i] = 1;
  ck_assert_int_eq (ae_local_bank_new (&bank, &data.shape, data.counts,
                        data.codes, data.owners, NULL),
      AE_OK);
  check_all (&data, bank, NULL, NULL);
  check_all (&data, bank, skip, NULL);
  check_all (&data, bank, NULL, some);
  ae_local_bank_free (&bank);
  ck_assert_ptr_null (bank);
  ae_local_bank_free (&bank);
  ae_free (some);
  clear_data (&data);
}
END_TEST

START_TEST (test_threads_change_nothing)
{
  Data data = make_data (shapes[2]);
  AeLocalBank *bank;
  ck_assert_int_eq (ae_local_bank_new (&bank, &data.shape, data.counts,
                        data.codes, data.owners, NULL),
      AE_OK);
  float *scratch
      = ae_alloc (ae_local_bank_scratch (bank, 4) * sizeof *scratch);
  float *one = ae_alloc (2 * data.places * sizeof *one);
  float *four = one + data.places;
  AeLocalQuery query = { data.query, NULL, NULL, 1 };
  ae_local_bank_distances (bank, &query, one, NULL, scratch);
  query.n_threads = 4;
  ae_local_bank_distances (bank, &query, four, NULL, scratch);
  ck_assert_mem_eq (one, four, data.places * sizeof *one);
  ae_free (one);
  ae_free (scratch);
  ae_local_bank_free (&bank);
  clear_data (&data);
}
END_TEST

START_TEST (test_refuses_what_is_no_bank)
{
  AeError err;
  AeLocalBank *bank;
  AeLocalBankShape shape = { .columns = 2, .rows = 1, .block = 1, .d = 1 };
  uint32_t none[2] = { 0 }, two[2] = { 1, 1 };
  float codes[2] = { 1, NAN };
  ck_assert_int_eq (
      ae_local_bank_new (&bank, &shape, none, codes, NULL, &err),
      AE_ERROR_ARGUMENT);
  ck_assert_ptr_null (bank);
  ck_assert_int_eq (
      ae_local_bank_new (&bank, &shape, two, codes, NULL, &err),
      AE_ERROR_NUMERIC);
  ck_assert_ptr_nonnull (strstr (err.text, "code 1 is nan"));
  codes[1] = 2;
  AeStatus status = AE_ERROR_MEMORY;
  for (int n = 1; status == AE_ERROR_MEMORY && n < 20; n++) {
    long live = ae_mem_live ();
    ae_mem_fail_at (n, true);
    status = ae_local_bank_new (&bank, &shape, two, codes, NULL, &err);
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || ae_mem_live () == live);
  }
  ck_assert_int_eq (status, AE_OK);
  ae_local_bank_free (&bank);
}
END_TEST

static Suite *
make_suite (void)
{
  Suite *suite = suite_create ("local_bank");
  TCase *tcase = tcase_create ("local_bank");
  tcase_add_loop_test (
      tcase, test_distances_are_to_the_nearest_around, 0, N_SHAPES);
  tcase_add_test (tcase, test_threads_change_nothing);
  tcase_add_test (tcase, test_refuses_what_is_no_bank);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (make_suite)
