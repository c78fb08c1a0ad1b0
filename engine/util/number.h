/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_UTIL_NUMBER_H
#define AE_UTIL_NUMBER_H

/* Numbers in files always have a decimal point, whatever the locale of the
 * process is. All functions may be called from any thread. */

#include <ae/types.h>

#include <stdbool.h>

/* strtod as in the locale "C". */
double ae_number_read (const char *text, char **end);

/* Reads `n` numbers with commas between them and nothing else; false: `text` is
 * anything else, or one of them is not finite. */
bool ae_number_list_read (const char *text, int n, float *to);

/* snprintf as in the locale "C". */
int ae_number_print (char *text, size_t size, const char *format, ...)
    AE_PRINTF (3, 4);

#endif
