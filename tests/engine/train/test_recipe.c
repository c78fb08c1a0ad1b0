/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "decimal_comma.h"

#include "train/recipe.h"
#include "util/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char good[] = "; a comment\n"
                           "[model]\n"
                           "name = tiny\n"
                           "\n"
                           "[network]\n"
                           "widths = 16, 32,48 ; inline\n"
                           "[training]\n"
                           "learning_rate=2e-3\n"
                           "[augment]\n"
                           "flips = No\n";

START_TEST (test_values_and_defaults)
{
  AeRecipe *recipe;
  AeError err;
  ck_assert_int_eq (ae_recipe_parse (&recipe, good, &err), AE_OK);
  ck_assert_str_eq (ae_recipe_get (recipe, "model", "name"), "tiny");
  ck_assert_ptr_null (ae_recipe_get (recipe, "training", "steps"));
  ck_assert (ae_recipe_number (recipe, "training", "learning_rate", 7)
      == 2e-3);
  ck_assert (ae_recipe_number (recipe, "training", "steps", 7) == 7);
  ck_assert (ae_recipe_number_of (recipe, "training", "steps") == 20000);
  ck_assert (!ae_recipe_bool (recipe, "augment", "flips", true));
  int list[AE_KEY_MAX_LIST];
  ck_assert_uint_eq (ae_recipe_ints_of (recipe, "network", "widths", list), 3);
  ck_assert_int_eq (list[0] * 10000 + list[1] * 100 + list[2], 163248);
  ae_recipe_free (&recipe);
  ck_assert_ptr_null (recipe);
}
END_TEST

START_TEST (test_numbers_do_not_depend_on_the_locale)
{
  AeRecipe *recipe;
  AeError err = { 0 };
  if (!decimal_comma_begin ())
    return;
  AeStatus status = ae_recipe_parse (
      &recipe, "[training]\nlearning_rate = 0.25\n", &err);
  double rate = status == AE_OK
      ? ae_recipe_number (recipe, "training", "learning_rate", 7)
      : 0;
  decimal_comma_end ();
  ck_assert_msg (status == AE_OK, "%s", err.text);
  ck_assert (rate == 0.25);
  ae_recipe_free (&recipe);
}
END_TEST

START_TEST (test_every_default_passes_its_own_check)
{
  for (size_t i = 0; i < ae_keys_count (); i++) {
    AeError err = { 0 };
    if (ae_keys[i].fallback)
      ck_assert_msg (
          ae_key_check (&ae_keys[i], ae_keys[i].fallback, &err) == AE_OK,
          "%s", err.text);
    ck_assert_uint_eq (ae_keys_find (ae_keys[i].section, ae_keys[i].name), i);
    ck_assert_uint_gt (strlen (ae_keys[i].description), 2);
  }
}
END_TEST

static const struct {
  const char *text, *wanted[3]; /* words of the message */
} bad[] = {
  { "[training]\nspeed = 3\n", { "line 2", "speed", "training" } },
  { "[foo]\nbatch = 3\n", { "line 2", "foo", "batch" } },
  { "\n[training]\nbatch = 3x\n", { "line 3", "3x", "whole number" } },
  { "[training]\nbatch = 0\n", { "line 2", "'0'", "1 to 256" } },
  { "[training]\nbatch = 2.5\n", { "line 2", "2.5", "whole" } },
  { "[training]\nlearning_rate = nan\n", { "line 2", "nan", "number" } },
  { "[training]\nlearning_rate =\n", { "line 2", "''", "number" } },
  { "[loss]\ntype = l\n", { "line 2", "'l'", "charbonnier" } },
  { "[augment]\nflips = maybe\n", { "line 2", "maybe", "yes" } },
  { "[network]\nwidths = 16,,32\n", { "line 2", "16,,32", "''" } },
  { "[network]\nwidths = 16,\n", { "line 2", "16,", "''" } },
  { "[network]\nwidths = 4,4,4,4,4,4,4,4,4\n", { "line 2", "more", "8" } },
  { "[training]\nbatch = 3\nbatch = 4\n", { "line 3", "batch", "twice" } },
  { "[training]\nbatch = 3\n  4\n", { "line 3", "batch", "next line" } },
  { "[training]\nbatch\n", { "line 2", "key", "=" } },
  { "[training\nbatch=3\n", { "line 1", "section", "" } },
};

START_TEST (test_wrong_lines_are_named)
{
  AeRecipe *recipe = (AeRecipe *) 1;
  AeError err;
  ck_assert_int_eq (
      ae_recipe_parse (&recipe, bad[_i].text, &err), AE_ERROR_FORMAT);
  ck_assert_ptr_null (recipe);
  for (int i = 0; i < 3; i++)
    ck_assert_msg (strstr (err.text, bad[_i].wanted[i]) != NULL,
        "'%s' has no '%s'", err.text, bad[_i].wanted[i]);
}
END_TEST

