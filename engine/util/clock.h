/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_UTIL_CLOCK_H
#define AE_UTIL_CLOCK_H

/* How long things take. */

#include <time.h>

/* Milliseconds since some time in the past. */
static inline double
ae_now_ms (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec * 1e3 + (double) t.tv_nsec * 1e-6;
}

#endif
