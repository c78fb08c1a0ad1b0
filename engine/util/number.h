/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_UTIL_NUMBER_H
#define AE_UTIL_NUMBER_H

/* Numbers in files always have a decimal point, whatever the locale of the
 * process is. All functions may be called from any thread. */

#include <ae/types.h>

/* strtod as in the locale "C". */
double ae_number_read (const char *text, char **end);

/* snprintf as in the locale "C". */
int ae_number_print (char *text, size_t size, const char *format, ...)
    AE_PRINTF (3, 4);

#endif
