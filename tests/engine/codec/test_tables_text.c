/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "codec/tables_text.h"
#include "util/mem.h"
#include "util/rng.h"

#include <stdlib.h>
#include <string.h>

static AeLatentTables
make_tables (int channels, int n_tables)
{
  AeLatentTables t;
  AeRng rng;
  ae_rng_seed (&rng, 2);
  ck_assert_int_eq (
      ae_latent_tables_init (&t, channels, n_tables, NULL), AE_OK);
  for (int i = 0; i < n_tables; i++) {
    uint64_t count[AE_MAX_VALUES + 1];
    uint32_t freq[AE_MAX_VALUES + 1];
    int n = 1 + 17 * i % AE_MAX_VALUES;
    for (int k = 0; k <= n; k++)
      count[k] = (uint64_t) (ae_rng_uniform (&rng) * 1000);
    ae_symbol_frequencies (count, n, freq);
    ck_assert (ae_symbol_table_set (&t.tables[i], -n / 2, n, freq));
  }
  for (int i = 0; i < channels * AE_CONTEXTS; i++)
    t.map[i] = (uint8_t) (i * 7 % n_tables);
  return t;
}

START_TEST (test_tables_come_back)
{
  AeLatentTables t = make_tables (3, 20), back;
  AeError err;
  char *text = ae_latent_tables_text (&t);
  ck_assert_int_eq (ae_latent_tables_parse (&back, text, &err), AE_OK);
  ck_assert_int_eq (back.channels, 3);
  ck_assert_int_eq (back.n_tables, 20);
  ck_assert_mem_eq (back.tables, t.tables, 20 * sizeof *t.tables);
  ck_assert_mem_eq (back.map, t.map, 3 * AE_CONTEXTS);
  ae_free (text);
  ae_latent_tables_clear (&t);
  ae_latent_tables_clear (&back);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* A text that ends in a number is a shorter one: cut between them. */
START_TEST (test_every_truncation_is_refused)
{
  AeLatentTables t = make_tables (1, 3), back;
  char *text = ae_latent_tables_text (&t);
  size_t n = strlen (text);
  while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
    n--;
  while (text[n - 1] != ' ')
    n--; /* the last number is needed */
  for (size_t cut = 0; cut < n; cut++) {
    AeError err = { 0 };
    char *part = strndup (text, cut);
    ck_assert_int_eq (
        ae_latent_tables_parse (&back, part, &err), AE_ERROR_FORMAT);
    ck_assert_uint_gt (strlen (err.text), 0);
    ck_assert_ptr_null (back.tables);
    free (part);
  }
  ae_free (text);
  ae_latent_tables_clear (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static const char *const wrong[] = { "0 1", "1 0", "5000 1", "1 257", "x",
  "1 1 0 1 65535", "1 1 0 1 65535 2", "1 1 0 0 65536",
  "1 1 0 1 65535 1 1 1", "1 1 99999 1 65535 1", "1 1 0 255 1",
  "99999999999999999999 1", "1 1 0 1 0 65536" };

START_TEST (test_wrong_numbers_are_named)
{
  AeLatentTables t;
  AeError err = { 0 };
  ck_assert_int_eq (
      ae_latent_tables_parse (&t, wrong[_i], &err), AE_ERROR_FORMAT);
  ck_assert_msg (strstr (err.text, "codec's tables"), "%s", err.text);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
tables_text_suite (void)
{
  Suite *suite = suite_create ("tables text");
  TCase *tcase = tcase_create ("tables text");
  tcase_add_test (tcase, test_tables_come_back);
  tcase_add_test (tcase, test_every_truncation_is_refused);
  tcase_add_loop_test (tcase, test_wrong_numbers_are_named, 0,
      sizeof wrong / sizeof wrong[0]);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (tables_text_suite)
