/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_UTIL_ERROR_H
#define AE_UTIL_ERROR_H

#include <ae/types.h>

/* Fills *err (when not NULL) and returns `status`, so that a failing function
 * ends with `return ae_fail (err, AE_ERROR_SHAPE, "...", ...)`. */
AeStatus ae_fail (AeError *err, AeStatus status, const char *format, ...)
    AE_PRINTF (3, 4);

/* Puts "<text>: " in front of an error that is being passed up. */
AeStatus ae_fail_prefix (AeError *err, AeStatus status, const char *format, ...)
    AE_PRINTF (3, 4);

#endif