START_TEST (test_long_line_is_refused)
{
  char text[1000] = "[model]\nname = ";
  size_t at = strlen (text);
  memset (text + at, 'x', 300);
  AeRecipe *recipe;
  AeError err;
  ck_assert_int_eq (ae_recipe_parse (&recipe, text, &err), AE_ERROR_FORMAT);
  ck_assert_ptr_nonnull (strstr (err.text, "line 2"));
}
END_TEST

START_TEST (test_text_reads_back_the_same)
{
  AeRecipe *recipe, *again;
  ck_assert_int_eq (ae_recipe_parse (&recipe, good, NULL), AE_OK);
  ck_assert_int_eq (
      ae_recipe_set (recipe, "noise", "white_sigma_max", "40", NULL), AE_OK);
  char *text = ae_recipe_text (recipe);
  ck_assert_int_eq (ae_recipe_parse (&again, text, NULL), AE_OK);
  char *second = ae_recipe_text (again);
  ck_assert_str_eq (text, second);
  ck_assert_ptr_nonnull (strstr (text, "white_sigma_max = 40"));
  free (text);
  free (second);
  AeRecipe *copy = ae_recipe_copy (again);
  ae_recipe_free (&again);
  ck_assert_str_eq (ae_recipe_get (copy, "model", "name"), "tiny");
  ae_recipe_free (&copy);
  ae_recipe_free (&recipe);
}
END_TEST

START_TEST (test_set_checks_like_loading)
{
  AeRecipe *recipe;
  AeError err;
  ck_assert_int_eq (ae_recipe_parse (&recipe, "", NULL), AE_OK);
  ck_assert_int_eq (
      ae_recipe_set (recipe, "training", "batch", "1000", &err),
      AE_ERROR_FORMAT);
  ck_assert_int_eq (
      ae_recipe_set (recipe, "model", "name", "a\n[x]", &err),
      AE_ERROR_FORMAT);
  ck_assert_ptr_null (ae_recipe_get (recipe, "training", "batch"));
  ae_recipe_free (&recipe);
}
END_TEST

START_TEST (test_load_names_the_file)
{
  AeRecipe *recipe;
  AeError err;
  ck_assert_int_eq (
      ae_recipe_load (&recipe, "/nonexistent/r.ini", &err),
      AE_ERROR_NOT_FOUND);
  char path[] = "/tmp/ae-recipe-XXXXXX";
  int fd = mkstemp (path);
  ck_assert_int_ge (fd, 0);
  ck_assert_int_eq (write (fd, "[a]\nb=1\n", 8), 8);
  close (fd);
  ck_assert_int_eq (ae_recipe_load (&recipe, path, &err), AE_ERROR_FORMAT);
  ck_assert_ptr_nonnull (strstr (err.text, path));
  ck_assert_ptr_nonnull (strstr (err.text, "line 2"));
  unlink (path);
}
END_TEST

START_TEST (test_lack_of_memory_is_an_error)
{
  AeStatus status = AE_ERROR_MEMORY;
  long before = ae_mem_live ();
  for (long at = 1; status != AE_OK; at++) {
    AeRecipe *recipe = NULL;
    ck_assert_int_lt (at, 1000);
    ae_mem_fail_at (at, false);
    status = ae_recipe_parse (&recipe, good, NULL);
    if (status == AE_OK)
      status = ae_recipe_set (recipe, "training", "steps", "123", NULL);
    ae_mem_fail_at (0, false);
    ck_assert_msg (status == AE_OK || status == AE_ERROR_MEMORY,
        "status %d when allocation %ld fails", (int) status, at);
    ae_recipe_free (&recipe);
    ck_assert_int_eq (ae_mem_live (), before);
  }
}
END_TEST

static Suite *
recipe_suite (void)
{
  Suite *suite = suite_create ("recipe");
  TCase *tcase = tcase_create ("recipe");
  tcase_add_test (tcase, test_values_and_defaults);
  tcase_add_test (tcase, test_numbers_do_not_depend_on_the_locale);
  tcase_add_test (tcase, test_every_default_passes_its_own_check);
  tcase_add_loop_test (tcase, test_wrong_lines_are_named, 0,
      (int) (sizeof bad / sizeof *bad));
  tcase_add_test (tcase, test_long_line_is_refused);
  tcase_add_test (tcase, test_text_reads_back_the_same);
  tcase_add_test (tcase, test_set_checks_like_loading);
  tcase_add_test (tcase, test_load_names_the_file);
  tcase_add_test (tcase, test_lack_of_memory_is_an_error);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (recipe_suite)
