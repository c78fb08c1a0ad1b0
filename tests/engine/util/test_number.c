/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "decimal_comma.h"

#include "util/number.h"

#include <math.h>

static const struct {
  const char *text;
  double value;
  size_t length; /* that is read */
} cases[] = {
  { "1.5", 1.5, 3 },
  { "-0.125e2x", -12.5, 8 },
  { " 7", 7, 2 },
  { "1,5", 1, 1 },
  { "1.000.000", 1, 5 },
  { "0.1", 0.1, 3 },
  { "", 0, 0 },
  { "x", 0, 0 },
  { "-inf", -INFINITY, 4 },
};

static void
expect_cases (void)
{
  char text[32];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *end = NULL;
    double value = ae_number_read (cases[i].text, &end);
    ck_assert_msg (value == cases[i].value, "'%s' is %g", cases[i].text,
        value);
    ck_assert_uint_eq ((size_t) (end - cases[i].text), cases[i].length);
  }
  ck_assert_int_eq (
      ae_number_print (text, sizeof text, "%g %s %.2f", 1.5, "a", 1e6), 16);
  ck_assert_str_eq (text, "1.5 a 1000000.00");
}

START_TEST (test_numbers_have_a_point)
{
  expect_cases ();
}
END_TEST

START_TEST (test_they_do_where_others_have_a_comma)
{
  if (!decimal_comma_begin ())
    return;
  expect_cases ();
  char text[8]; /* the locale stays as it is */
  snprintf (text, sizeof text, "%g", 1.5);
  ck_assert_str_eq (text, "1,5");
  decimal_comma_end ();
}
END_TEST

static const struct {
  const char *text;
  int n;
  bool good;
} lists[] = {
  { "1", 1, true }, { "1,-2.5,3e1", 3, true }, { "1,2", 3, false },
  { "1,2,3,", 3, false }, { "1,2,3,4", 3, false }, { "", 1, false },
  { "1,nan", 2, false }, { "1;2", 2, false }, { "inf", 1, false },
};

START_TEST (test_lists_of_numbers)
{
  float to[3] = { 0 };
  ck_assert_int_eq (
      ae_number_list_read (lists[_i].text, lists[_i].n, to), lists[_i].good);
  if (lists[_i].good && lists[_i].n == 3) {
    ck_assert_float_eq (to[1], -2.5f);
    ck_assert_float_eq (to[2], 30);
  }
}
END_TEST

static Suite *
number_suite (void)
{
  Suite *suite = suite_create ("number");
  TCase *tcase = tcase_create ("number");
  tcase_add_test (tcase, test_numbers_have_a_point);
  tcase_add_test (tcase, test_they_do_where_others_have_a_comma);
  tcase_add_loop_test (
      tcase, test_lists_of_numbers, 0, sizeof lists / sizeof *lists);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (number_suite)
