/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TEST_H
#define AE_TEST_H

/* What every libcheck program of the engine shares. */

#include <check.h>
#include <stdlib.h>

/* int main of a test program with one suite made by `suite_function`. */
#define AE_TEST_MAIN(suite_function) \
  int main (void) \
  { \
    SRunner *runner = srunner_create (suite_function ()); \
    srunner_run_all (runner, CK_NORMAL); \
    int failed = srunner_ntests_failed (runner); \
    srunner_free (runner); \
    return failed ? EXIT_FAILURE : EXIT_SUCCESS; \
  }

#endif
