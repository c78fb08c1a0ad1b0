/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "codec/tables_text.h"
#include "util/mem.h"
#include "util/rng.h"

#include <stdlib.h>
#include <string.h>

static void
make_tables (AeSymbolTable *t, int n_tables)
{
  AeRng rng;
  ae_rng_seed (&rng, 2);
  for (int i = 0; i < n_tables; i++) {
    uint64_t count[AE_MAX_VALUES + 1];
    uint32_t freq[AE_MAX_VALUES + 1];
    int n = 1 + 17 * i % AE_MAX_VALUES;
    for (int k = 0; k <= n; k++)
      count[k] = (uint64_t) (ae_rng_uniform (&rng) * 1000);
    ae_symbol_frequencies (count, n, freq);
    memset (&t[i], 0, sizeof t[i]);
    ck_assert (ae_symbol_table_set (&t[i], -n / 2, n, freq));
  }
}

START_TEST (test_tables_come_back)
{
  AeSymbolTable t[20], back[20];
  AeError err;
  memset (back, 0, sizeof back);
  make_tables (t, 20);
  char *text = ae_symbol_tables_text (t, 20);
  ck_assert_int_eq (ae_symbol_tables_parse (back, 20, text, &err), AE_OK);
  ck_assert_mem_eq (back, t, sizeof t);
  ae_free (text);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* A text that ends in a number is a shorter one: cut between them. */
START_TEST (test_every_truncation_is_refused)
{
  AeSymbolTable t[3], back[3];
  make_tables (t, 3);
  char *text = ae_symbol_tables_text (t, 3);
  size_t n = strlen (text);
  while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
    n--;
  while (text[n - 1] != ' ')
    n--; /* the last number is needed */
  for (size_t cut = 0; cut < n; cut++) {
    AeError err = { 0 };
    char *part = strndup (text, cut);
    ck_assert_int_eq (
        ae_symbol_tables_parse (back, 3, part, &err), AE_ERROR_FORMAT);
    ck_assert_uint_gt (strlen (err.text), 0);
    free (part);
  }
  ae_free (text);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static const char *const wrong[] = { "0", "2", "x", "1 0 1 65535",
  "1 0 1 65535 2", "1 0 0 65536", "1 99999 1 65535 1", "1 0 255 1",
  "99999999999999999999 1", "1 0 1 0 65536" };

START_TEST (test_wrong_numbers_are_named)
{
  AeSymbolTable t;
  AeError err = { 0 };
  ck_assert_int_eq (
      ae_symbol_tables_parse (&t, 1, wrong[_i], &err), AE_ERROR_FORMAT);
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
